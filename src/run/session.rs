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
    exchange, idjag,
    idp::Keyring,
    observation::{HttpRequest, Observation},
    report::curl::Command,
    settings::{Client, Settings},
    suite::{Exchange, Send},
    token_request::{Clients, DpopChange, DpopContext, TokenRequest, dpop},
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
    /// The first type of authorization details in its metadata.
    pub(super) details_type: Option<String>,
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
    /// The DPoP proof that the request has, for making another with a nonce.
    pub(super) dpop: Option<DpopChange>,
    /// How a reader of the report sends it once more.
    pub(super) again: Command,
}

impl Prepared {
    /// The DPoP proof that an earlier request was sent with, in place of a fresh one.
    pub(super) fn repeat_proof(&mut self, earlier: &HttpRequest) {
        let same = earlier.headers.iter().find(|(name, _)| name == dpop::FIELD);
        self.request.headers.retain(|(name, _)| name != dpop::FIELD);
        self.request.headers.extend(same.cloned());
        // A fresh one, with a nonce, would not be the same.
        self.dpop = None;
    }
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
            Some(earlier) if step.same_assertion => {
                // The same token, perhaps written in another way.
                let mut id_jag = Minted { differs: true, ..earlier.id_jag.clone() };
                for change in &step.exchange.id_jag.compact {
                    id_jag.assertion =
                        idjag::transform(id_jag.assertion, change).map_err(|error| error.to_string())?;
                }
                id_jag
            }
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
            target_jwks: self.jwks.as_ref(),
            details_type: self.details_type.as_deref(),
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
        let dpop = token_request.dpop().cloned();
        let mut request = token_request.write(
            &self.token_endpoint,
            baseline.manner,
            self.clients(),
            client_assertion.as_deref(),
        );
        if let Some(dpop) = &dpop {
            let proof = self.proof(dpop, None)?;
            let fields = (0..dpop.fields()).map(|_| (dpop::FIELD.to_owned(), proof.clone()));
            request.headers.extend(fields);
        }
        let again =
            again::token_request(self, baseline.algorithm, [setup, defect], origin, &request, &id_jag);
        Ok(Prepared { request, id_jag, client_assertion, differs, dpop, again })
    }

    pub(super) fn clients(&self) -> Clients<'_> {
        Clients {
            registered: &self.client,
            other: self.settings.other_client.as_ref(),
            unauthorized: self.settings.unauthorized_client.as_ref(),
            public: self.settings.public_client.as_ref(),
        }
    }

    fn proof(&self, dpop: &DpopChange, nonce: Option<&str>) -> Result<String, String> {
        let (now, jti) = (self.clock.now(), self.ids.fresh());
        let context = DpopContext { token_endpoint: &self.token_endpoint, now, jti: &jti, nonce };
        dpop.proof(context).map_err(|error| error.to_string())
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

    /// Sends a request; once more with the nonce, where the target demands one (RFC 9449 section 8).
    pub(super) async fn send(&self, prepared: &Prepared) -> Observation {
        let observation = self.http.send(prepared.request.clone()).await;
        match self.with_nonce(prepared, &observation) {
            Some(request) => self.http.send(request).await,
            None => observation,
        }
    }

    fn with_nonce(&self, prepared: &Prepared, observation: &Observation) -> Option<HttpRequest> {
        let response = observation.response()?;
        let dpop = prepared.dpop.as_ref().filter(|_| response.oauth_error() == Some("use_dpop_nonce"))?;
        let proof = self.proof(dpop, Some(response.header("dpop-nonce")?)).ok()?;
        let mut request = prepared.request.clone();
        for (_, value) in request.headers.iter_mut().filter(|(name, _)| name == dpop::FIELD) {
            value.clone_from(&proof);
        }
        Some(request)
    }
}
