//! What became of a baseline in a run: which cases are known, which failures are new, which entries are stale.
//!
//! An entry holds for a case that ends as it says. What decides nothing (`skip`, `inconclusive`, `error`) proves no
//! entry wrong: the failure may be there still. So an entry is stale only where each of its cases was run and decided,
//! and none ended as it says. It works on the report alone, so that reports of shards can be joined and compared again.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{
    pattern::{fits, is_pattern},
    validate::day,
};
use crate::{
    report::{
        BaselineEntry, BaselineReport, CaseReport, EntryState, KnownFailure, NewFailure, Outcome, Report,
    },
    settings::Profile,
};

/// The baseline of a run: which of the entries apply under this profile on this day.
///
/// `now` is in seconds since the epoch.
pub fn applied(file: &str, mut entries: Vec<BaselineEntry>, profile: Profile, now: i64) -> BaselineReport {
    let today = OffsetDateTime::from_unix_timestamp(now).ok().map(OffsetDateTime::date);
    for entry in entries.iter_mut().filter(|entry| entry.state != EntryState::Inapplicable) {
        if entry.profile.is_some_and(|only| only != profile) {
            entry.state = EntryState::Inapplicable;
            entry.reason = format!("the profile of the run is {}", profile.name());
        } else if entry.expires.as_deref().and_then(day).is_some_and(|last| today > Some(last)) {
            entry.state = EntryState::Expired;
        }
    }
    BaselineReport { file: file.to_owned(), known: 0, new: Vec::new(), entries }
}

/// Compares the baseline of the report with its cases, and settles the exit status. Without a baseline nothing changes.
pub fn compare(report: &mut Report) {
    let Some(mut baseline) = report.baseline.take() else { return };
    let index = Index::of(&baseline.entries);
    let mut seen = vec![Seen::default(); baseline.entries.len()];
    baseline.known = 0;
    baseline.new.clear();
    for case in &mut report.cases {
        let at = index.find(&case.name);
        let entry = at.map(|at| &baseline.entries[at]);
        case.known = entry.filter(|entry| entry.outcome == case.outcome).map(known);
        baseline.known += usize::from(case.known.is_some());
        if let Some(at) = at {
            seen[at].note(case);
        }
        if case.known.is_none() && case.is_failure(report.run.strict) {
            let expected = entry.map(|entry| entry.outcome);
            baseline.new.push(NewFailure { name: case.name.clone(), outcome: case.outcome, expected });
        }
    }
    for (entry, seen) in baseline.entries.iter_mut().zip(&seen).filter(|(entry, _)| can_match(entry)) {
        (entry.state, entry.reason) = seen.state(entry);
    }
    report.baseline = Some(baseline);
    report.exit_status = report.status();
}

fn known(entry: &BaselineEntry) -> KnownFailure {
    KnownFailure { line: entry.line, comment: entry.comment.clone(), expires: entry.expires.clone() }
}

fn can_match(entry: &BaselineEntry) -> bool {
    !matches!(entry.state, EntryState::Inapplicable | EntryState::Expired)
}

/// The entries that can match, by name; patterns one by one.
struct Index {
    names: BTreeMap<String, usize>,
    patterns: Vec<(String, usize)>,
}

impl Index {
    fn of(entries: &[BaselineEntry]) -> Self {
        let mut index = Self { names: BTreeMap::new(), patterns: Vec::new() };
        for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| can_match(entry)) {
            if is_pattern(&entry.case) {
                index.patterns.push((entry.case.clone(), at));
            } else {
                index.names.insert(entry.case.clone(), at);
            }
        }
        index
    }

    fn find(&self, name: &str) -> Option<usize> {
        let by_pattern = || self.patterns.iter().find(|(pattern, _)| fits(pattern, name)).map(|(_, at)| *at);
        self.names.get(name).copied().or_else(by_pattern)
    }
}

/// What was seen of the cases of an entry.
#[derive(Debug, Clone, Default)]
struct Seen {
    matched: bool,
    decided: usize,
    last: Option<Outcome>,
}

impl Seen {
    fn note(&mut self, case: &CaseReport) {
        self.matched |= case.known.is_some();
        self.decided += usize::from(is_decided(case));
        self.last = Some(case.outcome);
    }

    fn state(&self, entry: &BaselineEntry) -> (EntryState, String) {
        if self.matched {
            return (EntryState::Matched, String::new());
        }
        if self.decided == 0 || self.decided < entry.cases {
            return (EntryState::Untried, String::new());
        }
        let reason = match self.last {
            Some(Outcome::Pass) if entry.cases == 1 => "the case passes".to_owned(),
            Some(last) if entry.cases == 1 => format!("its outcome is now {}", last.word()),
            _ => format!("of its {} cases none is {}", entry.cases, entry.outcome.word()),
        };
        (EntryState::Stale, reason)
    }
}

/// Whether the outcome of a case shows that another one does not hold any more.
pub(super) fn is_decided(case: &CaseReport) -> bool {
    matches!(case.outcome, Outcome::Pass | Outcome::Fail | Outcome::Warn)
}
