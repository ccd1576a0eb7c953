//! The server's metadata (RFC 8414 section 2) and its own JWKS.

use axum::{
    body::Body,
    http::{HeaderMap, Response, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use serde_json::{Value, json};

use crate::keys::Algorithm;

use super::{
    State,
    clients::{DETAILS_TYPE, SCOPES},
    dpop,
    faults::Fault,
    http::{login_page, redirect_to_login},
    jwe,
    policies::PublicClients,
    response::with_headers,
};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const GRANT_PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";
const TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:id-jag";
/// Nothing listens there (the discard port), and the name needs no DNS server.
const OTHER_HOST: &str = "http://localhost:9";

/// Which of the two metadata documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    OAuthAuthorizationServer,
    OpenIdConfiguration,
}

/// Answers a well-known address.
pub(super) fn answer(state: &State, document: Document, headers: &HeaderMap) -> Response<Body> {
    let faults = &state.faults;
    if faults.has(Fault::MetadataHtml) {
        return login_page();
    }
    if faults.has(Fault::MetadataRedirects) {
        return redirect_to_login();
    }
    let mut text = metadata(state, document, headers).to_string();
    if faults.has(Fault::MetadataInvalidJson) {
        text.truncate(text.len() / 2);
    }
    let content_type = if faults.has(Fault::MetadataContentType) { "text/plain" } else { "application/json" };
    with_headers(200, text, &[(header::CONTENT_TYPE, content_type), CACHE_CONTROL])
}

const CACHE_CONTROL: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=60");

fn metadata(state: &State, document: Document, headers: &HeaderMap) -> Value {
    let faults = &state.faults;
    let public = state.issuer.as_str();
    let under = public.strip_suffix('/').unwrap_or(public);
    let mut methods = vec!["client_secret_basic", "client_secret_post", "private_key_jwt"];
    if state.policies.public_clients == PublicClients::Allow {
        methods.push("none");
    }
    let mut metadata = json!({
        "issuer": state.identity,
        "token_endpoint": state.token_endpoint,
        "jwks_uri": format!("{under}/jwks"),
        // Required by RFC 8414, for an authorization endpoint that does not exist here: `none` of OAuth 2.0
        // Multiple Response Types says that nothing is returned from one.
        "response_types_supported": ["none"],
        "grant_types_supported": [GRANT_TYPE],
        "authorization_grant_profiles_supported": [GRANT_PROFILE],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": Algorithm::OFFERED.map(Algorithm::name),
        "scopes_supported": SCOPES,
        "authorization_details_types_supported": [DETAILS_TYPE],
        "dpop_signing_alg_values_supported": dpop::ALGORITHMS.map(Algorithm::name),
        "id_jag_encryption_alg_values_supported": [jwe::ALG],
        "id_jag_encryption_enc_values_supported": [jwe::ENC],
    });
    let profiles = "authorization_grant_profiles_supported";
    let mut set = |fault: Fault, name: &str, value: Value| {
        if faults.has(fault) {
            metadata[name] = value;
        }
    };
    set(Fault::IssuerOtherHost, "issuer", json!(format!("{OTHER_HOST}{}", state.base_path)));
    set(Fault::MetadataWrongTypes, "issuer", json!([state.identity]));
    set(Fault::MetadataWrongTypes, "token_endpoint", json!({ "url": state.token_endpoint }));
    set(Fault::TokenEndpoint404, "token_endpoint", json!(format!("{under}/oauth2/token")));
    set(Fault::ProfileTokenTypeUrn, profiles, json!([TOKEN_TYPE]));
    set(Fault::GrantProfilesNotArray, profiles, json!(GRANT_PROFILE));
    let with_issuers = [&[GRANT_PROFILE.to_owned()], state.trusted_issuers.as_slice()].concat();
    set(Fault::TrustedIssuersAdvertised, profiles, json!(with_issuers));
    set(Fault::GrantTypeNotAdvertised, "grant_types_supported", json!(["authorization_code"]));
    let with_saml =
        [methods.as_slice(), &["urn:ietf:params:oauth:client-assertion-type:saml2-bearer"]].concat();
    set(
        Fault::AuthMethodsUnderstated,
        "token_endpoint_auth_methods_supported",
        json!(["self_signed_tls_client_auth"]),
    );
    set(Fault::SamlClientAuthAdvertised, "token_endpoint_auth_methods_supported", json!(with_saml));
    set(
        Fault::AuthAlgNoneAdvertised,
        "token_endpoint_auth_signing_alg_values_supported",
        json!(["RS256", "none"]),
    );
    set(Fault::EmptyArrays, "response_types_supported", json!([]));
    set(Fault::EmptyArrays, "ui_locales_supported", json!([]));
    if document == Document::OpenIdConfiguration {
        set(Fault::DocumentsDisagree, "token_endpoint", json!(format!("{under}/oauth2/token")));
    }
    if let Some(members) = metadata.as_object_mut() {
        for (fault, name) in [
            (Fault::GrantProfileMissing, profiles),
            (Fault::ResponseTypesMissing, "response_types_supported"),
            (Fault::TokenEndpointMissing, "token_endpoint"),
        ] {
            if faults.has(fault) {
                members.remove(name);
            }
        }
        if faults.has(Fault::MetadataFromHostHeader)
            && let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok())
        {
            let base = format!("http://{host}{}", state.base_path);
            for (name, suffix) in [("issuer", ""), ("token_endpoint", "/token"), ("jwks_uri", "/jwks")] {
                members.insert(name.to_owned(), json!(format!("{base}{suffix}")));
            }
        }
    }
    metadata
}

/// The key that verifies the access tokens, and the one for which ID-JAGs are encrypted.
pub(super) fn jwks(state: &State) -> Response<Body> {
    let mut jwk = state.signing_key.jwk(Some(Algorithm::ES256));
    if state.faults.has(Fault::JwksPrivateKey) {
        // Not the key's own: whoever sees a `d` must take the key for lost, whatever it holds.
        jwk["d"] = json!(B64URL.encode([7; 32]));
    }
    if state.faults.has(Fault::SigningKeyNotPublished) {
        jwk["kid"] = json!("the key of last year");
        // The generator of P-256, a point that is certainly on the curve.
        jwk["x"] = json!("axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY");
        jwk["y"] = json!("T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU");
    }
    let text = json!({ "keys": [jwk, state.decryption_key.jwk()] }).to_string();
    with_headers(200, text, &[(header::CONTENT_TYPE, "application/json"), CACHE_CONTROL])
}
