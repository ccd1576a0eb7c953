//! The suites: their cases at once between two controls, and the cases that touch the IdP alone, one after another.

use std::sync::Arc;

use tokio::{
    sync::Semaphore,
    task::{JoinError, JoinSet},
};

use super::{
    Baseline,
    case::{CaseRun, run_case},
    session::Session,
    state::State,
};
use crate::{
    judge::{self, Judgement},
    report::Outcome,
    suite::IdpAction,
};

/// How many cases stand between two controls at most. Until the second of them, the exchanges of passing cases are
/// held, for they may still be withdrawn: without a bound a long suite would fill the memory.
const BLOCK: usize = 256;

impl State<'_> {
    pub(super) async fn run_suites(&mut self, session: &Arc<Session>, baseline: Baseline) {
        let mut start = 0;
        while start < self.slots.len() {
            let suite = self.slots[start].case.suite.as_str();
            let end = (start..self.slots.len())
                .find(|index| self.slots[*index].case.suite != suite)
                .unwrap_or(self.slots.len());
            let pending: Vec<usize> = (start..end)
                .filter(|index| {
                    let slot = &self.slots[*index];
                    !slot.done && slot.case.sends() && !slot.case.is_exclusive()
                })
                .collect();
            for block in pending.chunks(BLOCK) {
                self.run_suite(session, baseline, suite, block.to_vec()).await;
            }
            start = end;
        }
    }

    pub(super) async fn run_suite(
        &mut self,
        session: &Arc<Session>,
        baseline: Baseline,
        suite: &str,
        pending: Vec<usize>,
    ) {
        let before = self.send_controls(session, baseline, &pending, &format!("before {suite}")).await;
        let ready = self.apply_controls(&pending, &before);
        let semaphore = Arc::new(Semaphore::new(session.settings.jobs.max(1)));
        let mut tasks = JoinSet::new();
        for index in ready.iter().copied() {
            // Before the case is spawned, so that cases begin in the order of the report: with `--jobs 1` that is their
            // order in time. The semaphore is never closed, so a permit always comes.
            let permit = semaphore.clone().acquire_owned().await;
            let (case, session) = (self.slots[index].case.clone(), session.clone());
            tasks.spawn(async move {
                let _permit = permit;
                (index, run_case(&case, &session, &baseline, None).await)
            });
            while let Some(joined) = tasks.try_join_next() {
                self.keep_result(joined);
            }
        }
        while let Some(joined) = tasks.join_next().await {
            self.keep_result(joined);
        }
        self.settle_results();
        if ready.is_empty() {
            return;
        }
        let after = self.send_controls(session, baseline, &ready, &format!("after {suite}")).await;
        self.withdraw_refusals(&ready, &after);
        self.let_go(&ready);
    }

    /// A task cannot panic or be cancelled here; were it to, its case is reported as one that was not carried out.
    fn keep_result(&mut self, joined: Result<(usize, Result<CaseRun, String>), JoinError>) {
        if let Ok((index, result)) = joined {
            self.report_progress(index, &result);
            self.results.insert(index, result);
        }
    }

    pub(super) async fn run_exclusive(&mut self, session: &Arc<Session>, baseline: Baseline) {
        for index in 0..self.slots.len() {
            if self.slots[index].done || !self.slots[index].case.is_exclusive() {
                continue;
            }
            let case = self.slots[index].case;
            if case.touches_the_idp() && session.settings.idp_static {
                self.skip(
                    index,
                    "the IdP's keys are hosted as static files, and do not change during a run".into(),
                );
                continue;
            }
            let wait = case.longest_wait();
            if !session.may_wait(wait) {
                self.skip(
                    index,
                    format!("it waits {wait} seconds for the target: set --max-wait {wait} or more"),
                );
                continue;
            }
            let name = case.name();
            let before = self.send_controls(session, baseline, &[index], &format!("before {name}")).await;
            if self.apply_controls(&[index], &before).is_empty() {
                continue;
            }
            let result = run_case(self.slots[index].case, session, &baseline, Some(self.run.idp)).await;
            // Whatever the case did, the next one starts from the keys of the beginning.
            let restored = self.run.idp.perform(IdpAction::Restore).await.is_ok();
            if case.touches_the_idp() {
                // What the target remembers of the changed keys must have run out as well.
                session.let_pass(wait).await;
            }
            self.report_progress(index, &result);
            self.settle_run(index, result);
            let after = self.send_controls(session, baseline, &[index], &format!("after {name}")).await;
            if case.touches_the_idp() {
                self.withdraw_after_rotation(index, &after);
            } else {
                self.withdraw_refusals(&[index], &after);
            }
            self.let_go(&[index]);
            if !restored {
                return self.give_up_exclusive();
            }
        }
    }

    /// The IdP could not go back to its keys of the beginning, so that nothing more can be proved.
    fn give_up_exclusive(&mut self) {
        for index in 0..self.slots.len() {
            if !self.slots[index].done && self.slots[index].case.is_exclusive() {
                let reason = "the IdP could not restore its keys".into();
                self.settle(index, Judgement::not_carried_out(reason), Vec::new(), false);
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
        let run = match result {
            Err(reason) => return self.skip(index, reason),
            Ok(run) => run,
        };
        let name = self.slots[index].report.name.clone();
        let keep = run.judgement.outcome != Outcome::Pass || self.settings().keep_exchanges;
        let mut exchanges = Vec::new();
        let mut held = Vec::new();
        for sent in run.sent {
            let offences =
                judge::offences(&sent.observation, &sent.prepared.id_jag.assertion, sent.jwks_broken);
            let kept = (keep || offences.iter().any(|(_, what)| what.is_some()))
                .then(|| self.transcript.keep(&sent.observation, &sent.prepared.again));
            self.ledger.record(Some((index, &name)), offences, kept);
            self.canaries.insert(sent.prepared.id_jag.jti, index);
            if keep {
                exchanges.extend(kept);
            } else {
                held.push((sent.observation, sent.prepared.again));
            }
        }
        self.held.insert(index, held);
        self.slots[index].measured = run.measured;
        self.settle(index, run.judgement, exchanges, run.rests_on_refusal);
    }

    /// Lets go of what is held for these cases: nothing that comes later concerns them, except a canary.
    fn let_go(&mut self, cases: &[usize]) {
        for index in cases {
            let changed = &self.slots[*index].report.changed;
            if !changed.iter().any(|words| words.contains("${idp.canary}")) {
                self.held.remove(index);
            }
        }
    }

    /// A case that had passed is a finding after all: its exchanges go into the report.
    pub(super) fn keep_held(&mut self, index: usize) {
        for (observation, again) in self.held.remove(&index).unwrap_or_default() {
            let exchange = self.transcript.keep(&observation, &again);
            self.slots[index].report.exchanges.push(exchange);
        }
    }
}
