//! The signature of an assertion: which algorithms are allowed, which key counts, and whether it verifies. Pure.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use jsonwebtoken::{Algorithm as JwtAlgorithm, DecodingKey, crypto};

use crate::keys::Algorithm;

use super::{
    faults::{Fault, Faults},
    jwt::Jwt,
    key_set::{Key, KeySet},
    refusal::Refusal,
};

/// How an assertion claims to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claimed {
    Signature(Algorithm),
    /// A MAC, which only faulty servers look at.
    Mac(JwtAlgorithm),
    /// `none`, which only faulty servers look at.
    Nothing,
}

/// The allow-list of RFC 8725bis section 3.1; `alg` is case-sensitive (RFC 7515 section 4.1.1).
pub(super) fn algorithm(jwt: &Jwt, faults: &Faults) -> Result<Claimed, Refusal> {
    let alg = jwt.header_text("alg").ok_or_else(|| Refusal::grant("alg is missing"))?;
    if faults.has(Fault::AlgOnlyEs256) && alg != "ES256" {
        return Err(Refusal::grant("alg is not ES256"));
    }
    if let Some(algorithm) = Algorithm::OFFERED.into_iter().find(|allowed| allowed.name() == alg) {
        return Ok(Claimed::Signature(algorithm));
    }
    if faults.has(Fault::AlgCaseInsensitive)
        && let Some(algorithm) =
            Algorithm::OFFERED.into_iter().find(|allowed| allowed.name().eq_ignore_ascii_case(alg))
    {
        return Ok(Claimed::Signature(algorithm));
    }
    let none = faults.has(Fault::AlgNone) && alg == "none"
        || faults.has(Fault::AlgNoneCase) && alg != "none" && alg.eq_ignore_ascii_case("none");
    if none {
        return Ok(Claimed::Nothing);
    }
    let mac = match alg {
        "HS256" => Some(JwtAlgorithm::HS256),
        "HS384" => Some(JwtAlgorithm::HS384),
        "HS512" => Some(JwtAlgorithm::HS512),
        _ => None,
    };
    let reads_macs =
        [Fault::AlgConfusionGrant, Fault::AlgEmptyHmac, Fault::KidInjection, Fault::SignatureNotChecked];
    match mac {
        Some(mac) if reads_macs.into_iter().any(|fault| faults.has(fault)) => Ok(Claimed::Mac(mac)),
        _ => Err(Refusal::grant(format!("alg {alg} is not allowed"))),
    }
}

/// Verifies the signature with the issuer's keys. `keys` is none when they cannot be had.
pub(super) fn verify(
    jwt: &Jwt,
    claimed: Claimed,
    keys: Option<&[Arc<KeySet>]>,
    faults: &Faults,
) -> Result<(), Refusal> {
    let Some(signature) = jwt.signature.as_deref() else {
        // Only the server that takes two segments comes here.
        return Ok(());
    };
    if faults.has(Fault::SignatureNotChecked)
        || (faults.has(Fault::EmptySignatureAccepted) && signature.is_empty())
        || (faults.has(Fault::PsychicSignature) && is_psychic(claimed, signature))
    {
        return Ok(());
    }
    let kid = jwt.header_text("kid");
    let algorithm = match claimed {
        Claimed::Signature(algorithm) => algorithm,
        Claimed::Mac(mac) => return verify_mac(jwt, mac, signature, keys.unwrap_or_default(), faults),
        Claimed::Nothing => return Ok(()),
    };
    if faults.has(Fault::JwkHeaderTrusted)
        && let Some(key) = jwt.header.get("jwk").and_then(|jwk| jwk.as_object()).and_then(Key::read)
        && verifies(jwt, signature, &key.decoding, jwt_algorithm(algorithm))
    {
        return Ok(());
    }
    let Some(keys) = keys else {
        if faults.has(Fault::UnverifiedDecodeOk) {
            return Ok(());
        }
        return Err(Refusal::grant("the issuer's keys cannot be fetched"));
    };
    let known = kid.is_some_and(|kid| keys.iter().any(|set| set.knows(kid)));
    if faults.has(Fault::UnknownKidNotVerified) && kid.is_some() && !known {
        return Ok(());
    }

    let fitting: Vec<&Key> =
        keys.iter().flat_map(|set| &set.keys).filter(|key| key.fits(algorithm, faults)).collect();
    let chosen: Vec<&Key> = match kid {
        Some(kid) => {
            let mut named: Vec<_> =
                fitting.into_iter().filter(|key| key.kid.as_deref() == Some(kid)).collect();
            if faults.has(Fault::KidBeforeIss) {
                named.truncate(1);
            }
            named
        }
        // RFC 7515 section 4.1.4 leaves open how a key is found without `kid`: only if there is no doubt.
        None if fitting.len() == 1 => fitting,
        None => return Err(Refusal::grant("kid is missing and several keys fit")),
    };
    if chosen.is_empty() {
        return Err(Refusal::grant("no key of the issuer fits kid and alg"));
    }
    let algorithm = jwt_algorithm(algorithm);
    if chosen.iter().any(|key| verifies(jwt, signature, &key.decoding, algorithm)) {
        Ok(())
    } else {
        Err(Refusal::grant("the signature does not verify"))
    }
}

/// What the confused servers do with HS256, HS384 and HS512.
fn verify_mac(
    jwt: &Jwt,
    mac: JwtAlgorithm,
    signature: &[u8],
    keys: &[Arc<KeySet>],
    faults: &Faults,
) -> Result<(), Refusal> {
    let kid = jwt.header_text("kid");
    let mut secrets: Vec<&[u8]> = Vec::new();
    if faults.has(Fault::AlgConfusionGrant) {
        let of_kid =
            keys.iter().flat_map(|set| &set.keys).filter(|key| kid.is_none() || key.kid.as_deref() == kid);
        secrets.extend(of_kid.map(|key| key.pem.as_bytes()));
    }
    if faults.has(Fault::AlgEmptyHmac)
        || (faults.has(Fault::KidInjection) && kid.is_some_and(|kid| kid.ends_with("/dev/null")))
    {
        secrets.push(b"");
    }
    if secrets.into_iter().any(|secret| verifies(jwt, signature, &DecodingKey::from_secret(secret), mac)) {
        Ok(())
    } else {
        Err(Refusal::grant("the MAC does not verify"))
    }
}

/// CVE-2022-21449: r and s are zero.
fn is_psychic(claimed: Claimed, signature: &[u8]) -> bool {
    matches!(claimed, Claimed::Signature(Algorithm::ES256 | Algorithm::ES384))
        && signature.iter().all(|byte| *byte == 0)
}

fn jwt_algorithm(algorithm: Algorithm) -> JwtAlgorithm {
    match algorithm {
        Algorithm::RS256 => JwtAlgorithm::RS256,
        Algorithm::RS384 => JwtAlgorithm::RS384,
        Algorithm::RS512 => JwtAlgorithm::RS512,
        Algorithm::PS256 => JwtAlgorithm::PS256,
        Algorithm::ES256 => JwtAlgorithm::ES256,
        Algorithm::ES384 => JwtAlgorithm::ES384,
        Algorithm::EdDSA | Algorithm::Ed25519 => JwtAlgorithm::EdDSA,
    }
}

fn verifies(jwt: &Jwt, signature: &[u8], key: &DecodingKey, algorithm: JwtAlgorithm) -> bool {
    crypto::verify(&B64URL.encode(signature), jwt.signed.as_bytes(), key, algorithm).unwrap_or(false)
}
