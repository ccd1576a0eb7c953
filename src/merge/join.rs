//! The whole made of its parts.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    diagnose::{self, Found, NO_CLIENT_ROW, Words, waiting_for_a_client},
    judge::Ledger,
    report::{
        CaseReport, Diagnosis, ExchangeReport, FORMAT, Outcome, ProfileEntry, Report, RunInfo, ShardFacts,
        Summary,
    },
    settings::Shard,
    suite::{RunCheck, registry::Registry},
};

/// Joins the reports of all shards of a run, which `check` has found to be that; `None` where there is none.
pub(super) fn join(mut reports: Vec<Report>, registry: &Registry) -> Option<Report> {
    let number = |report: &Report| {
        report.run.shard.as_deref().and_then(|shard| Some(shard.parse::<Shard>().ok()?.number))
    };
    reports.sort_by_key(number);
    let complete = reports.iter().all(|report| report.run.complete);
    let untestable = reports.iter().any(|report| report.run.untestable);
    let first = reports.first()?;
    let run = RunInfo { shard: None, complete, untestable, ..first.run.clone() };
    let mut target = first.target.clone();
    let mut joint = Joint::default();
    for report in reports {
        target.token_endpoint = target.token_endpoint.or_else(|| report.target.token_endpoint.clone());
        target.metadata_url = target.metadata_url.or_else(|| report.target.metadata_url.clone());
        joint.add(report);
    }
    let (cases, diagnoses) = joint.judge(complete, Words { registry, idp_issuer: &run.idp_issuer });
    let mut report = Report {
        format: FORMAT.to_owned(),
        run,
        target,
        summary: Summary::of(&cases),
        exit_status: 0,
        cases,
        diagnoses,
        profile: joint.profile.into_values().collect(),
        baseline: None,
        exchanges: joint.exchanges.all,
        shard: None,
    };
    report.exit_status = report.status();
    Some(report)
}

/// What the shards that were added have in all.
#[derive(Default)]
struct Joint {
    /// The place of every selected case, by name.
    places: BTreeMap<String, usize>,
    cases: BTreeMap<usize, CaseReport>,
    /// The facts of the first shard, with the answers of all.
    facts: Option<ShardFacts>,
    ledger: Ledger,
    /// The checks that found something where no case had asked.
    asked_by_all: BTreeSet<RunCheck>,
    profile: BTreeMap<String, ProfileEntry>,
    exchanges: Exchanges,
}

impl Joint {
    fn add(&mut self, report: Report) {
        let Some(facts) = report.shard else { return };
        if self.facts.is_none() {
            let places = facts.selected.iter().enumerate();
            self.places = places.map(|(place, name)| (name.clone(), place)).collect();
        }
        let new = self.exchanges.add(report.exchanges);
        for mut case in report.cases {
            // What a shard's own baseline knew is unsaid: `merge` compares the whole with one.
            case.known = None;
            case.exchanges = case.exchanges.iter().filter_map(|index| new.get(*index).copied()).collect();
            if let Some(place) = self.places.get(&case.name) {
                self.cases.entry(*place).or_insert(case);
            }
        }
        for entry in report.profile {
            self.add_measured(entry);
        }
        self.ledger.add_answers(facts.answers);
        for mut offence in facts.offences.iter().cloned() {
            // What no case has asked for, each shard has asked for.
            if offence.case.is_none() && !self.asked_by_all.insert(offence.check) {
                continue;
            }
            offence.exchange = offence.exchange.and_then(|index| new.get(index).copied());
            let place = offence.case.as_ref().and_then(|name| self.places.get(name).copied());
            self.ledger.add(place, offence);
        }
        match &mut self.facts {
            None => self.facts = Some(facts),
            Some(known) => {
                known.unreachable |= facts.unreachable;
                known.control_lost = known.control_lost.take().or(facts.control_lost);
                // A shard that sends no token request sees only half of what keeps the target from being tested.
                if facts.target_diagnoses.len() > known.target_diagnoses.len() {
                    known.target_diagnoses = facts.target_diagnoses;
                }
            }
        }
    }

    /// As in a whole run: of two cases that measure the same, the later one counts.
    fn add_measured(&mut self, entry: ProfileEntry) {
        let place = |entry: &ProfileEntry| entry.case.as_ref().and_then(|name| self.places.get(name));
        let later = self.profile.get(&entry.name).is_none_or(|known| place(&entry) > place(known));
        if later {
            self.profile.insert(entry.name.clone(), entry);
        }
    }

    /// The cases in the order of the report, and the diagnoses: what is said of all answers and of all cases.
    fn judge(&mut self, complete: bool, words: Words<'_>) -> (Vec<CaseReport>, Vec<Diagnosis>) {
        let Some(facts) = self.facts.take() else { return (Vec::new(), Vec::new()) };
        for whole in &facts.whole_run {
            let case = self.places.get(&whole.name).and_then(|place| self.cases.get_mut(place));
            if let Some(case) = case {
                // What the shard said of its own answers is unsaid.
                *case = CaseReport {
                    severity: None,
                    finding: None,
                    outcome: Outcome::Skip,
                    expected: String::new(),
                    observed: String::new(),
                    exchanges: Vec::new(),
                    ..case.clone()
                };
                self.ledger.settle(case, &whole.checks, &whole.row, complete);
            }
        }
        let cases: Vec<CaseReport> = std::mem::take(&mut self.cases).into_values().collect();
        let mut of_target = facts.target_diagnoses;
        for diagnosis in of_target.iter_mut().filter(|diagnosis| diagnosis.row == NO_CLIENT_ROW) {
            diagnosis.evidence = waiting_for_a_client(&cases).into_iter().collect();
        }
        let found = Found {
            cases: &cases,
            unreachable: facts.unreachable,
            control_lost: facts.control_lost.as_deref(),
            words,
        };
        let diagnoses = diagnose::with_findings(of_target, &found);
        (cases, diagnoses)
    }
}

/// The exchanges of all shards. What every shard has sent for itself is there once, where it was answered alike.
#[derive(Default)]
struct Exchanges {
    all: Vec<ExchangeReport>,
    /// Those that belong to no single case, by purpose.
    shared: BTreeMap<String, usize>,
}

impl Exchanges {
    /// Adds a shard's, and returns the new index of each.
    fn add(&mut self, exchanges: Vec<ExchangeReport>) -> Vec<usize> {
        let before = self.all.len();
        let mut new = Vec::with_capacity(exchanges.len());
        for exchange in exchanges {
            let purpose = exchange.purpose.clone();
            let known = purpose.as_ref().and_then(|purpose| self.shared.get(purpose).copied());
            // Not two of the same shard: it had its reason to send both.
            if let Some(known) = known.filter(|known| *known < before && alike(&self.all[*known], &exchange))
            {
                new.push(known);
                continue;
            }
            if let Some(purpose) = purpose {
                self.shared.entry(purpose).or_insert(self.all.len());
            }
            new.push(self.all.len());
            self.all.push(exchange);
        }
        new
    }
}

/// Whether two exchanges tell the same. ID-JAGs and access tokens are fresh in each; a document that is fetched is not.
fn alike(one: &ExchangeReport, other: &ExchangeReport) -> bool {
    let status = |exchange: &ExchangeReport| exchange.response.as_ref().map(|response| response.status);
    let document = |exchange: &ExchangeReport| {
        let fetched = exchange.request.method == "GET";
        exchange.response.as_ref().filter(|_| fetched).map(|response| response.body.clone())
    };
    one.request.method == other.request.method
        && one.request.url == other.request.url
        && status(one) == status(other)
        && one.error == other.error
        && document(one) == document(other)
}
