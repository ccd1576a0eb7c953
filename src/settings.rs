//! What a run is to do, validated: the contract's options after flags, environment and config file have been
//! joined. Plain data; `cli` makes it.

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{keys::Algorithm, token_request::ClientAuthenticationMethod};

/// A secret: a client's secret, or a header value for a gateway. It is printed only by those who ask for it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Which rules apply.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// What holds since draft-04 of the ID-JAG specification.
    #[default]
    Draft,
    /// The editor's copy of August 2026.
    DraftNext,
    /// MCP Enterprise-Managed Authorization.
    McpEma,
    /// The documented behaviour of the XAA playground, nothing else judged.
    Xaa,
}

impl Profile {
    /// All profiles, in the order of the contract.
    pub const ALL: [Profile; 4] = [Profile::Draft, Profile::DraftNext, Profile::McpEma, Profile::Xaa];

    /// The name as typed.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Draft => "draft",
            Profile::DraftNext => "draft-next",
            Profile::McpEma => "mcp-ema",
            Profile::Xaa => "xaa",
        }
    }
}

/// The policies and their values: what the specifications leave open (CONTRACT, `--policy`).
pub const POLICIES: [(&str, [&str; 2]); 6] = [
    ("replay", ["single-use", "reusable"]),
    ("no-common-scope", ["refuse", "grant-none"]),
    ("absent-scope", ["refuse", "default"]),
    ("resource", ["required", "optional"]),
    ("public-clients", ["allow", "refuse"]),
    ("client-auth-method", ["registered", "any"]),
];

/// `sub` where nothing else is asked for.
pub const SUBJECT: &str = "user-123";

/// Where the harness's IdP listens when a target is to find it.
pub const IDP_LISTEN: &str = "127.0.0.1:9555";

/// A client registered at the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its `client_id` there.
    pub id: String,
    /// Its secret; none for a public client, or one with a key only.
    pub secret: Option<Secret>,
    /// Whether it has a key to authenticate with; the keyring holds that.
    pub has_key: bool,
}

/// Whether `client_id` stands in the body beside HTTP Basic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientIdInBody {
    /// Always.
    Yes,
    /// Never.
    No,
    /// Found out.
    #[default]
    Auto,
}

/// What a run is to do.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The issuer identifier of the authorization server under test, byte for byte as typed.
    pub target: String,
    /// Whether the target is the embedded playground, started by this run.
    pub embedded: bool,
    /// The client at the target; without one only what needs none is run.
    pub client: Option<Client>,
    /// A second client at the target.
    pub other_client: Option<Client>,
    /// A client at the target that may not use this grant.
    pub unauthorized_client: Option<Client>,
    /// A client at the target without any credential.
    pub public_client: Option<Client>,
    /// The client authentication method asked for; none: the first that is advertised and possible.
    pub client_auth: Option<ClientAuthenticationMethod>,
    /// Whether `client_id` stands in the body beside HTTP Basic.
    pub client_id_in_body: ClientIdInBody,
    /// `sub` of every ID-JAG.
    pub subject: String,
    /// Further claims of every ID-JAG.
    pub claims: Map<String, Value>,
    /// `sub` that the access token must carry.
    pub expect_subject: Option<String>,
    /// `scope` of every ID-JAG.
    pub scope: Option<String>,
    /// `resource` of every ID-JAG.
    pub resource: Option<String>,
    /// A second resource that the target serves.
    pub other_resource: Option<String>,
    /// The issuer identifier of the harness's IdP.
    pub idp_issuer: String,
    /// Where that IdP listens and what files it has, as typed: for those who start it once more.
    pub idp: IdpFiles,
    /// Whether somebody else serves the IdP's metadata and keys, as static files.
    pub idp_static: bool,
    /// Whether the target also trusts `{idp issuer}/other`.
    pub other_idp_issuer: bool,
    /// The algorithm of the well-formed ID-JAG; the baseline may settle on another unless it was asked for.
    pub algorithm: Algorithm,
    /// Whether `--idp-alg` was given, so that no other is tried.
    pub algorithm_fixed: bool,
    /// Which rules apply.
    pub profile: Profile,
    /// The policies that are set, with the profile's own.
    pub policies: BTreeMap<String, String>,
    /// Suite files and folders in place of the shipped ones.
    pub suites: Vec<PathBuf>,
    /// Which cases run.
    pub selection: Selection,
    /// Cases at once.
    pub jobs: usize,
    /// The bound of one exchange.
    pub timeout: Duration,
    /// Exchanges a second, at most; none: no limit.
    pub rate: Option<u32>,
    /// How long the target may take to answer at all before the run.
    pub wait: Duration,
    /// The longest wait inside a case.
    pub max_wait: Duration,
    /// Cases that load the target run.
    pub intrusive: bool,
    /// A `warn` of level SHOULD fails the run.
    pub strict: bool,
    /// Variants are sent when the well-formed ID-JAG is refused.
    pub probes: bool,
    /// What the HTTP client is told.
    pub http: HttpSettings,
    /// Nothing is redacted.
    pub show_secrets: bool,
    /// The exchanges of passing cases stay in the report.
    pub keep_exchanges: bool,
}

/// Where the harness's IdP listens, and its files.
#[derive(Debug, Clone, Default)]
pub struct IdpFiles {
    /// `HOST:PORT`.
    pub listen: Option<String>,
    /// Its certificate chain, PEM.
    pub tls_cert: Option<PathBuf>,
    /// The private key of that certificate, PEM.
    pub tls_key: Option<PathBuf>,
    /// Its signing key, PEM.
    pub key: Option<PathBuf>,
    /// The client's key, whose public half it publishes, PEM.
    pub client_key: Option<PathBuf>,
}

/// Which cases run: as in `cargo test`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// A case runs when its name contains one of these; all run when there is none.
    pub filters: Vec<String>,
    /// The filters are whole names.
    pub exact: bool,
    /// A case does not run when its name contains one of these.
    pub skip: Vec<String>,
    /// Of the cases that are left, only this part runs.
    pub shard: Option<Shard>,
}

impl Selection {
    /// Whether a case of this `suite::case` name runs.
    pub fn selects(&self, name: &str) -> bool {
        let matches = |word: &String| if self.exact { name == word } else { name.contains(word.as_str()) };
        (self.filters.is_empty() || self.filters.iter().any(matches)) && !self.skip.iter().any(matches)
    }
}

/// One of the parts into which the cases of a run are cut: `K/N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub number: usize,
    /// How many parts there are.
    pub of: usize,
}

impl Shard {
    /// More parts than a suite has cases help nobody.
    pub const MOST: usize = 1000;
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let parted = text.split_once('/').filter(|(number, of)| digits(number) && digits(of));
        let Some((number, of)) = parted else {
            return Err(format!("`{text}` is no K/N, such as 1/3, the first of three parts"));
        };
        // What is too long for a number is beyond every bound.
        let [number, of] = [number, of].map(|part| part.parse().unwrap_or(usize::MAX));
        match (number, of) {
            (_, 0) => Err(format!("`{text}`: there is at least one part, 1/1")),
            (_, of) if of > Self::MOST => Err(format!("`{text}`: there are at most {} parts", Self::MOST)),
            (0, of) => Err(format!("`{text}`: the first part is 1/{of}")),
            (number, of) if number > of => Err(format!("`{text}`: the last part is {of}/{of}")),
            (number, of) => Ok(Self { number, of }),
        }
    }
}

/// What the HTTP client is told.
#[derive(Debug, Clone, Default)]
pub struct HttpSettings {
    /// A private CA, PEM.
    pub ca_cert: Option<PathBuf>,
    /// TLS certificates are not verified.
    pub insecure: bool,
    /// Header fields of every request to the target.
    pub headers: Vec<(String, Secret)>,
}
