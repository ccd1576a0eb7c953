//! Targets that are odd, broken or hostile, through the binary: each ends, within its time, in a message that names
//! the thing and the mend, with the exit status and the row of the contract.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on may panic")]

#[path = "../folder/mod.rs"]
mod folder;
#[path = "../program/mod.rs"]
mod program;

mod connection;
mod interruption;
mod metadata;
mod secrets;
mod server;
mod token_endpoint;

use program::{Finished, Program};
use serde_json::Value;

const SECRET: &str = "s3cr3t-of-the-client/+";

/// The main job against `target`, with a client, both reports, and a short time limit that a flag may replace.
fn run_against(target: &str) -> Program {
    Program::new(["--target", target, "--client-id", "ci", "--client-secret", SECRET])
        .with(["--other-client-id", "other", "--other-client-secret", "an0ther-secret-of-another"])
        .with(["--idp-listen", "127.0.0.1:0"])
        .variable("JAGSPEC_TIMEOUT", "0.5")
        .with(["--report", "json=report.json", "--report", "snapshot=report.snap"])
}

/// What is expected of a run.
struct Expected {
    status: i32,
    /// The row of the first diagnosis.
    row: &'static str,
    /// Words that must stand in the output.
    says: &'static [&'static str],
}

/// Runs it, and checks what holds of every run as well.
#[track_caller]
fn check(program: &Program, expected: &Expected) -> (Finished, Value) {
    let finished = program.run();
    let report = harmless(program, &finished);
    finished.says(expected.status, expected.says);
    assert_eq!(report["exit_status"], expected.status);
    assert_eq!(report["run"]["complete"], true);
    let row = report["diagnoses"].get(0).map_or(&Value::Null, |first| &first["row"]);
    assert_eq!(row, expected.row, "{}", finished.stdout);
    (finished, report)
}

/// No output steers a terminal or gives a secret away. Returns the JSON report.
#[track_caller]
fn harmless(program: &Program, finished: &Finished) -> Value {
    let (json, snapshot) = (program.read("report.json"), program.read("report.snap"));
    for text in [&finished.stdout, &finished.stderr, &json, &snapshot] {
        let bad =
            text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(bad, None, "{text}");
        assert!(!text.contains(SECRET), "{text}");
    }
    program.report()
}
