//! The command lines of a report send what the run has sent: executed by a shell, with the real `jagspec mint`, and with
//! a `curl` that only tells what it was given. interop/curl has a real one, and a server that answers.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod folder;
mod program;

use std::{collections::BTreeMap, path::Path, process::Command};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD as B64, URL_SAFE_NO_PAD as B64URL},
};
use program::{Program, state_folder};
use serde_json::{Map, Value};

/// One case for each way in which a line is made.
const CASES: [&str; 22] = [
    "token-response::accepted",
    "audience::second-audience/other-last",
    "audience::token-endpoint",
    "json-web-token-attacks::alg-none/two-segments",
    "json-web-token-attacks::json-serialisation/flattened",
    "lifetime::expired",
    "issuer::untrusted/with-its-own-key",
    "signature::unpublished-key/under-a-published-kid",
    "signature::psychic-es384",
    "client-binding::other-client",
    "client-authentication::wrong-secret/prefix",
    "client-authentication::wrong-secret/empty",
    "client-authentication::wrong-secret-in-the-body",
    "client-authentication::credential-in-the-query",
    "client-authentication::client-assertion/id-jag",
    "client-authentication::basic-of-the-other-client",
    "token-request::parameters-in-the-query/all",
    "token-request::no-assertion/empty",
    "token-request::json-body",
    "error-response::input-reflected/header-in-grant-type",
    "replay::second-use",
    "replay::same-jti",
];

/// The curl of this test.
const CURL: &str = r#"curl() { for word; do printf '%s\036' "$word"; done; printf '\035'; }"#;

/// A request, with what is another one each time made the same.
#[derive(Debug, PartialEq)]
struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    fn of_report(exchange: &Value) -> Self {
        let request = &exchange["request"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let headers = request["headers"].as_array().unwrap();
        Request {
            method: text(&request["method"]),
            url: even(&text(&request["url"])),
            headers: sorted(headers.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()),
            body: even(&text(&request["body"])),
        }
    }

    /// What curl would send that is called with these words.
    fn of_curl(words: &str) -> Self {
        let mut words = words.split_terminator('\x1e');
        let (mut method, mut url) = (String::new(), String::new());
        let (mut headers, mut data) = (Vec::new(), Vec::new());
        while let Some(word) = words.next() {
            let mut next = || words.next().unwrap().to_owned();
            match word {
                "-X" => method = next(),
                "--url" => url = next(),
                "-H" => {
                    let field = next();
                    let (name, value) = field.split_once(':').unwrap();
                    if !value.is_empty() {
                        headers.push((name.to_owned(), value.trim().to_owned()));
                    }
                }
                "-u" => headers.push(("Authorization".to_owned(), format!("Basic {}", B64.encode(next())))),
                "--data-urlencode" => {
                    let parameter = next();
                    let (name, value) = parameter.split_once('=').unwrap();
                    let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                    data.push(format!("{name}={value}"));
                }
                "--data-raw" => data.push(next()),
                "-i" => {}
                other => panic!("`{other}` is not known to this curl"),
            }
        }
        Request { method, url: even(&url), headers: sorted(headers), body: even(&data.join("&")) }
    }
}

/// curl writes the credentials first.
fn sorted(mut headers: Vec<(String, String)>) -> Vec<(String, String)> {
    headers.sort();
    headers
}

/// A text with what is another one in each ID-JAG evened out: times, identifiers, signatures.
fn even(text: &str) -> String {
    let text = text
        .replace("%22", "\"")
        .replace("%7B", "{")
        .replace("%7D", "}")
        .replace("%3A", ":")
        .replace("%2C", ",");
    let is_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest.find(|c| !is_token(c)).unwrap_or(rest.len());
        let run = &rest[..end];
        let decoded = B64URL.decode(run).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        match decoded {
            Some(Value::Object(members)) => out.push_str(&Value::Object(even_members(members)).to_string()),
            _ if run.len() > 60 && run.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                out.push_str(&format!("<{} characters>", run.len()));
            }
            _ => out.push_str(run),
        }
        let after = rest[end..].chars().next().map_or(0, char::len_utf8);
        out.push_str(&rest[end..end + after]);
        rest = &rest[end + after..];
    }
    out
}

/// Times count from the issuing, and only the first `jti` of a report is its own.
fn even_members(mut members: Map<String, Value>) -> Map<String, Value> {
    let issued = members.get("iat").and_then(Value::as_i64).unwrap_or_default();
    for name in ["iat", "exp", "nbf"] {
        if let Some(time) = members.get(name).and_then(Value::as_i64) {
            members.insert(name.to_owned(), (time - issued).into());
        }
    }
    if members.contains_key("jti") {
        members.insert("jti".to_owned(), "JTI".into());
    }
    members
}

/// A run of these cases, all exchanges kept.
fn report(options: &[&str]) -> Value {
    let program = Program::new(CASES).with(["--exact", "--keep-exchanges", "--report", "json=report.json"]);
    let program = program.with(options);
    program.run().says(0, &[]);
    program.report()
}

/// What each command line gives to curl, in one shell.
fn carried_out(exchanges: &[Value], folder: &Path) -> Vec<String> {
    let lines: Vec<&str> = exchanges.iter().map(|exchange| exchange["curl"].as_str().unwrap()).collect();
    assert!(lines.iter().all(|line| !line.contains(char::is_control)));
    let bin = Path::new(env!("CARGO_BIN_EXE_jagspec")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", &format!("{CURL}\n{}", lines.join("\n"))])
        .current_dir(folder)
        .envs([("PATH", path.as_str()), ("JAGSPEC_CLIENT_SECRET", "todo-app-secret")])
        .env("JAGSPEC_OTHER_CLIENT_SECRET", "notes:app+100% sécret")
        .env("XDG_STATE_HOME", state_folder())
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!errors.contains("error"), "{errors}");
    let said = String::from_utf8(output.stdout).unwrap();
    said.split_terminator('\x1d').map(str::to_owned).collect()
}

#[test]
fn every_line_sends_what_the_run_has_sent() {
    // With its secrets, so that all of both can be compared. The lines have none even then.
    let report = report(&["--show-secrets"]);
    let exchanges = report["exchanges"].as_array().unwrap();
    let carried_out = carried_out(exchanges, &std::env::temp_dir());
    assert_eq!(carried_out.len(), exchanges.len());
    let mut methods = BTreeMap::new();
    for (exchange, words) in exchanges.iter().zip(&carried_out) {
        let (mut sent, mut again) = (Request::of_report(exchange), Request::of_curl(words));
        // The bytes of this secret are encoded otherwise, and mean the same.
        for request in [&mut sent, &mut again] {
            request.headers.retain(|(_, value)| !same_client(value));
        }
        assert_eq!(again, sent, "{}", exchange["curl"].as_str().unwrap());
        *methods.entry(sent.method).or_insert(0) += 1;
    }
    assert!(methods["POST"] >= CASES.len() && methods["GET"] > 0, "{methods:?}");
    let lines = exchanges.iter().map(|exchange| exchange["curl"].as_str().unwrap()).collect::<Vec<_>>();
    assert!(lines.iter().filter(|line| line.contains("\"assertion=$(jagspec mint --target ")).count() > 10);
    for secret in ["todo-app-secret", "notes%3Aapp", "100%"] {
        assert!(lines.iter().all(|line| !line.contains(secret)), "{secret}");
    }
}

/// Whether these are the credentials of the client whose secret has to be encoded.
fn same_client(authorization: &str) -> bool {
    let Some(credentials) = authorization.strip_prefix("Basic ") else { return false };
    let decoded = String::from_utf8(B64.decode(credentials).unwrap()).unwrap();
    let Some((_, secret)) = decoded.split_once(':') else { return false };
    let parsed = url::form_urlencoded::parse(format!("s={secret}").as_bytes()).next().unwrap().1.into_owned();
    parsed == "notes:app+100% sécret"
}

#[test]
fn redaction_leaves_the_lines_whole() {
    let report = report(&[]);
    let mut cut = Vec::new();
    for exchange in report["exchanges"].as_array().unwrap() {
        let line = exchange["curl"].as_str().unwrap();
        let says_so = exchange["curl_hints"]
            .as_array()
            .unwrap()
            .iter()
            .any(|hint| hint.as_str().unwrap().starts_with("Something in it is redacted"));
        assert_eq!(line.contains("redacted]"), says_so, "{line}");
        if says_so {
            cut.push(line);
        }
    }
    assert!(cut.is_empty(), "{cut:?}");
}

#[test]
fn what_has_to_be_known_is_said() {
    let report = report(&[]);
    let of = |name: &str, at: usize| {
        let cases = report["cases"].as_array().unwrap();
        let case = cases.iter().find(|case| case["name"] == name).unwrap();
        let exchange = &report["exchanges"][case["exchanges"][at].as_u64().unwrap() as usize];
        let hints: Vec<&str> =
            exchange["curl_hints"].as_array().unwrap().iter().map(|hint| hint.as_str().unwrap()).collect();
        hints.join("\n")
    };
    let issuer = report["run"]["idp_issuer"].as_str().unwrap();
    let idp = issuer.strip_prefix("http://").unwrap();
    let target = report["target"]["issuer"].as_str().unwrap().strip_prefix("http://").unwrap();
    let plain = of("token-response::accepted", 0);
    for words in [
        format!("start `jagspec playground --listen {target} --idp-issuer {issuer}`"),
        format!("Let `jagspec idp serve --idp-listen {idp}` publish the keys meanwhile"),
        "from `JAGSPEC_CLIENT_SECRET`: export that first".to_owned(),
    ] {
        assert!(plain.contains(&words), "{words}\n{plain}");
    }
    assert!(
        of("replay::second-use", 1)
            .contains("It is request 2 of 2 of the case: send them in order, from one shell.")
    );
    assert!(of("client-authentication::basic-of-the-other-client", 0).contains("form-encoded the secret"));
    assert!(!of("token-request::no-assertion/empty", 0).contains("idp serve"));
}
