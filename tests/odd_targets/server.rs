//! A server that may do anything on the wire: what answers is a function of the request and the socket.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// How long a connection may take to come, however busy the machine.
const WAIT: Duration = Duration::from_secs(30);

/// A request as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// How many came before it.
    pub(crate) number: usize,
    /// The server's own address, with scheme.
    pub(crate) issuer: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.as_str())
    }

    pub(crate) fn is_token_request(&self) -> bool {
        self.method == "POST" && self.body.contains("assertion=")
    }
}

/// A server on a port of its own. Each connection takes one request.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<(Mutex<usize>, Condvar)>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// Answers each request by `answer`, and closes the connection then.
    pub(crate) fn start(answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::dying(usize::MAX, answer)
    }

    /// The same, but after so many requests it listens no more.
    pub(crate) fn dying(
        most: usize,
        answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let issuer = Arc::new(Mutex::new(String::new()));
        let of_requests = Arc::clone(&issuer);
        let server = Self::connections(most, move |number, mut stream| {
            let issuer = of_requests.lock().unwrap().clone();
            if let Some(request) = read(&stream, number, issuer) {
                answer(&request, &mut stream);
            }
        });
        *issuer.lock().unwrap() = server.url();
        server
    }

    /// Hands each of the first `most` connections to `talk`.
    pub(crate) fn connections(most: usize, talk: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new((Mutex::new(0), Condvar::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let server = Self { address, requests: Arc::clone(&requests), stopped: Arc::clone(&stopped) };
        thread::spawn(move || {
            let talk = Arc::new(talk);
            for number in 0..most {
                let Ok((stream, _)) = listener.accept() else { return };
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                *requests.0.lock().unwrap() += 1;
                requests.1.notify_all();
                let talk = Arc::clone(&talk);
                thread::spawn(move || talk(number, stream));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections it has taken.
    pub(crate) fn connections_taken(&self) -> usize {
        *self.requests.0.lock().unwrap()
    }

    /// Waits until it has taken so many connections.
    pub(crate) fn wait_for_connections(&self, count: usize) {
        let (taken, changed) = &*self.requests;
        let (taken, waited) =
            changed.wait_timeout_while(taken.lock().unwrap(), WAIT, |taken| *taken < count).unwrap();
        assert!(!waited.timed_out(), "{taken} connections in place of {count}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the listener, if it still listens.
        let _ = TcpStream::connect(self.address);
    }
}

fn read(stream: &TcpStream, number: usize, issuer: String) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: String::new(), number, issuer };
    let mut body = vec![0; request.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}

/// Writes a whole answer. Whether anybody still reads is not the server's business.
pub(crate) fn send(stream: &mut TcpStream, status: u16, headers: &[&str], body: impl AsRef<[u8]>) {
    let body = body.as_ref();
    let mut answer =
        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    for header in headers {
        answer.push_str(header);
        answer.push_str("\r\n");
    }
    answer.push_str("\r\n");
    let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.write_all(body));
}

pub(crate) fn send_json(stream: &mut TcpStream, status: u16, body: &Value) {
    let headers = ["Content-Type: application/json", "Cache-Control: no-store"];
    send(stream, status, &headers, body.to_string());
}

/// A metadata document that nothing is wrong with.
pub(crate) fn metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        "authorization_grant_profiles_supported": ["urn:ietf:params:oauth:grant-profile:id-jag"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    })
}

/// An access token for whatever is sent.
pub(crate) fn token() -> Value {
    json!({ "access_token": "opaque-access-token", "token_type": "Bearer", "expires_in": 300 })
}

/// An answer to the requests that are no token requests, as a good server has it.
pub(crate) fn around_tokens(request: &Request, stream: &mut TcpStream) {
    match request.path.as_str() {
        "/.well-known/oauth-authorization-server" => send_json(stream, 200, &metadata(&request.issuer)),
        "/jwks" => send_json(stream, 200, &json!({ "keys": [] })),
        "/token" => send_json(stream, 400, &json!({ "error": "invalid_request" })),
        _ => send(stream, 404, &[], ""),
    }
}

/// A server whose token requests are answered by `answer`, and the rest as a good server has it.
pub(crate) fn token_endpoint(
    answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static,
) -> impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static {
    move |request, stream| {
        if request.is_token_request() { answer(request, stream) } else { around_tokens(request, stream) }
    }
}

/// Waits until the other side has closed the connection: an answer never comes.
pub(crate) fn hang(mut stream: &TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}
