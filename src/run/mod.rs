//! The run: discovery, baseline, suites with their controls, cases that touch the IdP, checks of the whole run,
//! diagnosis, report. I/O and order live here; every verdict is `judge`'s, every diagnosis `diagnose`'s.

mod baseline;
mod case;
mod discover;
mod probe;
mod session;
mod transcript;

use std::{collections::BTreeMap, sync::Arc};

pub use baseline::Baseline;
pub use discover::discover;
use case::{CaseRun, is_judged, level, run_case};
pub use session::Ids;
use session::Session;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};
use transcript::Transcript;

use crate::{
    clock::Clock,
    diagnose::{self, Evidence},
    discovery::{Discovery, IssuerVerdict},
    exchange::{Client as HttpClient, ClientError},
    idp::Idp,
    judge::{Judgement, Ledger, judge_discovery},
    plan,
    report::{
        CaseReport, Outcome, ProfileEntry, Report, RunInfo, Severity, Summary, TargetInfo,
    },
    settings::Settings,
    suite::{Answer, Case, Exchange, Step, Suite, registry::Registry},
    template::Variables,
};

/// What a run is made of.
pub struct Run<'a> {
    /// What to do.
    pub settings: Arc<Settings>,
    /// The cases.
    pub suites: &'a [Suite],
    /// The rows and requirements.
    pub registry: &'a Registry,
    /// The IdP, listening.
    pub idp: &'a Idp,
    /// The time.
    pub clock: Clock,
    /// Where every `jti` comes from.
    pub ids: Arc<Ids>,
    /// True once the run is to end early.
    pub interrupted: watch::Receiver<bool>,
    /// Told of every case that is done.
    pub progress: &'a (dyn Fn(Progress<'_>) + Sync),
}

/// A case is done.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// How many are done.
    pub done: usize,
    /// Of how many.
    pub total: usize,
    /// The case's name.
    pub case: &'a str,
    /// Its outcome.
    pub outcome: Outcome,
}

/// What became of a selected case, in the order of the report.
struct Slot<'a> {
    case: &'a Case,
    report: CaseReport,
    done: bool,
    rests_on_refusal: bool,
}

impl Run<'_> {
    /// Carries the run out.
    ///
    /// # Errors
    /// [`ClientError`] when the HTTP client cannot be made of the settings; nothing has been sent then.
    pub async fn carry_out(self) -> Result<Report, ClientError> {
        let http = HttpClient::new(&self.settings.http, self.settings.timeout, self.settings.rate)?;
        if !self.settings.wait.is_zero() {
            discover::wait_for(&http, &self.settings.target, self.settings.wait).await;
        }
        let discovery = discover::discover(&http, &self.settings.target).await;
        let mut state = State::new(&self, discovery);
        state.keep_discovery();
        state.judge_discovery_cases();
        if state.has_token_requests() {
            state.test_token_endpoint(http).await;
        }
        state.judge_whole_run_cases();
        Ok(state.report())
    }
}

struct State<'a> {
    run: &'a Run<'a>,
    discovery: Discovery,
    transcript: Transcript,
    discovery_exchanges: Vec<usize>,
    slots: Vec<Slot<'a>>,
    done: usize,
    ledger: Ledger,
    profile: BTreeMap<String, ProfileEntry>,
    /// `jti` of every exchange whose address could be called by the target, with its slot.
    canaries: BTreeMap<String, usize>,
    evidence: Evidence,
    untestable: bool,
}

impl<'a> State<'a> {
    fn new(run: &'a Run<'a>, discovery: Discovery) -> Self {
        let slots = plan::select(run.suites, &run.settings)
            .into_iter()
            .flat_map(|(_, cases)| cases)
            .map(|case| Slot {
                case,
                report: blank_report(case, &run.settings),
                done: false,
                rests_on_refusal: false,
            })
            .collect();
        State {
            run,
            discovery,
            transcript: Transcript::default(),
            discovery_exchanges: Vec::new(),
            slots,
            done: 0,
            ledger: Ledger::default(),
            profile: BTreeMap::new(),
            canaries: BTreeMap::new(),
            evidence: Evidence::default(),
            untestable: false,
        }
    }

    fn settings(&self) -> &'a Settings {
        &self.run.settings
    }

    fn interrupted(&self) -> bool {
        *self.run.interrupted.borrow()
    }

    /// Discovery's exchanges stand first in the report: every diagnosis may point at them.
    fn keep_discovery(&mut self) {
        let discovery = &self.discovery;
        let observations = discovery
            .tries
            .iter()
            .chain(&discovery.own_tries)
            .map(|attempt| &attempt.observation)
            .chain(&discovery.jwks)
            .chain(&discovery.token_endpoint_answer);
        self.discovery_exchanges = observations.map(|observation| self.transcript.keep(observation)).collect();
        if let Some(used) = discovery.used() {
            self.measure("metadata-address", used.well_known.name().into(), true, vec![used.url.clone()]);
        }
    }

    fn judge_discovery_cases(&mut self) {
        let mut variables = Variables::new(0);
        variables.set("target.issuer", self.discovery.issuer());
        if let Some(endpoint) = self.discovery.token_endpoint() {
            variables.set("target.token_endpoint", endpoint);
        }
        for index in 0..self.slots.len() {
            let case = self.slots[index].case;
            let Some(expect) = case.steps.iter().find_map(|step| match step {
                Step::Discovery(expect) => Some(expect),
                _ => None,
            }) else {
                continue;
            };
            if let Some(reason) = plan::skip_reason(case, self.settings(), &self.discovery, None) {
                self.skip(index, reason);
                continue;
            }
            if self.discovery.unreachable() {
                let judgement =
                    Judgement::error("the target does not answer".into(), String::new(), "no answer".into());
                self.settle(index, judgement, Vec::new(), false);
                continue;
            }
            let level = level(case, self.settings());
            let judgement =
                judge_discovery(expect, level, &self.discovery, self.settings().profile, &variables);
            let exchanges = self.discovery_exchanges.clone();
            self.settle(index, judgement, exchanges, false);
        }
    }

    fn has_token_requests(&self) -> bool {
        self.slots.iter().any(|slot| slot.case.sends())
    }

    async fn test_token_endpoint(&mut self, http: HttpClient) {
        let settings = self.run.settings.clone();
        let (Some(client), Some(token_endpoint)) = (settings.client.clone(), self.discovery.token_endpoint())
        else {
            self.untestable = true;
            self.skip_or_leave_unsent("there is no token endpoint to send to");
            return;
        };
        if self.discovery.unreachable() || self.token_endpoint_missing() {
            self.untestable = true;
            self.skip_or_leave_unsent("control refused, not sent: the token endpoint does not answer");
            return;
        }
        let session = Arc::new(Session {
            settings,
            client,
            http,
            keyring: self.run.idp.keyring(),
            clock: self.run.clock.clone(),
            ids: self.run.ids.clone(),
            issuer: self.discovery.issuer().to_owned(),
            token_endpoint,
        });
        let attempts = baseline::settle(&session, &self.discovery, &mut self.transcript).await;
        let accepted = attempts.last().filter(|last| last.accepted()).map(|last| last.baseline);
        self.record_attempts(&attempts);
        let Some(baseline) = accepted else {
            self.untestable = true;
            self.skip_or_leave_unsent("control refused, not sent");
            if session.settings.probes {
                let offset = attempts.last().and_then(|last| probe::clock_offset(last, &self.run.clock));
                let ladder = diagnose::ladder(&session.settings, &self.discovery, offset);
                self.evidence.probes = probe::climb(&session, &attempts, ladder, &mut self.transcript).await;
            }
            return;
        };
        self.record_baseline(&attempts, &baseline);
        self.plan_skips(Some(&baseline));
        self.run_suites(&session, baseline).await;
        self.run_exclusive(&session, baseline).await;
        self.look_at_canaries();
    }

    /// Whether the token endpoint has shown that it is none: 404, 405, a page, nothing. Whether it is found is the
    /// subject of a discovery case; here it only keeps the rest from being sent into the void.
    fn token_endpoint_missing(&self) -> bool {
        match self.discovery.token_endpoint_answer.as_ref().map(|answer| &answer.result) {
            Some(Ok(response)) => {
                response.oauth_error().is_none() && matches!(response.status, 404 | 405 | 501)
                    || (response.status == 200 && response.json().is_err())
            }
            Some(Err(_)) => true,
            None => false,
        }
    }

    fn record_attempts(&mut self, attempts: &[baseline::Attempt]) {
        for attempt in attempts {
            let words = format!(
                "{}{}, {}",
                attempt.baseline.manner.method.name(),
                if attempt.baseline.manner.client_id_in_body
                    && attempt.baseline.manner.method
                        == crate::token_request::ClientAuthenticationMethod::ClientSecretBasic
                {
                    " with client_id in the body"
                } else {
                    ""
                },
                attempt.baseline.algorithm
            );
            self.evidence.attempts.push(diagnose::Attempt {
                manner: words,
                answer: match &attempt.observation.result {
                    Ok(response) => diagnose::AttemptAnswer::of(response),
                    Err(error) => diagnose::AttemptAnswer::Nothing(error.message.clone()),
                },
                exchange: attempt.exchange,
            });
        }
    }

    fn record_baseline(&mut self, attempts: &[baseline::Attempt], baseline: &Baseline) {
        let evidence = self.evidence.attempts.iter().map(diagnose::Attempt::sentence).collect::<Vec<_>>();
        self.measure(
            "client-authentication",
            baseline.manner.method.name().into(),
            true,
            evidence.clone(),
        );
        self.measure("client-id-in-body", baseline.manner.client_id_in_body.into(), true, Vec::new());
        self.measure("algorithm", baseline.algorithm.name().into(), true, evidence);
        if let Some(date) = attempts.last().and_then(|last| probe::clock_offset(last, &self.run.clock)) {
            self.measure("clock-offset-seconds", date.into(), false, vec!["from the Date header".into()]);
        }
    }

    /// Skips what cannot run; what could is left for the suites.
    fn plan_skips(&mut self, baseline: Option<&Baseline>) {
        for index in 0..self.slots.len() {
            let case = self.slots[index].case;
            if self.slots[index].done || !case.sends() {
                continue;
            }
            if let Some(reason) = plan::skip_reason(case, self.settings(), &self.discovery, baseline) {
                self.skip(index, reason);
            }
        }
    }

    /// Every case that sends is skipped, with its reason, or else `inconclusive`.
    fn skip_or_leave_unsent(&mut self, why: &str) {
        self.plan_skips(None);
        for index in 0..self.slots.len() {
            if !self.slots[index].done && self.slots[index].case.sends() {
                self.inconclusive(index, why);
            }
        }
    }

    async fn run_suites(&mut self, session: &Arc<Session>, baseline: Baseline) {
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

    async fn run_suite(&mut self, session: &Arc<Session>, baseline: Baseline, pending: Vec<usize>) {
        let before = self.send_controls(session, baseline, &pending).await;
        let ready = self.apply_controls(&pending, &before);
        let semaphore = Arc::new(Semaphore::new(session.settings.jobs.max(1)));
        let mut tasks = JoinSet::new();
        for index in ready.iter().copied() {
            let case = self.slots[index].case.clone();
            let (session, semaphore) = (session.clone(), semaphore.clone());
            let interrupted = self.run.interrupted.clone();
            tasks.spawn(async move {
                // The semaphore is never closed, so a permit always comes.
                let _permit = semaphore.acquire().await;
                if *interrupted.borrow() {
                    return (index, None);
                }
                (index, Some(run_case(&case, &session, &baseline, None).await))
            });
        }
        let mut results = BTreeMap::new();
        while let Some(joined) = tasks.join_next().await {
            // A task cannot panic or be cancelled here; were it to, its case stays unfinished and is reported so.
            if let Ok((index, Some(result))) = joined {
                self.report_progress(index, &result);
                results.insert(index, result);
            }
        }
        for (index, result) in results {
            self.settle_run(index, result);
        }
        let after = self.send_controls(session, baseline, &ready).await;
        self.withdraw_refusals(&ready, &after);
    }

    async fn run_exclusive(&mut self, session: &Arc<Session>, baseline: Baseline) {
        for index in 0..self.slots.len() {
            if self.slots[index].done || !self.slots[index].case.is_exclusive() || self.interrupted() {
                continue;
            }
            let before = self.send_controls(session, baseline, &[index]).await;
            if self.apply_controls(&[index], &before).is_empty() {
                continue;
            }
            let result = run_case(self.slots[index].case, session, &baseline, Some(self.run.idp)).await;
            // Whatever the case did, the next one starts from the keys of the beginning.
            let restored = self.run.idp.perform(crate::suite::IdpAction::Restore).is_ok();
            self.report_progress(index, &result);
            self.settle_run(index, result);
            let after = self.send_controls(session, baseline, &[index]).await;
            self.withdraw_refusals(&[index], &after);
            if !restored {
                break;
            }
        }
    }

    /// Sends one control for each distinct setup of these cases: the baseline with the setup, without the defect.
    /// The empty setup, the baseline itself, is always among them.
    async fn send_controls(
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
            let answer = match session.prepare(&baseline, &[&setup]) {
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
                        self.transcript.keep(&observation);
                    }
                    answer
                }
            };
            answers.push((setup, answer));
        }
        answers
    }

    /// Settles the cases whose control was not accepted, and returns the others.
    fn apply_controls(&mut self, cases: &[usize], controls: &[(Exchange, ControlAnswer)]) -> Vec<usize> {
        let mut ready = Vec::new();
        for index in cases.iter().copied() {
            let setup = self.slots[index].case.setup.clone();
            let own = controls.iter().find(|(other, _)| *other == setup).map(|(_, answer)| answer);
            let base = controls.first().map(|(_, answer)| answer);
            match (base, own) {
                (Some(ControlAnswer::Accepted), Some(ControlAnswer::Accepted)) => ready.push(index),
                (Some(ControlAnswer::Accepted), Some(ControlAnswer::Refused(answer))) => {
                    self.skip(index, format!("not offered: its setup without the defect is refused ({answer})"));
                }
                (Some(ControlAnswer::Accepted), Some(ControlAnswer::NotOffered(reason))) => {
                    self.skip(index, reason.clone());
                }
                (Some(ControlAnswer::Nothing(error)), _) | (_, Some(ControlAnswer::Nothing(error))) => {
                    let reason = format!("the target stopped answering: {error}");
                    self.settle(
                        index,
                        Judgement::error(reason, String::new(), "no answer".into()),
                        Vec::new(),
                        false,
                    );
                }
                (Some(ControlAnswer::Throttled), _) | (_, Some(ControlAnswer::Throttled)) => {
                    let reason = "throttled: the target answered 429 to the control".to_owned();
                    self.settle(
                        index,
                        Judgement::error(reason, String::new(), "429".into()),
                        Vec::new(),
                        false,
                    );
                }
                _ => self.inconclusive(index, "control refused, not sent"),
            }
        }
        ready
    }

    /// The control after a suite was refused: what was refused in between proves nothing.
    fn withdraw_refusals(&mut self, cases: &[usize], controls: &[(Exchange, ControlAnswer)]) {
        for index in cases.iter().copied() {
            let slot = &self.slots[index];
            let control = controls
                .iter()
                .filter(|(setup, _)| *setup == Exchange::default() || *setup == slot.case.setup)
                .find(|(_, answer)| !matches!(answer, ControlAnswer::Accepted));
            if let (Some((_, answer)), true) = (control, slot.rests_on_refusal && slot.done) {
                let after = answer.words();
                let slot = &mut self.slots[index];
                slot.report.outcome = Outcome::Inconclusive;
                slot.report.severity = None;
                slot.report.row = Some(slot.case.row.clone());
                slot.report.reason = format!("the control after the suite was not accepted any more ({after})");
                self.evidence.control_lost.get_or_insert_with(|| after);
            }
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
                let keep =
                    run.judgement.outcome != Outcome::Pass || self.settings().keep_exchanges;
                let exchanges = if keep {
                    run.sent.iter().map(|sent| self.transcript.keep(&sent.observation)).collect()
                } else {
                    Vec::new()
                };
                self.settle(index, run.judgement, exchanges, run.rests_on_refusal);
            }
        }
    }

    /// A hit at a canary address is a finding even where the ID-JAG was refused: the target fetches what a
    /// stranger tells it to (RFC 8725 section 3.10).
    fn look_at_canaries(&mut self) {
        for path in self.run.idp.canary_hits() {
            let Some((_, index)) =
                self.canaries.iter().find(|(jti, _)| path.split('/').any(|part| part == jti.as_str()))
            else {
                continue;
            };
            let slot = &mut self.slots[*index];
            slot.report.outcome = Outcome::Fail;
            slot.report.severity = Some(Severity::Critical);
            slot.report.row = Some(slot.case.row.clone());
            slot.report.reason =
                "the target fetched an address that only the assertion names (RFC 8725 section 3.10)".into();
            slot.report.observed = format!("{}; a request for {path} reached the harness", slot.report.observed);
        }
    }

    fn judge_whole_run_cases(&mut self) {
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
                Some((judgement, cases)) => {
                    let exchanges = cases
                        .iter()
                        .filter_map(|name| self.slots.iter().find(|slot| slot.report.name == *name))
                        .flat_map(|slot| slot.report.exchanges.clone())
                        .take(5)
                        .collect();
                    self.settle(index, judgement, exchanges, false);
                }
            }
        }
    }

    fn measure(&mut self, name: &str, value: serde_json::Value, stable: bool, evidence: Vec<String>) {
        let entry = ProfileEntry { name: name.to_owned(), value, stable, evidence };
        self.profile.insert(name.to_owned(), entry);
    }

    fn settle(&mut self, index: usize, judgement: Judgement, exchanges: Vec<usize>, rests_on_refusal: bool) {
        let slot = &mut self.slots[index];
        slot.done = true;
        slot.rests_on_refusal = rests_on_refusal;
        let report = &mut slot.report;
        report.row = (judgement.outcome != Outcome::Pass).then(|| slot.case.row.clone());
        report.outcome = judgement.outcome;
        report.severity = judgement.severity;
        report.reason = judgement.reason;
        if !judgement.expected.is_empty() {
            report.expected = judgement.expected;
        }
        report.observed = judgement.observed;
        report.exchanges = exchanges;
    }

    fn skip(&mut self, index: usize, reason: String) {
        let slot = &mut self.slots[index];
        slot.done = true;
        slot.report.outcome = Outcome::Skip;
        slot.report.row = Some(slot.case.row.clone());
        slot.report.reason = reason;
    }

    fn inconclusive(&mut self, index: usize, reason: &str) {
        let slot = &mut self.slots[index];
        slot.done = true;
        slot.report.outcome = Outcome::Inconclusive;
        slot.report.row = Some(slot.case.row.clone());
        slot.report.reason = reason.to_owned();
    }

    fn report_progress(&mut self, index: usize, result: &Result<CaseRun, String>) {
        self.done += 1;
        let outcome = result.as_ref().map_or(Outcome::Skip, |run| run.judgement.outcome);
        (self.run.progress)(Progress {
            done: self.done,
            total: self.slots.len(),
            case: &self.slots[index].report.name,
            outcome,
        });
    }

    fn report(mut self) -> Report {
        let complete = !self.interrupted();
        for index in 0..self.slots.len() {
            if !self.slots[index].done {
                self.skip(index, "interrupted before it ran".into());
            }
        }
        let settings = self.run.settings.clone();
        self.evidence.unreachable = self.discovery.unreachable();
        self.evidence.idp = self.run.idp.access_log().snapshot();
        let cases: Vec<CaseReport> = self.slots.into_iter().map(|slot| slot.report).collect();
        let diagnoses = diagnose::diagnose(&cases, &self.discovery, &self.evidence, &settings, self.run.registry);
        let target = TargetInfo {
            issuer: self.discovery.issuer().to_owned(),
            token_endpoint: self.discovery.token_endpoint(),
            metadata_url: self.discovery.used().map(|used| used.url.clone()),
        };
        let mut report = Report {
            format: "jagspec/1".into(),
            run: RunInfo {
                version: env!("CARGO_PKG_VERSION").into(),
                rules: settings.profile.name().into(),
                policies: settings.policies.clone(),
                filter: settings.selection.filters.clone(),
                shard: None,
                insecure: settings.http.insecure,
                complete,
            },
            target,
            summary: Summary::of(&cases),
            exit_status: 0,
            cases,
            diagnoses,
            profile: self.profile.into_values().collect(),
            exchanges: self.transcript.into_exchanges(),
        };
        report.exit_status = exit_status(&report, self.untestable, settings.strict);
        report
    }
}

/// The answer to a control.
enum ControlAnswer {
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

/// The exit status, in the contract's order of precedence (CONTRACT, Exit status). 2 is decided before a run.
fn exit_status(report: &Report, untestable: bool, strict: bool) -> u8 {
    let should_warned = report
        .cases
        .iter()
        .any(|case| case.outcome == Outcome::Warn && case.level == crate::suite::Level::SHOULD);
    if !report.run.complete {
        130
    } else if untestable || (report.summary.error > 0 && report.summary.fail == 0) {
        3
    } else if report.summary.fail > 0 || (strict && should_warned) {
        1
    } else {
        0
    }
}
