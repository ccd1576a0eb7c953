//! The verdict of a run in one line: the same words in every report for people.

use super::{CaseReport, Outcome, Report, Severity, counted};

/// How the verdict is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing to be done.
    Good,
    /// Broken, or not tested.
    Bad,
    /// Not decided.
    Open,
}

/// The verdict.
pub(super) struct Verdict {
    pub(super) tone: Tone,
    /// A sign and a word: `✗ FAIL`.
    pub(super) word: &'static str,
    /// The sentence after it.
    pub(super) text: String,
}

impl Verdict {
    /// The verdict on a run. `reason` and `target` come in as they are to stand in the text: a format that escapes
    /// what comes from the target does so before.
    pub(super) fn of(report: &Report, reason: &str, target: &str) -> Self {
        let (tone, word, text) = match (report.exit_status, broken(report)) {
            (0, None) => (Tone::Good, "✓ PASS", format!("every MUST that could be tested holds at {target}")),
            (0, Some(broken)) => {
                (Tone::Good, "✓ PASS", format!("{broken} at {target}, as the baseline says"))
            }
            (1, Some(broken)) => (Tone::Bad, "✗ FAIL", format!("{broken} at {target}")),
            (1, None) => (Tone::Bad, "✗ FAIL", format!("{target}: {reason}")),
            (2, _) => (Tone::Bad, "✗ NOT RUN", reason.to_owned()),
            (3, None) => (Tone::Bad, "! NOT TESTED", format!("{target}: {reason}")),
            (3, Some(broken)) => (Tone::Bad, "! NOT TESTED", format!("{target}: {reason}; {broken}")),
            (_, Some(broken)) => (Tone::Bad, "✗ FAIL", format!("so far {broken} at {target}")),
            (_, None) => (Tone::Open, "! NO VERDICT", format!("{target}: {reason}")),
        };
        Self { tone, word, text }
    }
}

/// `2 of 14 MUST cases are broken (1 critical)`; none where nothing failed.
fn broken(report: &Report) -> Option<String> {
    let (must, summary) = (report.must(), report.summary);
    let mut text = match summary.fail {
        0 => return None,
        // A token for a bad ID-JAG fails a case of any level.
        fail if fail != must.broken => {
            format!("{fail} of {} failed", counted(summary.total(), "case", "cases"))
        }
        fail => {
            let verb = if fail == 1 { "is" } else { "are" };
            format!("{fail} of {} {verb} broken", counted(must.total, "MUST case", "MUST cases"))
        }
    };
    let critical = report.cases.iter().filter(|case| is_critical(case)).count();
    if critical > 0 {
        text.push_str(&format!(" ({critical} critical)"));
    }
    Some(text)
}

/// Whether a case found a token for a bad ID-JAG, or a canary hit.
pub(super) fn is_critical(case: &CaseReport) -> bool {
    case.severity == Some(Severity::Critical)
}

/// `18 cases: 7 passed, 3 failed`: only what there is.
pub(super) fn counts(report: &Report) -> String {
    let parts: Vec<_> = numbers(report)
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(outcome, count)| format!("{count} {}", outcome.word()))
        .collect();
    let total = counted(report.summary.total(), "case", "cases");
    if parts.is_empty() { total } else { format!("{total}: {}", parts.join(", ")) }
}

/// How many cases had which outcome, the worst first.
pub(super) fn numbers(report: &Report) -> [(Outcome, usize); 6] {
    let s = report.summary;
    [
        (Outcome::Fail, s.fail),
        (Outcome::Error, s.error),
        (Outcome::Warn, s.warn),
        (Outcome::Inconclusive, s.inconclusive),
        (Outcome::Skip, s.skip),
        (Outcome::Pass, s.pass),
    ]
}

/// The cases of an outcome, the gravest first, else in the order of the suites.
pub(super) fn cases_of(report: &Report, outcome: Outcome) -> Vec<&CaseReport> {
    let mut cases: Vec<_> = report.cases.iter().filter(|case| case.outcome == outcome).collect();
    cases.sort_by_key(|case| (case.severity.is_none(), case.severity));
    cases
}

/// `FILE:LINE` of a case as its two parts; line 1 where none is told.
pub(super) fn place(source: &str) -> (&str, u32) {
    let parted = source.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
    parted.filter(|(_, line)| *line > 0).unwrap_or((source, 1))
}
