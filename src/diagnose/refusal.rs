//! Why a well-formed ID-JAG is refused: the change that flips the answer, the error code, the words of the server,
//! and what it fetched from the IdP.

use super::{Attempt, AttemptAnswer, Seen};
use crate::{
    idp::AccessKind,
    report::{Blame, Confidence, Diagnosis},
};

/// Whether well-formed ID-JAGs were sent and none was accepted.
pub(super) fn baseline_refused(seen: &Seen<'_>) -> bool {
    let attempts = &seen.evidence.attempts;
    !attempts.is_empty() && attempts.iter().all(|attempt| attempt.answer != AttemptAnswer::Accepted)
}

pub(super) fn diagnose(seen: &Seen<'_>) -> Vec<Diagnosis> {
    if !baseline_refused(seen) {
        return Vec::new();
    }
    let mut diagnoses: Vec<Diagnosis> = by_probe(seen).into_iter().collect();
    if diagnoses.iter().any(|diagnosis| diagnosis.confidence == Confidence::Certain) {
        return diagnoses; // An experiment has named the cause: what else could be is no longer of interest.
    }
    let rest = by_code(seen).unwrap_or_else(|| by_words_and_log(seen));
    for diagnosis in rest {
        if diagnoses.iter().all(|known| known.row != diagnosis.row) {
            diagnoses.push(diagnosis);
        }
    }
    diagnoses
}

/// The attempt that tells most: of those that got past client authentication the first, else the first at all.
fn telling<'a>(seen: &Seen<'a>) -> Option<&'a Attempt> {
    let attempts = &seen.evidence.attempts;
    let past = attempts.iter().find(|attempt| {
        matches!(&attempt.answer, AttemptAnswer::Refused { error: Some(error), .. }
            if error != "invalid_client" && error != "invalid_request")
    });
    past.or(attempts.first())
}

fn attempts(seen: &Seen<'_>) -> Vec<String> {
    seen.evidence.attempts.iter().map(Attempt::sentence).collect()
}

/// A probe that was accepted names the cause.
fn by_probe(seen: &Seen<'_>) -> Option<Diagnosis> {
    let flip = seen.evidence.probes.iter().find(|probe| probe.answer == AttemptAnswer::Accepted)?;
    let confidence = if flip.flipped_back { Confidence::Certain } else { Confidence::Likely };
    let mut evidence: Vec<String> = telling(seen).map(Attempt::sentence).into_iter().collect();
    evidence.push(format!("the same with one change ({}): accepted", flip.probe.change));
    if flip.flipped_back {
        evidence.push("without the change, sent once more: refused again".into());
    }
    let mut diagnosis = seen.diagnosis(flip.probe.row, confidence, evidence);
    diagnosis.cause.clone_from(&flip.probe.cause);
    diagnosis.fix.clone_from(&flip.probe.fix);
    diagnosis.blame = flip.probe.blame;
    Some(diagnosis)
}

/// Error codes that name the subject by themselves. `None` for those that do not.
fn by_code(seen: &Seen<'_>) -> Option<Vec<Diagnosis>> {
    let attempt = telling(seen)?;
    let AttemptAnswer::Refused { status, error, description, .. } = &attempt.answer else {
        let mut diagnosis = seen.diagnosis("own.target-unreachable", Confidence::Likely, attempts(seen));
        diagnosis.blame = Blame::Undecided;
        return Some(vec![diagnosis]);
    };
    let row = match (status, error.as_deref()) {
        (_, Some("invalid_client")) => "jwt-bearer.invalid-client",
        (_, Some("unauthorized_client" | "unsupported_grant_type")) => "own.jwt-bearer.grant-type",
        // The request has every parameter of this grant: one that is missed belongs to another, so that no handler
        // has taken the assertion for an ID-JAG.
        (_, Some("invalid_request")) if of_another_grant(description) => "jwt-bearer.invalid-grant.typ",
        (_, Some("invalid_request")) => "own.jwt-bearer.token-request",
        (_, Some("invalid_scope")) => "own.jwt-bearer.invalid-scope",
        (_, Some("invalid_target")) => "own.jwt-bearer.invalid-target",
        (429, _) => "own.throttled",
        (401 | 403, None) => "jwt-bearer.invalid-client",
        (404 | 405 | 501, _) => "jwt-bearer.token-endpoint-not-found",
        (500.., _) => "own.jwt-bearer.server-error",
        // No refusal, and no token either.
        (..300, None) => "own.jwt-bearer.token-response",
        _ => return None,
    };
    let confidence = if row == "jwt-bearer.invalid-client" || error.is_some() {
        Confidence::Likely
    } else {
        Confidence::Possible
    };
    let mut evidence = attempts(seen);
    evidence.extend(by_client_jwks(seen).filter(|_| row == "jwt-bearer.invalid-client"));
    if !description.is_empty() {
        evidence.push(format!("the server's words: {description}"));
    }
    let mut diagnosis = seen.diagnosis(row, confidence, evidence);
    if let (..300, None) = (status, error) {
        diagnosis.cause =
            "The server answers a token request with success and without a usable access token.".into();
        diagnosis.fix =
            "Answer with a JSON object that has the strings `access_token` and `token_type` (RFC 6749 \
                         section 5.1), and refuse with status 400 and `error` (section 5.2); or correct \
                         `token_endpoint`, if something else is at this address."
                .into();
    }
    Some(vec![diagnosis])
}

/// Whether the target has fetched the key of a client that authenticates with one.
fn by_client_jwks(seen: &Seen<'_>) -> Option<String> {
    if !seen.settings.client.as_ref().is_some_and(|client| client.has_key) {
        return None;
    }
    let address = format!("{}/client-jwks", seen.settings.idp_issuer.trim_end_matches('/'));
    let fetched = seen.evidence.idp.iter().any(|access| access.kind == AccessKind::ClientJwks);
    Some(match fetched {
        true => format!("the target fetched {address}, the client's keys, during the run"),
        false => format!(
            "the target did not fetch {address}: it has the client's key from elsewhere, or is not told where it is"
        ),
    })
}

/// Whether the words are about a parameter of the authorization code grant or of token exchange.
fn of_another_grant(words: &str) -> bool {
    ["redirect_uri", "`code`", "code_verifier", "response_type", "subject_token"]
        .iter()
        .any(|parameter| words.contains(parameter))
}

/// For `invalid_grant` and what is like it: the words of the server first, then what it fetched from the IdP.
fn by_words_and_log(seen: &Seen<'_>) -> Vec<Diagnosis> {
    let mut diagnoses = Vec::new();
    if let Some(AttemptAnswer::Refused { description, .. }) = telling(seen).map(|attempt| &attempt.answer)
        && let Some(row) = row_of_words(description)
    {
        let mut evidence = attempts(seen);
        evidence.push(format!("the server's words: {description}"));
        diagnoses.push(seen.diagnosis(row, Confidence::Likely, evidence));
    }
    let mut by_log = by_log(seen);
    // Once, and first: what was answered.
    if let (true, Some(first)) = (diagnoses.is_empty(), by_log.first_mut()) {
        first.evidence.splice(0..0, attempts(seen));
    }
    diagnoses.extend(by_log);
    diagnoses
}

/// What the words of a refusal are about. Words are a hint: many servers say one thing for everything.
fn row_of_words(words: &str) -> Option<&'static str> {
    let lower = words.to_lowercase();
    let has = |word: &str| lower.contains(word);
    let token = |word: &str| {
        lower.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|part| part == word)
    };
    [
        (token("typ") || has("token type"), "jwt-bearer.invalid-grant.typ"),
        (token("aud") || has("audience"), "jwt-bearer.invalid-grant.aud"),
        (
            token("exp") || token("iat") || token("nbf") || has("expired") || has("issued in the future"),
            "jwt-bearer.invalid-grant.expired",
        ),
        (
            has("signature") || has("jwks") || token("kid") || has("algorithm") || has("no key"),
            "jwt-bearer.invalid-grant.jwks",
        ),
        (token("iss") || has("issuer"), "jwt-bearer.invalid-grant.iss"),
        (token("client_id"), "jwt-bearer.invalid-grant.client-id"),
        (token("sub") || has("subject") || has("user"), "own.jwt-bearer.subject"),
        (token("jti") || has("replay"), "own.jwt-bearer.replay"),
        (has("scope"), "own.jwt-bearer.invalid-scope"),
        (has("resource"), "own.jwt-bearer.invalid-target"),
    ]
    .into_iter()
    .find_map(|(hit, row)| hit.then_some(row))
}

/// The harness is the IdP: what the target has fetched tells how far it came.
fn by_log(seen: &Seen<'_>) -> Vec<Diagnosis> {
    let issuer = &seen.settings.idp_issuer;
    let log = &seen.evidence.idp;
    let fetched = |kind| log.iter().find(|access| access.kind == kind && access.status == 200);
    let missed = log
        .iter()
        .find(|access| access.status >= 400 && access.kind != AccessKind::Canary && access.method == "GET");
    if let (Some(missed), None) = (missed, fetched(AccessKind::Jwks)) {
        let evidence = vec![
            format!("the target asked the IdP for {} and got {}", missed.path, missed.status),
            format!("the JWK Set is at {}/jwks", issuer.trim_end_matches('/')),
        ];
        return vec![seen.diagnosis("jwt-bearer.invalid-grant.jwks", Confidence::Likely, evidence)];
    }
    if let Some(jwks) = fetched(AccessKind::Jwks) {
        let mut evidence =
            vec![format!("the target fetched {} and refused the ID-JAG afterwards", jwks.path)];
        if !seen.evidence.probes.is_empty() {
            evidence.push("no single change of the ID-JAG made it accept".into());
        }
        return vec![seen.diagnosis("jwt-bearer.invalid-grant.jwks", Confidence::Possible, evidence)];
    }
    let mut evidence = vec![format!("the target fetched no JWK Set of `{issuer}` during the run")];
    if let Some(metadata) = fetched(AccessKind::Metadata) {
        evidence.push(format!("it did fetch {}", metadata.path));
    }
    let iss = seen.diagnosis("jwt-bearer.invalid-grant.iss", Confidence::Likely, evidence.clone());
    let mut jwks = seen.diagnosis("jwt-bearer.invalid-grant.jwks", Confidence::Possible, evidence);
    jwks.evidence.push(
        "a server that trusts the issuer, but has its keys from before or cannot reach it, looks the same"
            .into(),
    );
    vec![iss, jwks]
}
