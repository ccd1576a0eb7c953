//! Reports: where they may go, which is found out before the run, and the snapshot that is kept.

use std::{fs, process::Command};

use serde_json::Value;

use crate::{Program, Untouched, folder::Folder};

const ONE: [&str; 2] = ["token-response::accepted", "--exact"];

#[test]
fn an_unwritable_path_is_found_before_the_run() {
    let target = Untouched::new();
    for (report, words) in [
        ("json=absent/report.json", "absent/report.json cannot be written"),
        ("json=.", ". cannot be written (it is a folder); name a file in it"),
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
    twice("json=same", "snapshot=./same").refuses(&["`snapshot=./same` would replace the other report"]);
    // Of two that are wanted neither is touched when one of them cannot be written.
    let program = target.run().file("report.json", "as it was");
    program
        .with(["--report", "json=report.json", "--report", "snapshot=absent/x"])
        .run()
        .refuses(&["absent/x"]);
}

/// As a folder without the right to write is to who is not root.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_file_is_found_before_the_run() {
    let target = Untouched::new();
    target
        .run()
        .with(["--report", "html=/proc/report.html"])
        .run()
        .refuses(&["--report: /proc/report.html cannot be written (", "name a file in a folder that exists"]);
}

#[test]
fn a_location_without_a_sarif_report_is_a_mistake() {
    let target = Untouched::new();
    let program = target.run().with(["--sarif-location", "src/as.rs", "--report", "json=report.json"]);
    program.run().refuses(&["--sarif-location: there is no SARIF report; add --report sarif=FILE"]);
    // In the environment an empty one is none.
    Program::new(ONE).variable("JAGSPEC_SARIF_LOCATION", "").run().says(0, &["✓ PASS"]);
}

/// `/dev/full` is a disk without room.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_the_other_reports_are_written() {
    let program = Program::new(ONE).with(["--report", "html=/dev/full", "--report", "json=report.json"]);
    let finished = program.run();
    finished.says(1, &["a report could not be written", "exit 1: a report could not be written"]);
    assert!(finished.stderr.contains("error: a report could not be written: /dev/full: No space left"));
    assert_eq!(program.report()["exit_status"], 0, "of the other's trouble it knows nothing");
    // A status that says more than that stays.
    let gone = ["--target", "http://127.0.0.1:1", "--client-id", "ci", "--idp-listen", "127.0.0.1:0"];
    Program::new(gone).with(["--report", "json=/dev/full"]).run().says(3, &["/dev/full: No space left"]);
}

/// The disk is full in the middle of a report, which the system's bound of a file's size stands in for.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_becomes_full_leaves_the_old_report_and_no_half_of_a_new_one() {
    let reports = "--report html=page.html --report junit=junit.xml --report json=report.json";
    let script =
        format!("trap '' XFSZ; ulimit -f 40; exec \"$0\" token-response::accepted --exact {reports}");
    let folder = Folder::new();
    folder.file("page.html", "as it was");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_jagspec")]).current_dir(folder.root());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: a report could not be written: page.html: File too large"), "{said}");
    assert_eq!(fs::read_to_string(folder.path("page.html")).unwrap(), "as it was");
    for whole in ["junit.xml", "report.json"] {
        let text = fs::read_to_string(folder.path(whole)).unwrap();
        assert!(text.ends_with(">\n") || text.ends_with("}\n"), "{whole}: {text}");
    }
    assert_eq!(fs::read_dir(folder.root()).unwrap().count(), 3, "nothing else is left");
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_is_full_is_an_error_and_one_that_is_closed_is_none() {
    let run = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_jagspec")]);
        let output = command.current_dir(Folder::new().root()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let one = "\"$0\" token-response::accepted --exact";
    let full = (1, "error: standard output: No space left on device (os error 28)\n".to_owned());
    assert_eq!(run(&format!("{one} > /dev/full")), full);
    assert_eq!(run("\"$0\" list > /dev/full"), full);
    let (status, said) = run(&format!("{one} --report json=- > /dev/full"));
    assert!(said.contains("error: a report could not be written: standard output: No space left"), "{said}");
    assert!(said.contains("\nexit 1: a report could not be written") && status == 1, "{said}");
    assert_eq!(run(&format!("{one} >&-")).0, 0);
    // `true` reads nothing and ends long before the run.
    let (_, said) = run(&format!("{{ {one}; echo status $? >&2; }} | true"));
    assert_eq!(said, "status 0\n");
}

/// A link stays a link, also one to a file that is not there yet; a pipe is written to.
#[cfg(unix)]
#[test]
fn a_report_goes_where_a_link_or_a_pipe_leads() {
    let program = Program::new(ONE).file("there.json", "as it was").with([
        "--report",
        "json=report.json",
        "--report",
        "snapshot=link.snap",
        "--report",
        "junit=pipe",
    ]);
    std::os::unix::fs::symlink("there.json", program.folder.path("report.json")).unwrap();
    std::os::unix::fs::symlink(program.folder.path("absent.snap"), program.folder.path("link.snap")).unwrap();
    let pipe = program.folder.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
    program.run().says(0, &["✓ PASS"]);
    for (link, file, words) in
        [("report.json", "there.json", "jagspec/1"), ("link.snap", "absent.snap", "# jagspec snapshot")]
    {
        assert!(program.folder.path(link).is_symlink(), "{link}");
        assert!(program.read(file).contains(words), "{file}");
    }
    assert!(reader.join().unwrap().ends_with("</testsuites>\n"));
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
    // The header of a file that insta has written is left alone.
    let header = "---\nsource: tests/as.rs\nexpression: text\n---\n";
    let program = program.file("report.snap", format!("{header}{snapshot}"));
    program.run().says(0, &["✓ PASS"]);
    let program = program.file("report.snap", format!("{header}{}", snapshot.replace("pass", "fail")));
    program.run().says(1, &["the snapshot differs"]);
    assert_eq!(program.read("report.snap"), format!("{header}{snapshot}"));
    let program = program.file("report.snap", b"\xff\x1b[2J");
    let finished = program.run();
    finished.says(1, &["the snapshot differs"]);
    assert!(!finished.stderr.contains('\u{1b}'), "{}", finished.stderr);
}
