//! Ctrl-C.
#![cfg(unix)]

use crate::{
    harmless, run_against,
    server::{Request, Server, hang, send_json, token, token_endpoint},
};

#[test]
fn the_first_interruption_reports_what_is_known() {
    // Ten requests are answered, the eleventh hangs for longer than this test may take.
    let server = Server::start(token_endpoint(|request: &Request, stream| {
        if request.number < 12 { send_json(stream, 200, &token()) } else { hang(stream) }
    }));
    let program = run_against(&server.url()).with(["--timeout", "300", "--jobs", "2"]);
    let started = program.start();
    server.wait_for_connections(13);
    started.interrupt();
    let finished = started.finish();
    finished.says(130, &["interrupted", "! INCOMPLETE", "interrupted before it ran", "exit 130"]);
    let report = harmless(&program, &finished);
    assert_eq!(report["run"]["complete"], false);
    assert_eq!(report["exit_status"], 130);
    let cases = report["cases"].as_array().unwrap();
    let outcome = |name: &str| cases.iter().filter(|case| case["outcome"] == name).count();
    assert!(outcome("pass") > 5, "discovery was known");
    assert!(outcome("fail") > 0, "so were the first cases: {}", report["summary"]);
    assert!(outcome("skip") > 100);
    assert_eq!(outcome("error"), 0, "what is under way is dropped, not judged");
}

#[test]
fn an_interruption_of_the_discovery_says_nothing_about_the_target() {
    let server = Server::start(|_, stream| hang(stream));
    for wait in ["0", "300"] {
        let program = run_against(&server.url()).with(["--timeout", "300", "--wait", wait]);
        let before = server.connections_taken();
        let started = program.start();
        server.wait_for_connections(before + 1);
        started.interrupt();
        let finished = started.finish();
        finished.says(130, &["NO VERDICT"]);
        let report = harmless(&program, &finished);
        assert_eq!(report["run"]["complete"], false);
        assert_eq!(report["diagnoses"].as_array().unwrap().len(), 0, "{}", report["diagnoses"]);
    }
}

#[test]
fn the_second_interruption_ends_the_process() {
    let server = Server::start(|_, stream| hang(stream));
    let program = run_against(&server.url()).with(["--timeout", "300"]);
    // A pipe that nobody reads holds the report up.
    let pipe = program.folder.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let program = program.with(["--report", "json=pipe"]);
    let mut started = program.start();
    server.wait_for_connections(1);
    started.interrupt_until_it_ends();
    assert_eq!(started.finish().status, 130);
    drop(reader);
}
