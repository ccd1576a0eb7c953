//! The assertions: the well-formed ID-JAG of the draft, the well-formed client assertion, the defects that can be put
//! into them, and the one path on which good and bad ones are assembled and signed. Pure: key, clock and `jti` are
//! given; nothing is sent here.

mod change;
mod describe;
mod jws;
mod members;

pub use change::*;
pub use members::Members;
use serde_json::{Map, Value, json};

use crate::{
    keys::{Algorithm, KeyError, SigningKey},
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

/// An ID-JAG, or a client assertion, before it is signed.
#[derive(Debug, Clone, PartialEq)]
pub struct IdJag {
    header: Members,
    claims: Members,
    /// A payload in place of the claims.
    payload: Option<String>,
    /// The claims as they were before any change: what `SignatureDefect::OfUnchangedClaims` signs.
    unchanged_claims: Members,
    algorithm: Algorithm,
    key: KeyChoice,
    signature: Option<SignatureDefect>,
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
            algorithm,
            key,
            signature: None,
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
    /// `client_secret` serves the MAC that is keyed with it.
    ///
    /// # Errors
    /// [`KeyError::WrongType`] when `key` is not of the algorithm's type.
    pub fn assemble(&self, key: &SigningKey, client_secret: Option<&str>) -> Result<String, KeyError> {
        let mut header = self.header.clone();
        if self.alg_follows {
            let alg = match &self.signature {
                Some(SignatureDefect::Hmac(hmac)) => jws::hmac_name(hmac.algorithm),
                _ => self.algorithm.name(),
            };
            header.set("alg", &json!(alg));
        }
        if self.kid_follows {
            header.set("kid", &json!(key.kid()));
        }
        let payload = self.payload.clone().unwrap_or_else(|| self.claims.to_json());
        let mut parts = jws::Parts::new(&header.to_json(), &payload);
        parts.signature = match &self.signature {
            None => key.sign(self.algorithm, parts.signing_input().as_bytes())?,
            Some(SignatureDefect::OfUnchangedClaims) => {
                let original = jws::Parts::new(&header.to_json(), &self.unchanged_claims.to_json());
                key.sign(self.algorithm, original.signing_input().as_bytes())?
            }
            Some(SignatureDefect::Hmac(hmac)) => {
                jws::hmac(hmac, key, client_secret.unwrap_or_default(), parts.signing_input().as_bytes())
            }
            Some(SignatureDefect::Empty) => Vec::new(),
            Some(defect) => {
                let signature = key.sign(self.algorithm, parts.signing_input().as_bytes())?;
                jws::damage(signature, defect)
            }
        };
        Ok(self.compact.iter().fold(parts.compact(), jws::transform))
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
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
