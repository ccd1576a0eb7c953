//! An IdP's keys, read from a JWK Set (RFC 7517) and kept in the form in which they verify. Pure.

use aws_lc_rs::signature::{RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64URL},
};
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};
use tokio_rustls::rustls::{pki_types::CertificateDer, server::ParsedCertificate};

use crate::keys::{Algorithm, KeyType};

use super::faults::{Fault, Faults};

/// The keys of one issuer.
#[derive(Debug, Clone, Default)]
pub(super) struct KeySet {
    pub(super) keys: Vec<Key>,
    /// `kid` and bytes of the symmetric keys, for the server that takes those.
    pub(super) symmetric: Vec<(String, Vec<u8>)>,
}

/// A public key.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) kid: Option<String>,
    key_type: KeyType,
    alg: Option<String>,
    for_signatures: bool,
    pub(super) decoding: DecodingKey,
    /// Modulus and exponent, for the server that takes short ones.
    rsa: Option<RsaPublicKeyComponents<Vec<u8>>>,
    /// The key as PEM, for the server that takes it for a MAC secret.
    pub(super) pem: String,
}

impl KeySet {
    /// Reads a JWK Set. Keys that are not understood are left out (RFC 7517 section 5).
    pub(super) fn read(set: &Value, faults: &Faults) -> Option<Self> {
        let listed = set.get("keys")?.as_array()?;
        let poisoned = faults.has(Fault::JwksPoisonedByUnknownKty)
            && listed.iter().any(|jwk| !matches!(jwk["kty"].as_str(), Some("RSA" | "EC")));
        let keys = listed.iter().filter_map(Value::as_object).filter_map(Key::read);
        let symmetric = listed.iter().filter_map(|jwk| {
            let secret = jwk["k"].as_str().filter(|_| faults.has(Fault::SymmetricJwkAccepted))?;
            Some((jwk["kid"].as_str()?.to_owned(), B64URL.decode(secret).ok()?))
        });
        let keys = if poisoned { Vec::new() } else { keys.collect() };
        Some(Self { keys, symmetric: symmetric.collect() })
    }

    /// Whether a key has this `kid`.
    pub(super) fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }
}

impl Key {
    pub(super) fn read(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(|value| B64URL.decode(value).ok());
        let mut rsa = None;
        let (key_type, decoding, spki) = match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                let read = (KeyType::Rsa, DecodingKey::from_rsa_raw_components(&n, &e), rsa_spki(&n, &e));
                rsa = Some(RsaPublicKeyComponents { n, e });
                read
            }
            ("EC", Some(curve @ ("P-256" | "P-384"))) => {
                let (key_type, length, prefix) = match curve {
                    "P-256" => (KeyType::P256, 32, &P256_SPKI[..]),
                    _ => (KeyType::P384, 48, &P384_SPKI[..]),
                };
                let (x, y) = (bytes("x")?, bytes("y")?);
                // RFC 7518 section 6.2.1.2: the coordinates have the full length.
                if x.len() != length || y.len() != length {
                    return None;
                }
                let point = [&[4][..], &x, &y].concat();
                (key_type, DecodingKey::from_ec_der(&point), [prefix, &point].concat())
            }
            ("OKP", Some("Ed25519")) => {
                let x = bytes("x").filter(|x| x.len() == 32)?;
                (KeyType::Ed25519, DecodingKey::from_ed_der(&x), [&ED25519_SPKI[..], &x].concat())
            }
            _ => return None,
        };
        // RFC 7517 sections 4.2 and 4.3: a key that says what it is for is used for nothing else.
        let signs = text("use").is_none_or(|purpose| purpose == "sig");
        let verifies = jwk.get("key_ops").is_none_or(|ops| {
            ops.as_array().is_some_and(|ops| ops.iter().any(|operation| operation == "verify"))
        });
        Some(Self {
            kid: text("kid").map(str::to_owned),
            key_type,
            alg: text("alg").map(str::to_owned),
            for_signatures: signs && verifies,
            decoding,
            rsa,
            pem: pem(&spki),
        })
    }

    /// The key of a certificate, as it stands in `x5c`: for the server that asks for no chain.
    pub(super) fn of_certificate(text: &str) -> Option<DecodingKey> {
        let der = CertificateDer::from(STANDARD.decode(text).ok()?);
        let spki = ParsedCertificate::try_from(&der).ok()?.subject_public_key_info();
        let spki = spki.as_ref();
        let after = |prefix: &[u8]| spki.strip_prefix(prefix);
        if let Some(x) = after(&ED25519_SPKI) {
            return Some(DecodingKey::from_ed_der(x));
        }
        match after(&P256_SPKI).or_else(|| after(&P384_SPKI)) {
            Some(point) => Some(DecodingKey::from_ec_der(point)),
            // Of 2048 bits and more: two long lengths, the algorithm, and the byte that counts unused bits.
            None => Some(DecodingKey::from_rsa_der(spki.get(24..)?)),
        }
    }

    /// Whether an RSA key verifies an RS256 signature, however short the key is.
    pub(super) fn verifies_for_legacy_use(&self, message: &[u8], signature: &[u8]) -> bool {
        let legacy = &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
        self.rsa.as_ref().is_some_and(|key| key.verify(legacy, message, signature).is_ok())
    }

    /// Whether the key may verify signatures of this algorithm: its type fits, and where it names an algorithm
    /// (RFC 7517 section 4.4) it is that one. `EdDSA` and `Ed25519` are one algorithm on this curve (RFC 9864).
    pub(super) fn fits(&self, algorithm: Algorithm, faults: &Faults) -> bool {
        let named = self.alg.as_deref().is_none_or(|alg| {
            alg == algorithm.name()
                || (self.key_type == KeyType::Ed25519 && matches!(alg, "EdDSA" | "Ed25519"))
        });
        let purpose = self.for_signatures || faults.has(Fault::UseEncKeyVerifies);
        self.key_type == algorithm.key_type() && (named || !self.for_signatures) && purpose
    }
}

// DER of everything before the key's bytes in a SubjectPublicKeyInfo (RFC 5480 section 2, RFC 8410 section 4).
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P384_SPKI: [u8; 23] = [
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
    0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
];
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const RSA_ALGORITHM: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// RFC 8017 appendix A.1.1 inside of RFC 5280 section 4.1.2.7.
fn rsa_spki(n: &[u8], e: &[u8]) -> Vec<u8> {
    let key = der(0x30, &[unsigned(n), unsigned(e)].concat());
    let bits = der(0x03, &[&[0][..], &key].concat());
    der(0x30, &[&RSA_ALGORITHM[..], &bits].concat())
}

fn unsigned(number: &[u8]) -> Vec<u8> {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let number = &number[first..];
    let sign = if number.first().is_none_or(|byte| *byte >= 0x80) { &[0][..] } else { &[] };
    der(0x02, &[sign, number].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let bytes = content.len().to_be_bytes();
    let significant = &bytes[bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1)..];
    let mut out = vec![tag];
    if content.len() >= 128
        && let Ok(count) = u8::try_from(significant.len())
    {
        out.push(0x80 | count);
    }
    out.extend_from_slice(significant);
    out.extend_from_slice(content);
    out
}

fn pem(spki: &[u8]) -> String {
    let text = STANDARD.encode(spki);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::keys::{SigningKey, generate_pem};

    #[test]
    fn the_pem_is_the_one_that_other_software_writes() {
        for key_type in [KeyType::Rsa, KeyType::P256, KeyType::P384, KeyType::Ed25519] {
            let key = SigningKey::from_pem(&generate_pem(key_type).unwrap()).unwrap();
            let read = Key::read(key.jwk(None).as_object().unwrap()).unwrap();
            assert_eq!(read.pem, key.public_key_pem());
        }
    }

    #[test]
    fn unknown_and_broken_keys_are_left_out() {
        let good = SigningKey::from_pem(&generate_pem(KeyType::P256).unwrap()).unwrap().jwk(None);
        let set = json!({ "keys": [
            { "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" },
            { "kty": "oct", "k": "AA" },
            { "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" },
            "no key",
            good,
        ] });
        assert_eq!(KeySet::read(&set, &Faults::default()).unwrap().keys.len(), 1);
        let faults = Faults::new([Fault::JwksPoisonedByUnknownKty].into());
        assert!(KeySet::read(&set, &faults).unwrap().keys.is_empty());
    }

    #[test]
    fn a_key_serves_only_what_it_says() {
        let none = Faults::default();
        let key = SigningKey::from_pem(&generate_pem(KeyType::P256).unwrap()).unwrap();
        let with = |name: &str, value: Value| {
            let mut jwk = key.jwk(Some(Algorithm::ES256));
            jwk[name] = value;
            Key::read(jwk.as_object().unwrap()).unwrap()
        };
        assert!(with("use", json!("sig")).fits(Algorithm::ES256, &none));
        assert!(!with("use", json!("sig")).fits(Algorithm::ES384, &none));
        assert!(!with("use", json!("enc")).fits(Algorithm::ES256, &none));
        assert!(!with("alg", json!("ES384")).fits(Algorithm::ES256, &none));
        assert!(!with("key_ops", json!(["sign"])).fits(Algorithm::ES256, &none));
        assert!(with("key_ops", json!(["verify"])).fits(Algorithm::ES256, &none));
    }
}
