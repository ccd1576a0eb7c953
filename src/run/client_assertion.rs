//! The client assertion of an exchange (RFC 7523 section 2.2): whether the request carries one, by which algorithm the
//! client's key signs it, and what a case changes of it. It is made on the path of the ID-JAG.

use super::{
    Baseline,
    minting::{Minted, slash_apart},
    session::Session,
};
use crate::{
    discovery::Discovery,
    idjag::{IdJag, KeyChoice},
    idp::Keyring,
    keys::{Algorithm, KeyType},
    suite::Exchange,
    template::Variables,
    token_request::{
        ClientAssertionAudience, ClientAuthenticationChange, ClientAuthenticationMethod, ClientChoice,
        SecretChoice, TokenRequest,
    },
};

/// Why a client assertion cannot be made.
const NO_CLIENT_KEY: &str = "the client has no key: set --client-key";

/// By which algorithms the client's key signs its assertions.
#[derive(Debug, Clone)]
pub(super) struct ClientAlgorithms {
    /// Of a good one: the first that the metadata lists, else the usual one of the key's type. None without a key.
    pub(super) usual: Option<Algorithm>,
    /// One that the metadata does not list; or why there is none.
    pub(super) unadvertised: Result<Algorithm, String>,
}

impl ClientAlgorithms {
    /// Of the client's key at this target.
    pub(super) fn of(keyring: &Keyring, discovery: &Discovery) -> Self {
        let Some(key_type) = keyring.client_key_type() else {
            return Self { usual: None, unadvertised: Err(NO_CLIENT_KEY.to_owned()) };
        };
        let listed = discovery
            .metadata()
            .and_then(|metadata| metadata.strings("token_endpoint_auth_signing_alg_values_supported"));
        let is_listed =
            |algorithm: &Algorithm| listed.as_ref().is_some_and(|listed| listed.contains(&algorithm.name()));
        let own = Algorithm::of(key_type);
        let usual = own.iter().find(|algorithm| is_listed(algorithm)).or(own.first()).copied();
        let unadvertised = match &listed {
            None => Err("not applicable: the metadata lists no algorithms for client assertions".to_owned()),
            // Two names of one algorithm (RFC 9864 section 2.2).
            Some(_) if key_type == KeyType::Ed25519 => None.ok_or_else(nothing_else),
            Some(_) => {
                own.iter().rev().find(|algorithm| !is_listed(algorithm)).copied().ok_or_else(nothing_else)
            }
        };
        Self { usual, unadvertised }
    }
}

fn nothing_else() -> String {
    "not applicable: the metadata lists every algorithm of the client's key".to_owned()
}

impl Session {
    /// Makes the client assertion, where the request is to carry one; that of an earlier step stays. `id_jag` gets the
    /// variable, and whether anything differs.
    pub(super) fn authenticate_with_a_key(
        &self,
        baseline: &Baseline,
        [setup, defect]: [&Exchange; 2],
        id_jag: &mut Minted,
        earlier: Option<String>,
    ) -> Result<Option<String>, String> {
        let of_setup = setup.token_request.client_authentication.clone().unwrap_or_default();
        let change = defect.token_request.client_authentication.clone().unwrap_or_else(|| of_setup.clone());
        let clients = self.clients();
        let method = clients.method(&change, baseline.manner);
        let secret_is_changed = change.secret != SecretChoice::Right || change.without_form_encoding;
        if secret_is_changed && !method.sends_a_secret() && change.client != ClientChoice::Absent {
            return Err("not applicable: the client of this run does not authenticate with a secret".into());
        }
        let is_sent = method == ClientAuthenticationMethod::PrivateKeyJwt
            && clients.chosen(change.client).is_some()
            && change.authorization.is_none();
        let is_used = [&setup.token_request, &defect.token_request]
            .into_iter()
            .any(|request| TokenRequest::uses(request, "client_assertion"));
        if !(is_sent || is_used) {
            return Ok(None);
        }
        let (control, made) = self.client_assertion(baseline, &of_setup, &change, &id_jag.variables)?;
        id_jag.differs |= control != made || earlier.is_some();
        id_jag.slash_apart |= slash_apart(&control, &made, "aud");
        let text = match earlier {
            Some(earlier) => earlier,
            None => {
                let key = self.keyring.signing_key(made.key(), made.algorithm());
                let secret = self.client.secret.as_ref().map(|secret| secret.expose());
                let key = key.map_err(|error| error.to_string())?;
                made.assemble(&key, secret).map_err(|error| error.to_string())?
            }
        };
        id_jag.variables.set("client_assertion", text.as_str());
        Ok(Some(text))
    }

    /// The client assertion, without and with a change.
    fn client_assertion(
        &self,
        baseline: &Baseline,
        setup: &ClientAuthenticationChange,
        change: &ClientAuthenticationChange,
        variables: &Variables,
    ) -> Result<(IdJag, IdJag), String> {
        let usual = self.client_algorithms.usual.ok_or(NO_CLIENT_KEY)?;
        let sign = |choice| self.keyring.signing_key(choice, usual).map_err(|error| error.to_string());
        // What these variables stand for in an ID-JAG is the IdP's.
        let variables = variables
            .clone()
            .with("idp.kid", sign(KeyChoice::Client)?.kid())
            .with("idp.unpublished_jwk", sign(KeyChoice::Unpublished)?.jwk(None));
        let audience = match baseline.manner.client_assertion.audience {
            ClientAssertionAudience::Issuer => &self.issuer,
            ClientAssertionAudience::TokenEndpoint => &self.token_endpoint,
        };
        let (now, jti) = (self.clock.now(), self.ids.fresh());
        let make = |change: &ClientAuthenticationChange| -> Result<IdJag, String> {
            let client = self.clients().chosen(change.client).unwrap_or_else(|| self.client.clone());
            let algorithm = match change.unadvertised_algorithm {
                true => self.client_algorithms.unadvertised.clone()?,
                false => usual,
            };
            let mut assertion = IdJag::client_assertion(&client.id, audience, algorithm, now, &jti);
            if let Some(change) = &change.client_assertion {
                assertion.apply(change, &variables).map_err(|missing| missing.to_string())?;
            }
            Ok(assertion)
        };
        Ok((make(setup)?, make(change)?))
    }
}
