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

use jagspec::report::{
    Report, Summary, json as json_report, snapshot as snapshot_report,
    terminal::{self as terminal_report, TerminalOptions},
};

const SAMPLES: [&str; 4] = ["mixed", "all-pass", "unreachable", "hostile"];

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

/// What a terminal or a reader could fall for. Named here once more on its own, so that the renderers are not
/// checked with what they are made of.
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

#[test]
fn nothing_that_a_target_says_reaches_a_terminal_alive() {
    let report = sample("hostile");
    for width in [40, 48, 100, 500] {
        let text = terminal::terminal(&report, width);
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

    let snapshot = snapshot_report::render(&report);
    assert!(!snapshot.contains(|c| c != '\n' && is_harmful(c)), "{snapshot}");
    assert!(!terminal_report::progress(1, 2, "a\x1b[2Jb\nc", 80).contains(is_harmful));
}
