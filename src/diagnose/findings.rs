//! What single cases have found: one diagnosis for each row, in the order of gravity.

use super::Seen;
use crate::{
    judge::{THROTTLED, UNREACHABLE},
    report::{Blame, CaseReport, Confidence, Diagnosis, Outcome, Severity},
};

/// How many findings a diagnosis quotes.
const QUOTED: usize = 5;

pub(super) fn diagnose(seen: &Seen<'_>) -> Vec<Diagnosis> {
    let findings = seen.cases.iter().filter(|case| matches!(case.outcome, Outcome::Fail | Outcome::Warn));
    let mut rows: Vec<(&str, Vec<&CaseReport>)> = Vec::new();
    for case in findings {
        let Some(row) = case.row.as_deref() else { continue };
        match rows.iter_mut().find(|(known, _)| *known == row) {
            Some((_, cases)) => cases.push(case),
            None => rows.push((row, vec![case])),
        }
    }
    // Stable: rows of the same gravity and size keep the order of the suites.
    rows.sort_by_key(|(_, cases)| {
        let count = |severity| cases.iter().filter(|case| case.severity == Some(severity)).count();
        let (critical, high) = (count(Severity::Critical), count(Severity::High));
        std::cmp::Reverse((critical, high, cases.len()))
    });
    let mut diagnoses: Vec<Diagnosis> = rows
        .into_iter()
        .map(|(row, mut cases)| {
            cases.sort_by_key(|case| (case.severity, case.outcome));
            let evidence =
                cases.iter().take(QUOTED).map(|case| format!("{}: {}", case.name, case.observed)).collect();
            let mut diagnosis = seen.diagnosis(row, Confidence::Certain, evidence);
            diagnosis.cases = cases.iter().map(|case| case.name.clone()).collect();
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
