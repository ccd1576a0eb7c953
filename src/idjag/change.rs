//! What can be changed of the well-formed ID-JAG, in the words of the suite files. The types are read from YAML
//! as they stand; applying them is `idjag`'s business. No signing here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Bulk, Encryption, EncryptionKey, Nesting, PayloadEncoding};
use crate::keys::Algorithm;

/// What differs from the well-formed ID-JAG, or from the well-formed client assertion. Nothing given is the
/// well-formed one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IdJagChange {
    /// Claims set to a JSON value, null included; `${…}` variables are replaced.
    pub claims: Map<String, Value>,
    /// Claims left out.
    pub remove_claims: Vec<String>,
    /// Claims whose value is this very text, for what JSON values in YAML cannot say (`1e400`, `NaN`).
    pub raw_claims: BTreeMap<String, String>,
    /// Claims written a second time.
    pub duplicate_claims: Vec<Duplicate>,
    /// Claims whose name is written with an escape, as in `"\u0061ud"`: for every reader of JSON the same name.
    pub escaped_claims: Vec<String>,
    /// How the claims are written as bytes.
    pub encoding: Option<PayloadEncoding>,
    /// Much of something.
    pub bulk: Option<Bulk>,
    /// The payload is this very text in place of the claims; `${…}` variables are replaced. It is signed rightly.
    pub payload: Option<String>,
    /// Members of the JOSE header set to a JSON value, null included. `alg` here changes the text only, not the
    /// way in which the token is signed.
    pub header: Map<String, Value>,
    /// Members of the JOSE header left out.
    pub remove_header: Vec<String>,
    /// Members of the JOSE header whose value is this very text.
    pub raw_header: BTreeMap<String, String>,
    /// Members of the JOSE header written a second time.
    pub duplicate_header: Vec<Duplicate>,
    /// Sign with this algorithm, and with the key that the IdP publishes for it.
    pub algorithm: Option<Algorithm>,
    /// Whose key signs.
    pub key: Option<KeyChoice>,
    /// A certificate of the signing key, which that key has signed itself, in the header's `x5c`.
    pub self_signed_certificate: bool,
    /// What is done to the signature.
    pub signature: Option<SignatureDefect>,
    /// The ID-JAG is the payload of another JWS.
    pub nested: Option<Nesting>,
    /// The ID-JAG, or its claims, in a JWE.
    pub encrypted: Option<Encryption>,
    /// What is done to the compact serialisation, in this order.
    pub compact: Vec<CompactDefect>,
}

impl IdJagChange {
    /// True when nothing is changed.
    pub fn is_empty(&self) -> bool {
        *self == IdJagChange::default()
    }

    /// The change as a suite file could have it, without what it leaves alone.
    pub fn in_words(&self) -> Value {
        // The types have no map with other keys than strings, and no float that JSON lacks: it cannot fail.
        let mut words = serde_json::to_value(self).unwrap_or_default();
        if let Some(words) = words.as_object_mut() {
            words.retain(|_, word| match word {
                Value::Null => false,
                Value::Array(items) => !items.is_empty(),
                Value::Object(members) => !members.is_empty(),
                Value::Bool(word) => *word,
                Value::Number(_) | Value::String(_) => true,
            });
        }
        words
    }

    /// Whether one of its values uses this variable.
    pub fn uses(&self, variable: &str) -> bool {
        let for_the_target = self.encrypted.is_some_and(|encryption| encryption.key == EncryptionKey::Target);
        if variable == "target.encryption_jwk" && for_the_target {
            return true;
        }
        let words = self.in_words().to_string();
        ["}", "|"].into_iter().any(|end| words.contains(&format!("${{{variable}{end}")))
    }
}

/// A member written a second time under the same name.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Duplicate {
    /// The member's name.
    pub name: String,
    /// The value of the second writing; `${…}` variables are replaced.
    pub value: Value,
    /// Where it stands: before or after the member of the well-formed ID-JAG.
    pub place: Place,
    /// Its name is written with an escape, as in `"\u0061ud"`.
    #[serde(default)]
    pub escaped: bool,
}

/// Where a duplicate member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Before the original: a parser for which the last one counts sees the original.
    First,
    /// After the original: a parser for which the first one counts sees the original.
    Last,
}

/// Whose key signs. The `kid` follows the key unless the header sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyChoice {
    /// A key in the JWKS of the IdP that the target trusts: what the well-formed ID-JAG has.
    Published,
    /// A key that no JWKS holds, and that nobody has registered.
    Unpublished,
    /// The key of `{idp issuer}/untrusted`, which publishes it in a JWKS of its own.
    UntrustedIssuer,
    /// The key of the second trusted issuer, `{idp issuer}/other`.
    OtherIssuer,
    /// The key that the IdP action `add-key` or `rotate-key` has published since.
    Added,
    /// The client's own key, of `--client-key`: what the well-formed client assertion has. The algorithm follows it.
    Client,
    /// The RSA key of 1024 bits that the IdP action `add-short-key` has published since; for RS256 only.
    Short,
}

/// What is done to the signature.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureDefect {
    /// One bit in the middle is flipped.
    Flipped,
    /// No signature, the dot before it kept.
    Empty,
    /// All bytes zero, at the length of a right one.
    Zeros,
    /// The last byte is missing.
    Truncated,
    /// A right signature, of the same ID-JAG before its claims were changed: what an attacker has who edits a
    /// token in transit.
    OfUnchangedClaims,
    /// An ECDSA signature of which r is 0 and s is 1.
    ZeroAndOne,
    /// An ECDSA signature of which r and s are the order of the group: 0 to whoever computes before checking.
    GroupOrder,
    /// The right ECDSA signature in DER (RFC 3279 section 2.2.3) in place of r and s at full length.
    Der,
    /// A MAC (RFC 7518 section 3.2) in place of the signature.
    Hmac(Hmac),
}

/// A MAC in place of the signature. The header's `alg` follows.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hmac {
    /// The MAC's algorithm, also written to `alg` unless the header sets it.
    pub algorithm: HmacAlgorithm,
    /// The bytes that serve as its secret.
    pub secret: HmacSecret,
}

/// HMAC with SHA-2 (RFC 7518 section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum HmacAlgorithm {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
}

/// The bytes that serve as a MAC's secret.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HmacSecret {
    /// The public key in PEM with its final newline.
    PublicKeyPem,
    /// The public key in PEM without its final newline.
    PublicKeyPemTrimmed,
    /// The public key as DER.
    PublicKeyDer,
    /// The public key as the JSON text of its JWK.
    PublicKeyJwk,
    /// No byte at all.
    Empty,
    /// The symmetric key that the IdP action `add-symmetric-key` publishes; the `kid` follows.
    PublishedSymmetricKey,
    /// The client's secret.
    ClientSecret,
    /// These bytes.
    Text(String),
}

/// A change of the compact serialisation, for what header, claims and signature cannot say.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CompactDefect {
    /// Header and payload only, without the last dot.
    WithoutSignatureSegment,
    /// Payload and signature only.
    WithoutHeaderSegment,
    /// A dot at the end.
    TrailingDot,
    /// A fourth segment at the end.
    FourthSegment,
    /// Six segments: the three parts, and behind them payload, signature and header once more.
    SixSegments,
    /// An empty payload segment.
    EmptyPayload,
    /// The signature's base64url with `=` padding.
    PaddedSignature,
    /// The unused low bits of the signature's last character set.
    SignatureTrailingBits,
    /// The second valid form of the same ECDSA signature: s replaced by n − s, which anybody can do.
    NegatedS,
    /// The signature in the alphabet of base64 with `+` and `/` (RFC 4648 section 4).
    StandardAlphabet,
    /// The last character of the payload segment removed, so that it is no whole base64url.
    CutPayload,
    /// A space in front.
    LeadingSpace,
    /// A line feed in the middle of the payload segment.
    NewlineInPayload,
    /// The flattened JSON serialisation (RFC 7515 section 7.2.2) of the same parts.
    FlattenedJson,
    /// The general JSON serialisation (RFC 7515 section 7.2.1) of the same parts.
    GeneralJson,
    /// This text in place of the whole token; `${…}` variables are replaced.
    Replaced(String),
}
