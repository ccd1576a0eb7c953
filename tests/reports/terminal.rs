//! The report at a terminal: every outcome, every width, what is cut, and the last line.

use jagspec::report::{
    Outcome, Report, Summary,
    terminal::{self, TerminalOptions},
};

use crate::{SAMPLES, all_known, sample};

pub(crate) fn terminal(report: &Report, width: usize) -> String {
    terminal::render(report, &TerminalOptions { width, ..TerminalOptions::default() })
}

/// The text as one line, for what may be wrapped anywhere.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn terminal_with_every_outcome() {
    insta::assert_snapshot!("mixed-100", terminal(&sample("mixed"), 100));
    insta::assert_snapshot!("mixed-48", terminal(&sample("mixed"), 48));
}

#[test]
fn terminal_with_a_baseline() {
    insta::assert_snapshot!("baseline-100", terminal(&sample("baseline"), 100));
    insta::assert_snapshot!("baseline-48", terminal(&sample("baseline"), 48));
}

#[test]
fn terminal_in_colour() {
    let options = TerminalOptions { width: 100, colour: true, exit_reason: None };
    let text = terminal::render(&sample("mixed"), &options);
    insta::assert_snapshot!("mixed-100-colour", text.replace('\x1b', "␛"));
    // Colour never says anything of its own.
    assert_eq!(anstream::adapter::strip_str(&text).to_string(), terminal(&sample("mixed"), 100));
}

#[test]
fn terminal_without_a_complaint() {
    insta::assert_snapshot!("all-pass-100", terminal(&sample("all-pass"), 100));
}

#[test]
fn terminal_of_a_target_that_does_not_answer() {
    insta::assert_snapshot!("unreachable-100", terminal(&sample("unreachable"), 100));
}

#[test]
fn lines_fit_the_width_and_end_in_no_space() {
    for name in SAMPLES {
        let report = sample(name);
        for width in 0..=120 {
            let limit = width.clamp(40, 110);
            for line in terminal(&report, width).lines() {
                assert_eq!(line.trim_end(), line, "{name} at {width}");
                assert!(line.chars().count() <= limit, "{name} at {width}: {line}");
            }
        }
    }
}

#[test]
fn a_long_report_is_cut_and_says_so() {
    let mut report = sample("mixed");
    let failed = report.cases.iter().find(|case| case.name == "audience::second-audience").unwrap().clone();
    let error = report.cases.iter().find(|case| case.name == "token-request::get").unwrap().clone();
    report.cases = vec![failed; terminal::MOST_CASES + 12];
    report.cases.extend(vec![error; 3]);
    report.diagnoses[0].cases = report.cases.iter().map(|case| case.name.clone()).collect();
    report.summary = Summary::of(&report.cases);
    let text = terminal(&report, 100);
    assert_eq!(text.matches("✗ FAIL audience").count(), terminal::MOST_CASES);
    assert!(text.contains("\n  … and 12 more, see the JSON report (--report json=FILE)\n"), "{text}");
    assert!(text.contains("NOT CARRIED OUT  3 cases\n  … and 3 more"), "{text}");
    assert!(unwrapped(&text).contains("… and 49 more"), "{text}");
    assert!(text.lines().count() < 500);
}

#[test]
fn what_stops_many_cases_is_told_once() {
    let mut report = sample("unreachable");
    let error = report.cases[0].clone();
    report.cases.extend((0..8).map(|_| error.clone()));
    report.summary = Summary::of(&report.cases);
    let text = terminal(&report, 100);
    assert_eq!(text.matches("! ERROR").count(), 1, "{text}");
    assert!(text.contains("also      discovery::grant-profile, discovery::issuer-matches"), "{text}");
    assert!(unwrapped(&text).contains("… and 3 more"), "{text}");
}

#[test]
fn every_exit_status_is_explained_in_the_last_line() {
    let passing = sample("all-pass");
    let mut warned = passing.clone();
    warned.exit_status = 1;
    let mut refused = sample("unreachable");
    refused.diagnoses[0].row = "jwt-bearer.invalid-grant.iss".to_owned();
    refused.cases.retain(|case| case.outcome == Outcome::Inconclusive);
    refused.summary = Summary::of(&refused.cases);
    let mut wrong = passing.clone();
    wrong.exit_status = 2;
    wrong.cases.clear();
    wrong.summary = Summary::of(&[]);
    let mut broken_off = sample("mixed");
    broken_off.exit_status = 130;
    broken_off.run.complete = false;

    let mut strict = sample("mixed");
    strict.run.strict = true;
    strict.exit_status = 1;
    strict.cases.retain(|case| case.outcome == Outcome::Warn);
    strict.summary = Summary::of(&strict.cases);

    let reports = [
        passing,
        all_known(),
        warned,
        strict,
        sample("mixed"),
        sample("baseline"),
        wrong,
        sample("unreachable"),
        refused,
        broken_off,
    ];
    let ends: Vec<_> = reports
        .iter()
        .map(|report| {
            let text = terminal(report, 110);
            let verdict =
                text.lines().find(|line| line.starts_with(['✓', '✗', '!']) && !line.contains(" IN")).unwrap();
            format!("{verdict}\n{}", &text[text.rfind("\nexit ").unwrap() + 1..])
        })
        .collect();
    insta::assert_snapshot!("exit-statuses", ends.join("\n"));
}

#[test]
fn progress_is_one_line_of_the_width() {
    assert_eq!(
        terminal::progress(45, 120, "audience::second-audience", 80),
        "[ 45/120] audience::second-audience"
    );
    assert_eq!(terminal::progress(45, 120, "audience::second-audience", 20), "[ 45/120] audience:…");
}
