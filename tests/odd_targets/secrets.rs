//! Targets that throw back what they were sent.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{
    Program, SECRET,
    server::{Request, Server, send, send_json, token, token_endpoint},
};

const OTHER_SECRET: &str = "an0ther s3cret&more";
const THIRD_SECRET: &str = "th1rd:s3cret+of/one";
const HEADER: &str = "gateway-k3y=with==equals";

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Every form in which the target may have seen or made the secret.
fn spellings(secret: &str) -> Vec<String> {
    let form = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
    vec![
        secret.to_owned(),
        percent(secret),
        form,
        STANDARD.encode(secret),
        STANDARD.encode(format!("ci:{secret}")),
    ]
}

/// Everything that was sent, and the secrets in every spelling, in the body and in a header.
fn reflect(request: &Request, stream: &mut std::net::TcpStream) {
    let spelled: Vec<String> =
        [SECRET, OTHER_SECRET, THIRD_SECRET, HEADER].into_iter().flat_map(spellings).collect();
    let headers: Vec<String> =
        request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let body = json!({
        "error": "invalid_client",
        "error_description": format!("{} {} {}", spelled.join(" "), request.body, headers.join("; ")),
        "request": { "headers": headers, "body": request.body },
    });
    let echo = format!("X-Echo: {}", spelled.join(" "));
    let authorization = format!("X-Was: {}", request.header("authorization"));
    send(stream, 401, &["Content-Type: application/json", &echo, &authorization], body.to_string());
}

fn program(target: &str) -> Program {
    Program::new(["--target", target, "--client-id", "ci", "--other-client-id", "other"])
        .with(["--idp-listen", "127.0.0.1:0", "--timeout", "2", "--keep-exchanges"])
        .with(["--report", "json=report.json", "--report", "snapshot=report.snap"])
        .with(["--report", "html=report.html"])
        .variable("JAGSPEC_CLIENT_SECRET", SECRET)
        .variable("JAGSPEC_OTHER_CLIENT_SECRET", OTHER_SECRET)
        .variable("JAGSPEC_UNAUTHORIZED_CLIENT_ID", "without-the-grant")
        .variable("JAGSPEC_UNAUTHORIZED_CLIENT_SECRET", THIRD_SECRET)
        .variable("JAGSPEC_HEADER", format!("X-Gateway-Key: {HEADER}"))
}

#[test]
fn no_output_holds_a_secret() {
    // Once refused from the beginning, once after the baseline was accepted.
    let refused = Server::start(token_endpoint(reflect));
    let later = Server::start(token_endpoint(|request: &Request, stream| {
        if request.number.is_multiple_of(3) {
            reflect(request, stream)
        } else {
            send_json(stream, 200, &token())
        }
    }));
    let metadata = Server::start(reflect);
    for server in [&refused, &later, &metadata] {
        let program = program(&server.url());
        let finished = program.run();
        let page = program.read("report.html");
        // As its reader sees it.
        let seen = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
            .iter()
            .fold(page.clone(), |text, (escaped, plain)| text.replace(escaped, plain));
        let [json, snapshot] = ["report.json", "report.snap"].map(|name| program.read(name));
        for text in [finished.stdout, finished.stderr, json, snapshot, page, seen] {
            for secret in [SECRET, OTHER_SECRET, THIRD_SECRET, HEADER] {
                for spelling in spellings(secret) {
                    assert!(!text.contains(&spelling), "{spelling} in:\n{text}");
                }
            }
        }
        let report = program.read("report.json");
        assert!(report.contains("redacted]"), "something was thrown back: {report}");
    }
}

#[test]
fn secrets_are_shown_to_those_who_ask() {
    let server = Server::start(token_endpoint(reflect));
    let program = program(&server.url()).with(["--show-secrets"]);
    program.run();
    assert!(program.read("report.json").contains(SECRET));
    let page = program.read("report.html");
    assert!(page.contains(SECRET) && page.contains("<strong>Secrets shown</strong>"), "and the page says so");
}

#[test]
fn doctor_shows_no_secret_either() {
    let server = Server::start(|request: &Request, stream| {
        if request.method == "POST" {
            reflect(request, stream)
        } else {
            crate::server::around_tokens(request, stream)
        }
    });
    let finished = Program::new(["doctor", "--target", &server.url(), "--idp-listen", "127.0.0.1:0"])
        .with(["--client-id", "ci", "--header", &format!("X-Gateway-Key: {HEADER}")])
        .variable("JAGSPEC_CLIENT_SECRET", SECRET)
        .run();
    finished.says(0, &["[secret redacted]"]);
    for secret in [SECRET, HEADER] {
        for spelling in spellings(secret) {
            assert!(!finished.stdout.contains(&spelling), "{spelling} in:\n{}", finished.stdout);
        }
    }
}

#[test]
fn a_redirect_or_a_foreign_address_gets_no_gateway_header() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&seen);
    let foreign = Server::start(move |request, stream| {
        log.lock().unwrap().push((request.path.clone(), request.header("x-gateway-key").to_owned()));
        send_json(stream, 200, &json!({ "keys": [] }));
    });
    let jwks = format!("{}/jwks", foreign.url());
    let server = Server::start(move |request, stream| {
        if request.path.starts_with("/.well-known/oauth") {
            let mut document = crate::server::metadata(&request.issuer);
            document["jwks_uri"] = json!(jwks);
            send_json(stream, 200, &document);
        } else {
            token_endpoint(|_, stream| send_json(stream, 200, &token()))(request, stream);
        }
    });
    program(&server.url()).with(["token-response::accepted"]).run().says(0, &[]);
    assert_eq!(*seen.lock().unwrap(), [("/jwks".to_owned(), String::new())]);
}
