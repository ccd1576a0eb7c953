//! Token endpoints that answer oddly.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::{
    Expected, check, run_against,
    server::{Request, Server, send, send_json, token, token_endpoint},
};

/// A server whose token endpoint answers every token request alike.
fn always(status: u16, content_type: &'static str, body: &'static str) -> Server {
    Server::start(token_endpoint(move |_, stream| {
        send(stream, status, &[&format!("Content-Type: {content_type}")], body);
    }))
}

#[test]
fn a_token_for_everything() {
    let server = Server::start(token_endpoint(|_, stream| send_json(stream, 200, &token())));
    let program = run_against(&server.url());
    let says = &["✗ FAIL", "critical", "exit 1: a MUST is broken"];
    let finished = program.run();
    let report = crate::harmless(&program, &finished);
    finished.says(1, says);
    assert_eq!(report["cases"][0]["suite"], "discovery");
    assert!(report["summary"]["fail"].as_u64() > Some(100), "{}", report["summary"]);
}

#[test]
fn no_token_in_any_answer() {
    let refused = |row, says| Expected { status: 3, row, says };
    let row = "own.jwt-bearer.token-response";
    check(&run_against(&always(200, "application/json", "").url()), &refused(row, &["a body that is empty"]));
    check(&run_against(&always(200, "application/json", "{}").url()), &refused(row, &["no string `error`"]));
    check(&run_against(&always(200, "text/html", "<html>").url()), &refused(row, &["HTML or XML page"]));
    check(
        &run_against(&always(500, "text/plain", "").url()),
        &refused("own.jwt-bearer.server-error", &["500"]),
    );
    check(
        &run_against(&always(429, "text/plain", "").url()),
        &refused("own.throttled", &["429", "--rate N"]),
    );
    let odd = r#"{"access_token": ["x"], "error": {"code": 7}}"#;
    check(&run_against(&always(200, "application/json", odd).url()), &refused(row, &["200"]));
}

#[test]
fn connections_that_are_closed_for_token_requests() {
    let server = Server::start(token_endpoint(|_, _| {}));
    let says = &["the connection was closed before the answer was complete"];
    check(&run_against(&server.url()), &Expected { status: 3, row: "own.target-unreachable", says });
}

#[test]
fn answers_that_differ_each_time() {
    let count = AtomicUsize::new(0);
    let server =
        Server::start(token_endpoint(move |_, stream| match count.fetch_add(1, Ordering::Relaxed) % 5 {
            0 => send_json(stream, 200, &token()),
            1 => send_json(stream, 400, &json!({ "error": "invalid_grant" })),
            2 => send(stream, 502, &["Content-Type: text/html"], "<html>"),
            3 => send(stream, 200, &[], b"\x00\xff"),
            _ => {}
        }));
    let program = run_against(&server.url());
    let finished = program.run();
    crate::harmless(&program, &finished);
    assert!([1, 3].contains(&finished.status), "{}", finished.stdout);
    assert!(!finished.stdout.contains("✓ PASS"), "{}", finished.stdout);
}

#[test]
fn throttled_in_the_middle() {
    let server = Server::start(token_endpoint(|request: &Request, stream| {
        if request.number < 9 { send_json(stream, 200, &token()) } else { send(stream, 429, &[], "") }
    }));
    let program = run_against(&server.url()).with(["token-response", "--jobs", "1"]);
    let says = &["throttled: the target answered 429", "--rate N"];
    check(&program, &Expected { status: 3, row: "own.throttled", says });
}

const EVIL: &str = "\u{1b}[2J\u{1b}]0;gotcha\u{7}\u{9b}31m\u{202e}evil\u{2066}\r\ndone\u{0}";

#[test]
fn words_that_would_steer_a_terminal() {
    let server = Server::start(token_endpoint(|_, stream| {
        let body =
            json!({ "error": format!("invalid_grant{EVIL}"), "error_description": EVIL, "error_uri": EVIL });
        send(stream, 400, &["Content-Type: application/json", "X-Evil: \u{9b}31m\u{202e}"], body.to_string());
    }));
    let says = &["\\x1b[2J", "\\u{202e}evil"];
    let program = run_against(&server.url());
    let finished = program.run();
    crate::harmless(&program, &finished);
    finished.says(3, says);

    // A header field with ESC is no HTTP.
    let server = Server::start(token_endpoint(|_, stream| send(stream, 400, &["X-Evil: \u{1b}[31m"], "{}")));
    let says = &["invalid HTTP header"];
    check(&run_against(&server.url()), &Expected { status: 3, row: "own.target-unreachable", says });

    // The same where a token was issued first.
    let server = Server::start(token_endpoint(|request: &Request, stream| {
        let evil =
            json!({ "error": "invalid_grant", "error_description": EVIL, "scope": EVIL, "token_type": EVIL });
        if request.number.is_multiple_of(2) {
            send_json(stream, 400, &evil)
        } else {
            send_json(stream, 200, &token())
        }
    }));
    let program = run_against(&server.url());
    let finished = program.run();
    crate::harmless(&program, &finished);
}

#[test]
fn very_long_words() {
    let server = Server::start(token_endpoint(|_, stream| {
        let long = "long ".repeat(150_000);
        send_json(stream, 400, &json!({ "error": long, "error_description": long, "member": [long] }));
    }));
    let program = run_against(&server.url()).with(["--timeout", "5"]);
    let finished = program.run();
    crate::harmless(&program, &finished);
    assert_eq!(finished.status, 3);
    assert!(finished.stdout.len() < 30_000, "{} bytes", finished.stdout.len());
    assert!(program.read("report.snap").len() < 200_000);
    assert!(program.read("report.json").len() < 4_000_000, "bodies are cut");
}
