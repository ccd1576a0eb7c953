//! From what was seen to what is wrong: the diagnoses of a report, best first. Pure functions of the outcomes, the
//! discovery, the attempts to settle a baseline, the probes, and the IdP's access log.

mod client_probes;
mod findings;
mod probes;
mod refusal;
mod target;

pub use findings::Found;
pub use probes::{Probe, Subject, ladder};
pub use target::{NO_CLIENT_ROW, waiting_for_a_client};

use crate::{
    discovery::Discovery,
    idp::Access,
    observation::{Response, clip},
    report::{Blame, CaseReport, Confidence, Diagnosis},
    settings::Settings,
    suite::registry::Registry,
};

/// What a run has seen beside the outcomes of its cases.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Nothing at all answered.
    pub unreachable: bool,
    /// The well-formed ID-JAGs that were sent to settle a baseline.
    pub attempts: Vec<Attempt>,
    /// The variants that were sent after the baseline was refused.
    pub probes: Vec<ProbeAnswer>,
    /// What the target fetched from the IdP.
    pub idp: Vec<Access>,
    /// The answer to a control that was accepted before and refused after a suite.
    pub control_lost: Option<String>,
}

/// A well-formed ID-JAG that was sent to settle a baseline.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Client authentication and algorithm, in words.
    pub manner: String,
    /// What came back.
    pub answer: AttemptAnswer,
    /// Index of the exchange in the report.
    pub exchange: usize,
}

impl Attempt {
    /// As a sentence of evidence.
    pub fn sentence(&self) -> String {
        format!("a well-formed ID-JAG ({}): {}", self.manner, self.answer.words())
    }
}

/// What came back for a well-formed ID-JAG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptAnswer {
    /// An access token.
    Accepted,
    /// A refusal.
    Refused {
        /// The status.
        status: u16,
        /// `error`, where there is one.
        error: Option<String>,
        /// `error_description`, or another text that explains.
        description: String,
        /// The whole answer in a few words.
        words: String,
    },
    /// No response; why.
    Nothing(String),
}

impl AttemptAnswer {
    /// Of a response.
    pub fn of(response: &Response) -> Self {
        if response.access_token().is_some() {
            return AttemptAnswer::Accepted;
        }
        let description = ["error_description", "message", "detail"]
            .into_iter()
            .find_map(|name| response.member(name).and_then(|value| value.as_str()))
            .unwrap_or_default();
        AttemptAnswer::Refused {
            status: response.status,
            error: response.oauth_error().map(|error| clip(error, 60)),
            description: clip(description, 300),
            words: response.summary(),
        }
    }

    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            AttemptAnswer::Accepted => "accepted".into(),
            AttemptAnswer::Refused { words, .. } => words.clone(),
            AttemptAnswer::Nothing(error) => error.clone(),
        }
    }
}

/// A probe and its answer.
#[derive(Debug, Clone)]
pub struct ProbeAnswer {
    /// What was sent.
    pub probe: Probe,
    /// What came back.
    pub answer: AttemptAnswer,
    /// The well-formed ID-JAG, sent once more right after an accepted probe, was refused again: the change, and
    /// nothing else, made the difference.
    pub flipped_back: bool,
}

/// Everything that a rule on the target as a whole may look at.
struct Seen<'a> {
    cases: &'a [CaseReport],
    discovery: &'a Discovery,
    evidence: &'a Evidence,
    settings: &'a Settings,
    words: Words<'a>,
}

impl Seen<'_> {
    /// As [`Words::diagnosis`].
    fn diagnosis(&self, row: &str, confidence: Confidence, evidence: Vec<String>) -> Diagnosis {
        self.words.diagnosis(row, confidence, evidence)
    }
}

/// What the words of a diagnosis are made of.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// The rows.
    pub registry: &'a Registry,
    /// The issuer identifier of the harness's IdP.
    pub idp_issuer: &'a str,
}

impl Words<'_> {
    /// A diagnosis in the words of its row; `cause` and `fix` where this situation has better ones.
    fn diagnosis(&self, row: &str, confidence: Confidence, evidence: Vec<String>) -> Diagnosis {
        let (cause, fix, blame) = match self.registry.row(row) {
            Some(row) => (self.filled(&row.cause), self.filled(&row.fix), row.blame),
            // Every row that the code names is in the registry: a test holds it.
            None => (String::new(), String::new(), Blame::Undecided),
        };
        Diagnosis { row: row.to_owned(), confidence, blame, cause, fix, evidence, cases: Vec::new() }
    }

    /// A row's text with the addresses of this run.
    fn filled(&self, text: &str) -> String {
        text.replace("{idp issuer}", self.idp_issuer.trim_end_matches('/'))
    }
}

/// What keeps the target from being tested, best first.
pub fn of_target(
    cases: &[CaseReport],
    discovery: &Discovery,
    evidence: &Evidence,
    settings: &Settings,
    words: Words<'_>,
) -> Vec<Diagnosis> {
    let seen = Seen { cases, discovery, evidence, settings, words };
    let diagnoses = target::diagnose(&seen);
    if diagnoses.is_empty() { refusal::diagnose(&seen) } else { diagnoses }
}

/// The diagnoses of a report: those of the target, and behind them what single cases have found.
pub fn with_findings(mut diagnoses: Vec<Diagnosis>, found: &Found<'_>) -> Vec<Diagnosis> {
    for finding in findings::diagnose(found) {
        match diagnoses.iter_mut().find(|known| known.row == finding.row) {
            Some(known) => {
                known.cases.extend(finding.cases);
                known.evidence.extend(finding.evidence);
            }
            None => diagnoses.push(finding),
        }
    }
    diagnoses
}

#[cfg(test)]
mod tests;
