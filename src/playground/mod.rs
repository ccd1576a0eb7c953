//! The embedded playground: a strict, correct authorization server for ID-JAGs on a loopback port, which can be
//! given any of its named faults. What stays out: the protected resource, and everything that judges.
//!
//! A request goes through `token_endpoint`, which reads top to bottom: form, client authentication, grant type,
//! then a proof of possession (`dpop`), the ID-JAG (`jwe`, `jwt`, `validation`, `signature`), scope and resource (`authorization`), `replay`, and the
//! answer (`access_token`, `response`). A fault is a visible branch at the check that it breaks.

mod access_token;
mod authorization;
mod client_assertion;
mod client_authentication;
mod clients;
mod dpop;
mod fault_row;
mod fault_table;
mod faults;
mod form;
mod http;
mod jwe;
mod jwks_cache;
mod jwt;
mod key_set;
mod metadata;
mod policies;
mod refusal;
mod replay;
mod resource_identifier;
mod response;
mod signature;
mod strict_json;
mod token_endpoint;
mod validation;

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Router, serve::ListenerExt as _};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    clock::Clock,
    keys::{KeyError, SigningKey},
    token_request::ClientAuthenticationMethod,
};

use self::{
    clients::Clients, dpop::UsedProofs, faults::Faults, jwe::DecryptionKey, jwks_cache::JwksCache,
    replay::ReplayStore,
};

pub use self::{
    clients::RegisteredClient,
    faults::{Fault, FaultInfo, UnknownFault},
    jwks_cache::{JWKS_COOL_DOWN, JWKS_LIFETIME},
    policies::{
        AbsentScope, ClientAuthMethod, NoCommonScope, Policies, PublicClients, Replay, ResourceClaim,
    },
    validation::{LEEWAY, LONGEST_LIFETIME},
};

/// The key that signs access tokens: fixed and public, so that runs are repeatable.
const SIGNING_KEY: &str = include_str!("../../fixtures/playground/access-token-key.pem");

/// How long a stop waits for the answers that are under way.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// How a playground is to be.
#[derive(Debug, Clone)]
pub struct PlaygroundConfig {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The path of its issuer identifier: empty, or one that begins with a slash (`/tenant1`).
    pub issuer_path: String,
    /// The issuer identifiers of the IdPs that it trusts, byte for byte. The first one's subjects keep their
    /// names, those of the others are told apart by their issuer.
    pub trusted_issuers: Vec<String>,
    /// The faults that it has; none is the correct server.
    pub faults: BTreeSet<Fault>,
    /// Where the time comes from, also for the `Date` header and for the cool-down of the JWKS cache.
    pub clock: Clock,
    /// A private CA, PEM, when a trusted IdP speaks https with a certificate of its own.
    pub ca_pem: Option<String>,
    /// How it settles what the specifications leave open.
    pub policies: Policies,
    /// The method that the first client is registered for: [`Playground::client`] has what it then has.
    pub client_auth: Option<ClientAuthenticationMethod>,
    /// Where the keys of the client that authenticates with `private_key_jwt` are published.
    pub client_jwks_uri: String,
    /// Whether it demands that DPoP proofs hold a nonce of its own (RFC 9449 section 8).
    pub demands_dpop_nonce: bool,
}

impl PlaygroundConfig {
    /// A correct server on a free loopback port that trusts these issuers. The client's keys are at the first one's
    /// `client-jwks`.
    pub fn new(trusted_issuers: impl IntoIterator<Item = String>) -> Self {
        let trusted_issuers: Vec<String> = trusted_issuers.into_iter().collect();
        let first = trusted_issuers.first().map_or("", |issuer| issuer.strip_suffix('/').unwrap_or(issuer));
        Self {
            client_auth: None,
            client_jwks_uri: format!("{first}/client-jwks"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            issuer_path: String::new(),
            trusted_issuers,
            faults: BTreeSet::new(),
            clock: Clock::System,
            ca_pem: None,
            policies: Policies::default(),
            demands_dpop_nonce: false,
        }
    }
}

/// Why a playground did not start.
#[derive(Debug, thiserror::Error)]
pub enum PlaygroundError {
    /// The address cannot be listened on.
    #[error("the playground cannot listen on {address}: {source}; choose another address with --listen")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The issuer's path is not one.
    #[error(
        "`{0}` is no path for an issuer: it must be empty, or begin with a slash and hold neither `?` nor `#`"
    )]
    IssuerPath(String),
    /// The embedded signing key does not parse, which only a broken build can cause.
    #[error("the playground's signing key is unusable: {0}")]
    Key(#[from] KeyError),
    /// The HTTP client for the IdP's keys cannot be made.
    #[error("the playground's HTTP client cannot be made: {0}")]
    HttpClient(#[from] reqwest::Error),
}

/// A running playground. It stops when it is dropped.
#[derive(Debug)]
pub struct Playground {
    issuer: String,
    token_endpoint: String,
    shutdown: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Playground {
    /// The client that a run uses.
    pub const CLIENT: RegisteredClient = clients::CLIENT;
    /// A second client; its secret has characters that HTTP Basic must form-encode (RFC 6749 section 2.3.1).
    pub const OTHER_CLIENT: RegisteredClient = clients::OTHER_CLIENT;
    /// A client that is not allowed the JWT bearer grant.
    pub const UNAUTHORIZED_CLIENT: RegisteredClient = clients::UNAUTHORIZED_CLIENT;
    /// A client without any credential.
    pub const PUBLIC_CLIENT_ID: &'static str = clients::PUBLIC_CLIENT_ID;
    /// The e-mail address of the user `user-123`.
    pub const EMAIL: &'static str = validation::EMAIL.1;
    /// The scopes that every client is registered for.
    pub const SCOPES: [&'static str; 2] = clients::SCOPES;
    /// The resources that the server governs.
    pub const RESOURCES: [&'static str; 2] = clients::RESOURCES;

    /// The client of a run that authenticates by this method: with `private_key_jwt` it has no secret, with `none` it
    /// is the public one.
    pub fn client(method: Option<ClientAuthenticationMethod>) -> RegisteredClient {
        clients::client_for(method)
    }

    /// Starts a playground on the current tokio runtime; it answers as soon as this returns.
    ///
    /// # Errors
    /// [`PlaygroundError`], above all when the address is taken.
    pub async fn start(config: PlaygroundConfig) -> Result<Self, PlaygroundError> {
        if !(config.issuer_path.is_empty() || config.issuer_path.starts_with('/'))
            || config.issuer_path.contains(['?', '#'])
        {
            return Err(PlaygroundError::IssuerPath(config.issuer_path));
        }
        let address = config.listen;
        let listen_error = |source| PlaygroundError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen_error)?;
        let mut local = listener.local_addr().map_err(listen_error)?;
        if local.ip().is_unspecified() {
            local.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let state = Arc::new(State::new(config, local)?);
        let (issuer, token_endpoint) = (state.issuer.clone(), state.token_endpoint.clone());

        let router = Router::new().fallback(http::answer).with_state(state);
        // Answers are small: waiting for more to send (Nagle) would only cost time. A socket that does not take
        // the option still works.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let (shutdown, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(async {
                // An error means that the playground was dropped, which stops it as well.
                drop(stopped.await);
            });
            // axum's accept loop retries by itself and never ends with an error.
            drop(served.await);
        });
        Ok(Self { issuer, token_endpoint, shutdown: Some(shutdown), task })
    }

    /// The issuer identifier as clients are configured with it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The token endpoint of the correct server.
    pub fn token_endpoint(&self) -> &str {
        &self.token_endpoint
    }

    /// Waits until the server ends, which it does by itself only if its task is cancelled.
    pub async fn wait(&mut self) {
        // A cancelled task has ended, too.
        drop((&mut self.task).await);
    }

    /// Stops accepting, lets the answers that are under way be sent, and closes the connections.
    pub async fn stop(mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            // Nobody listens when the task has ended already.
            let _ = shutdown.send(());
        }
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// What the handlers share.
#[derive(Debug)]
struct State {
    /// The issuer as clients are configured with it.
    issuer: String,
    /// The path under which everything but the inserted well-known addresses lies: the issuer's, without a slash
    /// at its end.
    base_path: String,
    /// The issuer as the server calls itself: in metadata, as `aud`, in access tokens.
    identity: String,
    token_endpoint: String,
    trusted_issuers: Vec<String>,
    faults: Faults,
    clock: Clock,
    policies: Policies,
    clients: Clients,
    jwks: JwksCache,
    client_jwks_uri: String,
    replay: ReplayStore,
    /// The client assertions that were used.
    client_assertions: ReplayStore,
    signing_key: SigningKey,
    decryption_key: DecryptionKey,
    used_proofs: UsedProofs,
    demands_dpop_nonce: bool,
    throttle: http::Throttle,
}

impl State {
    fn new(config: PlaygroundConfig, local: SocketAddr) -> Result<Self, PlaygroundError> {
        let faults = Faults::new(config.faults);
        let base_path = config.issuer_path.strip_suffix('/').unwrap_or(&config.issuer_path).to_owned();
        let issuer = format!("http://{local}{}", config.issuer_path);
        let identity =
            if faults.has(Fault::IssuerSlashMismatch) { format!("{issuer}/") } else { issuer.clone() };
        let trusted_issuers = match () {
            () if faults.has(Fault::IssNotTrusted) => Vec::new(),
            () if faults.has(Fault::IssSlashDemanded) => {
                config.trusted_issuers.iter().map(|issuer| format!("{issuer}/")).collect()
            }
            () => config.trusted_issuers,
        };
        Ok(Self {
            token_endpoint: format!("http://{local}{base_path}/token"),
            issuer,
            base_path,
            identity,
            clients: Clients::new(config.client_auth, config.policies.client_auth_method, &faults),
            client_jwks_uri: config.client_jwks_uri,
            jwks: JwksCache::new(&trusted_issuers, config.ca_pem.as_deref())?,
            trusted_issuers,
            faults,
            clock: config.clock,
            policies: config.policies,
            replay: ReplayStore::default(),
            client_assertions: ReplayStore::default(),
            signing_key: SigningKey::from_pem(SIGNING_KEY)?,
            decryption_key: DecryptionKey::new()?,
            used_proofs: UsedProofs::default(),
            demands_dpop_nonce: config.demands_dpop_nonce,
            throttle: http::Throttle::default(),
        })
    }

    /// The server's own time.
    fn now(&self) -> i64 {
        let offset = match () {
            () if self.faults.has(Fault::ClockBehind) => -600,
            () if self.faults.has(Fault::ClockAhead) => 600,
            () if self.faults.has(Fault::ZeroLeeway) => -3,
            () => 0,
        };
        self.clock.now() + offset
    }
}
