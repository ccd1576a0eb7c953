//! The options of a run as typed: on the command line, in the environment, in the config file. All are optional;
//! `settings` joins the three and gives the defaults.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{ArgAction, Args, builder::BoolishValueParser};
use schemars::JsonSchema;
use serde::Deserialize;

/// Declares the options once: for clap, for the config file, and for joining the two.
macro_rules! options {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: Option<$ty:ty>,)* }) => {
        $(#[$meta])*
        pub struct $name { $($(#[$field_meta])* pub $field: Option<$ty>,)* }

        impl $name {
            /// These options, and where one is not given, the other's.
            pub fn or(self, other: Self) -> Self {
                $name { $($field: self.$field.or(other.$field),)* }
            }

            /// Takes the option of this name out, in kebab case as in the config file.
            pub fn remove(&mut self, name: &str) {
                $(if name == stringify!($field).replace('_', "-") {
                    self.$field = None;
                })*
            }

            /// Whether the option of this name is given, in kebab case as in the config file.
            pub fn gives(&self, name: &str) -> bool {
                $((name == stringify!($field).replace('_', "-") && self.$field.is_some()))||*
            }
        }
    };
}

/// A client's secret as options give it.
pub(super) struct SecretOption<'a> {
    /// The option's name in the config file; behind it `-env` for the variable.
    pub(super) key: &'static str,
    /// The secret itself.
    pub(super) value: &'a mut Option<String>,
    /// The environment variable that holds it.
    pub(super) variable: &'a mut Option<String>,
}

impl RunOptions {
    /// The clients' secrets.
    pub(super) fn secrets(&mut self) -> [SecretOption<'_>; 3] {
        [
            ("client-secret", &mut self.client_secret, &mut self.client_secret_env),
            ("other-client-secret", &mut self.other_client_secret, &mut self.other_client_secret_env),
            (
                "unauthorized-client-secret",
                &mut self.unauthorized_client_secret,
                &mut self.unauthorized_client_secret_env,
            ),
        ]
        .map(|(key, value, variable)| SecretOption { key, value, variable })
    }
}

/// The JSON Schema (draft 2020-12) of a config file, indented, with a line break at the end.
pub fn config_schema() -> String {
    let generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<RunOptions>();
    schema.insert("title".to_owned(), "A config file of jagspec".into());
    format!("{:#}\n", schema.to_value())
}

options! {
    /// The options of a run.
    #[derive(Debug, Clone, Default, Args, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
    pub struct RunOptions {
        /// The issuer identifier of the authorization server under test, byte for byte [default: the embedded
        /// playground]
        #[arg(long, env = "JAGSPEC_TARGET", value_name = "URL", help_heading = "Target")]
        pub target: Option<String>,
        /// The client registered at the target
        #[arg(long, env = "JAGSPEC_CLIENT_ID", value_name = "ID", help_heading = "Target")]
        pub client_id: Option<String>,
        /// Its secret; better given as JAGSPEC_CLIENT_SECRET, since command lines are visible to others
        #[arg(long, env = "JAGSPEC_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true, help_heading = "Target")]
        pub client_secret: Option<String>,
        /// Its private key (PEM), for private_key_jwt; the public half is at {idp issuer}/client-jwks
        #[arg(long, env = "JAGSPEC_CLIENT_KEY", value_name = "FILE", help_heading = "Target")]
        pub client_key: Option<PathBuf>,
        /// client_secret_basic, client_secret_post, private_key_jwt or none [default: the first of these that is
        /// advertised and possible]
        #[arg(long, env = "JAGSPEC_CLIENT_AUTH", value_name = "METHOD", help_heading = "Target")]
        pub client_auth: Option<String>,
        /// `client_id` in the body beside HTTP Basic or a client assertion: yes, no or auto [default: auto]
        #[arg(long, env = "JAGSPEC_CLIENT_ID_IN_BODY", value_name = "WHEN", help_heading = "Target")]
        pub client_id_in_body: Option<String>,
        /// A second client registered at the target, for the client-binding cases
        #[arg(long, env = "JAGSPEC_OTHER_CLIENT_ID", value_name = "ID", help_heading = "Target")]
        pub other_client_id: Option<String>,
        /// The second client's secret
        #[arg(long, env = "JAGSPEC_OTHER_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true, help_heading = "Target")]
        pub other_client_secret: Option<String>,
        /// A client registered at the target that may not use this grant
        #[arg(long, env = "JAGSPEC_UNAUTHORIZED_CLIENT_ID", value_name = "ID", help_heading = "Target")]
        pub unauthorized_client_id: Option<String>,
        /// That client's secret
        #[arg(long, env = "JAGSPEC_UNAUTHORIZED_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true, help_heading = "Target")]
        pub unauthorized_client_secret: Option<String>,
        /// A public client registered at the target, without any credential
        #[arg(long, env = "JAGSPEC_PUBLIC_CLIENT_ID", value_name = "ID", help_heading = "Target")]
        pub public_client_id: Option<String>,

        /// `sub` of every ID-JAG [default: user-123]
        #[arg(long, env = "JAGSPEC_SUBJECT", value_name = "SUB", help_heading = "ID-JAG")]
        pub subject: Option<String>,
        /// A further claim of every ID-JAG, NAME=JSON, such as email='"a@b.example"' (repeatable)
        #[arg(long, env = "JAGSPEC_CLAIM", value_name = "NAME=JSON", value_delimiter = '\n', action = ArgAction::Append, help_heading = "ID-JAG")]
        pub claim: Option<Vec<String>>,
        /// `sub` that the access token must carry, where the target maps subjects
        #[arg(long, env = "JAGSPEC_EXPECT_SUBJECT", value_name = "SUB", help_heading = "ID-JAG")]
        pub expect_subject: Option<String>,
        /// `scope` of every ID-JAG, space-separated
        #[arg(long, env = "JAGSPEC_SCOPE", value_name = "SCOPE", help_heading = "ID-JAG")]
        pub scope: Option<String>,
        /// `resource` of every ID-JAG
        #[arg(long, env = "JAGSPEC_RESOURCE", value_name = "URI", help_heading = "ID-JAG")]
        pub resource: Option<String>,
        /// A second resource that the target serves
        #[arg(long, env = "JAGSPEC_OTHER_RESOURCE", value_name = "URI", help_heading = "ID-JAG")]
        pub other_resource: Option<String>,

        /// Where the harness's IdP listens [default: 127.0.0.1:9555; with the playground an ephemeral port]
        #[arg(long, env = "JAGSPEC_IDP_LISTEN", value_name = "ADDR", help_heading = "IdP")]
        pub idp_listen: Option<String>,
        /// The issuer identifier that it uses, when that is not http:// + ADDR (container, tunnel, static hosting)
        #[arg(long, env = "JAGSPEC_IDP_ISSUER", value_name = "URL", help_heading = "IdP")]
        pub idp_issuer: Option<String>,
        /// The IdP speaks https with this certificate chain (PEM)
        #[arg(long, env = "JAGSPEC_IDP_TLS_CERT", value_name = "FILE", help_heading = "IdP")]
        pub idp_tls_cert: Option<PathBuf>,
        /// The private key of that certificate (PEM)
        #[arg(long, env = "JAGSPEC_IDP_TLS_KEY", value_name = "FILE", help_heading = "IdP")]
        pub idp_tls_key: Option<PathBuf>,
        /// The target also trusts the harness's second issuer, {idp issuer}/other
        #[arg(long, env = "JAGSPEC_OTHER_IDP_ISSUER", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", require_equals = true, help_heading = "IdP")]
        pub other_idp_issuer: Option<bool>,
        /// The IdP's signing key (PEM); its type decides the algorithm [default: one key per algorithm in the
        /// user's state folder, made on first use]
        #[arg(long, env = "JAGSPEC_IDP_KEY", value_name = "FILE", help_heading = "IdP")]
        pub idp_key: Option<PathBuf>,
        /// RS256, PS256, ES256, ES384, EdDSA or Ed25519 [default: RS256, and others where the target refuses it]
        #[arg(long, env = "JAGSPEC_IDP_ALG", value_name = "ALG", help_heading = "IdP")]
        pub idp_alg: Option<String>,

        /// Which rules apply: draft, draft-next, mcp-ema or xaa [default: draft]
        #[arg(long, env = "JAGSPEC_PROFILE", value_name = "NAME", help_heading = "Rules")]
        pub profile: Option<String>,
        /// Settles what the specifications leave open, such as replay=single-use (repeatable)
        #[arg(long, env = "JAGSPEC_POLICY", value_name = "NAME=VALUE", value_delimiter = '\n', action = ArgAction::Append, help_heading = "Rules")]
        pub policy: Option<Vec<String>>,
        /// A suite file or folder, instead of the shipped ones (repeatable)
        #[arg(long, env = "JAGSPEC_SUITE", value_name = "PATH", value_delimiter = '\n', action = ArgAction::Append, help_heading = "Rules")]
        pub suite: Option<Vec<PathBuf>>,
        /// Known failures: only a change against them fails the run, an entry that is stale too
        #[arg(long, env = "JAGSPEC_BASELINE", value_name = "FILE", help_heading = "Rules")]
        pub baseline: Option<String>,
        /// Writes the baseline anew from this run: what is stale goes, new failures come
        #[arg(long, env = "JAGSPEC_WRITE_BASELINE", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", require_equals = true, help_heading = "Rules")]
        pub write_baseline: Option<bool>,
        /// A `warn` of level SHOULD fails the run
        #[arg(long, env = "JAGSPEC_STRICT", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", require_equals = true, help_heading = "Rules")]
        pub strict: Option<bool>,

        /// Writes a report, such as json=report.json; formats: html, json, junit, markdown, sarif, snapshot, github,
        /// har; `-` is standard output (repeatable)
        #[arg(long, env = "JAGSPEC_REPORT", value_name = "FORMAT=PATH", value_delimiter = '\n', action = ArgAction::Append, help_heading = "Reports")]
        pub report: Option<Vec<String>>,
        /// Fails, with a diff, when the snapshot written differs from the file that was there
        #[arg(long, env = "JAGSPEC_CHECK_SNAPSHOT", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", require_equals = true, help_heading = "Reports")]
        pub check_snapshot: Option<bool>,
        /// The file of your repository that the results of the SARIF report point at [default: the suite files]
        #[arg(long, env = "JAGSPEC_SARIF_LOCATION", value_name = "FILE", help_heading = "Reports")]
        pub sarif_location: Option<String>,
        /// Nothing is redacted in reports
        #[arg(long, env = "JAGSPEC_SHOW_SECRETS", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", require_equals = true, help_heading = "Reports")]
        pub show_secrets: Option<bool>,
        /// The exchanges of passing cases stay in the report
        #[arg(long, env = "JAGSPEC_KEEP_EXCHANGES", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", require_equals = true, help_heading = "Reports")]
        pub keep_exchanges: Option<bool>,

        /// Cases at once [default: 8]
        #[arg(long, env = "JAGSPEC_JOBS", allow_negative_numbers = true, value_name = "N", help_heading = "Exchanges")]
        pub jobs: Option<usize>,
        /// The bound of one exchange, in seconds [default: 10]
        #[arg(long, env = "JAGSPEC_TIMEOUT", allow_negative_numbers = true, value_name = "SECONDS", help_heading = "Exchanges")]
        pub timeout: Option<f64>,
        /// Exchanges a second, at most [default: no limit]
        #[arg(long, env = "JAGSPEC_RATE", allow_negative_numbers = true, value_name = "N", help_heading = "Exchanges")]
        pub rate: Option<u32>,
        /// Waits so long for the target to answer before the run [default: 0]
        #[arg(long, env = "JAGSPEC_WAIT", allow_negative_numbers = true, value_name = "SECONDS", help_heading = "Exchanges")]
        pub wait: Option<f64>,
        /// The longest wait inside a case, in seconds: some wait for a cool-down of the target [default: 0, they are
        /// skipped]
        #[arg(long, env = "JAGSPEC_MAX_WAIT", value_name = "SECONDS", help_heading = "Exchanges")]
        pub max_wait: Option<f64>,
        /// Cases that load the target, with bodies of megabytes: yes, no, or auto, which is yes on loopback addresses
        /// [default: no]
        #[arg(long, env = "JAGSPEC_INTRUSIVE", value_name = "WHEN", help_heading = "Exchanges")]
        pub intrusive: Option<String>,
        /// No variants are sent to find out why a well-formed ID-JAG is refused
        #[arg(long, env = "JAGSPEC_NO_PROBES", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", require_equals = true, help_heading = "Exchanges")]
        pub no_probes: Option<bool>,
        /// Trusts a private CA (PEM)
        #[arg(long, env = "JAGSPEC_CA_CERT", value_name = "FILE", help_heading = "Exchanges")]
        pub ca_cert: Option<PathBuf>,
        /// TLS certificates of the target are not verified; the report says so
        #[arg(long, env = "JAGSPEC_INSECURE", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", require_equals = true, help_heading = "Exchanges")]
        pub insecure: Option<bool>,
        /// A header field of every request to the target, for gateways; its value is a secret (repeatable)
        #[arg(long, env = "JAGSPEC_HEADER", value_name = "NAME: VALUE", value_delimiter = '\n', action = ArgAction::Append, hide_env_values = true, help_heading = "Exchanges")]
        pub header: Option<Vec<String>>,

        /// Of the config file alone: the environment variable that holds the client's secret
        #[arg(skip)]
        pub client_secret_env: Option<String>,
        /// Of the config file alone: the environment variable that holds the second client's secret
        #[arg(skip)]
        pub other_client_secret_env: Option<String>,
        /// Of the config file alone: the environment variable that holds the secret of the client without the grant
        #[arg(skip)]
        pub unauthorized_client_secret_env: Option<String>,
        /// Of the config file alone: into how many parts `jagspec targets` cuts the cases
        #[arg(skip)]
        pub shards: Option<usize>,
        /// Of the config file alone: targets by name, each with options of its own; what it does not give is as beside
        /// `targets`
        #[arg(skip)]
        pub targets: Option<BTreeMap<String, RunOptions>>,
    }
}
