//! A baseline as typed, and as it is written: the YAML types, nothing checked beyond their shape.
//!
//! The doc comments of these types are what editors show: they become the descriptions of the JSON Schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    report::{BaselineEntry, Outcome},
    settings::Profile,
};

/// A baseline: the failures that are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineFile {
    /// The entries. A case has one at most, under one profile.
    pub known: Vec<EntryFile>,
}

/// An entry: a case, or several, that end otherwise than they should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryFile {
    /// The whole name of the case, `suite::case`; or a pattern, in which each `*` stands for any text, also for none.
    pub case: String,
    /// The outcome that is known. With any other the entry does not hold.
    pub outcome: ExpectedOutcome,
    /// Why that is known: a ticket, a reason. Reports show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The entry holds under this profile only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// The entry holds for these versions of jagspec only: a requirement as Cargo has it, such as `<0.3` or
    /// `>=0.2, <0.4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The last day on which the entry holds, `YYYY-MM-DD`, in UTC. Afterwards it counts as if it were not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    pub expires: Option<String>,
}

/// An outcome that an entry may expect: each but `pass`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedOutcome {
    /// A MUST is broken.
    Fail,
    /// A SHOULD is not met, or the riskier reading was chosen. It fails a run with `--strict` only.
    Warn,
    /// The case cannot be carried out, and nothing but this case is in the way.
    Error,
    /// The control is not accepted. It fails no run; the entry is stale once the case is decided.
    Inconclusive,
    /// Not configured or not offered. It fails no run; the entry is stale once the case is decided.
    Skip,
}

impl From<ExpectedOutcome> for Outcome {
    fn from(expected: ExpectedOutcome) -> Self {
        match expected {
            ExpectedOutcome::Fail => Outcome::Fail,
            ExpectedOutcome::Warn => Outcome::Warn,
            ExpectedOutcome::Error => Outcome::Error,
            ExpectedOutcome::Inconclusive => Outcome::Inconclusive,
            ExpectedOutcome::Skip => Outcome::Skip,
        }
    }
}

impl ExpectedOutcome {
    /// The same as an expectation; none of a pass.
    pub(super) fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Pass => None,
            Outcome::Fail => Some(ExpectedOutcome::Fail),
            Outcome::Warn => Some(ExpectedOutcome::Warn),
            Outcome::Error => Some(ExpectedOutcome::Error),
            Outcome::Inconclusive => Some(ExpectedOutcome::Inconclusive),
            Outcome::Skip => Some(ExpectedOutcome::Skip),
        }
    }
}

impl EntryFile {
    /// An entry of the report as it is written, under a name or pattern.
    pub(super) fn named(case: &str, entry: &BaselineEntry) -> Option<Self> {
        Some(Self {
            case: case.to_owned(),
            outcome: ExpectedOutcome::of(entry.outcome)?,
            comment: entry.comment.clone(),
            profile: entry.profile,
            version: entry.version.clone(),
            expires: entry.expires.clone(),
        })
    }
}

/// The JSON Schema (draft 2020-12) of a baseline, indented, with a line break at the end. It is checked in as
/// `schemas/baseline.schema.json`; `UPDATE_SCHEMAS=1 cargo test --test baseline` writes it anew.
pub fn schema() -> String {
    let mut schema = schemars::generate::SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<BaselineFile>();
    schema.insert("title".to_owned(), "A baseline of jagspec".into());
    format!("{:#}\n", schema.to_value())
}
