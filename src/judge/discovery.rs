//! The verdict on what discovery found: constraints on the metadata document, and named checks.

use serde_json::Value;

use super::{Judgement, constraint};
use crate::{
    discovery::{
        Discovery, FORGED_HOST, IssuerVerdict, ServerMetadata, Try, WellKnown, first_difference, kind_of,
    },
    observation::{TransportErrorKind, clip},
    report::Finding as FindingKind,
    settings::Profile,
    suite::{DiscoveryCheck, DiscoveryExpectation, Level},
    template::Variables,
    token_request::JWT_BEARER,
};

/// Judges the discovery; with the verdict comes the level that it rests on, which for two checks the contract settles
/// whatever the case says. Cases with constraints on the metadata need a document; `plan` has skipped them without.
pub fn judge_discovery(
    expect: &DiscoveryExpectation,
    level: Level,
    discovery: &Discovery,
    profile: Profile,
    variables: &Variables,
) -> (Judgement, Level) {
    let mut expected: Vec<String> = expect
        .metadata
        .iter()
        .map(|(name, demand)| format!("`{name}` {}", constraint::describe(demand)))
        .collect();
    expected.extend(expect.checks.iter().map(|check| describe(*check).to_owned()));
    let expected = expected.join("; ");
    if let Some(metadata) = discovery.metadata() {
        for (name, demand) in &expect.metadata {
            let value = metadata.document.get(name);
            if let Some(violation) = constraint::violated(demand, value, variables) {
                let reason = violation.reason(&format!("`{name}`"));
                let found = value.map_or_else(|| violation.found().to_owned(), constraint::typed);
                let observed = format!("`{name}` is {found}");
                return (Judgement::finding(level, FindingKind::Detail, reason, expected, observed), level);
            }
        }
    }
    for check in &expect.checks {
        if let Some(undecided) = undecided(*check, discovery, &expected) {
            return (undecided, level);
        }
        if let Some(finding) = run_check(*check, discovery, profile) {
            let level = finding.level.unwrap_or(level);
            let Finding { reason, observed, .. } = finding;
            return (Judgement::finding(level, FindingKind::Detail, reason, expected, observed), level);
        }
    }
    let observed = match discovery.used() {
        Some(used) => format!("so in the document at {}", used.url),
        None => "so".to_owned(),
    };
    (Judgement::pass(expected, observed), level)
}

/// Where there is nothing to judge: no answer, an answer that is none, no document.
fn undecided(check: DiscoveryCheck, discovery: &Discovery, expected: &str) -> Option<Judgement> {
    match check {
        DiscoveryCheck::TokenEndpointAnswers => match &discovery.token_endpoint_answer.as_ref()?.result {
            // An address that no request can be made of is a finding; silence is none.
            Err(error) if error.kind == TransportErrorKind::Protocol => None,
            Err(error) => {
                let reason = format!("the token endpoint does not answer: {}", error.message);
                Some(Judgement::unanswered(reason, expected.to_owned()))
            }
            Ok(response) if response.status == 429 => Some(Judgement::throttled(
                "the target answered 429".into(),
                expected.to_owned(),
                response.summary(),
            )),
            Ok(_) => None,
        },
        DiscoveryCheck::JwksHasNoPrivateMembers if key_set(discovery).is_none() => {
            let reason = "not offered: the metadata names no JWK Set that could be looked at".into();
            Some(Judgement::cannot_be_told(reason, expected.to_owned(), "no JWK Set".into()))
        }
        _ => None,
    }
}

fn key_set(discovery: &Discovery) -> Option<&Vec<Value>> {
    discovery.jwks.as_ref()?.response()?.json().ok()?.get("keys")?.as_array()
}

/// The grant profile of ID-JAGs (draft-ietf-oauth-identity-assertion-authz-grant section 7.2).
const GRANT_PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";

struct Finding {
    reason: String,
    observed: String,
    /// Where the contract settles the level whatever the case says.
    level: Option<Level>,
}

impl Finding {
    fn new(reason: impl Into<String>, observed: impl Into<String>) -> Self {
        Finding { reason: reason.into(), observed: observed.into(), level: None }
    }
}

fn run_check(check: DiscoveryCheck, discovery: &Discovery, profile: Profile) -> Option<Finding> {
    match check {
        DiscoveryCheck::MetadataFound => metadata_found(discovery, profile),
        DiscoveryCheck::FoundWhereAllClientsLook => discovery.used().and_then(|used| {
            (used.well_known == WellKnown::OauthAppended).then(|| {
                Finding::new(
                    "only some clients try this address (RFC 8414 section 3.1 inserts the well-known part)",
                    format!("the only document is at {}", used.url),
                )
            })
        }),
        DiscoveryCheck::FoundByInsertion => found_by_insertion(discovery),
        DiscoveryCheck::HostHeaderIgnored => host_header_ignored(discovery),
        DiscoveryCheck::IssuerIdentical => issuer_identical(discovery),
        DiscoveryCheck::DocumentsAgree => documents_agree(discovery),
        DiscoveryCheck::ContentTypeJson => discovery.used().and_then(|used| {
            let response = used.observation.response()?;
            let media_type = response.header("content-type").unwrap_or("absent");
            let essence = media_type.split(';').next().unwrap_or_default().trim();
            (!essence.eq_ignore_ascii_case("application/json")).then(|| {
                Finding::new(
                    "the document is not served as application/json (RFC 8414 section 3.2)",
                    format!("Content-Type of {} is {}", used.url, clip(media_type, 80)),
                )
            })
        }),
        DiscoveryCheck::NoRedirect => discovery.tries.iter().find_map(|attempt| {
            let response = attempt.observation.response()?;
            (300..400).contains(&response.status).then(|| {
                Finding::new(
                    "a well-known address redirects, which clients need not follow (RFC 8414 section 3.2)",
                    format!(
                        "{} answers {} to {}",
                        attempt.url,
                        response.status,
                        clip(response.header("location").unwrap_or("nowhere"), 120)
                    ),
                )
            })
        }),
        DiscoveryCheck::NoEmptyArrays => discovery.metadata().and_then(|metadata| {
            let empty: Vec<&str> = metadata
                .document
                .iter()
                .filter(|(_, value)| value.as_array().is_some_and(Vec::is_empty))
                .map(|(name, _)| name.as_str())
                .collect();
            (!empty.is_empty()).then(|| {
                Finding::new(
                    "members without elements are left out (RFC 8414 section 3.2)",
                    format!("empty: {}", clip(&empty.join(", "), 160)),
                )
            })
        }),
        DiscoveryCheck::GrantTypeWithProfile => discovery.metadata().and_then(|metadata| {
            let lists = |member, value: &str| {
                metadata.strings(member).is_some_and(|values| values.contains(&value))
            };
            let profile = lists("authorization_grant_profiles_supported", GRANT_PROFILE);
            (profile && !lists("grant_types_supported", JWT_BEARER)).then(|| {
                Finding::new(
                    "the grant profile is advertised without the grant type that it uses (RFC 8414 section 2: left \
                     out, `grant_types_supported` means authorization_code and implicit)",
                    format!("`grant_types_supported` lacks `{JWT_BEARER}`"),
                )
            })
        }),
        DiscoveryCheck::NoIssuersAmongGrantProfiles => discovery.metadata().and_then(|metadata| {
            let profiles = metadata.document.get("authorization_grant_profiles_supported")?.as_array()?;
            let issuer =
                profiles.iter().find(|entry| entry.as_str().is_none_or(|text| text.contains("://")))?;
            Some(Finding::new(
                "the metadata tells the public which IdPs are trusted",
                format!("`authorization_grant_profiles_supported` has {}", constraint::show(issuer)),
            ))
        }),
        DiscoveryCheck::TokenEndpointAnswers => token_endpoint_answers(discovery),
        DiscoveryCheck::JwksHasNoPrivateMembers => private_members(discovery),
        DiscoveryCheck::ClientAuthenticationAlgorithms => {
            discovery.metadata().and_then(client_authentication_algorithms)
        }
        DiscoveryCheck::AsymmetricClientAuthentication => discovery.metadata().and_then(no_asymmetric_method),
    }
}

/// Without a document, `{issuer}/token` is tried: a `fail` under `mcp-ema`, whose clients need the metadata, else
/// a `warn` (CONTRACT, Discovery).
fn metadata_found(discovery: &Discovery, profile: Profile) -> Option<Finding> {
    if discovery.first().is_some() {
        return None;
    }
    let tried: Vec<String> = discovery
        .tries
        .iter()
        .map(|attempt| {
            format!("{} {}", attempt.url, attempt.document.as_ref().err().map_or("", String::as_str))
        })
        .collect();
    Some(Finding {
        reason: "no well-known address has a valid metadata document".into(),
        observed: tried.join("; "),
        level: Some(if profile == Profile::McpEma { Level::MUST } else { Level::SHOULD }),
    })
}

fn found_by_insertion(discovery: &Discovery) -> Option<Finding> {
    let inserted =
        |attempt: &&Try| matches!(attempt.well_known, WellKnown::OauthInserted | WellKnown::OpenidInserted);
    discovery.first()?;
    if discovery.tries.iter().filter(inserted).any(|attempt| attempt.document.is_ok()) {
        return None;
    }
    let tried: Vec<String> = discovery
        .tries
        .iter()
        .filter(inserted)
        .map(|attempt| {
            format!("{} {}", attempt.url, attempt.document.as_ref().err().map_or("", String::as_str))
        })
        .collect();
    Some(Finding::new(
        "clients that follow RFC 8414 section 3.1 insert the well-known part between host and path, and find nothing",
        tried.join("; "),
    ))
}

/// A server that builds its metadata of the Host header hands out addresses that whoever sends the header chooses.
fn host_header_ignored(discovery: &Discovery) -> Option<Finding> {
    let ours = discovery.metadata()?;
    // A refusal of the unknown host is as right as the same document.
    let forged = ServerMetadata::read(discovery.forged_host.as_ref()?.response()?).ok()?;
    ["issuer", "token_endpoint", "jwks_uri"].into_iter().find_map(|member| {
        let text = forged.document.get(member)?.as_str()?;
        let differs = ours.document.get(member) != forged.document.get(member);
        (differs && text.contains(FORGED_HOST)).then(|| {
            Finding::new(
                "the metadata follows the Host header of the request",
                format!("with Host: {FORGED_HOST}, `{member}` is `{}`", clip(text, 160)),
            )
        })
    })
}

fn issuer_identical(discovery: &Discovery) -> Option<Finding> {
    let asked = &discovery.asked;
    match discovery.issuer_verdict() {
        IssuerVerdict::Identical | IssuerVerdict::NoDocument => None,
        IssuerVerdict::SelfConsistent(issuer) => Some(Finding {
            reason: format!(
                "the target calls itself otherwise than --target says; {}",
                first_difference(asked, &issuer)
            ),
            observed: format!("issuer is `{}`, --target is `{asked}`", clip(&issuer, 160)),
            level: Some(Level::SHOULD),
        }),
        IssuerVerdict::Contradicted(issuer) => Some(Finding {
            reason: format!(
                "a client must not use a document whose issuer is not the one it asked for (RFC 8414 section 3.3); {}",
                first_difference(asked, &issuer)
            ),
            observed: format!("issuer is `{}`, --target is `{asked}`", clip(&issuer, 160)),
            level: None,
        }),
    }
}

fn documents_agree(discovery: &Discovery) -> Option<Finding> {
    let valid: Vec<(&Try, &ServerMetadata)> = discovery
        .tries
        .iter()
        .filter_map(|attempt| Some((attempt, attempt.document.as_ref().ok()?)))
        .collect();
    let ((first, first_document), others) = valid.split_first()?;
    for member in ["issuer", "token_endpoint", "jwks_uri"] {
        for (other, document) in others {
            let (ours, theirs) = (first_document.document.get(member), document.document.get(member));
            // What one document leaves out, the other may say.
            if ours.is_some() && theirs.is_some() && ours != theirs {
                let text = |value: Option<&Value>| value.map_or_else(|| "absent".into(), constraint::show);
                return Some(Finding::new(
                    format!("two documents of the same issuer say different things of `{member}`"),
                    format!("{} at {}, {} at {}", text(ours), first.url, text(theirs), other.url),
                ));
            }
        }
    }
    None
}

/// A POST without parameters lacks `grant_type`: the right answer is an OAuth error (RFC 6749 section 5.2).
fn token_endpoint_answers(discovery: &Discovery) -> Option<Finding> {
    let Some(endpoint) = discovery.token_endpoint() else {
        let named = discovery.metadata().and_then(|metadata| metadata.token_endpoint.as_deref());
        return Some(match named {
            Some(foreign) => Finding::new(
                "the token endpoint is at another host, named by a document that nothing confirms",
                format!("token_endpoint is `{}`", clip(foreign, 160)),
            ),
            None => Finding::new("the metadata names no token endpoint", "`token_endpoint` is absent"),
        });
    };
    let answer = discovery.token_endpoint_answer.as_ref()?;
    let seen = match &answer.result {
        Ok(response) if response.is_of_a_token_endpoint() => return None,
        Ok(response) => response.summary(),
        Err(error) => error.message.clone(),
    };
    Some(Finding::new("there is no token endpoint at that address", format!("POST {endpoint}: {seen}")))
}

/// RFC 8414 section 2: `jwks_uri` publishes public keys. RFC 7518 section 6 names the private members.
fn private_members(discovery: &Discovery) -> Option<Finding> {
    let leaked = key_set(discovery)?.iter().find_map(|key| {
        ["d", "p", "q", "dp", "dq", "qi", "k"].into_iter().find(|member| key.get(member).is_some())
    })?;
    Some(Finding::new(
        "the JWK Set publishes private key material: whoever reads it signs access tokens",
        format!("a key has the member `{leaked}`"),
    ))
}

fn client_authentication_algorithms(metadata: &ServerMetadata) -> Option<Finding> {
    let methods = metadata.strings("token_endpoint_auth_methods_supported")?;
    let with_jwt: Vec<&str> = methods
        .into_iter()
        .filter(|method| matches!(*method, "private_key_jwt" | "client_secret_jwt"))
        .collect();
    if with_jwt.is_empty() {
        return None;
    }
    let member = "token_endpoint_auth_signing_alg_values_supported";
    match metadata.document.get(member) {
        None => Some(Finding::new(
            format!("`{}` is advertised without its algorithms (RFC 8414 section 2)", with_jwt.join("`, `")),
            format!("`{member}` is absent"),
        )),
        Some(Value::Array(algorithms)) if algorithms.contains(&Value::from("none")) => Some(Finding::new(
            "`none` is no algorithm for client authentication",
            format!("`{member}` has `none`"),
        )),
        Some(Value::Array(_)) => None,
        Some(other) => {
            Some(Finding::new(format!("`{member}` must be an array"), format!("it is {}", kind_of(other))))
        }
    }
}

/// RFC 9700 section 2.5 recommends them; the names are those of RFC 7591 section 2 and RFC 8705 section 2.
fn no_asymmetric_method(metadata: &ServerMetadata) -> Option<Finding> {
    let methods = metadata.strings("token_endpoint_auth_methods_supported").unwrap_or_default();
    let of_a_key = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"];
    (!methods.iter().any(|method| of_a_key.contains(method))).then(|| {
        let advertised = if methods.is_empty() { "no method at all".to_owned() } else { methods.join(", ") };
        Finding::new("no client can authenticate with a key of its own", format!("advertised: {advertised}"))
    })
}

fn describe(check: DiscoveryCheck) -> &'static str {
    match check {
        DiscoveryCheck::MetadataFound => "a metadata document at a well-known address",
        DiscoveryCheck::FoundWhereAllClientsLook => "the document where every client looks",
        DiscoveryCheck::FoundByInsertion => "a document where the well-known part stands before the path",
        DiscoveryCheck::HostHeaderIgnored => "the same document whatever the Host header says",
        DiscoveryCheck::IssuerIdentical => "`issuer` identical to the target's issuer identifier",
        DiscoveryCheck::DocumentsAgree => "documents that say the same",
        DiscoveryCheck::ContentTypeJson => "Content-Type application/json",
        DiscoveryCheck::NoRedirect => "no redirect",
        DiscoveryCheck::NoEmptyArrays => "no empty arrays",
        DiscoveryCheck::GrantTypeWithProfile => "the JWT bearer grant type beside the grant profile",
        DiscoveryCheck::NoIssuersAmongGrantProfiles => "no issuers among the grant profiles",
        DiscoveryCheck::TokenEndpointAnswers => "an OAuth error to a POST without parameters",
        DiscoveryCheck::JwksHasNoPrivateMembers => "public keys only in the JWK Set",
        DiscoveryCheck::ClientAuthenticationAlgorithms => "the algorithms of JWT client authentication",
        DiscoveryCheck::AsymmetricClientAuthentication => "client authentication by the client's own key",
    }
}
