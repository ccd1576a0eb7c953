//! DPoP proofs (RFC 9449 section 4.2): the well-formed one, and what a case changes of it. Pure: time and identifiers
//! are given.

use std::sync::OnceLock;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    keys::{Algorithm, KeyError, SigningKey},
    template::{self, Missing, Variables},
};

/// The header field.
pub const FIELD: &str = "DPoP";

/// The algorithm of every proof: what all servers with DPoP know.
pub const ALGORITHM: Algorithm = Algorithm::ES256;

/// The keys are fixed and public: a proof shows that a target looks at it, and protects nothing.
const OWN: &str = include_str!("../../fixtures/keys/dpop-p256.pem");
const OTHER: &str = include_str!("../../fixtures/keys/dpop-other-p256.pem");

/// A DPoP proof in the token request, and what differs in it from the well-formed one: `typ` `dpop+jwt`, ES256, `jwk`,
/// `htm` POST, `htu` the token endpoint, `iat` now, a fresh `jti`, and the nonce where the target demands one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DpopChange {
    /// Whose key signs.
    pub key: DpopKey,
    /// Claims set to a JSON value; `${…}` variables are replaced.
    pub claims: Map<String, Value>,
    /// Claims left out.
    pub remove_claims: Vec<String>,
    /// Members of the JOSE header set to a JSON value. `alg` here changes the text only.
    pub header: Map<String, Value>,
    /// Members of the JOSE header left out.
    pub remove_header: Vec<String>,
    /// Whether `jwk` holds a private member as well.
    pub private_jwk: bool,
    /// What is done to the signature.
    pub signature: Option<DpopSignature>,
    /// How many header fields hold it, where it is not one; 0 takes that of `setup` away.
    #[schemars(range(max = 4))]
    pub copies: Option<u8>,
    /// The proof of the step before is sent once more, in place of a fresh one.
    pub same_proof: bool,
}

/// Whose key signs a DPoP proof.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DpopKey {
    /// The one with the thumbprint `${dpop.jkt}`.
    #[default]
    Own,
    /// Another one.
    Other,
}

/// What is done to the signature of a DPoP proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DpopSignature {
    /// One bit is flipped.
    Flipped,
    /// No signature.
    Empty,
    /// HMAC with SHA-256, keyed with the JSON text of the proof's own `jwk`. The header's `alg` follows.
    MacWithTheJwk,
}

/// What a proof is made for.
#[derive(Debug, Clone, Copy)]
pub struct DpopContext<'a> {
    /// Where the request goes.
    pub token_endpoint: &'a str,
    /// Seconds since the epoch.
    pub now: i64,
    /// The proof's own identifier.
    pub jti: &'a str,
    /// What the target has demanded.
    pub nonce: Option<&'a str>,
}

/// The key that signs proofs.
///
/// # Errors
/// [`KeyError`], which only a broken build can cause.
pub fn key(choice: DpopKey) -> Result<&'static SigningKey, KeyError> {
    static KEYS: [OnceLock<Result<SigningKey, KeyError>>; 2] = [OnceLock::new(), OnceLock::new()];
    let (slot, pem) = match choice {
        DpopKey::Own => (&KEYS[0], OWN),
        DpopKey::Other => (&KEYS[1], OTHER),
    };
    slot.get_or_init(|| SigningKey::from_pem(pem)).as_ref().map_err(Clone::clone)
}

impl DpopChange {
    /// The same with its variables replaced.
    pub(super) fn substituted(&self, variables: &Variables) -> Result<Self, Missing> {
        let members = |members: &Map<String, Value>| {
            let substituted = members.iter().map(|(name, value)| {
                template::substitute(value, variables).map(|value| (name.clone(), value))
            });
            substituted.collect::<Result<Map<_, _>, _>>()
        };
        Ok(DpopChange { claims: members(&self.claims)?, header: members(&self.header)?, ..self.clone() })
    }

    /// How many header fields hold the proof.
    pub fn fields(&self) -> u8 {
        self.copies.unwrap_or(1)
    }

    /// The proof.
    ///
    /// # Errors
    /// [`KeyError`], which only a broken build can cause.
    pub fn proof(&self, context: DpopContext<'_>) -> Result<String, KeyError> {
        let key = key(self.key)?;
        let mut jwk = Map::new();
        for (name, value) in key.public_members() {
            jwk.insert((*name).to_owned(), json!(value));
        }
        if self.private_jwk {
            // Not the key's own: whoever sees a `d` has to refuse, whatever it holds.
            jwk.insert("d".to_owned(), json!(B64URL.encode([7; 32])));
        }
        let mac = self.signature == Some(DpopSignature::MacWithTheJwk);
        let alg = if mac { "HS256" } else { ALGORITHM.name() };
        let jwk = Value::Object(jwk);
        let secret = jwk.to_string();
        let header = json!({ "typ": "dpop+jwt", "alg": alg, "jwk": jwk });
        // RFC 9449 section 4.2: without query and fragment.
        let htu = context.token_endpoint.split(['?', '#']).next().unwrap_or_default();
        let mut claims = json!({ "jti": context.jti, "htm": "POST", "htu": htu, "iat": context.now });
        if let Some(nonce) = context.nonce {
            claims["nonce"] = json!(nonce);
        }
        let header = changed(header, &self.header, &self.remove_header);
        let claims = changed(claims, &self.claims, &self.remove_claims);
        let signed = format!("{}.{}", B64URL.encode(header), B64URL.encode(claims));
        let signature = match self.signature {
            Some(DpopSignature::Empty) => Vec::new(),
            Some(DpopSignature::MacWithTheJwk) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
            }
            Some(DpopSignature::Flipped) => {
                let mut signature = key.sign(ALGORITHM, signed.as_bytes())?;
                if let Some(byte) = signature.get_mut(20) {
                    *byte ^= 0x10;
                }
                signature
            }
            None => key.sign(ALGORITHM, signed.as_bytes())?,
        };
        Ok(format!("{signed}.{}", B64URL.encode(signature)))
    }

    /// What differs, in words.
    pub(super) fn describe(&self) -> Vec<String> {
        let mut words = Vec::new();
        match self.fields() {
            0 => return vec!["no DPoP proof".to_owned()],
            1 if self.same_proof => words.push("the same DPoP proof once more".to_owned()),
            1 if *self == DpopChange::default() => words.push("a DPoP proof".to_owned()),
            1 => {}
            copies => words.push(format!("{copies} DPoP header fields")),
        }
        if self.key == DpopKey::Other {
            words.push("the DPoP proof is by another key".into());
        }
        for (kind, set, removed) in
            [("claim", &self.claims, &self.remove_claims), ("header", &self.header, &self.remove_header)]
        {
            words.extend(
                set.iter().map(|(name, value)| format!("{kind} `{name}` of the DPoP proof is `{value}`")),
            );
            words.extend(removed.iter().map(|name| format!("no {kind} `{name}` in the DPoP proof")));
        }
        if self.private_jwk {
            words.push("the `jwk` of the DPoP proof has a private member".into());
        }
        words.extend(self.signature.map(|signature| {
            match signature {
                DpopSignature::Flipped => "one bit of the DPoP proof's signature flipped",
                DpopSignature::Empty => "the DPoP proof has no signature",
                DpopSignature::MacWithTheJwk => {
                    "a MAC keyed with the DPoP proof's own `jwk` in place of its signature"
                }
            }
            .to_owned()
        }));
        words
    }
}

fn changed(members: Value, set: &Map<String, Value>, removed: &[String]) -> String {
    let Value::Object(mut members) = members else { return String::new() };
    members.extend(set.clone());
    members.retain(|name, _| !removed.contains(name));
    Value::Object(members).to_string()
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    const CONTEXT: DpopContext<'_> = DpopContext {
        token_endpoint: "https://as.example/token?tenant=1",
        now: 1_800_000_000,
        jti: "proof-1",
        nonce: Some("n"),
    };

    fn proof(change: Value) -> String {
        let change: DpopChange = serde_json::from_value(change).unwrap();
        change.proof(CONTEXT).unwrap()
    }

    fn part(proof: &str, index: usize) -> Value {
        serde_json::from_slice(&B64URL.decode(proof.split('.').nth(index).unwrap()).unwrap()).unwrap()
    }

    fn verifies(proof: &str) -> bool {
        let jwk = serde_json::from_value(part(proof, 0)["jwk"].clone()).unwrap();
        let mut validation = Validation::new(jsonwebtoken::Algorithm::ES256);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode::<Value>(proof, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).is_ok()
    }

    #[test]
    fn the_well_formed_proof_is_what_the_rfc_says() {
        let proof = proof(json!({}));
        let header = part(&proof, 0);
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        let members: Vec<&String> = header["jwk"].as_object().unwrap().keys().collect();
        assert_eq!(members, ["crv", "kty", "x", "y"]);
        let thumbprint = crate::keys::jwk_thumbprint(header["jwk"].as_object().unwrap());
        assert_eq!(thumbprint.as_deref(), Some(key(DpopKey::Own).unwrap().kid()));
        assert_eq!(
            part(&proof, 1),
            json!({
                "jti": "proof-1", "htm": "POST", "htu": "https://as.example/token", "iat": 1_800_000_000,
                "nonce": "n",
            })
        );
        assert!(verifies(&proof));
    }

    #[test]
    fn each_change_is_in_the_bytes() {
        let changed = proof(json!({
            "claims": { "htm": "GET" }, "remove_claims": ["iat"],
            "header": { "typ": "JWT" }, "remove_header": ["alg"], "private_jwk": true,
        }));
        assert_eq!(
            part(&changed, 1),
            json!({
                "jti": "proof-1", "htm": "GET", "htu": "https://as.example/token", "nonce": "n",
            })
        );
        assert_eq!(part(&changed, 0)["typ"], "JWT");
        assert_eq!(part(&changed, 0).get("alg"), None);
        assert!(part(&changed, 0)["jwk"]["d"].is_string());
        let other = proof(json!({ "key": "other" }));
        assert!(verifies(&other));
        assert_ne!(part(&other, 0)["jwk"], part(&changed, 0)["jwk"]);
        assert!(!verifies(&proof(json!({ "signature": "flipped" }))));
        assert!(proof(json!({ "signature": "empty" })).ends_with('.'));
        let mac = proof(json!({ "signature": "mac-with-the-jwk" }));
        assert_eq!(part(&mac, 0)["alg"], "HS256");
        let secret = part(&mac, 0)["jwk"].to_string();
        let mut validation = Validation::new(jsonwebtoken::Algorithm::HS256);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let key = DecodingKey::from_secret(secret.as_bytes());
        assert!(jsonwebtoken::decode::<Value>(&mac, &key, &validation).is_ok());
    }

    #[test]
    fn changes_are_told_in_words() {
        let words = |change: Value| serde_json::from_value::<DpopChange>(change).unwrap().describe();
        assert_eq!(words(json!({})), ["a DPoP proof"]);
        assert_eq!(words(json!({ "copies": 0 })), ["no DPoP proof"]);
        assert_eq!(words(json!({ "copies": 2 })), ["2 DPoP header fields"]);
        assert_eq!(words(json!({ "same_proof": true })), ["the same DPoP proof once more"]);
        assert_eq!(
            words(json!({ "key": "other", "claims": { "htm": "GET" }, "remove_header": ["typ"] })),
            [
                "the DPoP proof is by another key",
                "claim `htm` of the DPoP proof is `\"GET\"`",
                "no header `typ` in the DPoP proof",
            ]
        );
    }
}
