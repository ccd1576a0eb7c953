//! Runs of the suites against the playground, in this process: real HTTP, fixed keys, ephemeral ports.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::{collections::BTreeSet, sync::Arc};

use jagspec::{
    cli::{RunOptions, Started, settings},
    clock::Clock,
    idp::{Idp, IdpConfig, IssuerRole, key_store},
    playground::{Fault, Playground, PlaygroundConfig, Policies, RegisteredClient},
    report::Report,
    run::{Ids, Run},
    settings::{Client, Secret, Selection, Settings, Shard},
    suite::{Suite, load, registry::Registry},
    token_request::ClientAuthenticationMethod,
};
use tokio::sync::watch;

/// The registry and the shipped suites.
pub fn shipped() -> (Registry, Vec<Suite>) {
    let registry = Registry::embedded().unwrap();
    let suites = load::shipped_suites(&registry).unwrap();
    (registry, suites)
}

/// How a run against the playground is made.
#[derive(Default, Clone)]
pub struct Setup {
    /// The playground's faults.
    pub faults: BTreeSet<Fault>,
    /// The path of its issuer identifier.
    pub issuer_path: &'static str,
    /// Options as typed.
    pub options: RunOptions,
    /// Filters as typed.
    pub filters: Vec<String>,
    /// Which part of the cases.
    pub shard: Option<Shard>,
    /// The time, at which the clock of the run stands still; the system's where none is set.
    pub now: Option<i64>,
    /// What every `jti` begins with; `jti` where nothing is set: the playground is this run's own, and has seen no other.
    pub ids: Option<String>,
}

impl Setup {
    pub fn with_fault(fault: Fault) -> Self {
        Setup { faults: BTreeSet::from([fault]), ..Setup::default() }
    }
}

/// Starts IdP and playground, runs, stops both.
pub async fn run(setup: Setup, registry: &Registry, suites: &[Suite]) -> Report {
    let clock = Clock::at(setup.now.unwrap_or_else(|| Clock::System.now()));
    let idp = Idp::start(IdpConfig {
        listen: "127.0.0.1:0".into(),
        issuer: None,
        keyring: match &setup.options.client_key {
            Some(path) => {
                let key = key_store::from_file(path).unwrap();
                key_store::fixed().with_client_key(key).unwrap()
            }
            None => key_store::fixed(),
        },
        tls: None,
        clock: clock.clone(),
    })
    .await
    .unwrap();
    let issuer = idp.issuer();
    let selection = Selection { filters: setup.filters, shard: setup.shard, ..Selection::default() };
    let settings = settings(&setup.options, selection).unwrap();
    let playground = Playground::start(PlaygroundConfig {
        client_auth: settings.client_auth,
        policies: Policies::named(&settings.policies, settings.profile),
        faults: setup.faults,
        issuer_path: setup.issuer_path.to_owned(),
        clock: clock.clone(),
        ..PlaygroundConfig::new([issuer.as_str().to_owned(), issuer.of(IssuerRole::Other)])
    })
    .await
    .unwrap();
    let settings = started(settings, &idp, &playground);
    let (_interrupt, interrupted) = watch::channel(false);
    let report = Run {
        settings: Arc::new(settings),
        suites,
        registry,
        idp: &idp,
        clock,
        ids: Arc::new(Ids::new(setup.ids.unwrap_or_else(|| "jti".to_owned()))),
        interrupted,
        progress: &|_| {},
    }
    .carry_out()
    .await
    .unwrap();
    idp.stop().await;
    playground.stop().await;
    report
}

fn started(settings: Settings, idp: &Idp, playground: &Playground) -> Settings {
    let client = |client: RegisteredClient| Client {
        id: client.id.to_owned(),
        secret: client.secret.map(Secret::new),
        has_key: client.has_key,
    };
    let first = Playground::client(settings.client_auth);
    let public = Playground::client(Some(ClientAuthenticationMethod::None));
    settings.started(Started {
        target: playground.issuer().to_owned(),
        idp_issuer: idp.issuer().as_str().to_owned(),
        client: Some(client(first)),
        other_client: Some(client(Playground::OTHER_CLIENT)),
        unauthorized_client: Some(client(Playground::UNAUTHORIZED_CLIENT)),
        public_client: (first.id != public.id).then(|| client(public)),
        scope: Some(Playground::SCOPES[0].to_owned()),
        resource: Some(Playground::RESOURCES[0].to_owned()),
        other_resource: Some(Playground::RESOURCES[1].to_owned()),
        expect_subject: Some("user-123".to_owned()),
    })
}
