//! What becomes of the parts, on made-up reports. That the whole equals the unsharded report is shown by
//! `tests/merge.rs`.

use serde_json::{Value, json};

use super::*;
use crate::{plan::NO_CLIENT, report::json::parse};

/// The report of a shard of two with these cases of `s`, as JSON to be changed.
fn shard(number: usize, cases: &[&str]) -> Value {
    let case = |name: &&str| {
        json!({
            "name": format!("s::{name}"), "suite": "s", "case": name, "title": "t", "level": "MUST",
            "severity": null, "finding": null, "requirements": [], "outcome": "pass", "row": null, "reason": "",
            "expected": "", "observed": "", "changed": [], "source": "s.yaml:1", "exchanges": [],
        })
    };
    json!({
        "format": "jagspec/1",
        "run": {
            "version": env!("CARGO_PKG_VERSION"), "rules": "draft", "policies": {}, "filter": [],
            "shard": format!("{number}/2"), "idp_issuer": "http://127.0.0.1:9555", "insecure": false,
            "complete": true,
        },
        "target": { "issuer": "https://as.example", "token_endpoint": null, "metadata_url": null },
        "summary": { "pass": 0, "fail": 0, "warn": 0, "skip": 0, "inconclusive": 0, "error": 0 },
        "exit_status": 0,
        "cases": cases.iter().map(case).collect::<Vec<_>>(),
        "diagnoses": [], "profile": [], "exchanges": [],
        "shard": {
            "selected": ["s::a", "s::b", "s::c", "s::d", "s::whole"],
            "whole_run": [{ "name": "s::whole", "row": "own.harness", "checks": ["client-is-confidential"] }],
            "answers": 1, "offences": [], "target_diagnoses": [], "unreachable": false, "control_lost": null,
        },
    })
}

fn first() -> Value {
    shard(1, &["a", "c", "whole"])
}

fn second() -> Value {
    shard(2, &["b", "d", "whole"])
}

fn merged(parts: [Value; 2]) -> Report {
    let parts = parts.into_iter().enumerate().map(|(at, mut value)| {
        let count = |outcome: &str| {
            let cases = value["cases"].as_array().unwrap().iter();
            cases.filter(|case| case["outcome"] == outcome).count()
        };
        let summary = ["pass", "fail", "warn", "skip", "inconclusive", "error"];
        let summary = summary.map(|word| (word.to_owned(), Value::from(count(word))));
        value["summary"] = Value::Object(summary.into_iter().collect());
        Part { file: format!("{at}.json"), report: parse(&value.to_string()).unwrap() }
    });
    merge(parts.collect(), Vec::new(), &Registry::embedded().unwrap()).unwrap()
}

fn exchange(purpose: Option<&str>, status: u16, body: &str) -> Value {
    json!({
        "purpose": purpose, "error": null, "elapsed_ms": 1, "curl": "",
        "request": { "method": "GET", "url": "https://as.example/x", "headers": [], "body": "" },
        "response": { "status": status, "headers": [], "body": body, "body_truncated": false },
    })
}

#[test]
fn the_cases_stand_in_the_order_of_a_whole_run() {
    let names = |report: Report| report.cases.into_iter().map(|case| case.case).collect::<Vec<_>>();
    assert_eq!(names(merged([second(), first()])), ["a", "b", "c", "d", "whole"]);
}

#[test]
fn of_two_cases_that_measure_the_same_the_later_one_counts() {
    let measured = |value: &str, case: Value| json!([{ "name": "replay", "value": value, "stable": true, "case": case, "evidence": [] }]);
    let of = |one: Value, other: Value| {
        let (mut first, mut second) = (first(), second());
        first["profile"] = measured("of the first", one);
        second["profile"] = measured("of the second", other);
        merged([first, second]).profile[0].value.clone()
    };
    assert_eq!(of("s::c".into(), "s::b".into()), "of the first");
    assert_eq!(of("s::a".into(), "s::b".into()), "of the second");
    // What no case has measured every shard has: the first one's counts.
    assert_eq!(of(Value::Null, Value::Null), "of the first");
}

#[test]
fn what_every_shard_has_asked_for_itself_is_there_once() {
    let asked = |mut shard: Value| {
        shard["exchanges"] = json!([exchange(Some("baseline 1"), 200, "")]);
        shard["shard"]["offences"] = json!([{ "check": "client-is-confidential", "case": null, "what": "no credential", "exchange": 0 }]);
        shard
    };
    let report = merged([asked(first()), asked(second())]);
    assert_eq!((report.exchanges.len(), &report.cases[4].exchanges), (1, &vec![0]));
    assert_eq!(report.cases[4].outcome, crate::report::Outcome::Fail);
    // A shard that has sent nothing knows nothing.
    let mut silent = first();
    silent["shard"]["answers"] = 0.into();
    assert_eq!(merged([silent, asked(second())]).cases[4].exchanges, [0]);
}

#[test]
fn what_was_answered_otherwise_stays() {
    let asked = |mut shard: Value, case: usize, status: u16, body: &str| {
        shard["exchanges"] = json!([exchange(Some("discovery 1"), status, body), exchange(None, 200, "")]);
        shard["cases"][case]["exchanges"] = json!([0, 1]);
        shard
    };
    let of = |status, body| {
        let report = merged([asked(first(), 0, 200, "{}"), asked(second(), 0, status, body)]);
        (report.exchanges.len(), report.cases[1].exchanges.clone())
    };
    assert_eq!(of(200, "{}"), (3, vec![0, 2]));
    assert_eq!(of(503, "{}"), (4, vec![2, 3]));
    assert_eq!(of(200, "{\"issuer\":1}"), (4, vec![2, 3]));
}

#[test]
fn what_keeps_the_target_from_being_tested_is_known_to_the_shard_that_sends() {
    let mut refused = second();
    refused["run"]["untestable"] = true.into();
    refused["shard"]["target_diagnoses"] = json!([{
        "row": "jwt-bearer.invalid-client", "confidence": "likely", "blame": "undecided", "cause": "c", "fix": "f",
        "evidence": [], "cases": [],
    }]);
    let report = merged([first(), refused]);
    assert_eq!(report.exit_status, 3);
    assert_eq!(report.diagnoses[0].row, "jwt-bearer.invalid-client");
}

#[test]
fn the_cases_that_wait_for_a_client_are_those_of_all_shards() {
    let waiting = |mut shard: Value| {
        for at in 0..2 {
            shard["cases"][at]["outcome"] = "skip".into();
            shard["cases"][at]["reason"] = NO_CLIENT.into();
        }
        shard["shard"]["target_diagnoses"] = json!([{
            "row": "own.no-client", "confidence": "certain", "blame": "harness-configuration", "cause": "c",
            "fix": "f", "evidence": ["2 cases need a client"], "cases": [],
        }]);
        shard
    };
    let report = merged([waiting(first()), waiting(second())]);
    assert_eq!(report.diagnoses[0].evidence, ["4 cases need a client that is registered at the target"]);
}

#[test]
fn a_control_that_was_lost_in_one_shard_was_lost_in_the_run() {
    let mut lost = second();
    lost["shard"]["control_lost"] = "400 invalid_grant".into();
    lost["cases"][0]["outcome"] = "inconclusive".into();
    let report = merged([first(), lost]);
    assert_eq!(report.diagnoses[0].row, "own.throttled");
    assert_eq!(report.diagnoses[0].cases, ["s::b"]);
}
