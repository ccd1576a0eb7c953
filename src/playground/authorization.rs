//! What the access token is for: the scope and the resources that the ID-JAG, the request and the client's
//! registration have in common (draft section 4.4.1). Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    clients::{DEFAULT_SCOPE, DETAILS_TYPE, RESOURCES, SCOPES},
    faults::{Fault, Faults},
    form::Form,
    jwt::Jwt,
    policies::{AbsentScope, NoCommonScope, Policies, ResourceClaim},
    refusal::{Code, Refusal},
    resource_identifier::normalised,
};

/// What is granted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Granted {
    pub(super) scope: Vec<String>,
    /// Whether the scope differs from what was asked for, so that the response must state it.
    pub(super) scope_narrowed: bool,
    /// The resources to which the token is restricted, in the server's spelling; empty: not restricted.
    pub(super) resources: Vec<String>,
    /// The authorization details, where the ID-JAG has some.
    pub(super) details: Option<Value>,
    /// The form's `audience`, which only a faulty server grants.
    pub(super) audience_parameter: Option<String>,
}

/// Settles scope and resources.
pub(super) fn grant(
    jwt: &Jwt,
    form: &Form,
    policies: &Policies,
    faults: &Faults,
) -> Result<Granted, Refusal> {
    let (scope, scope_narrowed) = scope(jwt, form, policies, faults)?;
    let resources = resources(jwt, form, policies.resource, faults)?;
    let details = details(jwt, faults)?;
    let smuggles = faults.has(Fault::ResourceVsAudienceBypass);
    let audience_parameter = form.one("audience").filter(|_| smuggles).map(str::to_owned);
    Ok(Granted { scope, scope_narrowed, resources, details, audience_parameter })
}

/// The authorization details (RFC 9396 section 2): lists of todos, each with the actions that are allowed on it. What
/// is not understood is refused (section 5), since to drop it would make the token wider.
fn details(jwt: &Jwt, faults: &Faults) -> Result<Option<Value>, Refusal> {
    let Some(claimed) = jwt.claims.get("authorization_details") else { return Ok(None) };
    if faults.has(Fault::AuthorizationDetailsDropped) {
        return Ok(None);
    }
    let refused = |cause: &str| Refusal::new(Code::InvalidAuthorizationDetails, cause);
    let listed = claimed.as_array().filter(|list| !list.is_empty());
    let listed = listed.ok_or_else(|| refused("authorization_details is no list with something in it"))?;
    for entry in listed {
        let entry = entry.as_object().ok_or_else(|| refused("an entry is no object"))?;
        if entry.get("type").is_none_or(|name| name != DETAILS_TYPE) {
            return Err(refused("the type of an entry is not known"));
        }
        let understood = entry.iter().all(|(name, value)| match name.as_str() {
            "type" => true,
            "actions" => value.as_array().is_some_and(|actions| {
                actions.iter().all(|action| ["read", "write"].iter().any(|known| action == known))
            }),
            _ => false,
        });
        if !understood {
            return Err(refused("a member of an entry is not understood"));
        }
    }
    Ok(Some(claimed.clone()))
}

/// Never wider than the claim, whatever the form says.
fn scope(
    jwt: &Jwt,
    form: &Form,
    policies: &Policies,
    faults: &Faults,
) -> Result<(Vec<String>, bool), Refusal> {
    if faults.has(Fault::ScopeClaimDropped) {
        return Ok((Vec::new(), false));
    }
    let claimed = match jwt.claims.get("scope") {
        None => None,
        Some(Value::String(text)) => {
            Some(scope_tokens(text).ok_or_else(|| Refusal::grant("the scope claim is malformed"))?)
        }
        Some(_) if faults.has(Fault::ScopeClaimNotString500) => {
            return Err(Refusal::crash("scope.split() of a non-string"));
        }
        Some(_) => return Err(Refusal::grant("the scope claim is no string")),
    };
    let requested = form
        .one("scope")
        .map(|text| {
            scope_tokens(text)
                .ok_or_else(|| Refusal::new(Code::InvalidScope, "the scope parameter is malformed"))
        })
        .transpose()?;
    if claimed.is_none() && requested.is_none() && policies.absent_scope == AbsentScope::Refuse {
        return Err(Refusal::new(Code::InvalidScope, "there is no scope"));
    }

    let asserted = claimed.clone().unwrap_or_else(|| vec![DEFAULT_SCOPE.to_owned()]);
    let asked = requested.clone().unwrap_or_else(|| asserted.clone());
    let registered = |token: &String| {
        faults.has(Fault::ScopeWildcard)
            || (SCOPES.contains(&token.as_str()) && !faults.has(Fault::ScopeNotRegistered))
    };
    let granted: Vec<String> = asked
        .iter()
        .filter(|token| asserted.contains(token) || faults.has(Fault::ScopeWider))
        .filter(|token| registered(token))
        .cloned()
        .collect();
    if granted.is_empty() {
        match policies.no_common_scope {
            NoCommonScope::InvalidScope => {
                return Err(Refusal::new(Code::InvalidScope, "no scope can be granted"));
            }
            NoCommonScope::InvalidGrant => return Err(Refusal::grant("no scope can be granted")),
            NoCommonScope::GrantNone => {}
        }
    }
    let was_asked = requested.or(claimed);
    let narrowed = was_asked.is_some_and(|asked| asked != granted);
    Ok((granted, narrowed))
}

/// RFC 6749 section 3.3: tokens of printable ASCII but `"` and `\`, parted by single spaces. Repeated ones count
/// once.
fn scope_tokens(text: &str) -> Option<Vec<String>> {
    let is_scope_character = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let mut tokens: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for token in text.split(' ') {
        if token.is_empty() || !token.bytes().all(is_scope_character) {
            return None;
        }
        if seen.insert(token) {
            tokens.push(token.to_owned());
        }
    }
    Some(tokens)
}

/// Every resource of the claim is governed by this server (`invalid_grant`, draft section 4.4.1); the form can only
/// choose among them (`invalid_target`, RFC 8707 section 2).
fn resources(jwt: &Jwt, form: &Form, policy: ResourceClaim, faults: &Faults) -> Result<Vec<String>, Refusal> {
    let claimed = claimed_resources(jwt, faults)?;
    if claimed.is_empty() && policy == ResourceClaim::Required {
        return Err(Refusal::grant("the resource claim is missing"));
    }
    let mut chosen: Vec<String> = Vec::new();
    let requested: Vec<&str> =
        form.all("resource").filter(|_| !faults.has(Fault::ResourceParamIgnored)).collect();
    if requested.len() > 1 && faults.has(Fault::RepeatedResourceRefused) {
        return Err(Refusal::request("the parameter resource is repeated"));
    }
    for requested in requested {
        let foreign = |cause: &str| Refusal::new(Code::InvalidTarget, format!("{requested}: {cause}"));
        let resource = match governed(requested, faults) {
            Some(resource) => resource,
            None if faults.has(Fault::ResourceNotChecked) => requested.to_owned(),
            None => return Err(foreign("the requested resource is not governed here")),
        };
        let within = claimed.is_empty() || claimed.contains(&resource);
        if !(within || faults.has(Fault::ResourceParamWins)) {
            return Err(foreign("the requested resource is not in the ID-JAG"));
        }
        if !chosen.contains(&resource) {
            chosen.push(resource);
        }
    }
    Ok(if chosen.is_empty() { claimed } else { chosen })
}

/// The resources of the claim, each in this server's spelling. An absent claim has none.
fn claimed_resources(jwt: &Jwt, faults: &Faults) -> Result<Vec<String>, Refusal> {
    let malformed = || Refusal::grant("the resource claim is no URI, and no list of different URIs");
    let listed: Vec<&Value> = match jwt.claims.get("resource") {
        None => return Ok(Vec::new()),
        Some(value @ Value::String(_)) => vec![value],
        Some(Value::Array(list)) if !list.is_empty() && !faults.has(Fault::ResourceArrayRefused) => {
            list.iter().collect()
        }
        Some(_) => return Err(malformed()),
    };
    if faults.has(Fault::ResourceNotRegistered) {
        return Err(Refusal::new(Code::InvalidTarget, "the resource is not registered"));
    }
    let mut resources: Vec<String> = Vec::new();
    for (index, value) in listed.into_iter().enumerate() {
        let text = value.as_str().ok_or_else(malformed)?;
        let unchecked = faults.has(Fault::ResourceNotChecked)
            || (faults.has(Fault::ResourceSecondValueUnchecked) && index > 0);
        let resource = match governed(text, faults) {
            Some(resource) => resource,
            None if unchecked => text.to_owned(),
            None if faults.has(Fault::ResourceErrorInvalidTarget) => {
                return Err(Refusal::new(
                    Code::InvalidTarget,
                    format!("the resource {text} is not governed here"),
                ));
            }
            None => return Err(Refusal::grant(format!("the resource {text} is not governed here"))),
        };
        if resources.contains(&resource) {
            return Err(malformed());
        }
        resources.push(resource);
    }
    Ok(resources)
}

/// The registered resource that is meant.
fn governed(text: &str, faults: &Faults) -> Option<String> {
    if faults.has(Fault::ResourceComparedVerbatim) {
        return RESOURCES.iter().find(|resource| **resource == text).map(|resource| (*resource).to_owned());
    }
    let wanted = normalised(text)?;
    RESOURCES
        .iter()
        .find(|resource| normalised(resource).as_ref() == Some(&wanted))
        .map(|resource| (*resource).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_of_scope() {
        assert_eq!(scope_tokens("b a b"), Some(vec!["b".to_owned(), "a".to_owned()]));
        for text in ["", " ", "a  b", "a\tb", " a", "a ", "a\"b", "a\\b", "ä"] {
            assert_eq!(scope_tokens(text), None, "{text}");
        }
    }
}
