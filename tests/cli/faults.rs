//! Faults of the playground from end to end, as a user meets them: two processes, real ports, the first diagnosis.
#![cfg(unix)]

use std::{collections::BTreeMap, process::Command, sync::Mutex, thread};

use crate::{Program, free_port, program::Started};

/// One or two for each way in which a run can end. Where the finding is a warning, --strict makes the run fail.
const FAULTS: [&str; 12] = [
    "no-metadata",
    "issuer-other-host",
    "token-endpoint-missing",
    "rate-limited",
    "unsupported-grant-type",
    "client-secret-rotated",
    "client-not-registered",
    "expects-typ-jwt",
    "iss-not-trusted",
    "jwks-unreachable",
    "signature-not-checked",
    "aud-multi-element-array",
];

/// The faults with their rows, as the playground lists them.
fn rows() -> BTreeMap<String, String> {
    let listed = Program::new(["playground", "--list-faults"]).run().stdout;
    let mut rows = BTreeMap::new();
    let mut name = "";
    for line in listed.lines() {
        match line.trim_start().strip_prefix("row ").and_then(|row| row.split(';').next()) {
            Some(row) => drop(rows.insert(name.to_owned(), row.to_owned())),
            None if !line.starts_with(' ') => name = line,
            None => {}
        }
    }
    rows
}

/// The arguments of the call that the playground prints, as a shell understands it.
fn printed_call(playground: &mut Started) -> Vec<String> {
    let mut call = playground.value("  jagspec");
    while let Some(line) = call.strip_suffix('\\') {
        call = format!("{line} {}", playground.value("   "));
    }
    let output = Command::new("sh").args(["-c", &format!("printf '%s\\n' {call}")]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Runs the suites against the playground with this fault, and says what is wrong with the outcome.
fn trouble(fault: &str, row: &str) -> Option<String> {
    let idp = format!("127.0.0.1:{}", free_port());
    let issuer = format!("http://{idp}");
    let serve = ["playground", "--listen", "127.0.0.1:0", "--fault", fault, "--idp-issuer", &issuer];
    let mut playground = Program::new(serve).start();
    let target = playground.value("issuer");
    let call = printed_call(&mut playground);
    assert!(call.contains(&target), "{call:?}");
    let program = Program::new(call).with([
        "--idp-listen",
        &idp,
        "--idp-alg",
        "EdDSA",
        "--strict",
        "--report",
        "json=report.json",
    ]);
    let finished = program.run();
    let report = program.report();
    let first = report["diagnoses"][0]["row"].as_str().unwrap_or("none");
    let wrong = |what: String| Some(format!("{fault}: {what}\n{}", finished.stdout));
    if ![1, 3].contains(&finished.status) || report["exit_status"] != finished.status {
        return wrong(format!("exit {}", finished.status));
    }
    if first != row {
        return wrong(format!("first {first} in place of {row}"));
    }
    if !finished.stdout.contains(&format!("1. {row} (")) && !finished.stdout.contains(&format!("  {row}")) {
        return wrong("the terminal does not say so".into());
    }
    None
}

#[test]
fn the_first_diagnosis_is_the_row_of_the_fault() {
    let rows = rows();
    let queue = Mutex::new(FAULTS.iter());
    let troubles = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let Some(fault) = queue.lock().unwrap().next() else { return };
                    let found = trouble(fault, &rows[*fault]);
                    troubles.lock().unwrap().extend(found);
                }
            });
        }
    });
    let troubles = troubles.into_inner().unwrap();
    assert!(troubles.is_empty(), "{}", troubles.join("\n\n"));
}

#[test]
fn the_correct_playground_passes_as_it_says() {
    let idp = format!("127.0.0.1:{}", free_port());
    let issuer = format!("http://{idp}");
    let mut playground = Program::new([
        "playground",
        "--listen",
        "127.0.0.1:0",
        "--issuer-path",
        "/t",
        "--idp-issuer",
        &issuer,
    ])
    .start();
    let call = printed_call(&mut playground);
    let program = Program::new(call).with(["--idp-listen", &idp]);
    program.run().says(0, &["✓ PASS"]);
}
