//! The two answers of the token endpoint: the token response (RFC 6749 section 5.1) and the error response
//! (section 5.2).

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use serde_json::{Map, Value, json};

use super::{
    State, access_token,
    authorization::Granted,
    faults::Fault,
    refusal::{Code, Refusal},
};

/// The nonce of the server that demands one: always the same, since only that it comes back is of interest.
pub(super) const DPOP_NONCE: &str = "nonce-of-the-playground";

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

/// What is issued.
pub(super) struct Issued {
    pub(super) access_token: String,
    pub(super) granted: Granted,
    /// Whether the access token is bound to a key.
    pub(super) bound: bool,
}

/// The token response. `scope` is stated even where it could be left out; `resource` when the token is restricted
/// to some (draft section 4.4.2). There is no refresh token (section 4.4.3).
pub(super) fn issued(state: &State, issued: &Issued) -> Response<Body> {
    let faults = &state.faults;
    let token_type = match () {
        () if faults.has(Fault::TokenTypeNA) => "N_A",
        () if issued.bound => "DPoP",
        () => "Bearer",
    };
    let lifetime = access_token::LIFETIME;
    let expires_in = match () {
        () if faults.has(Fault::ExpiresInString) => json!(lifetime.to_string()),
        () if faults.has(Fault::ExpiresInMilliseconds) => json!(lifetime * 1000),
        () => json!(lifetime),
    };
    let mut body = Map::new();
    body.insert("access_token".to_owned(), json!(issued.access_token));
    body.insert("token_type".to_owned(), json!(token_type));
    body.insert("expires_in".to_owned(), expires_in);
    let granted = &issued.granted;
    if !faults.has(Fault::ScopeEchoMissing) && (!granted.scope.is_empty() || granted.scope_narrowed) {
        body.insert("scope".to_owned(), json!(granted.scope.join(" ")));
    }
    if !granted.resources.is_empty() && !faults.has(Fault::ResourceEchoMissing) {
        body.insert("resource".to_owned(), access_token::resources(state, &granted.resources));
    }
    // RFC 9396 section 7: what was granted.
    if let Some(details) = &granted.details {
        body.insert("authorization_details".to_owned(), details.clone());
    }
    if faults.has(Fault::RefreshTokenIssued) {
        body.insert("refresh_token".to_owned(), json!(access_token::random_id()));
    }
    if faults.has(Fault::NullMembers) {
        for name in ["scope", "resource", "refresh_token", "authorization_details"] {
            body.entry(name).or_insert(Value::Null);
        }
    }
    let content_type = if faults.has(Fault::ContentTypeText) { HTML } else { JSON };
    let mut response = response(200, content_type, Value::Object(body).to_string());
    let headers = response.headers_mut();
    if faults.has(Fault::CacheControlMissing) {
        headers.remove(header::CACHE_CONTROL);
    }
    if faults.has(Fault::PragmaMissing) || faults.has(Fault::CacheControlMissing) {
        headers.remove(header::PRAGMA);
    }
    response
}

/// The error response. It hides the cause: every bad assertion gets the same answer.
pub(super) fn refused(state: &State, refusal: &Refusal) -> Response<Body> {
    let faults = &state.faults;
    let code = match refusal.code {
        Code::InvalidGrant if faults.has(Fault::InvalidRequestForAssertion) => Code::InvalidRequest,
        code => code,
    };
    let error = match code {
        Code::InvalidGrant if faults.has(Fault::ErrorCodeUndefined) => "invalid_assertion",
        code => code.error(),
    };
    let status = match code {
        _ if faults.has(Fault::Error200) => 200,
        Code::InvalidGrant if faults.has(Fault::InvalidGrant401) => 401,
        code => code.status(),
    };
    let body = if faults.has(Fault::ErrorMemberMissing) {
        json!({ "message": code.description() })
    } else {
        json!({ "error": error, "error_description": description(state, code, refusal) })
    };
    let mut response = if faults.has(Fault::ErrorHtml) {
        response(status, HTML, format!("<!doctype html><title>{status}</title><h1>Something went wrong</h1>"))
    } else {
        response(status, JSON, body.to_string())
    };
    let headers = response.headers_mut();
    match code {
        // RFC 9110 section 11.6.1: a 401 has a challenge.
        Code::InvalidClient if !faults.has(Fault::WwwAuthenticateMissing) => {
            let challenge = "Basic realm=\"jagspec playground\", charset=\"UTF-8\"";
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        Code::MethodNotAllowed => {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        // RFC 9449 section 8.
        Code::UseDpopNonce if !faults.has(Fault::DpopNonceWithheld) => {
            headers.insert("dpop-nonce", HeaderValue::from_static(DPOP_NONCE));
        }
        Code::Throttled | Code::Unavailable => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        // The rest of the body is not read, so the connection cannot be used again.
        Code::TooLarge | Code::TimedOut => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}

fn description(state: &State, code: Code, refusal: &Refusal) -> String {
    let faults = &state.faults;
    let assertion = refusal.assertion.as_deref().unwrap_or_default();
    match () {
        () if faults.has(Fault::ErrorLeaksInternals) => format!(
            "AssertionRefused: {} (trusted: {}) at grants.JwtBearerGrant.validate(JwtBearerGrant.java:114)",
            refusal.cause,
            state.trusted_issuers.join(", ")
        ),
        () if faults.has(Fault::TypValidGenericError) && code == Code::InvalidRequest => {
            refusal.cause.to_string()
        }
        () if faults.has(Fault::ErrorReflectsAssertion) => format!("cannot accept {assertion}"),
        () if faults.has(Fault::ErrorDescriptionCharacters) => {
            "Die \"Assertion\" ist ungültig\nsiehe Protokoll".to_owned()
        }
        () => code.description().to_owned(),
    }
}

/// An answer that nobody keeps (section 5.1; section 5.2 shows it for errors).
pub(super) fn response(status: u16, content_type: &'static str, body: String) -> Response<Body> {
    with_headers(
        status,
        body,
        &[
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, "no-store"),
            (header::PRAGMA, "no-cache"),
        ],
    )
}

/// An answer with these headers.
pub(super) fn with_headers(
    status: u16,
    body: String,
    headers: &[(HeaderName, &'static str)],
) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        response.headers_mut().insert(name.clone(), HeaderValue::from_static(value));
    }
    response
}
