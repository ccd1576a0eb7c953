//! The cases as they are shown: grouped by outcome, each with its row, its requirements and its exchanges.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Value, value::Serde};
use serde::Serialize;

use super::{
    http::{self, Exchange},
    view::{GROUPS, Link, case_anchor, diagnosis_anchor, plain},
};
use crate::{
    report::{
        CaseReport, Diagnosis, Finding, Outcome, Report,
        text::unfolded,
        verdict::{self, cases_of},
    },
    suite::registry::Registry,
};

#[derive(Debug, Serialize)]
pub(super) struct Group {
    outcome: &'static str,
    symbol: &'static str,
    label: &'static str,
    said: &'static str,
    /// How many of them are known, to stand behind their number.
    known: String,
    cases: Vec<CaseView>,
}

#[derive(Debug, Serialize)]
struct CaseView {
    anchor: String,
    name: String,
    suite: String,
    title: String,
    level: String,
    severity: Option<&'static str>,
    /// Something is wrong: then everything is told in its place.
    is_finding: bool,
    /// What the closed case says beside its title.
    hint: String,
    /// What makes it a known one: its place in the baseline, and why.
    known: Option<(String, String)>,
    /// What the baseline has of it instead.
    change: Option<String>,
    expected: String,
    observed: String,
    reason: String,
    changed: Vec<String>,
    row: Option<RowView>,
    requirements: Vec<Value>,
    exchanges: Vec<Exchange>,
    shared: Vec<Link>,
    source: String,
}

#[derive(Debug, Serialize)]
struct RowView {
    id: String,
    title: Option<String>,
    diagnosis: Option<Link>,
    cause: String,
    fix: String,
}

#[derive(Debug, Serialize)]
struct RequirementView<'a> {
    id: &'a str,
    anchor: String,
    level: String,
    text: String,
    place: String,
    href: Option<&'a str>,
}

/// Of each case that a diagnosis names, the first such diagnosis.
pub(super) fn diagnosed<'r>(diagnoses: &[&'r Diagnosis]) -> BTreeMap<&'r str, usize> {
    let mut first = BTreeMap::new();
    for (at, diagnosis) in diagnoses.iter().enumerate() {
        for name in &diagnosis.cases {
            first.entry(name.as_str()).or_insert(at);
        }
    }
    first
}

/// Makes the views of cases.
pub(super) struct Cases<'a> {
    pub(super) report: &'a Report,
    pub(super) registry: &'a Registry,
    pub(super) requirements: &'a BTreeMap<&'a str, Value>,
    pub(super) shared: &'a BTreeSet<usize>,
    /// In the order in which they are shown.
    pub(super) diagnoses: &'a [&'a Diagnosis],
    pub(super) diagnosed: BTreeMap<&'a str, usize>,
}

impl Cases<'_> {
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        for (outcome, label, said) in GROUPS {
            // What is known stands behind what is new.
            let known = self.report.cases.iter().filter(|it| it.outcome == outcome && it.known.is_some());
            let cases: Vec<_> =
                cases_of(self.report, outcome).into_iter().chain(known).map(|case| self.case(case)).collect();
            if !cases.is_empty() {
                groups.push(Group {
                    outcome: outcome.word(),
                    symbol: outcome.symbol(),
                    label,
                    said,
                    known: verdict::known(self.report, outcome),
                    cases,
                });
            }
        }
        groups
    }

    fn case(&self, case: &CaseReport) -> CaseView {
        let is_finding = matches!(case.outcome, Outcome::Fail | Outcome::Warn | Outcome::Error);
        let known = |index: &&usize| **index < self.report.exchanges.len();
        let (shared, own): (Vec<usize>, Vec<usize>) =
            case.exchanges.iter().filter(known).partition(|index| self.shared.contains(index));
        let own = own
            .into_iter()
            .map(|index| http::exchange(index, &self.report.exchanges[index], &case.changed_members));
        CaseView {
            anchor: case_anchor(&case.name),
            name: case.name.clone(),
            suite: case.suite.clone(),
            title: unfolded(&case.title),
            level: case.level.to_string(),
            severity: case.severity.map(|severity| severity.word()),
            is_finding,
            hint: match case.outcome {
                Outcome::Pass => String::new(),
                _ if is_finding && !case.observed.is_empty() => case.observed.clone(),
                _ => case.reason.clone(),
            },
            known: case.known.as_ref().map(|it| (self.report.baseline_place(it.line), it.said())),
            change: self.report.change(case),
            expected: case.expected.clone(),
            observed: case.observed.clone(),
            // A reason that only says the same again is left out.
            reason: Some(&case.reason)
                .filter(|reason| **reason != case.expected && **reason != case.observed)
                .cloned()
                .unwrap_or_default(),
            changed: case.changed.clone(),
            row: case.row.as_deref().map(|id| self.row(id, case, is_finding)),
            requirements: case
                .requirements
                .iter()
                .filter_map(|id| self.requirements.get(id.as_str()).cloned())
                .collect(),
            exchanges: own.collect(),
            shared: shared
                .into_iter()
                .map(|index| Link { anchor: format!("exchange-{index}"), text: self.line(index) })
                .collect(),
            source: case.source.clone(),
        }
    }

    fn line(&self, index: usize) -> String {
        let request = &self.report.exchanges[index].request;
        format!("{} {}", request.method, request.url)
    }

    /// The row of a case. Its cause and fix are told of a finding: in the words of the diagnosis that names the case,
    /// which knows more, else in the row's own.
    fn row(&self, id: &str, case: &CaseReport, is_finding: bool) -> RowView {
        let at = self.diagnosed.get(case.name.as_str()).copied();
        let row = self.registry.row(id);
        let (cause, fix) = match (at.and_then(|at| self.diagnoses.get(at)), row) {
            _ if !is_finding => ("", ""),
            (Some(diagnosis), _) => (diagnosis.cause.as_str(), diagnosis.fix.as_str()),
            (None, Some(row)) => match &row.accepted {
                Some(accepted) if case.finding == Some(Finding::TokenIssued) => {
                    (accepted.cause.as_str(), accepted.fix.as_str())
                }
                _ => (row.cause.as_str(), row.fix.as_str()),
            },
            (None, None) => ("", ""),
        };
        RowView {
            id: id.to_owned(),
            title: row.map(|row| unfolded(&row.title)),
            diagnosis: at
                .map(|at| Link { anchor: diagnosis_anchor(at), text: format!("Diagnosis {}", at + 1) }),
            cause: unfolded(cause),
            fix: unfolded(fix),
        }
    }
}

/// A requirement or an attack. Only what is on the web is linked to, not a `urn:`.
pub(super) fn requirement(id: &str, registry: &Registry) -> Value {
    let anchor = format!("requirement-{}", plain(id));
    let view = if let Some(requirement) = registry.requirement(id) {
        let document = registry.document(&requirement.document);
        let title = document.map_or(requirement.document.as_str(), |document| document.title.as_str());
        RequirementView {
            id,
            anchor,
            level: requirement.level.to_string(),
            text: unfolded(&requirement.text),
            place: match requirement.section.chars().next() {
                None => title.to_owned(),
                Some(c) if c.is_ascii_digit() => format!("{title}, section {}", requirement.section),
                Some(_) => format!("{title}, {}", requirement.section),
            },
            href: document.map(|document| document.url.as_str()).filter(|url| url.starts_with("https://")),
        }
    } else if let Some(attack) = registry.attack(id) {
        RequirementView {
            id,
            anchor,
            level: "attack".to_owned(),
            text: format!("{} A safe server: {}", unfolded(&attack.text), unfolded(&attack.safe)),
            place: attack.sources.join("; "),
            href: None,
        }
    } else {
        RequirementView {
            id,
            anchor,
            level: String::new(),
            text: String::new(),
            place: String::new(),
            href: None,
        }
    };
    Value::from(Serde(view))
}
