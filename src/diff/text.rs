//! The difference of two reports for a person at a terminal: what became worse first.

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{CaseSide, Change, Difference, Side};
use crate::{
    observation::clip,
    report::{
        Outcome,
        page::{Page, Span},
    },
};

/// So many entries of a section are shown; the JSON has all of them.
const MOST: usize = 200;

/// So many characters of one text are shown.
const LONGEST_TEXT: usize = 300;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();

/// The difference as text, so many columns wide.
pub fn render(difference: &Difference, width: usize, colour: bool) -> String {
    let mut page = Page::new(width, colour);
    for (label, side) in ["before", "after"].into_iter().zip(&difference.reports) {
        header(&mut page, label, side);
    }
    section(&mut page, "RUNS", BOLD, difference.runs.len(), "difference", |page, at| {
        let change = &difference.runs[at];
        let value = |text: &str| if text.is_empty() { "none".to_owned() } else { clip(text, LONGEST_TEXT) };
        line(
            page,
            DIM,
            "~",
            &format!("{}: {} → {}", change.what, value(&change.before), value(&change.after)),
        );
    });
    let (worse, better): (Vec<_>, Vec<_>) = difference.changed.iter().partition(|change| change.worse);
    for (title, style, changes) in [("WORSE", RED.bold(), &worse), ("BETTER", GREEN.bold(), &better)] {
        section(&mut page, title, style, changes.len(), "case", |page, at| {
            case(page, &changes[at].after, Some(&changes[at].before));
        });
    }
    section(&mut page, "NEW", BOLD, difference.added.len(), "case", |page, at| {
        case(page, &difference.added[at], None);
    });
    section(&mut page, "GONE", BOLD, difference.removed.len(), "case", |page, at| {
        let case = &difference.removed[at];
        line(page, DIM, "–", &format!("{} (was {})", case.name, words(case)));
    });
    section(&mut page, "DIAGNOSES", BOLD, difference.diagnoses.len(), "change", |page, at| {
        change(page, &difference.diagnoses[at]);
    });
    section(&mut page, "PROFILE", BOLD, difference.profile.len(), "change", |page, at| {
        change(page, &difference.profile[at]);
    });
    page.blank();
    page.paragraph(&[], 0, &[Span::plain(&last_line(difference))]);
    page.finish()
}

fn header(page: &mut Page, label: &str, side: &Side) {
    let text = format!(
        "{}: jagspec {} · profile {} · {} · exit {}",
        side.file, side.version, side.rules, side.target, side.exit_status
    );
    page.paragraph(&[Span::new(DIM, &format!("{label:6}  "))], 8, &[Span::plain(&clip(&text, LONGEST_TEXT))]);
}

/// A title with a count, and the first entries; nothing where there are none.
fn section(
    page: &mut Page,
    title: &str,
    style: Style,
    count: usize,
    noun: &str,
    entry: impl Fn(&mut Page, usize),
) {
    if count == 0 {
        return;
    }
    page.blank();
    let plural = if count == 1 { "" } else { "s" };
    let lead = [Span::new(style, title), Span::plain("  ")];
    page.paragraph(&lead, 0, &[Span::plain(&format!("{count} {noun}{plural}"))]);
    (0..count.min(MOST)).for_each(|at| entry(page, at));
    if count > MOST {
        line(page, DIM, "…", &format!("and {} more (--format json)", count - MOST));
    }
}

fn line(page: &mut Page, style: Style, sign: &str, text: &str) {
    page.paragraph(&[Span::new(style, &format!("{sign} "))], 2, &[Span::plain(text)]);
}

/// `fail, critical`.
fn words(case: &CaseSide) -> String {
    match case.severity {
        Some(severity) => format!("{}, {}", case.outcome.word(), severity.word()),
        None => case.outcome.word().to_owned(),
    }
}

fn case(page: &mut Page, now: &CaseSide, before: Option<&CaseSide>) {
    let style = if matches!(now.outcome, Outcome::Fail | Outcome::Error) { RED } else { Style::new() };
    let was = before.map(|before| format!(", was {}", words(before))).unwrap_or_default();
    line(page, style, now.outcome.symbol(), &format!("{} ({}): {}{was}", now.name, now.level, words(now)));
    let why = match now.outcome {
        Outcome::Pass => "",
        Outcome::Fail | Outcome::Warn => now.observed.as_str(),
        Outcome::Skip | Outcome::Inconclusive | Outcome::Error => now.reason.as_str(),
    };
    if !why.is_empty() {
        page.paragraph(&[Span::plain("  ")], 2, &[Span::new(DIM, &clip(why, LONGEST_TEXT))]);
    }
}

fn change<T: Serialize>(page: &mut Page, change: &Change<T>) {
    // Text as it is, anything else as JSON.
    let shown = |value: &T| {
        let text = match serde_json::to_value(value) {
            Ok(serde_json::Value::String(text)) => text,
            Ok(other) => other.to_string(),
            Err(_) => String::new(),
        };
        clip(&text, LONGEST_TEXT)
    };
    let name = &change.name;
    match (&change.before, &change.after) {
        (None, Some(after)) => line(page, BOLD, "+", &format!("{name}: {}", shown(after))),
        (Some(before), None) => line(page, DIM, "–", &format!("{name}: {}", shown(before))),
        (Some(before), Some(after)) => {
            line(page, BOLD, "~", &format!("{name}: {} → {}", shown(before), shown(after)));
        }
        (None, None) => {}
    }
}

fn last_line(difference: &Difference) -> String {
    if difference.same {
        return "exit 0: the same outcomes, diagnoses and profile".to_owned();
    }
    let worse = difference.changed.iter().filter(|change| change.worse).count();
    let counts = [
        (worse, "worse"),
        (difference.changed.len() - worse, "better"),
        (difference.added.len(), "new"),
        (difference.removed.len(), "gone"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    match counts.as_slice() {
        [] => "exit 1: the reports differ, though in no case's outcome".to_owned(),
        counts => format!("exit 1: the reports differ; cases: {}", counts.join(", ")),
    }
}
