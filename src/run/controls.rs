//! Controls: the baseline with a case's setup and without its defect, sent before and after. Without an accepted
//! control a refusal proves nothing.

use super::{Baseline, session::Session, state::State};
use crate::{
    judge::{Judgement, THROTTLED, UNREACHABLE},
    report::Outcome,
    suite::{Exchange, Level},
};

/// After so many controls in a row without an answer the target is taken for gone, and no more are sent.
const GIVEN_UP_AFTER: usize = 3;

impl State<'_> {
    /// Sends one control for each distinct setup of these cases: the baseline with the setup, without the defect.
    /// The empty setup, the baseline itself, is always among them.
    pub(super) async fn send_controls(
        &mut self,
        session: &Session,
        baseline: Baseline,
        cases: &[usize],
    ) -> Vec<(Exchange, ControlAnswer)> {
        let mut setups = vec![Exchange::default()];
        for index in cases {
            let setup = &self.slots[*index].case.setup;
            if !setups.contains(setup) {
                setups.push(setup.clone());
            }
        }
        let mut answers = Vec::new();
        for setup in setups {
            let answer = match session.control(&baseline, &setup) {
                // Each exchange with a target that is gone, or hangs, would cost the whole timeout.
                _ if self.unanswered >= GIVEN_UP_AFTER => ControlAnswer::Nothing(format!(
                    "{GIVEN_UP_AFTER} controls in a row got no answer, so no more are sent"
                )),
                Err(reason) => ControlAnswer::NotOffered(reason),
                Ok(prepared) => {
                    let observation = session.send(&prepared).await;
                    let answer = match &observation.result {
                        Err(error) => ControlAnswer::Nothing(error.message.clone()),
                        Ok(response) if response.access_token().is_some() => ControlAnswer::Accepted,
                        Ok(response) if response.status == 429 => ControlAnswer::Throttled,
                        Ok(response) => ControlAnswer::Refused(response.summary()),
                    };
                    if !matches!(answer, ControlAnswer::Accepted) {
                        self.transcript.keep(&observation, &prepared.again);
                    }
                    answer
                }
            };
            self.unanswered = match answer {
                ControlAnswer::Nothing(_) => self.unanswered + 1,
                ControlAnswer::NotOffered(_) => self.unanswered,
                _ => 0,
            };
            answers.push((setup, answer));
        }
        answers
    }

    /// Settles the cases whose control was not accepted, and returns the others.
    pub(super) fn apply_controls(
        &mut self,
        cases: &[usize],
        controls: &[(Exchange, ControlAnswer)],
    ) -> Vec<usize> {
        let mut ready = Vec::new();
        for index in cases.iter().copied() {
            let setup = self.slots[index].case.setup.clone();
            let own = controls.iter().find(|(other, _)| *other == setup).map(|(_, answer)| answer);
            let base = controls.first().map(|(_, answer)| answer);
            match (base, own) {
                (Some(ControlAnswer::Accepted), Some(ControlAnswer::Accepted)) => ready.push(index),
                (Some(ControlAnswer::Accepted), Some(ControlAnswer::Refused(answer))) => {
                    self.skip(
                        index,
                        format!("not offered: its setup without the defect is refused ({answer})"),
                    );
                }
                (Some(ControlAnswer::Accepted), Some(ControlAnswer::NotOffered(reason))) => {
                    self.skip(index, reason.clone());
                }
                (Some(ControlAnswer::Nothing(error)), _) | (_, Some(ControlAnswer::Nothing(error))) => {
                    let reason = format!("the target stopped answering: {error}");
                    self.settle(index, Judgement::unanswered(reason, String::new()), Vec::new(), false);
                }
                (Some(ControlAnswer::Throttled), _) | (_, Some(ControlAnswer::Throttled)) => {
                    let reason = "the target answered 429 to the control".to_owned();
                    let judgement = Judgement::throttled(reason, String::new(), "429".into());
                    self.settle(index, judgement, Vec::new(), false);
                }
                _ => self.inconclusive(index, "control refused, not sent"),
            }
        }
        ready
    }

    /// The control after a case that changed the IdP's keys was not accepted. The harness itself took the old key away,
    /// and many targets wait before they fetch the set again: no throttling, and of what the case measured nothing is
    /// taken back.
    pub(super) fn withdraw_after_rotation(&mut self, index: usize, controls: &[(Exchange, ControlAnswer)]) {
        let lost = controls.iter().any(|(_, answer)| !matches!(answer, ControlAnswer::Accepted));
        let slot = &mut self.slots[index];
        let judged = slot.report.level != Level::INFO && slot.report.outcome != Outcome::Error;
        if lost && slot.done && slot.rests_on_refusal && judged {
            slot.report.outcome = Outcome::Inconclusive;
            slot.report.severity = None;
            slot.report.finding = None;
            slot.report.row = Some(slot.case.row.clone());
            slot.report.reason =
                "the target does not know the IdP's first keys again yet, so that its refusal proves nothing"
                    .into();
            self.keep_held(index);
        }
    }

    /// The control after a suite was not accepted: what was refused in between proves nothing.
    pub(super) fn withdraw_refusals(&mut self, cases: &[usize], controls: &[(Exchange, ControlAnswer)]) {
        for index in cases.iter().copied() {
            let slot = &self.slots[index];
            let control = controls
                .iter()
                .filter(|(setup, _)| *setup == Exchange::default() || *setup == slot.case.setup)
                .find(|(_, answer)| !matches!(answer, ControlAnswer::Accepted));
            let rests = slot.done && slot.rests_on_refusal && slot.report.outcome != Outcome::Error;
            if let (Some((_, answer)), true) = (control, rests) {
                let after = answer.words();
                let slot = &mut self.slots[index];
                // A target that is gone has refused nothing.
                let (outcome, row) = match answer {
                    ControlAnswer::Nothing(_) => (Outcome::Error, UNREACHABLE),
                    ControlAnswer::Throttled => (Outcome::Error, THROTTLED),
                    _ => (Outcome::Inconclusive, slot.case.row.as_str()),
                };
                slot.report.outcome = outcome;
                slot.report.severity = None;
                slot.report.finding = None;
                slot.report.row = Some(row.to_owned());
                slot.report.reason =
                    format!("the control after the suite was not accepted any more ({after})");
                if outcome == Outcome::Inconclusive {
                    self.evidence.control_lost.get_or_insert(after);
                }
                self.keep_held(index);
            }
        }
    }
}

/// The answer to a control.
pub(super) enum ControlAnswer {
    Accepted,
    Refused(String),
    Throttled,
    Nothing(String),
    /// It cannot be made with this configuration.
    NotOffered(String),
}

impl ControlAnswer {
    fn words(&self) -> String {
        match self {
            ControlAnswer::Accepted => "accepted".into(),
            ControlAnswer::Refused(answer) => answer.clone(),
            ControlAnswer::Throttled => "429".into(),
            ControlAnswer::Nothing(error) => error.clone(),
            ControlAnswer::NotOffered(reason) => reason.clone(),
        }
    }
}
