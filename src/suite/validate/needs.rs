//! What a case needs of a run without saying so: it follows from the variables, clients, secrets and keys that it
//! uses. Whether a run has it is the plan's business.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::texts;
use crate::{
    idjag::{EncryptionKey, HmacSecret, KeyChoice, SignatureDefect},
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
    let root = Path::ROOT;
    texts::of_id_jag(&root, &exchange.id_jag, &mut |_, value| of_value(value, needs));
    texts::of_token_request(&root, &exchange.token_request, &mut |_, value| of_value(value, needs));
    if exchange.id_jag.key == Some(KeyChoice::OtherIssuer) {
        needs.insert(Need::OtherIdpIssuer);
    }
    if let Some(SignatureDefect::Hmac(hmac)) = &exchange.id_jag.signature
        && hmac.secret == HmacSecret::ClientSecret
    {
        needs.insert(Need::ClientSecret);
    }
    match exchange.id_jag.encrypted.map(|encryption| encryption.key) {
        Some(EncryptionKey::Target) => drop(needs.insert(Need::TargetKey)),
        Some(EncryptionKey::ClientSecret) => drop(needs.insert(Need::ClientSecret)),
        Some(EncryptionKey::Password) | None => {}
    }
    let Some(authentication) = &exchange.token_request.client_authentication else { return };
    if authentication.client == ClientChoice::Other {
        needs.insert(Need::OtherClient);
    }
    let shows_secret = matches!(
        authentication.method,
        Some(ClientAuthenticationMethod::ClientSecretBasic | ClientAuthenticationMethod::ClientSecretPost)
    );
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
