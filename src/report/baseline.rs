//! What a baseline of known failures says of a run: plain data of the report, and what renderers ask of it. Reading the
//! file and comparing it with the run is the business of `known_failures`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CaseReport, Diagnosis, Outcome, Report, verdict::counted};
use crate::settings::Profile;

/// The baseline of the run and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineReport {
    /// The file, as it was named.
    pub file: String,
    /// How many cases ended as an entry says.
    pub known: usize,
    /// The cases that fail the run: no entry expects their outcome.
    pub new: Vec<NewFailure>,
    /// The entries, in the order of the file.
    pub entries: Vec<BaselineEntry>,
}

/// A case that fails the run although there is a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewFailure {
    /// `suite::case`.
    pub name: String,
    /// Its outcome.
    pub outcome: Outcome,
    /// The other outcome that an entry expects of it; null where none names the case.
    pub expected: Option<Outcome>,
}

/// An entry of the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineEntry {
    /// The case's name, or a pattern, as typed.
    pub case: String,
    /// The outcome that it expects.
    pub outcome: Outcome,
    /// Why that is known; null where nothing was said.
    pub comment: Option<String>,
    /// The profile under which it holds; null: under each.
    pub profile: Option<Profile>,
    /// The versions of jagspec for which it holds; null: for each.
    pub version: Option<String>,
    /// The last day on which it holds, `YYYY-MM-DD` (UTC); null: it does not expire.
    pub expires: Option<String>,
    /// Its line in the file.
    pub line: usize,
    /// How many cases of the suites it names, whether they were run or not.
    pub cases: usize,
    /// What became of it.
    pub state: EntryState,
    /// Why, one sentence; empty where the state says all.
    pub reason: String,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EntryState {
    /// A case ended as it says.
    Matched,
    /// Each of its cases ended otherwise: it is to be removed, and fails the run.
    Stale,
    /// Not all of its cases were run and decided, and none of those that were ended as it says.
    Untried,
    /// It is for another profile or another version.
    Inapplicable,
    /// Its day is past: it counts as if it were not there.
    Expired,
}

/// What makes a case a known one: the entry that expects its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownFailure {
    /// The line of the entry in the baseline.
    pub line: usize,
    /// Why it is known; null where nothing was said.
    pub comment: Option<String>,
    /// The last day on which it is; null: it does not expire.
    pub expires: Option<String>,
}

impl KnownFailure {
    /// Why and until when, for a reader; empty where nothing was said.
    pub(super) fn said(&self) -> String {
        let until = self.expires.as_ref().map(|day| format!("until {day}"));
        match (&self.comment, until) {
            (Some(comment), Some(until)) => format!("{comment} ({until})"),
            (comment, until) => comment.clone().or(until).unwrap_or_default(),
        }
    }
}

impl BaselineEntry {
    /// `suite::case (fail)`.
    pub(super) fn label(&self) -> String {
        format!("{} ({})", self.case, self.outcome.word())
    }

    /// What is wrong with a stale or expired entry, and what to do.
    pub(super) fn advice(&self) -> String {
        match self.state {
            EntryState::Expired => format!(
                "expired after {}, and counts no more: mend the target, or give a later day",
                self.expires.as_deref().unwrap_or_default()
            ),
            EntryState::Stale => {
                format!("{}: remove the entry, by hand or with --write-baseline", self.reason)
            }
            EntryState::Matched | EntryState::Untried | EntryState::Inapplicable => self.reason.clone(),
        }
    }
}

impl Report {
    /// The entries of the baseline in this state, in the order of the file.
    pub fn entries(&self, state: EntryState) -> impl Iterator<Item = &BaselineEntry> {
        self.baseline.iter().flat_map(|it| &it.entries).filter(move |entry| entry.state == state)
    }

    /// `FILE:LINE` of a line of the baseline.
    pub(super) fn baseline_place(&self, line: usize) -> String {
        self.baseline.as_ref().map_or_else(String::new, |baseline| format!("{}:{line}", baseline.file))
    }

    /// What the baseline has of a case that fails the run with another outcome: `expects warn, not fail`.
    pub(super) fn change(&self, case: &CaseReport) -> Option<String> {
        let new = self.baseline.as_ref()?.new.iter().find(|new| new.name == case.name)?;
        Some(format!("expects {}, not {}", new.expected?.word(), new.outcome.word()))
    }

    /// The diagnoses of which the baseline does not know every case, and those of which it does.
    pub(super) fn parted_diagnoses(&self) -> (Vec<&Diagnosis>, Vec<&Diagnosis>) {
        let is_known = |name: &String| {
            self.cases.iter().find(|case| case.name == *name).is_some_and(|case| case.known.is_some())
        };
        self.diagnoses
            .iter()
            .partition(|it| self.baseline.is_none() || it.cases.is_empty() || !it.cases.iter().all(is_known))
    }

    /// How many cases of this outcome are known.
    pub(super) fn known(&self, outcome: Outcome) -> usize {
        self.cases.iter().filter(|case| case.outcome == outcome && case.known.is_some()).count()
    }

    /// What the baseline finds wrong with the run: `1 failure is new, 2 entries of the baseline are stale`.
    pub(super) fn baseline_trouble(&self) -> Option<String> {
        let baseline = self.baseline.as_ref()?;
        let be = |count: usize| if count == 1 { "is" } else { "are" };
        let (new, stale) = (baseline.new.len(), self.entries(EntryState::Stale).count());
        let parts = [
            (new, format!("{} {} new", counted(new, "failure", "failures"), be(new))),
            (stale, format!("{} of the baseline {} stale", counted(stale, "entry", "entries"), be(stale))),
        ];
        let parts: Vec<_> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}
