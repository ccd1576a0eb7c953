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
    minting::{Minted, Minting, Moment},
};
use crate::{
    clock::Clock,
    exchange,
    idp::Keyring,
    observation::{HttpRequest, Observation},
    report::curl::Command,
    settings::{Client, Settings},
    suite::Exchange,
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
}

/// A token request, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) request: HttpRequest,
    pub(super) id_jag: Minted,
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
        let minting = Minting {
            settings: &self.settings,
            client: &self.client,
            keyring: &self.keyring,
            issuer: &self.issuer,
            token_endpoint: Some(&self.token_endpoint),
        };
        let jti = self.ids.fresh();
        let moment = Moment { now: self.clock.now(), jti: &jti, case_jti: origin.case_jti() };
        let id_jag = minting.mint(baseline.algorithm, &setup.id_jag, &[&defect.id_jag], moment)?;
        self.write(baseline, setup, defect, origin, id_jag)
    }

    /// The control of a setup: the well-formed exchange with it, and without a defect.
    ///
    /// # Errors
    /// As [`Session::prepare`].
    pub(super) fn control(&self, baseline: &Baseline, setup: &Exchange) -> Result<Prepared, String> {
        self.prepare(baseline, setup, &Exchange::default(), Origin::Own)
    }

    /// A token request with an assertion that was made before.
    ///
    /// # Errors
    /// As [`Session::prepare`].
    pub(super) fn again(
        &self,
        baseline: &Baseline,
        setup: &Exchange,
        defect: &Exchange,
        origin: Origin<'_>,
        earlier: &Prepared,
    ) -> Result<Prepared, String> {
        let prepared = self.write(baseline, setup, defect, origin, earlier.id_jag.clone())?;
        Ok(Prepared { differs: true, ..prepared })
    }

    fn write(
        &self,
        baseline: &Baseline,
        setup: &Exchange,
        defect: &Exchange,
        origin: Origin<'_>,
        mut id_jag: Minted,
    ) -> Result<Prepared, String> {
        id_jag.variables.set("id_jag", id_jag.assertion.as_str());
        let variables = &id_jag.variables;
        let mut control = TokenRequest::well_formed(&id_jag.assertion);
        control.apply(&setup.token_request, variables).map_err(|missing| missing.to_string())?;
        let mut token_request = control.clone();
        token_request.apply(&defect.token_request, variables).map_err(|missing| missing.to_string())?;
        let differs = id_jag.differs || token_request != control;
        let clients = Clients { registered: &self.client, other: self.settings.other_client.as_ref() };
        let request = token_request.write(&self.token_endpoint, baseline.manner, clients);
        let again =
            again::token_request(self, baseline.algorithm, [setup, defect], origin, &request, &id_jag);
        Ok(Prepared { request, id_jag, differs, again })
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
