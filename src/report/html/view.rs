//! What the page shows, prepared from a report and the registry: texts in the order of reading. How it looks is the
//! template's and the style's.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Value, value::Serde};
use serde::Serialize;

use super::{
    cases::{Cases, Group, diagnosed, requirement},
    http::{self, Exchange},
};
use crate::{
    report::{
        Diagnosis, EntryState, Level, Outcome, ProfileEntry, Report, terminal,
        text::unfolded,
        verdict::{Tone, counted},
    },
    suite::registry::Registry,
};

/// The groups of cases, what asks for attention first, with their headings, and what stands behind a number.
pub(super) const GROUPS: [(Outcome, &str, &str); 6] = [
    (Outcome::Fail, "Failed", "failed"),
    (Outcome::Error, "Not carried out", "not carried out"),
    (Outcome::Warn, "Warnings", "warned about"),
    (Outcome::Inconclusive, "Inconclusive", "inconclusive"),
    (Outcome::Skip, "Skipped", "skipped"),
    (Outcome::Pass, "Passed", "passed"),
];

/// The length of the bar that shows the outcomes.
const BAR: usize = 1000;

#[derive(Debug, Serialize)]
pub(super) struct Page {
    title: String,
    version: String,
    target: String,
    facts: Vec<(&'static str, String)>,
    banners: Vec<(&'static str, &'static str)>,
    verdict: Verdict,
    diagnoses: Vec<DiagnosisView>,
    baseline: Option<BaselineView>,
    total: usize,
    groups: Vec<Group>,
    suites: Vec<String>,
    levels: Vec<String>,
    exchanges: Vec<Exchange>,
    profile: Vec<ProfileView>,
    requirements: Vec<Value>,
}

#[derive(Debug, Serialize)]
struct Verdict {
    tone: &'static str,
    symbol: &'static str,
    word: &'static str,
    text: String,
    exit_status: u8,
    exit_reason: String,
    proved: String,
    bar: Vec<Segment>,
}

/// A stretch of the bar.
#[derive(Debug, Serialize)]
struct Segment {
    outcome: &'static str,
    start: usize,
    length: usize,
}

#[derive(Debug, Serialize)]
struct DiagnosisView {
    anchor: String,
    row: String,
    title: Option<String>,
    confidence: &'static str,
    blame: &'static str,
    /// The baseline knows all of its cases.
    is_known: bool,
    cause: String,
    fix: String,
    evidence: Vec<Evidence>,
    /// The evidence names cases: then `cases` are the others.
    names_cases: bool,
    cases: Vec<Link>,
}

/// A sentence of evidence; that of a finding begins with its case's name, which becomes a link.
#[derive(Debug, Serialize)]
struct Evidence {
    link: Option<Link>,
    text: String,
}

/// A link within the page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Link {
    pub(super) anchor: String,
    pub(super) text: String,
}

/// What became of the baseline.
#[derive(Debug, Serialize)]
struct BaselineView {
    file: String,
    known: String,
    new: String,
    /// The entries that are to be changed.
    amiss: Vec<EntryView>,
}

#[derive(Debug, Serialize)]
struct EntryView {
    state: &'static str,
    label: String,
    place: String,
    comment: String,
    advice: String,
}

#[derive(Debug, Serialize)]
struct ProfileView {
    name: String,
    value: String,
    stable: bool,
    evidence: Vec<String>,
}

/// The page of a report.
pub(super) fn page(report: &Report, registry: &Registry) -> Value {
    // What is known stands behind what is new.
    let (mut in_order, known) = report.parted_diagnoses();
    let new = in_order.len();
    in_order.extend(known);
    let diagnoses: Vec<_> =
        in_order.iter().enumerate().map(|(at, it)| diagnosis(at, it, at >= new, registry)).collect();
    let shared = shared_exchanges(report);
    let requirements: BTreeMap<&str, Value> = report
        .cases
        .iter()
        .flat_map(|case| &case.requirements)
        .map(|id| (id.as_str(), requirement(id, registry)))
        .collect();
    let cases = Cases {
        report,
        registry,
        requirements: &requirements,
        shared: &shared,
        diagnoses: &in_order,
        diagnosed: diagnosed(&in_order),
    };
    let verdict = verdict(report);
    let page = Page {
        title: format!("{} {}: {}", verdict.symbol, verdict.word, report.target.issuer),
        version: report.run.version.clone(),
        target: report.target.issuer.clone(),
        facts: facts(report),
        banners: banners(report),
        verdict,
        diagnoses,
        baseline: baseline(report),
        total: report.cases.len(),
        groups: cases.groups(),
        suites: suites(report),
        levels: report
            .cases
            .iter()
            .map(|case| case.level)
            .collect::<BTreeSet<_>>()
            .iter()
            .map(Level::to_string)
            .collect(),
        exchanges: shared
            .iter()
            .map(|index| http::exchange(*index, &report.exchanges[*index], &[]))
            .collect(),
        profile: report.profile.iter().map(profile).collect(),
        requirements: requirements.into_values().collect(),
    };
    Value::from(Serde(page))
}

/// What the run was, as far as it differs from the plainest one.
fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let (run, target) = (&report.run, &report.target);
    let none = || "none found".to_owned();
    let mut facts = vec![
        ("Token endpoint", target.token_endpoint.clone().unwrap_or_else(none)),
        ("Metadata", target.metadata_url.clone().unwrap_or_else(none)),
        ("Profile", run.rules.clone()),
    ];
    if !run.policies.is_empty() {
        let policies = run.policies.iter().map(|(name, value)| format!("{name}={value}"));
        facts.push(("Policies", policies.collect::<Vec<_>>().join(", ")));
    }
    if !run.filter.is_empty() {
        facts.push(("Only cases with", run.filter.join(", ")));
    }
    facts.extend(run.shard.iter().map(|shard| ("Shard", shard.clone())));
    facts
}

fn banners(report: &Report) -> Vec<(&'static str, &'static str)> {
    let run = &report.run;
    let secrets =
        "Nothing in this report is redacted: it holds client secrets and tokens. Do not pass it on.";
    [
        (run.secrets_shown, "Secrets shown", secrets),
        (run.insecure, "Insecure", "TLS certificates were not verified: who answered is not known."),
        (!run.complete, "Incomplete", "The run was interrupted; cases are missing from this report."),
    ]
    .into_iter()
    .filter_map(|(applies, word, text)| applies.then_some((word, text)))
    .collect()
}

fn verdict(report: &Report) -> Verdict {
    let exit_reason = report.exit_reason();
    let verdict = report.verdict(&exit_reason, &report.target.issuer);
    let must = report.must();
    let total = report.cases.len().max(1);
    let mut bar = Vec::new();
    let mut counted = 0;
    for (outcome, ..) in GROUPS {
        let start = counted * BAR / total;
        counted += report.cases.iter().filter(|case| case.outcome == outcome).count();
        let length = counted * BAR / total - start;
        if length > 0 {
            bar.push(Segment { outcome: outcome.word(), start, length });
        }
    }
    Verdict {
        tone: match verdict.tone {
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Open => "open",
        },
        symbol: verdict.symbol,
        word: verdict.word,
        exit_status: report.exit_status,
        // Not told twice.
        exit_reason: if verdict.text.contains(&exit_reason) { String::new() } else { exit_reason },
        text: verdict.text,
        proved: match must.total {
            0 => String::new(),
            1 => format!("{} of 1 MUST case proved", must.proved),
            total => format!("{} of {total} MUST cases proved", must.proved),
        },
        bar,
    }
}

fn baseline(report: &Report) -> Option<BaselineView> {
    let baseline = report.baseline.as_ref()?;
    let of = |state: EntryState, word: &'static str| {
        report.entries(state).map(move |entry| EntryView {
            state: word,
            label: entry.label(),
            place: report.baseline_place(entry.line),
            comment: entry.comment.clone().unwrap_or_default(),
            advice: entry.advice(),
        })
    };
    Some(BaselineView {
        file: baseline.file.clone(),
        known: counted(baseline.known, "case is known", "cases are known"),
        new: counted(baseline.new.len(), "failure is new", "failures are new"),
        amiss: of(EntryState::Stale, "stale").chain(of(EntryState::Expired, "expired")).collect(),
    })
}

fn diagnosis(at: usize, diagnosis: &Diagnosis, is_known: bool, registry: &Registry) -> DiagnosisView {
    let link = |name: &String| Link { anchor: case_anchor(name), text: name.clone() };
    let evidence: Vec<Evidence> = diagnosis
        .evidence
        .iter()
        .map(|sentence| {
            let text_of = |name: &String| sentence.strip_prefix(name.as_str())?.strip_prefix(": ");
            let named = diagnosis.cases.iter().find_map(|name| Some((link(name), text_of(name)?)));
            match named {
                Some((link, text)) => Evidence { link: Some(link), text: text.to_owned() },
                None => Evidence { link: None, text: sentence.clone() },
            }
        })
        .collect();
    let named: BTreeSet<&str> =
        evidence.iter().filter_map(|one| Some(one.link.as_ref()?.text.as_str())).collect();
    let names_cases = !named.is_empty();
    let cases = diagnosis.cases.iter().filter(|name| !named.contains(name.as_str())).map(link).collect();
    DiagnosisView {
        anchor: diagnosis_anchor(at),
        row: diagnosis.row.clone(),
        title: registry.row(&diagnosis.row).map(|row| unfolded(&row.title)),
        is_known,
        confidence: diagnosis.confidence.word(),
        blame: diagnosis.blame.sentence(),
        cause: unfolded(&diagnosis.cause),
        fix: unfolded(&diagnosis.fix),
        names_cases,
        cases,
        evidence,
    }
}

fn profile(entry: &ProfileEntry) -> ProfileView {
    ProfileView {
        name: entry.name.clone(),
        value: terminal::shown(&entry.value),
        stable: entry.stable,
        evidence: entry.evidence.clone(),
    }
}

fn suites(report: &Report) -> Vec<String> {
    let mut suites: Vec<String> = Vec::new();
    for case in &report.cases {
        if !suites.contains(&case.suite) {
            suites.push(case.suite.clone());
        }
    }
    suites
}

/// The exchanges that belong to no case alone, discovery and baseline as a rule. They are shown once, by themselves.
fn shared_exchanges(report: &Report) -> BTreeSet<usize> {
    let mut uses = vec![0_usize; report.exchanges.len()];
    for case in &report.cases {
        for index in &case.exchanges {
            if let Some(uses) = uses.get_mut(*index) {
                *uses += 1;
            }
        }
    }
    uses.iter().enumerate().filter(|(_, uses)| **uses != 1).map(|(index, _)| index).collect()
}

pub(super) fn case_anchor(name: &str) -> String {
    format!("case-{}", plain(name))
}

/// A name as a part of an id: no space, and nothing that a fragment of a URL would have to escape.
pub(super) fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.:/".contains(c) { c } else { '_' }).collect()
}

pub(super) fn diagnosis_anchor(at: usize) -> String {
    format!("diagnosis-{}", at + 1)
}
