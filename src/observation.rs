//! What was sent and what came back: plain data. `exchange` makes observations, `judge`, `discovery` and
//! `diagnose` read them.

use std::sync::OnceLock;

use serde_json::Value;

/// An HTTP request as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// Header fields in the order in which they are written.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// A GET that asks for JSON.
    pub fn get(url: &str) -> Self {
        HttpRequest {
            method: "GET".into(),
            url: url.into(),
            headers: vec![("Accept".into(), "application/json".into())],
            body: Vec::new(),
        }
    }
}

/// One exchange: the request, and the response or why there is none.
#[derive(Debug)]
pub struct Observation {
    /// What was sent.
    pub request: HttpRequest,
    /// What came back.
    pub result: Result<Response, TransportError>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

impl Observation {
    /// The response, where there is one.
    pub fn response(&self) -> Option<&Response> {
        self.result.as_ref().ok()
    }

    /// The error where there is no response.
    pub fn error(&self) -> Option<&TransportError> {
        self.result.as_ref().err()
    }
}

/// A response as received, its body bounded.
#[derive(Debug, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header fields in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, at most [`crate::exchange::MAX_BODY`] bytes of it.
    pub body: Vec<u8>,
    /// Whether there was more.
    pub truncated: bool,
    json: OnceLock<Result<Value, String>>,
}

impl Response {
    /// A response with these parts.
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>, truncated: bool) -> Self {
        Response { status, headers, body, truncated, json: OnceLock::new() }
    }

    /// The first header field of that name, whatever the case of its letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// All header fields of that name as one, joined by commas (RFC 9110 section 5.3).
    pub fn field(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Whether anything that a careless client could take for an access token is in the answer, in whatever form.
    pub fn hands_out_a_token(&self) -> bool {
        match self.json() {
            Ok(value) => value.get("access_token").is_some_and(|token| !token.is_null() && token != ""),
            Err(_) => String::from_utf8_lossy(&self.body)
                .split('&')
                .any(|pair| pair.strip_prefix("access_token=").is_some_and(|token| !token.is_empty())),
        }
    }

    /// The body as JSON, parsed once.
    ///
    /// # Errors
    /// Why it is none, as the end of a sentence: "is not UTF-8", "is an HTML page" …
    pub fn json(&self) -> Result<&Value, &str> {
        self.json.get_or_init(|| self.parse()).as_ref().map_err(String::as_str)
    }

    fn parse(&self) -> Result<Value, String> {
        if self.truncated {
            return Err(format!("is longer than {} KiB", crate::exchange::MAX_BODY / 1024));
        }
        let text = std::str::from_utf8(&self.body).map_err(|_| "is not UTF-8".to_owned())?;
        if text.trim().is_empty() {
            return Err("is empty".into());
        }
        serde_json::from_str(text).map_err(|error| {
            let start = text.trim_start();
            if start.starts_with('<') {
                "is an HTML or XML page, not JSON".to_owned()
            } else {
                format!("is not JSON (line {}, column {})", error.line(), error.column())
            }
        })
    }

    /// A member of the JSON object that the body is.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.json().ok().and_then(|value| value.get(name))
    }

    /// The `error` of an OAuth error response (RFC 6749 section 5.2).
    pub fn oauth_error(&self) -> Option<&str> {
        self.member("error").and_then(Value::as_str)
    }

    /// The access token, if the answer holds one. Looked for whatever the status: a token in an error is a token.
    pub fn access_token(&self) -> Option<&str> {
        self.member("access_token").and_then(Value::as_str).filter(|token| !token.is_empty())
    }

    /// Whether this answer to a POST without parameters can come from a token endpoint: not 404, 405 or 501, no
    /// page, no redirect, no success that is no JSON. What a gateway or a client's absence makes of it is open.
    pub fn is_of_a_token_endpoint(&self) -> bool {
        match self.status {
            404 | 405 | 501 => self.oauth_error().is_some(),
            300..400 => false,
            0..300 => self.json().is_ok(),
            _ => true,
        }
    }

    /// The answer in a few words: `200 with an access token`, `400 invalid_grant`.
    pub fn summary(&self) -> String {
        if self.access_token().is_some() {
            return format!("{} with an access token", self.status);
        }
        if let Some(error) = self.oauth_error() {
            let error = clip(error, 60);
            return match self.member("error_description").and_then(Value::as_str) {
                Some(text) => format!("{} {error} ({})", self.status, clip(text, 160)),
                None => format!("{} {error}", self.status),
            };
        }
        match self.json() {
            Ok(Value::Object(_)) => format!("{} with a JSON object that has no string `error`", self.status),
            Ok(_) => format!("{} with JSON that is no object", self.status),
            Err(why) => format!("{} with a body that {why}", self.status),
        }
    }
}

/// Text of the target, cut for a sentence.
pub fn clip(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(length).collect();
    cut.push('…');
    cut
}

/// What a transport error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// The host's name has no address.
    Dns,
    /// Nothing listens at the port.
    Refused,
    /// The TLS handshake failed.
    Tls,
    /// No complete answer within the time.
    Timeout,
    /// The connection was closed before the answer was complete.
    Closed,
    /// The request could not be made, or the answer is no HTTP.
    Protocol,
}

/// Why no response came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// What it is about.
    pub kind: TransportErrorKind,
    /// One sentence without a full stop.
    pub message: String,
}
