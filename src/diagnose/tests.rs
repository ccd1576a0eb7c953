//! Rules, one property each, on made-up observations. That every fault of the playground is named is shown by
//! `tests/matrix.rs`.

use super::*;
use crate::{
    cli::{RunOptions, settings},
    discovery::{Try, candidates},
    observation::{HttpRequest, Observation},
    report::Outcome,
    settings::Selection,
};

const TARGET: &str = "https://as.example";

fn discovery(status: u16, document: &str) -> Discovery {
    let answer = |url: &str, status: u16, body: &str| Observation {
        request: HttpRequest::get(url),
        result: Ok(Response::new(status, Vec::new(), body.as_bytes().to_vec(), false)),
        elapsed_ms: 1,
    };
    Discovery {
        asked: TARGET.into(),
        tries: candidates(TARGET)
            .into_iter()
            .map(|(well_known, url)| {
                let observation = answer(&url, status, document);
                Try::new(well_known, url, observation)
            })
            .collect(),
        token_endpoint_answer: Some(answer("", 400, r#"{"error":"invalid_request"}"#)),
        ..Discovery::default()
    }
}

fn found() -> Discovery {
    discovery(200, &format!(r#"{{"issuer":"{TARGET}","token_endpoint":"{TARGET}/token"}}"#))
}

fn refused(error: Option<&str>, description: &str) -> AttemptAnswer {
    AttemptAnswer::Refused {
        status: 400,
        error: error.map(str::to_owned),
        description: description.into(),
        words: "400".into(),
    }
}

fn attempt(answer: AttemptAnswer) -> Attempt {
    Attempt { manner: "client_secret_basic, RS256".into(), answer, exchange: 0 }
}

fn diagnosed(discovery: &Discovery, evidence: &Evidence) -> Vec<Diagnosis> {
    let options = RunOptions {
        target: Some(TARGET.into()),
        client_id: Some("client-1".into()),
        client_secret: Some("secret".into()),
        idp_issuer: Some("http://127.0.0.1:9555".into()),
        ..RunOptions::default()
    };
    let settings = settings(&options, Selection::default()).unwrap();
    diagnose(&[], discovery, evidence, &settings, &Registry::embedded().unwrap())
}

/// A case that was refused with the wrong error.
fn finding(row: &str) -> CaseReport {
    CaseReport {
        name: format!("suite::{row}"),
        suite: "suite".into(),
        case: row.into(),
        title: String::new(),
        level: crate::suite::Level::MUST,
        severity: Some(crate::report::Severity::Low),
        finding: Some(crate::report::Finding::WrongError),
        requirements: Vec::new(),
        outcome: Outcome::Warn,
        row: Some(row.into()),
        reason: String::new(),
        expected: String::new(),
        observed: "401 invalid_grant".into(),
        changed: Vec::new(),
        changed_members: Vec::new(),
        known: None,
        source: String::new(),
        exchanges: Vec::new(),
    }
}

fn rows(diagnoses: &[Diagnosis]) -> Vec<&str> {
    diagnoses.iter().map(|diagnosis| diagnosis.row.as_str()).collect()
}

fn evidence(answer: AttemptAnswer) -> Evidence {
    Evidence { attempts: vec![attempt(answer)], ..Evidence::default() }
}

#[test]
fn error_codes_that_name_their_subject() {
    for (error, row) in [
        ("invalid_client", "jwt-bearer.invalid-client"),
        ("unauthorized_client", "own.jwt-bearer.grant-type"),
        ("unsupported_grant_type", "own.jwt-bearer.grant-type"),
        ("invalid_scope", "own.jwt-bearer.invalid-scope"),
        ("invalid_target", "own.jwt-bearer.invalid-target"),
    ] {
        assert_eq!(rows(&diagnosed(&found(), &evidence(refused(Some(error), ""))))[0], row, "{error}");
    }
}

#[test]
fn words_of_the_server_are_a_hint_and_quoted() {
    for (words, row) in [
        ("Invalid claim: 'aud'", "jwt-bearer.invalid-grant.aud"),
        ("wrong token type", "jwt-bearer.invalid-grant.typ"),
        ("Untrusted issuer", "jwt-bearer.invalid-grant.iss"),
        ("the token is expired", "jwt-bearer.invalid-grant.expired"),
        ("signature verification failed", "jwt-bearer.invalid-grant.jwks"),
        ("client_id does not match", "jwt-bearer.invalid-grant.client-id"),
    ] {
        let diagnoses = diagnosed(&found(), &evidence(refused(Some("invalid_grant"), words)));
        assert_eq!(rows(&diagnoses)[0], row, "{words}");
        assert_eq!(diagnoses[0].confidence, Confidence::Likely);
        assert!(diagnoses[0].evidence.iter().any(|sentence| sentence.contains(words)));
    }
}

#[test]
fn nothing_fetched_points_at_the_issuer_and_names_the_address_to_register() {
    let diagnoses = diagnosed(&found(), &evidence(refused(Some("invalid_grant"), "")));
    assert_eq!(rows(&diagnoses)[..2], ["jwt-bearer.invalid-grant.iss", "jwt-bearer.invalid-grant.jwks"]);
    assert!(diagnoses[0].fix.contains("http://127.0.0.1:9555"));
}

#[test]
fn certain_is_said_only_where_the_change_flips_the_answer_and_flips_back() {
    let options = RunOptions { target: Some(TARGET.into()), ..RunOptions::default() };
    let settings = settings(&options, Selection::default()).unwrap();
    let probe = ladder(&settings, &found(), None)
        .into_iter()
        .find(|probe| probe.row == "jwt-bearer.invalid-grant.typ")
        .unwrap();
    for (flipped_back, confidence) in [(true, Confidence::Certain), (false, Confidence::Likely)] {
        let seen = Evidence {
            probes: vec![ProbeAnswer { probe: probe.clone(), answer: AttemptAnswer::Accepted, flipped_back }],
            ..evidence(refused(Some("invalid_grant"), ""))
        };
        let first = &diagnosed(&found(), &seen)[0];
        assert_eq!((first.row.as_str(), first.confidence), ("jwt-bearer.invalid-grant.typ", confidence));
    }
}

#[test]
fn the_ladder_shifts_by_the_measured_clock_offset_only() {
    let options = RunOptions { target: Some(TARGET.into()), ..RunOptions::default() };
    let settings = settings(&options, Selection::default()).unwrap();
    let shifted = |offset| {
        ladder(&settings, &found(), offset).into_iter().any(|probe| probe.change.contains("Date header"))
    };
    assert!(shifted(Some(-600)));
    assert!(!shifted(Some(1)) && !shifted(None));
}

#[test]
fn no_document_is_a_failed_discovery_even_where_the_fallback_works() {
    let diagnoses = diagnosed(&discovery(404, ""), &Evidence::default());
    assert_eq!(rows(&diagnoses), ["registration.discovery-failed"]);
    assert!(diagnoses[0].evidence[0].contains("/.well-known/oauth-authorization-server"));
}

#[test]
fn the_correct_server_gets_no_diagnosis() {
    assert!(diagnosed(&found(), &Evidence::default()).is_empty());
    let accepted = Evidence { attempts: vec![attempt(AttemptAnswer::Accepted)], ..Evidence::default() };
    assert!(diagnosed(&found(), &accepted).is_empty());
}

#[test]
fn without_a_client_the_run_says_what_to_set() {
    let mut case = finding("own.x");
    case.outcome = Outcome::Skip;
    case.reason = crate::plan::NO_CLIENT.into();
    let options = RunOptions { target: Some(TARGET.into()), ..RunOptions::default() };
    let settings = settings(&options, Selection::default()).unwrap();
    let registry = Registry::embedded().unwrap();
    let diagnoses = diagnose(&[case], &found(), &Evidence::default(), &settings, &registry);
    assert_eq!(rows(&diagnoses), ["own.no-client"]);
    assert_eq!(diagnoses[0].blame, Blame::HarnessConfiguration);
}

#[test]
fn a_reading_that_is_left_open_is_no_accusation() {
    let mut case = finding("jwt-bearer.invalid-grant.expired");
    case.level = crate::suite::Level::MAY;
    case.finding = Some(crate::report::Finding::TokenIssued);
    let options = RunOptions { target: Some(TARGET.into()), ..RunOptions::default() };
    let settings = settings(&options, Selection::default()).unwrap();
    let registry = Registry::embedded().unwrap();
    let diagnoses = diagnose(&[case], &found(), &Evidence::default(), &settings, &registry);
    assert_eq!((diagnoses[0].confidence, diagnoses[0].blame), (Confidence::Possible, Blame::Undecided));
}

fn diagnosed_cases(cases: &[CaseReport]) -> Vec<Diagnosis> {
    let options = RunOptions { target: Some(TARGET.into()), ..RunOptions::default() };
    let settings = settings(&options, Selection::default()).unwrap();
    diagnose(cases, &found(), &Evidence::default(), &settings, &Registry::embedded().unwrap())
}

#[test]
fn a_form_that_is_refused_where_the_baseline_is_accepted_is_no_matter_of_credentials() {
    let refused = |row: &str| {
        let mut case = finding(row);
        case.level = crate::suite::Level::SHOULD;
        case.finding = Some(crate::report::Finding::GoodRefused);
        case.changed = vec!["`client_id` in the body as well".into()];
        case.requirements = vec!["O6749-3.2.1-id".into()];
        diagnosed_cases(&[case]).remove(0)
    };
    let diagnosis = refused("jwt-bearer.invalid-client");
    assert_eq!((diagnosis.confidence, diagnosis.blame), (Confidence::Certain, Blame::TargetCode));
    assert!(
        diagnosis.cause.ends_with("as well-formed: `client_id` in the body as well."),
        "{}",
        diagnosis.cause
    );
    assert!(diagnosis.fix.contains("O6749-3.2.1-id: A client may name itself"), "{}", diagnosis.fix);
    // A second IdP that is not trusted is a matter of registration after all.
    assert_eq!(refused("jwt-bearer.invalid-grant.iss").blame, Blame::TargetConfiguration);
}

#[test]
fn what_is_left_open_is_told_by_what_the_server_did() {
    let open = |kind: crate::report::Finding| {
        let mut case = finding("own.jwt-bearer.invalid-scope");
        case.level = crate::suite::Level::MAY;
        case.finding = Some(kind);
        diagnosed_cases(&[case]).remove(0)
    };
    let granted = open(crate::report::Finding::Detail);
    assert!(granted.cause.contains("riskier reading"), "{}", granted.cause);
    assert!(granted.fix.starts_with("Grant the intersection"), "{}", granted.fix);
    let refused = open(crate::report::Finding::WrongError);
    assert!(refused.cause.contains("but with another error"), "{}", refused.cause);
    assert_eq!(refused.blame, Blame::Undecided);
}

#[test]
fn a_wrong_error_everywhere_is_one_diagnosis() {
    let cases = ["jwt-bearer.invalid-grant.aud", "jwt-bearer.invalid-grant.typ", "own.jwt-bearer.subject"]
        .map(finding);
    let options = RunOptions { target: Some(TARGET.into()), ..RunOptions::default() };
    let settings = settings(&options, Selection::default()).unwrap();
    let registry = Registry::embedded().unwrap();
    let diagnoses = diagnose(&cases, &found(), &Evidence::default(), &settings, &registry);
    assert_eq!(rows(&diagnoses), ["own.jwt-bearer.error-response"]);
    let two = diagnose(&cases[..2], &found(), &Evidence::default(), &settings, &registry);
    assert_eq!(two.len(), 2);
}

#[test]
fn every_row_of_the_ladder_is_in_the_registry() {
    let options = RunOptions {
        target: Some(TARGET.into()),
        client_id: Some("app-at-api".into()),
        other_client_id: Some("other".into()),
        scope: Some("s".into()),
        resource: Some("https://r.example".into()),
        idp_alg: Some("RS256".into()),
        ..RunOptions::default()
    };
    let settings = settings(&options, Selection::default()).unwrap();
    let registry = Registry::embedded().unwrap();
    let probes = ladder(&settings, &found(), Some(600));
    assert!(probes.len() <= 40, "{} exchanges at most", probes.len());
    for probe in probes {
        assert!(registry.row(probe.row).is_some(), "{}", probe.row);
    }
}
