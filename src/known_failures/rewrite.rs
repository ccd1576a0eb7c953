//! `--write-baseline`: the baseline that knows what this run found, made of the one that there was. What a person wrote
//! of an entry that still holds stays; nothing is made known that the run is not sure of.

use super::{
    compare::is_decided,
    file::{BaselineFile, EntryFile, ExpectedOutcome},
    pattern::fits,
};
use crate::{
    report::{BaselineEntry, CaseReport, EntryState, Outcome, Report},
    settings::Profile,
    yaml,
};

/// A baseline written anew.
#[derive(Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The file.
    pub text: String,
    /// How many entries it has.
    pub entries: usize,
    /// How many of them are new.
    pub added: usize,
    /// How many of the old ones are not in it any more.
    pub removed: usize,
}

/// The baseline of a run that was compared with the one that there was, `old` being its text. `names` are all cases of
/// the suites, whose order becomes that of the entries.
///
/// # Errors
/// Why nothing can be written of this run.
pub fn rewrite(
    report: &Report,
    profile: Profile,
    names: &[String],
    old: Option<&str>,
) -> Result<Rewritten, String> {
    let Some(baseline) = &report.baseline else { return Err("there is no baseline".to_owned()) };
    if !report.run.complete {
        return Err("the run was interrupted, and some of its cases have no outcome".to_owned());
    }
    if report.run.untestable {
        return Err("the target could not be tested".to_owned());
    }
    if baseline.new.iter().any(|new| new.outcome == Outcome::Error) {
        let mend = "an `error` is made known by hand only, since the next run may be without it";
        return Err(format!("some cases could not be carried out; {mend}"));
    }

    let expired = |name: &str, outcome: Outcome| {
        let same = |entry: &&BaselineEntry| entry.outcome == outcome && fits(&entry.case, name);
        report.entries(EntryState::Expired).any(|entry| same(&entry))
    };
    let is_new = |case: &&CaseReport| {
        case.known.is_none() && case.is_failure(report.run.strict) && !expired(&case.name, case.outcome)
    };
    let new: Vec<&CaseReport> = report.cases.iter().filter(is_new).collect();
    let (kept, gone): (Vec<_>, Vec<_>) = baseline.entries.iter().partition(|entry| is_kept(entry, report));

    let mut known: Vec<EntryFile> = kept.iter().flat_map(|entry| still(entry, &new, report, names)).collect();
    known.extend(new.iter().filter_map(|case| added(case, profile)));
    let place = |case: &str| names.iter().position(|name| fits(case, name)).unwrap_or(usize::MAX);
    known.sort_by_cached_key(|entry| place(&entry.case));

    let file = BaselineFile { known };
    let text = yaml::to_text(&file)?;
    Ok(Rewritten {
        text: old.map(head).unwrap_or_default().to_owned() + &text,
        entries: file.known.len(),
        added: new.len(),
        removed: gone.len(),
    })
}

/// Whether an entry stays: also one that this run says nothing of. An expired one stays as long as its failure does, so
/// that it is not renewed in silence.
fn is_kept(entry: &BaselineEntry, report: &Report) -> bool {
    match entry.state {
        EntryState::Stale => false,
        EntryState::Matched | EntryState::Untried | EntryState::Inapplicable => true,
        EntryState::Expired => {
            let mut cases = report.cases.iter().filter(|case| fits(&entry.case, &case.name));
            let decided = cases.clone().filter(|case| is_decided(case)).count();
            cases.any(|case| case.outcome == entry.outcome) || decided < entry.cases
        }
    }
}

/// What stays of an entry beside the new ones: itself; where it is a pattern that fits one of them, an entry for each
/// of its other cases, since no case may have two.
fn still(entry: &BaselineEntry, new: &[&CaseReport], report: &Report, names: &[String]) -> Vec<EntryFile> {
    let is_apart =
        entry.state == EntryState::Inapplicable || !new.iter().any(|case| fits(&entry.case, &case.name));
    if is_apart {
        return EntryFile::named(&entry.case, entry).into_iter().collect();
    }
    let ended_otherwise = |name: &str| {
        let mut cases = report.cases.iter();
        cases.any(|case| case.name == *name && is_decided(case) && case.outcome != entry.outcome)
    };
    let others = names.iter().filter(|name| fits(&entry.case, name) && !ended_otherwise(name));
    others.filter_map(|name| EntryFile::named(name, entry)).collect()
}

/// The entry of a new failure. It holds under the profile that was run: the others have not been asked.
fn added(case: &CaseReport, profile: Profile) -> Option<EntryFile> {
    Some(EntryFile {
        case: case.name.clone(),
        outcome: ExpectedOutcome::of(case.outcome)?,
        comment: Some(case.title.clone()),
        profile: Some(profile),
        version: None,
        expires: None,
    })
}

/// The lines of comments with which a file begins: they are kept. Others cannot be, since YAML is read without them.
fn head(text: &str) -> &str {
    let is_comment = |line: &&str| line.starts_with('#') || line.trim().is_empty();
    let length = text.split_inclusive('\n').take_while(is_comment).map(str::len).sum();
    &text[..length]
}
