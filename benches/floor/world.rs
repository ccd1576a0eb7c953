//! IdP and playground in this process, a run of jagspec against them, and the bare client.

use std::{net::SocketAddr, sync::Arc};

use jagspec::{
    cli::{RunOptions, Started, settings},
    clock::Clock,
    idp::{Idp, IdpConfig, IssuerRole, key_store},
    keys::Algorithm,
    playground::{Playground, PlaygroundConfig},
    report::{ExchangeReport, Report, RequestReport},
    run::{Ids, Run},
    settings::{Client, Secret, Selection},
    suite::{Suite, load, registry::Registry},
    token_request::ClientAuthenticationMethod,
};
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
};

/// Cases, and exchanges of the bare client, at once: the default of `--jobs`.
pub(crate) const JOBS: usize = 8;

/// What a run needs.
pub(crate) struct World {
    registry: Registry,
    suites: Vec<Suite>,
    options: RunOptions,
    clock: Clock,
    idp: Idp,
    playground: Playground,
}

impl World {
    /// The shipped suites, with ID-JAGs signed so.
    pub(crate) async fn start(algorithm: Algorithm) -> Self {
        let registry = Registry::embedded().unwrap();
        let suites = load::shipped_suites(&registry).unwrap();
        let options = RunOptions {
            idp_alg: Some(algorithm.name().to_owned()),
            jobs: Some(JOBS),
            keep_exchanges: Some(true),
            ..RunOptions::default()
        };
        Self::of(registry, suites, options).await
    }

    pub(crate) async fn of(registry: Registry, suites: Vec<Suite>, options: RunOptions) -> Self {
        let clock = Clock::at(Clock::System.now());
        let config = IdpConfig {
            listen: "127.0.0.1:0".into(),
            issuer: None,
            keyring: key_store::fixed(),
            tls: None,
            clock: clock.clone(),
        };
        let idp = Idp::start(config).await.unwrap();
        let playground = playground(&idp, &clock, SocketAddr::from(([127, 0, 0, 1], 0))).await;
        Self { registry, suites, options, clock, idp, playground }
    }

    /// One run; gives back the requests that it sent.
    pub(crate) async fn run(self) -> (Self, Vec<RequestReport>) {
        let report = self.report().await;
        let requests = report.exchanges.into_iter().map(|ExchangeReport { request, .. }| request).collect();
        (self, requests)
    }

    pub(crate) async fn report(&self) -> Report {
        let client = |client: jagspec::playground::RegisteredClient| Client {
            id: client.id.to_owned(),
            secret: client.secret.map(Secret::new),
            has_key: client.has_key,
        };
        let settings = settings(&self.options, Selection::default()).unwrap().started(Started {
            target: self.playground.issuer().to_owned(),
            idp_issuer: self.idp.issuer().as_str().to_owned(),
            client: Some(client(Playground::CLIENT)),
            other_client: Some(client(Playground::OTHER_CLIENT)),
            unauthorized_client: Some(client(Playground::UNAUTHORIZED_CLIENT)),
            public_client: Some(client(Playground::client(Some(ClientAuthenticationMethod::None)))),
            scope: Some(Playground::SCOPES[0].to_owned()),
            resource: Some(Playground::RESOURCES[0].to_owned()),
            other_resource: Some(Playground::RESOURCES[1].to_owned()),
            expect_subject: Some("user-123".to_owned()),
        });
        let (_interrupt, interrupted) = watch::channel(false);
        let run = Run {
            settings: Arc::new(settings),
            suites: &self.suites,
            registry: &self.registry,
            idp: &self.idp,
            clock: self.clock.clone(),
            ids: Arc::new(Ids::random()),
            interrupted,
            progress: &|_| {},
        };
        run.carry_out().await.unwrap()
    }

    /// The same server at the same address, without a memory of the ID-JAGs that it has seen.
    pub(crate) async fn with_a_new_playground(mut self) -> Self {
        let address = self.playground.issuer().trim_start_matches("http://").parse().unwrap();
        self.playground.stop().await;
        self.playground = playground(&self.idp, &self.clock, address).await;
        self
    }

    pub(crate) async fn stop(self) {
        self.playground.stop().await;
        self.idp.stop().await;
    }
}

async fn playground(idp: &Idp, clock: &Clock, listen: SocketAddr) -> Playground {
    let issuer = idp.issuer();
    let trusted = [issuer.as_str().to_owned(), issuer.of(IssuerRole::Other)];
    let config = PlaygroundConfig { listen, clock: clock.clone(), ..PlaygroundConfig::new(trusted) };
    Playground::start(config).await.unwrap()
}

/// Sends the requests in this order, so many at once, and reads each answer to its end.
pub(crate) async fn send_bare(requests: Vec<RequestReport>) {
    let client = reqwest::Client::builder().no_proxy().http1_only().build().unwrap();
    let queue = Arc::new(Mutex::new(requests.into_iter()));
    let mut workers = JoinSet::new();
    for _ in 0..JOBS {
        let (client, queue) = (client.clone(), queue.clone());
        workers.spawn(async move {
            loop {
                let Some(request) = queue.lock().await.next() else { return };
                let method = request.method.parse::<reqwest::Method>().unwrap();
                let mut sent = client.request(method, &request.url);
                for (name, value) in &request.headers {
                    if !name.eq_ignore_ascii_case("content-length") {
                        sent = sent.header(name, value);
                    }
                }
                sent.body(request.body).send().await.unwrap().bytes().await.unwrap();
            }
        });
    }
    workers.join_all().await;
}
