//! The suites: their cases at once between two controls, and the cases that touch the IdP alone, one after another.

use std::sync::Arc;

use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    Baseline,
    case::{CaseRun, run_case},
    session::Session,
    state::State,
};
use crate::{report::Outcome, suite::IdpAction};

impl State<'_> {
    pub(super) async fn run_suites(&mut self, session: &Arc<Session>, baseline: Baseline) {
        let mut start = 0;
        while start < self.slots.len() {
            let suite = &self.slots[start].case.suite;
            let end = (start..self.slots.len())
                .find(|index| self.slots[*index].case.suite != *suite)
                .unwrap_or(self.slots.len());
            let pending: Vec<usize> = (start..end)
                .filter(|index| {
                    let slot = &self.slots[*index];
                    !slot.done && slot.case.sends() && !slot.case.is_exclusive()
                })
                .collect();
            if !pending.is_empty() {
                self.run_suite(session, baseline, pending).await;
            }
            start = end;
        }
    }

    pub(super) async fn run_suite(
        &mut self,
        session: &Arc<Session>,
        baseline: Baseline,
        pending: Vec<usize>,
    ) {
        let before = self.send_controls(session, baseline, &pending).await;
        let ready = self.apply_controls(&pending, &before);
        let semaphore = Arc::new(Semaphore::new(session.settings.jobs.max(1)));
        let mut tasks = JoinSet::new();
        for index in ready.iter().copied() {
            let case = self.slots[index].case.clone();
            let (session, semaphore) = (session.clone(), semaphore.clone());
            tasks.spawn(async move {
                // The semaphore is never closed, so a permit always comes.
                let _permit = semaphore.acquire().await;
                (index, run_case(&case, &session, &baseline, None).await)
            });
        }
        while let Some(joined) = tasks.join_next().await {
            // A task cannot panic or be cancelled here; were it to, its case stays unfinished and is reported so.
            if let Ok((index, result)) = joined {
                self.report_progress(index, &result);
                self.results.insert(index, result);
            }
        }
        self.settle_results();
        if ready.is_empty() {
            return;
        }
        let after = self.send_controls(session, baseline, &ready).await;
        self.withdraw_refusals(&ready, &after);
    }

    pub(super) async fn run_exclusive(&mut self, session: &Arc<Session>, baseline: Baseline) {
        for index in 0..self.slots.len() {
            if self.slots[index].done || !self.slots[index].case.is_exclusive() {
                continue;
            }
            let wait = self.slots[index].case.longest_wait();
            if !session.may_wait(wait) {
                self.skip(
                    index,
                    format!("it waits {wait} seconds for the target: set --max-wait {wait} or more"),
                );
                continue;
            }
            let before = self.send_controls(session, baseline, &[index]).await;
            if self.apply_controls(&[index], &before).is_empty() {
                continue;
            }
            let result = run_case(self.slots[index].case, session, &baseline, Some(self.run.idp)).await;
            // Whatever the case did, the next one starts from the keys of the beginning.
            let restored = self.run.idp.perform(IdpAction::Restore).await.is_ok();
            // What the target remembers of the changed keys must have run out as well.
            session.let_pass(wait).await;
            self.report_progress(index, &result);
            self.settle_run(index, result);
            let after = self.send_controls(session, baseline, &[index]).await;
            self.withdraw_refusals(&[index], &after);
            if !restored {
                break;
            }
        }
    }

    /// Settles the cases that are carried out, in the order of the report: their answers came in any order. What an
    /// interruption has left is settled too.
    pub(super) fn settle_results(&mut self) {
        for (index, result) in std::mem::take(&mut self.results) {
            self.settle_run(index, result);
        }
    }

    fn settle_run(&mut self, index: usize, result: Result<CaseRun, String>) {
        let case = self.slots[index].case;
        let name = case.name();
        match result {
            Err(reason) => self.skip(index, reason),
            Ok(run) => {
                for sent in &run.sent {
                    self.ledger.record(
                        index,
                        &name,
                        &sent.observation,
                        &sent.prepared.assertion,
                        sent.jwks_broken,
                    );
                    self.canaries.insert(sent.prepared.jti.clone(), index);
                }
                if let Some((name, value)) = run.measured {
                    let evidence = vec![format!("{}: {}", case.name(), run.judgement.observed)];
                    self.measure(&name, value.into(), true, evidence);
                }
                let keep = run.judgement.outcome != Outcome::Pass || self.settings().keep_exchanges;
                let exchanges = if keep {
                    run.sent.iter().map(|sent| self.transcript.keep(&sent.observation)).collect()
                } else {
                    Vec::new()
                };
                self.settle(index, run.judgement, exchanges, run.rests_on_refusal);
            }
        }
    }
}
