//! The signature of an assertion: which algorithms are allowed, which key counts, and whether it verifies. Pure.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use jsonwebtoken::{Algorithm as JwtAlgorithm, DecodingKey, crypto};
use serde_json::Value;

use crate::keys::{Algorithm, ecdsa};

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
    let reads_macs = [
        Fault::AlgConfusionGrant,
        Fault::AlgEmptyHmac,
        Fault::KidInjection,
        Fault::SignatureNotChecked,
        Fault::SymmetricJwkAccepted,
    ];
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
    if faults.has(Fault::X5cTrusted)
        && let Some(certificate) =
            jwt.header.get("x5c").and_then(|chain| chain.get(0)).and_then(Value::as_str)
        && let Some(key) = Key::of_certificate(certificate)
        && verifies(jwt, signature, &key, jwt_algorithm(algorithm))
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
    let signature =
        match faults.has(Fault::DerSignatureAccepted).then(|| of_der(signature, algorithm)).flatten() {
            Some(rewritten) => &rewritten.clone(),
            None => signature,
        };
    let short = |key: &&Key| {
        faults.has(Fault::ShortRsaKeyAccepted)
            && key.verifies_for_legacy_use(jwt.signed.as_bytes(), signature)
    };
    let algorithm = jwt_algorithm(algorithm);
    if chosen.iter().any(|key| verifies(jwt, signature, &key.decoding, algorithm) || short(key)) {
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
    if faults.has(Fault::SymmetricJwkAccepted) {
        let of_kid = keys.iter().flat_map(|set| &set.symmetric).filter(|(known, _)| kid == Some(known));
        secrets.extend(of_kid.map(|(_, secret)| secret.as_slice()));
    }
    if secrets.into_iter().any(|secret| verifies(jwt, signature, &DecodingKey::from_secret(secret), mac)) {
        Ok(())
    } else {
        Err(Refusal::grant("the MAC does not verify"))
    }
}

/// CVE-2022-21449, and what else is computed with numbers that no signature has: r or s is zero, or the order of the
/// group, which is zero there.
fn is_psychic(claimed: Claimed, signature: &[u8]) -> bool {
    let Claimed::Signature(algorithm) = claimed else { return false };
    let Some(order) = ecdsa::order(algorithm.key_type()) else { return false };
    let is_zero = |number: &[u8]| number == order || number.iter().all(|byte| *byte == 0);
    let (r, s) = signature.split_at(signature.len() / 2);
    signature.len() == 2 * order.len() && (is_zero(r) || is_zero(s))
}

/// The form of RFC 7518 section 3.4 of a signature in DER.
fn of_der(der: &[u8], algorithm: Algorithm) -> Option<Vec<u8>> {
    let length = ecdsa::order(algorithm.key_type())?.len();
    let [0x30, _, 0x02, size, rest @ ..] = der else { return None };
    let (r, rest) = rest.split_at_checked(usize::from(*size))?;
    let [0x02, _, s @ ..] = rest else { return None };
    let padded = |number: &[u8]| {
        let digits = number.strip_prefix(&[0]).unwrap_or(number);
        let mut bytes = vec![0; length.checked_sub(digits.len())?];
        bytes.extend_from_slice(digits);
        Some(bytes)
    };
    Some([padded(r)?, padded(s)?].concat())
}

pub(super) fn jwt_algorithm(algorithm: Algorithm) -> JwtAlgorithm {
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

pub(super) fn verifies(jwt: &Jwt, signature: &[u8], key: &DecodingKey, algorithm: JwtAlgorithm) -> bool {
    crypto::verify(&B64URL.encode(signature), jwt.signed.as_bytes(), key, algorithm).unwrap_or(false)
}
