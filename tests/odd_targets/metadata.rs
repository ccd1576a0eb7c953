//! Metadata that is none, or that points at odd places.

use serde_json::{Value, json};

use crate::{
    Expected, check, run_against,
    server::{Server, metadata, send, send_json, token, token_endpoint},
};

const DISCOVERY: &str = "registration.discovery-failed";
const TOKEN_ENDPOINT: &str = "jwt-bearer.token-endpoint-not-found";

/// Every GET is answered with this body, every POST with 404.
fn served(content_type: &'static str, body: impl AsRef<[u8]> + Send + Sync + 'static) -> Server {
    Server::start(move |request, stream| match request.method.as_str() {
        "GET" => send(stream, 200, &[&format!("Content-Type: {content_type}")], &body),
        _ => send(stream, 404, &[], ""),
    })
}

/// The server's document with a member replaced; everything gets a token.
fn altered(member: &'static str, value: Value) -> Server {
    Server::start(move |request, stream| {
        if request.path.starts_with("/.well-known/oauth") {
            let mut document = metadata(&request.issuer);
            document[member] = value.clone();
            send_json(stream, 200, &document);
        } else {
            token_endpoint(|_, stream| send_json(stream, 200, &token()))(request, stream);
        }
    })
}

#[track_caller]
fn no_document(server: &Server, says: &'static [&'static str]) {
    check(&run_against(&server.url()), &Expected { status: 3, row: DISCOVERY, says });
}

#[test]
fn nothing_but_404() {
    let server = Server::start(|_, stream| send(stream, 404, &[], ""));
    no_document(&server, &["answered 404", "/.well-known/oauth-authorization-server", "fix"]);
}

#[test]
fn a_page_for_every_address() {
    let page = "<!DOCTYPE html><title>Log in</title>\x1b]0;title\x07";
    let server = Server::start(move |_, stream| send(stream, 200, &["Content-Type: text/html"], page));
    no_document(&server, &["is an HTML or XML page, not JSON"]);
}

#[test]
fn what_is_no_json_object() {
    no_document(&served("application/json", "{\"issuer\": "), &["is not JSON (line 1, column"]);
    no_document(&served("application/json", b"{\"issuer\": \"\xff\xfe\"}"), &["is not UTF-8"]);
    no_document(&served("application/json", "[{\"issuer\": \"x\"}]"), &["is an array"]);
    no_document(&served("application/json", ""), &["the body is empty"]);
    no_document(&served("application/json", "[".repeat(100_000)), &["is not JSON"]);
}

#[test]
fn members_of_the_wrong_types() {
    for (member, value, says) in [
        ("issuer", json!(["a"]), &["its `issuer` is an array"] as &'static [&'static str]),
        ("issuer", Value::Null, &["its `issuer` is null"]),
        ("issuer", json!("x".repeat(100_000)), &["its `issuer` is longer than 4096 bytes"]),
        ("token_endpoint", json!(17), &["its `token_endpoint` is a number"]),
        ("token_endpoint", json!("http://x".repeat(10_000)), &["its `token_endpoint` is longer than"]),
    ] {
        // Where {issuer}/token answers all the same, a missing document is a warning.
        let server = altered(member, value);
        let program = run_against(&server.url()).with(["discovery::metadata-found", "--exact"]);
        check(&program, &Expected { status: 0, row: DISCOVERY, says });
    }
    let server = altered("token_endpoint_auth_methods_supported", json!({ "client_secret_basic": true }));
    let (_, report) = check(
        &run_against(&server.url()).with(["discovery"]),
        &Expected { status: 1, row: "own.metadata", says: &["token_endpoint_auth_methods_supported"] },
    );
    assert_eq!(report["target"]["token_endpoint"], format!("{}/token", server.url()));
}

#[test]
fn a_document_that_calls_the_server_otherwise() {
    let server = altered("issuer", json!("http://127.0.0.1:1/\u{202e}\u{1b}[31m"));
    let says = &["http://127.0.0.1:1/\\u{202e}\\x1b[31m", "the first difference is at character"];
    let program = run_against(&server.url()).with(["discovery"]);
    check(&program, &Expected { status: 1, row: DISCOVERY, says });
}

#[test]
fn a_document_that_nothing_confirms_gets_no_credentials() {
    let thief = Server::start(token_endpoint(|_, stream| send_json(stream, 200, &token())));
    let place = format!("{}/token", thief.url());
    let server = Server::start(move |request, stream| {
        let mut document = metadata("http://127.0.0.1:1");
        document["token_endpoint"] = json!(place);
        document["jwks_uri"] = json!(format!("{}/jwks", request.issuer));
        send_json(stream, 200, &document);
    });
    let says = &["its issuer is not confirmed, so no credentials are sent to another host"];
    check(&run_against(&server.url()), &Expected { status: 3, row: DISCOVERY, says });
    assert_eq!(thief.connections_taken(), 0);
}

#[test]
fn a_token_endpoint_at_another_host_is_used() {
    let other = Server::start(token_endpoint(|_, stream| send_json(stream, 200, &token())));
    let server = altered("token_endpoint", json!(format!("{}/token", other.url())));
    let program = run_against(&server.url()).with(["token-response::accepted", "--exact"]);
    let finished = program.run();
    finished.says(0, &["1 of 1 MUST case proved", &other.url()]);
}

#[test]
fn a_token_endpoint_that_is_no_address() {
    for (endpoint, says) in [
        ("127.0.0.1/token", &["`127.0.0.1/token` is no URL"] as &[&str]),
        ("//127.0.0.1/token", &["`//127.0.0.1/token` is no URL"]),
        ("http://", &["`http://` is no URL"]),
        ("http://[::1/token", &["is no URL"]),
        ("http://a b/token", &["is no URL"]),
        ("", &["`` is no URL"]),
        ("javascript:alert(1)", &["`javascript:alert(1)` is neither an http nor an https URL"]),
        ("file:///etc/hostname", &["`file:///etc/hostname` is neither an http nor an https URL"]),
    ] {
        let server = altered("token_endpoint", json!(endpoint));
        let expected = Expected { status: 3, row: TOKEN_ENDPOINT, says };
        check(&run_against(&server.url()).with(["discovery", "token-response"]), &expected);
    }
    let silent = altered("token_endpoint", json!("http://127.0.0.1:1/\u{1b}[31m"));
    let says: &[&str] = &["http://127.0.0.1:1/\\x1b[31m"];
    let expected = Expected { status: 3, row: "own.target-unreachable", says };
    check(&run_against(&silent.url()).with(["discovery", "token-response"]), &expected);
    let missing = Server::start(|request, stream| {
        send_json(stream, 200, &json!({ "issuer": request.issuer, "response_types_supported": ["code"] }));
    });
    let expected = Expected { status: 3, row: TOKEN_ENDPOINT, says: &["has no `token_endpoint`"] };
    check(&run_against(&missing.url()), &expected);
}

#[test]
fn a_jwks_address_that_is_odd() {
    for odd in ["file:///etc/passwd", "http://127.0.0.1:1/jwks", "\u{1b}[2J"] {
        let server = altered("jwks_uri", json!(odd));
        let finished = run_against(&server.url()).with(["token-response::accepted"]).run();
        finished.says(0, &["1 of 1 MUST case proved"]);
    }
}
