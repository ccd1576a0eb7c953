//! What runs, and what is skipped and why. Pure.

use crate::{
    discovery::{Discovery, split_origin},
    idjag::recipient,
    keys::KeyType,
    run::Baseline,
    settings::{Selection, Settings, Shard},
    suite::{Case, Need, Suite},
    token_request::ClientAuthenticationMethod,
};

/// Why a case that sends is skipped where no client is configured.
pub const NO_CLIENT: &str = "no client is configured: set --client-id and --client-secret";

/// The cases that the run's filters select, and of these the ones of its shard.
pub fn select<'a>(suites: &'a [Suite], selection: &Selection) -> Vec<&'a Case> {
    let cases: Vec<&Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let selected: Vec<&Case> = cases.into_iter().filter(|case| selection.selects(&case.name())).collect();
    match selection.shard {
        Some(shard) => part(&selected, shard),
        None => selected,
    }
}

/// One part of the cases, in their order. A case of the whole run is in every part, any other in exactly one. The
/// parts differ by one case at most, and by one of those that send nothing. What sends is cut in its order, so that
/// suite and control, which is sent once for all cases that share it, stay together. What runs alone comes last: such
/// cases leave traces in what the target remembers of the IdP, and find those of the others.
fn part<'a>(cases: &[&'a Case], shard: Shard) -> Vec<&'a Case> {
    let of_kind = |kind: Kind| (0..cases.len()).filter(move |at| Kind::of(cases[*at]) == kind);
    let mut discovery: Vec<usize> = of_kind(Kind::Discovery).collect();
    let mut others: Vec<usize> = of_kind(Kind::Sending).chain(of_kind(Kind::Exclusive)).collect();
    let total = discovery.len() + others.len();
    let fair = |count: usize, part: usize| count / shard.of + usize::from(part < count % shard.of);
    let mut of_this = Vec::new();
    let of_discovery = discovery.len();
    for part in 0..shard.number {
        let without_sending = fair(of_discovery, part);
        of_this = discovery.drain(..without_sending).collect();
        of_this.extend(others.drain(..fair(total, part) - without_sending));
    }
    of_this.extend(of_kind(Kind::WholeRun));
    of_this.sort_unstable();
    of_this.into_iter().map(|at| cases[at]).collect()
}

/// What a case costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing: it judges the discovery.
    Discovery,
    /// Some exchanges, beside others.
    Sending,
    /// Some exchanges and perhaps waits, alone.
    Exclusive,
    /// Nothing: it judges every answer of the run.
    WholeRun,
}

impl Kind {
    fn of(case: &Case) -> Self {
        match case {
            case if case.run_checks().is_some() => Self::WholeRun,
            case if case.is_exclusive() => Self::Exclusive,
            case if case.sends() => Self::Sending,
            _ => Self::Discovery,
        }
    }
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
                if discovery
                    .jwks
                    .as_ref()
                    .and_then(|jwks| recipient(jwks.response()?.json().ok()?))
                    .is_none() =>
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{load, registry::Registry};

    fn suites() -> Vec<Suite> {
        load::shipped_suites(&Registry::embedded().unwrap()).unwrap()
    }

    fn selection(filter: &str, shard: Option<Shard>) -> Selection {
        Selection { filters: vec![filter.to_owned()], shard, ..Selection::default() }
    }

    fn count(cases: &[&Case], kind: Kind) -> usize {
        cases.iter().filter(|case| Kind::of(case) == kind).count()
    }

    #[test]
    fn all_parts_together_are_the_cases_each_once_and_those_of_the_whole_run_in_every_part() {
        let suites = suites();
        for (filter, most) in [("", 5), ("discovery", 40), ("signature", 20), ("error", 20)] {
            let all = select(&suites, &selection(filter, None));
            let whole = count(&all, Kind::WholeRun);
            let own = all.len() - whole;
            let discovery = count(&all, Kind::Discovery);
            let alone = count(&all, Kind::Exclusive);
            let fair = |count: usize, of: usize| count / of..=count.div_ceil(of);
            for of in 1..=most {
                let mut seen: Vec<String> = Vec::new();
                for number in 1..=of {
                    let part = select(&suites, &selection(filter, Some(Shard { number, of })));
                    let which = format!("`{filter}` {number}/{of}");
                    assert!(fair(own, of).contains(&(part.len() - whole)), "{which}");
                    assert!(fair(discovery, of).contains(&count(&part, Kind::Discovery)), "{which}");
                    assert_eq!(count(&part, Kind::WholeRun), whole, "{which}");
                    if number == of && alone + discovery.div_ceil(of) <= own / of {
                        assert_eq!(count(&part, Kind::Exclusive), alone, "{which}: none elsewhere");
                    }
                    let mut rest = all.iter();
                    assert!(
                        part.iter().all(|case| rest.any(|known| std::ptr::eq(*known, *case))),
                        "{which}: the order"
                    );
                    seen.extend(
                        part.iter().filter(|case| Kind::of(case) != Kind::WholeRun).map(|case| case.name()),
                    );
                }
                let own = all.iter().filter(|case| Kind::of(case) != Kind::WholeRun);
                let mut names: Vec<String> = own.map(|case| case.name()).collect();
                names.sort();
                seen.sort();
                assert_eq!(seen, names, "`{filter}` in {of} parts");
            }
        }
    }

    #[test]
    fn parts_keep_suites_together() {
        let suites = suites();
        let of = suites.len();
        let mut mixed = 0;
        for number in 1..=of {
            let cases = select(&suites, &selection("", Some(Shard { number, of })));
            let mut names: Vec<&str> = cases
                .iter()
                .filter(|case| Kind::of(case) == Kind::Sending)
                .map(|case| case.suite.as_str())
                .collect();
            names.dedup();
            mixed += names.len();
        }
        // Cutting N parts adds N - 1 suites that are in two parts, no more.
        assert!(mixed < 2 * of, "{mixed} suites in all parts");
    }

    #[test]
    fn a_shard_is_k_of_n() {
        assert_eq!("2/3".parse(), Ok(Shard { number: 2, of: 3 }));
        assert_eq!("2/3".parse::<Shard>().unwrap().to_string(), "2/3");
        for (text, words) in [
            ("", "`` is no K/N"),
            ("1", "`1` is no K/N, such as 1/3"),
            ("1/2/3", "no K/N"),
            ("-1/3", "no K/N"),
            ("a/b", "no K/N"),
            ("0/3", "the first part is 1/3"),
            ("4/3", "the last part is 3/3"),
            ("1/0", "at least one part"),
            ("1/1001", "at most 1000 parts"),
            ("1/99999999999999999999999", "at most 1000 parts"),
            ("99999999999999999999999/3", "the last part is 3/3"),
        ] {
            let message = text.parse::<Shard>().unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
        }
    }
}
