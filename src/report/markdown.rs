//! The report for a pull request or the summary of a CI step: the verdict, the diagnoses, the counts, what failed;
//! the rest is folded. GitHub's own Markdown, and never more of it than GitHub takes.
//!
//! What comes from the target stands in code spans, in which neither HTML nor Markdown nor a mention is alive. The
//! sentences of suites and rows are escaped.

use super::{
    CaseReport, Diagnosis, EntryState, Outcome, Report,
    text::{sanitise, truncate, unfolded},
    verdict::{cases_of, counted, counted_cases, counts, known, numbers, reasons_of},
};

/// GitHub takes a step's summary of up to 1 MiB.
pub const LIMIT: usize = 1 << 20;

/// So many failing cases are shown at once; the others are folded.
const OPEN: usize = 50;

/// So many diagnoses are shown.
const MOST_DIAGNOSES: usize = 5;

/// So many sentences of evidence are shown of a diagnosis.
const MOST_EVIDENCE: usize = 5;

/// So many different reasons are shown of cases that were not decided.
const MOST_REASONS: usize = 50;

/// So many columns are shown of one text.
const LONGEST_TEXT: usize = 300;

/// Kept free for what closes the tables and says that something is missing.
const RESERVE: usize = 4096;

/// The report as GitHub Flavored Markdown, with a newline at its end.
pub fn render(report: &Report) -> String {
    let mut page = Page { out: String::new() };
    let verdict = report.verdict(&prose(&report.exit_reason()), &code(&report.target.issuer));
    page.add(&format!("## jagspec: {} {}\n\n{}\n\n", verdict.symbol, verdict.word, verdict.text));
    if report.run.insecure {
        page.add("**Insecure:** TLS certificates were not verified: who answered is not known.\n\n");
    }
    if !report.run.complete {
        page.add("**Incomplete:** the run was interrupted; cases are missing from this report.\n\n");
    }
    page.diagnoses(&report.parted_diagnoses().0);
    page.totals(report);
    page.findings(report, Outcome::Fail, "Failed");
    page.findings(report, Outcome::Error, "Not carried out");
    page.findings(report, Outcome::Warn, "Warnings");
    page.amiss(report, EntryState::Stale, "Stale");
    page.amiss(report, EntryState::Expired, "Expired");
    page.known(report);
    page.reasons(report, Outcome::Inconclusive, "Inconclusive");
    page.reasons(report, Outcome::Skip, "Skipped");
    page.out.truncate(page.out.trim_end().len());
    page.out.push('\n');
    page.out
}

struct Page {
    out: String,
}

impl Page {
    /// Adds a piece as a whole, or nothing where it would take the room that is kept free.
    fn add(&mut self, piece: &str) -> bool {
        let fits = self.out.len() + piece.len() <= LIMIT - RESERVE;
        if fits {
            self.out.push_str(piece);
        }
        fits
    }

    /// Adds a piece for which the room is kept free.
    fn close(&mut self, piece: &str) {
        if self.out.len() + piece.len() <= LIMIT {
            self.out.push_str(piece);
        }
    }

    fn diagnoses(&mut self, diagnoses: &[&Diagnosis]) {
        for (index, diagnosis) in diagnoses.iter().take(MOST_DIAGNOSES).enumerate() {
            let mut text = format!(
                "### {}. {} ({})\n\n- **Cause:** {}\n- **Fix:** {}\n- **Whose move:** {}\n",
                index + 1,
                code(&diagnosis.row),
                diagnosis.confidence.word(),
                prose(&diagnosis.cause),
                prose(&diagnosis.fix),
                diagnosis.blame.sentence(),
            );
            if !diagnosis.evidence.is_empty() {
                text.push_str("- **Evidence:**\n");
            }
            for sentence in diagnosis.evidence.iter().take(MOST_EVIDENCE) {
                text.push_str(&format!("  - {}\n", code(sentence)));
            }
            if let Some(more) = diagnosis.evidence.len().checked_sub(MOST_EVIDENCE).filter(|more| *more > 0) {
                text.push_str(&format!("  - … and {more} more\n"));
            }
            text.push('\n');
            self.add(&text);
        }
        if let Some(more) = diagnoses.len().checked_sub(MOST_DIAGNOSES).filter(|more| *more > 0) {
            self.add(&format!("… and {}\n\n", counted(more, "further cause", "further causes")));
        }
    }

    fn totals(&mut self, report: &Report) {
        let mut text = String::from("| outcome | cases |\n| --- | ---: |\n");
        for (outcome, count) in numbers(report).into_iter().filter(|(_, count)| *count > 0) {
            let known = known(report, outcome);
            text.push_str(&format!("| {} {} | {count}{known} |\n", outcome.symbol(), outcome.word()));
        }
        let must = report.must();
        if must.total > 0 {
            let total = counted(must.total, "MUST case", "MUST cases");
            text.push_str(&format!("\n{} of {total} proved", must.proved));
            text.push_str(&format!(", exit status {}", report.exit_status));
        } else {
            text.push_str(&format!("\n{}, exit status {}", counts(report), report.exit_status));
        }
        let run = &report.run;
        text.push_str(&format!(", profile {}, jagspec {}", code(&run.rules), code(&run.version)));
        if let Some(shard) = &run.shard {
            text.push_str(&format!(", shard {}", code(shard)));
        }
        self.add(&format!("{text}\n\n"));
    }

    /// Entries of the baseline that are to be changed.
    fn amiss(&mut self, report: &Report, state: EntryState, heading: &str) {
        let entries: Vec<_> = report.entries(state).collect();
        if entries.is_empty() {
            return;
        }
        let count = counted(entries.len(), "entry of the baseline", "entries of the baseline");
        let mut text = format!("### {heading}: {count}\n\n");
        for entry in entries.iter().take(OPEN) {
            let place = code(&report.baseline_place(entry.line));
            text.push_str(&format!("- {}, {place}: {}\n", code(&entry.label()), code(&entry.advice())));
        }
        if let Some(more) = entries.len().checked_sub(OPEN).filter(|more| *more > 0) {
            text.push_str(&format!("- … and {more} more\n"));
        }
        self.add(&format!("{text}\n"));
    }

    /// What the baseline knows, folded.
    fn known(&mut self, report: &Report) {
        let Some(baseline) = report.baseline.as_ref().filter(|baseline| baseline.known > 0) else { return };
        let count = counted(baseline.known, "case", "cases");
        // A code span is no code within a summary.
        if !self.add(&format!(
            "<details><summary>Known: {count}</summary>\n\nAs {} says.\n\n",
            code(&baseline.file)
        )) {
            return;
        }
        let mut left = baseline.known;
        if self.add("| case | outcome | why |\n| --- | --- | --- |\n") {
            for (case, known) in report.cases.iter().filter_map(|case| Some((case, case.known.as_ref()?))) {
                let row = format!(
                    "| {} | {} {} | {} |\n",
                    cell(&case.name),
                    case.outcome.symbol(),
                    case.outcome.word(),
                    cell(&known.said())
                );
                if !self.add(&row) {
                    break;
                }
                left -= 1;
            }
        }
        let (_, diagnoses) = report.parted_diagnoses();
        let rows: Vec<_> =
            diagnoses.iter().take(MOST_REASONS).map(|diagnosis| code(&diagnosis.row)).collect();
        if !rows.is_empty() {
            self.add(&format!("\nRows: {}\n", rows.join(", ")));
        }
        self.close("\n</details>\n\n");
        if left > 0 {
            self.cut(left, "known");
        }
    }

    /// Cases that something is wrong with. Failures are open up to a number, the rest and warnings are folded.
    fn findings(&mut self, report: &Report, outcome: Outcome, heading: &str) {
        let cases = cases_of(report, outcome);
        if cases.is_empty() {
            return;
        }
        let open = if outcome == Outcome::Warn { 0 } else { cases.len().min(OPEN) };
        let (open, folded) = cases.split_at(open);
        if !open.is_empty() {
            let count = counted_cases(report, outcome, cases.len());
            if !self.add(&format!("### {heading}: {count}\n\n")) {
                self.cut(open.len() + folded.len(), heading);
                return;
            }
            let left = self.table(open);
            self.close("\n");
            if left > 0 {
                self.cut(left + folded.len(), heading);
                return;
            }
        }
        if folded.is_empty() {
            return;
        }
        let further = if open.is_empty() { "" } else { " further" };
        let summary = format!("{heading}:{further} {}", counted(folded.len(), "case", "cases"));
        if !self.add(&format!("<details><summary>{summary}</summary>\n\n")) {
            self.cut(folded.len(), heading);
            return;
        }
        let left = self.table(folded);
        self.close("\n</details>\n\n");
        if left > 0 {
            self.cut(left, heading);
        }
    }

    /// A table of cases. How many did not fit.
    fn table(&mut self, cases: &[&CaseReport]) -> usize {
        if !self.add("| case | level | expected | observed | row |\n| --- | --- | --- | --- | --- |\n") {
            return cases.len();
        }
        for (at, case) in cases.iter().enumerate() {
            let observed = if case.observed.is_empty() { &case.reason } else { &case.observed };
            let severity = case.severity.map_or_else(String::new, |word| format!(", {}", word.word()));
            let row = format!(
                "| {} | {}{severity} | {} | {} | {} |\n",
                cell(&case.name),
                case.level,
                cell(&case.expected),
                cell(observed),
                cell(case.row.as_deref().unwrap_or_default()),
            );
            if !self.add(&row) {
                return cases.len() - at;
            }
        }
        0
    }

    /// Cases that were not decided: how many for which reason.
    fn reasons(&mut self, report: &Report, outcome: Outcome, heading: &str) {
        let groups = reasons_of(report, outcome);
        if groups.is_empty() {
            return;
        }
        let total: usize = groups.iter().map(|(_, count)| count).sum();
        let summary = format!("{heading}: {}", counted(total, "case", "cases"));
        if !self.add(&format!("<details><summary>{summary}</summary>\n\n")) {
            self.cut(total, heading);
            return;
        }
        let mut left = total;
        for (reason, count) in groups.iter().take(MOST_REASONS) {
            if !self.add(&format!("- {count} × {}\n", code(reason))) {
                break;
            }
            left -= count;
        }
        self.close("\n</details>\n\n");
        if left > 0 {
            self.cut(left, heading);
        }
    }

    fn cut(&mut self, left: usize, heading: &str) {
        let cases = counted(left, "case is", "cases are");
        let heading = heading.to_lowercase();
        self.close(&format!(
            "**{cases} left out here ({heading})**, so that this stays within what GitHub shows; the JSON report \
             (`--report json=FILE`) has all.\n\n"
        ));
    }
}

/// A text as a code span (GFM 6.3): its fence is longer than any run of backticks in it.
fn code(text: &str) -> String {
    let text = truncate(&unfolded(text), LONGEST_TEXT);
    if text.trim().is_empty() {
        return "–".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // One space on either side is taken off again; without it a backtick at an end would lengthen the fence.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A code span in a cell of a table (GFM 4.10): a pipe is escaped there too. Behind a backslash it gets a space:
/// whether `\\|` is an escaped pipe is read in two ways.
fn cell(text: &str) -> String {
    code(text).replace(r"\|", r"\ |").replace('|', r"\|")
}

/// A sentence of ours: what it has in backticks is code, all else is escaped.
fn prose(text: &str) -> String {
    let text = unfolded(text);
    let parts: Vec<_> = text.split('`').collect();
    // An odd number of backticks parts nothing.
    if parts.len().is_multiple_of(2) {
        return escaped(&text);
    }
    let part = |(at, part): (usize, &&str)| if at % 2 == 1 { code(part) } else { escaped(part) };
    parts.iter().enumerate().map(part).collect()
}

/// Every punctuation mark that could begin something is escaped. `@` and `#` stand in code spans: GitHub looks for
/// mentions and references after it has taken the escapes off.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in sanitise(text).chars() {
        match c {
            '@' | '#' => out.push_str(&format!("`{c}`")),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '|' | '~' | '$' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    // Nor is an address made a link.
    out.replace("://", r"\://").replace("www.", r"www\.")
}
