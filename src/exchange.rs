//! The only HTTP client: a request in, an observation out. What it reads is bounded in size and time, and it
//! never follows a redirect by itself.

use std::{
    error::Error as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{Certificate, Method, redirect::Policy};
use tokio::sync::Mutex;
use url::{Origin, Url};

use crate::{
    observation::{HttpRequest, Observation, Response, TransportError, TransportErrorKind, clip},
    settings::{HttpSettings, Secret},
};

/// How much of a body is read, in bytes. Metadata and token responses are a few KiB.
pub const MAX_BODY: usize = 1024 * 1024;

/// How many header fields are kept.
const MAX_HEADERS: usize = 200;

/// The HTTP client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A CA certificate that cannot be used.
    #[error("--ca-cert {path}: {problem}; give a PEM file with one or more certificates")]
    CaCert {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The library refused.
    #[error("the HTTP client could not be made: {0}")]
    Library(String),
}

/// The HTTP client of a run. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    headers: Vec<(String, Secret)>,
    /// Where those headers go.
    gateways: Vec<Origin>,
    pace: Option<Arc<Pace>>,
}

/// Exchanges start no closer together than this.
#[derive(Debug)]
struct Pace {
    gap: Duration,
    next: Mutex<tokio::time::Instant>,
}

impl Pace {
    async fn wait(&self) {
        let mut next = self.next.lock().await;
        tokio::time::sleep_until(*next).await;
        *next = tokio::time::Instant::now() + self.gap;
    }
}

impl Client {
    /// A client that gives each exchange `timeout`, and starts at most `rate` of them in a second.
    ///
    /// # Errors
    /// [`ClientError`] names the option that is to blame.
    pub fn new(settings: &HttpSettings, timeout: Duration, rate: Option<u32>) -> Result<Self, ClientError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("jagspec/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .http1_only()
            .pool_max_idle_per_host(64)
            .connect_timeout(timeout.min(Duration::from_secs(5)))
            .timeout(timeout);
        if let Some(path) = &settings.ca_cert {
            for certificate in read_certificates(path)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        if settings.insecure {
            builder = builder.tls_danger_accept_invalid_certs(true).tls_danger_accept_invalid_hostnames(true);
        }
        let http = builder.build().map_err(|error| ClientError::Library(error.to_string()))?;
        let pace = rate.map(|rate| {
            let next = Mutex::new(tokio::time::Instant::now());
            Arc::new(Pace { gap: Duration::from_secs(1) / rate.max(1), next })
        });
        Ok(Client { http, headers: settings.headers.clone(), gateways: Vec::new(), pace })
    }

    /// The same client, which sends the header fields of `--header` to this address's origin. They are secrets: no
    /// other address gets them, since metadata can name any.
    #[must_use]
    pub fn with_gateway(mut self, address: &str) -> Self {
        self.gateways.extend(Url::parse(address).map(|url| url.origin()));
        self
    }

    /// Sends a request. Whatever happens becomes an observation.
    pub async fn send(&self, request: HttpRequest) -> Observation {
        if let Some(pace) = &self.pace {
            pace.wait().await;
        }
        let started = Instant::now();
        let result = self.exchange(&request).await;
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Observation { request, result, elapsed_ms }
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<Response, TransportError> {
        let unsendable = |what: String| TransportError {
            kind: TransportErrorKind::Protocol,
            message: format!("the request could not be made: {what}"),
        };
        // Addresses come from metadata too: they can be anything.
        let shown = || clip(&request.url, 160);
        let url = Url::parse(&request.url)
            .map_err(|error| unsendable(format!("`{}` is no URL ({error})", shown())))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unsendable(format!("`{}` is neither an http nor an https URL", shown())));
        }
        let method =
            Method::from_bytes(request.method.as_bytes()).map_err(|_| unsendable("its method".into()))?;
        let is_gateway = self.gateways.contains(&url.origin());
        let mut builder = self.http.request(method, url).body(request.body.clone());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        for (name, value) in self.headers.iter().filter(|_| is_gateway) {
            builder = builder.header(name, value.expose());
        }
        let mut answer = builder.send().await.map_err(|error| classify(&error))?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .take(MAX_HEADERS)
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut body = Vec::new();
        let mut truncated = false;
        while let Some(chunk) = answer.chunk().await.map_err(|error| classify(&error))? {
            let room = MAX_BODY - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                truncated = true;
                break;
            }
        }
        Ok(Response::new(status, headers, body, truncated))
    }
}

fn read_certificates(path: &Path) -> Result<Vec<Certificate>, ClientError> {
    let problem = |problem: String| ClientError::CaCert { path: path.display().to_string(), problem };
    let pem = std::fs::read(path).map_err(|error| problem(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| problem(error.to_string()))?;
    if certificates.is_empty() {
        return Err(problem("it holds no certificate".into()));
    }
    Ok(certificates)
}

/// Tells from a chain of library errors what happened on the wire.
fn classify(error: &reqwest::Error) -> TransportError {
    let mut chain = Vec::new();
    let mut refused = false;
    let mut closed = false;
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            use std::io::ErrorKind;
            refused |= io.kind() == ErrorKind::ConnectionRefused;
            closed |= matches!(
                io.kind(),
                ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe
            );
        }
        chain.push(cause.to_string());
        source = cause.source();
    }
    let text = chain.join(": ");
    let lower = text.to_lowercase();
    let last = chain.last().cloned().unwrap_or_else(|| error.to_string());
    let (kind, message) = if error.is_timeout() {
        (TransportErrorKind::Timeout, "no complete answer came within the time limit".to_owned())
    } else if refused {
        (TransportErrorKind::Refused, "the connection was refused: nothing listens at that port".to_owned())
    } else if lower.contains("dns") || lower.contains("failed to lookup address") {
        (TransportErrorKind::Dns, format!("the host's name could not be resolved ({last})"))
    } else if lower.contains("certificate")
        || lower.contains("tls")
        || lower.contains("handshake")
        || lower.contains("invalidcontenttype")
        || lower.contains("corrupt message")
    {
        (TransportErrorKind::Tls, format!("the TLS handshake failed ({last})"))
    } else if closed || lower.contains("closed before") || lower.contains("incomplete") {
        (
            TransportErrorKind::Closed,
            format!("the connection was closed before the answer was complete ({last})"),
        )
    } else {
        (TransportErrorKind::Protocol, format!("the exchange failed ({last})"))
    };
    TransportError { kind, message }
}
