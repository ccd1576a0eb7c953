//! The JSON report: the report as it is. Its schema is made from the types and checked in as
//! `schemas/report.schema.json`.

use schemars::{Schema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FORMAT, Report, Summary, text::unsafe_characters};

/// The JSON report, indented, with a newline at its end.
///
/// Characters that could steer a terminal or a CI system's log, or disguise a text (all come from the target), are
/// written as `\u` escapes: the same value to every parser, and harmless when the report is shown with `cat`.
///
/// # Errors
///
/// None with the types as they are; serde reports what a type with keys that are no strings would cause.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    harmless(report)
}

/// Reads a JSON report.
///
/// # Errors
/// Why it is none, or none that this version reads: `LINE:COLUMN: …` where that is a place in the text. What stands in
/// the text may stand in the message.
pub fn parse(text: &str) -> Result<Report, String> {
    #[derive(Deserialize)]
    struct Head {
        format: Option<Value>,
    }
    let head: Head = serde_json::from_str(text).map_err(|error| place(&error))?;
    match head.format {
        Some(Value::String(format)) if format == FORMAT => {}
        Some(Value::String(format)) if format.starts_with("jagspec/") => {
            return Err(format!(
                "a report of the format `{format}`, and this version reads `{FORMAT}`: take the version that wrote it"
            ));
        }
        Some(format) => {
            return Err(format!("no report of jagspec: its `format` is {format}, not `{FORMAT}`"));
        }
        None => return Err(format!("no report of jagspec: it has no `format`, which is `{FORMAT}`")),
    }
    let report: Report = serde_json::from_str(text).map_err(|error| place(&error))?;
    check(&report)?;
    Ok(report)
}

/// `LINE:COLUMN: what`.
fn place(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    format!("{line}:{column}: no report of jagspec: {what}")
}

/// What the types do not say, and every report of a run keeps to.
fn check(report: &Report) -> Result<(), String> {
    let known = |index: &usize| *index < report.exchanges.len();
    let of_cases = report.cases.iter().enumerate();
    let stranger = of_cases.flat_map(|(at, case)| case.exchanges.iter().map(move |index| (at, index)));
    if let Some((at, index)) = stranger.into_iter().find(|(_, index)| !known(index)) {
        return Err(format!(
            "cases[{at}].exchanges names the exchange {index}, and there are {}",
            report.exchanges.len()
        ));
    }
    if Summary::of(&report.cases) != report.summary {
        return Err("`summary` does not count its `cases`".to_owned());
    }
    match report.exit_status {
        0..=3 | 130 => Ok(()),
        other => Err(format!("`exit_status` is {other}, which is none of jagspec")),
    }
}

/// Any JSON document, written the same way.
pub(crate) fn harmless(document: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    // serde_json escapes C0 itself; the newlines that are left are its indentation.
    let mut escaped = String::with_capacity(text.len() + 64);
    let mut copied = 0;
    for (at, c) in unsafe_characters(&text).filter(|(_, c)| *c != '\n') {
        escaped.push_str(&text[copied..at]);
        copied = at + c.len_utf8();
        for unit in c.encode_utf16(&mut [0; 2]) {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
    }
    escaped.push_str(&text[copied..]);
    Ok(escaped)
}

/// The JSON Schema (draft 2020-12) of the report as `render` writes it: every key is required.
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Report>()
}
