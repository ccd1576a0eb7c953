//! From the file as typed to entries: conditions read, names known, and no case with two entries. Every mistake is
//! reported at its word.

use std::{collections::BTreeMap, sync::Arc};

use semver::{Version, VersionReq};
use time::{Date, format_description::StaticFormatDescription, macros::format_description};

use super::{
    file::{BaselineFile, EntryFile},
    pattern::{fits, is_pattern},
};
use crate::{
    problem::{self, Place, Problem, SourceText, nearest},
    report::{BaselineEntry, EntryState},
    yaml::{self, Path, Positions},
};

const DAY: StaticFormatDescription = format_description!("[year]-[month]-[day]");

/// So many mistakes are looked for in one file. Since no case has two entries, this bounds the work too.
const MISTAKES_AT_MOST: usize = 50;

/// The entries of a baseline, those for other versions of jagspec among them.
///
/// `names` are all cases of the suites; without them no name is looked for, as when the suites themselves have mistakes.
///
/// # Errors
/// Every mistake, in the order of the file.
pub fn entries(
    source: &Arc<SourceText>,
    names: Option<&[String]>,
    version: &Version,
) -> Result<Vec<BaselineEntry>, Vec<Problem>> {
    let parsed = yaml::parse_items::<BaselineFile>(source, "known");
    let typed = parsed.value.map(|file| file.known).unwrap_or_default();
    let mut checker = Checker {
        positions: &parsed.positions,
        breaks: source.text.match_indices('\n').map(|(at, _)| at).collect(),
        // Without suites the names that are typed are the only ones.
        cases: match names {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => typed.iter().map(|entry| entry.case.as_str()).collect(),
        },
        entries_of: BTreeMap::new(),
        problems: parsed.problems,
    };
    let mut entries = Vec::new();
    for (at, typed) in typed.iter().enumerate() {
        if checker.problems.len() >= MISTAKES_AT_MOST {
            break;
        }
        let entry = checker.entry(at, typed, version);
        entries.push(entry);
        checker.no_case_twice(&entries);
    }
    if checker.problems.is_empty() {
        return Ok(entries);
    }
    problem::sort(&mut checker.problems);
    Err(checker.problems)
}

/// A day as it is written in a baseline.
pub(super) fn day(text: &str) -> Option<Date> {
    Date::parse(text, DAY).ok()
}

struct Checker<'a> {
    positions: &'a Positions,
    /// The line breaks of the file, so that not every entry counts the lines before it.
    breaks: Vec<usize>,
    /// The names of the cases.
    cases: Vec<&'a str>,
    /// The entries that apply to a case.
    entries_of: BTreeMap<&'a str, Vec<usize>>,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    /// The place of a key's value of an entry.
    fn place(&self, at: usize, key: &str) -> Place {
        self.positions.value(&Path::ROOT.key("known").index(at).key(key))
    }

    fn entry(&mut self, at: usize, typed: &EntryFile, version: &Version) -> BaselineEntry {
        let place = self.place(at, "case");
        let start = place.span().start;
        let line = self.breaks.partition_point(|at| *at < start) + 1;
        let applies = self.version(at, typed, version);
        self.expiry(at, typed);
        // A case that only other versions have is no mistake.
        let cases = if applies { self.cases(place, &typed.case) } else { 0 };
        BaselineEntry {
            case: typed.case.clone(),
            outcome: typed.outcome.into(),
            comment: typed.comment.clone(),
            profile: typed.profile,
            version: typed.version.clone(),
            expires: typed.expires.clone(),
            line,
            cases,
            state: if applies { EntryState::Untried } else { EntryState::Inapplicable },
            reason: if applies { String::new() } else { format!("this is version {version}") },
        }
    }

    /// Whether the entry is for this version.
    fn version(&mut self, at: usize, typed: &EntryFile, version: &Version) -> bool {
        let Some(text) = &typed.version else { return true };
        match VersionReq::parse(text) {
            Ok(requirement) => requirement.matches(version),
            Err(error) => {
                self.problems.push(
                    Problem::new(self.place(at, "version"), format!("no version requirement: {error}"))
                        .help("write it as Cargo has it: `<0.3`, or `>=0.2, <0.4`"),
                );
                true
            }
        }
    }

    fn expiry(&mut self, at: usize, typed: &EntryFile) {
        let Some(text) = typed.expires.as_ref().filter(|text| day(text).is_none()) else { return };
        let shaped = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
        let message = if shaped { "there is no day" } else { "expected a day, found" };
        self.problems.push(
            Problem::new(self.place(at, "expires"), format!("{message} `{text}`"))
                .help("write year, month and day: `YYYY-MM-DD`"),
        );
    }

    /// How many cases of the suites the entry names.
    fn cases(&mut self, place: Place, case: &str) -> usize {
        let cases = self.cases.iter().filter(|name| fits(case, name)).count();
        if cases > 0 {
            return cases;
        }
        let message = if is_pattern(case) {
            format!("no case fits the pattern `{case}`")
        } else {
            format!("no case is named `{case}`")
        };
        let values = format!("{case}/");
        let help = if self.cases.iter().any(|name| name.starts_with(&values)) {
            format!("its values are cases of their own: write one's name, or `{case}/*` for all")
        } else {
            match meant(case, &self.cases) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`jagspec list` shows the names".to_owned(),
            }
        };
        self.problems.push(Problem::new(place, message).help(help));
        0
    }

    /// Two entries for one case would have to be told apart: which of them holds, which is stale. Looks at the last.
    fn no_case_twice(&mut self, entries: &[BaselineEntry]) {
        let Some((last, earlier)) = entries.split_last() else { return };
        if last.state == EntryState::Inapplicable {
            return;
        }
        let meets = |other: &&usize| {
            let profiles = (last.profile, earlier[**other].profile);
            !matches!(profiles, (Some(one), Some(other)) if one != other)
        };
        let cases: Vec<&str> = self.cases.iter().copied().filter(|name| fits(&last.case, name)).collect();
        let first =
            cases.iter().find_map(|name| Some((*name, *self.entries_of.get(name)?.iter().find(meets)?)));
        match first {
            Some((name, first)) => self.twice(name, (first, &earlier[first]), (earlier.len(), last)),
            None => {
                for name in cases {
                    self.entries_of.entry(name).or_default().push(earlier.len());
                }
            }
        }
    }

    fn twice(&mut self, name: &str, first: (usize, &BaselineEntry), again: (usize, &BaselineEntry)) {
        let same = first.1.case == again.1.case;
        let (one, other) = (first.1.outcome.word(), again.1.outcome.word());
        let mut message = format!("two entries for the case `{name}`");
        if same && is_pattern(&again.1.case) {
            message = format!("two entries for the pattern `{}`", again.1.case);
        }
        if one != other {
            message.push_str(&format!(", which contradict each other: `{one}` and `{other}`"));
        }
        let help = if same {
            "keep one of them, or give each a profile of its own"
        } else {
            "narrow the pattern, so that each case has one entry, or give each a profile of its own"
        };
        self.problems.push(
            Problem::new(self.place(again.0, "case"), message)
                .label("again here")
                .also(self.place(first.0, "case"), "first here")
                .help(help),
        );
    }
}

/// The name or pattern that was probably meant.
fn meant(case: &str, names: &[&str]) -> Option<String> {
    let suites = || names.iter().filter_map(|name| name.split("::").next());
    match case.split_once("::") {
        None if suites().any(|suite| suite == case) => Some(format!("{case}::*")),
        Some((suite, rest)) if is_pattern(rest) && !is_pattern(suite) => {
            nearest(suite, suites()).filter(|near| *near != suite).map(|near| format!("{near}::{rest}"))
        }
        _ => nearest(case, names.iter().copied()).map(str::to_owned),
    }
}
