//! The verdict on one answer: what was expected beside what was observed. Pure; whether the control was accepted
//! is `run`'s knowledge and is applied there.

mod answer;
mod constraint;
mod discovery;
mod response;
mod whole_run;

use serde_json::Value;

pub use discovery::judge_discovery;
pub use whole_run::{Ledger, offences};

use crate::{
    observation::{Observation, Response, TransportError, TransportErrorKind},
    report::{CaseReport, Finding, Outcome, Severity},
    suite::{Answer, Expectation, Level},
    template::Variables,
};

/// The row of a case that was not answered.
pub const UNREACHABLE: &str = "own.target-unreachable";

/// The row of a case that was answered with 429.
pub const THROTTLED: &str = "own.throttled";

/// The reason of a case that an interruption has left out.
pub const INTERRUPTED: &str = "interrupted before it ran";

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
    /// How binding what was found is, where it is not as binding as the case.
    pub level: Option<Level>,
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
            level: None,
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
        Judgement { outcome, severity, finding, reason, expected, observed, row: None, level: None }
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
            level: None,
        }
    }

    /// Nothing that could be looked at came back: neither proved nor broken.
    fn cannot_be_told(reason: String, expected: String, observed: String) -> Self {
        Judgement { outcome: Outcome::Skip, reason, ..Self::pass(expected, observed) }
    }

    /// It could not be carried out: no answer came.
    pub fn unanswered(reason: String, expected: String) -> Self {
        Self::error(UNREACHABLE, reason, expected, "no answer".into())
    }

    /// It could not be carried out: the target limits the requests.
    pub fn throttled(reason: String, expected: String, observed: String) -> Self {
        Self::error(THROTTLED, format!("throttled: {reason}"), expected, observed)
    }

    /// It could not be carried out by the harness itself.
    pub fn not_carried_out(reason: String) -> Self {
        Self::error("own.harness", reason, String::new(), "nothing was sent".into())
    }

    fn error(row: &'static str, reason: String, expected: String, observed: String) -> Self {
        let outcome = Outcome::Error;
        Judgement {
            outcome,
            severity: None,
            finding: None,
            reason,
            expected,
            observed,
            row: Some(row),
            level: None,
        }
    }

    /// Writes the verdict into the report of its case, whose row is `row`.
    pub fn settle(self, report: &mut CaseReport, row: &str, exchanges: Vec<usize>) {
        report.row =
            (self.outcome != Outcome::Pass).then(|| self.row.map_or_else(|| row.to_owned(), str::to_owned));
        report.outcome = self.outcome;
        report.severity = self.severity;
        report.finding = self.finding;
        report.level = self.level.unwrap_or(report.level);
        report.reason = self.reason;
        if !self.expected.is_empty() {
            report.expected = self.expected;
        }
        report.observed = self.observed;
        report.exchanges = exchanges;
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
    /// The answer to the step before, in a case of several.
    pub before: Option<&'a Response>,
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
        Err(error) => return without_answer(expect, level, observation.elapsed_ms, error, expected),
    };
    let observed = response.summary();
    if let Some(limit) = expect.within.filter(|limit| observation.elapsed_ms > limit * 1000) {
        let reason = format!("the answer took longer than {limit} seconds");
        let took = observation.elapsed_ms as f64 / 1000.0;
        return Judgement::finding(
            level,
            Finding::Detail,
            reason,
            expected,
            format!("{observed}, after {took:.1} s"),
        );
    }
    if response.status == 429 {
        return Judgement::throttled("the target answered 429".into(), expected, observed);
    }
    let answer = answer::Seen {
        expect,
        level,
        method: &observation.request.method,
        response,
        facts,
        expected,
        observed,
    };
    answer.judge()
}

/// No answer is mostly the end of the matter. To a request that is a burden it tells something.
fn without_answer(
    expect: &Expectation,
    level: Level,
    elapsed_ms: u64,
    error: &TransportError,
    expected: String,
) -> Judgement {
    match (expect.within, error.kind) {
        // RFC 9110 section 15.5.14: whoever refuses to read more may close the connection.
        (Some(_), TransportErrorKind::Closed) => {
            Judgement::pass(expected, "the connection was closed".into())
        }
        // A client that gives up at the limit has waited a little less by its own clock.
        (Some(limit), TransportErrorKind::Timeout) if elapsed_ms + 100 >= limit * 1000 => {
            let reason = format!("no answer came within {limit} seconds");
            Judgement::finding(level, Finding::Detail, reason, expected, "no answer".into())
        }
        _ => Judgement::unanswered(error.message.clone(), expected),
    }
}

/// What a conforming server answers, as a sentence without its full stop.
pub fn expected_sentence(expect: &Expectation) -> String {
    let mut parts = vec![match &expect.answer {
        Answer::Measured(_) => "nothing is demanded; the answer is measured".to_owned(),
        Answer::Accepted => "200 with an access token".to_owned(),
        Answer::Either => "a refusal, or 200 with an access token".to_owned(),
        Answer::Refused { errors, .. } => {
            let statuses = answer::refusal_statuses(expect, errors);
            let status =
                if statuses.is_empty() { "a 4xx status".to_owned() } else { answer::one_of(&statuses) };
            match errors.split_first() {
                None => format!("{status}, no access token"),
                Some((first, [])) => format!("{status} `{first}`, no access token"),
                Some((first, rest)) => {
                    format!("{status} `{first}` (or `{}`), no access token", rest.join("`, `"))
                }
            }
        }
    }];
    if let Some(limit) = expect.within {
        parts.push(format!("within {limit} seconds"));
    }
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

#[cfg(test)]
mod tests;
