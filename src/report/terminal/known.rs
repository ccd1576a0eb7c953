//! The baseline at a terminal: the entries that are to be changed, and what is known, folded.

use super::{BOLD, CYAN, DIM, MOST_ENTRIES, PLAIN, RED, Terminal, YELLOW, cut, listed, rest};
use crate::report::{EntryState, page::Span, verdict::counted};

impl Terminal<'_> {
    /// Entries of the baseline that are to be changed, each with its place and what to do.
    pub(super) fn amiss(&mut self, state: EntryState, heading: &str) {
        let report = self.report;
        let entries: Vec<_> = report.entries(state).collect();
        if entries.is_empty() {
            return;
        }
        let (symbol, style) = if state == EntryState::Stale { ("✗", RED) } else { ("!", YELLOW) };
        let count = counted(entries.len(), "entry of the baseline", "entries of the baseline");
        self.heading(style, heading, Some(&count));
        for entry in entries.iter().take(MOST_ENTRIES) {
            let place = report.baseline_place(entry.line);
            let lead = [Span::new(style.bold(), &format!("{symbol} "))];
            self.page.paragraph(
                &lead,
                2,
                &[Span::new(BOLD, &entry.label()), Span::plain(&format!(", {place}"))],
            );
            self.page.paragraph(&[Span::plain("  ")], 2, &[cut(PLAIN, &entry.advice())]);
        }
        self.more(rest(entries.len(), MOST_ENTRIES));
    }

    /// What the baseline knows, folded: a line for each entry.
    pub(super) fn known(&mut self) {
        let report = self.report;
        let Some(baseline) = report.baseline.as_ref().filter(|baseline| baseline.known > 0) else { return };
        let count = format!("{}, as {} says", counted(baseline.known, "case", "cases"), baseline.file);
        self.page.blank();
        self.page.paragraph(
            &[Span::new(DIM.bold(), "KNOWN"), Span::plain("  ")],
            2,
            &[Span::new(DIM, &count)],
        );
        let entries: Vec<_> = report.entries(EntryState::Matched).collect();
        for entry in entries.iter().take(MOST_ENTRIES) {
            let cases = report.cases.iter().filter_map(|case| case.known.as_ref());
            let cases: Vec<_> = cases.filter(|known| known.line == entry.line).collect();
            let said = cases.first().map(|known| known.said()).filter(|said| !said.is_empty());
            let lead = [Span::plain("  "), Span::new(DIM, &format!("{} ", entry.outcome.symbol()))];
            let mut body = vec![Span::plain(&entry.label())];
            if entry.cases > 1 {
                body.push(Span::plain(&format!(", {}", counted(cases.len(), "case", "cases"))));
            }
            body.extend(said.map(|said| cut(DIM, &format!(": {said}"))));
            self.page.paragraph(&lead, 4, &body);
        }
        self.more(rest(entries.len(), MOST_ENTRIES));
        let (_, diagnoses) = report.parted_diagnoses();
        let rows: Vec<_> = diagnoses.iter().map(|diagnosis| diagnosis.row.as_str()).collect();
        if !rows.is_empty() {
            self.labelled("  ", "rows", 6, &[Span::new(CYAN, &listed(&rows))]);
        }
    }
}
