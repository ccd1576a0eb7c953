//! What keeps the target from being tested before any ID-JAG is judged: nothing answers, no metadata, no token
//! endpoint.

use super::{Seen, refusal};
use crate::{
    discovery::{IssuerVerdict, first_difference},
    judge::UNREACHABLE,
    observation::{TransportErrorKind, clip},
    plan::NO_CLIENT,
    report::{Blame, CaseReport, Confidence, Diagnosis},
};

pub(super) fn diagnose(seen: &Seen<'_>) -> Vec<Diagnosis> {
    if seen.evidence.unreachable {
        return vec![unreachable(seen)];
    }
    let mut diagnoses: Vec<Diagnosis> = no_client(seen).into_iter().collect();
    if let Some(token_endpoint) = token_endpoint(seen) {
        diagnoses.push(token_endpoint);
    }
    if let Some(discovery) = no_metadata(seen) {
        // Without a document the token endpoint is a guess; that it is wrong follows from the missing document.
        diagnoses.insert(0, discovery);
    } else if let Some(issuer) = contradicted_issuer(seen) {
        diagnoses.insert(0, issuer);
    }
    if !refusal::baseline_refused(seen)
        || diagnoses.iter().any(|known| known.row.starts_with("jwt-bearer") || known.row == UNREACHABLE)
    {
        return diagnoses;
    }
    let refused = refusal::diagnose(seen);
    if matches!(seen.discovery.issuer_verdict(), IssuerVerdict::Contradicted(_)) {
        // The `aud` of the ID-JAG came from a document that nothing confirms: that is to be mended first.
        diagnoses.extend(refused);
        return diagnoses;
    }
    // Both are told: why the ID-JAG is refused, and a document that is missing or named otherwise.
    refused.into_iter().chain(diagnoses).collect()
}

/// The row of a run without a client.
pub const NO_CLIENT_ROW: &str = "own.no-client";

/// Without a client only the discovery is tested.
fn no_client(seen: &Seen<'_>) -> Option<Diagnosis> {
    let evidence = vec![waiting_for_a_client(seen.cases)?];
    seen.settings.client.is_none().then(|| seen.diagnosis(NO_CLIENT_ROW, Confidence::Certain, evidence))
}

/// How many cases were skipped for want of a client; none where there is no such case.
pub fn waiting_for_a_client(cases: &[CaseReport]) -> Option<String> {
    let waiting = cases.iter().filter(|case| case.reason == NO_CLIENT).count();
    (waiting > 0).then(|| format!("{waiting} cases need a client that is registered at the target"))
}

fn unreachable(seen: &Seen<'_>) -> Diagnosis {
    let error = seen.discovery.tries.iter().find_map(|attempt| attempt.observation.error());
    let evidence = seen
        .discovery
        .tries
        .iter()
        .map(|attempt| {
            let error = attempt.observation.error().map_or("no answer", |error| error.message.as_str());
            format!("GET {}: {error}", attempt.url)
        })
        .collect();
    let mut diagnosis = seen.diagnosis("own.target-unreachable", Confidence::Certain, evidence);
    diagnosis.blame = Blame::Undecided;
    if let Some(error) = error {
        let (cause, fix) = match error.kind {
            TransportErrorKind::Dns => (
                "The host of --target has no address.",
                "Check the spelling of --target, and that its name resolves on this machine.",
            ),
            TransportErrorKind::Refused => (
                "Nothing listens at the host and port of --target.",
                "Start the authorization server, or correct host and port of --target; with --wait SECONDS \
                 jagspec waits for a server that is still starting.",
            ),
            TransportErrorKind::Tls => (
                "The TLS handshake with the target failed.",
                "Trust a private CA with --ca-cert FILE, or correct the scheme of --target (http or https); \
                 --insecure skips the verification, for a try.",
            ),
            TransportErrorKind::Timeout => (
                "The target takes the connection and does not answer in time.",
                "Look into the target's log for these requests; give it more time with --timeout SECONDS.",
            ),
            TransportErrorKind::Closed | TransportErrorKind::Protocol => (
                "What answers at --target does not speak HTTP as expected.",
                "Check scheme, host and port of --target.",
            ),
        };
        diagnosis.cause = cause.into();
        diagnosis.fix = fix.into();
    }
    diagnosis
}

fn no_metadata(seen: &Seen<'_>) -> Option<Diagnosis> {
    if seen.discovery.first().is_some() || seen.discovery.tries.is_empty() {
        return None;
    }
    let evidence = seen
        .discovery
        .tries
        .iter()
        .map(|attempt| {
            let why = attempt.document.as_ref().err().map_or("", String::as_str);
            format!("GET {} ({}): {why}", attempt.url, attempt.well_known.name())
        })
        .collect();
    Some(seen.diagnosis("registration.discovery-failed", Confidence::Certain, evidence))
}

fn contradicted_issuer(seen: &Seen<'_>) -> Option<Diagnosis> {
    let asked = &seen.discovery.asked;
    let (issuer, confirmed) = match seen.discovery.issuer_verdict() {
        IssuerVerdict::SelfConsistent(issuer) => (issuer, true),
        IssuerVerdict::Contradicted(issuer) => (issuer, false),
        IssuerVerdict::Identical | IssuerVerdict::NoDocument => return None,
    };
    let evidence = vec![
        format!("--target is `{asked}`"),
        format!("the document's `issuer` is `{}`", clip(&issuer, 200)),
        first_difference(asked, &issuer),
    ];
    let mut diagnosis = seen.diagnosis("registration.discovery-failed", Confidence::Certain, evidence);
    if confirmed {
        diagnosis.blame = Blame::HarnessConfiguration;
        diagnosis.cause =
            "The server's issuer identifier is not the one that --target names, byte for byte.".into();
        diagnosis.fix = format!(
            "Run with `--target {}`. Clients must be given that very string too: `aud` is compared with it.",
            clip(&issuer, 200)
        );
    } else {
        diagnosis.cause =
            "The metadata names an issuer whose own metadata does not confirm it: clients that \
                           follow RFC 8414 section 3.3 stop here."
                .into();
        diagnosis.fix = format!(
            "Set the server's issuer identifier to the address under which clients reach it (`{asked}`), byte \
             for byte, without a slash more or less."
        );
    }
    Some(diagnosis)
}

fn token_endpoint(seen: &Seen<'_>) -> Option<Diagnosis> {
    const ROW: &str = "jwt-bearer.token-endpoint-not-found";
    let Some(endpoint) = seen.discovery.token_endpoint() else {
        let metadata = seen.discovery.metadata()?;
        let url = seen.discovery.used().map_or("", |used| used.url.as_str());
        let evidence = match &metadata.token_endpoint {
            None => vec![format!("the document at {url} has no `token_endpoint`")],
            Some(endpoint) => vec![
                format!("the document at {url} names `{}`", clip(endpoint, 200)),
                "its issuer is not confirmed, so no credentials are sent to another host".into(),
            ],
        };
        return Some(seen.diagnosis(ROW, Confidence::Certain, evidence));
    };
    let answer = seen.discovery.token_endpoint_answer.as_ref()?;
    match &answer.result {
        Ok(response) if response.is_of_a_token_endpoint() => None,
        Ok(response) => {
            let evidence = vec![format!("POST {endpoint}: {}", response.summary())];
            Some(seen.diagnosis(ROW, Confidence::Certain, evidence))
        }
        // An address that no request can be made of, or that speaks no HTTP.
        Err(error) if error.kind == TransportErrorKind::Protocol => {
            let evidence = vec![format!("POST {endpoint}: {}", error.message)];
            Some(seen.diagnosis(ROW, Confidence::Certain, evidence))
        }
        Err(error) => {
            let evidence = vec![format!("POST {endpoint}: {}", error.message)];
            let mut diagnosis = seen.diagnosis(UNREACHABLE, Confidence::Certain, evidence);
            diagnosis.cause = "The metadata answers, and the token endpoint that it names does not.".into();
            diagnosis.fix =
                "Correct `token_endpoint` in the metadata, or start what is to listen there.".into();
            Some(diagnosis)
        }
    }
}
