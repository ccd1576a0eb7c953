//! What changed between two reports: outcomes of cases, diagnoses, the target's profile. What changes from run to run
//! by itself (times, addresses, the target's exact words) is no difference. How it is shown is `text`'s business.

pub mod text;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::report::{CaseReport, Diagnosis, Level, Outcome, ProfileEntry, Report, Severity, Summary};

/// The value of `format`.
const FORMAT: &str = "jagspec-diff/1";

/// What changed from the first report to the second. Its serialised form is the JSON of `jagspec diff`.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Always `jagspec-diff/1`.
    pub format: &'static str,
    /// Nothing of what is compared differs.
    pub same: bool,
    /// The two reports, the first one first.
    pub reports: [Side; 2],
    /// How the two runs were made differently. That alone is no difference between their results.
    pub runs: Vec<RunChange>,
    /// Cases with another outcome or severity, those that became worse first, and of these the worst.
    pub changed: Vec<CaseChange>,
    /// Cases that only the second report has, the worst first.
    pub added: Vec<CaseSide>,
    /// Cases that only the first report has.
    pub removed: Vec<CaseSide>,
    /// Diagnoses that only one of the reports has, or with another confidence or blame.
    pub diagnoses: Vec<Change<String>>,
    /// Stable entries of the target's profile that differ.
    pub profile: Vec<Change<Value>>,
}

/// One of the two reports.
#[derive(Debug, Serialize)]
pub struct Side {
    /// The file.
    pub file: String,
    /// The target.
    pub target: String,
    /// The version of jagspec.
    pub version: String,
    /// The profile.
    pub rules: String,
    /// How many cases had which outcome.
    pub summary: Summary,
    /// The exit status of the run.
    pub exit_status: u8,
}

/// Something that the two runs were made with differently.
#[derive(Debug, Serialize)]
pub struct RunChange {
    /// What, in words.
    pub what: &'static str,
    /// In the first.
    pub before: String,
    /// In the second.
    pub after: String,
}

/// A value under a name, in the first report and in the second; null in the one that has none.
#[derive(Debug, Serialize)]
pub struct Change<T> {
    /// The row of a diagnosis, the name of an entry.
    pub name: String,
    /// In the first.
    pub before: Option<T>,
    /// In the second.
    pub after: Option<T>,
}

/// A case whose outcome changed.
#[derive(Debug, Serialize)]
pub struct CaseChange {
    /// `suite::case`.
    pub name: String,
    /// Whether it became worse.
    pub worse: bool,
    /// In the first report.
    pub before: CaseSide,
    /// In the second report.
    pub after: CaseSide,
}

/// A case in one of the reports.
#[derive(Debug, Serialize)]
pub struct CaseSide {
    /// `suite::case`.
    pub name: String,
    /// The outcome.
    pub outcome: Outcome,
    /// How grave.
    pub severity: Option<Severity>,
    /// How binding.
    pub level: Level,
    /// The row; null for a pass.
    pub row: Option<String>,
    /// Why.
    pub reason: String,
    /// What the target answered.
    pub observed: String,
}

impl CaseSide {
    fn of(case: &CaseReport) -> Self {
        Self {
            name: case.name.clone(),
            outcome: case.outcome,
            severity: case.severity,
            level: case.level,
            row: case.row.clone(),
            reason: case.reason.clone(),
            observed: case.observed.clone(),
        }
    }

    /// How bad it is.
    fn weight(&self) -> (u8, u8) {
        (self.outcome.weight(), self.severity.map_or(0, Severity::weight))
    }
}

/// Compares two reports, each with the name of its file.
pub fn compare(before: (&str, &Report), after: (&str, &Report)) -> Difference {
    let (first, second) = (before.1, after.1);
    let before_by_name: BTreeMap<&str, &CaseReport> =
        first.cases.iter().map(|case| (case.name.as_str(), case)).collect();
    let after_names: BTreeMap<&str, &CaseReport> =
        second.cases.iter().map(|case| (case.name.as_str(), case)).collect();
    let mut changed = Vec::new();
    let mut added = Vec::new();
    for case in &second.cases {
        let after = CaseSide::of(case);
        let Some(before) = before_by_name.get(case.name.as_str()).map(|case| CaseSide::of(case)) else {
            added.push(after);
            continue;
        };
        if before.weight() != after.weight() {
            let worse = after.weight() > before.weight();
            changed.push(CaseChange { name: case.name.clone(), worse, before, after });
        }
    }
    // Stable: what is as bad keeps the order of the report.
    changed.sort_by_key(|change| std::cmp::Reverse((change.worse, change.after.weight())));
    added.sort_by_key(|case| std::cmp::Reverse(case.weight()));
    let removed: Vec<CaseSide> = first
        .cases
        .iter()
        .filter(|case| !after_names.contains_key(case.name.as_str()))
        .map(CaseSide::of)
        .collect();
    let diagnoses = changes(&diagnoses(first), &diagnoses(second));
    let profile = changes(&profile(first), &profile(second));
    let same = changed.is_empty()
        && added.is_empty()
        && removed.is_empty()
        && diagnoses.is_empty()
        && profile.is_empty()
        && first.exit_status == second.exit_status;
    Difference {
        format: FORMAT,
        same,
        reports: [side(before), side(after)],
        runs: runs(first, second),
        changed,
        added,
        removed,
        diagnoses,
        profile,
    }
}

fn side((file, report): (&str, &Report)) -> Side {
    Side {
        file: file.to_owned(),
        target: report.target.issuer.clone(),
        version: report.run.version.clone(),
        rules: report.run.rules.clone(),
        summary: report.summary,
        exit_status: report.exit_status,
    }
}

fn runs(first: &Report, second: &Report) -> Vec<RunChange> {
    let made = first.made().into_iter().zip(second.made());
    let shard = |report: &Report| report.run.shard.clone().unwrap_or_default();
    let complete = |report: &Report| if report.run.complete { "no" } else { "yes" }.to_owned();
    let beside =
        [("shard", shard(first), shard(second)), ("interruption", complete(first), complete(second))];
    made.map(|(one, other)| (one.what, one.value, other.value))
        .chain(beside)
        .filter(|(_, before, after)| before != after)
        .map(|(what, before, after)| RunChange { what, before, after })
        .collect()
}

/// Names and values, in the order of the report.
type Named<T> = Vec<(String, T)>;

fn diagnoses(report: &Report) -> Named<String> {
    let words =
        |diagnosis: &Diagnosis| format!("{}, {}", diagnosis.confidence.word(), diagnosis.blame.word());
    report.diagnoses.iter().map(|diagnosis| (diagnosis.row.clone(), words(diagnosis))).collect()
}

fn profile(report: &Report) -> Named<Value> {
    let stable = report.profile.iter().filter(|entry| entry.stable);
    stable.map(|ProfileEntry { name, value, .. }| (name.clone(), value.clone())).collect()
}

/// What differs: first what the second has, in its order, then what only the first has.
fn changes<T: Clone + PartialEq>(before: &Named<T>, after: &Named<T>) -> Vec<Change<T>> {
    let index = |named: &Named<T>| named.iter().cloned().collect::<BTreeMap<String, T>>();
    let (old, new) = (index(before), index(after));
    let of_second = after.iter().map(|(name, _)| name);
    let of_first_alone = before.iter().map(|(name, _)| name).filter(|name| !new.contains_key(*name));
    of_second
        .chain(of_first_alone)
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| Change {
            name: name.clone(),
            before: old.get(name).cloned(),
            after: new.get(name).cloned(),
        })
        .collect()
}
