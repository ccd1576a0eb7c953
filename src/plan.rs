//! What runs, and what is skipped and why. Pure.

use crate::{
    discovery::{Discovery, split_origin},
    idjag::recipient,
    keys::KeyType,
    run::Baseline,
    settings::Settings,
    suite::{Case, Need, Suite},
    token_request::ClientAuthenticationMethod,
};

/// Why a case that sends is skipped where no client is configured.
pub const NO_CLIENT: &str = "no client is configured: set --client-id and --client-secret";

/// The cases of a suite that the run's filters select.
pub fn select<'a>(suites: &'a [Suite], settings: &Settings) -> Vec<(&'a Suite, Vec<&'a Case>)> {
    suites
        .iter()
        .map(|suite| {
            let cases = suite
                .cases
                .iter()
                .filter(|case| settings.selection.selects(&case.name()))
                .collect::<Vec<_>>();
            (suite, cases)
        })
        .filter(|(_, cases)| !cases.is_empty())
        .collect()
}

/// Why a case cannot run with this configuration and target, if so: one sentence that names the option.
pub fn skip_reason(
    case: &Case,
    settings: &Settings,
    discovery: &Discovery,
    baseline: Option<&Baseline>,
) -> Option<String> {
    case.needs.iter().find_map(|need| {
        let reason = match need {
            Need::Client if settings.client.is_none() => NO_CLIENT,
            Need::ClientSecret if settings.client.as_ref().is_none_or(|client| client.secret.is_none()) => {
                "the client has no secret: set --client-secret"
            }
            Need::ClientKey if settings.client.as_ref().is_none_or(|client| !client.has_key) => {
                "the client has no key: set --client-key"
            }
            Need::ClientCredential
                if settings
                    .client
                    .as_ref()
                    .is_none_or(|client| client.secret.is_none() && !client.has_key) =>
            {
                "the client has neither a secret nor a key: set --client-secret or --client-key"
            }
            Need::UnauthorizedClient if settings.unauthorized_client.is_none() => {
                "no client without this grant is configured: set --unauthorized-client-id and \
                 --unauthorized-client-secret"
            }
            Need::PublicClient if settings.public_client.is_none() => {
                "no public client is configured: set --public-client-id"
            }
            Need::OtherClient if settings.other_client.is_none() => {
                "no second client is configured: set --other-client-id and --other-client-secret"
            }
            Need::OtherIdpIssuer if !settings.other_idp_issuer => {
                "the target trusts one issuer only: register the second one too and set --other-idp-issuer"
            }
            Need::Scope if settings.scope.is_none() => "no scope is configured: set --scope",
            Need::Resource if settings.resource.is_none() => "no resource is configured: set --resource",
            Need::OtherResource if settings.other_resource.is_none() => {
                "no second resource is configured: set --other-resource"
            }
            Need::ExpectSubject if settings.expect_subject.is_none() => {
                "the subject of the access token is not known: set --expect-subject"
            }
            Need::Metadata if discovery.metadata().is_none() => "the target has no metadata document",
            Need::ClientSecretBasic
                if baseline.is_some_and(|baseline| {
                    baseline.manner.method != ClientAuthenticationMethod::ClientSecretBasic
                }) =>
            {
                "the client does not authenticate with HTTP Basic"
            }
            Need::IssuerPath if split_origin(discovery.issuer()).1.trim_matches('/').is_empty() => {
                "the issuer identifier has no path"
            }
            Need::RsaKey
                if baseline.is_some_and(|baseline| baseline.algorithm.key_type() != KeyType::Rsa) =>
            {
                "the ID-JAGs of this run are not signed with RSA"
            }
            Need::TargetKey
                if !discovery
                    .jwks
                    .as_ref()
                    .and_then(|jwks| jwks.response()?.json().ok())
                    .is_some_and(|set| recipient(set).is_some()) =>
            {
                "the target publishes no key for which a JWE could be made"
            }
            Need::Dpop if !advertises(discovery, "dpop_signing_alg_values_supported", Some("ES256")) => {
                "the target does not advertise DPoP with ES256"
            }
            Need::AuthorizationDetails
                if !advertises(discovery, "authorization_details_types_supported", None) =>
            {
                "the target advertises no type of authorization details"
            }
            Need::Email if !settings.claims.get("email").is_some_and(serde_json::Value::is_string) => {
                "the user's e-mail address is not known: set --claim email='\"…\"'"
            }
            Need::Intrusive if !settings.intrusive => "it loads the target: set --intrusive yes",
            Need::IdJagEncryption
                if !advertises(discovery, "id_jag_encryption_alg_values_supported", None) =>
            {
                "the target does not offer to take encrypted ID-JAGs"
            }
            _ => return None,
        };
        Some(reason.to_owned())
    })
}

/// Whether the metadata has a list of that name with this value in it, or with any.
fn advertises(discovery: &Discovery, name: &str, value: Option<&str>) -> bool {
    let listed = discovery.metadata().and_then(|metadata| metadata.strings(name)).unwrap_or_default();
    value.map_or(!listed.is_empty(), |value| listed.contains(&value))
}
