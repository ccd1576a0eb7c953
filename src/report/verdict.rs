//! What a report says as a whole: its verdict, the meaning of its exit status, how many MUST cases were proved.

use super::{CaseReport, EntryState, Level, Outcome, Report, Severity};

/// The row of a target that gives no HTTP answer.
const UNREACHABLE: &str = "own.target-unreachable";

/// The row of a run without a client.
const NO_CLIENT: &str = "own.no-client";

/// The verdict on a target.
pub(super) struct Verdict {
    pub(super) tone: Tone,
    /// A sign to stand beside the word, never alone.
    pub(super) symbol: &'static str,
    pub(super) word: &'static str,
    pub(super) text: String,
}

/// How a verdict is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    Open,
}

impl Report {
    /// How many of the MUST cases were proved.
    pub fn must(&self) -> MustCount {
        let mut count = MustCount::default();
        for case in self.cases.iter().filter(|case| case.level == Level::MUST) {
            count.total += 1;
            match case.outcome {
                Outcome::Pass => count.proved += 1,
                Outcome::Fail => count.broken += 1,
                Outcome::Warn | Outcome::Skip | Outcome::Inconclusive | Outcome::Error => {}
            }
        }
        count
    }

    /// The row that names why the target could not be tested: the best diagnosis's, else that of the first case
    /// that ended in `error`.
    pub fn leading_row(&self) -> Option<&str> {
        let of_case = || self.cases.iter().find(|case| case.outcome == Outcome::Error)?.row.as_deref();
        self.diagnoses.first().map(|diagnosis| diagnosis.row.as_str()).or_else(of_case)
    }

    /// The exit status, in the contract's order of precedence (CONTRACT, Exit status). 2 is decided before a run.
    pub fn status(&self) -> u8 {
        let is_stale = self.entries(EntryState::Stale).next().is_some();
        self.status_of(|case| case.known.is_none(), is_stale)
    }

    /// The exit status as it were without a baseline.
    pub(super) fn status_without_baseline(&self) -> u8 {
        self.status_of(|_| true, false)
    }

    fn status_of(&self, counts: impl Fn(&CaseReport) -> bool, is_stale: bool) -> u8 {
        let any = |is: &dyn Fn(&CaseReport) -> bool| self.cases.iter().any(|case| counts(case) && is(case));
        let has = |outcome| any(&|case| case.outcome == outcome);
        if !self.run.complete {
            130
        } else if self.run.untestable || (has(Outcome::Error) && !has(Outcome::Fail)) {
            3
        } else if is_stale || any(&|case| case.is_failure(self.run.strict)) {
            1
        } else {
            0
        }
    }

    /// What the exit status means in this run.
    pub fn exit_reason(&self) -> String {
        let reason = match self.exit_status {
            0 if self.summary.fail > 0 => "nothing but what the baseline knows is broken",
            0 => "every MUST that could be tested holds",
            1 => return self.why_failed(),
            2 => "the call, the config or a suite file is wrong, or no case was selected; nothing was sent",
            3 => return self.why_not_tested(),
            130 => "interrupted",
            _ => "not a status of jagspec",
        };
        reason.to_owned()
    }

    fn why_failed(&self) -> String {
        if let Some(trouble) = self.baseline_trouble() {
            return trouble;
        }
        let is_new = |case: &&CaseReport| case.known.is_none();
        let mut new = self.cases.iter().filter(is_new);
        let reason = if new.clone().any(|case| case.outcome == Outcome::Fail) {
            "a MUST is broken"
        } else if self.run.strict && new.any(CaseReport::is_grave_warning) {
            "no MUST is broken, but a SHOULD is not met (--strict)"
        } else {
            // Nothing else fails a run.
            "the snapshot differs from the file that was there"
        };
        reason.to_owned()
    }

    fn why_not_tested(&self) -> String {
        let row = self.leading_row();
        let errors = self.summary.error - self.known(Outcome::Error);
        let why = if row == Some(UNREACHABLE) {
            "the target does not answer".to_owned()
        } else if row == Some(NO_CLIENT) {
            "no client is configured".to_owned()
        } else if errors > 0 {
            format!("{} could not be carried out", counted(errors, "case", "cases"))
        } else if self.summary.inconclusive > 0 {
            "the target accepts no well-formed ID-JAG".to_owned()
        } else {
            "the target could not be tested".to_owned()
        };
        row.map_or_else(|| why.clone(), |row| format!("{why} ({row})"))
    }

    /// The verdict: one word and one sentence. `reason` is what the exit status means, where the caller knows it
    /// better than `exit_reason`. `reason` and `target` come in as they are to stand in the text: a format that
    /// escapes what comes from the target does so before.
    pub(super) fn verdict(&self, reason: &str, target: &str) -> Verdict {
        let (must, summary) = (self.must(), self.summary);
        let mut broken = match summary.fail {
            0 => None,
            // A token for a bad ID-JAG fails a case of any level.
            fail if fail != must.broken => {
                Some(format!("{fail} of {} failed", counted(summary.total(), "case", "cases")))
            }
            fail => {
                let verb = if fail == 1 { "is" } else { "are" };
                Some(format!("{fail} of {} {verb} broken", counted(must.total, "MUST case", "MUST cases")))
            }
        };
        let critical = self.cases.iter().filter(|case| is_critical(case)).count();
        if let Some(text) = broken.as_mut().filter(|_| critical > 0) {
            text.push_str(&format!(" ({critical} critical)"));
        }
        let (tone, symbol, word, text) = match (self.exit_status, broken) {
            (0, None) => {
                (Tone::Good, "✓", "PASS", format!("every MUST that could be tested holds at {target}"))
            }
            (0, Some(broken)) => {
                (Tone::Good, "✓", "PASS", format!("{broken} at {target}, as the baseline says"))
            }
            (1, Some(broken)) if self.baseline.is_some() => {
                (Tone::Bad, "✗", "FAIL", format!("{target}: {reason}; {broken}"))
            }
            (1, Some(broken)) => (Tone::Bad, "✗", "FAIL", format!("{broken} at {target}")),
            (1, None) => (Tone::Bad, "✗", "FAIL", format!("{target}: {reason}")),
            (2, _) => (Tone::Bad, "✗", "NOT RUN", reason.to_owned()),
            (3, None) => (Tone::Bad, "!", "NOT TESTED", format!("{target}: {reason}")),
            (3, Some(broken)) => (Tone::Bad, "!", "NOT TESTED", format!("{target}: {reason}; {broken}")),
            (_, Some(broken)) => (Tone::Bad, "✗", "FAIL", format!("so far {broken} at {target}")),
            (_, None) => (Tone::Open, "!", "NO VERDICT", format!("{target}: {reason}")),
        };
        Verdict { tone, symbol, word, text }
    }
}

/// How many cases of an outcome are shown as findings: `2 new cases` where there is a baseline and they fail the run.
pub(super) fn counted_cases(report: &Report, outcome: Outcome, count: usize) -> String {
    let is_new = report.baseline.is_some() && outcome != Outcome::Warn;
    let (one, many) = if is_new { ("new case", "new cases") } else { ("case", "cases") };
    counted(count, one, many)
}

/// `1 case`, `2 cases`.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// How many of the MUST cases were proved. What is neither proved nor broken was warned about or not decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MustCount {
    /// Cases of level MUST.
    pub total: usize,
    /// Of these the ones that passed.
    pub proved: usize,
    /// Of these the ones that failed.
    pub broken: usize,
}

/// Whether a case shows a hole: a token for a bad ID-JAG, a canary hit.
pub(super) fn is_critical(case: &CaseReport) -> bool {
    case.severity == Some(Severity::Critical)
}

/// `18 cases: 7 passed, 3 failed`: only what there is.
pub(super) fn counts(report: &Report) -> String {
    let parts: Vec<_> = numbers(report)
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(outcome, count)| format!("{count} {}{}", outcome.word(), known(report, outcome)))
        .collect();
    let total = counted(report.summary.total(), "case", "cases");
    if parts.is_empty() { total } else { format!("{total}: {}", parts.join(", ")) }
}

/// ` (3 known)`, to stand behind a count of cases; empty where none is.
pub(super) fn known(report: &Report, outcome: Outcome) -> String {
    match report.known(outcome) {
        0 => String::new(),
        count => format!(" ({count} known)"),
    }
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

/// The cases of an outcome that no baseline knows, the gravest first, else in the order of the suites.
pub(super) fn cases_of(report: &Report, outcome: Outcome) -> Vec<&CaseReport> {
    let is_shown = |case: &&CaseReport| case.outcome == outcome && case.known.is_none();
    let mut cases: Vec<_> = report.cases.iter().filter(is_shown).collect();
    cases.sort_by_key(|case| (case.severity.is_none(), case.severity));
    cases
}

/// For which reasons cases that no baseline knows had an outcome, and how many for each, the most frequent first.
pub(super) fn reasons_of(report: &Report, outcome: Outcome) -> Vec<(&str, usize)> {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for case in report.cases.iter().filter(|case| case.outcome == outcome && case.known.is_none()) {
        match reasons.iter_mut().find(|(reason, _)| *reason == case.reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((&case.reason, 1)),
        }
    }
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    reasons
}

/// `FILE:LINE` of a case as its two parts; line 1 where none is told.
pub(super) fn place(source: &str) -> (&str, u32) {
    let parted = source.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
    parted.filter(|(_, line)| *line > 0).unwrap_or((source, 1))
}
