//! Client authentication (RFC 6749 section 2.3): what the request presents, and whether a secret or an id alone is
//! enough. One method in a request. A client assertion is `client_assertion`'s business. Pure.

use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    clients::{Clients, RegisteredClient, same_secret},
    faults::{Fault, Faults},
    form::{Form, decoded},
    jwt::Jwt,
    policies::PublicClients,
    refusal::{Code, Refusal},
};
use crate::token_request::{ClientAuthenticationMethod, JWT_BEARER_CLIENT_ASSERTION};

/// What the request presents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Presented {
    Basic { id: String, secret: String },
    Post { id: String, secret: String },
    Assertion(String),
    IdOnly(String),
    Nothing,
}

/// The client that a secret, or an id alone, authenticates. An unknown client and a wrong secret get the same answer.
pub(super) fn authenticate(
    presented: &Presented,
    clients: &Clients,
    public_clients: PublicClients,
    faults: &Faults,
) -> Result<RegisteredClient, Refusal> {
    match presented {
        Presented::Basic { .. } if faults.has(Fault::BasicUnsupported) => {
            Err(Refusal::client("HTTP Basic is not implemented"))
        }
        Presented::Basic { id, secret } | Presented::Post { id, secret } => {
            let client = find(id, clients, faults)?;
            let by_basic = matches!(presented, Presented::Basic { .. });
            let known = client.and_then(|client| client.secret.map(|secret| (client, secret)));
            let Some((client, expected)) = known else {
                // Compared with anything, so that an unknown client takes as long as a known one.
                let _ = same_secret(secret, "");
                return Err(Refusal::client("unknown client"));
            };
            let right = same_secret(secret, expected)
                || (by_basic && faults.has(Fault::BadBasicIgnored))
                || (secret.is_empty() && faults.has(Fault::EmptySecretAccepted))
                || (!secret.is_empty()
                    && expected.starts_with(secret)
                    && faults.has(Fault::SecretPrefixAccepted));
            if !right {
                return Err(Refusal::client("wrong secret"));
            }
            let method = if by_basic {
                ClientAuthenticationMethod::ClientSecretBasic
            } else {
                ClientAuthenticationMethod::ClientSecretPost
            };
            by_registered_method(client, method, faults)
        }
        Presented::IdOnly(id) => {
            let client = find(id, clients, faults)?.filter(|client| client.secret.is_none());
            let allowed = |client: &RegisteredClient| match client.has_key {
                true => faults.has(Fault::KeyClientTakenForPublic),
                false if faults.has(Fault::PublicClientRefused) => false,
                false => public_clients == PublicClients::Allow || faults.has(Fault::PublicClientAllowed),
            };
            client.filter(allowed).ok_or_else(|| Refusal::client("no credential"))
        }
        Presented::Assertion(_) | Presented::Nothing => Err(Refusal::client("no client authentication")),
    }
}

/// The client, if it may authenticate so.
pub(super) fn by_registered_method(
    client: RegisteredClient,
    method: ClientAuthenticationMethod,
    faults: &Faults,
) -> Result<RegisteredClient, Refusal> {
    let is_registered = client.method.is_none_or(|registered| registered == method);
    if is_registered || faults.has(Fault::ClientAuthMethodNotPinned) {
        return Ok(client);
    }
    Err(Refusal::client("the client is registered for another method"))
}

/// The id that the request names, whether or not its credential is right.
pub(super) fn named_client(headers: &HeaderMap, form: &Form, faults: &Faults) -> Option<String> {
    match presented(headers, form, faults).ok()? {
        Presented::Basic { id, .. } | Presented::Post { id, .. } | Presented::IdOnly(id) => Some(id),
        Presented::Assertion(assertion) => {
            Jwt::parse(&assertion, faults).ok()?.claim_text("sub").map(str::to_owned)
        }
        Presented::Nothing => None,
    }
}

/// The client of this id, if there is one.
pub(super) fn find(
    id: &str,
    clients: &Clients,
    faults: &Faults,
) -> Result<Option<RegisteredClient>, Refusal> {
    match clients.find(id) {
        None if faults.has(Fault::UnknownClient500) => Err(Refusal::crash("nil client")),
        None if faults.has(Fault::UnknownClientTold) => {
            Err(Refusal::new(Code::UnauthorizedClient, "unknown client"))
        }
        found => Ok(found),
    }
}

/// What the request presents: one method, or none.
pub(super) fn presented(headers: &HeaderMap, form: &Form, faults: &Faults) -> Result<Presented, Refusal> {
    let in_body = (form.one("client_id"), form.all("client_secret").next());
    let mut authorizations = headers.get_all(AUTHORIZATION).iter();
    let basic =
        match (authorizations.next(), authorizations.next()) {
            (None, _) => None,
            (Some(value), None) => {
                Some(value.to_str().ok().and_then(|value| basic(value, faults)).ok_or_else(|| {
                    Refusal::client("the Authorization header is no well-formed HTTP Basic")
                })?)
            }
            (Some(_), Some(_)) => return Err(Refusal::request("there are two Authorization headers")),
        };
    // Section 2.3: no more than one method in a request.
    let has_assertion = form.one("client_assertion").is_some() || form.one("client_assertion_type").is_some();
    let methods =
        [basic.is_some(), in_body.1.is_some(), has_assertion].into_iter().filter(|used| *used).count();
    if methods > 1 && !faults.has(Fault::TwoAuthMethodsAccepted) {
        return Err(Refusal::request("the client authenticates in two ways"));
    }
    if basic.is_some() || has_assertion {
        client_id_beside_another(in_body.0, faults)?;
    }
    if let Some((id, secret)) = basic {
        // It counts for nothing, but must not contradict (RFC 6749 section 3.2.1).
        if in_body.0.is_some_and(|other| other != id) && !faults.has(Fault::ClientIdParamTrusted) {
            return Err(Refusal::request("client_id in the body is not the client of HTTP Basic"));
        }
        return Ok(Presented::Basic { id, secret });
    }
    if has_assertion {
        return client_assertion(form, faults);
    }
    Ok(match in_body {
        (Some(id), Some(secret)) => Presented::Post { id: id.to_owned(), secret: secret.to_owned() },
        (Some(id), None) => Presented::IdOnly(id.to_owned()),
        (None, Some(_)) => return Err(Refusal::client("client_secret without client_id")),
        (None, None) => Presented::Nothing,
    })
}

/// `client_id` where something else names the client: neither demanded nor forbidden.
fn client_id_beside_another(client_id: Option<&str>, faults: &Faults) -> Result<(), Refusal> {
    match client_id {
        Some(_) if faults.has(Fault::ClientIdInBodyRefused) => {
            Err(Refusal::request("client_id stands in the body beside another credential"))
        }
        None if faults.has(Fault::ClientIdInBodyDemanded) => Err(Refusal::request("client_id is missing")),
        _ => Ok(()),
    }
}

/// RFC 7523 section 2.2: the assertion, with its type.
fn client_assertion(form: &Form, faults: &Faults) -> Result<Presented, Refusal> {
    let right_type = form.one("client_assertion_type") == Some(JWT_BEARER_CLIENT_ASSERTION);
    if !right_type && !faults.has(Fault::ClientAssertionTypeIgnored) {
        return Err(Refusal::client("client_assertion_type is not that of a JWT"));
    }
    match form.one("client_assertion") {
        Some(assertion) => Ok(Presented::Assertion(assertion.to_owned())),
        None => Err(Refusal::request("client_assertion is missing")),
    }
}

/// RFC 7617 section 2, with id and secret form-encoded (RFC 6749 section 2.3.1); parted at the first colon.
fn basic(value: &str, faults: &Faults) -> Option<(String, String)> {
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(credentials.trim_start_matches(' ')).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    if faults.has(Fault::BasicNotFormDecoded) {
        return Some((id.to_owned(), secret.to_owned()));
    }
    Some((decoded(id)?, decoded(secret)?)).filter(|(id, _)| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, String)> {
        basic(text, &Faults::default())
    }

    fn encoded(text: &str) -> String {
        STANDARD.encode(text)
    }

    #[test]
    fn basic_is_split_at_the_first_colon_and_form_decoded() {
        let pair = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(read(&format!("bAsIc {}", encoded("a%3Ab:c:d%2B+e"))), pair("a:b", "c:d+ e"));
        assert_eq!(read(&format!("Basic {}", encoded("a:"))), pair("a", ""));
    }

    #[test]
    fn malformed_basic_is_none() {
        for credentials in ["", "!", &encoded("no colon"), &encoded(":s"), &encoded("a:%4")] {
            assert_eq!(read(&format!("Basic {credentials}")), None, "{credentials}");
        }
        assert_eq!(read(&format!("Bearer {}", encoded("a:b"))), None);
        assert_eq!(read("Basic"), None);
    }
}
