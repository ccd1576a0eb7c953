//! DPoP proofs (RFC 9449 section 4.3): which key the client has shown that it holds, and whether the ID-JAG is bound
//! to that one (draft-ietf-oauth-identity-assertion-authz-grant section 9.9.1).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::http::HeaderMap;
use jsonwebtoken::{Algorithm as JwtAlgorithm, DecodingKey};
use serde_json::{Map, Value};

use super::{
    faults::{Fault, Faults},
    jwt::Jwt,
    key_set::Key,
    refusal::{Code, Refusal},
    signature,
};
use crate::keys::{self, Algorithm};

/// Seconds by which `iat` may lie in the past or in the future.
const WINDOW: i64 = 60;
/// The greatest number of proofs that are remembered; older ones are out of their window.
const MOST_PROOFS: usize = 1 << 16;

/// The algorithms that the metadata offers.
pub(super) const ALGORITHMS: [Algorithm; 2] = [Algorithm::ES256, Algorithm::EdDSA];

/// The members of a JWK that are private (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// The proofs that were used, with the time at which each leaves its window.
#[derive(Debug, Default)]
pub(super) struct UsedProofs(Mutex<HashMap<String, i64>>);

/// What a proof is held against.
pub(super) struct Expected<'a> {
    pub(super) token_endpoint: &'a str,
    /// The nonce that every proof must have, where this server demands one.
    pub(super) nonce: Option<&'a str>,
    pub(super) now: i64,
    pub(super) faults: &'a Faults,
}

/// The thumbprint of the key whose possession the request proves; none where it proves none.
pub(super) fn proved_key(
    headers: &HeaderMap,
    expected: &Expected,
    used: &UsedProofs,
) -> Result<Option<String>, Refusal> {
    let faults = expected.faults;
    let mut proofs = headers.get_all("dpop").iter();
    let Some(first) = proofs.next() else { return Ok(None) };
    if proofs.next().is_some() && !faults.has(Fault::DpopTwoProofsAccepted) {
        return Err(invalid("there are two proofs"));
    }
    let text = first.to_str().map_err(|_| invalid("the proof is not ASCII"))?;
    let jwt = Jwt::parse(text, faults).map_err(|refusal| invalid(refusal.cause))?;
    let jwk = key(&jwt, faults)?;
    let thumbprint = keys::jwk_thumbprint(jwk).ok_or_else(|| invalid("jwk is of an unknown type"))?;
    claims(&jwt, &thumbprint, expected, used)?;
    Ok(Some(thumbprint))
}

/// The header and the signature: an asymmetric algorithm, a public key, and a signature that it verifies.
fn key<'a>(jwt: &'a Jwt, faults: &Faults) -> Result<&'a Map<String, Value>, Refusal> {
    if jwt.header_text("typ") != Some("dpop+jwt") && !faults.has(Fault::DpopTypNotChecked) {
        return Err(invalid("typ is not dpop+jwt"));
    }
    let jwk = jwt.header.get("jwk").and_then(Value::as_object).ok_or_else(|| invalid("jwk is missing"))?;
    let is_private = PRIVATE.iter().any(|name| jwk.contains_key(*name));
    if is_private && !faults.has(Fault::DpopPrivateKeyAccepted) {
        return Err(invalid("jwk is a private key"));
    }
    let signature = jwt.signature.as_deref().unwrap_or_default();
    let alg = jwt.header_text("alg").unwrap_or_default();
    if faults.has(Fault::DpopSignatureNotChecked) {
        return Ok(jwk);
    }
    if faults.has(Fault::DpopAlgOpen) {
        // The library is left to do what the header says, with the key as it is written.
        let secret = DecodingKey::from_secret(Value::Object(jwk.clone()).to_string().as_bytes());
        if alg == "none" || signature::verifies(jwt, signature, &secret, JwtAlgorithm::HS256) {
            return Ok(jwk);
        }
    }
    let algorithm = ALGORITHMS.into_iter().find(|allowed| allowed.name() == alg);
    let algorithm = algorithm.ok_or_else(|| invalid(format!("alg {alg} is not allowed")))?;
    let verified = Key::read(jwk).is_some_and(|key| {
        key.fits(algorithm, faults)
            && signature::verifies(jwt, signature, &key.decoding, signature::jwt_algorithm(algorithm))
    });
    if verified { Ok(jwk) } else { Err(invalid("jwk does not verify the signature")) }
}

/// What the proof is for, and that it is new.
fn claims(jwt: &Jwt, thumbprint: &str, expected: &Expected, used: &UsedProofs) -> Result<(), Refusal> {
    let faults = expected.faults;
    let Some(jti) = jwt.claim_text("jti").filter(|jti| !jti.is_empty()) else {
        return Err(invalid("jti is missing"));
    };
    if jwt.claim_text("htm") != Some("POST") && !faults.has(Fault::DpopHtmNotChecked) {
        return Err(invalid("htm is not POST"));
    }
    // Section 4.3, item 9: without query and fragment. This endpoint's address has neither.
    let htu = jwt.claim_text("htu").map(|htu| htu.split(['?', '#']).next().unwrap_or_default());
    if htu != Some(expected.token_endpoint) && !faults.has(Fault::DpopHtuNotChecked) {
        return Err(invalid("htu is not the token endpoint"));
    }
    let iat = jwt.claims.get("iat").and_then(Value::as_i64);
    let fresh = iat.is_some_and(|iat| (expected.now - iat).abs() <= WINDOW);
    if !fresh && !faults.has(Fault::DpopIatNotChecked) {
        return Err(invalid("iat is missing, or not of this minute"));
    }
    if let Some(nonce) = expected.nonce
        && jwt.claim_text("nonce") != Some(nonce)
    {
        return Err(Refusal::new(Code::UseDpopNonce, "the proof does not have the nonce"));
    }
    if !faults.has(Fault::DpopReplay) && !used.record(format!("{thumbprint} {jti}"), expected.now) {
        return Err(invalid("the proof was used before"));
    }
    Ok(())
}

/// Section 9.9.1 of the draft: the key of `cnf`, if there is one, is the one that was proved. Returns the key to which
/// the access token is bound.
pub(super) fn bound_key(
    jwt: &Jwt,
    proved: Option<String>,
    faults: &Faults,
) -> Result<Option<String>, Refusal> {
    let Some(cnf) = jwt.claims.get("cnf") else { return Ok(proved) };
    if faults.has(Fault::CnfIgnored) {
        return Ok(None);
    }
    // RFC 7800 section 3: what is not understood is not honoured.
    let only = cnf.as_object().filter(|cnf| cnf.len() == 1).and_then(|cnf| cnf.get("jkt"));
    let jkt = only.and_then(Value::as_str).ok_or_else(|| Refusal::grant("cnf is not understood"))?;
    match proved {
        None => Err(Refusal::grant("cnf demands a proof of possession")),
        Some(proved) if proved == jkt || faults.has(Fault::DpopKeyNotCompared) => Ok(Some(proved)),
        Some(_) => Err(Refusal::grant("the proof is by another key than cnf says")),
    }
}

fn invalid(cause: impl Into<String>) -> Refusal {
    Refusal::new(Code::InvalidDpopProof, cause)
}

impl UsedProofs {
    /// False when it was used before within its window.
    fn record(&self, proof: String, now: i64) -> bool {
        // Nothing under this lock can panic half way through a change.
        let mut proofs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if proofs.len() >= MOST_PROOFS {
            proofs.retain(|_, leaves_at| *leaves_at > now);
        }
        if proofs.get(&proof).is_some_and(|leaves_at| *leaves_at > now) {
            return false;
        }
        // A proof from the future stays good for as long again.
        proofs.insert(proof, now + 2 * WINDOW + 1);
        true
    }
}
