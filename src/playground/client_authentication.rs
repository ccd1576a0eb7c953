//! Client authentication (RFC 6749 section 2.3): HTTP Basic, or id and secret in the body; one of them. Pure.

use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    clients::{Clients, RegisteredClient, same_secret},
    faults::{Fault, Faults},
    form::{Form, decoded},
    policies::PublicClients,
    refusal::{Code, Refusal},
};

/// What the request presents.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Presented {
    Basic { id: String, secret: String },
    Post { id: String, secret: String },
    IdOnly(String),
    Nothing,
}

/// The client that the request authenticates. An unknown client and a wrong secret get the same answer.
pub(super) fn authenticate(
    headers: &HeaderMap,
    form: &Form,
    clients: &Clients,
    public_clients: PublicClients,
    faults: &Faults,
) -> Result<RegisteredClient, Refusal> {
    let presented = presented(headers, form, faults)?;
    match &presented {
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
            if right { Ok(client) } else { Err(Refusal::client("wrong secret")) }
        }
        Presented::IdOnly(id) => {
            let public = find(id, clients, faults)?.filter(|client| client.secret.is_none());
            let allowed = public_clients == PublicClients::Allow;
            public.filter(|_| allowed).ok_or_else(|| Refusal::client("no credential"))
        }
        Presented::Nothing => Err(Refusal::client("no client authentication")),
    }
    .map_err(|refusal| match refusal.code {
        Code::InvalidClient if faults.has(Fault::UnauthorizedClientForAuthFailure) => {
            Refusal::new(Code::UnauthorizedClient, refusal.cause)
        }
        _ => refusal,
    })
}

/// The id that the request names, whether or not its credential is right.
pub(super) fn named_client(headers: &HeaderMap, form: &Form, faults: &Faults) -> Option<String> {
    match presented(headers, form, faults).ok()? {
        Presented::Basic { id, .. } | Presented::Post { id, .. } | Presented::IdOnly(id) => Some(id),
        Presented::Nothing => None,
    }
}

fn find(id: &str, clients: &Clients, faults: &Faults) -> Result<Option<RegisteredClient>, Refusal> {
    match clients.find(id) {
        None if faults.has(Fault::UnknownClient500) => Err(Refusal::crash("nil client")),
        None if faults.has(Fault::UnknownClientTold) => {
            Err(Refusal::new(Code::UnauthorizedClient, "unknown client"))
        }
        found => Ok(found),
    }
}

fn presented(headers: &HeaderMap, form: &Form, faults: &Faults) -> Result<Presented, Refusal> {
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
    if let Some((id, secret)) = basic {
        match in_body.0 {
            Some(_) if faults.has(Fault::ClientIdInBodyRefused) => {
                return Err(Refusal::request("client_id stands in the body beside HTTP Basic"));
            }
            // It counts for nothing, but must not contradict (RFC 6749 section 3.2.1).
            Some(other) if other != id && !faults.has(Fault::ClientIdParamTrusted) => {
                return Err(Refusal::request("client_id in the body is not the client of HTTP Basic"));
            }
            None if faults.has(Fault::ClientIdInBodyDemanded) => {
                return Err(Refusal::request("client_id is missing"));
            }
            _ => return Ok(Presented::Basic { id, secret }),
        }
    }
    if has_assertion {
        return Err(Refusal::client("client assertions are not supported"));
    }
    Ok(match in_body {
        (Some(id), Some(secret)) => Presented::Post { id: id.to_owned(), secret: secret.to_owned() },
        (Some(id), None) => Presented::IdOnly(id.to_owned()),
        (None, Some(_)) => return Err(Refusal::client("client_secret without client_id")),
        (None, None) => Presented::Nothing,
    })
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
