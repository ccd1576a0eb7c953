//! What single cases have found: one diagnosis for each row, in the order of gravity.

use std::collections::BTreeSet;

use super::Seen;
use crate::{
    judge::{THROTTLED, UNREACHABLE},
    report::{Blame, CaseReport, Confidence, Diagnosis, Finding, Level, Outcome, Severity},
};

/// How many findings a diagnosis quotes.
const QUOTED: usize = 5;

/// From so many rows on, refusals with the wrong error are one fault in how the server answers, not one in each of
/// the checks that refused.
const WIDESPREAD: usize = 3;

/// The row of a fault in how the server answers.
const ERROR_RESPONSE: &str = "own.jwt-bearer.error-response";

/// The row of an issuer that the target does not trust.
const UNTRUSTED_ISSUER: &str = "jwt-bearer.invalid-grant.iss";

pub(super) fn diagnose(seen: &Seen<'_>) -> Vec<Diagnosis> {
    let findings: Vec<&CaseReport> = seen
        .cases
        .iter()
        .filter(|case| matches!(case.outcome, Outcome::Fail | Outcome::Warn) && case.row.is_some())
        .collect();
    let wrong_error = |case: &CaseReport| case.finding == Some(Finding::WrongError);
    let rows_with_wrong_errors: BTreeSet<&str> =
        findings.iter().filter(|case| wrong_error(case)).filter_map(|case| case.row.as_deref()).collect();
    let widespread = rows_with_wrong_errors.len() >= WIDESPREAD;
    let mut rows: Vec<(&str, Vec<&CaseReport>)> = Vec::new();
    for case in findings {
        let own = case.row.as_deref().unwrap_or_default();
        let row = if widespread && wrong_error(case) { ERROR_RESPONSE } else { own };
        match rows.iter_mut().find(|(known, _)| *known == row) {
            Some((_, cases)) => cases.push(case),
            None => rows.push((row, vec![case])),
        }
    }
    // Stable: rows of the same gravity and size keep the order of the suites.
    rows.sort_by_key(|(_, cases)| std::cmp::Reverse(gravity(cases)));
    let mut diagnoses: Vec<Diagnosis> = rows
        .into_iter()
        .map(|(row, mut cases)| {
            cases.sort_by_key(|case| (case.severity, case.outcome));
            let evidence =
                cases.iter().take(QUOTED).map(|case| format!("{}: {}", case.name, case.observed)).collect();
            let mut diagnosis = seen.diagnosis(row, Confidence::Certain, evidence);
            diagnosis.cases = cases.iter().map(|case| case.name.clone()).collect();
            let kinds: BTreeSet<Finding> = cases.iter().filter_map(|case| case.finding).collect();
            match cases.iter().find(|case| case.finding == Some(Finding::GoodRefused)) {
                Some(case) => retell_refusal(seen, case, &mut diagnosis),
                None => retell(seen, &kinds, &mut diagnosis),
            }
            if cases.iter().all(|case| case.level == Level::MAY) {
                diagnosis.confidence = Confidence::Possible;
                diagnosis.blame = Blame::Undecided;
                // With its error a server takes no risk.
                if kinds != BTreeSet::from([Finding::WrongError]) {
                    diagnosis.cause =
                        "The specifications leave this open, and the server has chosen the riskier reading."
                            .into();
                }
            }
            diagnosis
        })
        .collect();
    let unanswered = not_carried_out(seen);
    // Where nothing else was found they are what the exit status is about.
    let at = if seen.cases.iter().any(|case| case.outcome == Outcome::Fail) { diagnoses.len() } else { 0 };
    diagnoses.splice(at..at, unanswered);
    if let Some(answer) = &seen.evidence.control_lost {
        let evidence = vec![format!("a well-formed ID-JAG was accepted first, and refused later: {answer}")];
        let mut diagnosis = seen.diagnosis("own.throttled", Confidence::Likely, evidence);
        diagnosis.cases = seen
            .cases
            .iter()
            .filter(|case| case.outcome == Outcome::Inconclusive)
            .map(|case| case.name.clone())
            .collect();
        diagnoses.insert(0, diagnosis);
    }
    diagnoses
}

/// The cases that ended in `error`: the target was gone, or throttled them.
fn not_carried_out(seen: &Seen<'_>) -> Vec<Diagnosis> {
    let of_row = |row: &'static str| {
        let cases: Vec<&CaseReport> = seen
            .cases
            .iter()
            .filter(|case| case.outcome == Outcome::Error && case.row.as_deref() == Some(row))
            .collect();
        let mut reasons: Vec<(&str, usize)> = Vec::new();
        for case in &cases {
            match reasons.iter_mut().find(|(known, _)| *known == case.reason) {
                Some((_, count)) => *count += 1,
                None => reasons.push((&case.reason, 1)),
            }
        }
        let first = cases.first()?;
        let mut evidence = vec![format!("the first case without an answer to judge: {}", first.name)];
        evidence.extend(reasons.iter().take(QUOTED).map(|(reason, count)| match count {
            1 => format!("one case: {reason}"),
            many => format!("{many} cases: {reason}"),
        }));
        // Where nothing ever answered, that diagnosis has its own evidence.
        if row == UNREACHABLE && seen.evidence.unreachable {
            evidence.clear();
        }
        let mut diagnosis = seen.diagnosis(row, Confidence::Certain, evidence);
        if row == UNREACHABLE {
            diagnosis.blame = Blame::Undecided;
            diagnosis.cause = "The target answered at first; later no answer came any more.".into();
            diagnosis.fix = "Look into the target's log for the time of these cases: it may have crashed on one of \
                             them, or hung; --jobs 1 tells which. A slow one is given more time with --timeout \
                             SECONDS."
                .into();
        }
        diagnosis.cases = cases.iter().map(|case| case.name.clone()).collect();
        Some(diagnosis)
    };
    [UNREACHABLE, THROTTLED].into_iter().filter_map(of_row).collect()
}

/// A row tells first why a good request fails. Here none did: a check is missing, or the refusal has another form
/// than is due. Both are the code's doing.
fn retell(seen: &Seen<'_>, kinds: &BTreeSet<Finding>, diagnosis: &mut Diagnosis) {
    if diagnosis.row == ERROR_RESPONSE {
        return; // It is about nothing else.
    }
    if kinds.iter().all(|kind| *kind == Finding::WrongError) {
        "What must be refused is refused, but with another error or status than is due."
            .clone_into(&mut diagnosis.cause);
        diagnosis.fix = format!(
            "Answer as the standard says: {}",
            diagnosis
                .cases
                .first()
                .and_then(|name| due(seen, name))
                .unwrap_or("400 with one of its error codes")
        );
        diagnosis.blame = Blame::TargetCode;
    } else if let Some(accepted) = seen.registry.row(&diagnosis.row).and_then(|row| row.accepted.as_ref()) {
        diagnosis.cause = seen.filled(&accepted.cause);
        diagnosis.fix = seen.filled(&accepted.fix);
        diagnosis.blame = Blame::TargetCode;
    }
}

/// A row tells why the well-formed ID-JAG is refused. Here the baseline was accepted, so credentials, resource and scope
/// are registered: what is refused is another form that the specification allows, and that is the code's doing.
fn retell_refusal(seen: &Seen<'_>, case: &CaseReport, diagnosis: &mut Diagnosis) {
    // Whether a second IdP is trusted is a matter of registration: the row speaks of just that.
    if diagnosis.blame == Blame::TargetCode || diagnosis.row == UNTRUSTED_ISSUER {
        return;
    }
    let form = if case.changed.is_empty() { &case.title } else { &case.changed.join(", ") };
    diagnosis.cause = format!(
        "The server accepts the ID-JAG of the baseline, but not a request that is as well-formed: {form}."
    );
    if let Some(requirement) = case.requirements.iter().find_map(|id| seen.registry.requirement(id)) {
        diagnosis.fix = format!("Take that form too. {}: {}", requirement.id, requirement.text);
    }
    diagnosis.blame = Blame::TargetCode;
}

/// What the case of this name expects.
fn due<'a>(seen: &Seen<'a>, name: &str) -> Option<&'a str> {
    let case = seen.cases.iter().find(|case| case.name == name)?;
    (!case.expected.is_empty()).then_some(case.expected.as_str())
}

/// How grave the findings of a row are: holes first, then broken MUSTs, then what is more than a wrong error, the
/// more binding the graver; at last their number.
fn gravity(cases: &[&CaseReport]) -> [usize; 5] {
    let count = |holds: &dyn Fn(&CaseReport) -> bool| cases.iter().filter(|case| holds(case)).count();
    let own = |case: &CaseReport| case.finding != Some(Finding::WrongError);
    [
        count(&|case| case.severity == Some(Severity::Critical)),
        count(&|case| case.severity == Some(Severity::High)),
        count(&|case| own(case) && case.level <= Level::SHOULD),
        count(&own),
        cases.len(),
    ]
}
