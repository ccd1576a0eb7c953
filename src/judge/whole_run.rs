//! Checks of every answer of the token endpoint in a run: what a single case should not be blamed for. The ledger
//! keeps offences only, so that a long run does not keep its bodies.

use std::collections::BTreeMap;

use super::{INTERRUPTED, Judgement, constraint::oauth_error_characters, response};
use crate::{
    observation::{Observation, Response, clip},
    report::{CaseReport, Finding, Offence, Outcome},
    suite::{Level, RunCheck},
};

/// Every check of a single answer, in the order in which they are reported.
const ALL: [RunCheck; 6] = [
    RunCheck::NoServerErrors,
    RunCheck::ErrorsAreJson,
    RunCheck::ErrorsHaveErrorStatus,
    RunCheck::ErrorCharacters,
    RunCheck::NoInternals,
    RunCheck::AssertionNotEchoed,
];

/// What was answered where no case had asked: when the baseline was settled.
const NO_CASE: &str = "the well-formed ID-JAG";

/// How many offending exchanges a check of the whole run points at.
const MOST_OFFENCES: usize = 5;

/// What the answers of a run have shown so far.
#[derive(Debug, Default)]
pub struct Ledger {
    answers: usize,
    /// Each with its case's place in the run: answers arrive in any order, reports do not.
    offences: BTreeMap<RunCheck, Vec<(usize, Offence)>>,
}

impl Ledger {
    /// Records what [`offences`] has found in an answer to the case at this place, none where it was no case, and
    /// where the report keeps the exchange.
    pub fn record(
        &mut self,
        case: Option<(usize, &str)>,
        offences: Vec<(RunCheck, Option<String>)>,
        exchange: Option<usize>,
    ) {
        self.add_answers(usize::from(!offences.is_empty()));
        for (check, what) in offences {
            if let Some(what) = what {
                let name = case.map(|(_, name)| name.to_owned());
                self.add(case.map(|(place, _)| place), Offence { check, case: name, what, exchange });
            }
        }
    }

    /// Counts answers that were looked at.
    pub fn add_answers(&mut self, answers: usize) {
        self.answers = self.answers.saturating_add(answers);
    }

    /// Adds an offence of the case at this place, none where it was no case.
    pub fn add(&mut self, place: Option<usize>, offence: Offence) {
        self.offences.entry(offence.check).or_default().push((place.unwrap_or(0), offence));
    }

    /// How many answers were looked at, and what was found, in the order of the checks and cases.
    pub fn facts(&self) -> (usize, Vec<Offence>) {
        let mut offences: Vec<_> = self.offences.values().flatten().cloned().collect();
        offences.sort_by(|(one, a), (other, b)| (a.check, one, a).cmp(&(b.check, other, b)));
        (self.answers, offences.into_iter().map(|(_, offence)| offence).collect())
    }

    /// Writes what these checks say of the answers into the report of their case, whose row is `row`. `complete`: the
    /// run was not interrupted.
    pub fn settle(&self, report: &mut CaseReport, checks: &[RunCheck], row: &str, complete: bool) {
        match self.judge(checks, report.level) {
            None => report.skip(row, "no case of this run was answered".to_owned()),
            // What the cases that are missing would have shown is not known.
            Some((judgement, _)) if !complete && judgement.outcome == Outcome::Pass => {
                report.skip(row, INTERRUPTED.to_owned());
            }
            Some((judgement, exchanges)) => judgement.settle(report, row, exchanges),
        }
    }

    /// Judges what was recorded; `None` when nothing was answered, so that nothing can be said. With the verdict
    /// come the first of the offending exchanges.
    fn judge(&self, checks: &[RunCheck], level: Level) -> Option<(Judgement, Vec<usize>)> {
        if self.answers == 0 {
            return None;
        }
        let expected = checks.iter().map(|check| describe(*check)).collect::<Vec<_>>().join("; ");
        let Some(offences) = checks.iter().find_map(|check| self.offences.get(check)) else {
            let observed = "so in every answer of the run".to_owned();
            return Some((Judgement::pass(expected, observed), Vec::new()));
        };
        let mut offences = offences.clone();
        offences.sort();
        let name = |offence: &Offence| offence.case.clone().unwrap_or_else(|| NO_CASE.to_owned());
        let mut cases: Vec<String> = offences.iter().map(|(_, offence)| name(offence)).collect();
        cases.dedup();
        let reason = match cases.len() {
            1 => "one case shows it".to_owned(),
            more => format!("{more} cases show it"),
        };
        let observed = format!("{}, in {}", offences[0].1.what, cases[0]);
        let exchanges = offences.iter().filter_map(|(_, offence)| offence.exchange).take(MOST_OFFENCES);
        let exchanges = exchanges.collect();
        Some((Judgement::finding(level, Finding::Detail, reason, expected, observed), exchanges))
    }
}

/// What each check says of an answer; nothing where there is no answer, or none that the checks are about: RFC 6749
/// section 5.2 is about POST, what a GET or a PUT gets is the HTTP layer's business. `jwks_broken`: the harness had
/// broken the JWKS, so that 503 is a right answer.
pub fn offences(
    observation: &Observation,
    assertion: &str,
    jwks_broken: bool,
) -> Vec<(RunCheck, Option<String>)> {
    match observation.response() {
        Some(response) if observation.request.method == "POST" => {
            ALL.into_iter().map(|check| (check, offence(check, response, assertion, jwks_broken))).collect()
        }
        _ => Vec::new(),
    }
}

fn offence(check: RunCheck, response: &Response, assertion: &str, jwks_broken: bool) -> Option<String> {
    let refusal = response.access_token().is_none();
    match check {
        RunCheck::NoServerErrors => {
            let excused = jwks_broken && response.status == 503;
            (response.status >= 500 && !excused).then(|| response.summary())
        }
        RunCheck::ErrorsAreJson => {
            (refusal && response.oauth_error().is_none() && is_oauth_refusal(response))
                .then(|| response.summary())
        }
        RunCheck::ErrorsHaveErrorStatus => (refusal && response.status < 400).then(|| response.summary()),
        RunCheck::ErrorCharacters => ["error", "error_description"].into_iter().find_map(|name| {
            let text = response.member(name)?.as_str()?;
            (!oauth_error_characters(text)).then(|| format!("`{name}` is `{}`", clip(text, 120)))
        }),
        RunCheck::NoInternals => {
            response::internals(response).map(|(what, excerpt)| format!("{what}: `{}`", clip(&excerpt, 80)))
        }
        // Looked at once, when the baseline is settled.
        RunCheck::MethodAdvertised | RunCheck::ClientIsConfidential => None,
        RunCheck::AssertionNotEchoed => (refusal && response::echoes(response, assertion))
            .then(|| "the assertion stands in the answer".to_owned()),
    }
}

/// RFC 6749 section 5.2 is about what the token endpoint refuses. What the HTTP layer refuses before it (405 to a
/// GET, 413, 415, 431), and a 5xx, which has a check of its own, is not held against its error format.
fn is_oauth_refusal(response: &Response) -> bool {
    matches!(response.status, 200..=403)
}

fn describe(check: RunCheck) -> &'static str {
    match check {
        RunCheck::NoServerErrors => "no status of 500 or more",
        RunCheck::ErrorsAreJson => "every refusal a JSON object with a string `error`",
        RunCheck::ErrorsHaveErrorStatus => "no refusal with a status below 400",
        RunCheck::ErrorCharacters => {
            "`error` and `error_description` of the characters of RFC 6749 section 5.2 only"
        }
        RunCheck::NoInternals => "no stack trace, source path or SQL in any answer",
        RunCheck::MethodAdvertised => "a client authentication method that the metadata advertises",
        RunCheck::ClientIsConfidential => "a client that authenticates with a credential",
        RunCheck::AssertionNotEchoed => "no copy of the assertion in a refusal",
    }
}
