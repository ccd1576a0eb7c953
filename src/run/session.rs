//! One way to make an exchange with the target: the well-formed ID-JAG and token request, with changes, signed,
//! written and sent. Everything that is sent to a token endpoint goes through here.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use serde_json::Value;

use super::Baseline;
use crate::{
    clock::Clock,
    discovery::split_origin,
    exchange,
    idjag::{self, Grant, IdJag, KeyChoice},
    idp::Keyring,
    observation::{HttpRequest, Observation},
    settings::{Client, Settings},
    suite::Exchange,
    template::Variables,
    token_request::{Clients, DpopChange, DpopContext, DpopKey, TokenRequest, dpop},
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

    pub(super) fn fresh(&self) -> String {
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
    /// The first type of authorization details in its metadata.
    pub(super) details_type: Option<String>,
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

/// A token request, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) request: HttpRequest,
    pub(super) assertion: String,
    pub(super) jti: String,
    /// The `scope` claim that it asserts.
    pub(super) scope: Option<String>,
    pub(super) variables: Variables,
    /// Whether it is anything else than the control. A value of a table can coincide with the right one, such as
    /// a client id in capitals that has no letters.
    pub(super) differs: bool,
    /// The DPoP proof that the request has, for making another with a nonce.
    pub(super) dpop: Option<DpopChange>,
    /// Whether its `aud` or `iss` is the right one but for a final slash, which servers may take for the same.
    pub(super) slash_apart: bool,
}

impl Session {
    /// Makes a token request: the well-formed one in the baseline's manner, with the case's `setup`, then with its
    /// `defect`. `case_jti` is the `jti` that all steps of a case share.
    ///
    /// # Errors
    /// Why it cannot be made with this configuration: the reason of a `skip`.
    pub(super) fn prepare(
        &self,
        baseline: &Baseline,
        setup: &Exchange,
        defect: &Exchange,
        case_jti: &str,
    ) -> Result<Prepared, String> {
        let jti = self.ids.fresh();
        let now = self.clock.now();
        let published = self
            .keyring
            .signing_key(KeyChoice::Published, baseline.algorithm)
            .map_err(|error| error.to_string())?;
        let unpublished = self
            .keyring
            .signing_key(KeyChoice::Unpublished, baseline.algorithm)
            .map_err(|error| error.to_string())?;
        let mut variables = variables(&self.settings, &self.issuer, Some(&self.token_endpoint), now);
        variables.set("jti", jti.as_str());
        variables.set("case.jti", case_jti);
        // The canary's address names the exchange, so that a hit tells which case it belongs to.
        let idp = &self.settings.idp_issuer;
        variables.set("idp.canary", format!("{}/canary/{jti}", idp.strip_suffix('/').unwrap_or(idp)));
        if let Some(jwk) = self.jwks.as_ref().and_then(idjag::recipient) {
            variables.set("target.encryption_jwk", jwk.clone());
        }
        if let Some(name) = &self.details_type {
            variables.set("target.authorization_details_type", name.as_str());
        }
        let dpop = dpop::key(DpopKey::Own).map_err(|error| error.to_string())?;
        variables.set("dpop.jkt", dpop.kid());
        variables.set("idp.kid", published.kid());
        variables.set("idp.unpublished_jwk", unpublished.jwk(None));
        let grant = Grant {
            issuer: self.settings.idp_issuer.clone(),
            subject: self.settings.subject.clone(),
            audience: self.issuer.clone(),
            client_id: self.client.id.clone(),
            scope: self.settings.scope.clone(),
            resource: self.settings.resource.clone(),
            claims: self.settings.claims.clone(),
        };
        let mut control = IdJag::well_formed(&grant, baseline.algorithm, now, &jti);
        control.apply(&setup.id_jag, &variables).map_err(|missing| missing.to_string())?;
        let mut id_jag = control.clone();
        id_jag.apply(&defect.id_jag, &variables).map_err(|missing| missing.to_string())?;
        let key =
            self.keyring.signing_key(id_jag.key(), id_jag.algorithm()).map_err(|error| error.to_string())?;
        let secret = self.client.secret.as_ref().map(|secret| secret.expose());
        let assertion = id_jag.assemble(&key, secret).map_err(|error| error.to_string())?;
        let scope = id_jag
            .claims()
            .get("scope")
            .and_then(|text| serde_json::from_str::<Value>(text).ok())
            .and_then(|value| value.as_str().map(str::to_owned));
        let mut prepared = Prepared {
            request: HttpRequest::get(&self.token_endpoint),
            assertion,
            jti,
            scope,
            variables,
            differs: id_jag != control,
            dpop: None,
            slash_apart: ["aud", "iss"].into_iter().any(|name| slash_apart(&control, &id_jag, name)),
        };
        self.write(baseline, setup, defect, &mut prepared)?;
        Ok(prepared)
    }

    /// The control of a setup: the well-formed exchange with it, and without a defect.
    ///
    /// # Errors
    /// As [`Session::prepare`].
    pub(super) fn control(&self, baseline: &Baseline, setup: &Exchange) -> Result<Prepared, String> {
        self.prepare(baseline, setup, &Exchange::default(), "")
    }

    /// A token request with an assertion that was made before, perhaps written in another way.
    ///
    /// # Errors
    /// As [`Session::prepare`].
    pub(super) fn again(
        &self,
        baseline: &Baseline,
        setup: &Exchange,
        defect: &Exchange,
        earlier: &Prepared,
    ) -> Result<Prepared, String> {
        let mut prepared = Prepared { differs: true, ..earlier.clone() };
        for change in &defect.id_jag.compact {
            prepared.assertion =
                idjag::transform(prepared.assertion, change).map_err(|error| error.to_string())?;
        }
        self.write(baseline, setup, defect, &mut prepared)?;
        Ok(prepared)
    }

    fn write(
        &self,
        baseline: &Baseline,
        setup: &Exchange,
        defect: &Exchange,
        prepared: &mut Prepared,
    ) -> Result<(), String> {
        prepared.variables.set("id_jag", prepared.assertion.as_str());
        let variables = &prepared.variables;
        let mut control = TokenRequest::well_formed(&prepared.assertion);
        control.apply(&setup.token_request, variables).map_err(|missing| missing.to_string())?;
        let mut token_request = control.clone();
        token_request.apply(&defect.token_request, variables).map_err(|missing| missing.to_string())?;
        prepared.differs |= token_request != control;
        let clients = Clients { registered: &self.client, other: self.settings.other_client.as_ref() };
        prepared.dpop = token_request.dpop().cloned();
        prepared.request = token_request.write(&self.token_endpoint, baseline.manner, clients);
        if let Some(dpop) = &prepared.dpop {
            let proof = self.proof(dpop, None)?;
            let fields = (0..dpop.fields()).map(|_| (dpop::FIELD.to_owned(), proof.clone()));
            prepared.request.headers.extend(fields);
        }
        Ok(())
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

/// The variables that are the same in every exchange of a run.
pub(super) fn variables(
    settings: &Settings,
    issuer: &str,
    token_endpoint: Option<&str>,
    now: i64,
) -> Variables {
    let idp = &settings.idp_issuer;
    let base = idp.strip_suffix('/').unwrap_or(idp);
    let mut variables = Variables::new(now);
    variables.set("target.issuer", issuer);
    variables.set("target.origin", split_origin(issuer).0);
    variables.set("idp.issuer", idp.as_str());
    variables.set("idp.untrusted_issuer", format!("{base}/untrusted"));
    variables.set("idp.other_issuer", format!("{base}/other"));
    variables.set("idp.jwks_uri", format!("{base}/jwks"));
    variables.set("subject", settings.subject.as_str());
    let mut optional = |name, value: Option<&str>| {
        if let Some(value) = value {
            variables.set(name, value);
        }
    };
    optional("target.token_endpoint", token_endpoint);
    optional("scope", settings.scope.as_deref());
    optional("resource", settings.resource.as_deref());
    optional("email", settings.claims.get("email").and_then(Value::as_str));
    optional("expect_subject", settings.expect_subject.as_deref());
    optional("other_resource", settings.other_resource.as_deref());
    let mut client = |client: &Client, id, secret| {
        variables.set(id, client.id.as_str());
        if let Some(value) = &client.secret {
            variables.set(secret, value.expose());
        }
    };
    if let Some(registered) = &settings.client {
        client(registered, "client.id", "client.secret");
    }
    if let Some(other) = &settings.other_client {
        client(other, "other_client.id", "other_client.secret");
    }
    variables
}

fn slash_apart(control: &IdJag, id_jag: &IdJag, claim: &str) -> bool {
    let text =
        |token: &IdJag| token.claims().get(claim).and_then(|json| serde_json::from_str::<String>(json).ok());
    match (text(control), text(id_jag)) {
        (Some(right), Some(ours)) => {
            right != ours && right.trim_end_matches('/') == ours.trim_end_matches('/')
        }
        _ => false,
    }
}
