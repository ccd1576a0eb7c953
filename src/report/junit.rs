//! The JUnit report, as CI systems read it: suites and cases by name, a broken MUST as a failure, what could not be
//! carried out as an error, what was not decided as skipped, with its reason. What a baseline knows is skipped too, and
//! what is stale in the baseline fails.
//!
//! No times and no ids are in it: a report of the same outcomes is the same text. It fits the schema of Jenkins'
//! xUnit plugin, the strictest in use, which leaves no place for properties of a case: those are in its text.

use quick_junit::{NonSuccessKind, Property, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{
    CaseReport, EntryState, Outcome, Report,
    text::{sanitise, unfolded},
};

/// The JUnit report. With `--strict` a `warn` of level SHOULD is a failure, as it is for the run.
///
/// # Errors
///
/// None with a text as its destination; quick-junit reports what a file could cause.
pub fn render(report: &Report) -> Result<String, SerializeError> {
    let mut junit = quick_junit::Report::new("jagspec");
    let mut suites: Vec<TestSuite> = Vec::new();
    for case in &report.cases {
        let name = shown(&case.suite);
        let suite = match suites.iter().position(|suite| suite.name.as_str() == name) {
            Some(at) => &mut suites[at],
            None => {
                let mut suite = TestSuite::new(&name);
                suite.add_properties(properties(report));
                suites.push(suite);
                let last = suites.len() - 1;
                &mut suites[last]
            }
        };
        suite.add_test_case(test_case(case, &name, report.run.strict));
    }
    suites.extend(stale(report));
    junit.add_test_suites(suites);
    let skipped = format!(" skipped=\"{}\"", junit.skipped);
    // The schema knows `skipped` of a suite, not of all suites; this one is the first in the text.
    Ok(junit.to_string()?.replacen(&skipped, "", 1))
}

/// How the run was made: of each suite, since the root has no place for it.
fn properties(report: &Report) -> Vec<Property> {
    let none = || "none".to_owned();
    let mut all = vec![
        ("target", report.target.issuer.clone()),
        ("token_endpoint", report.target.token_endpoint.clone().unwrap_or_else(none)),
        ("profile", report.run.rules.clone()),
        ("version", report.run.version.clone()),
        ("exit_status", report.exit_status.to_string()),
        ("exit_reason", report.exit_reason()),
        ("complete", report.run.complete.to_string()),
        ("insecure", report.run.insecure.to_string()),
    ];
    all.extend(report.run.shard.clone().map(|shard| ("shard", shard)));
    let mut all: Vec<_> = all.into_iter().map(|(name, value)| Property::new(name, shown(&value))).collect();
    for (name, value) in &report.run.policies {
        all.push(Property::new(shown(&format!("policy.{name}")), shown(value)));
    }
    all
}

/// The suite of the stale entries, which fail the run as cases do; none without them. No other suite can have its name,
/// which has a space in it.
fn stale(report: &Report) -> Option<TestSuite> {
    let mut suite = TestSuite::new(BASELINE);
    suite.add_properties(properties(report));
    for entry in report.entries(EntryState::Stale) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let place = report.baseline_place(entry.line);
        status.set_message(shown(&format!("stale entry: {}", entry.advice()))).set_type("stale");
        status.set_description(shown(&place));
        let mut test_case = TestCase::new(shown(&entry.label()), status);
        test_case.set_classname(BASELINE);
        suite.add_test_case(test_case);
    }
    (!suite.test_cases.is_empty()).then_some(suite)
}

/// The suite of stale entries.
const BASELINE: &str = "jagspec baseline";

fn test_case(case: &CaseReport, suite: &str, strict: bool) -> TestCase {
    let failed = |kind| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(message(case)).set_type(kind_of(case)).set_description(description(case));
        status
    };
    let skipped = |message: String| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(message);
        status
    };
    let status = match (case.outcome, &case.known) {
        // Green where the run is green.
        (outcome, Some(known)) if case.is_failure(strict) => {
            skipped(shown(&format!("known {}: {}", outcome.word(), known.said())))
        }
        (Outcome::Pass, _) => TestCaseStatus::success(),
        (Outcome::Fail, _) => failed(NonSuccessKind::Failure),
        (Outcome::Warn, _) if case.is_failure(strict) => failed(NonSuccessKind::Failure),
        (Outcome::Warn, _) => TestCaseStatus::success(),
        (Outcome::Error, _) => failed(NonSuccessKind::Error),
        (Outcome::Skip, _) => skipped(shown(&case.reason)),
        (Outcome::Inconclusive, _) => skipped(format!("inconclusive: {}", shown(&case.reason))),
    };
    let is_plain = matches!(status, TestCaseStatus::Success { .. });
    let mut test_case = TestCase::new(shown(&case.case), status);
    test_case.set_classname(suite);
    if case.outcome == Outcome::Warn && is_plain {
        test_case.set_system_out(format!("warn: {}\n{}", message(case), description(case)));
    }
    test_case
}

/// The one line that CI systems show in their lists.
fn message(case: &CaseReport) -> String {
    let (expected, observed) = (shown(&case.expected), shown(&case.observed));
    match (expected.as_str(), observed.as_str()) {
        ("", "") => shown(&case.reason),
        (_, "") => format!("expected: {expected}; {}", shown(&case.reason)),
        _ => format!("expected: {expected}; observed: {observed}"),
    }
}

/// The type of a failure: how grave it is, and its row.
fn kind_of(case: &CaseReport) -> String {
    let severity = case.severity.map_or(case.outcome.word(), |severity| severity.word());
    case.row.as_ref().map_or_else(|| severity.to_owned(), |row| format!("{severity} {}", shown(row)))
}

fn description(case: &CaseReport) -> String {
    let mut lines = vec![format!("{} ({})", shown(&case.title), case.level)];
    lines.extend(case.changed.iter().map(|sentence| format!("changed: {}", shown(sentence))));
    let row = case.row.clone().unwrap_or_default();
    let rest = [
        ("expected", &case.expected),
        ("observed", &case.observed),
        ("because", &case.reason),
        ("row", &row),
        ("requirements", &case.requirements.join(", ")),
        ("source", &case.source),
    ];
    let rest = rest.into_iter().filter(|(_, text)| !text.is_empty());
    lines.extend(rest.map(|(label, text)| format!("{label}: {}", shown(text))));
    lines.join("\n")
}

/// A text on one line. No character is left that XML 1.0 has no place for (2.2, Char): quick-junit would drop it
/// silently, here it is a visible escape.
fn shown(text: &str) -> String {
    sanitise(&unfolded(text)).into_owned()
}
