//! Client authentication by a JWT that the client signs with its own key: RFC 7523 sections 2.2 and 3, with the
//! audience and the types of draft-ietf-oauth-rfc7523bis section 4. How a JWT is read, how it is signed and how long it
//! lives are the questions of the ID-JAG, asked by the same code.

use serde_json::Value;

use super::{
    State,
    client_authentication::{by_registered_method, find},
    clients::RegisteredClient,
    faults::Fault,
    jwks_cache::Holder,
    jwt::Jwt,
    refusal::{Code, Refusal},
    signature::{self, Claimed},
    validation,
};
use crate::{keys::Algorithm, token_request::ClientAuthenticationMethod};

const TYPE: &str = "client-authentication+jwt";

/// The client that the assertion authenticates; `form_client_id` is the parameter, which must not contradict it.
pub(super) async fn authenticate(
    state: &State,
    assertion: &str,
    form_client_id: Option<&str>,
) -> Result<RegisteredClient, Refusal> {
    check(state, assertion, form_client_id).await.map_err(|refusal| match refusal.code {
        // What is wrong with this JWT is wrong with the client, not with the grant.
        Code::InvalidGrant => Refusal::client(refusal.cause),
        _ => refusal,
    })
}

async fn check(
    state: &State,
    assertion: &str,
    form_client_id: Option<&str>,
) -> Result<RegisteredClient, Refusal> {
    let faults = &state.faults;
    let now = state.now();
    let jwt = Jwt::parse(assertion, faults)?;
    if faults.has(Fault::IdJagAsClientAssertion)
        && let Some(client) = named_by_the_idp(state, &jwt).await
    {
        return Ok(client);
    }
    typ(state, &jwt)?;
    validation::extensions(&jwt, faults)?;
    let client = client(state, &jwt)?;
    // RFC 7521 section 4.2: the parameter names the same client, if it is there.
    if form_client_id.is_some_and(|id| id != client.id) && !faults.has(Fault::ClientIdParamTrusted) {
        return Err(Refusal::client("client_id in the body is not the subject of the client assertion"));
    }
    let kid = jwt.header_text("kid");
    let keys = state.jwks.keys(Holder::ClientAt(&state.client_jwks_uri), kid, now, faults).await;
    let keys: Vec<_> = keys.into_iter().collect();
    let keys = (!keys.is_empty()).then_some(keys.as_slice());
    signature::verify(&jwt, algorithm(state, &jwt)?, keys, faults)?;
    audience(state, &jwt)?;
    let expires_at = validation::lifetime(&jwt, now, faults)?;
    match jwt.claims.get("jti") {
        Some(Value::String(jti)) if !jti.is_empty() => {
            if !faults.has(Fault::ClientAssertionReplay) {
                let dies_at = expires_at.saturating_add(validation::LEEWAY);
                state.client_assertions.consume_client_assertion(client.id, jti, dies_at, now)?;
            }
        }
        None if faults.has(Fault::ClientAssertionJtiMissingAccepted) => {}
        _ => return Err(Refusal::client("jti is missing, empty or no string")),
    }
    by_registered_method(client, ClientAuthenticationMethod::PrivateKeyJwt, faults)
}

/// No type at all is right as well, and so is `JWT`; a JWT of another kind is not (RFC 8725bis section 3.12).
fn typ(state: &State, jwt: &Jwt) -> Result<(), Refusal> {
    let faults = &state.faults;
    let typ = jwt.header_text("typ").map(str::to_ascii_lowercase);
    let typ = typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    let right = match typ {
        Some(TYPE) => !faults.has(Fault::ClientAssertionTypRefused),
        None => !jwt.header.contains_key("typ") && !faults.has(Fault::ClientAssertionTypDemanded),
        Some("jwt") => !faults.has(Fault::ClientAssertionTypDemanded),
        Some(_) => faults.has(Fault::TypNotChecked),
    };
    if right { Ok(()) } else { Err(Refusal::client("typ is not that of a client assertion")) }
}

/// Section 3: `sub` is the client, and so is `iss`, since the client itself has issued it.
fn client(state: &State, jwt: &Jwt) -> Result<RegisteredClient, Refusal> {
    let faults = &state.faults;
    let (iss, sub) = (jwt.claim_text("iss"), jwt.claim_text("sub"));
    let id = match (iss, sub) {
        (Some(iss), Some(sub)) if iss == sub => sub,
        (iss, sub) if faults.has(Fault::ClientAssertionIssNotCompared) => [sub, iss]
            .into_iter()
            .flatten()
            .find(|id| state.clients.find(id).is_some())
            .ok_or_else(|| Refusal::client("neither iss nor sub is a client"))?,
        _ => return Err(Refusal::client("iss and sub are not the same client")),
    };
    let client = find(id, &state.clients, faults)?.ok_or_else(|| Refusal::client("unknown client"))?;
    if !client.has_key && !faults.has(Fault::ClientAssertionKeyOfAnyClient) {
        return Err(Refusal::client("the client has no key"));
    }
    Ok(client)
}

fn algorithm(state: &State, jwt: &Jwt) -> Result<Claimed, Refusal> {
    let open = [Algorithm::RS384, Algorithm::RS512]
        .into_iter()
        .find(|algorithm| jwt.header_text("alg") == Some(algorithm.name()));
    match open {
        Some(algorithm) if state.faults.has(Fault::ClientAssertionAlgOpen) => {
            Ok(Claimed::Signature(algorithm))
        }
        _ => signature::algorithm(jwt, &state.faults),
    }
}

/// `aud` is this server's issuer identifier, as a string: draft-ietf-oauth-rfc7523bis section 4.
fn audience(state: &State, jwt: &Jwt) -> Result<(), Refusal> {
    let faults = &state.faults;
    let has = |fault| faults.has(fault);
    let is_us = |aud: &str| match () {
        () if has(Fault::ClientAssertionAudDoubleSlash) => {
            aud == state.token_endpoint.replace("/token", "//token")
        }
        () if has(Fault::ClientAssertionAudIssuerRefused) => aud == state.token_endpoint,
        () if has(Fault::ClientAssertionAudTokenEndpoint) => {
            aud == state.identity || aud == state.token_endpoint
        }
        () if has(Fault::ClientAssertionAudPrefixMatch) => aud.starts_with(&state.identity),
        () => aud == state.identity,
    };
    let right = match jwt.claims.get("aud") {
        _ if has(Fault::ClientAssertionAudNotChecked) => true,
        Some(Value::String(aud)) => is_us(aud),
        Some(Value::Array(list)) if has(Fault::ClientAssertionAudTokenEndpoint) => {
            list.iter().any(|aud| aud.as_str().is_some_and(is_us))
        }
        _ => false,
    };
    if right { Ok(()) } else { Err(Refusal::client("aud is not this server alone")) }
}

/// What the server believes that takes everything which its IdP has signed for a client assertion.
async fn named_by_the_idp(state: &State, jwt: &Jwt) -> Option<RegisteredClient> {
    let idp = state.trusted_issuers.first()?;
    let keys =
        state.jwks.keys(Holder::Issuer(idp), jwt.header_text("kid"), state.now(), &state.faults).await?;
    let algorithm = signature::algorithm(jwt, &state.faults).ok()?;
    signature::verify(jwt, algorithm, Some(&[keys]), &state.faults).ok()?;
    state.clients.find(jwt.claim_text("client_id").or(jwt.claim_text("sub"))?)
}
