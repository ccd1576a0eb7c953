//! One ID-JAG: the well-formed one, changed and signed. Runs and `jagspec mint` make every ID-JAG here, so that the one
//! that is minted later is the one that the run has sent.

use serde_json::Value;

use crate::{
    discovery::split_origin,
    idjag::{self, Grant, IdJag, IdJagChange, KeyChoice},
    idp::Keyring,
    keys::Algorithm,
    settings::{Client, Settings},
    template::Variables,
    token_request::{DpopKey, dpop},
};

/// What the ID-JAGs of a run have in common.
#[derive(Debug, Clone, Copy)]
pub struct Minting<'a> {
    /// The options.
    pub settings: &'a Settings,
    /// The client that it names.
    pub client: &'a Client,
    /// Who signs.
    pub keyring: &'a Keyring,
    /// `aud`: the target's issuer identifier, byte for byte.
    pub issuer: &'a str,
    /// The target's token endpoint, which some defects name.
    pub token_endpoint: Option<&'a str>,
    /// The target's own JWK Set, for what is encrypted to it.
    pub target_jwks: Option<&'a Value>,
    /// The first type of authorization details that its metadata names.
    pub details_type: Option<&'a str>,
}

/// What is another one in every ID-JAG.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// When it is issued, in seconds since the epoch.
    pub now: i64,
    /// Its `jti`.
    pub jti: &'a str,
    /// The `jti` that all requests of a case share.
    pub case_jti: &'a str,
}

/// An ID-JAG, signed.
#[derive(Debug, Clone)]
pub struct Minted {
    /// The text that is sent.
    pub assertion: String,
    /// The `jti` of the well-formed ID-JAG.
    pub jti: String,
    /// The `scope` claim that it asserts.
    pub scope: Option<String>,
    /// The variables that the token request may use too.
    pub(super) variables: Variables,
    /// Whether it is anything else than the control's. A value of a table can coincide with the right one, such as
    /// a client id in capitals that has no letters.
    pub differs: bool,
    /// Whether its `aud` or `iss` is the right one but for a final slash, which servers may take for the same.
    pub(super) slash_apart: bool,
}

impl Minting<'_> {
    /// The well-formed ID-JAG with the case's `setup`, which the control has too, and then with each of `defects`.
    ///
    /// # Errors
    /// Why it cannot be made with these options: the reason of a `skip`.
    pub fn mint(
        &self,
        algorithm: Algorithm,
        setup: &IdJagChange,
        defects: &[&IdJagChange],
        moment: Moment<'_>,
    ) -> Result<Minted, String> {
        let Moment { now, jti, case_jti } = moment;
        let key = |choice, algorithm| {
            self.keyring.signing_key(choice, algorithm).map_err(|error| error.to_string())
        };
        let mut variables = variables(self.settings, self.issuer, self.token_endpoint, now);
        variables.set("jti", jti);
        variables.set("case.jti", case_jti);
        // The canary's address names the exchange, so that a hit tells which case it belongs to.
        let idp = &self.settings.idp_issuer;
        variables.set("idp.canary", format!("{}/canary/{jti}", idp.strip_suffix('/').unwrap_or(idp)));
        variables.set("idp.kid", key(KeyChoice::Published, algorithm)?.kid());
        variables.set("idp.unpublished_jwk", key(KeyChoice::Unpublished, algorithm)?.jwk(None));
        variables.set("dpop.jkt", dpop::key(DpopKey::Own).map_err(|error| error.to_string())?.kid());
        if let Some(jwk) = self.target_jwks.and_then(idjag::recipient) {
            variables.set("target.encryption_jwk", jwk.clone());
        }
        if let Some(name) = self.details_type {
            variables.set("target.authorization_details_type", name);
        }
        let grant = Grant {
            issuer: self.settings.idp_issuer.clone(),
            subject: self.settings.subject.clone(),
            audience: self.issuer.to_owned(),
            client_id: self.client.id.clone(),
            scope: self.settings.scope.clone(),
            resource: self.settings.resource.clone(),
            claims: self.settings.claims.clone(),
        };
        let mut control = IdJag::well_formed(&grant, algorithm, now, jti);
        control.apply(setup, &variables).map_err(|missing| missing.to_string())?;
        let mut id_jag = control.clone();
        for defect in defects {
            id_jag.apply(defect, &variables).map_err(|missing| missing.to_string())?;
        }
        if let (KeyChoice::Client, Some(key_type)) = (id_jag.key(), self.keyring.client_key_type()) {
            id_jag.set_algorithm(Algorithm::usual(key_type));
        }
        let secret = self.client.secret.as_ref().map(|secret| secret.expose());
        let assertion = id_jag
            .assemble(&*key(id_jag.key(), id_jag.algorithm())?, secret)
            .map_err(|error| error.to_string())?;
        let scope = id_jag
            .claims()
            .get("scope")
            .and_then(|text| serde_json::from_str::<Value>(text).ok())
            .and_then(|value| value.as_str().map(str::to_owned));
        Ok(Minted {
            assertion,
            jti: jti.to_owned(),
            scope,
            variables,
            differs: id_jag != control,
            slash_apart: ["aud", "iss"].into_iter().any(|name| slash_apart(&control, &id_jag, name)),
        })
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
    for (name, further) in [
        ("unauthorized_client.id", &settings.unauthorized_client),
        ("public_client.id", &settings.public_client),
    ] {
        if let Some(further) = further {
            variables.set(name, further.id.as_str());
        }
    }
    variables
}

pub(super) fn slash_apart(control: &IdJag, id_jag: &IdJag, claim: &str) -> bool {
    let text =
        |token: &IdJag| token.claims().get(claim).and_then(|json| serde_json::from_str::<String>(json).ok());
    match (text(control), text(id_jag)) {
        (Some(right), Some(ours)) => {
            right != ours && right.trim_end_matches('/') == ours.trim_end_matches('/')
        }
        _ => false,
    }
}
