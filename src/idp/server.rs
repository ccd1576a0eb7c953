//! The IdP's server: metadata, JWKSs and canary addresses over HTTP or HTTPS, and a log entry for each request.
//! What it publishes is decided by `keyring`; who may sign what is not its business.

use std::{
    fmt, io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, lookup_host},
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

use super::{
    access_log::{Access, AccessKind, AccessLog},
    connection::{BoundedListener, Limits},
    issuer::{Issuer, IssuerError, IssuerRole},
    keyring::{Keyring, KeyringError},
    tls::{self, TlsError, TlsFiles},
};
use crate::{clock::Clock, keys::KeyError, suite::IdpAction};

/// How long [`Idp::stop`] waits for requests that are under way.
const STOP: Duration = Duration::from_secs(2);

/// What the IdP is to be.
#[derive(Debug)]
pub struct IdpConfig {
    /// `HOST:PORT` to listen on; port 0 is any that is free.
    pub listen: String,
    /// Its issuer identifier, where that does not follow from `listen`.
    pub issuer: Option<String>,
    /// Its keys.
    pub keyring: Keyring,
    /// Certificate and key, to speak https.
    pub tls: Option<TlsFiles>,
    /// The clock of the access log.
    pub clock: Clock,
}

/// Why the IdP could not be started, or not do what it was asked. Each message names the mend.
#[derive(Debug, thiserror::Error)]
pub enum IdpError {
    /// The address is not one.
    #[error(
        "`{0}` is not an address to listen on: write HOST:PORT, as in 127.0.0.1:9555 or [::1]:9555 (--idp-listen)"
    )]
    Address(String),
    /// The host name of the address is not known.
    #[error(
        "the host of `{listen}` is not known: {source}; listen on an IP address of this machine (--idp-listen)"
    )]
    UnknownHost {
        /// The address as given.
        listen: String,
        /// What the system said.
        source: io::Error,
    },
    /// Something else listens there.
    #[error("{0} is in use, perhaps by another jagspec: stop that, or choose another with --idp-listen")]
    InUse(String),
    /// The address belongs to another machine.
    #[error(
        "{0} is no address of this machine: choose another with --idp-listen, as 0.0.0.0:PORT for all it has"
    )]
    NotAvailable(String),
    /// The port is reserved.
    #[error("listening on {0} is not permitted to this user: choose a port from 1024 with --idp-listen")]
    NotPermitted(String),
    /// Another problem with listening.
    #[error("cannot listen on {listen}: {source}; choose another address with --idp-listen")]
    Listen {
        /// The address as given.
        listen: String,
        /// What the system said.
        source: io::Error,
    },
    /// The issuer identifier is none.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An action needs a key that could not be made.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

/// The IdP, serving until it is stopped or dropped.
pub struct Idp {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

struct Shared {
    issuer: Issuer,
    keyring: Arc<Keyring>,
    access_log: AccessLog,
    clock: Clock,
}

impl fmt::Debug for Idp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idp")
            .field("issuer", &self.issuer())
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Idp {
    /// Starts to serve; from then on every request is answered. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`IdpError`]: the address cannot be listened on, the issuer identifier is none, or certificate and key cannot
    /// be used.
    pub async fn start(config: IdpConfig) -> Result<Idp, IdpError> {
        let given = config.issuer.as_deref().map(Issuer::parse).transpose()?;
        let acceptor = config.tls.as_ref().map(tls::acceptor).transpose()?;
        let tcp = listen(&config.listen).await?;
        let address =
            tcp.local_addr().map_err(|source| IdpError::Listen { listen: config.listen.clone(), source })?;
        let issuer = match given {
            Some(issuer) => issuer,
            None => Issuer::parse(&issuer_from(&config.listen, address, acceptor.is_some()))?,
        };
        let shared = Arc::new(Shared {
            issuer,
            keyring: Arc::new(config.keyring),
            access_log: AccessLog::default(),
            clock: config.clock,
        });
        let listener = BoundedListener::new(tcp, acceptor, Limits::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(listener, router).with_graceful_shutdown(async {
            // The sender dropped is a stop as well.
            let _ = stopped.await;
        });
        Ok(Idp { shared, address, stop, server: tokio::spawn(server.into_future()) })
    }

    /// The issuer identifier.
    pub fn issuer(&self) -> &Issuer {
        &self.shared.issuer
    }

    /// The address of the main issuer's JWKS.
    pub fn jwks_uri(&self) -> String {
        self.shared.issuer.jwks_uri(IssuerRole::Main)
    }

    /// Where it listens, with the real port.
    pub fn listening_on(&self) -> SocketAddr {
        self.address
    }

    /// Whether other machines can reach it, which is worth a warning.
    pub fn is_beyond_loopback(&self) -> bool {
        !self.address.ip().is_loopback()
    }

    /// Its keys, to sign with.
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.shared.keyring
    }

    /// Who fetched what.
    pub fn access_log(&self) -> &AccessLog {
        &self.shared.access_log
    }

    /// Does what a step of a suite asks for; the next request sees it.
    ///
    /// # Errors
    /// [`IdpError::Keyring`] when a key could not be made, which no input can cause.
    pub async fn perform(&self, action: IdpAction) -> Result<(), IdpError> {
        let keyring = Arc::clone(&self.shared.keyring);
        // An RSA key takes a tenth of a second to make: other requests are answered meanwhile.
        let performed = spawn_blocking(move || keyring.perform(action)).await;
        Ok(performed.unwrap_or(Err(KeyringError::Key(KeyError::Crypto("make a key"))))?)
    }

    /// Stops to listen, answers what is under way, and gives the port back.
    pub async fn stop(self) {
        // The server may have ended by itself.
        let _ = self.stop.send(());
        let mut server = self.server;
        if timeout(STOP, &mut server).await.is_err() {
            server.abort();
        }
    }
}

async fn listen(listen: &str) -> Result<TcpListener, IdpError> {
    port(listen)?;
    let addresses: Vec<SocketAddr> = lookup_host(listen)
        .await
        .map_err(|source| IdpError::UnknownHost { listen: listen.to_owned(), source })?
        .collect();
    TcpListener::bind(addresses.as_slice()).await.map_err(|source| {
        let listen = listen.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => IdpError::InUse(listen),
            io::ErrorKind::AddrNotAvailable => IdpError::NotAvailable(listen),
            io::ErrorKind::PermissionDenied => IdpError::NotPermitted(listen),
            _ => IdpError::Listen { listen, source },
        }
    })
}

/// The port of `HOST:PORT`.
fn port(listen: &str) -> Result<u16, IdpError> {
    // An IPv6 address stands in brackets, as in the URL that is made of it.
    let split = listen
        .rsplit_once(':')
        .filter(|(host, _)| !host.is_empty() && host.contains(':') == host.starts_with('['));
    split.and_then(|(_, port)| port.parse().ok()).ok_or_else(|| IdpError::Address(listen.to_owned()))
}

/// The issuer identifier of an IdP that would listen there, without listening. None of a port that is still to be
/// given out.
///
/// # Errors
/// [`IdpError::Address`] when it is no address.
pub fn issuer_of_listener(listen: &str, tls: bool) -> Result<Option<String>, IdpError> {
    let port = port(listen)?;
    // A name stays as it is: what it stands for is not looked up.
    let address = listen.parse().unwrap_or(SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, port)));
    Ok((port > 0).then(|| issuer_from(listen, address, tls)))
}

/// The issuer identifier that follows from the address: its host as it was given, the real port. 0.0.0.0 and [::]
/// are no hosts to connect to, so the loopback address stands for them.
fn issuer_from(listen: &str, address: SocketAddr, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    let host = match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => "127.0.0.1",
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => "[::1]",
        _ => listen.rsplit_once(':').map_or(listen, |(host, _)| host),
    };
    format!("{scheme}://{host}:{}", address.port())
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path();
    let (kind, issuer) = shared.issuer.resolve(path);
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    let (status, body) = match (kind, issuer) {
        (AccessKind::Metadata | AccessKind::Jwks | AccessKind::ClientJwks, _) if !read => (
            StatusCode::METHOD_NOT_ALLOWED,
            problem("invalid_request", "Only GET and HEAD are answered here."),
        ),
        (AccessKind::Metadata, Some(role)) => {
            (StatusCode::OK, shared.issuer.metadata(role, &shared.keyring.algorithms()))
        }
        (AccessKind::Jwks, Some(IssuerRole::Main)) if shared.keyring.jwks_is_broken() => (
            StatusCode::INTERNAL_SERVER_ERROR,
            problem("server_error", "A case of jagspec wants these keys to be out of reach."),
        ),
        (AccessKind::Jwks, Some(role)) => (StatusCode::OK, shared.keyring.jwks(role)),
        (AccessKind::ClientJwks, _) => (StatusCode::OK, json!({ "keys": [] })),
        _ => (StatusCode::NOT_FOUND, problem("not_found", "The IdP of jagspec has nothing at this address.")),
    };
    shared.access_log.record(Access {
        at_ms: now_ms(&shared.clock),
        method: request.method().to_string(),
        path: path.to_owned(),
        user_agent: request
            .headers()
            .get(header::USER_AGENT)
            .map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()),
        status: status.as_u16(),
        kind,
        issuer,
    });
    respond(status, &body)
}

fn problem(error: &str, description: &str) -> Value {
    json!({ "error": error, "error_description": description })
}

fn respond(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // What is published changes within a run: a cache must ask again (RFC 9111 section 5.2.2.4), and errors are not
    // to be kept at all.
    let cache = if status == StatusCode::OK { "no-cache" } else { "no-store" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

fn now_ms(clock: &Clock) -> i64 {
    match clock {
        Clock::System => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        Clock::Set(_) => clock.now().saturating_mul(1000),
    }
}
