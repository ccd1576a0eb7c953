//! The renderers, on sample reports in `fixtures/report`: one with every outcome, one without a complaint, one of a
//! target that does not answer, and one in which the target tries to do harm.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod formats;
mod json;
mod junit;
mod sarif;
mod snapshot;
mod terminal;

use std::{fs, path::Path};

use jagspec::{
    known_failures,
    report::{
        EntryState, Outcome, Report, Summary, json as json_report, snapshot as snapshot_report,
        terminal::{self as terminal_report, TerminalOptions},
    },
};

const SAMPLES: [&str; 5] = ["mixed", "all-pass", "unreachable", "baseline", "hostile"];

fn path(relative: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn sample(name: &str) -> Report {
    let text = fs::read_to_string(path(&format!("fixtures/report/{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_samples_count_their_own_cases() {
    for name in SAMPLES {
        let report = sample(name);
        assert_eq!(report.summary, Summary::of(&report.cases), "{name}");
    }
}

/// The sample with a baseline that knows all of its failures, and has no stale entry.
fn all_known() -> Report {
    let mut report = sample("baseline");
    let entries = &mut report.baseline.as_mut().unwrap().entries;
    for entry in entries.iter_mut().filter(|entry| entry.case == "token-request::unknown-grant-type") {
        entry.outcome = Outcome::Fail;
        entry.state = EntryState::Matched;
    }
    entries.retain(|entry| entry.state != EntryState::Stale);
    known_failures::compare(&mut report);
    report
}

/// What the sample says of its baseline is what a comparison finds.
#[test]
fn the_sample_of_a_baseline_is_compared_rightly() {
    let report = sample("baseline");
    let mut again = report.clone();
    again.exit_status = 0;
    for case in &mut again.cases {
        case.known = None;
    }
    let baseline = again.baseline.as_mut().unwrap();
    (baseline.known, baseline.new) = (0, Vec::new());
    known_failures::compare(&mut again);
    assert_eq!(json_report::render(&again).unwrap(), json_report::render(&report).unwrap());
}

/// What a terminal or a reader could fall for. Named here once more on its own, so that the renderers are not
/// checked with what they are made of.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{e0001}')
}

/// Characters that are harmful, and commands of CI systems: of GitHub at the beginning of a line, and anywhere.
const HARMFUL: &str = "\u{9b}31m\u{85}x\u{2028}x\u{2029}x\u{ad}x\u{61c}x\u{feff}x\u{e0001}x\0x ##[add-mask]x ##vso[task.setvariable \
                       variable=x]x ##teamcity[x]x ::stop-commands::x ::error file=x::x\n::add-mask::x\r\n::warning::x";

/// Whether a CI system would carry something out, were this in its log; the annotations of the format are no harm.
fn has_command(text: &str) -> bool {
    let inline = ["##[", "##vso[", "##teamcity["].iter().any(|command| text.contains(command));
    let begins = |line: &str| {
        let command = line.trim_start().strip_prefix("::").and_then(|rest| rest.split([' ', ':']).next());
        command.is_some_and(|name| ["stop-commands", "error", "add-mask", "warning"].contains(&name))
    };
    inline || text.lines().any(begins)
}

#[test]
fn nothing_that_a_target_says_reaches_a_terminal_alive() {
    assert!(has_command(HARMFUL) && has_command("  ::error::x"));
    let mut report = sample("hostile");
    // Words of every length, so that some begin a line, and one so long that it is cut in its midst.
    for (index, case) in report.cases.iter_mut().enumerate() {
        case.observed.push_str(&format!("{} {HARMFUL} {}", "x".repeat(index), "y::error::".repeat(40)));
        case.reason = HARMFUL.to_owned();
    }
    report.diagnoses[0].evidence.extend([HARMFUL.to_owned(), "::add-mask::x".repeat(30)]);
    for width in 40..120 {
        let text = terminal::terminal(&report, width);
        assert!(!has_command(&text), "{text}");
        assert!(!text.contains(|c| c != '\n' && is_harmful(c)), "{text}");
        assert!(text.contains(r"\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}gnp.exe") || width < 100, "{text}");
    }
    let options = TerminalOptions { width: 100, colour: true, exit_reason: Some("\x1b[2Jreason".to_owned()) };
    let plain = anstream::adapter::strip_str(&terminal_report::render(&report, &options)).to_string();
    assert!(!plain.contains(|c| c != '\n' && is_harmful(c)), "{plain}");
    assert!(
        plain.contains("gnp.exe") && plain.contains(r"\x1b[2Jreason"),
        "not eaten as part of an escape sequence"
    );

    let json = json_report::render(&report).unwrap();
    assert!(!json.contains(|c| c != '\n' && is_harmful(c)));
    let again: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(again.cases[0].observed, report.cases[0].observed, "JSON loses nothing");
    assert!(!has_command(&json));

    let snapshot = snapshot_report::render(&report);
    assert!(!snapshot.contains(|c| c != '\n' && is_harmful(c)) && !has_command(&snapshot), "{snapshot}");
    let difference = snapshot_report::compare(&format!("{HARMFUL}\n{HARMFUL}"), &snapshot).unwrap();
    assert!(
        !difference.contains(|c| c != '\n' && is_harmful(c)) && !has_command(&difference),
        "{difference}"
    );
    assert!(!terminal_report::progress(1, 2, "a\x1b[2Jb\nc", 80).contains(is_harmful));
}
