//! What single cases have found: one diagnosis for each row, in the order of gravity.

use super::Seen;
use crate::report::{CaseReport, Confidence, Diagnosis, Outcome, Severity};

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
