//! Named checks of one token response: what constraints on single values cannot say.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::Facts;
use crate::{
    observation::{Response, clip},
    suite::ResponseCheck,
    token_request::UNKNOWN_CLIENT,
};

/// What a look at the answer has shown.
pub(super) enum Look {
    /// It is as it must be.
    Holds,
    /// Why it is not, and what was seen.
    Broken(String, String),
    /// There was nothing to look at.
    CannotTell,
}

/// Looks at what a check is about.
pub(super) fn check(check: ResponseCheck, response: &Response, facts: Facts<'_>) -> Look {
    let opaque = response.access_token().and_then(jwt_claims).is_none();
    let nothing_to_look_at = match check {
        ResponseCheck::ScopeWithinIdJag => facts.scope.is_none() || response.member("scope").is_none(),
        ResponseCheck::ScopeStatedWhenDifferent => facts.scope.is_none() || opaque,
        ResponseCheck::LifetimeMatchesAccessToken => opaque || response.member("expires_in").is_none(),
        ResponseCheck::AccessTokenSignedByPublishedKey => opaque || facts.jwks.is_none(),
        ResponseCheck::SameAnswerAsBefore => facts.before.is_none(),
        ResponseCheck::NoNullMembers
        | ResponseCheck::AccessTokenIsNotTheIdJag
        | ResponseCheck::NoInternals
        | ResponseCheck::AssertionNotEchoed => false,
    };
    if nothing_to_look_at {
        return Look::CannotTell;
    }
    match broken(check, response, facts) {
        Some((reason, seen)) => Look::Broken(reason, seen),
        None => Look::Holds,
    }
}

/// Why a check does not hold, and what was seen; `None` when it holds.
fn broken(check: ResponseCheck, response: &Response, facts: Facts<'_>) -> Option<(String, String)> {
    match check {
        ResponseCheck::NoNullMembers => {
            let object = response.json().ok()?.as_object()?;
            let nulls: Vec<&str> =
                object.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.as_str()).collect();
            (!nulls.is_empty()).then(|| {
                (
                    "a member without a value is left out, not null (RFC 6749 section 5.1)".to_owned(),
                    format!("null members: {}", clip(&nulls.join(", "), 120)),
                )
            })
        }
        ResponseCheck::AccessTokenIsNotTheIdJag => {
            (response.access_token() == Some(facts.assertion)).then(|| {
                ("the access token is the ID-JAG itself".to_owned(), "the assertion came back".to_owned())
            })
        }
        ResponseCheck::ScopeWithinIdJag => {
            let asserted: Vec<&str> = facts.scope?.split(' ').collect();
            let granted = response.member("scope")?.as_str()?;
            let wider: Vec<&str> =
                granted.split(' ').filter(|scope| !scope.is_empty() && !asserted.contains(scope)).collect();
            (!wider.is_empty()).then(|| {
                (
                    format!(
                        "scope was granted that the ID-JAG does not hold: `{}`",
                        clip(&wider.join(" "), 120)
                    ),
                    format!("scope `{}`", clip(granted, 120)),
                )
            })
        }
        ResponseCheck::ScopeStatedWhenDifferent => {
            let claims = response.access_token().and_then(jwt_claims)?;
            let granted = claims.get("scope")?.as_str()?;
            let words =
                |text: &str| text.split(' ').map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
            let differs = words(granted) != words(facts.scope?);
            (differs && response.member("scope").is_none()).then(|| {
                (
                    "the granted scope is another than the ID-JAG's, and the answer does not say so (RFC 6749 section \
                     5.1)"
                        .to_owned(),
                    format!("no member `scope`; the access token has `{}`", clip(granted, 120)),
                )
            })
        }
        ResponseCheck::NoInternals => internals(response).map(|(what, excerpt)| {
            (format!("the answer shows {what}"), format!("it holds `{}`", clip(&excerpt, 80)))
        }),
        ResponseCheck::AssertionNotEchoed => echoes(response, facts.assertion).then(|| {
            ("the answer repeats the assertion".to_owned(), "the assertion stands in the body".to_owned())
        }),
        ResponseCheck::AccessTokenSignedByPublishedKey => unverified(response.access_token()?, facts.jwks?)
            .map(|why| ("no key at the target's `jwks_uri` verifies the access token".to_owned(), why)),
        ResponseCheck::SameAnswerAsBefore => tells_apart(facts.before?, response, facts.variables),
        ResponseCheck::LifetimeMatchesAccessToken => {
            let claims = response.access_token().and_then(jwt_claims)?;
            let lifetime = claims.get("exp")?.as_f64()? - claims.get("iat")?.as_f64()?;
            let expires_in = response.member("expires_in")?.as_f64()?;
            ((lifetime - expires_in).abs() > 60.0).then(|| {
                (
                    "`expires_in` and the access token's own lifetime differ by more than a minute"
                        .to_owned(),
                    format!("expires_in {expires_in}, exp - iat of the access token {lifetime}"),
                )
            })
        }
    }
}

/// What a check demands, for the sentence of what is expected.
pub(super) fn describe(check: ResponseCheck) -> &'static str {
    match check {
        ResponseCheck::NoNullMembers => "no null members",
        ResponseCheck::AccessTokenIsNotTheIdJag => "an access token of its own, not the ID-JAG",
        ResponseCheck::ScopeWithinIdJag => "no scope beyond the ID-JAG's",
        ResponseCheck::ScopeStatedWhenDifferent => "`scope` stated where it is another than the ID-JAG's",
        ResponseCheck::NoInternals => "no internals in the answer",
        ResponseCheck::AssertionNotEchoed => "no copy of the assertion in the answer",
        ResponseCheck::AccessTokenSignedByPublishedKey => {
            "an access token that a key at the target's `jwks_uri` verifies"
        }
        ResponseCheck::LifetimeMatchesAccessToken => "`expires_in` equal to the access token's lifetime",
        ResponseCheck::SameAnswerAsBefore => "the same answer as to the request before",
    }
}

/// What tells two refusals apart; `None` when nothing does. What the caller has sent itself tells nothing, and neither
/// does a number that is new in every answer.
fn tells_apart(
    before: &Response,
    after: &Response,
    variables: &crate::template::Variables,
) -> Option<(String, String)> {
    let ids: Vec<String> = ["${client.id}", "${other_client.id}"]
        .into_iter()
        .filter_map(|text| crate::template::substitute_text(text, variables).ok())
        .chain([UNKNOWN_CLIENT.to_owned()])
        .collect();
    let members = |response: &Response| -> Vec<String> {
        let object = response.json().ok().and_then(Value::as_object);
        object
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .cloned()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    };
    let text = |response: &Response, name: &str| {
        let text = response.member(name).and_then(Value::as_str).unwrap_or_default();
        without_what_varies(text, &ids)
    };
    let pairs = [
        ("status", before.status.to_string(), after.status.to_string()),
        ("`error`", text(before, "error"), text(after, "error")),
        ("`error_description`", text(before, "error_description"), text(after, "error_description")),
        ("members", members(before).join(", "), members(after).join(", ")),
    ];
    pairs.into_iter().find(|(_, before, after)| before != after).map(|(what, before, after)| {
        (
            format!("the answer differs from the one before in its {what}"),
            format!("{what}: first `{}`, now `{}`", clip(&before, 80), clip(&after, 80)),
        )
    })
}

/// The words, but for client ids and for words with digits in them, such as trace ids and times.
fn without_what_varies(text: &str, ids: &[String]) -> String {
    let text = ids.iter().fold(text.to_owned(), |text, id| text.replace(id.as_str(), "…"));
    let words = text.split_whitespace();
    let plain = words.map(|word| if word.bytes().any(|byte| byte.is_ascii_digit()) { "…" } else { word });
    plain.collect::<Vec<_>>().join(" ")
}

/// Why no key of the set verifies the token; `None` when one does, when the token is opaque, or when its algorithm
/// is one that the verifier does not know.
fn unverified(token: &str, jwks: &Value) -> Option<String> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    // A server that is its own only reader may sign with a secret: no published key can show anything.
    if matches!(header.alg, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
        return None;
    }
    let keys = jwks.get("keys").and_then(Value::as_array)?;
    let mut validation = jsonwebtoken::Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let fits = |key: &&Value| match (&header.kid, key.get("kid").and_then(Value::as_str)) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => true,
    };
    let candidates: Vec<&Value> = keys.iter().filter(fits).collect();
    let verified = candidates.iter().any(|key| {
        serde_json::from_value::<jsonwebtoken::jwk::Jwk>((*key).clone())
            .ok()
            .and_then(|jwk| jsonwebtoken::DecodingKey::from_jwk(&jwk).ok())
            .is_some_and(|key| jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok())
    });
    let kid =
        header.kid.as_deref().map_or_else(|| "no kid".to_owned(), |kid| format!("kid `{}`", clip(kid, 60)));
    (!verified).then(|| match candidates.len() {
        0 => format!("the access token has {kid}, and none of {} keys has it", keys.len()),
        _ => format!("the access token has {kid}, and that key does not verify its signature"),
    })
}

/// The claims of a JWT, unverified; `None` for an opaque token.
pub(super) fn jwt_claims(token: &str) -> Option<Map<String, Value>> {
    let mut segments = token.split('.');
    let (_, payload) = (segments.next()?, segments.next()?);
    serde_json::from_slice(&B64URL.decode(payload).ok()?).ok()
}

/// Whether the assertion, or its payload, stands in the body.
pub(super) fn echoes(response: &Response, assertion: &str) -> bool {
    let payload = assertion.split('.').nth(1).filter(|payload| payload.len() >= 40);
    payload.is_some_and(|payload| contains_bytes(&response.body, payload.as_bytes()))
}

/// What of the server's inside the body shows. Marks are whole phrases that no error description holds by chance.
pub(super) fn internals(response: &Response) -> Option<(&'static str, String)> {
    const MARKS: [(&str, &str); 14] = [
        ("Traceback (most recent call last)", "a Python stack trace"),
        ("File \"/", "a source path"),
        ("\tat java.", "a Java stack trace"),
        ("\tat org.", "a Java stack trace"),
        ("    at Object.", "a JavaScript stack trace"),
        ("node_modules/", "a source path"),
        ("goroutine 1 [", "a Go stack trace"),
        ("panicked at ", "a Rust panic"),
        ("System.NullReferenceException", "a .NET exception"),
        ("java.lang.", "a Java exception"),
        ("SQLSTATE[", "an SQL error"),
        ("syntax error at or near", "an SQL error"),
        ("BEGIN PRIVATE KEY", "a private key"),
        ("BEGIN RSA PRIVATE KEY", "a private key"),
    ];
    let text = String::from_utf8_lossy(&response.body);
    // Inside a JSON string, a tab and a quote are escaped.
    let unescaped = text.replace("\\t", "\t").replace("\\\"", "\"");
    MARKS.into_iter().find_map(|(mark, what)| {
        let start = unescaped.find(mark)?;
        // Longer than what is shown of it, so that whoever shows it sees that it is cut.
        let excerpt: String = unescaped[start..].chars().take(200).collect();
        Some((what, excerpt.replace('\n', " ")))
    })
}

fn contains_bytes(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
