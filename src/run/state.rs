//! What a run has found out so far: a slot for each selected case, the exchanges kept, the profile, the evidence.

use std::collections::BTreeMap;

use super::{
    Progress, Run,
    case::{CaseRun, level},
    transcript::Transcript,
};
use crate::{
    diagnose::Evidence,
    discovery::Discovery,
    judge::{Judgement, Ledger},
    observation::Observation,
    plan,
    report::{CaseReport, ChangedMember, Outcome, ProfileEntry, curl::Command},
    settings::Settings,
    suite::{Case, Step},
};

/// What became of a selected case, in the order of the report.
pub(super) struct Slot<'a> {
    pub(super) case: &'a Case,
    pub(super) report: CaseReport,
    pub(super) done: bool,
    pub(super) rests_on_refusal: bool,
    /// What the case measured; it counts only where the case's outcome stands.
    pub(super) measured: Vec<(String, String)>,
}

pub(super) struct State<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) discovery: Discovery,
    pub(super) transcript: Transcript,
    pub(super) discovery_exchanges: Vec<usize>,
    pub(super) slots: Vec<Slot<'a>>,
    pub(super) done: usize,
    /// What came of cases that are carried out and not settled yet, by slot.
    pub(super) results: BTreeMap<usize, Result<CaseRun, String>>,
    /// The exchanges of passing cases that may still turn out to be findings.
    pub(super) held: BTreeMap<usize, Vec<(Observation, Command)>>,
    /// Why the second client cannot be used, where its own well-formed ID-JAG is refused.
    pub(super) other_client_refused: Option<String>,
    /// How many controls in a row nobody has answered.
    pub(super) unanswered: usize,
    pub(super) ledger: Ledger,
    pub(super) profile: BTreeMap<String, ProfileEntry>,
    /// `jti` of every exchange whose address could be called by the target, with its slot.
    pub(super) canaries: BTreeMap<String, usize>,
    pub(super) evidence: Evidence,
    pub(super) untestable: bool,
}

impl<'a> State<'a> {
    pub(super) fn new(run: &'a Run<'a>, discovery: Discovery) -> Self {
        let slots = plan::select(run.suites, &run.settings)
            .into_iter()
            .flat_map(|(_, cases)| cases)
            .map(|case| Slot {
                case,
                report: blank_report(case, &run.settings),
                done: false,
                rests_on_refusal: false,
                measured: Vec::new(),
            })
            .collect();
        State {
            run,
            discovery,
            transcript: Transcript::default(),
            discovery_exchanges: Vec::new(),
            slots,
            done: 0,
            results: BTreeMap::new(),
            held: BTreeMap::new(),
            other_client_refused: None,
            unanswered: 0,
            ledger: Ledger::default(),
            profile: BTreeMap::new(),
            canaries: BTreeMap::new(),
            evidence: Evidence::default(),
            untestable: false,
        }
    }

    pub(super) fn settings(&self) -> &'a Settings {
        &self.run.settings
    }

    pub(super) fn interrupted(&self) -> bool {
        *self.run.interrupted.borrow()
    }

    pub(super) fn measure(
        &mut self,
        name: &str,
        value: serde_json::Value,
        stable: bool,
        evidence: Vec<String>,
    ) {
        let entry = ProfileEntry { name: name.to_owned(), value, stable, evidence };
        self.profile.insert(name.to_owned(), entry);
    }

    /// What a case measured, where its outcome stands. What changes the IdP's keys depends on what the target has
    /// fetched before, and so on the time.
    pub(super) fn record_measured(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if matches!(slot.report.outcome, Outcome::Error | Outcome::Inconclusive | Outcome::Skip) {
            return;
        }
        let stable = !slot.case.touches_the_idp();
        let evidence = vec![format!("{}: {}", slot.report.name, slot.report.observed)];
        for (name, value) in std::mem::take(&mut slot.measured) {
            self.measure(&name, value.into(), stable, evidence.clone());
        }
    }

    pub(super) fn settle(
        &mut self,
        index: usize,
        judgement: Judgement,
        exchanges: Vec<usize>,
        rests_on_refusal: bool,
    ) {
        let slot = &mut self.slots[index];
        slot.done = true;
        slot.rests_on_refusal = rests_on_refusal;
        let report = &mut slot.report;
        report.row = (judgement.outcome != Outcome::Pass)
            .then(|| judgement.row.map_or_else(|| slot.case.row.clone(), str::to_owned));
        report.outcome = judgement.outcome;
        report.severity = judgement.severity;
        report.finding = judgement.finding;
        report.level = judgement.level.unwrap_or(report.level);
        report.reason = judgement.reason;
        if !judgement.expected.is_empty() {
            report.expected = judgement.expected;
        }
        report.observed = judgement.observed;
        report.exchanges = exchanges;
    }

    pub(super) fn skip(&mut self, index: usize, reason: String) {
        let slot = &mut self.slots[index];
        slot.done = true;
        slot.report.outcome = Outcome::Skip;
        slot.report.row = Some(slot.case.row.clone());
        slot.report.reason = reason;
    }

    pub(super) fn inconclusive(&mut self, index: usize, reason: &str) {
        let slot = &mut self.slots[index];
        slot.done = true;
        slot.report.outcome = Outcome::Inconclusive;
        slot.report.row = Some(slot.case.row.clone());
        slot.report.reason = reason.to_owned();
    }

    pub(super) fn report_progress(&mut self, index: usize, result: &Result<CaseRun, String>) {
        self.done += 1;
        let outcome = result.as_ref().map_or(Outcome::Skip, |run| run.judgement.outcome);
        (self.run.progress)(Progress {
            done: self.done,
            total: self.slots.len(),
            case: &self.slots[index].report.name,
            outcome,
        });
    }
}

/// The report of a case that has not run yet.
fn blank_report(case: &Case, settings: &Settings) -> CaseReport {
    CaseReport {
        name: case.name(),
        suite: case.suite.clone(),
        case: case.case.clone(),
        title: case.title.clone(),
        level: level(case, settings),
        severity: None,
        finding: None,
        requirements: case.requirements.clone(),
        outcome: Outcome::Skip,
        row: None,
        reason: String::new(),
        expected: expected(case),
        observed: String::new(),
        changed: changed(case),
        changed_members: changed_members(case),
        known: None,
        source: format!("{}:{}", case.source.file, case.source.line),
        exchanges: Vec::new(),
    }
}

/// What a case expects, before anything was sent: of its last exchange.
fn expected(case: &Case) -> String {
    let last = case.steps.iter().rev().find_map(|step| match step {
        Step::Send(send) => Some(crate::judge::expected_sentence(&send.expect)),
        _ => None,
    });
    last.unwrap_or_default()
}

/// What a case changes of the well-formed exchange, in words, step by step.
fn changed(case: &Case) -> Vec<String> {
    let mut words = case.setup.id_jag.describe();
    words.extend(case.setup.token_request.describe());
    for step in &case.steps {
        match step {
            Step::Send(send) => {
                words.extend(send.exchange.id_jag.describe());
                words.extend(send.exchange.token_request.describe());
                if send.same_assertion {
                    words.push("the same assertion once more".into());
                }
            }
            Step::Idp(action) => words.push(action.sentence().into()),
            Step::Wait(seconds) => words.push(format!("{seconds} seconds pass")),
            Step::Discovery(_) | Step::Run(_) => {}
        }
    }
    words
}

/// The members that a case changes, each once.
fn changed_members(case: &Case) -> Vec<ChangedMember> {
    let mut members = case.setup.id_jag.changed_members();
    members.extend(case.setup.token_request.changed_members());
    for step in &case.steps {
        if let Step::Send(send) = step {
            members.extend(send.exchange.id_jag.changed_members());
            members.extend(send.exchange.token_request.changed_members());
        }
    }
    members.sort();
    members.dedup();
    members
}
