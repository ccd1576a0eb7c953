//! The assertions: the well-formed ID-JAG of the draft, the well-formed client assertion, the defects that can be put
//! into them, and the one path on which good and bad ones are assembled and signed. Pure: key, clock and `jti` are
//! given; nothing is sent here.

mod bulk;
mod change;
mod describe;
mod jwe;
mod jws;
mod members;
mod payload;

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
pub use bulk::{Bulk, MOST};
pub use change::*;
pub use jwe::{EncryptedContent, Encryption, EncryptionKey, Nesting, recipient};
pub use jws::transform;
pub use members::Members;
pub use payload::PayloadEncoding;
use serde_json::{Map, Value, json};

use crate::{
    keys::{Algorithm, KeyError, SYMMETRIC_KEY, SigningKey, certificate},
    template::{self, Missing, Variables},
};

/// The value of the JOSE header member `typ`
/// (draft-ietf-oauth-identity-assertion-authz-grant section 3.1).
pub const TYP: &str = "oauth-id-jag+jwt";

/// How long a well-formed ID-JAG lives, in seconds: the five minutes of the draft's examples.
pub const LIFETIME: i64 = 300;

/// The value of the JOSE header member `typ` of a client assertion (draft-ietf-oauth-rfc7523bis section 4).
pub const CLIENT_ASSERTION_TYP: &str = "client-authentication+jwt";

/// How long a well-formed client assertion lives, in seconds: made for one request, which it has to outlive only.
pub const CLIENT_ASSERTION_LIFETIME: i64 = 60;

/// What an ID-JAG asserts.
#[derive(Debug, Clone)]
pub struct Grant {
    /// `iss`: the IdP.
    pub issuer: String,
    /// `sub`: the user, as the IdP names it.
    pub subject: String,
    /// `aud`: the issuer identifier of the authorization server.
    pub audience: String,
    /// `client_id`: the client's identifier at the authorization server.
    pub client_id: String,
    /// `scope`, space-separated.
    pub scope: Option<String>,
    /// `resource`, an absolute URI.
    pub resource: Option<String>,
    /// Further claims; they win over the others.
    pub claims: Map<String, Value>,
}

/// Why an ID-JAG cannot be assembled with a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssemblyError {
    /// The key is not of the algorithm's type.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The defect is one of ECDSA signatures.
    #[error("not applicable: the ID-JAG has no ECDSA signature")]
    NotEcdsa,
    /// The signature has none of the characters in which the two alphabets of base64 differ.
    #[error("not applicable: this signature is the same in both alphabets of base64")]
    SameAlphabet,
    /// The target's key is of no use.
    #[error("the target's public key is one that nothing can be encrypted to")]
    TargetKey,
    /// The cryptographic library refused to encrypt.
    #[error("the cryptographic library could not encrypt")]
    Encryption,
}

/// An ID-JAG, or a client assertion, before it is signed.
#[derive(Debug, Clone, PartialEq)]
pub struct IdJag {
    header: Members,
    claims: Members,
    /// A payload in place of the claims.
    payload: Option<String>,
    encoding: Option<PayloadEncoding>,
    /// The claims as they were before any change: what `SignatureDefect::OfUnchangedClaims` signs.
    unchanged_claims: Members,
    algorithm: Algorithm,
    key: KeyChoice,
    self_signed_certificate: bool,
    signature: Option<SignatureDefect>,
    nested: Option<Nesting>,
    /// With the target's key, where the JWE is made for it.
    encrypted: Option<(Encryption, Option<Value>)>,
    compact: Vec<CompactDefect>,
    /// False once a change has set or removed the `kid`: then it no longer follows the key.
    kid_follows: bool,
    /// The same for `alg` and the algorithm.
    alg_follows: bool,
}

impl IdJag {
    /// The ID-JAG of draft-ietf-oauth-identity-assertion-authz-grant section 3.1, issued at `now` (seconds since
    /// the epoch) for [`LIFETIME`] seconds.
    pub fn well_formed(grant: &Grant, algorithm: Algorithm, now: i64, jti: &str) -> Self {
        let header = [("typ", json!(TYP)), ("alg", Value::Null), ("kid", Value::Null)];
        let mut claims: Members = [
            ("iss", json!(grant.issuer)),
            ("sub", json!(grant.subject)),
            ("aud", json!(grant.audience)),
            ("client_id", json!(grant.client_id)),
            ("jti", json!(jti)),
            ("iat", json!(now)),
            ("exp", json!(now + LIFETIME)),
        ]
        .into_iter()
        .collect();
        if let Some(resource) = &grant.resource {
            claims.set("resource", &json!(resource));
        }
        if let Some(scope) = &grant.scope {
            claims.set("scope", &json!(scope));
        }
        for (name, value) in &grant.claims {
            claims.set(name, value);
        }
        Self::of(header.into_iter().collect(), claims, algorithm, KeyChoice::Published)
    }

    /// The client assertion of RFC 7523 section 3, with the type and the single audience of
    /// draft-ietf-oauth-rfc7523bis section 4, issued at `now` (seconds since the epoch) for
    /// [`CLIENT_ASSERTION_LIFETIME`] seconds.
    pub fn client_assertion(
        client_id: &str,
        audience: &str,
        algorithm: Algorithm,
        now: i64,
        jti: &str,
    ) -> Self {
        let header = [("typ", json!(CLIENT_ASSERTION_TYP)), ("alg", Value::Null), ("kid", Value::Null)];
        let claims = [
            ("iss", json!(client_id)),
            ("sub", json!(client_id)),
            ("aud", json!(audience)),
            ("jti", json!(jti)),
            ("iat", json!(now)),
            ("exp", json!(now + CLIENT_ASSERTION_LIFETIME)),
        ];
        Self::of(header.into_iter().collect(), claims.into_iter().collect(), algorithm, KeyChoice::Client)
    }

    fn of(header: Members, claims: Members, algorithm: Algorithm, key: KeyChoice) -> Self {
        IdJag {
            header,
            unchanged_claims: claims.clone(),
            claims,
            payload: None,
            encoding: None,
            algorithm,
            key,
            self_signed_certificate: false,
            signature: None,
            nested: None,
            encrypted: None,
            compact: Vec::new(),
            kid_follows: true,
            alg_follows: true,
        }
    }

    /// Puts a change into it. Changes add up: a case's `setup` first, then its defect.
    ///
    /// # Errors
    /// [`Missing`] when a value names a variable that this run does not have.
    pub fn apply(&mut self, change: &IdJagChange, variables: &Variables) -> Result<(), Missing> {
        apply_members(
            &mut self.claims,
            &change.claims,
            &change.remove_claims,
            &change.raw_claims,
            &change.duplicate_claims,
            variables,
        )?;
        apply_members(
            &mut self.header,
            &change.header,
            &change.remove_header,
            &change.raw_header,
            &change.duplicate_header,
            variables,
        )?;
        change.escaped_claims.iter().for_each(|name| self.claims.escape(name));
        if let Some(bulk) = change.bulk {
            bulk.put_into(&mut self.header, &mut self.claims);
        }
        self.encoding = change.encoding.or(self.encoding);
        self.self_signed_certificate |= change.self_signed_certificate;
        self.nested = change.nested.or(self.nested);
        if let Some(encryption) = change.encrypted {
            let jwk = match encryption.key {
                EncryptionKey::Target => {
                    Some(template::substitute(&json!("${target.encryption_jwk}"), variables)?)
                }
                EncryptionKey::ClientSecret | EncryptionKey::Password => None,
            };
            self.encrypted = Some((encryption, jwk));
        }
        if let Some(text) = &change.payload {
            self.payload = Some(template::substitute_text(text, variables)?);
        }
        let sets = |name: &str| {
            change.header.contains_key(name)
                || change.raw_header.contains_key(name)
                || change.remove_header.iter().any(|removed| removed == name)
        };
        self.kid_follows &= !sets("kid");
        self.alg_follows &= !sets("alg");
        self.algorithm = change.algorithm.unwrap_or(self.algorithm);
        self.key = change.key.unwrap_or(self.key);
        if change.signature.is_some() {
            self.signature.clone_from(&change.signature);
        }
        for defect in &change.compact {
            self.compact.push(match defect {
                CompactDefect::Replaced(text) => {
                    CompactDefect::Replaced(template::substitute_text(text, variables)?)
                }
                other => other.clone(),
            });
        }
        Ok(())
    }

    /// Its claims as they will be written.
    pub fn claims(&self) -> &Members {
        &self.claims
    }

    /// The algorithm with which it is signed.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The same, signed by another algorithm: where its key decides.
    pub fn set_algorithm(&mut self, algorithm: Algorithm) {
        self.algorithm = algorithm;
    }

    /// Whose key signs it.
    pub fn key(&self) -> KeyChoice {
        self.key
    }

    /// Signs and writes the compact serialisation (RFC 7515 section 7.1), with every defect that was put in.
    /// `client_secret` serves the MAC, or the JWE, that is keyed with it.
    ///
    /// # Errors
    /// [`AssemblyError`]: `key` is not of the algorithm's type, or a defect does not go with it.
    pub fn assemble(&self, key: &SigningKey, client_secret: Option<&str>) -> Result<String, AssemblyError> {
        let client_secret = client_secret.unwrap_or_default();
        let payload = self.payload.clone().unwrap_or_else(|| self.claims.to_json());
        let payload = payload::bytes(payload, self.encoding);
        let header = self.complete_header(key)?;
        let signed = match self.nested {
            None => self.sign(&header, &payload, key, client_secret)?,
            Some(Nesting::SignedInUnsigned) => {
                let inner = self.sign(&header, &payload, key, client_secret)?;
                let outer: Members = [("typ", json!(TYP)), ("alg", json!("none")), ("cty", json!("JWT"))]
                    .into_iter()
                    .collect();
                jws::Parts::new(&outer.to_json(), inner.as_bytes()).compact()
            }
            Some(Nesting::UnsignedInSigned) => {
                let (mut inner, mut outer) = (header.clone(), header);
                inner.set("alg", &json!("none"));
                outer.set("cty", &json!("JWT"));
                let inner = jws::Parts::new(&inner.to_json(), &payload).compact();
                self.sign(&outer, inner.as_bytes(), key, client_secret)?
            }
        };
        let token = match &self.encrypted {
            None => signed,
            Some((encryption, jwk)) => {
                let content = match encryption.content {
                    EncryptedContent::Claims => payload,
                    EncryptedContent::Signed | EncryptedContent::ZipBomb => signed.into_bytes(),
                };
                jwe::encrypt(*encryption, &content, jwk.as_ref(), client_secret)?
            }
        };
        self.compact.iter().try_fold(token, jws::transform)
    }

    /// The header with what follows from the key and the algorithm.
    fn complete_header(&self, key: &SigningKey) -> Result<Members, AssemblyError> {
        let mut header = self.header.clone();
        let hmac = match &self.signature {
            Some(SignatureDefect::Hmac(hmac)) => Some(hmac),
            _ => None,
        };
        if self.alg_follows {
            let alg = hmac.map_or(self.algorithm.name(), |hmac| jws::hmac_name(hmac.algorithm));
            header.set("alg", &json!(alg));
        }
        if self.kid_follows {
            let published = hmac.is_some_and(|hmac| hmac.secret == HmacSecret::PublishedSymmetricKey);
            header.set("kid", &json!(if published { SYMMETRIC_KEY.kid } else { key.kid() }));
        }
        if self.self_signed_certificate {
            header.set("x5c", &json!([B64.encode(certificate::self_signed(key)?)]));
        }
        Ok(header)
    }

    /// The compact serialisation of a payload, with the signature that is asked for.
    fn sign(
        &self,
        header: &Members,
        payload: &[u8],
        key: &SigningKey,
        client_secret: &str,
    ) -> Result<String, AssemblyError> {
        let mut parts = jws::Parts::new(&header.to_json(), payload);
        parts.signature = match &self.signature {
            None => key.sign(self.algorithm, parts.signing_input().as_bytes())?,
            Some(SignatureDefect::OfUnchangedClaims) => {
                let unchanged = self.unchanged_claims.to_json();
                let original = jws::Parts::new(&header.to_json(), unchanged.as_bytes());
                key.sign(self.algorithm, original.signing_input().as_bytes())?
            }
            Some(SignatureDefect::Hmac(hmac)) => {
                jws::hmac(hmac, key, client_secret, parts.signing_input().as_bytes())
            }
            Some(SignatureDefect::Empty) => Vec::new(),
            Some(defect) => {
                let signature = key.sign(self.algorithm, parts.signing_input().as_bytes())?;
                jws::damage(signature, defect, self.algorithm)?
            }
        };
        Ok(parts.compact())
    }
}

fn apply_members(
    members: &mut Members,
    set: &Map<String, Value>,
    remove: &[String],
    raw: &std::collections::BTreeMap<String, String>,
    duplicates: &[Duplicate],
    variables: &Variables,
) -> Result<(), Missing> {
    for (name, value) in set {
        members.set(name, &template::substitute(value, variables)?);
    }
    for (name, text) in raw {
        members.set_raw(name, template::substitute_text(text, variables)?);
    }
    for name in remove {
        members.remove(name);
    }
    for duplicate in duplicates {
        members.duplicate(
            &duplicate.name,
            &template::substitute(&duplicate.value, variables)?,
            duplicate.place,
            duplicate.escaped,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
