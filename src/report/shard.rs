//! What the report of a shard has besides, so that `jagspec merge` can make of the shards' reports the one that the
//! whole run would have given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Diagnosis;
use crate::suite::RunCheck;

/// What a shard knows beyond its own cases.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ShardFacts {
    /// The names of all cases that were selected, of every shard, in the order of the report.
    pub selected: Vec<String>,
    /// The cases that judge every answer of the run: each shard has judged its own answers.
    pub whole_run: Vec<WholeRunCase>,
    /// How many answers such cases could look at.
    pub answers: usize,
    /// What they found.
    pub offences: Vec<Offence>,
    /// What keeps the target from being tested, before the findings of cases join it in `diagnoses`.
    pub target_diagnoses: Vec<Diagnosis>,
    /// Nothing at all answered.
    pub unreachable: bool,
    /// The answer to a control that was accepted before and refused after a suite.
    pub control_lost: Option<String>,
}

/// A case that judges every answer of the run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WholeRunCase {
    /// `suite::case`.
    pub name: String,
    /// The row that explains a failure.
    pub row: String,
    /// What it checks.
    pub checks: Vec<RunCheck>,
}

/// An answer that is not as every answer of a run must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Offence {
    /// The check that found it.
    pub check: RunCheck,
    /// The case that was answered so; null where no case asked.
    pub case: Option<String>,
    /// What is wrong with it.
    pub what: String,
    /// Index into `exchanges`.
    pub exchange: Option<usize>,
}
