//! The transcript as HAR 1.2, the HTTP Archive that browsers and proxies open.
//!
//! A report knows how long an exchange took, not when: every entry starts at the epoch. Cookies stand in the header
//! fields only.

use serde::Serialize;
use url::Url;

use super::{ExchangeReport, Report, RequestReport, ResponseReport, json};

/// What stands where a time of day is demanded.
const NO_TIME: &str = "1970-01-01T00:00:00.000Z";

/// What stands where the HTTP version is demanded: jagspec speaks no other.
const HTTP_VERSION: &str = "HTTP/1.1";

#[derive(Serialize)]
struct Har {
    log: Log,
}

#[derive(Serialize)]
struct Log {
    version: &'static str,
    creator: Creator,
    entries: Vec<Entry>,
    comment: &'static str,
}

#[derive(Serialize)]
struct Creator {
    name: &'static str,
    version: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: &'static str,
    time: u64,
    request: Request,
    response: Response,
    cache: Cache,
    timings: Timings,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
}

/// Nothing is cached.
#[derive(Serialize)]
struct Cache {}

#[derive(Serialize)]
struct Timings {
    send: u64,
    wait: u64,
    receive: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<Pair>,
    query_string: Vec<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData>,
    headers_size: i64,
    body_size: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    mime_type: String,
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status: u16,
    status_text: &'static str,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<Pair>,
    content: Content,
    #[serde(rename = "redirectURL")]
    redirect_url: String,
    headers_size: i64,
    body_size: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    size: usize,
    mime_type: String,
    text: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    comment: &'static str,
}

#[derive(Serialize)]
struct Pair {
    name: String,
    value: String,
}

/// The archive, with a newline at its end.
///
/// # Errors
///
/// None with the types as they are.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let entries = report.exchanges.iter().enumerate().map(|(at, exchange)| {
        let cases = report.cases.iter().filter(|case| case.exchanges.contains(&at));
        let names: Vec<_> = cases.map(|case| case.name.as_str()).collect();
        entry(exchange, names.join(", "))
    });
    let log = Log {
        version: "1.2",
        creator: Creator { name: "jagspec", version: report.run.version.clone() },
        entries: entries.collect(),
        comment: "startedDateTime is not recorded",
    };
    json::harmless(&Har { log })
}

fn entry(exchange: &ExchangeReport, comment: String) -> Entry {
    let error = exchange.error.clone().unwrap_or_default();
    Entry {
        started_date_time: NO_TIME,
        time: exchange.elapsed_ms,
        request: request(&exchange.request),
        response: exchange.response.as_ref().map_or_else(|| no_response(error), response),
        cache: Cache {},
        timings: Timings { send: 0, wait: exchange.elapsed_ms, receive: 0 },
        comment,
    }
}

fn request(request: &RequestReport) -> Request {
    let query = Url::parse(&request.url).map(|url| {
        url.query_pairs().map(|(name, value)| Pair { name: name.into(), value: value.into() }).collect()
    });
    let post_data = (!request.body.is_empty()).then(|| PostData {
        mime_type: header(&request.headers, "content-type"),
        text: request.body.clone(),
    });
    Request {
        method: request.method.clone(),
        url: request.url.clone(),
        http_version: HTTP_VERSION,
        cookies: [],
        headers: pairs(&request.headers),
        query_string: query.unwrap_or_default(),
        post_data,
        headers_size: -1,
        body_size: request.body.len(),
    }
}

fn response(response: &ResponseReport) -> Response {
    let size = response.body.len();
    Response {
        status: response.status,
        status_text: "",
        http_version: HTTP_VERSION,
        cookies: [],
        headers: pairs(&response.headers),
        content: Content {
            size,
            mime_type: header(&response.headers, "content-type"),
            text: response.body.clone(),
            comment: if response.body_truncated { "cut" } else { "" },
        },
        redirect_url: header(&response.headers, "location"),
        headers_size: -1,
        // -1 is "not known": of a body that was cut only the beginning is.
        body_size: if response.body_truncated { -1 } else { i64::try_from(size).unwrap_or(-1) },
        comment: String::new(),
    }
}

/// Status 0 is how browsers write that nothing came back.
fn no_response(error: String) -> Response {
    Response {
        status: 0,
        status_text: "",
        http_version: "",
        cookies: [],
        headers: Vec::new(),
        content: Content { size: 0, mime_type: String::new(), text: String::new(), comment: "" },
        redirect_url: String::new(),
        headers_size: -1,
        body_size: -1,
        comment: error,
    }
}

fn pairs(headers: &[(String, String)]) -> Vec<Pair> {
    headers.iter().map(|(name, value)| Pair { name: name.clone(), value: value.clone() }).collect()
}

/// The first header field of this name; empty without one.
fn header(headers: &[(String, String)], name: &str) -> String {
    let found = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}
