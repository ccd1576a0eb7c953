//! The access token: a JWT of RFC 9068, signed with the playground's own key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use serde_json::{Map, Value, json};

use crate::keys::Algorithm;

use super::{
    State, authorization::Granted, clients::RESOURCES, faults::Fault, jwt::Jwt, refusal::Refusal,
    validation::IdJag,
};

/// Seconds for which an access token is good.
pub(super) const LIFETIME: i64 = 7200;

/// Everything that an access token is made from.
pub(super) struct Basis<'a> {
    pub(super) id_jag: &'a IdJag,
    pub(super) assertion: &'a Jwt,
    pub(super) assertion_text: &'a str,
    pub(super) client_id: &'a str,
    pub(super) granted: &'a Granted,
    /// The thumbprint of the key to which the token is bound.
    pub(super) bound_to: Option<&'a str>,
    pub(super) now: i64,
}

/// Makes an access token.
pub(super) fn make(state: &State, basis: &Basis) -> Result<String, Refusal> {
    let faults = &state.faults;
    if faults.has(Fault::Signer500) {
        return Err(Refusal::crash("the signing key is locked"));
    }
    if faults.has(Fault::TokenIsIdJag) {
        return Ok(basis.assertion_text.to_owned());
    }
    let header = json!({ "typ": "at+jwt", "alg": Algorithm::ES256.name(), "kid": state.signing_key.kid() });
    let claims = claims(state, basis);
    let part = |value: String| B64URL.encode(value);
    let signed = format!("{}.{}", part(header.to_string()), part(Value::Object(claims).to_string()));
    let signature = state
        .signing_key
        .sign(Algorithm::ES256, signed.as_bytes())
        .map_err(|error| Refusal::crash(error.to_string()))?;
    Ok(format!("{signed}.{}", B64URL.encode(signature)))
}

/// RFC 9068 sections 2.2 and 3.
fn claims(state: &State, basis: &Basis) -> Map<String, Value> {
    let faults = &state.faults;
    let asserted = |claim: &str| basis.assertion.claims.get(claim).cloned().unwrap_or_default();
    let issuer =
        if faults.has(Fault::TokenIssFromAssertionAud) { asserted("iss") } else { json!(state.identity) };
    let subject = if faults.has(Fault::TokenSubClient) { basis.client_id } else { &basis.id_jag.subject };
    let audience = match () {
        () if faults.has(Fault::AssertionAudCopied) => asserted("aud"),
        () if faults.has(Fault::TokenAudEmpty) => json!([]),
        () => audience(state, basis.granted),
    };
    let audience = match &basis.granted.audience_parameter {
        Some(smuggled) => json!([audience, smuggled]),
        None => audience,
    };
    let lifetime = LIFETIME;
    let expires_at = if faults.has(Fault::TokenLifeTiedToAssertion) {
        basis.id_jag.expires_at
    } else {
        basis.now + lifetime
    };
    let mut claims = Map::new();
    claims.insert("iss".to_owned(), issuer);
    claims.insert("sub".to_owned(), json!(subject));
    claims.insert("aud".to_owned(), audience);
    claims.insert("client_id".to_owned(), json!(basis.client_id));
    claims.insert("iat".to_owned(), json!(basis.now));
    claims.insert("exp".to_owned(), json!(expires_at));
    claims.insert("jti".to_owned(), json!(random_id()));
    if !basis.granted.scope.is_empty() {
        let scope = if faults.has(Fault::TokenScopeArray) {
            json!(basis.granted.scope)
        } else {
            json!(basis.granted.scope.join(" "))
        };
        claims.insert("scope".to_owned(), scope);
    }
    if let Some(details) = &basis.granted.details {
        claims.insert("authorization_details".to_owned(), details.clone());
    }
    // RFC 9449 section 6.1.
    if let Some(thumbprint) = basis.bound_to {
        claims.insert("cnf".to_owned(), json!({ "jkt": thumbprint }));
    }
    claims
}

/// The resources to which the token is restricted; for one that is not, all of the server's.
fn audience(state: &State, granted: &Granted) -> Value {
    if granted.resources.is_empty() { json!(RESOURCES) } else { resources(state, &granted.resources) }
}

/// A resource as a string, several as an array.
pub(super) fn resources(state: &State, resources: &[String]) -> Value {
    let slash = if state.faults.has(Fault::TokenAudSlash) { "/" } else { "" };
    match resources {
        [one] => json!(format!("{one}{slash}")),
        several => several.iter().map(|resource| format!("{resource}{slash}")).collect(),
    }
}

/// 128 random bits.
pub(super) fn random_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}
