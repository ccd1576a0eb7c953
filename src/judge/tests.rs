//! Verdicts on answers, one property each.

use serde_json::json;

use super::*;
use crate::{
    observation::{HttpRequest, Response},
    suite::{Constraint, ResponseCheck},
};

fn observation(status: u16, headers: &[(&str, &str)], body: Value) -> Observation {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Observation {
        request: HttpRequest { method: "POST".into(), ..HttpRequest::get("http://127.0.0.1/token") },
        result: Ok(Response::new(status, headers, body.to_string().into_bytes(), false)),
        elapsed_ms: 1,
    }
}

fn expectation(answer: Answer) -> Expectation {
    Expectation {
        within: None,
        answer,
        status: Vec::new(),
        headers: Default::default(),
        members: Default::default(),
        access_token_claims: Default::default(),
        checks: Vec::new(),
    }
}

fn refused(errors: &[&str]) -> Expectation {
    let errors = errors.iter().map(|error| (*error).to_owned()).collect();
    expectation(Answer::Refused { errors, error_level: Level::SHOULD })
}

fn judge(expect: &Expectation, level: Level, observation: &Observation) -> Judgement {
    let variables = Variables::new(0);
    let facts = Facts {
        variables: &variables,
        assertion: "a.b.c",
        scope: Some("read"),
        jwks: None,
        jwks_broken: false,
        before: None,
    };
    judge_answer(expect, level, observation, facts)
}

fn token() -> Value {
    json!({"access_token": "t", "token_type": "Bearer"})
}

#[test]
fn a_token_for_a_bad_id_jag_is_a_critical_failure_whatever_the_status() {
    for status in [200, 400, 500] {
        let judgement = judge(&refused(&["invalid_grant"]), Level::MUST, &observation(status, &[], token()));
        assert_eq!(judgement.outcome, Outcome::Fail);
        assert_eq!(judgement.severity, Some(Severity::Critical));
        assert_eq!(judgement.finding, Some(Finding::TokenIssued));
    }
}

#[test]
fn the_named_refusal_passes() {
    let answer = observation(400, &[], json!({"error": "invalid_grant"}));
    assert_eq!(judge(&refused(&["invalid_grant"]), Level::MUST, &answer).outcome, Outcome::Pass);
    let answer = observation(401, &[], json!({"error": "invalid_client"}));
    assert_eq!(judge(&refused(&["invalid_client"]), Level::MUST, &answer).outcome, Outcome::Pass);
}

#[test]
fn another_code_or_status_warns() {
    let code = observation(400, &[], json!({"error": "invalid_request"}));
    let status = observation(403, &[], json!({"error": "invalid_grant"}));
    let success = observation(200, &[], json!({"error": "invalid_grant"}));
    for answer in [&code, &status, &success] {
        let judgement = judge(&refused(&["invalid_grant"]), Level::MUST, answer);
        assert_eq!((judgement.outcome, judgement.finding), (Outcome::Warn, Some(Finding::WrongError)));
    }
}

#[test]
fn an_empty_list_of_codes_takes_any_4xx() {
    let html = Observation {
        result: Ok(Response::new(405, Vec::new(), b"<html>".to_vec(), false)),
        ..observation(405, &[], json!(null))
    };
    assert_eq!(judge(&refused(&[]), Level::MUST, &html).outcome, Outcome::Pass);
}

#[test]
fn a_5xx_is_never_a_correct_refusal_except_503_while_the_jwks_is_broken() {
    let answer = observation(503, &[], json!({"error": "temporarily_unavailable"}));
    let expect = refused(&[]);
    assert_eq!(judge(&expect, Level::MUST, &answer).outcome, Outcome::Warn);
    let variables = Variables::new(0);
    let facts = Facts {
        variables: &variables,
        assertion: "a",
        scope: None,
        jwks: None,
        jwks_broken: true,
        before: None,
    };
    assert_eq!(judge_answer(&expect, Level::MUST, &answer, facts).outcome, Outcome::Pass);
}

#[test]
fn throttling_and_silence_are_errors_and_no_verdict() {
    let throttled = observation(429, &[], json!({}));
    assert_eq!(judge(&refused(&["invalid_grant"]), Level::MUST, &throttled).outcome, Outcome::Error);
}

#[test]
fn a_refused_good_request_fails_by_its_level() {
    let answer = observation(400, &[], json!({"error": "invalid_grant"}));
    for (level, outcome) in [
        (Level::MUST, Outcome::Fail),
        (Level::SHOULD, Outcome::Warn),
        (Level::MAY, Outcome::Warn),
        (Level::INFO, Outcome::Pass),
    ] {
        assert_eq!(judge(&expectation(Answer::Accepted), level, &answer).outcome, outcome, "{level}");
    }
}

#[test]
fn details_of_an_acceptance_are_looked_at() {
    let mut expect = expectation(Answer::Accepted);
    expect.headers.insert(
        "cache-control".into(),
        Constraint { present: Some(true), contains: Some(json!("no-store")), ..Default::default() },
    );
    expect.checks = vec![ResponseCheck::ScopeWithinIdJag, ResponseCheck::NoNullMembers];
    let good = observation(200, &[("Cache-Control", "private, No-Store")], token());
    assert_eq!(judge(&expect, Level::MUST, &good).outcome, Outcome::Pass);
    let cached = observation(200, &[], token());
    assert_eq!(judge(&expect, Level::MUST, &cached).severity, Some(Severity::High));
    let wider = json!({"access_token": "t", "scope": "read write"});
    assert_eq!(
        judge(&expect, Level::MUST, &observation(200, &[("cache-control", "no-store")], wider)).outcome,
        Outcome::Fail
    );
    let nulls = json!({"access_token": "t", "refresh_token": null});
    assert_eq!(
        judge(&expect, Level::SHOULD, &observation(200, &[("cache-control", "no-store")], nulls)).outcome,
        Outcome::Warn
    );
}

#[test]
fn either_answer_is_right_and_only_a_token_is_looked_into() {
    let mut expect = expectation(Answer::Either);
    expect.checks = vec![ResponseCheck::ScopeWithinIdJag];
    let refusal = observation(400, &[], json!({"error": "invalid_scope"}));
    assert_eq!(judge(&expect, Level::MUST, &refusal).outcome, Outcome::Pass);
    let wider = observation(200, &[], json!({"access_token": "t", "scope": "admin"}));
    assert_eq!(judge(&expect, Level::MUST, &wider).outcome, Outcome::Fail);
}

#[test]
fn the_sentence_of_what_is_expected_names_status_and_code() {
    assert_eq!(expected_sentence(&refused(&["invalid_grant"])), "400 `invalid_grant`, no access token");
    assert_eq!(
        expected_sentence(&refused(&["invalid_client", "invalid_request"])),
        "400 or 401 `invalid_client` (or `invalid_request`), no access token"
    );
}

#[test]
fn two_refusals_are_told_apart_by_what_an_attacker_could_use_and_by_nothing_else() {
    let answer = |status: u16, body: Value| observation(status, &[], body);
    let described = |text: &str| answer(401, json!({ "error": "invalid_client", "error_description": text }));
    let mut expect = refused(&["invalid_client"]);
    expect.checks = vec![ResponseCheck::SameAnswerAsBefore];
    let outcome = |before: &Observation, after: &Observation| {
        let variables = Variables::new(0).with("client.id", "app");
        let facts = Facts {
            variables: &variables,
            assertion: "a.b.c",
            scope: None,
            jwks: None,
            jwks_broken: false,
            before: before.response(),
        };
        judge_answer(&expect, Level::SHOULD, after, facts).outcome
    };
    let wrong_secret = described("Trace 0af3-11: authentication of app failed");
    let unknown = crate::token_request::UNKNOWN_CLIENT;
    let same = described(&format!("Trace 1bc4-12: authentication of {unknown} failed"));
    assert_eq!(outcome(&wrong_secret, &same), Outcome::Pass);
    for other in [
        described("unknown client"),
        answer(400, json!({ "error": "invalid_client", "error_description": "x" })),
        answer(401, json!({ "error": "invalid_client" })),
    ] {
        assert_eq!(outcome(&wrong_secret, &other), Outcome::Warn);
    }
}

/// What is expected of a request that is a burden.
fn burdened(answer: Expectation) -> Expectation {
    Expectation { within: Some(10), ..answer }
}

fn silent(kind: TransportErrorKind, elapsed_ms: u64) -> Observation {
    let error = TransportError { kind, message: "nothing came".into() };
    Observation { result: Err(error), elapsed_ms, ..observation(200, &[], json!({})) }
}

#[test]
fn a_burden_must_be_answered_in_time() {
    let expect = burdened(expectation(Answer::Either));
    let late = Observation { elapsed_ms: 10_001, ..observation(200, &[], token()) };
    let judgement = judge(&expect, Level::SHOULD, &late);
    assert_eq!((judgement.outcome, judgement.finding), (Outcome::Warn, Some(Finding::Detail)));
    assert_eq!(judgement.observed, "200 with an access token, after 10.0 s");
    let in_time = Observation { elapsed_ms: 9_999, ..observation(413, &[], json!({})) };
    assert_eq!(judge(&expect, Level::SHOULD, &in_time).outcome, Outcome::Pass);
    let never = judge(&expect, Level::SHOULD, &silent(TransportErrorKind::Timeout, 10_000));
    assert_eq!((never.outcome, never.reason.as_str()), (Outcome::Warn, "no answer came within 10 seconds"));
    assert_eq!(expected_sentence(&expect), "a refusal, or 200 with an access token; within 10 seconds");
}

#[test]
fn a_closed_connection_is_a_refusal_of_a_burden_only() {
    let closed = silent(TransportErrorKind::Closed, 50);
    assert_eq!(judge(&burdened(refused(&[])), Level::SHOULD, &closed).outcome, Outcome::Pass);
    assert_eq!(judge(&refused(&[]), Level::SHOULD, &closed).outcome, Outcome::Error);
    // A harness that gives up sooner has not waited for the answer.
    let impatient = silent(TransportErrorKind::Timeout, 2_000);
    assert_eq!(judge(&burdened(refused(&[])), Level::SHOULD, &impatient).outcome, Outcome::Error);
    let gone = silent(TransportErrorKind::Refused, 1);
    assert_eq!(judge(&burdened(refused(&[])), Level::SHOULD, &gone).outcome, Outcome::Error);
}
