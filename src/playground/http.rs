//! Which address answers what, and the `Date` of every answer.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::Body,
    extract::{Request, State as Shared},
    http::{HeaderValue, Method, Response, header},
};

use super::{
    State,
    faults::{Fault, Faults},
    metadata::{self, Document},
    response::{response, with_headers},
    token_endpoint,
};

/// Answers any request.
pub(super) async fn answer(Shared(state): Shared<Arc<State>>, request: Request) -> Response<Body> {
    let mut response = route(&state, request).await;
    // hyper would write the system's time: a client that compares clocks must see the playground's.
    if let Ok(date) = HeaderValue::from_str(&http_date(state.now())) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

async fn route(state: &State, request: Request) -> Response<Body> {
    let faults = &state.faults;
    let base = state.base_path.as_str();
    let path = request.uri().path();
    if let Some(document) = well_known(path, base, faults) {
        return published(&request, || metadata::answer(state, document, request.headers()));
    }
    match path.strip_prefix(base).unwrap_or_default() {
        "/jwks" => published(&request, || metadata::jwks(state)),
        "/token" if faults.has(Fault::TokenEndpoint405) => {
            let allow = [(header::ALLOW, "GET"), (header::CONTENT_TYPE, "text/plain")];
            with_headers(405, "Method Not Allowed\n".to_owned(), &allow)
        }
        "/token" if faults.has(Fault::TokenEndpointHtml) => login_page(),
        "/token" if faults.has(Fault::TokenEndpointRedirects) => redirect_to_login(),
        "/token" => token_endpoint::answer(state, request).await,
        "/login" => login_page(),
        _ => not_found(),
    }
}

/// The metadata document at this path, if there is one: RFC 8414 section 3.1 inserts the well-known name before the
/// issuer's path, OpenID Connect Discovery section 4.1 appends it.
fn well_known(path: &str, base: &str, faults: &Faults) -> Option<Document> {
    let inserted = |name: &str| {
        path.strip_prefix("/.well-known/").and_then(|rest| rest.strip_prefix(name)) == Some(base)
    };
    if faults.has(Fault::NoMetadata) {
        return None;
    }
    if path.strip_prefix(base) == Some("/.well-known/openid-configuration") {
        return Some(Document::OpenIdConfiguration);
    }
    if faults.has(Fault::WellknownInsertionMissing) && !base.is_empty() {
        return None;
    }
    match () {
        () if inserted("oauth-authorization-server") => Some(Document::OAuthAuthorizationServer),
        () if inserted("openid-configuration") => Some(Document::OpenIdConfiguration),
        () => None,
    }
}

/// A document that browsers of any origin may read (RFC 9700 section 2.6 allows it), and nothing else but read.
fn published(request: &Request, document: impl FnOnce() -> Response<Body>) -> Response<Body> {
    let mut response = match *request.method() {
        Method::GET | Method::HEAD => document(),
        Method::OPTIONS => {
            with_headers(204, String::new(), &[(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS")])
        }
        _ => with_headers(405, String::new(), &[(header::ALLOW, "GET, HEAD, OPTIONS")]),
    };
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn not_found() -> Response<Body> {
    response(404, "application/json", "{\"error\":\"not_found\"}".to_owned())
}

/// What stands where a login is in front of something.
pub(super) fn login_page() -> Response<Body> {
    let page = "<!doctype html><html lang=\"en\"><title>Log in</title><h1>Log in</h1></html>\n";
    response(200, "text/html; charset=utf-8", page.to_owned())
}

pub(super) fn redirect_to_login() -> Response<Body> {
    with_headers(302, String::new(), &[(header::LOCATION, "/login")])
}

/// The limit of the server that has one: 20 token requests within a minute.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<(i64, u32)>);

impl Throttle {
    pub(super) fn allows(&self, now: i64, faults: &Faults) -> bool {
        if !faults.has(Fault::RateLimited) {
            return true;
        }
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(window.0) >= 60 {
            *window = (now, 0);
        }
        window.1 += 1;
        window.1 <= 20
    }
}

/// IMF-fixdate (RFC 9110 section 5.6.7). The calendar is Howard Hinnant's `civil_from_days`.
fn http_date(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, second_of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 2 } else { shifted_month - 10 };
    let year = year_of_era + era * 400 + i64::from(month < 2);
    let name = |names: &[&'static str], index: i64| {
        usize::try_from(index).ok().and_then(|index| names.get(index).copied()).unwrap_or_default()
    };
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        name(&DAYS, days.rem_euclid(7)),
        name(&MONTHS, month),
        second_of_day / 3600,
        second_of_day / 60 % 60,
        second_of_day % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_http_wants_them() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(http_date(1_767_225_599), "Wed, 31 Dec 2025 23:59:59 GMT");
    }
}
