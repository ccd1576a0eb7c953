//! The compact serialisation of a JWS (RFC 7515 section 7.1): its three parts, MACs in place of a signature, and
//! what can be done to the finished text.

use aws_lc_rs::hmac as mac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};

use super::{AssemblyError, CompactDefect, Hmac, HmacAlgorithm, HmacSecret, SignatureDefect};
use crate::keys::{Algorithm, KeyType, SYMMETRIC_KEY, SigningKey, ecdsa};

/// The parts of a JWS: header and payload as base64url, the signature as bytes.
pub(super) struct Parts {
    header: String,
    payload: String,
    pub(super) signature: Vec<u8>,
}

impl Parts {
    pub(super) fn new(header: &str, payload: &[u8]) -> Self {
        Parts { header: B64URL.encode(header), payload: B64URL.encode(payload), signature: Vec::new() }
    }

    /// What is signed (RFC 7515 section 5.1, step 5).
    pub(super) fn signing_input(&self) -> String {
        format!("{}.{}", self.header, self.payload)
    }

    pub(super) fn compact(&self) -> String {
        format!("{}.{}.{}", self.header, self.payload, B64URL.encode(&self.signature))
    }
}

/// The value of `alg` for a MAC.
pub(super) fn hmac_name(algorithm: HmacAlgorithm) -> &'static str {
    match algorithm {
        HmacAlgorithm::HS256 => "HS256",
        HmacAlgorithm::HS384 => "HS384",
        HmacAlgorithm::HS512 => "HS512",
    }
}

/// A MAC over `message`, keyed with public bytes: what a verifier computes that lets the token choose between
/// signature and MAC (RFC 8725 section 2.1).
pub(super) fn hmac(hmac: &Hmac, key: &SigningKey, client_secret: &str, message: &[u8]) -> Vec<u8> {
    let secret = match &hmac.secret {
        HmacSecret::PublicKeyPem => key.public_key_pem().into_bytes(),
        HmacSecret::PublicKeyPemTrimmed => key.public_key_pem().trim_end().as_bytes().to_vec(),
        HmacSecret::PublicKeyDer => key.public_key_der().to_vec(),
        HmacSecret::PublicKeyJwk => key.jwk(None).to_string().into_bytes(),
        HmacSecret::Empty => Vec::new(),
        HmacSecret::PublishedSymmetricKey => SYMMETRIC_KEY.secret.to_vec(),
        HmacSecret::ClientSecret => client_secret.as_bytes().to_vec(),
        HmacSecret::Text(text) => text.as_bytes().to_vec(),
    };
    let algorithm = match hmac.algorithm {
        HmacAlgorithm::HS256 => mac::HMAC_SHA256,
        HmacAlgorithm::HS384 => mac::HMAC_SHA384,
        HmacAlgorithm::HS512 => mac::HMAC_SHA512,
    };
    mac::sign(&mac::Key::new(algorithm, &secret), message).as_ref().to_vec()
}

/// A right signature, made wrong.
pub(super) fn damage(
    mut signature: Vec<u8>,
    defect: &SignatureDefect,
    algorithm: Algorithm,
) -> Result<Vec<u8>, AssemblyError> {
    let order = || ecdsa::order(algorithm.key_type()).ok_or(AssemblyError::NotEcdsa);
    match defect {
        SignatureDefect::ZeroAndOne => {
            order()?;
            signature.fill(0);
            if let Some(last) = signature.last_mut() {
                *last = 1;
            }
        }
        SignatureDefect::GroupOrder => signature = [order()?, order()?].concat(),
        SignatureDefect::Der => {
            order()?;
            signature = ecdsa::to_der(&signature);
        }
        SignatureDefect::Flipped => {
            let middle = signature.len() / 2;
            if let Some(byte) = signature.get_mut(middle) {
                *byte ^= 0x10;
            }
        }
        SignatureDefect::Zeros => signature.fill(0),
        SignatureDefect::Truncated => {
            signature.pop();
        }
        // These do not start from a right signature; `IdJag::assemble` makes them.
        SignatureDefect::Empty | SignatureDefect::OfUnchangedClaims | SignatureDefect::Hmac(_) => {}
    }
    Ok(signature)
}

/// The finished text, changed. A token that has no three parts any more is left as it is by what needs them.
///
/// # Errors
/// [`AssemblyError`] where the defect is one that this signature cannot have.
pub fn transform(token: String, defect: &CompactDefect) -> Result<String, AssemblyError> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        return Ok(match defect {
            CompactDefect::TrailingDot => format!("{token}."),
            CompactDefect::LeadingSpace => format!(" {token}"),
            CompactDefect::Replaced(text) => text.clone(),
            _ => token,
        });
    };
    Ok(match defect {
        CompactDefect::WithoutSignatureSegment => format!("{header}.{payload}"),
        CompactDefect::WithoutHeaderSegment => format!("{payload}.{signature}"),
        CompactDefect::TrailingDot => format!("{token}."),
        CompactDefect::FourthSegment => format!("{token}.{signature}"),
        CompactDefect::SixSegments => format!("{token}.{payload}.{signature}.{header}"),
        CompactDefect::EmptyPayload => format!("{header}..{signature}"),
        CompactDefect::PaddedSignature => {
            // A signature whose length is a multiple of three has no padding of its own; then one is wrong anyway.
            let padding = match signature.len() % 4 {
                2 => "==",
                _ => "=",
            };
            format!("{token}{padding}")
        }
        CompactDefect::SignatureTrailingBits => {
            format!("{header}.{payload}.{}", with_trailing_bits(signature))
        }
        CompactDefect::NegatedS => {
            let negated = negated_s(header, signature).ok_or(AssemblyError::NotEcdsa)?;
            format!("{header}.{payload}.{}", B64URL.encode(negated))
        }
        CompactDefect::StandardAlphabet if signature.contains(['-', '_']) => {
            format!("{header}.{payload}.{}", signature.replace('-', "+").replace('_', "/"))
        }
        CompactDefect::StandardAlphabet => return Err(AssemblyError::SameAlphabet),
        CompactDefect::CutPayload => {
            let mut cut = payload.len().saturating_sub(1);
            // RFC 4648 has no base64 text of length 4n+1: cutting down to it makes one that cannot be decoded.
            while cut % 4 != 1 && cut > 1 {
                cut -= 1;
            }
            format!("{header}.{}.{signature}", &payload[..cut])
        }
        CompactDefect::LeadingSpace => format!(" {token}"),
        CompactDefect::NewlineInPayload => {
            let (front, back) = payload.split_at(payload.len() / 2);
            format!("{header}.{front}\n{back}.{signature}")
        }
        CompactDefect::FlattenedJson => {
            format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#)
        }
        CompactDefect::GeneralJson => format!(
            r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
        ),
        CompactDefect::Replaced(text) => text.clone(),
    })
}

/// The other form of a signature whose header names an algorithm of ECDSA.
fn negated_s(header: &str, signature: &str) -> Option<Vec<u8>> {
    let header: serde_json::Value = serde_json::from_slice(&B64URL.decode(header).ok()?).ok()?;
    let key_type = match header["alg"].as_str()? {
        "ES256" => KeyType::P256,
        "ES384" => KeyType::P384,
        _ => return None,
    };
    ecdsa::with_negated_s(&B64URL.decode(signature).ok()?, key_type)
}

/// Sets the bits of the last base64url character that no byte uses (RFC 4648 section 3.5). Signatures of RSA,
/// ECDSA and Ed25519 have 256, 64, 96 or 64 bytes; of 96 bytes none is unused, and the text stays as it is.
fn with_trailing_bits(signature: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let unused = match signature.len() % 4 {
        2 => 4,
        3 => 2,
        _ => 0,
    };
    let Some((last, front)) = signature.as_bytes().split_last() else { return String::new() };
    let value = ALPHABET.iter().position(|letter| letter == last).unwrap_or(0);
    let changed = ALPHABET[(value | ((1 << unused) - 1)) % 64];
    format!("{}{}", String::from_utf8_lossy(front), char::from(changed))
}
