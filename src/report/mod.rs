//! The report: plain data, the only input of every renderer. Its serialised form is the JSON report of the
//! contract: keys may be added, none renamed or removed.
//!
//! The renderers are siblings, one file each, all pure: they take a report and give a text. Printing and writing is
//! left to `main`. A report is redacted (`redact`) once, before the first of them sees it.

mod baseline;
pub mod curl;
pub mod github;
pub mod har;
pub mod html;
pub mod json;
pub mod junit;
mod made;
pub mod markdown;
mod normalise;
pub(crate) mod page;
pub mod redact;
pub mod sarif;
mod shard;
pub(crate) mod shell;
pub mod snapshot;
pub mod terminal;
pub(crate) mod text;
pub(crate) mod time;
mod verdict;

pub use baseline::{BaselineEntry, BaselineReport, EntryState, KnownFailure, NewFailure};
pub use made::Made;
pub use shard::{Offence, ShardFacts, WholeRunCase};
pub use text::sanitise;
pub use verdict::MustCount;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::suite::Level;

/// The value of `format`.
pub const FORMAT: &str = "jagspec/1";

/// The report of a run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Always `jagspec/1`.
    #[schemars(extend("const" = FORMAT))]
    pub format: String,
    /// How the run was made.
    pub run: RunInfo,
    /// What was tested.
    pub target: TargetInfo,
    /// How many cases had which outcome.
    pub summary: Summary,
    /// The exit status of the run.
    #[schemars(extend("enum" = [0, 1, 2, 3, 130]))]
    pub exit_status: u8,
    /// The cases in the order of the suites.
    pub cases: Vec<CaseReport>,
    /// What is wrong, best first.
    pub diagnoses: Vec<Diagnosis>,
    /// What was measured of the target beyond pass and fail.
    pub profile: Vec<ProfileEntry>,
    /// The baseline of known failures, and what became of it; null without one.
    #[serde(default)]
    pub baseline: Option<BaselineReport>,
    /// The HTTP exchanges that `cases[].exchanges` point at.
    pub exchanges: Vec<ExchangeReport>,
    /// What merging needs of the report of a shard; left out of any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardFacts>,
}

/// How the run was made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RunInfo {
    /// The version of jagspec.
    pub version: String,
    /// The profile's name.
    pub rules: String,
    /// The policies that were set.
    pub policies: BTreeMap<String, String>,
    /// The filters that chose the cases.
    pub filter: Vec<String>,
    /// `K/N` of a sharded run.
    pub shard: Option<String>,
    /// The issuer identifier of the harness's IdP, so that the snapshot can give it its name.
    #[serde(default)]
    pub idp_issuer: String,
    /// A `warn` of level SHOULD fails the run.
    #[serde(default)]
    pub strict: bool,
    /// TLS certificates were not verified.
    pub insecure: bool,
    /// Nothing is redacted: the report holds client secrets and tokens.
    #[serde(default)]
    pub secrets_shown: bool,
    /// False when the run was interrupted.
    pub complete: bool,
    /// The target could not be tested: it does not answer, accepts no well-formed ID-JAG, or there is no client.
    #[serde(default)]
    pub untestable: bool,
}

/// What was tested.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct TargetInfo {
    /// The issuer identifier that was used: the metadata's.
    pub issuer: String,
    /// The token endpoint; null when there is none.
    pub token_endpoint: Option<String>,
    /// Where the metadata was found; null after the fallback.
    pub metadata_url: Option<String>,
}

/// How many cases had which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Passed.
    pub pass: usize,
    /// A MUST is broken.
    pub fail: usize,
    /// A SHOULD is not met, or the riskier reading was chosen.
    pub warn: usize,
    /// Not configured or not offered.
    pub skip: usize,
    /// A refusal without an accepted control.
    pub inconclusive: usize,
    /// The harness could not carry it out.
    pub error: usize,
}

impl Summary {
    /// Counts the outcomes of cases.
    pub fn of(cases: &[CaseReport]) -> Self {
        let mut summary = Summary::default();
        for case in cases {
            *match case.outcome {
                Outcome::Pass => &mut summary.pass,
                Outcome::Fail => &mut summary.fail,
                Outcome::Warn => &mut summary.warn,
                Outcome::Skip => &mut summary.skip,
                Outcome::Inconclusive => &mut summary.inconclusive,
                Outcome::Error => &mut summary.error,
            } += 1;
        }
        summary
    }

    /// How many cases there are.
    pub fn total(&self) -> usize {
        self.pass + self.fail + self.warn + self.skip + self.inconclusive + self.error
    }
}

/// The outcome of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// What was expected.
    Pass,
    /// A MUST is broken.
    Fail,
    /// A SHOULD is not met, or the riskier reading was chosen.
    Warn,
    /// Not configured or not offered.
    Skip,
    /// A refusal without an accepted control.
    Inconclusive,
    /// The harness could not carry it out.
    Error,
}

impl Outcome {
    /// The word of the report.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Warn => "warn",
            Outcome::Skip => "skip",
            Outcome::Inconclusive => "inconclusive",
            Outcome::Error => "error",
        }
    }

    /// How bad it is: of two outcomes the one with the greater weight is the worse.
    pub fn weight(self) -> u8 {
        match self {
            Outcome::Fail => 5,
            Outcome::Error => 4,
            Outcome::Warn => 3,
            Outcome::Inconclusive => 2,
            Outcome::Skip => 1,
            Outcome::Pass => 0,
        }
    }

    /// A sign to stand beside the word, never alone.
    pub fn symbol(self) -> &'static str {
        match self {
            Outcome::Pass => "✓",
            Outcome::Fail => "✗",
            Outcome::Warn | Outcome::Error => "!",
            Outcome::Inconclusive => "?",
            Outcome::Skip => "–",
        }
    }
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A token for a bad ID-JAG, or a canary hit.
    Critical,
    /// Another MUST that is broken.
    High,
    /// A warning.
    Low,
}

impl Severity {
    /// How grave it is: of two severities the one with the greater weight is the graver.
    pub fn weight(self) -> u8 {
        match self {
            Severity::Critical => 3,
            Severity::High => 2,
            Severity::Low => 1,
        }
    }

    /// The word of the report.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Low => "low",
        }
    }
}

/// What kind of finding a case has: a hole is kept apart from a wrong error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// A token for what must be refused.
    TokenIssued,
    /// The target fetched an address that only the assertion names.
    CanaryHit,
    /// A refusal of what must be accepted.
    GoodRefused,
    /// Refused as it must be, with another error or status than is due.
    WrongError,
    /// Anything else: a header, a member, the metadata.
    Detail,
}

/// One case.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CaseReport {
    /// `suite::case`.
    pub name: String,
    /// The suite's name.
    pub suite: String,
    /// The case's name.
    pub case: String,
    /// What a conforming server does.
    pub title: String,
    /// How binding it is under the profile of the run.
    pub level: Level,
    /// How grave the finding is; null without one.
    pub severity: Option<Severity>,
    /// What kind of finding it is; null without one.
    pub finding: Option<Finding>,
    /// Ids of requirements and attacks.
    pub requirements: Vec<String>,
    /// The outcome.
    pub outcome: Outcome,
    /// The row that explains the outcome; null for a pass.
    pub row: Option<String>,
    /// Why this outcome, one sentence; empty for a plain pass.
    pub reason: String,
    /// What a conforming server answers, one sentence.
    pub expected: String,
    /// What the target answered, one sentence.
    pub observed: String,
    /// What was changed of the well-formed exchange, one sentence each; empty for a positive case.
    pub changed: Vec<String>,
    /// The members that `changed` is about, so that a reader is shown them where they stand.
    #[serde(default)]
    pub changed_members: Vec<ChangedMember>,
    /// The entry of the baseline that expects this outcome; null where there is none.
    #[serde(default)]
    pub known: Option<KnownFailure>,
    /// Where the case stands, `FILE:LINE`.
    pub source: String,
    /// Indexes into `exchanges`.
    pub exchanges: Vec<usize>,
}

impl CaseReport {
    /// It was not carried out, for this reason; its row is `row`.
    pub fn skip(&mut self, row: &str, reason: String) {
        self.outcome = Outcome::Skip;
        self.row = Some(row.to_owned());
        self.reason = reason;
    }

    /// Whether `--strict` counts it as a failure: a warning, but of level MAY, which is a reading that the
    /// specifications leave open. The wrong error of a MUST is none.
    pub fn is_grave_warning(&self) -> bool {
        self.outcome == Outcome::Warn && self.level <= Level::SHOULD
    }

    /// Whether the run fails with such a case, unless a baseline knows it.
    pub fn is_failure(&self, strict: bool) -> bool {
        matches!(self.outcome, Outcome::Fail | Outcome::Error) || (strict && self.is_grave_warning())
    }
}

/// A member of the ID-JAG or of the token request that a case changes, leaves out, or writes twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ChangedMember {
    /// What it is a member of.
    pub part: ChangedPart,
    /// Its name there.
    pub name: String,
    /// Whether it is left out.
    pub removed: bool,
}

impl ChangedMember {
    /// A member of this name that is there, but not as it should be.
    pub fn set(part: ChangedPart, name: impl Into<String>) -> Self {
        Self { part, name: name.into(), removed: false }
    }

    /// A member of this name that is left out.
    pub fn removed(part: ChangedPart, name: impl Into<String>) -> Self {
        Self { part, name: name.into(), removed: true }
    }
}

/// What a changed member is a member of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangedPart {
    /// The ID-JAG's claims.
    Claim,
    /// The ID-JAG's JOSE header.
    Header,
    /// The ID-JAG as a whole: `payload`, `signature`, `serialisation`.
    Token,
    /// The parameters of the token request.
    Parameter,
    /// The token request as a whole: `method`, `query`, `body`, or a header field's name in lower case.
    Request,
}

/// How sure a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Shown by an experiment.
    Certain,
    /// The evidence points here.
    Likely,
    /// One of several.
    Possible,
}

impl Confidence {
    /// The word of the report.
    pub fn word(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Possible => "possible",
        }
    }
}

/// Whose move it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The target's code.
    TargetCode,
    /// The target's configuration.
    TargetConfiguration,
    /// The options of this run.
    HarnessConfiguration,
    /// jagspec itself.
    Harness,
    /// Not to be told.
    Undecided,
}

impl Blame {
    /// The word of the report.
    pub fn word(self) -> &'static str {
        match self {
            Blame::TargetCode => "target-code",
            Blame::TargetConfiguration => "target-configuration",
            Blame::HarnessConfiguration => "harness-configuration",
            Blame::Harness => "harness",
            Blame::Undecided => "undecided",
        }
    }

    /// Whose move it is, in words.
    pub fn sentence(self) -> &'static str {
        match self {
            Blame::TargetCode => "the target's code is to be changed",
            Blame::TargetConfiguration => "the target's configuration is to be changed",
            Blame::HarnessConfiguration => "the options of this run are to be changed",
            Blame::Harness => "jagspec itself is at fault",
            Blame::Undecided => "whose move it is cannot be told from outside",
        }
    }
}

/// A cause, with what to do about it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// The row's id.
    pub row: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Whose move it is.
    pub blame: Blame,
    /// Why it happens.
    pub cause: String,
    /// What to change.
    pub fix: String,
    /// What was seen, one sentence each.
    pub evidence: Vec<String>,
    /// The names of the cases that show it.
    pub cases: Vec<String>,
}

/// Something measured of the target.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProfileEntry {
    /// What, in kebab case.
    pub name: String,
    /// The value.
    pub value: Value,
    /// Whether it is the same in every run against the same target.
    pub stable: bool,
    /// The name of the case that measured it; null where it was no case.
    #[serde(default)]
    pub case: Option<String>,
    /// What was seen, one sentence each.
    pub evidence: Vec<String>,
}

/// One HTTP exchange.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ExchangeReport {
    /// What it is for, where it belongs to no single case, such as `discovery 1` or `control before audience`; else null.
    #[serde(default)]
    pub purpose: Option<String>,
    /// What was sent.
    pub request: RequestReport,
    /// What came back; null when nothing did.
    pub response: Option<ResponseReport>,
    /// Why nothing came back; null when something did.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// A command line that sends the same request, with an ID-JAG made anew and without a secret.
    pub curl: String,
    /// What to know before that line is pasted, one sentence each.
    #[serde(default)]
    pub curl_hints: Vec<String>,
}

/// A request as sent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RequestReport {
    /// The HTTP method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// Header fields in wire order.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

/// A response as received.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ResponseReport {
    /// The status code.
    pub status: u16,
    /// Header fields in wire order.
    pub headers: Vec<(String, String)>,
    /// The body as text, cut at 16 KiB; what is no UTF-8 is replaced.
    pub body: String,
    /// Whether it was cut.
    pub body_truncated: bool,
}
