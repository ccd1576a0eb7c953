//! What can be changed of the well-formed token request, in the words of the suite files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::DpopChange;
use crate::idjag::IdJagChange;

/// What differs from the well-formed token request: `POST` of a form with `grant_type` and `assertion`, and the
/// client authentication that the baseline settled. Nothing given is the well-formed one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenRequestChange {
    /// The HTTP method.
    pub method: Option<String>,
    /// The value of `Content-Type`; the body stays a form unless `body` says otherwise.
    pub content_type: Option<String>,
    /// Parameters set; `${…}` variables are replaced.
    pub parameters: BTreeMap<String, String>,
    /// Parameters left out.
    pub remove_parameters: Vec<String>,
    /// Parameters added after the others, whether or not their name is there already.
    pub add_parameters: Vec<Parameter>,
    /// Parameters moved from the body to the query of the URL; `all` moves every one.
    pub move_to_query: Vec<String>,
    /// How the body is written.
    pub body: Option<BodyForm>,
    /// Header fields added.
    pub headers: BTreeMap<String, String>,
    /// How the client authenticates.
    pub client_authentication: Option<ClientAuthenticationChange>,
    /// A DPoP proof (RFC 9449); the well-formed request has none. That of a defect takes the place of that of `setup`.
    pub dpop: Option<DpopChange>,
}

impl TokenRequestChange {
    /// True when nothing is changed.
    pub fn is_empty(&self) -> bool {
        *self == TokenRequestChange::default()
    }
}

/// One parameter of a form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value; `${…}` variables are replaced.
    pub value: String,
}

/// How the parameters are written into the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BodyForm {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// A JSON object, with `Content-Type: application/json` unless `content_type` is set.
    Json,
    /// No body.
    Empty,
}

/// Which client authenticates, and how.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientAuthenticationChange {
    /// The method; the baseline's unless given.
    pub method: Option<ClientAuthenticationMethod>,
    /// Which client.
    pub client: ClientChoice,
    /// Which secret.
    pub secret: SecretChoice,
    /// This very value of the Authorization header in place of a computed one; `${…}` variables are replaced.
    pub authorization: Option<String>,
    /// Whether `client_id` stands in the body as well; the baseline's answer unless given.
    pub client_id_in_body: Option<bool>,
    /// The client's secret travels another way than in the baseline: in the body in place of HTTP Basic, else in HTTP
    /// Basic.
    pub other_secret_method: bool,
    /// HTTP Basic carries id and secret as they are, not form-encoded.
    pub without_form_encoding: bool,
    /// What differs from the well-formed client assertion, in the words of the ID-JAG. The method is then
    /// `private_key_jwt`.
    pub client_assertion: Option<IdJagChange>,
    /// The client's key signs the client assertion by an algorithm that the metadata does not list; where it can
    /// make no such signature the case is skipped. The method is then `private_key_jwt`.
    pub unadvertised_algorithm: bool,
}

impl ClientAuthenticationChange {
    /// The method that is asked for, by its name or by what only that method has.
    pub fn named_method(&self) -> Option<ClientAuthenticationMethod> {
        let of_a_key = self.client_assertion.is_some() || self.unadvertised_algorithm;
        self.method.or(of_a_key.then_some(ClientAuthenticationMethod::PrivateKeyJwt))
    }
}

/// A client authentication method by its registered name (RFC 7591 section 2).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthenticationMethod {
    /// HTTP Basic with form-encoded id and secret (RFC 6749 section 2.3.1).
    ClientSecretBasic,
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost,
    /// A JWT, signed with the client's key, as `client_assertion` (RFC 7523 section 2.2).
    PrivateKeyJwt,
    /// `client_id` in the body, no credential.
    None,
}

impl ClientAuthenticationMethod {
    /// All methods, in the order in which they are tried.
    pub const ALL: [ClientAuthenticationMethod; 4] = [
        ClientAuthenticationMethod::ClientSecretBasic,
        ClientAuthenticationMethod::ClientSecretPost,
        ClientAuthenticationMethod::PrivateKeyJwt,
        ClientAuthenticationMethod::None,
    ];

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            ClientAuthenticationMethod::ClientSecretBasic => "client_secret_basic",
            ClientAuthenticationMethod::ClientSecretPost => "client_secret_post",
            ClientAuthenticationMethod::PrivateKeyJwt => "private_key_jwt",
            ClientAuthenticationMethod::None => "none",
        }
    }

    /// Whether the request carries the client's secret.
    pub fn sends_a_secret(self) -> bool {
        matches!(
            self,
            ClientAuthenticationMethod::ClientSecretBasic | ClientAuthenticationMethod::ClientSecretPost
        )
    }
}

/// Which client authenticates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientChoice {
    /// The client of `--client-id`.
    #[default]
    Registered,
    /// The client of `--other-client-id`.
    Other,
    /// The client of `--unauthorized-client-id`, which may not use this grant.
    Unauthorized,
    /// The client of `--public-client-id`, which has no credential.
    Public,
    /// A client id that nobody registered.
    Unknown,
    /// No client at all: neither id nor credential.
    Absent,
}

/// Which secret is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecretChoice {
    /// The client's own.
    #[default]
    Right,
    /// Another one.
    Wrong,
    /// An empty one.
    Empty,
    /// The client's own with its last character cut off.
    Prefix,
}
