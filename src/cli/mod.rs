//! The command line: what is typed, and the commands behind it. Each command returns its exit status; what it says
//! goes through `Screen`.

mod baseline;
mod commands;
mod config;
mod files;
mod fleet;
mod help;
mod hidden;
mod options;
mod screen;
mod settings;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
pub use commands::execute;
pub use fleet::{DiffArguments, MergeArguments, TargetsArguments};
pub use options::{RunOptions, config_schema};
pub use screen::Screen;
pub use settings::{Started, UsageError, settings};

use crate::settings::Selection;

/// What the command line, the config file or a suite file got wrong: nothing was sent.
pub const USAGE: u8 = 2;

/// Conformance tests for OAuth authorization servers that accept ID-JAGs
/// (Identity Assertion JWT Authorization Grant, Cross App Access, MCP Enterprise-Managed Authorization)
#[derive(Debug, Parser)]
#[command(name = "jagspec", version, after_help = help::RUN, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// The command; none runs the suites.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to run.
    #[command(flatten)]
    pub run: RunArguments,
}

/// What to run.
#[derive(Debug, Clone, Default, Args)]
pub struct RunArguments {
    /// Only the cases whose suite::case name contains one of these
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// FILTER is a whole name
    #[arg(long)]
    pub exact: bool,
    /// Not the cases whose name contains this (repeatable)
    #[arg(long, value_name = "FILTER")]
    pub skip: Vec<String>,
    /// Only the K-th of N parts of the cases, 1/N to N/N; the command merge joins their reports
    #[arg(long, env = "JAGSPEC_SHARD", value_name = "K/N")]
    pub shard: Option<String>,
    /// The config file [default: jagspec.yaml, where there is one]
    #[arg(long, env = "JAGSPEC_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The target of that name in the config file
    #[arg(long, env = "JAGSPEC_TARGET_NAME", value_name = "NAME")]
    pub target_name: Option<String>,
    /// Options that environment and config file may give as well.
    #[command(flatten)]
    pub options: RunOptions,
}

impl RunArguments {
    /// Which cases run. An empty `--shard` is none.
    ///
    /// # Errors
    /// A `--shard` that is no K/N.
    fn selection(&self) -> Result<Selection, UsageError> {
        let shard = self.shard.as_deref().filter(|shard| !shard.is_empty());
        let shard = shard.map(str::parse).transpose();
        Ok(Selection {
            filters: self.filter.clone(),
            exact: self.exact,
            skip: self.skip.clone(),
            shard: shard.map_err(|problem| UsageError { option: "--shard", problem })?,
        })
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the cases, without touching a target
    #[command(after_help = help::LIST)]
    List(ListArguments),
    /// Explains a row, a case, a requirement or an attack
    #[command(after_help = help::EXPLAIN)]
    Explain {
        /// The id of a row, a requirement or an attack, or the name of a case
        id: String,
    },
    /// Checks suite files, config files and baselines; every mistake is shown at its line and column
    #[command(after_help = help::CHECK)]
    Check {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Prints the JSON Schema of a suite file, of a config file or of a baseline, for editors
    #[command(after_help = help::SCHEMA)]
    Schema {
        /// suite, config or baseline
        #[arg(value_name = "KIND", default_value = "suite", value_parser = ["suite", "config", "baseline"])]
        kind: String,
    },
    /// Joins the JSON reports of the shards of one run, or renders one report anew
    #[command(after_help = help::MERGE)]
    Merge(MergeArguments),
    /// Shows what changed between two JSON reports
    #[command(after_help = help::DIFF)]
    Diff(DiffArguments),
    /// Lists the targets of the config file
    #[command(after_help = help::TARGETS)]
    Targets(TargetsArguments),
    /// Prints the completions of a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Says what to register at the target, and checks what can be checked before the first run
    #[command(after_help = help::DOCTOR)]
    Doctor(Box<RunArguments>),
    /// The harness's IdP alone
    #[command(subcommand, after_help = help::IDP)]
    Idp(IdpCommand),
    /// Prints an ID-JAG: good, with claims of yours, or with the defect of a case
    #[command(after_help = help::MINT, mut_args = without_the_run)]
    Mint(Box<MintArguments>),
    /// Shows a token with its members explained, and what is wrong with it
    #[command(after_help = help::DECODE)]
    Decode(DecodeArguments),
    /// Serves the embedded playground until interrupted
    #[command(after_help = help::PLAYGROUND)]
    Playground(PlaygroundArguments),
}

/// Which cases to list, and how.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Only the cases whose suite::case name contains one of these
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub format: String,
    /// Which requirement and attack has which cases
    #[arg(long)]
    pub coverage: bool,
    /// A suite file or folder, instead of the shipped ones (repeatable)
    #[arg(long, env = "JAGSPEC_SUITE", value_name = "PATH", value_delimiter = '\n')]
    pub suite: Vec<PathBuf>,
    /// The profile whose levels are shown: draft, draft-next, mcp-ema or xaa
    #[arg(long, env = "JAGSPEC_PROFILE", value_name = "NAME", default_value = "draft")]
    pub profile: String,
}

/// What to do with the IdP.
#[derive(Debug, Subcommand)]
pub enum IdpCommand {
    /// Serves metadata and keys until interrupted, and shows who fetches them
    #[command(after_help = help::IDP_SERVE)]
    Serve(IdpArguments),
    /// Writes metadata and keys as files for static hosting
    #[command(after_help = help::IDP_EXPORT)]
    Export {
        /// The folder
        dir: PathBuf,
        /// The IdP.
        #[command(flatten)]
        idp: IdpArguments,
    },
    /// Shows the signing keys, and makes them where there are none yet
    #[command(after_help = help::IDP_KEY)]
    Key {
        /// Makes a P-256 key in this new file instead, for --client-key or --idp-key
        #[arg(long, value_name = "FILE")]
        make: Option<PathBuf>,
        /// The IdP.
        #[command(flatten)]
        idp: IdpArguments,
    },
    /// Makes a CA and a server certificate, for an IdP that speaks https
    #[command(after_help = help::IDP_CERT)]
    Cert {
        /// The folder
        dir: PathBuf,
        /// A host name or address beside those of the loopback interface (repeatable)
        #[arg(long, value_name = "NAME")]
        host: Vec<String>,
        /// Replaces files that are there
        #[arg(long)]
        overwrite: bool,
    },
}

/// The options of the IdP alone.
#[derive(Debug, Clone, Args)]
pub struct IdpArguments {
    /// Where it listens [default: 127.0.0.1:9555]
    #[arg(long, env = "JAGSPEC_IDP_LISTEN", value_name = "ADDR")]
    pub idp_listen: Option<String>,
    /// Its issuer identifier, when that is not http:// + ADDR
    #[arg(long, env = "JAGSPEC_IDP_ISSUER", value_name = "URL")]
    pub idp_issuer: Option<String>,
    /// It speaks https with this certificate chain (PEM)
    #[arg(long, env = "JAGSPEC_IDP_TLS_CERT", value_name = "FILE")]
    pub idp_tls_cert: Option<PathBuf>,
    /// The private key of that certificate (PEM)
    #[arg(long, env = "JAGSPEC_IDP_TLS_KEY", value_name = "FILE")]
    pub idp_tls_key: Option<PathBuf>,
    /// Its signing key (PEM) [default: the keys in the user's state folder]
    #[arg(long, env = "JAGSPEC_IDP_KEY", value_name = "FILE")]
    pub idp_key: Option<PathBuf>,
    /// The private key (PEM) of the client, whose public half is published as well
    #[arg(long, env = "JAGSPEC_CLIENT_KEY", value_name = "FILE")]
    pub client_key: Option<PathBuf>,
}

/// Which ID-JAG to print.
#[derive(Debug, Clone, Default, Args)]
pub struct MintArguments {
    /// With the defect of this case, a suite::case name
    #[arg(long, value_name = "NAME")]
    pub case: Option<String>,
    /// Of that case's token requests the N-th [default: the first]
    #[arg(long, value_name = "N", requires = "case")]
    pub step: Option<usize>,
    /// With a change in the words of a suite file, such as '{ header: { typ: JWT } }' (repeatable)
    #[arg(long, value_name = "YAML")]
    pub change: Vec<String>,
    /// The target's token endpoint, for the cases whose ID-JAG names it
    #[arg(long, value_name = "URL")]
    pub token_endpoint: Option<String>,
    /// The `jti` that the requests of the case share [default: a new one]
    #[arg(long, value_name = "JTI", requires = "case")]
    pub case_jti: Option<String>,
    /// The config file [default: jagspec.yaml, where there is one]
    #[arg(long, env = "JAGSPEC_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The target of that name in the config file
    #[arg(long, env = "JAGSPEC_TARGET_NAME", value_name = "NAME")]
    pub target_name: Option<String>,
    /// The options of a run, of which those count that shape its ID-JAGs.
    #[command(flatten)]
    pub options: RunOptions,
}

/// Options of a run that shape no ID-JAG are taken, so that a config file and a command line serve both, and not
/// shown.
fn without_the_run(argument: clap::Arg) -> clap::Arg {
    let shapes = [
        "target",
        "client_id",
        "client_secret",
        "other_client_id",
        "other_client_secret",
        "idp_listen",
        "idp_issuer",
        "idp_tls_cert",
        "idp_key",
        "idp_alg",
        "suite",
    ];
    let hidden = match argument.get_help_heading() {
        None | Some("ID-JAG") => false,
        Some(_) => !shapes.contains(&argument.get_id().as_str()),
    };
    argument.hide(hidden)
}

/// Which token to show, and how.
#[derive(Debug, Args)]
pub struct DecodeArguments {
    /// The token [default: what standard input holds]
    #[arg(value_name = "TOKEN")]
    pub token: Option<String>,
    /// A JWK Set in a file: its keys verify the signature as well as those of jagspec
    #[arg(long, value_name = "FILE")]
    pub jwks: Option<PathBuf>,
    /// The IdP's signing key (PEM) [default: the keys in the user's state folder]
    #[arg(long, env = "JAGSPEC_IDP_KEY", value_name = "FILE")]
    pub idp_key: Option<PathBuf>,
    /// text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub format: String,
}

/// How the playground is to be.
#[derive(Debug, Args)]
pub struct PlaygroundArguments {
    /// A fault that it has (repeatable; several names at once)
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub fault: Vec<String>,
    /// Lists the faults, with the row that each shows and where it comes from
    #[arg(long)]
    pub list_faults: bool,
    /// Where it listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9556")]
    pub listen: String,
    /// The path of its issuer identifier, such as /tenant1
    #[arg(long, value_name = "PATH", default_value = "")]
    pub issuer_path: String,
    /// The issuer identifier of the IdP that it trusts
    #[arg(long, env = "JAGSPEC_IDP_ISSUER", value_name = "URL", default_value = "http://127.0.0.1:9555")]
    pub idp_issuer: String,
}
