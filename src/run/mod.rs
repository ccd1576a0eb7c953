//! The run: discovery, baseline, suites with their controls, cases that touch the IdP, checks of the whole run,
//! diagnosis, report. I/O and order live here; every verdict is `judge`'s, every diagnosis `diagnose`'s.

mod again;
mod baseline;
mod case;
mod controls;
mod discover;
mod minting;
mod probe;
mod session;
mod state;
mod suites;
mod token_endpoint;
mod transcript;
mod unsent;

use std::sync::Arc;

pub use baseline::Baseline;
pub use discover::discover;
pub use minting::{Minted, Minting, Moment};
pub use session::Ids;
use state::State;
use tokio::sync::watch;

use crate::{
    clock::Clock,
    diagnose,
    discovery::Discovery,
    exchange::{Client as HttpClient, ClientError},
    idp::Idp,
    judge::Judgement,
    report::{CaseReport, Outcome, Report, RunInfo, Summary, TargetInfo},
    settings::Settings,
    suite::{Suite, registry::Registry},
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

impl Run<'_> {
    /// Carries the run out.
    ///
    /// # Errors
    /// [`ClientError`] when the HTTP client cannot be made of the settings; nothing has been sent then.
    pub async fn carry_out(self) -> Result<Report, ClientError> {
        let http = HttpClient::new(&self.settings.http, self.settings.timeout, self.settings.rate)?
            .with_gateway(&self.settings.target);
        // An interruption drops what is under way: no answer is waited for, however slow the target.
        let discovery = tokio::select! {
            discovery = self.discover(&http) => Some(discovery),
            () = self.interruption() => None,
        };
        // Of half a discovery nothing could be said.
        let interrupted = || Discovery { asked: self.settings.target.clone(), ..Discovery::default() };
        let mut state = State::new(&self, discovery.unwrap_or_else(interrupted));
        if !state.interrupted() {
            state.keep_discovery();
            state.judge_discovery_cases();
        }
        if !state.interrupted() && state.has_token_requests() {
            tokio::select! {
                () = state.test_token_endpoint(http) => {}
                () = self.interruption() => {}
            }
        }
        state.settle_results();
        state.look_at_canaries();
        state.judge_whole_run_cases();
        Ok(state.report())
    }

    async fn discover(&self, http: &HttpClient) -> Discovery {
        if !self.settings.wait.is_zero() {
            discover::wait_for(http, &self.settings.target, self.settings.wait).await;
        }
        discover::discover(http, &self.settings.target).await
    }

    /// Ends once the run is to end early.
    async fn interruption(&self) {
        let mut interrupted = self.interrupted.clone();
        // Whoever could interrupt may be gone; then nobody does any more.
        if interrupted.wait_for(|interrupted| *interrupted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl State<'_> {
    fn report(mut self) -> Report {
        let complete = !self.interrupted();
        for index in 0..self.slots.len() {
            match (self.slots[index].done, complete) {
                (true, _) => self.record_measured(index),
                (false, false) => self.skip(index, "interrupted before it ran".into()),
                (false, true) => {
                    let reason = "the harness did not finish it".into();
                    self.settle(index, Judgement::not_carried_out(reason), Vec::new(), false);
                }
            }
        }
        let settings = self.run.settings.clone();
        self.evidence.unreachable = self.discovery.unreachable();
        self.evidence.idp = self.run.idp.access_log().snapshot();
        let cases: Vec<CaseReport> = self.slots.into_iter().map(|slot| slot.report).collect();
        let diagnoses =
            diagnose::diagnose(&cases, &self.discovery, &self.evidence, &settings, self.run.registry);
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
                idp_issuer: settings.idp_issuer.clone(),
                strict: settings.strict,
                insecure: settings.http.insecure,
                secrets_shown: settings.show_secrets,
                complete,
                untestable: self.untestable,
            },
            target,
            summary: Summary::of(&cases),
            exit_status: 0,
            cases,
            diagnoses,
            profile: self.profile.into_values().collect(),
            baseline: None,
            exchanges: self.transcript.into_exchanges(),
        };
        report.exit_status = report.status();
        report
    }
}
