//! What a report says as a whole: its verdict, the meaning of its exit status, how many MUST cases were proved.

use super::{CaseReport, Level, Outcome, Report, Severity};

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

    /// The exit status that the cases give, in the contract's order of precedence (CONTRACT, Exit status); 2 is decided
    /// before a run, baseline and snapshot after it. `untestable`: what kept the target from being tested.
    pub fn status_of_cases(&self, untestable: bool) -> u8 {
        if !self.run.complete {
            130
        } else if untestable || (self.summary.error > 0 && self.summary.fail == 0) {
            3
        } else if self.summary.fail > 0
            || (self.run.strict && self.cases.iter().any(CaseReport::is_grave_warning))
        {
            1
        } else {
            0
        }
    }

    /// The row that names why the target could not be tested: the best diagnosis's, else that of the first case
    /// that ended in `error`.
    pub fn leading_row(&self) -> Option<&str> {
        let of_case = || self.cases.iter().find(|case| case.outcome == Outcome::Error)?.row.as_deref();
        self.diagnoses.first().map(|diagnosis| diagnosis.row.as_str()).or_else(of_case)
    }

    /// What the exit status means in this run, as far as the report tells: whether it was `--strict`, the baseline
    /// or the snapshot that failed a run without a broken MUST only the caller knows.
    pub fn exit_reason(&self) -> String {
        let reason = match self.exit_status {
            0 if self.summary.fail > 0 => "nothing but what the baseline knows is broken",
            0 => "every MUST that could be tested holds",
            1 if self.summary.fail > 0 => "a MUST is broken",
            1 => "no MUST is broken, but a SHOULD is not met (--strict), or baseline or snapshot differ",
            2 => "the call, the config or a suite file is wrong, or no case was selected; nothing was sent",
            3 => return self.why_not_tested(),
            130 => "interrupted",
            _ => "not a status of jagspec",
        };
        reason.to_owned()
    }

    fn why_not_tested(&self) -> String {
        let row = self.leading_row();
        let why = if row == Some(UNREACHABLE) {
            "the target does not answer".to_owned()
        } else if row == Some(NO_CLIENT) {
            "no client is configured".to_owned()
        } else if self.summary.error > 0 {
            format!("{} could not be carried out", counted(self.summary.error, "case", "cases"))
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

/// For which reasons cases had an outcome, and how many for each, the most frequent first.
pub(super) fn reasons_of(report: &Report, outcome: Outcome) -> Vec<(&str, usize)> {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for case in report.cases.iter().filter(|case| case.outcome == outcome) {
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
