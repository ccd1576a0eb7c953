//! One way to make an exchange with the target: the well-formed ID-JAG and token request, with changes, signed,
//! written and sent. Everything that is sent to a token endpoint goes through here.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use serde_json::Value;

use super::{
    Baseline,
    again::{self, Origin},
    client_assertion::ClientAlgorithms,
    minting::{Minted, Minting, Moment},
};
use crate::{
    clock::Clock,
    exchange,
    idp::Keyring,
    observation::{HttpRequest, Observation},
    report::curl::Command,
    settings::{Client, Settings},
    suite::{Exchange, Send},
    token_request::{Clients, TokenRequest},
};

/// Identifiers that are fresh in every use: `PREFIX-1`, `PREFIX-2` … The prefix is an input, random in real runs
/// since targets remember every `jti` they have seen.
#[derive(Debug)]
pub struct Ids {
    prefix: String,
    next: AtomicU64,
}

impl Ids {
    /// Identifiers with this prefix.
    pub fn new(prefix: impl Into<String>) -> Self {
        Ids { prefix: prefix.into(), next: AtomicU64::new(1) }
    }

    /// Identifiers that no run has used before.
    pub fn random() -> Self {
        Ids::new(format!("{:016x}", rand::random::<u64>()))
    }

    /// The next one.
    pub fn fresh(&self) -> String {
        format!("{}-{}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// What every exchange with the target's token endpoint shares.
pub(super) struct Session {
    pub(super) settings: Arc<Settings>,
    pub(super) client: Client,
    pub(super) http: exchange::Client,
    pub(super) keyring: Arc<Keyring>,
    pub(super) clock: Clock,
    pub(super) ids: Arc<Ids>,
    /// `aud` of the ID-JAG: the issuer identifier of the metadata, byte for byte.
    pub(super) issuer: String,
    pub(super) token_endpoint: String,
    /// The target's own JWK Set.
    pub(super) jwks: Option<Value>,
    /// By which algorithms the client's key can sign its assertions.
    pub(super) client_algorithms: ClientAlgorithms,
}

/// A token request, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) request: HttpRequest,
    pub(super) id_jag: Minted,
    /// The client assertion, where one was made.
    pub(super) client_assertion: Option<String>,
    /// Whether it is anything else than the control.
    pub(super) differs: bool,
    /// How a reader of the report sends it once more.
    pub(super) again: Command,
}

impl Session {
    /// Makes a token request: the well-formed one in the baseline's manner, with the case's `setup`, then with its
    /// `defect`.
    ///
    /// # Errors
    /// Why it cannot be made with this configuration: the reason of a `skip`.
    pub(super) fn prepare(
        &self,
        baseline: &Baseline,
        setup: &Exchange,
        defect: &Exchange,
        origin: Origin<'_>,
    ) -> Result<Prepared, String> {
        let id_jag = self.mint(baseline, setup, defect, origin)?;
        self.write(baseline, setup, defect, origin, id_jag, None)
    }

    /// The same for a step, which may send again what the step before has sent.
    ///
    /// # Errors
    /// As [`Session::prepare`].
    pub(super) fn step(
        &self,
        baseline: &Baseline,
        setup: &Exchange,
        step: &Send,
        origin: Origin<'_>,
        earlier: Option<&Prepared>,
    ) -> Result<Prepared, String> {
        let id_jag = match earlier {
            Some(earlier) if step.same_assertion => Minted { differs: true, ..earlier.id_jag.clone() },
            _ => self.mint(baseline, setup, &step.exchange, origin)?,
        };
        let client_assertion = earlier.and_then(|earlier| earlier.client_assertion.clone());
        let client_assertion = client_assertion.filter(|_| step.same_client_assertion);
        self.write(baseline, setup, &step.exchange, origin, id_jag, client_assertion)
    }

    fn mint(
        &self,
        baseline: &Baseline,
        setup: &Exchange,
        defect: &Exchange,
        origin: Origin<'_>,
    ) -> Result<Minted, String> {
        let minting = Minting {
            settings: &self.settings,
            client: &self.client,
            keyring: &self.keyring,
            issuer: &self.issuer,
            token_endpoint: Some(&self.token_endpoint),
        };
        let jti = self.ids.fresh();
        let moment = Moment { now: self.clock.now(), jti: &jti, case_jti: origin.case_jti() };
        minting.mint(baseline.algorithm, &setup.id_jag, &[&defect.id_jag], moment)
    }

    /// The control of a setup: the well-formed exchange with it, and without a defect.
    ///
    /// # Errors
    /// As [`Session::prepare`].
    pub(super) fn control(&self, baseline: &Baseline, setup: &Exchange) -> Result<Prepared, String> {
        self.prepare(baseline, setup, &Exchange::default(), Origin::Own)
    }

    /// Writes the request. `client_assertion` is that of an earlier step, which is sent again.
    fn write(
        &self,
        baseline: &Baseline,
        setup: &Exchange,
        defect: &Exchange,
        origin: Origin<'_>,
        mut id_jag: Minted,
        client_assertion: Option<String>,
    ) -> Result<Prepared, String> {
        id_jag.variables.set("id_jag", id_jag.assertion.as_str());
        let client_assertion =
            self.authenticate_with_a_key(baseline, [setup, defect], &mut id_jag, client_assertion)?;
        let variables = &id_jag.variables;
        let mut control = TokenRequest::well_formed(&id_jag.assertion);
        control.apply(&setup.token_request, variables).map_err(|missing| missing.to_string())?;
        let mut token_request = control.clone();
        token_request.apply(&defect.token_request, variables).map_err(|missing| missing.to_string())?;
        let differs = id_jag.differs || token_request != control;
        let request = token_request.write(
            &self.token_endpoint,
            baseline.manner,
            self.clients(),
            client_assertion.as_deref(),
        );
        let again =
            again::token_request(self, baseline.algorithm, [setup, defect], origin, &request, &id_jag);
        Ok(Prepared { request, id_jag, client_assertion, differs, again })
    }

    pub(super) fn clients(&self) -> Clients<'_> {
        Clients {
            registered: &self.client,
            other: self.settings.other_client.as_ref(),
            unauthorized: self.settings.unauthorized_client.as_ref(),
            public: self.settings.public_client.as_ref(),
        }
    }

    /// Lets time pass: a set clock is moved, for which nobody waits; by the system's clock it is waited.
    pub(super) async fn let_pass(&self, seconds: u64) {
        match &self.clock {
            Clock::Set(_) => self.clock.advance(i64::try_from(seconds).unwrap_or(i64::MAX)),
            Clock::System => tokio::time::sleep(std::time::Duration::from_secs(seconds)).await,
        }
    }

    /// Whether so long a wait is allowed.
    pub(super) fn may_wait(&self, seconds: u64) -> bool {
        matches!(self.clock, Clock::Set(_)) || seconds <= self.settings.max_wait.as_secs()
    }

    pub(super) async fn send(&self, prepared: &Prepared) -> Observation {
        self.http.send(prepared.request.clone()).await
    }
}
