//! What a case needs of a run without saying so: it follows from the variables, clients, secrets and keys that it
//! uses. Whether a run has it is the plan's business.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::texts;
use crate::{
    idjag::{EncryptionKey, HmacSecret, IdJagChange, KeyChoice, SignatureDefect},
    suite::{Case, Constraint, Exchange, Need, Step},
    template,
    token_request::{ClientAuthenticationMethod, ClientChoice, SecretChoice},
    yaml::Path,
};

/// Every need of a case: those that it states, and those that follow.
pub(super) fn of_case(case: &Case) -> Vec<Need> {
    let mut needs: BTreeSet<Need> = case.needs.iter().copied().collect();
    of_exchange(&case.setup, &mut needs);
    for step in &case.steps {
        match step {
            Step::Idp(_) | Step::Wait(_) | Step::Run(_) => {}
            Step::Send(send) => {
                needs.insert(Need::Client);
                if send.same_client_assertion {
                    needs.insert(Need::ClientKey);
                }
                of_exchange(&send.exchange, &mut needs);
                let expect = &send.expect;
                for constraints in [&expect.headers, &expect.members, &expect.access_token_claims] {
                    of_constraints(constraints, &mut needs);
                }
            }
            Step::Discovery(expect) => {
                if !expect.metadata.is_empty() {
                    needs.insert(Need::Metadata);
                }
                of_constraints(&expect.metadata, &mut needs);
            }
        }
    }
    needs.into_iter().collect()
}

fn of_exchange(exchange: &Exchange, needs: &mut BTreeSet<Need>) {
    of_assertion(&exchange.id_jag, needs);
    texts::of_token_request(&Path::ROOT, &exchange.token_request, &mut |_, value| of_value(value, needs));
    let Some(authentication) = &exchange.token_request.client_authentication else { return };
    if let Some(assertion) = &authentication.client_assertion {
        of_assertion(assertion, needs);
    }
    match authentication.client {
        ClientChoice::Other => _ = needs.insert(Need::OtherClient),
        ClientChoice::Unauthorized => _ = needs.insert(Need::UnauthorizedClient),
        ClientChoice::Public => _ = needs.insert(Need::PublicClient),
        ClientChoice::Registered | ClientChoice::Unknown | ClientChoice::Absent => {}
    }
    if authentication.named_method() == Some(ClientAuthenticationMethod::PrivateKeyJwt) {
        needs.insert(Need::ClientKey);
    }
    let shows_secret = authentication.without_form_encoding
        || authentication.other_secret_method
        || authentication.method.is_some_and(ClientAuthenticationMethod::sends_a_secret);
    let is_registered = authentication.client == ClientChoice::Registered;
    let needs_secret = match authentication.secret {
        // Another secret than the right one, and a part of it, mean nothing without a right one.
        SecretChoice::Wrong | SecretChoice::Prefix => true,
        SecretChoice::Right => shows_secret && is_registered && authentication.authorization.is_none(),
        SecretChoice::Empty => false,
    };
    if needs_secret {
        needs.insert(Need::ClientSecret);
    }
}

/// What an ID-JAG or a client assertion needs.
fn of_assertion(change: &IdJagChange, needs: &mut BTreeSet<Need>) {
    texts::of_id_jag(&Path::ROOT, change, &mut |_, value| of_value(value, needs));
    match change.key {
        Some(KeyChoice::OtherIssuer) => _ = needs.insert(Need::OtherIdpIssuer),
        Some(KeyChoice::Client) => _ = needs.insert(Need::ClientKey),
        _ => {}
    }
    if let Some(SignatureDefect::Hmac(hmac)) = &change.signature
        && hmac.secret == HmacSecret::ClientSecret
    {
        needs.insert(Need::ClientSecret);
    }
    match change.encrypted.map(|encryption| encryption.key) {
        Some(EncryptionKey::Target) => _ = needs.insert(Need::TargetKey),
        Some(EncryptionKey::ClientSecret) => _ = needs.insert(Need::ClientSecret),
        Some(EncryptionKey::Password) | None => {}
    }
}

fn of_constraints(constraints: &BTreeMap<String, Constraint>, needs: &mut BTreeSet<Need>) {
    texts::of_constraints(&Path::ROOT, constraints, &mut |_, value| of_value(value, needs));
}

fn of_value(value: &Value, needs: &mut BTreeSet<Need>) {
    let used = value.as_str().and_then(|text| template::check(text).ok()).unwrap_or_default();
    needs.extend(used.iter().filter_map(|variable| of_variable(variable.name)));
}

fn of_variable(name: &str) -> Option<Need> {
    Some(match name {
        "client.id" => Need::Client,
        "client.secret" => Need::ClientSecret,
        "other_client.id" | "other_client.secret" => Need::OtherClient,
        "unauthorized_client.id" => Need::UnauthorizedClient,
        "public_client.id" => Need::PublicClient,
        "client_assertion" => Need::ClientKey,
        "idp.other_issuer" => Need::OtherIdpIssuer,
        "scope" => Need::Scope,
        "resource" => Need::Resource,
        "other_resource" => Need::OtherResource,
        "expect_subject" => Need::ExpectSubject,
        "target.encryption_jwk" => Need::TargetKey,
        "target.authorization_details_type" => Need::AuthorizationDetails,
        "email" => Need::Email,
        _ => return None,
    })
}
