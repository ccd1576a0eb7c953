//! The verdict on one answer: what was expected beside what was observed. Pure; whether the control was accepted
//! is `run`'s knowledge and is applied there.

mod constraint;
mod discovery;
mod response;
mod whole_run;

use serde_json::Value;

pub use discovery::judge_discovery;
pub use whole_run::Ledger;

use crate::{
    observation::{Observation, Response, clip},
    report::{Finding, Outcome, Severity},
    suite::{Answer, Expectation, Level},
    template::Variables,
};

/// The row of a case that was not answered.
pub const UNREACHABLE: &str = "own.target-unreachable";

/// The row of a case that was answered with 429.
pub const THROTTLED: &str = "own.throttled";

/// The verdict on a case, or on one of its steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The outcome.
    pub outcome: Outcome,
    /// How grave; none for a pass.
    pub severity: Option<Severity>,
    /// What kind of finding; none for a pass.
    pub finding: Option<Finding>,
    /// Why, one sentence; empty for a plain pass.
    pub reason: String,
    /// What a conforming server answers, one sentence.
    pub expected: String,
    /// What the target answered, one sentence.
    pub observed: String,
    /// The row, where it is not that of the case.
    pub row: Option<&'static str>,
}

impl Judgement {
    fn pass(expected: String, observed: String) -> Self {
        Judgement {
            outcome: Outcome::Pass,
            severity: None,
            finding: None,
            reason: String::new(),
            expected,
            observed,
            row: None,
        }
    }

    /// A finding of a case that is binding to `level`.
    fn finding(level: Level, kind: Finding, reason: String, expected: String, observed: String) -> Self {
        let (outcome, severity) = match (level, kind) {
            (Level::MUST, Finding::TokenIssued) => (Outcome::Fail, Some(Severity::Critical)),
            (Level::MUST, _) => (Outcome::Fail, Some(Severity::High)),
            (Level::SHOULD | Level::MAY, _) => (Outcome::Warn, Some(Severity::Low)),
            (Level::INFO, _) => (Outcome::Pass, None),
        };
        let finding = (outcome != Outcome::Pass).then_some(kind);
        Judgement { outcome, severity, finding, reason, expected, observed, row: None }
    }

    /// The right refusal with the wrong error, where the error is no MUST: never more than a warning.
    fn wrong_error(reason: String, expected: String, observed: String) -> Self {
        Judgement {
            outcome: Outcome::Warn,
            severity: Some(Severity::Low),
            finding: Some(Finding::WrongError),
            reason,
            expected,
            observed,
            row: None,
        }
    }

    /// It could not be carried out: no answer came.
    pub fn unanswered(reason: String, expected: String) -> Self {
        Self::error(UNREACHABLE, reason, expected, "no answer".into())
    }

    /// It could not be carried out: the target limits the requests.
    pub fn throttled(reason: String, expected: String, observed: String) -> Self {
        Self::error(THROTTLED, format!("throttled: {reason}"), expected, observed)
    }

    fn error(row: &'static str, reason: String, expected: String, observed: String) -> Self {
        let outcome = Outcome::Error;
        Judgement { outcome, severity: None, finding: None, reason, expected, observed, row: Some(row) }
    }

    /// How bad it is, for choosing among the steps of a case.
    pub fn weight(&self) -> u8 {
        match self.outcome {
            Outcome::Fail => 5,
            Outcome::Error => 4,
            Outcome::Warn => 3,
            Outcome::Inconclusive => 2,
            Outcome::Skip => 1,
            Outcome::Pass => 0,
        }
    }
}

/// What the verdict on an answer needs to know beside the answer.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// For the values of constraints.
    pub variables: &'a Variables,
    /// The assertion that was sent.
    pub assertion: &'a str,
    /// The `scope` claim of the ID-JAG that was sent.
    pub scope: Option<&'a str>,
    /// The target's own JWK Set, where its metadata names one.
    pub jwks: Option<&'a Value>,
    /// The harness itself has broken the JWKS: then 503 is a right answer.
    pub jwks_broken: bool,
}

/// Judges the answer to a token request.
pub fn judge_answer(
    expect: &Expectation,
    level: Level,
    observation: &Observation,
    facts: Facts<'_>,
) -> Judgement {
    let expected = expected_sentence(expect);
    let response = match &observation.result {
        Ok(response) => response,
        Err(error) => {
            return Judgement::unanswered(error.message.clone(), expected);
        }
    };
    let observed = response.summary();
    if response.status == 429 {
        return Judgement::throttled("the target answered 429".into(), expected, observed);
    }
    match &expect.answer {
        Answer::Measured(_) => Judgement::pass(expected, observed),
        // Both answers are right; what comes with a token is looked at.
        Answer::Either if response.access_token().is_some() => {
            judge_acceptance(expect, level, response, facts, expected, observed)
        }
        Answer::Either => Judgement::pass(expected, observed),
        Answer::Accepted => judge_acceptance(expect, level, response, facts, expected, observed),
        Answer::Refused { errors, error_level } => {
            if response.access_token().is_some() {
                let reason = "an access token was issued where a refusal is due".into();
                return Judgement::finding(level, Finding::TokenIssued, reason, expected, observed);
            }
            judge_refusal(expect, level, errors, *error_level, response, facts, expected, observed)
        }
    }
}

fn judge_acceptance(
    expect: &Expectation,
    level: Level,
    response: &Response,
    facts: Facts<'_>,
    expected: String,
    observed: String,
) -> Judgement {
    if response.access_token().is_none() {
        let reason = "a well-formed request was refused".into();
        return Judgement::finding(level, Finding::GoodRefused, reason, expected, observed);
    }
    if response.status != 200 {
        let reason =
            format!("the token came with status {}, not 200 (RFC 6749 section 5.1)", response.status);
        return Judgement::finding(level, Finding::Detail, reason, expected, observed);
    }
    match details(expect, response, facts) {
        Some(mismatch) => {
            Judgement::finding(level, Finding::Detail, mismatch.reason, expected, mismatch.observed)
        }
        None => Judgement::pass(expected, observed),
    }
}

#[expect(clippy::too_many_arguments, reason = "one call, from the function above")]
fn judge_refusal(
    expect: &Expectation,
    level: Level,
    errors: &[String],
    error_level: Level,
    response: &Response,
    facts: Facts<'_>,
    expected: String,
    observed: String,
) -> Judgement {
    if response.status >= 500 && !(facts.jwks_broken && response.status == 503) {
        return Judgement::wrong_error(
            format!("it was refused, but with {}: a 5xx is never a correct refusal", response.status),
            expected,
            observed,
        );
    }
    let wrong_code = |reason: String, expected, observed| {
        if error_level == Level::MUST {
            Judgement::finding(level, Finding::WrongError, reason, expected, observed)
        } else {
            Judgement::wrong_error(reason, expected, observed)
        }
    };
    if response.status < 400 {
        let reason = format!("it was refused, but with status {}", response.status);
        return wrong_code(reason, expected, observed);
    }
    if let Some(right) = errors.first() {
        match response.oauth_error() {
            None => return wrong_code("the refusal names no `error`".into(), expected, observed),
            Some(error) if !errors.iter().any(|allowed| allowed == error) => {
                let reason = format!("it was refused, but with `{}` in place of `{right}`", clip(error, 60));
                return wrong_code(reason, expected, observed);
            }
            Some(_) => {}
        }
    }
    let statuses = refusal_statuses(expect, errors);
    if !statuses.is_empty() && !statuses.contains(&response.status) {
        let reason =
            format!("it was refused, but with status {} in place of {}", response.status, one_of(&statuses));
        return wrong_code(reason, expected, observed);
    }
    match details(expect, response, facts) {
        Some(mismatch) => {
            Judgement::finding(level, Finding::Detail, mismatch.reason, expected, mismatch.observed)
        }
        None => Judgement::pass(expected, observed),
    }
}

/// RFC 6749 section 5.2: errors have status 400, except that `invalid_client` may have 401, and must where the
/// client used the Authorization header (the case then says so).
fn refusal_statuses(expect: &Expectation, errors: &[String]) -> Vec<u16> {
    if !expect.status.is_empty() {
        return expect.status.clone();
    }
    if errors.is_empty() {
        return Vec::new();
    }
    if errors.iter().any(|error| error == "invalid_client") {
        return vec![400, 401];
    }
    vec![400]
}

/// Something in the answer that is not as demanded.
struct Mismatch {
    reason: String,
    observed: String,
}

fn details(expect: &Expectation, response: &Response, facts: Facts<'_>) -> Option<Mismatch> {
    for (name, constraint) in &expect.headers {
        let value = response.header(name).map(Value::from);
        if let Some(mismatch) = constraint::violated(constraint, value.as_ref(), facts.variables) {
            return Some(mismatch.about(&format!("header `{name}`"), response.status));
        }
    }
    for (name, constraint) in &expect.members {
        if let Some(mismatch) = constraint::violated(constraint, response.member(name), facts.variables) {
            return Some(mismatch.about(&format!("member `{name}`"), response.status));
        }
    }
    // An ID-JAG that comes back is no access token: that is the finding of one case, not of all that look into it.
    let token = response.access_token().filter(|token| *token != facts.assertion);
    if !expect.access_token_claims.is_empty()
        && let Some(claims) = token.and_then(response::jwt_claims)
    {
        for (name, constraint) in &expect.access_token_claims {
            if let Some(mismatch) = constraint::violated(constraint, claims.get(name), facts.variables) {
                return Some(mismatch.about(&format!("claim `{name}` of the access token"), response.status));
            }
        }
    }
    expect
        .checks
        .iter()
        .find_map(|check| response::check(*check, response, facts))
        .map(|(reason, observed)| Mismatch { reason, observed: format!("{}; {observed}", response.status) })
}

/// What a conforming server answers, as a sentence without its full stop.
pub fn expected_sentence(expect: &Expectation) -> String {
    let mut parts = vec![match &expect.answer {
        Answer::Measured(_) => "nothing is demanded; the answer is measured".to_owned(),
        Answer::Accepted => "200 with an access token".to_owned(),
        Answer::Either => "a refusal, or 200 with an access token".to_owned(),
        Answer::Refused { errors, .. } => {
            let statuses = refusal_statuses(expect, errors);
            let status = if statuses.is_empty() { "a 4xx status".to_owned() } else { one_of(&statuses) };
            match errors.split_first() {
                None => format!("{status}, no access token"),
                Some((first, [])) => format!("{status} `{first}`, no access token"),
                Some((first, rest)) => {
                    format!("{status} `{first}` (or `{}`), no access token", rest.join("`, `"))
                }
            }
        }
    }];
    for (kind, constraints) in [
        ("header", &expect.headers),
        ("member", &expect.members),
        ("access token claim", &expect.access_token_claims),
    ] {
        for (name, constraint) in constraints {
            parts.push(format!("{kind} `{name}` {}", constraint::describe(constraint)));
        }
    }
    parts.extend(expect.checks.iter().map(|check| response::describe(*check).to_owned()));
    parts.join("; ")
}

fn one_of(statuses: &[u16]) -> String {
    statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests;
