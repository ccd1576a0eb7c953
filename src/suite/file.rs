//! A suite file as typed: the YAML types, nothing checked beyond their shape. `validate` makes a `Suite` of it.
//!
//! The doc comments of these types are what editors show: they become the descriptions of the JSON Schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{idjag::IdJagChange, settings::Profile, token_request::TokenRequestChange};

/// A suite: the cases of one subject.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuiteFile {
    /// The suite's name, in kebab case, the same as the file's name.
    #[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub suite: String,
    /// What the suite is about, one sentence.
    pub title: String,
    /// What every case of this suite needs, else it is skipped.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// The cases, in the order in which they are reported.
    #[schemars(length(min = 1))]
    pub cases: Vec<CaseFile>,
}

/// A case: one thing that an authorization server must, should or may do.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The case's name, in kebab case, unique in its suite.
    #[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub case: String,
    /// What a conforming server does, one sentence.
    pub title: String,
    /// How binding it is, under every profile that `levels` does not name.
    pub level: Level,
    /// How binding it is under single profiles. Where this says INFO, or where `level` does and this names no other,
    /// the case is not judged: it only measures.
    #[serde(default)]
    pub levels: BTreeMap<Profile, Level>,
    /// Ids of `suites/requirements.yaml`: requirements and attacks that the case shows.
    pub requirements: Vec<String>,
    /// The row of `suites/rows.yaml` that explains a failure.
    pub row: String,
    /// What the case needs, else it is skipped.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// `NAME=VALUE` of a policy: the case is judged where that policy is set, elsewhere it only measures.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[a-z-]+=[a-z-]+$"))]
    pub policy: Option<String>,
    /// What differs from the baseline without being the defect. The control has it too.
    #[serde(default)]
    pub setup: ExchangeFile,
    /// The defect in the ID-JAG.
    #[serde(default)]
    pub id_jag: IdJagChange,
    /// The defect in the token request.
    #[serde(default)]
    pub token_request: TokenRequestChange,
    /// What a conforming server answers. A case with `steps` has one in each step instead.
    #[serde(default)]
    pub expect: Option<ExpectFile>,
    /// Several exchanges, and actions of the IdP between them, in this order.
    #[serde(default)]
    pub steps: Vec<StepFile>,
    /// Several values of the defect: each becomes a case `NAME/VALUE` of its own.
    #[serde(default)]
    pub table: Vec<ValueFile>,
}

/// What an exchange has that the well-formed one does not have.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExchangeFile {
    /// Changes of the ID-JAG.
    pub id_jag: IdJagChange,
    /// Changes of the token request.
    pub token_request: TokenRequestChange,
}

/// One value of a table. What it gives replaces what the case gives, key by key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueFile {
    /// The value's name, in kebab case: the last part of the case's name.
    #[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub value: String,
    /// What is special about this value, appended to the case's title in parentheses.
    #[serde(default)]
    pub title: Option<String>,
    /// Replaces the case's level (and its `levels`).
    #[serde(default)]
    pub level: Option<Level>,
    /// Added to the case's requirements.
    #[serde(default)]
    pub requirements: Vec<String>,
    /// Replaces the case's row.
    #[serde(default)]
    pub row: Option<String>,
    /// Added to the case's needs.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// The defect in the ID-JAG; replaces the case's when given.
    #[serde(default)]
    pub id_jag: Option<IdJagChange>,
    /// The defect in the token request; replaces the case's when given.
    #[serde(default)]
    pub token_request: Option<TokenRequestChange>,
    /// Replaces the case's expectation.
    #[serde(default)]
    pub expect: Option<ExpectFile>,
}

/// One step of a case: an exchange, or an action of the IdP.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepFile {
    /// What the IdP does. A step with this sends nothing, and the case runs alone.
    pub idp: Option<IdpAction>,
    /// So many seconds pass: a cache or a cool-down of the target runs out. A step with this sends nothing, and the
    /// case runs alone. Where the time is more than `--max-wait` the case is skipped.
    pub wait: Option<u64>,
    /// The defect in the ID-JAG.
    pub id_jag: IdJagChange,
    /// The defect in the token request.
    pub token_request: TokenRequestChange,
    /// Send the assertion of the step before once more, byte for byte, in place of a fresh one; with `id_jag: {
    /// compact: … }` written in another way.
    pub same_assertion: bool,
    /// Authenticate with the client assertion of the step before once more, byte for byte, in place of a fresh one.
    pub same_client_assertion: bool,
    /// What a conforming server answers.
    pub expect: Option<ExpectFile>,
}

/// What the IdP does between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdpAction {
    /// Publishes a further key; `key: added` signs with it.
    AddKey,
    /// Publishes a new key in place of all others; `key: added` signs with it.
    RotateKey,
    /// Publishes beside its keys one of a type that nobody knows (RFC 7517 section 5: to be ignored).
    AddUnknownKeyType,
    /// Publishes beside its keys one with `use: enc`; `key: added` signs with it (RFC 7517 section 4.2: it is not
    /// for signatures).
    AddEncryptionKey,
    /// Publishes beside its keys an RSA key of 1024 bits; `key: short` signs with it (RFC 7518 section 3.3: at least
    /// 2048).
    AddShortKey,
    /// Publishes beside its keys a symmetric one, which everybody can read then.
    AddSymmetricKey,
    /// Answers requests for its JWKS with status 500.
    BreakJwks,
    /// Answers as before.
    Restore,
}

impl IdpAction {
    /// What the IdP does, as a clause.
    pub fn sentence(self) -> &'static str {
        match self {
            IdpAction::AddKey => "the IdP publishes a further key",
            IdpAction::RotateKey => "the IdP publishes a new key in place of all others",
            IdpAction::AddUnknownKeyType => "the IdP publishes a key of an unknown type beside its own",
            IdpAction::AddEncryptionKey => "the IdP publishes a further key, with `use: enc`",
            IdpAction::AddShortKey => "the IdP publishes a further key, of RSA with 1024 bits",
            IdpAction::AddSymmetricKey => "the IdP publishes a symmetric key beside its own",
            IdpAction::BreakJwks => "the IdP answers requests for its JWKS with 500",
            IdpAction::Restore => "the IdP answers as before",
        }
    }
}

/// What a conforming server answers. Exactly one of `refused`, `accepted`, `either`, `measured`, `metadata`, `discovery` and
/// `run` says what is looked at (`metadata` and `discovery` may stand together, and `measured` beside them); `status`, `headers` and `members` may narrow the first three down.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectFile {
    /// Refused with this `error` (RFC 6749 section 5.2): the first is the one that the standard names, any other
    /// in the list is as good. An empty list: refused, whatever the `error`.
    #[schemars(with = "Option<OneOrMany>")]
    pub refused: Option<OneOrMany>,
    /// `MUST` where the standard makes the `error` code (and `status`) itself binding; else another code is a
    /// warning.
    pub error_level: Option<Level>,
    /// Answered with an access token.
    pub accepted: bool,
    /// Refused or accepted, both are right; what is said of `headers`, `members`, claims and `checks` holds for an
    /// acceptance.
    pub either: bool,
    /// Nothing is demanded: the answer becomes this entry of the server's profile; beside `metadata` and `discovery`,
    /// whether they hold.
    pub measured: Option<String>,
    /// An answer within so many seconds: a later one, or none, is a finding. A connection that the target closes is as
    /// good as a refusal then.
    pub within: Option<u64>,
    /// The status is one of these.
    pub status: Vec<u16>,
    /// Header fields of the answer.
    pub headers: BTreeMap<String, Constraint>,
    /// Members of the answer's JSON object.
    pub members: BTreeMap<String, Constraint>,
    /// Claims of the access token, where it is a JWT; where it is opaque, and the answer does not tell either, the
    /// case is skipped.
    pub access_token_claims: BTreeMap<String, Constraint>,
    /// Named checks that constraints cannot say.
    pub checks: Vec<ResponseCheck>,
    /// Members of the authorization server metadata; nothing is sent for such a case.
    pub metadata: BTreeMap<String, Constraint>,
    /// Named checks of the discovery; nothing is sent for such a case.
    pub discovery: Vec<DiscoveryCheck>,
    /// Named checks of every answer of the run, looked at after all other cases; nothing is sent for such a case.
    pub run: Vec<RunCheck>,
}

/// One word or a list of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMany(pub Vec<String>);

/// What is demanded of one value. Everything that is given must hold; an absent value meets everything but
/// `present`, so that an optional member is checked only where it is sent.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Constraint {
    /// True: must be there. False: must not be there.
    pub present: Option<bool>,
    /// Its JSON type.
    #[serde(rename = "type")]
    pub json_type: Option<JsonType>,
    /// Equal to this value; `${…}` variables are replaced.
    pub equals: Option<Value>,
    /// Equal to this text, whatever the case of its letters (header values, `token_type`).
    pub equals_ignoring_case: Option<String>,
    /// Not equal to this value.
    pub differs_from: Option<Value>,
    /// A text that contains this, or an array with this element.
    pub contains: Option<Value>,
    /// A text that does not contain this, or an array without this element.
    pub excludes: Option<Value>,
    /// Equal to this value, or an array that holds it (`aud`, `resource`); `${…}` variables are replaced.
    pub includes: Option<Value>,
    /// Neither equal to this value nor an array that holds it.
    pub lacks: Option<Value>,
    /// A text of words with spaces between (`scope`), or an array, that does not have this word.
    pub lacks_word: Option<Value>,
    /// A text that begins so.
    pub starts_with: Option<String>,
    /// A number that is at least this.
    pub at_least: Option<f64>,
    /// A number that is at most this.
    pub at_most: Option<f64>,
    /// Text of these characters only.
    pub characters: Option<Characters>,
    /// An array or a text with at least one element or character.
    pub not_empty: bool,
}

/// A JSON type; `integer` is a number without fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JsonType {
    /// A string.
    String,
    /// A number.
    Number,
    /// A number without fraction.
    Integer,
    /// True or false.
    Boolean,
    /// An object.
    Object,
    /// An array.
    Array,
    /// An array of strings only.
    ArrayOfStrings,
    /// A string that is a URL with a host: `https`, or `http` on a loopback address.
    SecureUrl,
}

/// A set of characters that a standard allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Characters {
    /// `%x20-21 / %x23-5B / %x5D-7E`: what `error` and `error_description` may hold (RFC 6749 section 5.2).
    OauthError,
}

/// A named check of a token response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResponseCheck {
    /// No member of the answer is null (RFC 6749 section 5.1: what is not there is left out).
    NoNullMembers,
    /// The access token is not the ID-JAG itself.
    AccessTokenIsNotTheIdJag,
    /// The scope that the answer states (absent: the ID-JAG's) holds nothing that the ID-JAG's `scope` lacks.
    ScopeWithinIdJag,
    /// Where the access token is a JWT with another scope than the ID-JAG's, the answer states the scope.
    ScopeStatedWhenDifferent,
    /// The answer shows no stack trace, source path, SQL or HTML page.
    NoInternals,
    /// The answer does not repeat the assertion.
    AssertionNotEchoed,
    /// Where the access token is a JWT and the metadata has a `jwks_uri`, a key there verifies its signature.
    AccessTokenSignedByPublishedKey,
    /// `expires_in` and the claims of a JWT access token tell the same lifetime, to within a minute.
    LifetimeMatchesAccessToken,
    /// In a case with steps: the answer has the status, the `error`, the words and the members of the answer to the
    /// step before. Client ids and words with digits in them may differ.
    SameAnswerAsBefore,
}

/// A named check of the discovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DiscoveryCheck {
    /// A valid document was found at one of the well-known addresses.
    MetadataFound,
    /// For an issuer with a path, a document is found where the well-known part is inserted before the path (RFC 8414
    /// section 3.1).
    FoundByInsertion,
    /// The document is the same when it is asked for under another Host.
    HostHeaderIgnored,
    /// One was found at an address other than `{issuer}/.well-known/oauth-authorization-server` of an issuer with
    /// a path, which only some clients try.
    FoundWhereAllClientsLook,
    /// The document's `issuer` is the target's issuer identifier, byte for byte (RFC 8414 section 3.3).
    IssuerIdentical,
    /// The documents that were found say the same of `issuer`, `token_endpoint` and `jwks_uri`.
    DocumentsAgree,
    /// The document is served as `application/json`.
    ContentTypeJson,
    /// No well-known address redirects.
    NoRedirect,
    /// Where the ID-JAG grant profile is advertised, so is the grant type that it uses.
    GrantTypeWithProfile,
    /// `authorization_grant_profiles_supported` names profiles, and no issuers.
    NoIssuersAmongGrantProfiles,
    /// No member of the document is an empty array (RFC 8414 section 3.2).
    NoEmptyArrays,
    /// The token endpoint answers a POST without parameters with an OAuth error.
    TokenEndpointAnswers,
    /// The document at `jwks_uri` is a JWK Set that holds no private member (RFC 8414 section 2).
    JwksHasNoPrivateMembers,
    /// Where a JWT method is listed for client authentication, its algorithms are listed too, and `none` is not
    /// among them (RFC 8414 section 2).
    ClientAuthenticationAlgorithms,
    /// A method by which clients authenticate with a key of their own is listed: `private_key_jwt`, or one of mutual
    /// TLS (RFC 9700 section 2.5).
    AsymmetricClientAuthentication,
}

/// A named check of every answer of the token endpoint in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunCheck {
    /// None had a status of 500 or more: a bad request is the client's error (RFC 6749 section 5.2).
    NoServerErrors,
    /// Every refusal was a JSON object with a string `error` (RFC 6749 section 5.2).
    ErrorsAreJson,
    /// No refusal came with a status below 400 (RFC 6749 section 5.2).
    ErrorsHaveErrorStatus,
    /// Every `error` and `error_description` kept to the characters of RFC 6749 section 5.2.
    ErrorCharacters,
    /// None showed a stack trace, a source path or SQL.
    NoInternals,
    /// No refusal repeated the assertion.
    AssertionNotEchoed,
    /// The metadata advertises the method by which the client was let in (none advertised: HTTP Basic, RFC 8414
    /// section 2).
    MethodAdvertised,
    /// The client was let in with a credential.
    ClientIsConfidential,
}

/// How binding a case is (RFC 2119).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize, JsonSchema,
)]
pub enum Level {
    /// Broken: `fail`.
    MUST,
    /// Not met: `warn`, and a failure of the run with `--strict`.
    SHOULD,
    /// The specifications leave room, and one reading is riskier: `warn`.
    MAY,
    /// Measured only.
    INFO,
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Level::MUST => "MUST",
            Level::SHOULD => "SHOULD",
            Level::MAY => "MAY",
            Level::INFO => "INFO",
        })
    }
}

/// What a case needs of the run; without it the case is skipped, with the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// `--client-id`, and with it an accepted baseline.
    Client,
    /// A client with a secret.
    ClientSecret,
    /// A client with a key, of `--client-key`.
    ClientKey,
    /// A client with a secret or a key: no public one.
    ClientCredential,
    /// `--unauthorized-client-id`.
    UnauthorizedClient,
    /// `--public-client-id`.
    PublicClient,
    /// `--other-client-id`.
    OtherClient,
    /// `--other-idp-issuer`.
    OtherIdpIssuer,
    /// `--scope`.
    Scope,
    /// `--resource`.
    Resource,
    /// `--other-resource`.
    OtherResource,
    /// `--expect-subject`.
    ExpectSubject,
    /// An authorization server metadata document.
    Metadata,
    /// That the client authenticates with a secret in HTTP Basic.
    ClientSecretBasic,
    /// An issuer identifier with a path.
    IssuerPath,
    /// A baseline signed with RSA.
    RsaKey,
    /// A public key of the target for which a JWE can be made: RSA, P-256 or P-384, at its `jwks_uri`.
    TargetKey,
    /// That the metadata offers DPoP with ES256 (`dpop_signing_alg_values_supported`).
    Dpop,
    /// That the metadata names a type of authorization details (`authorization_details_types_supported`).
    AuthorizationDetails,
    /// The user's e-mail address, `--claim email=…`.
    Email,
    /// `--intrusive yes`.
    Intrusive,
    /// That the metadata offers to take encrypted ID-JAGs, as is proposed (`id_jag_encryption_…`).
    IdJagEncryption,
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> serde::de::Visitor<'de> for Words {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a word or a list of words")
            }

            fn visit_str<E>(self, word: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![word.to_owned()]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(OneOrMany(words))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "One word or a list of words.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}
