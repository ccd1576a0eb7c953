//! Baselines against runs as plain data.

use serde_json::json;

use super::*;
use crate::{
    problem::{self, SourceText},
    report::{BaselineEntry, EntryState, Outcome, Report},
    settings::Profile,
};

/// 2026-08-15, noon in UTC.
const NOW: i64 = 1_786_795_200;

/// A run of these cases, each with its outcome, or `warn?` for a warning of level MAY.
fn run(cases: &[(&str, &str)], strict: bool) -> Report {
    let cases: Vec<_> = cases
        .iter()
        .map(|(name, outcome)| {
            let (suite, case) = name.split_once("::").unwrap();
            json!({
                "name": name, "suite": suite, "case": case, "title": format!("Title of {name}"),
                "level": if outcome.ends_with('?') { "MAY" } else { "MUST" }, "severity": null, "finding": null,
                "requirements": [], "outcome": outcome.trim_end_matches('?'), "row": null, "reason": "",
                "expected": "", "observed": "", "changed": [], "source": "s.yaml:1", "exchanges": []
            })
        })
        .collect();
    let mut report: Report = serde_json::from_value(json!({
        "format": "jagspec/1",
        "run": {"version": "0.1.0", "rules": "draft", "policies": {}, "filter": [], "shard": null,
                "strict": strict, "insecure": false, "complete": true},
        "target": {"issuer": "https://as.example", "token_endpoint": null, "metadata_url": null},
        "summary": {"pass": 0, "fail": 0, "warn": 0, "skip": 0, "inconclusive": 0, "error": 0},
        "exit_status": 0, "cases": cases, "diagnoses": [], "profile": [], "exchanges": []
    }))
    .unwrap();
    report.summary = crate::report::Summary::of(&report.cases);
    report.exit_status = report.status();
    report
}

const NAMES: [&str; 4] = ["a::x", "a::y", "b::z", "b::t/v"];

fn names() -> Vec<String> {
    NAMES.map(str::to_owned).to_vec()
}

fn version() -> Version {
    Version::new(0, 2, 0)
}

/// The entries of a file, one a line in flow style.
fn read(known: &[&str]) -> Vec<BaselineEntry> {
    let lines: String = known.iter().map(|entry| format!("  - {{ {entry} }}\n")).collect();
    let text = if known.is_empty() { "known: []\n".to_owned() } else { format!("known:\n{lines}") };
    entries(&SourceText::new("b.yaml", text), Some(&names()), &version())
        .map_err(|problems| problem::render(&problems, false))
        .unwrap()
}

fn compared_as(mut report: Report, entries: Vec<BaselineEntry>, now: i64) -> Report {
    report.baseline = Some(applied("b.yaml", entries, Profile::Draft, now));
    compare(&mut report);
    report
}

fn compared(report: Report, known: &[&str]) -> Report {
    compared_as(report, read(known), NOW)
}

fn new(report: &Report) -> Vec<&str> {
    report.baseline.as_ref().unwrap().new.iter().map(|new| new.name.as_str()).collect()
}

fn states(report: &Report) -> Vec<EntryState> {
    report.baseline.as_ref().unwrap().entries.iter().map(|entry| entry.state).collect()
}

#[test]
fn an_entry_holds_for_the_outcome_that_it_says() {
    use EntryState::{Matched, Stale, Untried};
    // What is expected, what came, what became of the entry, the exit status.
    for (expected, outcome, state, status) in [
        ("fail", "fail", Matched, 0),
        ("fail", "pass", Stale, 1),
        ("fail", "warn", Stale, 1),
        ("fail", "error", Untried, 3),
        ("fail", "skip", Untried, 0),
        ("fail", "inconclusive", Untried, 0),
        ("warn", "warn", Matched, 0),
        ("warn", "fail", Stale, 1),
        ("warn", "pass", Stale, 1),
        ("error", "error", Matched, 0),
        ("error", "fail", Stale, 1),
        ("error", "pass", Stale, 1),
        ("error", "skip", Untried, 0),
        ("inconclusive", "inconclusive", Matched, 0),
        ("inconclusive", "pass", Stale, 1),
        ("inconclusive", "fail", Stale, 1),
        ("skip", "skip", Matched, 0),
        ("skip", "inconclusive", Untried, 0),
        ("skip", "pass", Stale, 1),
    ] {
        let entry = format!("case: 'a::x', outcome: {expected}");
        let report = compared(run(&[("a::x", outcome), ("a::y", "pass")], false), &[&entry]);
        let found = (states(&report), report.exit_status);
        assert_eq!(found, (vec![state], status), "{expected}, now {outcome}");
        assert_eq!(report.cases[0].known.is_some(), expected == outcome);
        assert_eq!(
            new(&report).len(),
            usize::from(expected != outcome && ["fail", "error"].contains(&outcome))
        );
    }
}

#[test]
fn a_new_failure_says_what_was_expected_instead() {
    let report =
        compared(run(&[("a::x", "fail"), ("a::y", "fail")], false), &["case: 'a::x', outcome: warn"]);
    let new = &report.baseline.as_ref().unwrap().new;
    assert_eq!(new[0].expected, Some(Outcome::Warn));
    assert_eq!((new[1].name.as_str(), new[1].expected), ("a::y", None));
    assert_eq!(report.exit_reason(), "2 failures are new, 1 entry of the baseline is stale");
}

#[test]
fn the_order_of_precedence_stays_that_of_the_contract() {
    let known = ["case: 'a::x', outcome: fail", "case: 'a::y', outcome: error"];
    let status = |cases: &[(&str, &str)], change: &dyn Fn(&mut Report)| {
        let mut report = run(cases, false);
        change(&mut report);
        compared(report, &known).exit_status
    };
    let nothing = |_: &mut Report| {};
    let as_known = [("a::x", "fail"), ("a::y", "error")];
    assert_eq!(status(&as_known, &nothing), 0);
    assert_eq!(status(&as_known, &|report| report.run.untestable = true), 3, "nothing masks that");
    assert_eq!(status(&as_known, &|report| report.run.complete = false), 130);
    // An unknown error beside failures that are all known; beside one that is new.
    assert_eq!(status(&[&as_known[..], &[("b::z", "error")]].concat(), &nothing), 3);
    assert_eq!(status(&[&as_known[..], &[("b::z", "error"), ("b::t/v", "fail")]].concat(), &nothing), 1);
    // A stale entry beside an unknown error.
    assert_eq!(status(&[("a::x", "pass"), ("b::z", "error")], &nothing), 3);
    assert_eq!(status(&[("a::x", "pass"), ("a::y", "error")], &nothing), 1);
}

#[test]
fn warnings_count_with_strict_alone() {
    let cases = [("a::x", "warn"), ("a::y", "warn"), ("b::z", "warn?")];
    let known = ["case: 'a::x', outcome: warn"];
    let lenient = compared(run(&cases, false), &known);
    assert_eq!((new(&lenient), lenient.exit_status), (vec![], 0));
    let strict = compared(run(&cases, true), &known);
    assert_eq!((new(&strict), strict.exit_status), (vec!["a::y"], 1), "but none of level MAY");
    assert_eq!(compared(run(&cases[..1], true), &known).exit_status, 0);
}

#[test]
fn a_pattern_is_stale_once_all_of_its_cases_are_decided_otherwise() {
    let known = ["case: 'a::*', outcome: fail, comment: 'Ticket 7'"];
    let state = |cases: &[(&str, &str)]| {
        let report = compared(run(cases, false), &known);
        (states(&report)[0], report.exit_status)
    };
    assert_eq!(state(&[("a::x", "fail"), ("a::y", "pass")]), (EntryState::Matched, 0));
    assert_eq!(state(&[("a::x", "pass"), ("a::y", "pass")]), (EntryState::Stale, 1));
    assert_eq!(state(&[("a::x", "pass"), ("a::y", "skip")]), (EntryState::Untried, 0));
    // The other one was filtered away, or is in another shard.
    assert_eq!(state(&[("a::x", "pass")]), (EntryState::Untried, 0));
    assert_eq!(state(&[("b::z", "pass")]), (EntryState::Untried, 0));
    let report = compared(run(&[("a::x", "pass"), ("a::y", "warn")], false), &known);
    assert_eq!(report.baseline.unwrap().entries[0].reason, "of its 2 cases none is fail");
}

#[test]
fn an_entry_holds_through_its_last_day() {
    let day = 86_400;
    let midnight = NOW - 43_200;
    for (now, state, status) in [
        (midnight - day, EntryState::Matched, 0),
        (midnight, EntryState::Matched, 0),
        (midnight + day - 1, EntryState::Matched, 0),
        (midnight + day, EntryState::Expired, 1),
        (midnight + 400 * day, EntryState::Expired, 1),
    ] {
        let entries = read(&["case: 'a::x', outcome: fail, expires: 2026-08-15"]);
        let report = compared_as(run(&[("a::x", "fail")], false), entries, now);
        assert_eq!((states(&report)[0], report.exit_status), (state, status), "{now}");
    }
    // As if it were not there: it is not stale either.
    let report =
        compared(run(&[("a::x", "pass")], false), &["case: 'a::x', outcome: fail, expires: 2020-02-29"]);
    assert_eq!((states(&report)[0], report.exit_status), (EntryState::Expired, 0));
}

#[test]
fn an_entry_for_another_profile_or_version_says_nothing() {
    for (condition, state) in [
        ("profile: draft", EntryState::Matched),
        ("profile: mcp-ema", EntryState::Inapplicable),
        ("version: '>=0.2, <0.4'", EntryState::Matched),
        ("version: '0.2'", EntryState::Matched),
        ("version: '<0.2'", EntryState::Inapplicable),
        ("profile: draft, version: '*'", EntryState::Matched),
        ("profile: draft, version: '>0.2'", EntryState::Inapplicable),
    ] {
        let known = format!("case: 'a::x', outcome: fail, {condition}");
        let report = compared(run(&[("a::x", "fail")], false), &[&known]);
        assert_eq!(states(&report)[0], state, "{condition}");
        assert_eq!(report.exit_status, u8::from(state == EntryState::Inapplicable));
        let passing = compared(run(&[("a::x", "pass")], false), &[&known]);
        let is_stale = states(&passing)[0] == EntryState::Stale;
        assert_eq!(is_stale, state == EntryState::Matched, "{condition}");
    }
    // A case that this version does not have any more.
    read(&["case: 'gone::case', outcome: fail, version: '<0.2'"]);
}

#[test]
fn reports_of_shards_joined_are_compared_as_one() {
    let known =
        ["case: 'a::*', outcome: fail", "case: 'b::z', outcome: fail", "case: 'b::t/*', outcome: warn"];
    let all = [("a::x", "pass"), ("a::y", "pass"), ("b::z", "fail"), ("b::t/v", "pass")];
    let whole = compared(run(&all, false), &known);
    let mut joined = compared(run(&[all[0], all[2]], false), &known);
    let other = compared(run(&[all[1], all[3]], false), &known);
    assert_eq!(joined.exit_status, 0, "a part of the cases shows no pattern to be stale");
    joined.cases.insert(1, other.cases[0].clone());
    joined.cases.push(other.cases[1].clone());
    compare(&mut joined);
    assert_eq!(joined.baseline, whole.baseline);
    assert_eq!((joined.exit_status, states(&joined)[0]), (1, EntryState::Stale));
}

fn rewritten(report: &Report, old: Option<&str>) -> Rewritten {
    rewrite(report, Profile::Draft, &names(), old).unwrap()
}

#[test]
fn a_baseline_is_written_in_the_order_of_the_suites() {
    let known = [
        "case: 'b::t/v', outcome: fail, comment: 'Ticket 9', version: '<9'",
        "case: 'b::z', outcome: fail, comment: 'gone'",
        "case: 'a::y', outcome: warn, expires: 2099-01-01, comment: 'under xaa', profile: xaa",
    ];
    let cases = [("a::x", "fail"), ("a::y", "fail"), ("b::z", "pass"), ("b::t/v", "fail")];
    let report = compared(run(&cases, false), &known);
    let rewritten = rewritten(&report, Some("# Known at staging.\n\nknown: [] # not kept\n"));
    assert_eq!((rewritten.entries, rewritten.added, rewritten.removed), (4, 2, 1));
    insta::assert_snapshot!(rewritten.text, @r#"
    # Known at staging.

    known:
      - case: a::x
        outcome: fail
        comment: Title of a::x
        profile: draft
      - case: a::y
        outcome: warn
        comment: under xaa
        profile: xaa
        expires: "2099-01-01"
      - case: a::y
        outcome: fail
        comment: Title of a::y
        profile: draft
      - case: b::t/v
        outcome: fail
        comment: Ticket 9
        version: <9
    "#);
    assert_eq!(self::rewritten(&compared(run(&[("a::x", "pass")], false), &[]), None).text, "known: []\n");
}

#[test]
fn what_a_run_is_not_sure_of_is_not_written() {
    let refused = |change: &dyn Fn(&mut Report), outcome: &str| {
        let mut report = run(&[("a::x", outcome), ("a::y", "fail")], false);
        change(&mut report);
        let report = compared(report, &["case: 'b::z', outcome: error"]);
        rewrite(&report, Profile::Draft, &names(), None).unwrap_err()
    };
    assert!(refused(&|report| report.run.complete = false, "fail").contains("interrupted"));
    assert!(refused(&|report| report.run.untestable = true, "fail").contains("could not be tested"));
    assert!(refused(&|_| (), "error").contains("by hand only"));
    // An error that a person has made known is in nobody's way.
    let report = compared(run(&[("a::x", "error")], false), &["case: 'a::x', outcome: error"]);
    assert!(rewritten(&report, None).text.contains("outcome: error"));
}

#[test]
fn an_expired_entry_is_not_renewed() {
    let known = ["case: 'a::x', outcome: fail, expires: 2020-01-01"];
    let report = compared(run(&[("a::x", "fail")], false), &known);
    let same = rewritten(&report, None);
    assert!(
        same.text.contains("expires: \"2020-01-01\"") && same.added == 0 && same.entries == 1,
        "{}",
        same.text
    );
    // Once the failure is gone, the entry goes.
    let report = compared(run(&[("a::x", "pass")], false), &known);
    assert_eq!(rewritten(&report, None).text, "known: []\n");
}

#[test]
fn a_pattern_makes_room_for_a_case_that_ends_otherwise() {
    let known = ["case: 'a::*', outcome: warn, comment: 'Ticket 7'"];
    let report = compared(run(&[("a::x", "fail"), ("a::y", "warn")], false), &known);
    let text = rewritten(&report, None).text;
    assert!(
        text.contains("case: a::y\n    outcome: warn\n    comment: Ticket 7") && !text.contains('*'),
        "{text}"
    );
    assert!(text.contains("case: a::x\n    outcome: fail"), "{text}");
}

/// Whatever the run was and whatever was known: what is written can be read, and with it the run is in order, but for
/// what has expired.
#[test]
fn after_writing_only_known_failures_remain() {
    let choices: [&[&str]; 11] = [
        &[],
        &["case: 'a::x', outcome: fail"],
        &["case: 'a::x', outcome: warn", "case: 'b::z', outcome: inconclusive"],
        &["case: 'a::*', outcome: fail, comment: 'c'"],
        &["case: 'a::*', outcome: warn", "case: 'b::*', outcome: fail"],
        &["case: '*', outcome: fail, profile: draft", "case: '*', outcome: warn, profile: xaa"],
        &["case: 'a::*', outcome: skip"],
        &["case: 'a::x', outcome: fail, expires: 2020-01-01"],
        &["case: 'a::*', outcome: warn, expires: 2020-01-01"],
        &["case: '*', outcome: fail, version: '<0.1'", "case: 'a::x', outcome: error"],
        &["case: '*::x', outcome: warn", "case: 'a::y', outcome: fail"],
    ];
    let baselines: Vec<_> = choices.iter().map(|known| (known, read(known))).collect();
    // Of `b::z` it matters only that it is another case.
    let outcomes = ["pass", "fail", "warn", "warn?", "inconclusive"];
    let runs = outcomes.iter().flat_map(|x| outcomes.map(|y| [("a::x", *x), ("a::y", y), ("b::z", *x)]));
    let mut count = 0;
    for (cases, strict) in runs.flat_map(|cases| [(cases, false), (cases, true)]) {
        let bare = run(&cases, strict);
        for (known, old) in &baselines {
            let report = compared_as(bare.clone(), old.clone(), NOW);
            let text = rewritten(&report, None).text;
            let again = entries(&SourceText::new("b.yaml", text.clone()), Some(&names()), &version());
            let again = again.unwrap_or_else(|problems| panic!("{}", problem::render(&problems, false)));
            let report = compared_as(bare.clone(), again, NOW);
            let is_stale = states(&report).contains(&EntryState::Stale);
            let has_expired = states(&report).contains(&EntryState::Expired);
            assert!(!is_stale, "{known:?} {cases:?}\n{text}");
            assert!(report.exit_status == 0 || has_expired, "{known:?} {cases:?}\n{text}");
            assert_eq!(rewritten(&report, None).text, text, "writing twice is writing once");
            count += 1;
        }
    }
    assert_eq!(count, 11 * 50);
}

#[test]
fn every_text_survives_being_written() {
    for comment in [
        "a: b # c",
        "'quoted' \"twice\" \\ \u{1b}[31m \u{202e} \u{7f} \u{85} \u{2028} \u{feff}",
        "two\nlines\n",
        " \ttabs and spaces ",
        "- [x] {y} *z &a !b %c @d `e |",
        "yes",
        "null",
        "~",
        "0x1F",
        "2026-01-01",
        "",
        "ünïcode ✓ 日本 🦀",
        &"long ".repeat(100),
    ] {
        let mut report = compared(run(&[("a::x", "fail")], false), &["case: 'a::x', outcome: fail"]);
        report.baseline.as_mut().unwrap().entries[0].comment = Some(comment.to_owned());
        let text = rewritten(&report, None).text;
        let again = entries(&SourceText::new("b.yaml", text.clone()), Some(&names()), &version()).unwrap();
        assert_eq!(again[0].comment.as_deref(), Some(comment), "{text}");
        assert!(!text.contains(|c: char| c != '\n' && c.is_control()), "{text:?}");
        assert_eq!(text.lines().count(), 4, "a text is a line: {text}");
    }
}
