//! The arguments of the commands for many runs: `merge`, `diff`, `targets`.

use std::path::PathBuf;

use clap::{Args, builder::BoolishValueParser};

/// Which reports to merge, and what to write.
#[derive(Debug, Args)]
pub struct MergeArguments {
    /// The JSON reports of all shards of a run, or one report of a whole run
    #[arg(required = true, value_name = "REPORT")]
    pub reports: Vec<PathBuf>,
    /// Writes a report, as in a run (repeatable)
    #[arg(long, env = "JAGSPEC_REPORT", value_name = "FORMAT=PATH", value_delimiter = '\n')]
    pub report: Vec<String>,
    /// Fails, with a diff, when the snapshot written differs from the file that was there
    #[arg(long, env = "JAGSPEC_CHECK_SNAPSHOT", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", require_equals = true)]
    pub check_snapshot: Option<bool>,
    /// The file of your repository that the results of the SARIF report point at [default: the suite files]
    #[arg(long, env = "JAGSPEC_SARIF_LOCATION", value_name = "FILE")]
    pub sarif_location: Option<String>,
    /// The file of known failures: only a change against it fails the run, a stale entry too
    #[arg(long, env = "JAGSPEC_BASELINE", value_name = "FILE")]
    pub baseline: Option<String>,
    /// Writes the baseline anew from this report, with the comments that are in it
    #[arg(long, env = "JAGSPEC_WRITE_BASELINE", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new(), value_name = "BOOL", require_equals = true)]
    pub write_baseline: Option<bool>,
    /// A suite file or folder of the run, whose cases the baseline names (repeatable)
    #[arg(long, env = "JAGSPEC_SUITE", value_name = "PATH", value_delimiter = '\n')]
    pub suite: Vec<PathBuf>,
}

/// Which reports to compare, and how.
#[derive(Debug, Args)]
pub struct DiffArguments {
    /// The earlier JSON report
    #[arg(value_name = "A")]
    pub before: PathBuf,
    /// The later JSON report
    #[arg(value_name = "B")]
    pub after: PathBuf,
    /// text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub format: String,
}

/// How to list the targets.
#[derive(Debug, Args)]
pub struct TargetsArguments {
    /// text, json or github-matrix
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json", "github-matrix"])]
    pub format: String,
    /// Cuts the cases of every target into so many parts, whatever `shards` of the config file says
    #[arg(long, env = "JAGSPEC_SHARDS", value_name = "N", allow_negative_numbers = true)]
    pub shards: Option<String>,
    /// The config file [default: jagspec.yaml]
    #[arg(long, env = "JAGSPEC_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}
