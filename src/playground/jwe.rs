//! Encrypted ID-JAGs, as is proposed for the draft: a nested JWT (RFC 7519 section 11.2), signed first and then
//! encrypted for this server's own key. What is decrypted is an assertion like any other: that it could be decrypted
//! shows nothing of who has made it.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey},
    digest,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use rsa::pkcs8::SecretDocument;
use serde_json::{Map, Value};

use super::{
    faults::{Fault, Faults},
    refusal::Refusal,
    strict_json::{self, Duplicates},
};
use crate::keys::{KeyError, SigningKey};

/// The algorithms that the metadata offers.
pub(super) const ALG: &str = "ECDH-ES";
pub(super) const ENC: &str = "A256GCM";

/// The key that decrypts: fixed and public, so that runs are repeatable.
const KEY: &str = include_str!("../../fixtures/playground/encryption-key.pem");

/// The key that assertions are encrypted for.
#[derive(Debug)]
pub(super) struct DecryptionKey {
    private: PrivateKey,
    /// The same key, for its public half only.
    public: SigningKey,
}

/// What an assertion turned out to be.
#[derive(Debug)]
pub(super) enum Opened {
    /// The signed ID-JAG, which was encrypted or not.
    Signed(String),
    /// Claims that nobody has signed: only the server that takes those comes here.
    Claims { header: Map<String, Value>, claims: Vec<u8> },
}

impl DecryptionKey {
    pub(super) fn new() -> Result<Self, KeyError> {
        let unusable = |_| KeyError::Crypto("read the key that decrypts");
        let (_, der) = SecretDocument::from_pem(KEY).map_err(|_| unusable(()))?;
        let private =
            PrivateKey::from_private_key_der(&ECDH_P256, der.as_bytes()).map_err(|_| unusable(()))?;
        Ok(Self { private, public: SigningKey::from_pem(KEY)? })
    }

    /// The public key as a JWK.
    pub(super) fn jwk(&self) -> Value {
        let mut jwk = self.public.jwk(None);
        jwk["use"] = "enc".into();
        jwk["alg"] = ALG.into();
        jwk
    }

    /// The assertion itself, where it is not encrypted, else what is in it. `secret` is that of the client which
    /// presents it.
    pub(super) fn open(
        &self,
        assertion: &str,
        secret: Option<&str>,
        faults: &Faults,
    ) -> Result<Opened, Refusal> {
        let segments: Vec<&str> = assertion.split('.').collect();
        let [header, key, iv, ciphertext, tag] = segments[..] else {
            return Ok(Opened::Signed(assertion.to_owned()));
        };
        let unread = || Refusal::grant("the assertion is no JWE");
        let bytes = |segment: &str| B64URL.decode(segment).map_err(|_| unread());
        let members = strict_json::object(&bytes(header)?, Duplicates::Refused).map_err(|_| unread())?;
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let burden = members.contains_key("zip") || members.get("p2c").is_some_and(Value::is_number);
        if burden && faults.has(Fault::JweBomb500) {
            return Err(Refusal::crash("java.lang.OutOfMemoryError: while reading the JWE"));
        }
        let believes_claims = faults.has(Fault::JweForSignature);
        // Nothing is decompressed and no password is stretched: RFC 8725bis sections 3.15 and 2.12.
        if members.contains_key("zip") || members.contains_key("crit") || text("enc") != Some(ENC) {
            return Err(Refusal::grant("the JWE has zip, crit or another enc than A256GCM"));
        }
        let content_key = match (text("alg"), secret) {
            (Some(ALG), _) if key.is_empty() => self.agreed(&members).ok_or_else(unread)?,
            (Some("dir"), Some(secret)) if believes_claims => sha256(&[secret.as_bytes()]),
            _ => return Err(Refusal::grant("the JWE is not for ECDH-ES")),
        };
        if faults.has(Fault::EncryptedIdJagRefused) {
            return Err(Refusal::grant("the key that decrypts is the one of last year"));
        }
        let plaintext = decrypted(&content_key, header, &bytes(iv)?, bytes(ciphertext)?, &bytes(tag)?)
            .ok_or_else(|| Refusal::grant("the JWE cannot be decrypted"))?;
        if text("cty") == Some("JWT") {
            let inner = String::from_utf8(plaintext).map_err(|_| unread())?;
            return Ok(Opened::Signed(inner));
        }
        if believes_claims {
            return Ok(Opened::Claims { header: members, claims: plaintext });
        }
        Err(Refusal::grant("the JWE holds claims that nobody has signed"))
    }

    /// RFC 7518 section 4.6: the key that both sides derive, with `alg` and `enc` as this server has them.
    fn agreed(&self, header: &Map<String, Value>) -> Option<[u8; 32]> {
        let epk = header.get("epk")?.as_object()?;
        let coordinate = |name: &str| {
            let text = epk.get(name).and_then(Value::as_str)?;
            B64URL.decode(text).ok().filter(|bytes| bytes.len() == 32)
        };
        if epk.get("crv")? != "P-256" || header.contains_key("apu") || header.contains_key("apv") {
            return None;
        }
        let point = [&[4][..], &coordinate("x")?, &coordinate("y")?].concat();
        let theirs = UnparsedPublicKey::new(&ECDH_P256, point);
        agreement::agree(&self.private, theirs, (), |secret| {
            let nobody = [0; 8];
            let bits = 256_u32.to_be_bytes();
            Ok(sha256(&[&1_u32.to_be_bytes(), secret, &7_u32.to_be_bytes(), ENC.as_bytes(), &nobody, &bits]))
        })
        .ok()
    }
}

fn decrypted(
    key: &[u8; 32],
    header: &str,
    iv: &[u8],
    mut ciphertext: Vec<u8>,
    tag: &[u8],
) -> Option<Vec<u8>> {
    let iv: [u8; NONCE_LEN] = iv.try_into().ok()?;
    ciphertext.extend_from_slice(tag);
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let nonce = Nonce::assume_unique_for_key(iv);
    let plaintext = cipher.open_in_place(nonce, Aad::from(header.as_bytes()), &mut ciphertext).ok()?;
    Some(plaintext.to_vec())
}

fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    pieces.iter().for_each(|piece| context.update(piece));
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}
