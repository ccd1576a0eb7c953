//! What is judged without sending anything: the discovery, the answers of the whole run, the canaries.

use super::{again, case::level, minting::variables, state::State};
use crate::{
    idp::AccessKind,
    judge::{Judgement, judge_discovery},
    plan,
    report::{Finding, Outcome, Severity},
    suite::{Level, Step},
};

/// How many offending exchanges a check of the whole run points at.
const MOST_OFFENCES: usize = 5;

impl State<'_> {
    /// Discovery's exchanges stand first in the report: every diagnosis may point at them.
    pub(super) fn keep_discovery(&mut self) {
        let discovery = &self.discovery;
        let observations = discovery
            .tries
            .iter()
            .chain(&discovery.own_tries)
            .map(|attempt| &attempt.observation)
            .chain(&discovery.jwks)
            .chain(&discovery.forged_host)
            .chain(&discovery.token_endpoint_answer);
        let settings = &self.run.settings;
        self.discovery_exchanges = observations
            .map(|observation| {
                self.transcript.keep(observation, &again::discovery(settings, &observation.request))
            })
            .collect();
        if let Some(used) = discovery.used() {
            self.measure("metadata-address", used.well_known.name().into(), true, vec![used.url.clone()]);
        }
    }

    pub(super) fn judge_discovery_cases(&mut self) {
        let endpoint = self.discovery.token_endpoint();
        let variables = variables(self.settings(), self.discovery.issuer(), endpoint.as_deref(), 0);
        for index in 0..self.slots.len() {
            let case = self.slots[index].case;
            let Some(expect) = case.steps.iter().find_map(|step| match step {
                Step::Discovery(expect) => Some(expect),
                _ => None,
            }) else {
                continue;
            };
            if self.discovery.unreachable() {
                self.untestable = true;
                let judgement = Judgement::unanswered("the target does not answer".into(), String::new());
                self.settle(index, judgement, Vec::new(), false);
                continue;
            }
            if let Some(reason) = plan::skip_reason(case, self.settings(), &self.discovery, None) {
                self.skip(index, reason);
                continue;
            }
            let level = level(case, self.settings());
            let (judgement, level) =
                judge_discovery(expect, level, &self.discovery, self.settings().profile, &variables);
            let exchanges = self.discovery_exchanges.clone();
            self.slots[index].report.level = level;
            self.settle(index, judgement, exchanges, false);
        }
    }

    pub(super) fn judge_whole_run_cases(&mut self) {
        for index in 0..self.slots.len() {
            let case = self.slots[index].case;
            let Some(checks) = case.steps.iter().find_map(|step| match step {
                Step::Run(checks) => Some(checks),
                _ => None,
            }) else {
                continue;
            };
            let level = level(case, self.settings());
            match self.ledger.judge(checks, level) {
                None => self.skip(index, "no case of this run was answered".into()),
                // What the cases that are missing would have shown is not known.
                Some((judgement, _)) if self.interrupted() && judgement.outcome == Outcome::Pass => {}
                Some((judgement, mut exchanges)) => {
                    exchanges.truncate(MOST_OFFENCES);
                    self.settle(index, judgement, exchanges, false);
                }
            }
        }
    }

    /// A hit at a canary address is a finding even where the ID-JAG was refused: the target fetches what a
    /// stranger tells it to (RFC 8725 section 3.10).
    pub(super) fn look_at_canaries(&mut self) {
        let hits: Vec<String> = self
            .run
            .idp
            .access_log()
            .snapshot()
            .into_iter()
            .filter(|access| access.kind == AccessKind::Canary)
            .map(|access| access.path)
            .collect();
        for path in hits {
            let Some((_, index)) =
                self.canaries.iter().find(|(jti, _)| path.split('/').any(|part| part == jti.as_str()))
            else {
                continue;
            };
            let index = *index;
            self.keep_held(index);
            let slot = &mut self.slots[index];
            let (outcome, severity) = match slot.report.level {
                Level::MUST => (Outcome::Fail, Some(Severity::Critical)),
                Level::SHOULD | Level::MAY => (Outcome::Warn, Some(Severity::Low)),
                Level::INFO => continue,
            };
            slot.report.outcome = outcome;
            slot.report.severity = severity;
            slot.report.finding = Some(Finding::CanaryHit);
            slot.report.row = Some(slot.case.row.clone());
            slot.report.reason =
                "the target fetched an address that only the assertion names (RFC 8725 section 3.10)".into();
            slot.report.observed =
                format!("{}; a request for {path} reached the harness", slot.report.observed);
        }
    }
}
