//! An ID-JAG inside something else: a JWE (RFC 7516) for a key that anybody can have, or another JWS (RFC 7519
//! section 11.2). The primitives are aws-lc's, which has no JOSE of its own.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, EphemeralPrivateKey, UnparsedPublicKey},
    digest,
    rand::{SecureRandom as _, SystemRandom},
    rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey},
    signature::RsaPublicKeyComponents,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{AssemblyError, TYP};

/// The only content encryption here: every implementation that has any has it (RFC 7518 section 5.1 recommends it).
const ENC: &str = "A256GCM";

/// How many bytes a decompressor gets out of the few that a zip bomb has.
const BOMB: usize = 32 * 1024 * 1024;

/// As many iterations of PBES2 as cost a server that believes them tens of seconds of a processor.
const ITERATIONS: u32 = 100_000_000;

/// A JWE (RFC 7516) around the ID-JAG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// The key for which it is encrypted.
    pub key: EncryptionKey,
    /// What is encrypted.
    pub content: EncryptedContent,
}

/// The key for which a JWE is encrypted. None of them shows who has made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EncryptionKey {
    /// The target's own public key at its `jwks_uri`, one for encryption before others: RSA-OAEP or ECDH-ES.
    Target,
    /// The client's secret, by the derivation of OpenID Connect Core section 10.2: `alg` is `dir`.
    ClientSecret,
    /// A password of which a hundred million iterations of PBES2 make a key (RFC 7518 section 4.8). Nobody has it:
    /// what is measured is whether the target begins to compute.
    Password,
}

/// What a JWE holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EncryptedContent {
    /// The claims, which nobody has signed.
    Claims,
    /// The signed ID-JAG: a nested JWT.
    Signed,
    /// Compressed zeros, a thousand times as many as the JWE has bytes.
    ZipBomb,
}

/// The ID-JAG as the payload of another JWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nesting {
    /// The ID-JAG, rightly signed, inside a JWS with `alg` none.
    SignedInUnsigned,
    /// The ID-JAG with `alg` none, inside a JWS that is rightly signed.
    UnsignedInSigned,
}

/// The JWK of a set for which a JWE is made: of a type that is known here, for encryption before others.
pub fn recipient(set: &Value) -> Option<&Value> {
    let usable = |jwk: &&Value| match jwk["kty"].as_str() {
        Some("RSA") => jwk["n"].is_string(),
        Some("EC") => matches!(jwk["crv"].as_str(), Some("P-256" | "P-384")),
        _ => false,
    };
    let keys: Vec<&Value> = set.get("keys")?.as_array()?.iter().filter(usable).collect();
    keys.iter().find(|jwk| jwk["use"] == "enc").or_else(|| keys.first()).copied()
}

/// The compact serialisation (RFC 7516 section 7.1). `content` is what `encryption` says, but for a bomb, which is
/// made here; `jwk` is the target's key, where it is meant.
pub(super) fn encrypt(
    encryption: Encryption,
    content: &[u8],
    jwk: Option<&Value>,
    client_secret: &str,
) -> Result<String, AssemblyError> {
    let mut header = Map::from_iter([("typ".to_owned(), json!(TYP)), ("enc".to_owned(), json!(ENC))]);
    let mut plaintext = content.to_vec();
    match encryption.content {
        EncryptedContent::Claims => {}
        EncryptedContent::Signed => {
            header.insert("cty".to_owned(), json!("JWT"));
        }
        EncryptedContent::ZipBomb => {
            header.insert("zip".to_owned(), json!("DEF"));
            plaintext = miniz_oxide::deflate::compress_to_vec(&vec![0; BOMB], 6);
        }
    }
    let key = match encryption.key {
        EncryptionKey::Target => to_target(jwk.unwrap_or(&Value::Null), &mut header)?,
        EncryptionKey::ClientSecret => {
            header.insert("alg".to_owned(), json!("dir"));
            ContentKey { key: sha256(&[client_secret.as_bytes()]), encrypted: Vec::new() }
        }
        EncryptionKey::Password => {
            header.insert("alg".to_owned(), json!("PBES2-HS256+A128KW"));
            header.insert("p2s".to_owned(), json!(B64URL.encode(random::<16>()?)));
            header.insert("p2c".to_owned(), json!(ITERATIONS));
            ContentKey { key: random()?, encrypted: random::<40>()?.to_vec() }
        }
    };
    seal(&Value::Object(header).to_string(), &key, plaintext)
}

/// The key that encrypts the content, and what of it goes into the JWE.
struct ContentKey {
    key: [u8; 32],
    encrypted: Vec<u8>,
}

/// RFC 7518 sections 4.3 and 4.6: the content key, for whoever has the private half of `jwk`.
fn to_target(jwk: &Value, header: &mut Map<String, Value>) -> Result<ContentKey, AssemblyError> {
    if let Some(kid) = jwk["kid"].as_str() {
        header.insert("kid".to_owned(), json!(kid));
    }
    let bytes = |name: &str| jwk[name].as_str().and_then(|text| B64URL.decode(text).ok());
    if jwk["kty"] == "RSA" {
        let (n, e) = (bytes("n"), bytes("e"));
        let (n, e) = n.zip(e).ok_or(AssemblyError::TargetKey)?;
        let public: PublicEncryptingKey =
            RsaPublicKeyComponents { n, e }.try_into().map_err(|_| AssemblyError::TargetKey)?;
        let public = OaepPublicEncryptingKey::new(public).map_err(|_| AssemblyError::TargetKey)?;
        let (alg, algorithm) = match jwk["alg"].as_str() {
            Some("RSA-OAEP-256") => ("RSA-OAEP-256", &OAEP_SHA256_MGF1SHA256),
            _ => ("RSA-OAEP", &OAEP_SHA1_MGF1SHA1),
        };
        header.insert("alg".to_owned(), json!(alg));
        let key = random()?;
        let mut encrypted = vec![0; public.ciphertext_size()];
        public.encrypt(algorithm, &key, &mut encrypted, None).map_err(|_| AssemblyError::TargetKey)?;
        return Ok(ContentKey { key, encrypted });
    }
    let (curve, length) = match jwk["crv"].as_str() {
        Some("P-384") => (&agreement::ECDH_P384, 48),
        _ => (&agreement::ECDH_P256, 32),
    };
    let point = match (bytes("x"), bytes("y")) {
        (Some(x), Some(y)) if x.len() == length && y.len() == length => [&[4][..], &x, &y].concat(),
        _ => return Err(AssemblyError::TargetKey),
    };
    let ephemeral = EphemeralPrivateKey::generate(curve, &SystemRandom::new()).map_err(|_| FAILED)?;
    let ours = ephemeral.compute_public_key().map_err(|_| FAILED)?;
    let (x, y) = ours.as_ref()[1..].split_at(length);
    header.insert("alg".to_owned(), json!("ECDH-ES"));
    header.insert(
        "epk".to_owned(),
        json!({ "kty": "EC", "crv": jwk["crv"], "x": B64URL.encode(x), "y": B64URL.encode(y) }),
    );
    let theirs = UnparsedPublicKey::new(curve, point);
    agreement::agree_ephemeral(ephemeral, theirs, AssemblyError::TargetKey, |secret| {
        Ok(ContentKey { key: concat_kdf(secret, ENC, ["", ""], 256), encrypted: Vec::new() })
    })
}

/// The key that two parties derive from an agreement (RFC 7518 section 4.6.2) for direct use with `enc`; `parties` are
/// `apu` and `apv`, decoded. One round of the KDF gives as many bits as any `enc` here needs.
fn concat_kdf(secret: &[u8], enc: &str, parties: [&str; 2], bits: u32) -> [u8; 32] {
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
    let named = [enc, parties[0], parties[1]].map(|text| [&length(text)[..], text.as_bytes()].concat());
    sha256(&[&1_u32.to_be_bytes(), secret, &named.concat(), &bits.to_be_bytes()])
}

fn seal(header: &str, key: &ContentKey, mut content: Vec<u8>) -> Result<String, AssemblyError> {
    let header = B64URL.encode(header);
    let iv: [u8; 12] = random()?;
    let cipher = UnboundKey::new(&AES_256_GCM, &key.key).map(LessSafeKey::new).map_err(|_| FAILED)?;
    let nonce = Nonce::assume_unique_for_key(iv);
    let tag = cipher
        .seal_in_place_separate_tag(nonce, Aad::from(header.as_bytes()), &mut content)
        .map_err(|_| FAILED)?;
    let segments = [&key.encrypted[..], &iv, &content, tag.as_ref()].map(|bytes| B64URL.encode(bytes));
    Ok(format!("{header}.{}", segments.join(".")))
}

const FAILED: AssemblyError = AssemblyError::Encryption;

fn random<const N: usize>() -> Result<[u8; N], AssemblyError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| FAILED)?;
    Ok(bytes)
}

fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    pieces.iter().for_each(|piece| context.update(piece));
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

/// What differs, in words.
pub(super) fn describe(encryption: Encryption) -> String {
    let content = match encryption.content {
        EncryptedContent::Claims => "the claims, unsigned,",
        EncryptedContent::Signed => "the signed ID-JAG",
        EncryptedContent::ZipBomb => "compressed zeros",
    };
    let key = match encryption.key {
        EncryptionKey::Target => "the target's own public key",
        EncryptionKey::ClientSecret => "the client's secret",
        EncryptionKey::Password => "a password with a hundred million iterations",
    };
    format!("{content} in a JWE for {key}")
}

/// The same of a nesting.
pub(super) fn describe_nesting(nesting: Nesting) -> &'static str {
    match nesting {
        Nesting::SignedInUnsigned => "the ID-JAG is the payload of a JWS with `alg` none",
        Nesting::UnsignedInSigned => "the ID-JAG, with `alg` none, is the payload of a signed JWS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_derived_as_in_the_example_of_the_rfc() {
        // RFC 7518 appendix C: 128 bits, of which the round gives twice as many.
        let secret = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163,
            218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = concat_kdf(&secret, "A128GCM", ["Alice", "Bob"], 128);
        assert_eq!(B64URL.encode(&key[..16]), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn a_key_for_encryption_comes_before_others() {
        let set = json!({ "keys": [
            { "kty": "oct", "k": "AA" },
            { "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" },
            { "kty": "RSA", "n": "AA", "e": "AQAB", "kid": "first" },
            { "kty": "EC", "crv": "P-256", "use": "enc", "kid": "for encryption" },
        ] });
        assert_eq!(recipient(&set).unwrap()["kid"], "for encryption");
        let mut without = set.clone();
        without["keys"].as_array_mut().unwrap().pop();
        assert_eq!(recipient(&without).unwrap()["kid"], "first");
        for none in
            [json!({}), json!({ "keys": 7 }), json!({ "keys": [{ "kty": "oct" }, 7, null] }), json!([])]
        {
            assert_eq!(recipient(&none), None, "{none}");
        }
    }

    use aws_lc_rs::{
        agreement::PrivateKey,
        rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey},
    };
    use rsa::pkcs8::SecretDocument;

    use crate::{
        idjag::tests::{attempt, variables, verifies},
        keys::{Algorithm, SigningKey},
    };

    fn der(pem: &str) -> Vec<u8> {
        SecretDocument::from_pem(pem).unwrap().1.as_bytes().to_vec()
    }

    fn part(token: &str, index: usize) -> Vec<u8> {
        B64URL.decode(token.split('.').nth(index).unwrap()).unwrap()
    }

    fn header(token: &str) -> Value {
        serde_json::from_slice(&part(token, 0)).unwrap()
    }

    /// What a recipient with the content key reads.
    fn opened(token: &str, key: &[u8]) -> Vec<u8> {
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&part(token, 2)).unwrap();
        let mut bytes = [part(token, 3), part(token, 4)].concat();
        let aad = Aad::from(token.split('.').next().unwrap().as_bytes());
        cipher.open_in_place(nonce, aad, &mut bytes).unwrap().to_vec()
    }

    fn to_key(jwk: Value, content: &str) -> String {
        let variables = variables().with("target.encryption_jwk", jwk);
        let change = json!({ "encrypted": { "key": "target", "content": content } });
        attempt(Algorithm::ES256, change, &variables).0.unwrap()
    }

    #[test]
    fn whoever_has_the_private_half_reads_the_claims() {
        let pem = include_str!("../../fixtures/keys/unpublished-rsa.pem");
        let mut jwk = SigningKey::from_pem(pem).unwrap().jwk(None);
        for (alg, algorithm) in [("RSA-OAEP", &OAEP_SHA1_MGF1SHA1), ("RSA-OAEP-256", &OAEP_SHA256_MGF1SHA256)]
        {
            jwk["alg"] = json!(alg);
            let token = to_key(jwk.clone(), "claims");
            assert_eq!(header(&token)["alg"], alg);
            let private = PrivateDecryptingKey::from_pkcs8(&der(pem)).unwrap();
            let private = OaepPrivateDecryptingKey::new(private).unwrap();
            let mut key = vec![0; private.min_output_size()];
            let key = private.decrypt(algorithm, &part(&token, 1), &mut key, None).unwrap();
            let claims: Value = serde_json::from_slice(&opened(&token, key)).unwrap();
            assert_eq!(claims["sub"], "user-123");
        }
    }

    #[test]
    fn a_nested_jwt_is_the_signed_id_jag() {
        for (pem, curve) in [
            (include_str!("../../fixtures/keys/unpublished-p256.pem"), &agreement::ECDH_P256),
            (include_str!("../../fixtures/keys/unpublished-p384.pem"), &agreement::ECDH_P384),
        ] {
            let variables =
                variables().with("target.encryption_jwk", SigningKey::from_pem(pem).unwrap().jwk(None));
            let change = json!({ "encrypted": { "key": "target", "content": "signed" } });
            let (token, key) = attempt(Algorithm::ES256, change, &variables);
            let token = token.unwrap();
            let header = header(&token);
            assert_eq!((&header["alg"], &header["cty"]), (&json!("ECDH-ES"), &json!("JWT")));
            let bytes = |name: &str| B64URL.decode(header["epk"][name].as_str().unwrap()).unwrap();
            let theirs = UnparsedPublicKey::new(curve, [vec![4], bytes("x"), bytes("y")].concat());
            let private = PrivateKey::from_private_key_der(curve, &der(pem)).unwrap();
            let content_key =
                agreement::agree(&private, theirs, (), |secret| Ok(concat_kdf(secret, ENC, ["", ""], 256)));
            let inner = String::from_utf8(opened(&token, &content_key.unwrap())).unwrap();
            assert!(verifies(&inner, &key, jsonwebtoken::Algorithm::ES256));
        }
    }

    #[test]
    fn a_bomb_is_small_until_it_is_opened() {
        let change = json!({ "encrypted": { "key": "client-secret", "content": "zip-bomb" } });
        let token = attempt(Algorithm::ES256, change, &variables()).0.unwrap();
        assert_eq!((&header(&token)["zip"], &header(&token)["alg"]), (&json!("DEF"), &json!("dir")));
        assert!(token.len() < 60_000, "{}", token.len());
        let compressed = opened(&token, &sha256(&[b"s3cr3t"]));
        let zeros = miniz_oxide::inflate::decompress_to_vec_with_limit(&compressed, BOMB).unwrap();
        assert!(zeros.len() == BOMB && zeros.iter().all(|byte| *byte == 0));

        let change = json!({ "encrypted": { "key": "password", "content": "claims" } });
        let token = attempt(Algorithm::ES256, change, &variables()).0.unwrap();
        assert_eq!(header(&token)["p2c"], 100_000_000);
        assert_eq!(token.split('.').count(), 5);
    }

    #[test]
    fn one_of_two_nested_signatures_is_missing() {
        let nested = |nesting: &str| {
            let (token, key) = attempt(Algorithm::ES256, json!({ "nested": nesting }), &variables());
            (token.unwrap(), key)
        };
        let (token, key) = nested("signed-in-unsigned");
        assert!(token.ends_with('.'));
        assert_eq!((&header(&token)["alg"], &header(&token)["cty"]), (&json!("none"), &json!("JWT")));
        let inner = String::from_utf8(part(&token, 1)).unwrap();
        assert!(verifies(&inner, &key, jsonwebtoken::Algorithm::ES256));
        let (token, _) = nested("unsigned-in-signed");
        assert_eq!((&header(&token)["alg"], &header(&token)["cty"]), (&json!("ES256"), &json!("JWT")));
        let inner = String::from_utf8(part(&token, 1)).unwrap();
        assert!(inner.ends_with('.'));
        assert_eq!(header(&inner)["alg"], "none");
    }

    #[test]
    fn a_key_of_no_use_is_an_error_and_no_panic() {
        for jwk in [
            json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }),
            json!({ "kty": "EC", "crv": "P-256", "x": B64URL.encode([1; 32]), "y": B64URL.encode([1; 32]) }),
            json!({ "kty": "RSA", "n": "AA", "e": "AQAB" }),
            json!({ "kty": "RSA", "n": 7 }),
            json!(null),
        ] {
            let variables = variables().with("target.encryption_jwk", jwk.clone());
            let change = json!({ "encrypted": { "key": "target", "content": "claims" } });
            let token = attempt(Algorithm::ES256, change, &variables).0;
            assert_eq!(token, Err(AssemblyError::TargetKey), "{jwk}");
        }
    }
}
