//! Whether a signature verifies, and with which of the keys at hand.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use jsonwebtoken::{Algorithm, DecodingKey, crypto, jwk::Jwk};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{members::Part, segments::Segment};

/// So much of a signature is shown: enough to tell two apart, and of no use to anybody.
const SHOWN: usize = 8;

/// A public key, and whose it is.
#[derive(Debug, Clone)]
pub struct Key {
    /// In words that follow "verifies with".
    pub whose: String,
    /// Its identifier.
    pub kid: Option<String>,
    decoding: DecodingKey,
}

/// The keys of a JWK Set (RFC 7517 section 5), or of one JWK; those that cannot verify a signature are left out.
pub fn keys_of(document: &Value, whose: &str) -> Vec<Key> {
    let listed = match document.get("keys").and_then(Value::as_array) {
        Some(keys) => keys.iter().collect(),
        None => vec![document],
    };
    listed.into_iter().filter_map(|jwk| Key::read(jwk, whose)).collect()
}

impl Key {
    fn read(jwk: &Value, whose: &str) -> Option<Self> {
        // What else it says of itself is not asked: a key that fits verifies.
        let members = ["kty", "n", "e", "crv", "x", "y"];
        let bare: Map<String, Value> =
            members.iter().filter_map(|name| Some(((*name).to_owned(), jwk.get(name)?.clone()))).collect();
        let decoding = DecodingKey::from_jwk(&serde_json::from_value::<Jwk>(bare.into()).ok()?).ok()?;
        let kid = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
        Some(Key { whose: whose.to_owned(), kid, decoding })
    }
}

/// The signature of a token. It is never shown whole: whoever has all of it can use the token.
#[derive(Debug, Serialize)]
pub struct Signature {
    /// The header's `alg`.
    pub alg: Option<String>,
    /// The header's `kid`.
    pub kid: Option<String>,
    /// How long it is.
    pub bytes: usize,
    /// How it begins, as base64url.
    pub beginning: String,
    /// Whether it verifies; null where no key at hand can tell.
    pub verifies: Option<bool>,
    /// What was found out, one sentence.
    pub said: String,
    /// What is wrong with it.
    pub problems: Vec<String>,
}

/// Looks at a signature with the keys at hand.
pub(super) fn signature(header: &Part, signed: &str, segment: &Segment, keys: &[Key]) -> Signature {
    let (alg, kid) = (header.text("alg"), header.text("kid"));
    let text = B64URL.encode(&segment.bytes);
    let mut problems: Vec<String> = segment.problem.iter().cloned().collect();
    let (verifies, said) = match alg.as_deref().map(algorithm) {
        _ if segment.bytes.is_empty() => (None, "there is none: the segment is empty".to_owned()),
        Some(Some(algorithm)) => verified(signed, &text, algorithm, kid.as_deref(), keys, &mut problems),
        _ => (None, "not checked: there is no public key for this algorithm".to_owned()),
    };
    Signature {
        alg,
        kid,
        bytes: segment.bytes.len(),
        beginning: text.chars().take(SHOWN).collect(),
        verifies,
        said,
        problems,
    }
}

fn verified(
    signed: &str,
    signature: &str,
    algorithm: Algorithm,
    kid: Option<&str>,
    keys: &[Key],
    problems: &mut Vec<String>,
) -> (Option<bool>, String) {
    let verifies =
        |key: &&Key| crypto::verify(signature, signed.as_bytes(), &key.decoding, algorithm).unwrap_or(false);
    let named = |key: &&Key| kid.is_some() && key.kid.as_deref() == kid;
    if let Some(key) = keys.iter().filter(named).find(verifies) {
        return (Some(true), format!("verifies with {}, which `kid` names", key.whose));
    }
    if let Some(key) = keys.iter().find(verifies) {
        if kid.is_some() {
            problems.push("`kid` names another key than the one that has signed".into());
        }
        return (
            Some(true),
            format!("verifies with {} (`kid` {})", key.whose, key.kid.as_deref().unwrap_or("none")),
        );
    }
    if let Some(key) = keys.iter().find(named) {
        problems.push(format!("it does not verify with {}, which `kid` names", key.whose));
        return (Some(false), "does not verify".to_owned());
    }
    (None, format!("not checked: none of the {} keys at hand has this `kid`, or verifies it", keys.len()))
}

/// The algorithms with public keys (RFC 7518 section 3.1, RFC 8037); `Ed25519` is the name of RFC 9864.
fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "EdDSA" | "Ed25519" => Algorithm::EdDSA,
        _ => return None,
    })
}
