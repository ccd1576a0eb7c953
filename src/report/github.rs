//! Annotations of GitHub Actions: workflow commands for the log of a step, the most important first. What a baseline
//! knows has none; its stale entries have. Of each kind
//! GitHub keeps ten a step, so that no more are written; the last one has the counts.

use super::{
    BaselineEntry, CaseReport, EntryState, Outcome, Report,
    text::{truncate, unfolded},
    verdict::{cases_of, counts, place},
};

/// So many annotations of a kind GitHub takes from one step.
pub const MOST: usize = 10;

/// So many columns of a text are shown.
const LONGEST_TEXT: usize = 600;

/// The annotations, one a line.
pub fn render(report: &Report) -> String {
    let mut lines = Vec::new();
    let mut errors = cases_of(report, Outcome::Fail);
    errors.extend(cases_of(report, Outcome::Error));
    let warnings = cases_of(report, Outcome::Warn);
    let mut room = MOST;
    // What is wrong before what shows it.
    let (diagnoses, _) = report.parted_diagnoses();
    if let Some(diagnosis) = diagnoses.first().filter(|_| report.exit_status != 0) {
        let title = format!("jagspec: {}", diagnosis.row);
        let message = format!("{} Fix: {}", unfolded(&diagnosis.cause), unfolded(&diagnosis.fix));
        lines.push(command("error", &[("title", &title)], &message));
        room -= 1;
    }
    let stale: Vec<_> =
        report.entries(EntryState::Stale).map(|it| entry("error", "stale", it, report)).collect();
    let expired: Vec<_> =
        report.entries(EntryState::Expired).map(|it| entry("warning", "expired", it, report)).collect();
    let errors: Vec<_> = errors.into_iter().map(|case| annotation("error", case)).chain(stale).collect();
    let warnings: Vec<_> =
        warnings.into_iter().map(|case| annotation("warning", case)).chain(expired).collect();
    lines.extend(errors.iter().take(room).cloned());
    lines.extend(warnings.iter().take(MOST).cloned());

    let mut notice = format!("{}; exit {}: {}", counts(report), report.exit_status, report.exit_reason());
    let hidden = errors.len().saturating_sub(room) + warnings.len().saturating_sub(MOST);
    if hidden > 0 {
        notice.push_str(&format!("; {hidden} more have no annotation, see the other reports"));
    }
    lines.push(command("notice", &[("title", "jagspec")], &notice));
    lines.join("\n") + "\n"
}

fn annotation(kind: &str, case: &CaseReport) -> String {
    let (file, line) = place(&case.source);
    let mut message = format!("{} ({})", unfolded(&case.title), case.level);
    for (label, text) in [("Expected", &case.expected), ("Observed", &case.observed)] {
        if !text.is_empty() {
            message.push_str(&format!(". {label}: {}", unfolded(text)));
        }
    }
    if case.observed.is_empty() && !case.reason.is_empty() {
        message.push_str(&format!(". {}", unfolded(&case.reason)));
    }
    if let Some(row) = &case.row {
        message.push_str(&format!(". See `jagspec explain {row}`"));
    }
    let line = line.to_string();
    command(kind, &[("file", file), ("line", &line), ("title", &case.name)], &message)
}

/// An entry of the baseline, at its line.
fn entry(kind: &str, what: &str, entry: &BaselineEntry, report: &Report) -> String {
    let file = report.baseline.as_ref().map_or("", |baseline| baseline.file.as_str());
    let title = format!("{what}: {}", entry.label());
    command(kind, &[("file", file), ("line", &entry.line.to_string()), ("title", &title)], &entry.advice())
}

/// `::error file=…,line=…::message`. Nothing in the values ends the command or begins another: line ends are shown
/// as escapes, and what parts a command is percent-encoded.
fn command(kind: &str, properties: &[(&str, &str)], message: &str) -> String {
    let properties: Vec<_> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", data(value).replace(':', "%3A").replace(',', "%2C")))
        .collect();
    format!("::{kind} {}::{}", properties.join(","), data(message))
}

/// The escapes of the runner's toolkit for a message.
fn data(text: &str) -> String {
    truncate(text, LONGEST_TEXT).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
