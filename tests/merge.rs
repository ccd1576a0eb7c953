//! The merged report of shards is the one that the whole run gives: against the correct playground and against faulty
//! ones, in three shards, each with a playground and an IdP of its own.
//!
//! What is made the same before reports are compared, because no two runs share it: the addresses of target and IdP,
//! whose ports are free ones; what is fresh in every exchange, the number in a `jti`, the signatures, and the random
//! part of access tokens; `Date`, `Content-Length`, the time that an exchange took, the clock offset that was
//! measured. Of the exchanges the order is left out: a report lists them as they were sent, and shards send them in
//! another order. `curl` repeats the request.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use std::sync::OnceLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{Setup, shipped};
use jagspec::{
    merge::{Part, merge},
    playground::Fault,
    report::{Report, json, snapshot},
    settings::Shard,
    suite::{Suite, registry::Registry},
};
use serde_json::{Value, json};

const OF: usize = 3;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;

/// For each way in which a run can end, faults whose reports are made in different ways: by the discovery, by probes,
/// by words of the target, by what it fetches, by findings of cases, of cases of the whole run, and by cases that
/// are not answered.
const FAULTS: [&str; 9] = [
    "no-metadata",
    "token-endpoint-404",
    "client-secret-rotated",
    "expects-typ-jwt",
    "iss-not-trusted",
    "signature-not-checked",
    "scope-claim-not-string-500",
    "error-html",
    "error-reflects-assertion",
];

/// Every text of a report without what is fresh in each run.
fn settle(text: &str, ports: &[(String, &str)]) -> String {
    let mut settled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let (before, token) = rest.split_at(at);
        settled.push_str(before);
        let end = token.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
        let (token, behind) = token.split_at(end.unwrap_or(token.len()));
        for segment in token.split('.') {
            let decoded =
                URL_SAFE_NO_PAD.decode(segment).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let shown = decoded
                .filter(|text| text.starts_with('{') && text.ends_with('}'))
                .unwrap_or_else(|| "<bytes>".to_owned());
            settled.push_str(&shown);
        }
        rest = behind;
    }
    settled.push_str(rest);
    for (port, known) in ports {
        for colon in [":", "%3A"] {
            settled = settled.replace(&format!("{colon}{port}"), &format!("{colon}{known}"));
        }
    }
    // What follows is of the same signature: in the other alphabet of base64, and perhaps in a form.
    let of_signature = |c: char| c.is_ascii_alphanumeric() || "+/-_%".contains(c);
    let parts: Vec<_> = settled.split("<bytes>").collect();
    let rest = parts.iter().skip(1).map(|part| part.trim_start_matches(of_signature));
    let settled = parts.iter().take(1).copied().chain(rest).collect::<Vec<_>>().join("<bytes>");
    random_out(&numbers_out(&settled, "jti-"))
}

/// The text with `<random>` in place of what is random: the `jti` of the playground's access tokens, 32 hex digits, and
/// signatures of ID-JAGs that are no longer in their place.
fn random_out(text: &str) -> String {
    let is_of_run = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_of_run) {
        let length = rest[at..].find(|c| !is_of_run(c)).unwrap_or(rest.len() - at);
        let run = &rest[at..at + length];
        out.push_str(&rest[..at]);
        let is_time = run.len() == 10 && run.starts_with("17672") && run.chars().all(is_hex);
        let random = (length == 32 && run.chars().all(is_hex)) || length >= 80;
        out.push_str(match () {
            () if random => "<random>",
            () if length == 43 => "<key id>",
            () if is_time => "<time>",
            () => run,
        });
        rest = &rest[at + length..];
    }
    out + rest
}

/// The text with `N` in place of the digits behind the word.
fn numbers_out(text: &str, word: &str) -> String {
    let mut parts = text.split(word);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(word);
        out.push('N');
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}

fn walk(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        Value::Object(members) => members.values_mut().for_each(|member| walk(member, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A run as its JSON report is read again, at the same address as every other.
async fn report(fault: Option<Fault>, shard: Option<Shard>) -> Report {
    static SHIPPED: OnceLock<(Registry, Vec<Suite>)> = OnceLock::new();
    let (registry, suites) = SHIPPED.get_or_init(shipped);
    let setup = Setup { faults: fault.into_iter().collect(), now: Some(NOW), shard, ..Setup::default() };
    let report = common::run(setup, registry, suites).await;
    let port = |url: &str| {
        let port = url.rsplit_once("://").unwrap().1.split('/').next().unwrap().rsplit_once(':').unwrap().1;
        port.to_owned()
    };
    let ports = [(port(&report.run.idp_issuer), "9555"), (port(&report.exchanges[0].request.url), "9556")];
    let mut value: Value = serde_json::from_str(&json::render(&report).unwrap()).unwrap();
    walk(&mut value, &|text| settle(text, &ports));
    json::parse(&value.to_string()).unwrap()
}

/// An exchange as far as it is the same in every run.
fn lasting(exchange: &Value) -> Value {
    let mut exchange = exchange.clone();
    exchange["elapsed_ms"].take();
    exchange["curl"].take();
    for side in ["request", "response"] {
        if let Some(headers) = exchange[side]["headers"].as_array_mut() {
            headers.retain(|header| {
                let name = header[0].as_str().unwrap().to_ascii_lowercase();
                name != "date" && name != "content-length"
            });
        }
    }
    exchange
}

/// The report in the form in which it is compared.
fn comparable(report: &Report) -> Value {
    let mut value = serde_json::to_value(report).unwrap();
    let exchanges: Vec<Value> = value["exchanges"].as_array().unwrap().iter().map(lasting).collect();
    for case in value["cases"].as_array_mut().unwrap() {
        let of_case = case["exchanges"].as_array().unwrap().iter();
        case["exchanges"] =
            of_case.map(|index| exchanges[index.as_u64().unwrap() as usize].clone()).collect();
    }
    let mut texts: Vec<String> = exchanges.iter().map(Value::to_string).collect();
    texts.sort();
    value["exchanges"] = json!(texts);
    for entry in value["profile"].as_array_mut().unwrap() {
        if entry["stable"] == false {
            entry["value"].take();
        }
    }
    value
}

fn assert_same(whole: &Value, merged: &Value, path: &str) {
    match (whole, merged) {
        (Value::Object(one), Value::Object(other)) => {
            assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{path}");
            for (name, value) in one {
                assert_same(value, &other[name], &format!("{path}.{name}"));
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for (at, (one, other)) in one.iter().zip(other).enumerate() {
                assert_same(one, other, &format!("{path}[{at}]"));
            }
            assert_eq!(one.len(), other.len(), "{path}");
        }
        (Value::String(one), Value::String(other)) => {
            let at = one.bytes().zip(other.bytes()).position(|(one, other)| one != other).unwrap_or(0);
            let near = |text: &str| text.chars().skip(at.saturating_sub(200)).take(400).collect::<String>();
            assert_eq!(near(one), near(other), "{path}");
            assert_eq!(one, other, "{path}");
        }
        _ => assert_eq!(whole, merged, "{path}"),
    }
}

async fn check(fault: Option<Fault>) -> u8 {
    let name = fault.map_or("correct", Fault::name);
    let shard = |number| Some(Shard { number, of: OF });
    let (whole, second, third, first) = tokio::join!(
        tokio::spawn(report(fault, None)),
        tokio::spawn(report(fault, shard(2))),
        tokio::spawn(report(fault, shard(3))),
        tokio::spawn(report(fault, shard(1))),
    );
    let whole = whole.unwrap();
    let parts: Vec<Part> = [("2.json", second), ("3.json", third), ("1.json", first)]
        .map(|(file, report)| Part { file: file.to_owned(), report: report.unwrap() })
        .into();
    assert!(parts.iter().all(|part| part.report.cases.len() < whole.cases.len() / 2), "{name}: a part each");
    let merged = merge(parts, Vec::new(), &Registry::embedded().unwrap()).unwrap();
    assert_same(&comparable(&whole), &comparable(&merged), name);
    assert_eq!(snapshot::render(&whole), snapshot::render(&merged), "{name}");
    whole.exit_status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_merged_report_is_that_of_the_whole_run() {
    let mut statuses = vec![check(None).await];
    for name in FAULTS {
        let fault = Fault::ALL.iter().find(|fault| fault.name() == name).unwrap();
        statuses.push(check(Some(*fault)).await);
    }
    for status in [0, 1, 3] {
        assert!(statuses.contains(&status), "{statuses:?}");
    }
}
