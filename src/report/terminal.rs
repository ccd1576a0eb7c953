//! The report for a person at a terminal: what matters first. Verdict, diagnoses, what is wrong case by case, what
//! could not be decided and why, the server's profile, and last the counts and the exit status.
//!
//! Every text goes through `Span`, which makes it harmless; every outcome is said in a word, colour only repeats it.

mod known;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::{
    CaseReport, Diagnosis, EntryState, Outcome, ProfileEntry, Report,
    page::{Page, Span},
    text::{columns, truncate, unfolded},
    verdict::{Tone, cases_of, counted, counted_cases, is_critical, known, reasons_of},
};

/// Narrower than this no layout is kept.
const NARROWEST: usize = 40;

/// Longer lines are hard to read; a wider terminal stays empty on its right.
const WIDEST: usize = 110;

/// So many cases are shown with their details; the JSON report has all of them.
pub const MOST_CASES: usize = 40;

/// So many sentences of evidence are shown of a diagnosis.
pub const MOST_EVIDENCE: usize = 5;

/// So many case names are shown of a diagnosis.
pub const MOST_NAMES: usize = 6;

/// So many different reasons are shown of cases that were not decided.
pub const MOST_REASONS: usize = 12;

/// So many entries of a baseline are shown in each state.
pub const MOST_ENTRIES: usize = 12;

/// So many columns are shown of one text: a server may answer with a page of it.
pub const LONGEST_TEXT: usize = 600;

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();

/// How the report is shown.
#[derive(Debug, Clone)]
pub struct TerminalOptions {
    /// Columns of the terminal. Less than 40 counts as 40, and no more than 110 are used.
    pub width: usize,
    /// Whether styles are written; the words are the same without them.
    pub colour: bool,
    /// What the exit status means, where the caller knows it better than the report tells.
    pub exit_reason: Option<String>,
}

impl Default for TerminalOptions {
    fn default() -> Self {
        Self { width: 80, colour: false, exit_reason: None }
    }
}

/// The report as text, with a newline at its end.
pub fn render(report: &Report, options: &TerminalOptions) -> String {
    let width = options.width.clamp(NARROWEST, WIDEST);
    let reason = options.exit_reason.clone().unwrap_or_else(|| report.exit_reason());
    let mut terminal =
        Terminal { report, reason, width, page: Page::new(width, options.colour), details: MOST_CASES };
    terminal.header();
    terminal.verdict();
    terminal.diagnoses();
    terminal.findings(Outcome::Fail, "FAILED");
    terminal.findings(Outcome::Error, "NOT CARRIED OUT");
    terminal.findings(Outcome::Warn, "WARNINGS");
    terminal.amiss(EntryState::Stale, "STALE");
    terminal.amiss(EntryState::Expired, "EXPIRED");
    terminal.known();
    terminal.reasons(Outcome::Inconclusive, "INCONCLUSIVE");
    terminal.reasons(Outcome::Skip, "SKIPPED");
    terminal.profile();
    terminal.totals();
    terminal.page.finish()
}

/// One line that shows how far a run is: `[ 45/120] audience::second-audience`, cut to the width.
pub fn progress(done: usize, total: usize, name: &str, width: usize) -> String {
    let digits = total.to_string().len();
    truncate(&format!("[{done:>digits$}/{total}] {name}"), width)
}

struct Terminal<'r> {
    report: &'r Report,
    reason: String,
    width: usize,
    page: Page,
    /// How many cases may still be shown with their details.
    details: usize,
}

impl Terminal<'_> {
    fn header(&mut self) {
        let report = self.report;
        let title = format!("jagspec {}", report.run.version);
        let mut spans =
            vec![Span::new(BOLD, &title), Span::plain(&format!(" · profile {}", report.run.rules))];
        for (name, value) in &report.run.policies {
            spans.push(Span::plain(&format!(" · {name}={value}")));
        }
        if !report.run.filter.is_empty() {
            spans.push(Span::plain(&format!(" · only {}", report.run.filter.join(" "))));
        }
        if let Some(shard) = &report.run.shard {
            spans.push(Span::plain(&format!(" · shard {shard}")));
        }
        self.page.paragraph(&[], 2, &spans);

        let target = &report.target;
        let none = || "none found".to_owned();
        let lines = [
            ("target", target.issuer.clone()),
            ("token endpoint", target.token_endpoint.clone().unwrap_or_else(none)),
            ("metadata", target.metadata_url.clone().unwrap_or_else(none)),
        ];
        for (name, value) in lines {
            self.labelled("  ", name, 16, &[Span::plain(&value)]);
        }

        if report.run.insecure {
            self.loud("INSECURE", "TLS certificates were not verified: who answered is not known.");
        }
        if !report.run.complete {
            self.loud("INCOMPLETE", "the run was interrupted; cases are missing from this report.");
        }
    }

    fn loud(&mut self, word: &str, text: &str) {
        self.page.blank();
        self.page.paragraph(&[Span::new(YELLOW.bold(), &format!("! {word}  "))], 2, &[Span::new(BOLD, text)]);
    }

    fn verdict(&mut self) {
        let verdict = self.report.verdict(&self.reason, &self.report.target.issuer);
        let style = match verdict.tone {
            Tone::Good => GREEN,
            Tone::Bad => RED,
            Tone::Open => YELLOW,
        };
        let lead = format!("{} {}  ", verdict.symbol, verdict.word);
        self.page.blank();
        self.page.paragraph(&[Span::new(style.bold(), &lead)], 2, &[Span::new(BOLD, &verdict.text)]);
    }

    fn heading(&mut self, style: Style, word: &str, count: Option<&str>) {
        self.page.blank();
        let count = count.map(|count| format!("  {count}")).unwrap_or_default();
        self.page.paragraph(&[Span::new(style.bold(), word), Span::new(DIM, &count)], 0, &[]);
    }

    /// A label, and beside it, in a column of its own, what it says.
    fn labelled(&mut self, indent: &str, label: &str, column: usize, body: &[Span]) {
        let gap = " ".repeat(column.saturating_sub(columns(label)).max(1));
        let lead = [Span::plain(indent), Span::new(DIM, label), Span::plain(&gap)];
        self.page.paragraph(&lead, columns(indent) + column, body);
    }

    fn diagnoses(&mut self) {
        let (diagnoses, _) = self.report.parted_diagnoses();
        match diagnoses.len() {
            0 => return,
            1 => self.heading(PLAIN, "DIAGNOSIS", None),
            many => self.heading(PLAIN, "DIAGNOSES", Some(&format!("{many} causes, the best first"))),
        }
        for (index, diagnosis) in diagnoses.into_iter().enumerate() {
            if index > 0 {
                self.page.blank();
            }
            self.diagnosis(index + 1, diagnosis);
        }
    }

    fn diagnosis(&mut self, number: usize, diagnosis: &Diagnosis) {
        let number = format!("{number}. ");
        self.page.paragraph(
            &[Span::new(BOLD, &number)],
            3,
            &[
                Span::new(BOLD.fg_color(Some(AnsiColor::Cyan.into())), &diagnosis.row),
                Span::plain(&format!(" ({}: {})", diagnosis.confidence.word(), diagnosis.blame.sentence())),
            ],
        );
        self.labelled("   ", "cause", 10, &[Span::plain(&unfolded(&diagnosis.cause))]);
        self.labelled("   ", "fix", 10, &[Span::new(BOLD, &unfolded(&diagnosis.fix))]);
        for (index, sentence) in diagnosis.evidence.iter().take(MOST_EVIDENCE).enumerate() {
            let label = if index == 0 { "evidence" } else { "" };
            self.item("   ", label, 10, sentence);
        }
        if let Some(more) = rest(diagnosis.evidence.len(), MOST_EVIDENCE) {
            self.labelled("   ", "", 10, &[Span::new(DIM, &format!("… and {more} more"))]);
        }
        // The evidence of a finding begins with its case's name: what it has named need not be named again.
        let shown = &diagnosis.evidence[..diagnosis.evidence.len().min(MOST_EVIDENCE)];
        let names: Vec<_> = diagnosis
            .cases
            .iter()
            .filter(|name| !shown.iter().any(|sentence| sentence.starts_with(&format!("{name}: "))))
            .map(String::as_str)
            .collect();
        if !names.is_empty() {
            self.labelled("   ", "cases", 10, &[Span::plain(&listed(&names))]);
        }
    }

    /// A labelled item of a list, with a dash.
    fn item(&mut self, indent: &str, label: &str, column: usize, text: &str) {
        let gap = " ".repeat(column.saturating_sub(columns(label)));
        let lead = [Span::plain(indent), Span::new(DIM, label), Span::plain(&gap), Span::plain("– ")];
        self.page.paragraph(&lead, columns(indent) + column + 2, &[cut(PLAIN, text)]);
    }

    /// Cases that something is wrong with, critical ones first, with what was expected beside what was observed.
    fn findings(&mut self, outcome: Outcome, heading: &str) {
        let cases = cases_of(self.report, outcome);
        if cases.is_empty() {
            return;
        }
        let count = counted_cases(self.report, outcome, cases.len());
        self.heading(style_of(outcome), heading, Some(&count));

        // What kept one case from being carried out keeps many: it is told once. Findings stand for themselves.
        let same = |a: &CaseReport, b: &CaseReport| outcome == Outcome::Error && a.reason == b.reason;
        let mut groups: Vec<Vec<&CaseReport>> = Vec::new();
        for case in cases {
            match groups.iter_mut().find(|group| same(group[0], case)) {
                Some(group) => group.push(case),
                None => groups.push(vec![case]),
            }
        }
        let shown = groups.len().min(self.details);
        self.details -= shown;
        for (index, group) in groups[..shown].iter().enumerate() {
            if index > 0 {
                self.page.blank();
            }
            self.finding(group[0]);
            let also: Vec<_> = group[1..].iter().map(|case| case.name.as_str()).collect();
            if !also.is_empty() {
                self.labelled("  ", "also", 10, &[Span::plain(&listed(&also))]);
            }
        }
        let more: usize = groups[shown..].iter().map(Vec::len).sum();
        if more > 0 {
            if shown > 0 {
                self.page.blank();
            }
            self.more(Some(more));
        }
    }

    fn finding(&mut self, case: &CaseReport) {
        let style = style_of(case.outcome);
        let mark = format!("{} {} ", case.outcome.symbol(), case.outcome.word().to_uppercase());
        let (comma, severity) = case.severity.map_or(("", ""), |severity| (", ", severity.word()));
        let severity_style = if is_critical(case) { style.bold() } else { PLAIN };
        self.page.paragraph(
            &[Span::new(style.bold(), &mark)],
            2,
            &[
                Span::new(BOLD, &case.name),
                Span::plain(&format!(" ({}{comma}", case.level)),
                Span::new(severity_style, severity),
                Span::plain(")"),
            ],
        );
        self.page.paragraph(&[Span::plain("  ")], 2, &[Span::plain(&unfolded(&case.title))]);
        for (index, sentence) in case.changed.iter().enumerate() {
            self.labelled("  ", if index == 0 { "changed" } else { "" }, 10, &[cut(PLAIN, sentence)]);
        }
        for (label, text, style) in [("expected", &case.expected, PLAIN), ("observed", &case.observed, style)]
        {
            if !text.is_empty() {
                self.labelled("  ", label, 10, &[cut(style, text)]);
            }
        }
        // A reason that only says the same again is left out.
        if !case.reason.is_empty() && case.reason != case.expected && case.reason != case.observed {
            self.labelled("  ", "because", 10, &[cut(PLAIN, &case.reason)]);
        }
        if let Some(change) = self.report.change(case) {
            self.labelled("  ", "baseline", 10, &[Span::plain(&change)]);
        }
        if let Some(row) = &case.row {
            self.labelled("  ", "row", 10, &[Span::new(CYAN, row)]);
        }
    }

    fn more(&mut self, more: Option<usize>) {
        let Some(more) = more else { return };
        let more = format!("… and {more} more, see the JSON report (--report json=FILE)");
        self.page.paragraph(&[Span::plain("  ")], 2, &[Span::new(DIM, &more)]);
    }

    /// Cases that were not decided: how many for which reason.
    fn reasons(&mut self, outcome: Outcome, heading: &str) {
        let groups = reasons_of(self.report, outcome);
        if groups.is_empty() {
            return;
        }
        let total: usize = groups.iter().map(|(_, count)| count).sum();
        self.heading(style_of(outcome), heading, Some(&counted(total, "case", "cases")));
        let digits = groups[0].1.to_string().len();
        for (reason, count) in groups.iter().take(MOST_REASONS) {
            let reason = if reason.is_empty() { "no reason given" } else { reason };
            let lead = Span::plain(&format!("  {} {count:>digits$}  ", outcome.symbol()));
            self.page.paragraph(&[lead], digits + 6, &[cut(PLAIN, &unfolded(reason))]);
        }
        if groups.len() > MOST_REASONS {
            let more: usize = groups[MOST_REASONS..].iter().map(|(_, count)| count).sum();
            let more =
                format!("… and {more} more for other reasons, see the JSON report (--report json=FILE)");
            self.page.paragraph(&[Span::plain("  ")], 2, &[Span::new(DIM, &more)]);
        }
    }

    fn profile(&mut self) {
        let entries = &self.report.profile;
        if entries.is_empty() {
            return;
        }
        self.heading(PLAIN, "SERVER PROFILE", Some("measured, not judged"));
        let longest = entries.iter().map(|entry| columns(&entry.name)).max().unwrap_or_default();
        let column = (longest + 2).min(self.width * 2 / 5);
        for ProfileEntry { name, value, stable, .. } in entries {
            let mut body = vec![cut(PLAIN, &shown(value))];
            if !stable {
                body.push(Span::new(DIM, " (varies from run to run)"));
            }
            if columns(name) < column {
                self.labelled("  ", name, column, &body);
            } else {
                self.page.paragraph(&[Span::plain("  ")], 4, &[Span::new(DIM, name)]);
                self.labelled("  ", "", column, &body);
            }
        }
    }

    fn totals(&mut self) {
        let report = self.report;
        let s = report.summary;
        self.page.blank();
        if let Some(diagnosis) = report.parted_diagnoses().0.first() {
            let command = format!("jagspec explain {}", diagnosis.row);
            let next = [Span::new(BOLD, &command), Span::plain(" says more about the first diagnosis")];
            self.page.paragraph(&[Span::new(DIM, "next: ")], 2, &next);
        }
        let counts = [
            (s.pass, Outcome::Pass, "passed", "passed"),
            (s.fail, Outcome::Fail, "failed", "failed"),
            (s.error, Outcome::Error, "error", "errors"),
            (s.warn, Outcome::Warn, "warning", "warnings"),
            (s.inconclusive, Outcome::Inconclusive, "inconclusive", "inconclusive"),
            (s.skip, Outcome::Skip, "skipped", "skipped"),
        ];
        let mut spans = vec![Span::new(BOLD, &counted(s.total(), "case", "cases"))];
        for (index, (count, outcome, one, many)) in counts.iter().filter(|(count, ..)| *count > 0).enumerate()
        {
            spans.push(Span::plain(if index == 0 { ": " } else { ", " }));
            spans.push(Span::new(style_of(*outcome), &counted(*count, one, many)));
            spans.push(Span::plain(&known(report, *outcome)));
        }
        self.page.paragraph(&[], 2, &spans);

        // What is left was warned about or not decided; without it "all proved" and "all tested" would look alike.
        let must = report.must();
        let proved = match must.total {
            0 => String::new(),
            total => format!(" · {} of {} proved", must.proved, counted(total, "MUST case", "MUST cases")),
        };
        let style = match report.exit_status {
            0 => GREEN,
            130 => YELLOW,
            _ => RED,
        };
        let exit = format!("exit {}: ", report.exit_status);
        let end = [Span::plain(&self.reason), Span::plain(&proved)];
        self.page.paragraph(&[Span::new(style.bold(), &exit)], 2, &end);
    }
}

/// A text of the target, not all of it when it is very long.
fn cut(style: Style, text: &str) -> Span {
    Span::new(style, &truncate(text, LONGEST_TEXT))
}

/// How many are left after so many; none when all were shown.
fn rest(all: usize, shown: usize) -> Option<usize> {
    all.checked_sub(shown).filter(|rest| *rest > 0)
}

/// Some names, and how many more there are.
fn listed(names: &[&str]) -> String {
    let mut list = names[..names.len().min(MOST_NAMES)].join(", ");
    if let Some(more) = rest(names.len(), MOST_NAMES) {
        list.push_str(&format!(", … and {more} more"));
    }
    list
}

/// A value of the profile on one line: a string without its quotes, a list of strings as a list of words.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn style_of(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Pass => GREEN,
        Outcome::Fail | Outcome::Error => RED,
        Outcome::Warn => YELLOW,
        Outcome::Inconclusive => CYAN,
        Outcome::Skip => DIM,
    }
}
