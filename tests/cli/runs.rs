//! Runs: which cases, how they are shown, and what their exit status is.

use serde_json::Value;

use crate::{Program, Untouched, free_port};

#[test]
fn the_run_without_options_passes_on_the_playground() {
    let program = Program::new(["--report", "json=report.json"]);
    let finished = program.run();
    finished.says(0, &["✓ PASS", "exit 0: every MUST that could be tested holds"]);
    assert_eq!(finished.stderr, "");
    let report = program.report();
    let must = |case: &&Value| case["level"] == "MUST";
    let cases = report["cases"].as_array().unwrap();
    let proved = cases.iter().filter(must).filter(|case| case["outcome"] == "pass").count();
    let all = cases.iter().filter(must).count();
    finished.says(0, &[&format!("{proved} of {all} MUST cases proved")]);
    assert_eq!(
        report["summary"]["pass"].as_u64().unwrap() + report["summary"]["skip"].as_u64().unwrap(),
        cases.len() as u64
    );
    // What was not proved has a reason.
    assert!(cases.iter().all(|case| case["outcome"] == "pass" || case["reason"] != ""));
}

#[test]
fn filters_select_as_in_cargo_test() {
    let names = |arguments: &[&str]| -> Vec<String> {
        let program = Program::new(arguments).with(["--report", "json=report.json"]);
        program.run().says(0, &[]);
        let cases = program.report()["cases"].as_array().unwrap().clone();
        cases.iter().map(|case| case["name"].as_str().unwrap().to_owned()).collect()
    };
    let two = names(&["token-response::accepted", "audience::one-element-array"]);
    assert_eq!(two, ["audience::one-element-array", "token-response::accepted"]);
    let responses = names(&["token-response"]);
    assert!(responses.len() > 10 && responses.iter().all(|name| name.contains("token-response")));
    let skipped = names(&["token-response", "--skip", "scope", "--skip", "expires"]);
    assert!(skipped.len() < responses.len());
    assert!(!skipped.iter().any(|name| name.contains("scope") || name.contains("expires")));
    assert_eq!(names(&["--exact", "token-response::accepted"]), ["token-response::accepted"]);
}

#[test]
fn no_colour_where_nobody_sees_it_and_narrow_where_it_is_narrow() {
    for columns in [48, 80] {
        let finished =
            Program::new(["audience", "token-response"]).variable("COLUMNS", columns.to_string()).run();
        assert!(!finished.stdout.contains('\u{1b}'), "{}", finished.stdout);
        let widest = finished.stdout.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= columns, "{widest} columns: {}", finished.stdout);
    }
    let colour = |name: &str| {
        Program::new(["token-response::accepted"]).variable("CLICOLOR_FORCE", "1").variable(name, "1")
    };
    assert!(colour("X").run().stdout.contains("\u{1b}["));
    assert!(!colour("NO_COLOR").run().stdout.contains('\u{1b}'));
    let finished = Program::new(["explain", "jwt-bearer.invalid-grant.aud"]).variable("COLUMNS", "48").run();
    assert!(
        finished.stdout.lines().all(|line| line.chars().count() <= 48 || !line.trim().contains(' ')),
        "{}",
        finished.stdout
    );
}

#[test]
fn a_target_without_a_client_is_told_what_to_set() {
    let mut playground = Program::new(["playground", "--listen", "127.0.0.1:0"]).start();
    let target = playground.value("issuer");
    let program =
        Program::new(["--target", &target, "--idp-listen", "127.0.0.1:0", "--report", "json=report.json"]);
    program.run().says(3, &["--client-id", "--client-secret", "exit 3"]);
    let report = program.report();
    let outcome = |suite: &str| -> Vec<String> {
        let cases = report["cases"].as_array().unwrap().iter();
        cases.filter(|case| case["suite"] == suite).map(|case| case["outcome"].to_string()).collect()
    };
    assert!(outcome("discovery").iter().any(|outcome| outcome == "\"pass\""), "what needs no client is run");
    assert!(outcome("audience").iter().all(|outcome| outcome == "\"skip\""));
}

#[test]
fn a_report_pipe_that_is_closed_early_is_no_panic() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_jagspec"))
        .arg("list")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let finished = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&finished.stderr).contains("panicked"));
}

#[test]
fn doctor_says_what_to_register_and_what_is_missing() {
    let port = free_port();
    let idp = format!("http://127.0.0.1:{port}");
    let mut playground =
        Program::new(["playground", "--listen", "127.0.0.1:0", "--idp-issuer", &idp]).start();
    let target = playground.value("issuer");
    let doctor = |target: &str| {
        Program::new(["doctor", "--target", target, "--client-id", "ci"])
            .with(["--idp-listen", &format!("127.0.0.1:{port}"), "--timeout", "5"])
            .run()
    };
    let jwks = format!("its JWKS {idp}/jwks");
    let aud = format!("aud {target}");
    let issuer = format!("trusted issuer {idp}");
    doctor(&target).says(
        0,
        &[
            &issuer,
            &jwks,
            &aud,
            "typ oauth-id-jag+jwt",
            "client ci",
            "✓ its address reaches this process",
            "Ready",
        ],
    );
    let key = Program::new(["idp", "key", "--make", "client.pem"]);
    key.run().says(0, &[]);
    Program::new(["doctor", "--target", &target, "--client-id", "ci", "--client-key", "client.pem"])
        .with(["--idp-listen", &format!("127.0.0.1:{port}")])
        .file("client.pem", key.read("client.pem"))
        .run()
        .says(
            0,
            &[
                &format!("the client's JWKS {idp}/client-jwks"),
                "its algorithms ES256",
                &format!("its assertion has typ client-authentication+jwt, aud {target}"),
            ],
        );
    let nobody = Untouched::new().url();
    doctor(&nobody).says(3, &["✗ no metadata document", "the connection was refused", "Not ready", &jwks]);
    // Without a target the IdP alone is looked at.
    let finished = Program::new(["doctor", "--idp-listen", "127.0.0.1:0"]).run();
    finished.says(0, &["No --target", "✓ its address reaches this process"]);
    // An address that reaches somebody else.
    let elsewhere = ["doctor", "--idp-listen", "127.0.0.1:0", "--idp-issuer", &target];
    Program::new(elsewhere).run().says(3, &["somebody else answers", "correct --idp-issuer"]);
}

/// What a run against a playground with this fault shows, where the client has a key only.
fn by_key(fault: &[&str], arguments: &[&str]) -> (Program, crate::program::Finished) {
    let idp = format!("127.0.0.1:{}", free_port());
    let issuer = format!("http://{idp}");
    let serve = ["playground", "--listen", "127.0.0.1:0", "--idp-issuer", &issuer];
    let mut playground = Program::new(serve).with(fault).start();
    let target = playground.value("issuer");
    let key = include_bytes!("../../fixtures/keys/untrusted-p256.pem");
    let program =
        Program::new(["--target", &target, "--client-id", "todo-app-at-todos", "--client-key", "key.pem"])
            .with(["--idp-listen", &idp, "--report", "json=report.json"])
            .with(arguments)
            .file("key.pem", key);
    let finished = program.run();
    (program, finished)
}

fn measured(report: &Value, name: &str) -> Value {
    let entries = report["profile"].as_array().unwrap();
    entries.iter().find(|entry| entry["name"] == name).map_or(Value::Null, |entry| entry["value"].clone())
}

#[test]
fn a_client_with_a_key_authenticates_with_it() {
    let (program, finished) = by_key(&[], &["private-key-jwt", "client-authentication"]);
    finished.says(0, &["✓ PASS", "the client has no secret: set --client-secret"]);
    let report = program.report();
    assert_eq!(measured(&report, "client-authentication"), "private_key_jwt");
    assert_eq!(measured(&report, "client-assertion-audience"), "issuer");
    // One without a key is told what it lacks.
    let other = ["--client-secret", "todo-app-secret", "--client-auth", "private_key_jwt"];
    let target = ["--target", "http://127.0.0.1:9", "--client-id", "todo-app-at-todos"];
    Program::new(target).with(other).run().refuses(&["add --client-key FILE"]);
}

#[test]
fn the_audience_of_the_client_assertion_is_found_out_and_told() {
    let fault = ["--fault", "client-assertion-aud-issuer-refused"];
    let (program, finished) = by_key(&fault, &["private-key-jwt::well-formed", "--strict"]);
    finished.says(1, &["private-key-jwt::well-formed", "jwt-bearer.invalid-client"]);
    let report = program.report();
    assert_eq!(measured(&report, "client-assertion-audience"), "token-endpoint");
    let exchanges = report["exchanges"].to_string();
    assert!(exchanges.contains("client_assertion=") && exchanges.contains("[signature redacted]"));
}

#[test]
fn a_refused_client_assertion_is_diagnosed_by_the_change_that_lets_it_in() {
    for (fault, change) in [
        ("client-assertion-aud-double-slash", "//token`"),
        ("client-assertion-typ-refused", "the client assertion has no header `typ`"),
    ] {
        let (program, finished) = by_key(&["--fault", fault], &[]);
        finished.says(3, &["jwt-bearer.invalid-client (certain"]);
        let first = &program.report()["diagnoses"][0];
        let evidence = first["evidence"].to_string();
        assert!(evidence.contains(change) && evidence.contains("refused again"), "{fault}: {evidence}");
    }
    // Where no change helps, the diagnosis says whether the key was fetched.
    let (program, finished) = by_key(&["--fault", "client-not-registered"], &["--client-id-in-body", "no"]);
    finished.says(3, &["jwt-bearer.invalid-client (likely"]);
    let evidence = program.report()["diagnoses"][0]["evidence"].to_string();
    assert!(evidence.contains("did not fetch") && evidence.contains("/client-jwks"), "{evidence}");
}

#[test]
fn a_secret_that_is_not_form_decoded_is_diagnosed_where_the_client_has_such_a_one() {
    let idp = format!("127.0.0.1:{}", free_port());
    let issuer = format!("http://{idp}");
    let serve = ["playground", "--listen", "127.0.0.1:0", "--idp-issuer", &issuer];
    let mut playground = Program::new(serve).with(["--fault", "basic-not-form-decoded"]).start();
    let target = playground.value("issuer");
    let secret = "notes:app+100% s\u{e9}cret";
    let program = Program::new(["--target", &target, "--idp-listen", &idp, "--client-id", "notes-app"])
        .with(["--client-secret", secret, "--client-auth", "client_secret_basic"])
        .with(["--report", "json=report.json"]);
    program.run().says(3, &["jwt-bearer.invalid-client (certain", "does not form-decode"]);
    assert!(!program.read("report.json").contains(secret));
}
