//! Reports: where they may go, which is found out before the run, and the snapshot that is kept.

use std::fs;

use serde_json::Value;

use crate::{Program, Untouched};

const ONE: [&str; 2] = ["token-response::accepted", "--exact"];

#[test]
fn an_unwritable_path_is_found_before_the_run() {
    let target = Untouched::new();
    for (report, words) in [
        ("json=absent/report.json", "absent/report.json cannot be written"),
        ("json=.", ". cannot be written"),
        ("snapshot=file/report", "cannot be written"),
        ("json", "`json` names no file; write FORMAT=PATH, such as json=report.json"),
        ("json=", "`json=` names no file"),
        ("=report.json", "unknown format ``"),
        (
            "xml=report.xml",
            "unknown format `xml` (html, json, junit, markdown, sarif, snapshot, github, har)",
        ),
    ] {
        let program = target.run().file("file", "").with(["--report", report]);
        program.run().refuses(&["--report", words]);
    }
    let twice = |one, other| target.run().with(["--report", one, "--report", other]).run();
    twice("json=-", "snapshot=-").refuses(&["two reports cannot both go to standard output"]);
    twice("json=same", "snapshot=same").refuses(&["`snapshot=same` would replace the other report"]);
    // Of two that are wanted neither is touched when one of them cannot be written.
    let program = target.run().file("report.json", "as it was");
    program
        .with(["--report", "json=report.json", "--report", "snapshot=absent/x"])
        .run()
        .refuses(&["absent/x"]);
}

#[test]
fn what_is_there_stays_until_the_run_is_over() {
    let target = Untouched::new();
    let program =
        target.run().file("report.json", "as it was").with(["--report", "json=report.json", "no-such"]);
    program.run().refuses(&["no case"]);
    assert_eq!(program.read("report.json"), "as it was");
    let left: Vec<_> = fs::read_dir(program.folder.root()).unwrap().collect();
    assert_eq!(left.len(), 1, "no other file is left: {left:?}");
}

#[test]
fn a_report_on_standard_output_is_alone_there() {
    let finished = Program::new(ONE).with(["--report", "json=-"]).run();
    finished.says(0, &["✓ PASS"]);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(report["format"], "jagspec/1");
    assert!(finished.stderr.contains("✓ PASS"), "people are told on standard error");
    let finished = Program::new(ONE).with(["--report", "snapshot=-"]).run();
    assert!(finished.stdout.starts_with("# jagspec snapshot"), "{}", finished.stdout);
}

#[test]
fn every_format_is_written() {
    let formats = ["html", "json", "junit", "markdown", "sarif", "snapshot", "github", "har"];
    let options =
        formats.iter().flat_map(|format| ["--report".to_owned(), format!("{format}=report.{format}")]);
    let program =
        Program::new(ONE).with(options).with(["--sarif-location", "src/token.rs", "--keep-exchanges"]);
    program.run().says(0, &["✓ PASS"]);
    for (format, words) in [
        ("html", "<!doctype html>"),
        ("junit", "<testcase name=\"accepted\" classname=\"token-response\""),
        ("markdown", "## jagspec: ✓ PASS"),
        ("sarif", "\"version\": \"2.1.0\""),
        ("github", "::notice title=jagspec::1 case: 1 pass; exit 0: "),
        ("har", "\"comment\": \"token-response::accepted\""),
    ] {
        let text = program.read(&format!("report.{format}"));
        assert!(text.contains(words), "{format}: {text}");
    }
}

#[test]
fn a_snapshot_that_differs_fails_the_run() {
    let check = ["--report", "snapshot=report.snap", "--check-snapshot", "--report", "json=report.json"];
    let program = Program::new(ONE).with(check);
    // There was none: it is written.
    program.run().says(0, &["✓ PASS"]);
    let snapshot = program.read("report.snap");
    // The same again.
    program.run().says(0, &["✓ PASS"]);
    assert_eq!(program.read("report.snap"), snapshot);
    let program = program.file("report.snap", snapshot.replace("pass", "fail"));
    program
        .run()
        .says(1, &["the snapshot differs from the file that was there", "- token-response", "exit 1"]);
    assert_eq!(program.report()["exit_status"], 1);
    assert_eq!(program.read("report.snap"), snapshot, "the new one is in its place");
    let program = program.file("report.snap", b"\xff\x1b[2J");
    let finished = program.run();
    finished.says(1, &["the snapshot differs"]);
    assert!(!finished.stderr.contains('\u{1b}'), "{}", finished.stderr);
}
