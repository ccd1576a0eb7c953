//! Signing keys and their public halves as JWKs. Pure: reading files and the user's state folder is
//! `idp::key_store`'s business.
//!
//! A key is parsed once and signs from then on with its parsed form; jsonwebtoken, which parses anew at every
//! signature, is kept as the independent verifier of the playground and of the tests.

pub mod certificate;
pub mod ecdsa;
mod pem;

use std::fmt;

use aws_lc_rs::{
    digest,
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use rsa::{
    pkcs8::{
        DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding, SecretDocument,
        der::pem::PemLabel as _,
    },
    traits::PublicKeyParts as _,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A JWS signature algorithm with which the harness can sign (RFC 7518 section 3.1, RFC 8037, RFC 9864).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// Ed25519 under its polymorphic name of RFC 8037.
    EdDSA,
    /// Ed25519 under its fully specified name of RFC 9864.
    Ed25519,
}

impl Algorithm {
    /// The algorithms that `--idp-alg` takes: one key each is published, the last two share theirs.
    pub const OFFERED: [Algorithm; 6] = [
        Algorithm::RS256,
        Algorithm::PS256,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::EdDSA,
        Algorithm::Ed25519,
    ];

    /// The value of the JOSE header member `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::RS256 => "RS256",
            Algorithm::RS384 => "RS384",
            Algorithm::RS512 => "RS512",
            Algorithm::PS256 => "PS256",
            Algorithm::ES256 => "ES256",
            Algorithm::ES384 => "ES384",
            Algorithm::EdDSA => "EdDSA",
            Algorithm::Ed25519 => "Ed25519",
        }
    }

    /// The algorithms of a kind of key, the usual one first.
    pub fn of(key_type: KeyType) -> &'static [Algorithm] {
        match key_type {
            KeyType::Rsa => &[Algorithm::RS256, Algorithm::PS256, Algorithm::RS384, Algorithm::RS512],
            KeyType::P256 => &[Algorithm::ES256],
            KeyType::P384 => &[Algorithm::ES384],
            KeyType::Ed25519 => &[Algorithm::EdDSA, Algorithm::Ed25519],
        }
    }

    /// The usual algorithm of a kind of key.
    pub fn usual(key_type: KeyType) -> Algorithm {
        match key_type {
            KeyType::Rsa => Algorithm::RS256,
            KeyType::P256 => Algorithm::ES256,
            KeyType::P384 => Algorithm::ES384,
            KeyType::Ed25519 => Algorithm::EdDSA,
        }
    }

    /// The kind of key that makes such signatures.
    pub fn key_type(self) -> KeyType {
        match self {
            Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 | Algorithm::PS256 => KeyType::Rsa,
            Algorithm::ES256 => KeyType::P256,
            Algorithm::ES384 => KeyType::P384,
            Algorithm::EdDSA | Algorithm::Ed25519 => KeyType::Ed25519,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Algorithm {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        Algorithm::OFFERED.into_iter().find(|alg| alg.name() == s).ok_or_else(|| {
            let names: Vec<_> = Algorithm::OFFERED.iter().map(|alg| alg.name()).collect();
            format!("not a signature algorithm of jagspec: expected one of {}", names.join(", "))
        })
    }
}

/// A kind of asymmetric key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyType {
    /// RSA, 2048 bits when made here.
    Rsa,
    /// The NIST curve P-256.
    P256,
    /// The NIST curve P-384.
    P384,
    /// The Edwards curve of RFC 8032.
    Ed25519,
}

/// Why a key could not be made, read or used.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum KeyError {
    /// The text holds no private key in a form that is understood.
    #[error("not a private key in PEM (PKCS#8, PKCS#1 or SEC1) of RSA, P-256, P-384 or Ed25519: {0}")]
    NotAKey(String),
    /// An algorithm was asked of a key that cannot make it.
    #[error("a key of type {key:?} cannot make {algorithm} signatures")]
    WrongType {
        /// The key's type.
        key: KeyType,
        /// The algorithm asked for.
        algorithm: Algorithm,
    },
    /// The cryptographic library refused.
    #[error("the cryptographic library could not {0}")]
    Crypto(&'static str),
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    /// An RSA key that aws-lc is right to refuse: too short.
    ShortRsa(Box<rsa::PrivateKey>),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key, parsed, with its public JWK. `Debug` shows the `kid` and the type only.
pub struct SigningKey {
    kid: String,
    key_type: KeyType,
    pair: Pair,
    public_members: Vec<(&'static str, String)>,
    spki: Vec<u8>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("key_type", &self.key_type)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads a private key in PEM: PKCS#8, PKCS#1 (`RSA PRIVATE KEY`) or SEC1 (`EC PRIVATE KEY`). Its `kid` is
    /// the JWK thumbprint (RFC 7638), so the same key has the same `kid` in every run.
    ///
    /// # Errors
    /// [`KeyError::NotAKey`] says what was found instead.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if !pem.contains("-----BEGIN ") {
            return Err(KeyError::NotAKey("there is no PEM block in it".into()));
        }
        let block = pem::private_key_block(pem);
        let (label, der) = SecretDocument::from_pem(block)
            .map_err(|error| KeyError::NotAKey(format!("the PEM does not parse ({error})")))?;
        match label {
            "PRIVATE KEY" => Self::from_pkcs8(der.as_bytes()),
            "RSA PRIVATE KEY" => {
                use rsa::pkcs1::DecodeRsaPrivateKey as _;
                let key = rsa::PrivateKey::from_pkcs1_der(der.as_bytes())
                    .map_err(|error| KeyError::NotAKey(format!("the PKCS#1 key does not parse ({error})")))?;
                let pkcs8 = key.to_pkcs8_der().map_err(|_| KeyError::Crypto("re-encode an RSA key"))?;
                Self::from_pkcs8(pkcs8.as_bytes())
            }
            "EC PRIVATE KEY" => Self::from_sec1(der.as_bytes()),
            other => Err(KeyError::NotAKey(format!("the PEM holds a `{other}`, not a private key"))),
        }
    }

    /// Reads a private key in PKCS#8 DER.
    ///
    /// # Errors
    /// [`KeyError::NotAKey`] when it is of no supported type.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            return Self::from_rsa(pair);
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            let x = B64URL.encode(pair.public_key().as_ref());
            let spki = pair.public_key().as_der().map_err(|_| KeyError::Crypto("encode a public key"))?;
            return Ok(Self::new(
                KeyType::Ed25519,
                vec![("crv", "Ed25519".into()), ("kty", "OKP".into()), ("x", x)],
                spki.as_ref().to_vec(),
                Pair::Ed25519(pair),
            ));
        }
        for key_type in [KeyType::P256, KeyType::P384] {
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(ecdsa_algorithm(key_type), der) {
                return Self::from_ecdsa(key_type, pair);
            }
        }
        Err(KeyError::NotAKey(pem::refused_pkcs8(der)))
    }

    /// Reads an RSA key of fewer than 2048 bits, which RFC 7518 section 3.3 forbids and [`SigningKey::from_pem`]
    /// refuses: for the IdP that publishes one all the same. It makes RS256 signatures only.
    ///
    /// # Errors
    /// [`KeyError::NotAKey`] when it is no RSA key in PKCS#8.
    pub fn short_rsa_from_pem(pem: &str) -> Result<Self, KeyError> {
        let key = rsa::PrivateKey::from_pkcs8_pem(pem)
            .map_err(|error| KeyError::NotAKey(format!("the RSA key does not parse ({error})")))?;
        let public = key.to_public_key();
        let spki = public.to_public_key_der().map_err(|_| KeyError::Crypto("encode a public key"))?;
        let number = |number: &rsa::BoxedUint| B64URL.encode(number.to_be_bytes_trimmed_vartime());
        let members = vec![("e", number(public.e())), ("kty", "RSA".to_owned()), ("n", number(public.n()))];
        let spki = spki.as_bytes().to_vec();
        Ok(Self::new(KeyType::Rsa, members, spki, Pair::ShortRsa(Box::new(key))))
    }

    fn from_sec1(der: &[u8]) -> Result<Self, KeyError> {
        for key_type in [KeyType::P256, KeyType::P384] {
            if let Ok(pair) = EcdsaKeyPair::from_private_key_der(ecdsa_algorithm(key_type), der) {
                return Self::from_ecdsa(key_type, pair);
            }
        }
        Err(KeyError::NotAKey("the EC key is on another curve".into()))
    }

    fn from_rsa(pair: RsaKeyPair) -> Result<Self, KeyError> {
        let public = pair.public_key();
        let number = |bytes: &[u8]| {
            let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
            B64URL.encode(&bytes[first..])
        };
        let members = vec![
            ("e", number(public.exponent().big_endian_without_leading_zero())),
            ("kty", "RSA".to_owned()),
            ("n", number(public.modulus().big_endian_without_leading_zero())),
        ];
        let spki = public.as_der().map_err(|_| KeyError::Crypto("encode a public key"))?.as_ref().to_vec();
        Ok(Self::new(KeyType::Rsa, members, spki, Pair::Rsa(Box::new(pair))))
    }

    fn from_ecdsa(key_type: KeyType, pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let point = pair.public_key().as_ref();
        // SEC 1 section 2.3.3: the uncompressed point is 0x04, then both coordinates at full length.
        let (x, y) = point
            .split_first()
            .filter(|(form, _)| **form == 4)
            .map(|(_, rest)| rest.split_at(rest.len() / 2))
            .ok_or(KeyError::Crypto("read an EC point"))?;
        let curve = if key_type == KeyType::P256 { "P-256" } else { "P-384" };
        let members = vec![
            ("crv", curve.to_owned()),
            ("kty", "EC".to_owned()),
            ("x", B64URL.encode(x)),
            ("y", B64URL.encode(y)),
        ];
        let spki = pair
            .public_key()
            .as_der()
            .map_err(|_| KeyError::Crypto("encode a public key"))?
            .as_ref()
            .to_vec();
        Ok(Self::new(key_type, members, spki, Pair::Ecdsa(pair)))
    }

    /// `public_members` in the order that [`thumbprint`] needs.
    fn new(
        key_type: KeyType,
        public_members: Vec<(&'static str, String)>,
        spki: Vec<u8>,
        pair: Pair,
    ) -> Self {
        let kid = thumbprint(&public_members);
        Self { kid, key_type, pair, public_members, spki }
    }

    /// The key's identifier: its JWK SHA-256 thumbprint (RFC 7638), base64url.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key's type.
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// The members of the public key (RFC 7518 section 6), and no other.
    pub fn public_members(&self) -> &[(&'static str, String)] {
        &self.public_members
    }

    /// The public key as a JWK (RFC 7517) for signatures; `alg` is added where given. A key that serves several
    /// algorithms has none.
    pub fn jwk(&self, alg: Option<Algorithm>) -> Value {
        let mut jwk = json!({ "kid": self.kid, "use": "sig" });
        if let Some(alg) = alg {
            jwk["alg"] = json!(alg.name());
        }
        for (name, value) in &self.public_members {
            jwk[*name] = json!(value);
        }
        jwk
    }

    /// The public key as DER `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7).
    pub fn public_key_der(&self) -> &[u8] {
        &self.spki
    }

    /// The public key as PEM with a final newline.
    pub fn public_key_pem(&self) -> String {
        let text = base64::engine::general_purpose::STANDARD.encode(&self.spki);
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for line in text.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        pem
    }

    /// Signs `message`: the raw signature bytes in the form of RFC 7518 section 3 (ECDSA: r and s at full length).
    ///
    /// # Errors
    /// [`KeyError::WrongType`] when the key cannot make that algorithm.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match (&self.pair, algorithm) {
            (Pair::Rsa(pair), Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 | Algorithm::PS256) => {
                let encoding: &'static dyn RsaEncoding = match algorithm {
                    Algorithm::RS384 => &signature::RSA_PKCS1_SHA384,
                    Algorithm::RS512 => &signature::RSA_PKCS1_SHA512,
                    Algorithm::PS256 => &signature::RSA_PSS_SHA256,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut bytes = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut bytes)
                    .map_err(|_| KeyError::Crypto("sign with an RSA key"))?;
                Ok(bytes)
            }
            (Pair::ShortRsa(key), Algorithm::RS256) => {
                let hash = digest::digest(&digest::SHA256, message);
                let scheme =
                    rsa::Pkcs1v15Sign { hash_len: Some(hash.as_ref().len()), prefix: SHA256_PREFIX.into() };
                key.sign(scheme, hash.as_ref()).map_err(|_| KeyError::Crypto("sign with an RSA key"))
            }
            (Pair::Ecdsa(pair), Algorithm::ES256 | Algorithm::ES384)
                if algorithm.key_type() == self.key_type =>
            {
                let signature =
                    pair.sign(&random, message).map_err(|_| KeyError::Crypto("sign with an EC key"))?;
                Ok(signature.as_ref().to_vec())
            }
            (Pair::Ed25519(pair), Algorithm::EdDSA | Algorithm::Ed25519) => {
                Ok(pair.sign(message).as_ref().to_vec())
            }
            _ => Err(KeyError::WrongType { key: self.key_type, algorithm }),
        }
    }
}

/// A symmetric key that the IdP publishes for a case: everybody can read it, so that a MAC of it shows nothing.
#[derive(Debug, Clone, Copy)]
pub struct SymmetricKey {
    /// Its `kid`.
    pub kid: &'static str,
    /// Its bytes.
    pub secret: &'static [u8; 32],
}

/// The only one.
pub const SYMMETRIC_KEY: SymmetricKey =
    SymmetricKey { kid: "jagspec-symmetric", secret: b"jagspec: a key that all can read" };

impl SymmetricKey {
    /// The key as a JWK (RFC 7518 section 6.4).
    pub fn jwk(self) -> Value {
        json!({ "kid": self.kid, "use": "sig", "alg": "HS256", "kty": "oct", "k": B64URL.encode(self.secret) })
    }
}

/// What stands before a SHA-256 digest in a DigestInfo (RFC 8017 section 9.2, note 1).
const SHA256_PREFIX: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// Makes a new private key and returns it as PKCS#8 PEM. Slow for RSA: a second in a build without optimisation.
///
/// # Errors
/// [`KeyError::Crypto`] when the library fails, which no input can cause.
pub fn generate_pem(key_type: KeyType) -> Result<String, KeyError> {
    let failed = |_| KeyError::Crypto("make a key");
    let der: Vec<u8> = match key_type {
        KeyType::Rsa => rsa::PrivateKey::new(&mut rand::rng(), 2048)
            .ok()
            .and_then(|key| key.to_pkcs8_der().ok())
            .ok_or(KeyError::Crypto("make an RSA key"))?
            .as_bytes()
            .to_vec(),
        KeyType::P256 | KeyType::P384 => {
            let pair = EcdsaKeyPair::generate(ecdsa_algorithm(key_type)).map_err(failed)?;
            pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
        }
        KeyType::Ed25519 => {
            let pair = Ed25519KeyPair::generate().map_err(failed)?;
            pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
        }
    };
    let document = SecretDocument::try_from(der.as_slice()).map_err(|_| KeyError::Crypto("encode a key"))?;
    let pem = document
        .to_pem(rsa::pkcs8::PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF)
        .map_err(|_| KeyError::Crypto("encode a key"))?;
    Ok(pem.to_string())
}

/// Makes an RSA key of 1024 bits, for [`SigningKey::short_rsa_from_pem`].
///
/// # Errors
/// [`KeyError::Crypto`] when the library fails, which no input can cause.
pub fn generate_short_rsa_pem() -> Result<String, KeyError> {
    const FAILED: KeyError = KeyError::Crypto("make an RSA key");
    let key = rsa::PrivateKey::new(&mut rand::rng(), 1024).map_err(|_| FAILED)?;
    Ok(key.to_pkcs8_pem(LineEnding::LF).map_err(|_| FAILED)?.to_string())
}

/// The JWK thumbprint (RFC 7638) of a public key that came as a JWK; none where its type is not known or a required
/// member is missing.
pub fn jwk_thumbprint(jwk: &serde_json::Map<String, Value>) -> Option<String> {
    let names: &[&'static str] = match jwk.get("kty")?.as_str()? {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    let text = |name: &&'static str| Some((*name, jwk.get(*name)?.as_str()?.to_owned()));
    names.iter().map(text).collect::<Option<Vec<_>>>().map(|members| thumbprint(&members))
}

/// The JWK SHA-256 thumbprint (RFC 7638), base64url, of the required members in lexicographic order.
fn thumbprint(members: &[(&'static str, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
    let canonical = format!("{{{}}}", members.join(","));
    B64URL.encode(digest::digest(&digest::SHA256, canonical.as_bytes()))
}

fn ecdsa_algorithm(key_type: KeyType) -> &'static signature::EcdsaSigningAlgorithm {
    match key_type {
        KeyType::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        _ => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
    }
}

#[cfg(test)]
mod tests;
