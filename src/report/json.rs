//! The JSON report: the report as it is. Its schema is made from the types and checked in as
//! `schemas/report.schema.json`.

use schemars::{Schema, generate::SchemaSettings};
use serde::Serialize;

use super::{Report, text::is_unsafe};

/// The JSON report, indented, with a newline at its end.
///
/// Characters that could steer a terminal or disguise a text (all come from the target) are written as `\u` escapes:
/// the same value to every parser, and harmless when the report is shown with `cat`.
///
/// # Errors
///
/// None with the types as they are; serde reports what a type with keys that are no strings would cause.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    harmless(report)
}

/// Any JSON document, written the same way.
pub(crate) fn harmless(document: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    // serde_json escapes C0 itself; the newlines that are left are its indentation.
    if !text.contains(|c| c != '\n' && is_unsafe(c)) {
        return Ok(text);
    }
    let mut escaped = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        if c != '\n' && is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(c);
        }
    }
    Ok(escaped)
}

/// The JSON Schema (draft 2020-12) of the report as `render` writes it: every key is required.
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Report>()
}
