//! Checks of every answer of the token endpoint in a run: what a single case should not be blamed for. The ledger
//! keeps offences only, so that a long run does not keep its bodies.

use std::collections::BTreeMap;

use super::{Judgement, constraint::oauth_error_characters, response};
use crate::{
    observation::{Observation, Response, clip},
    report::Finding,
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

/// What the answers of a run have shown so far.
#[derive(Debug, Default)]
pub struct Ledger {
    answers: usize,
    offences: BTreeMap<RunCheck, Vec<Offence>>,
}

/// One answer that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Offence {
    /// The case's place in the run: answers arrive in any order, reports do not.
    order: usize,
    case: String,
    what: String,
    /// Where the report keeps the exchange.
    exchange: Option<usize>,
}

impl Ledger {
    /// Records what [`offences`] has found in an answer to the case at this place, and where the report keeps the
    /// exchange.
    pub fn record(
        &mut self,
        order: usize,
        case: &str,
        offences: Vec<(RunCheck, Option<String>)>,
        exchange: Option<usize>,
    ) {
        self.answers += usize::from(!offences.is_empty());
        for (check, what) in offences {
            if let Some(what) = what {
                self.offences.entry(check).or_default().push(Offence {
                    order,
                    case: case.to_owned(),
                    what,
                    exchange,
                });
            }
        }
    }

    /// Judges what was recorded; `None` when nothing was answered, so that nothing can be said. With the verdict
    /// come the offending exchanges.
    pub fn judge(&self, checks: &[RunCheck], level: Level) -> Option<(Judgement, Vec<usize>)> {
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
        let mut cases: Vec<String> = offences.iter().map(|offence| offence.case.clone()).collect();
        cases.dedup();
        let reason = match cases.len() {
            1 => "one case shows it".to_owned(),
            more => format!("{more} cases show it"),
        };
        let observed = format!("{}, in {}", offences[0].what, offences[0].case);
        let exchanges = offences.iter().filter_map(|offence| offence.exchange).collect();
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
