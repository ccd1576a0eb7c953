//! SARIF 2.1.0 for code scanning: a rule for each requirement that a result names, a result for each case that failed
//! or warned, a notification for each that could not be carried out and for each entry of the baseline that is stale or
//! expired. Only what is used of the format has a type.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use serde::Serialize;

use super::{
    CaseReport, EntryState, Level, Outcome, Report, json,
    text::{sanitise, truncate, unfolded},
    verdict::{is_critical, place},
};
use crate::suite::registry::{Registry, Row};

/// Columns of a rule's short description; GitHub takes 1024 characters.
const LONGEST_SHORT: usize = 500;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0-rtm.5.json";

#[derive(Serialize)]
struct Sarif {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<SarifResult>,
    properties: BTreeMap<&'static str, String>,
    column_kind: &'static str,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: String,
    semantic_version: String,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    short_description: Message,
    full_description: Message,
    help: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    properties: Tags,
}

#[derive(Serialize)]
struct Tags {
    tags: Vec<String>,
    /// A number as GitHub reads it: from 9.0 on it is "critical".
    #[serde(rename = "security-severity", skip_serializing_if = "Option::is_none")]
    security_severity: Option<&'static str>,
}

impl Tags {
    /// A hole is a matter of security, a wrong error is none.
    fn mark_as_hole(&mut self) {
        if self.security_severity.replace("9.0").is_none() {
            self.tags.push("security".to_owned());
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    exit_code_description: String,
    tool_execution_notifications: Vec<Notification>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_configuration_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    locations: Option<[Location; 1]>,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<Vec<Suppression>>,
    properties: ResultProperties,
}

#[derive(Serialize)]
struct ResultProperties {
    case: String,
    severity: Option<&'static str>,
    row: Option<String>,
    requirements: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

impl Message {
    /// One line, in which no link comes alive: `[text](place)` is one in every message (3.11.6).
    fn new(text: &str) -> Self {
        Self { text: sanitise(&unfolded(text)).replace("](", "] (") }
    }
}

/// The SARIF log, with a newline at its end. A result points at the line of its case in the suite file, or at the
/// first line of `location`, a file of the user's repository.
///
/// # Errors
///
/// None with the types as they are.
pub fn render(
    report: &Report,
    registry: &Registry,
    location: Option<&str>,
) -> Result<String, serde_json::Error> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut results = Vec::new();
    for case in &report.cases {
        let Some(level) = level(case) else { continue };
        let id = rule_id(case);
        let rule_index = rules.iter().position(|rule| rule.id == id).unwrap_or_else(|| {
            rules.push(rule(id.clone(), case, registry));
            rules.len() - 1
        });
        if is_critical(case) {
            rules[rule_index].properties.mark_as_hole();
        }
        let (file, start_line) = location.map_or_else(|| place(&case.source), |file| (file, 1));
        results.push(SarifResult {
            rule_id: id,
            rule_index,
            level,
            message: Message::new(&message(case)),
            locations: [at(file, start_line)],
            partial_fingerprints: fingerprints(&case.name),
            baseline_state: report
                .baseline
                .as_ref()
                .map(|_| if case.known.is_some() { "unchanged" } else { "new" }),
            suppressions: suppressions(report, case),
            properties: ResultProperties {
                case: shown(&case.name),
                severity: case.severity.map(super::Severity::word),
                row: case.row.as_deref().map(shown),
                requirements: case.requirements.iter().map(|id| shown(id)).collect(),
            },
        });
    }
    let version = shown(&report.run.version);
    let driver = Driver { name: "jagspec", version: version.clone(), semantic_version: version, rules };
    let run = Run {
        tool: Tool { driver },
        invocations: [invocation(report)],
        results,
        properties: BTreeMap::from([
            ("target", shown(&report.target.issuer)),
            ("profile", shown(&report.run.rules)),
        ]),
        column_kind: "unicodeCodePoints",
    };
    json::harmless(&Sarif { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

/// Two runs show the same problem when the same case found it. GitHub looks at the first of these alone, which it would
/// else make of the line's text: then all cases of a rule were one where they point at one line.
fn fingerprints(name: &str) -> BTreeMap<&'static str, String> {
    let digest = digest::digest(&digest::SHA256, name.as_bytes());
    let hash: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    BTreeMap::from([("primaryLocationLineHash", format!("{hash}:1")), ("jagspecCase/v1", shown(name))])
}

/// Why a result is to be hidden (3.35): it is known, by a file outside of the code. Where there is a baseline, the
/// results that it does not know say that they are not suppressed (3.27.23).
fn suppressions(report: &Report, case: &CaseReport) -> Option<Vec<Suppression>> {
    report.baseline.as_ref()?;
    let known = case.known.iter().map(|known| Suppression {
        kind: "external",
        justification: Some(shown(&unfolded(&known.said()))).filter(|said| !said.is_empty()),
    });
    Some(known.collect())
}

fn at(file: &str, start_line: u32) -> Location {
    let physical_location =
        PhysicalLocation { artifact_location: artifact(file), region: Region { start_line } };
    Location { physical_location }
}

/// The level of a case's result; none where it has none.
fn level(case: &CaseReport) -> Option<&'static str> {
    match (case.outcome, case.level) {
        (Outcome::Fail, _) => Some("error"),
        (Outcome::Warn, Level::MUST | Level::SHOULD) => Some("warning"),
        (Outcome::Warn, _) => Some("note"),
        _ => None,
    }
}

/// The requirement that the case is first about. Cases of other people's suites may name none: then the row, or the
/// case itself.
fn rule_id(case: &CaseReport) -> String {
    shown(case.requirements.first().or(case.row.as_ref()).unwrap_or(&case.name))
}

fn rule(id: String, case: &CaseReport, registry: &Registry) -> Rule {
    let requirement = registry.requirement(&id);
    let attack = registry.attack(&id);
    let text = match (requirement, attack) {
        (Some(requirement), _) => requirement.text.clone(),
        (None, Some(attack)) => format!("{} A safe server: {}", attack.text, attack.safe),
        (None, None) => case.title.clone(),
    };
    let row = requirement.map(|it| &it.row).or(attack.map(|it| &it.row)).or(case.row.as_ref());
    let mut help = sentence(&text);
    if let Some(row) = row.and_then(|id| registry.row(id)) {
        help.push_str(&advice(row, is_critical(case)));
    }
    let document = requirement.and_then(|it| registry.document(&it.document));
    let url = match (document, attack) {
        (Some(document), _) => Some(document.url.as_str()),
        (None, Some(attack)) => attack.sources.iter().map(String::as_str).find(|url| is_web(url)),
        (None, None) => None,
    };
    let mut tags = vec!["oauth".to_owned(), "id-jag".to_owned()];
    tags.extend(requirement.map(|it| it.document.clone()));
    Rule {
        id,
        short_description: Message::new(&truncate(&unfolded(&text), LONGEST_SHORT)),
        full_description: Message::new(&text),
        help: Message::new(&help),
        help_uri: url.filter(|url| is_web(url)).map(str::to_owned),
        properties: Tags { tags, security_severity: None },
    }
}

/// What to do about it: of a check that is missing, or of a good request that fails.
fn advice(row: &Row, accepted: bool) -> String {
    let missing = row.accepted.as_ref().filter(|_| accepted).map(|it| (&it.cause, &it.fix));
    let (cause, fix) = missing.unwrap_or((&row.cause, &row.fix));
    format!(" Cause: {cause} Fix: {fix} More: jagspec explain {}", row.row)
}

/// A URL and nothing else, which `urn:` and the name of a section are not.
fn is_web(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && !url.contains(char::is_whitespace)
}

fn message(case: &CaseReport) -> String {
    let mut text = format!("{}: {}", case.name, sentence(&case.title));
    let reason = if case.observed.is_empty() { &case.reason } else { &case.observed };
    for (label, said) in [("Expected", &case.expected), ("Observed", reason)] {
        if !said.is_empty() {
            text.push_str(&format!(" {label}: {}", sentence(said)));
        }
    }
    text
}

/// A text with the stop at its end that titles and observations lack.
fn sentence(text: &str) -> String {
    format!("{}.", text.trim().trim_end_matches('.'))
}

fn invocation(report: &Report) -> Invocation {
    let errors = report.cases.iter().filter(|case| case.outcome == Outcome::Error);
    Invocation {
        // That something is broken at the target is a success of the tool.
        execution_successful: matches!(report.exit_status, 0 | 1),
        exit_code: report.exit_status,
        exit_code_description: shown(&report.exit_reason()),
        tool_execution_notifications: errors
            .map(|case| Notification {
                level: "error",
                message: Message::new(&format!("{}: {}", case.name, case.reason)),
                locations: None,
            })
            .collect(),
        tool_configuration_notifications: report
            .entries(EntryState::Stale)
            .map(|entry| ("error", entry))
            .chain(report.entries(EntryState::Expired).map(|entry| ("warning", entry)))
            .map(|(level, entry)| Notification {
                level,
                message: Message::new(&format!("{}: {}", entry.label(), entry.advice())),
                locations: report
                    .baseline
                    .as_ref()
                    .map(|baseline| [at(&baseline.file, u32::try_from(entry.line).unwrap_or(u32::MAX))]),
            })
            .collect(),
    }
}

/// A file as a URI reference: relative as it is, absolute with its scheme (RFC 3986, 2; RFC 8089).
fn artifact(file: &str) -> ArtifactLocation {
    let file = file.replace('\\', "/");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let path: String = file
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let uri = if file.starts_with('/') { format!("file://{path}") } else { path };
    ArtifactLocation { uri }
}

fn shown(text: &str) -> String {
    sanitise(text).into_owned()
}
