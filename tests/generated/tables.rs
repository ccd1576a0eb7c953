//! Tables of keys and words, made from a JSON Schema, so that no key can be missing.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::Value;

fn link(name: &str, headings: &[(&str, &str)]) -> String {
    let heading = headings.iter().find(|(known, _)| *known == name).map(|(_, heading)| *heading).unwrap();
    format!("[{}](#{})", lower_first(heading), heading.to_lowercase().replace(' ', "-"))
}

/// `A key` within a sentence; `ID-JAG` stays.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// One line of a description, fit for a cell.
fn cell(value: &Value) -> String {
    let text = value["description"].as_str().unwrap_or_default();
    text.replace('\n', " ").replace('|', "\\|")
}

/// What a value may be, in words.
fn kind(value: &Value, headings: &[(&str, &str)]) -> String {
    if let Some(name) = value["$ref"].as_str() {
        return link(name.trim_start_matches("#/$defs/"), headings);
    }
    if let Some(choices) = value["anyOf"].as_array() {
        let words: Vec<_> = choices
            .iter()
            .filter(|choice| choice["type"] != "null")
            .map(|choice| kind(choice, headings))
            .collect();
        return words.join(" or ");
    }
    let types: Vec<&str> = match &value["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect()
        }
        _ => return "any JSON value".to_owned(),
    };
    let words: Vec<String> = types
        .into_iter()
        .map(|name| match name {
            "array" => format!("list of: {}", kind(&value["items"], headings)),
            "object" => match &value["additionalProperties"] {
                members @ Value::Object(_) => format!("name: {}", kind(members, headings)),
                _ => "name: any JSON value".to_owned(),
            },
            "boolean" => "`true` or `false`".to_owned(),
            "string" => "text".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    words.join(" or ")
}

/// A table of keys, or of words.
fn table(definition: &Value, headings: &[(&str, &str)]) -> String {
    let mut rows = String::new();
    if let Some(properties) = definition["properties"].as_object() {
        let required: BTreeSet<&str> =
            definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        rows.push_str("| key | value | meaning |\n| --- | --- | --- |\n");
        for (name, value) in properties {
            let must = if required.contains(name.as_str()) { "Required. " } else { "" };
            let _ = writeln!(rows, "| `{name}` | {} | {must}{} |", kind(value, headings), cell(value));
        }
        return rows;
    }
    let words =
        definition["oneOf"].as_array().or(definition["anyOf"].as_array()).cloned().unwrap_or_default();
    if let Some(names) = definition["enum"].as_array() {
        let names: Vec<_> = names.iter().filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
        return names.join(", ");
    }
    rows.push_str("| word | meaning |\n| --- | --- |\n");
    for word in &words {
        let meaning = cell(word);
        if let Some(name) = word["const"].as_str() {
            let _ = writeln!(rows, "| `{name}` | {meaning} |");
        } else if let Some(names) = word["enum"].as_array() {
            for name in names.iter().filter_map(Value::as_str) {
                let _ = writeln!(rows, "| `{name}` | {meaning} |");
            }
        } else if let Some(properties) = word["properties"].as_object() {
            for (name, value) in properties {
                let _ = writeln!(rows, "| `{{ {name}: … }}`: {} | {meaning} |", kind(value, headings));
            }
        }
    }
    // Kinds without words of their own, such as a word or a list, say all in their description.
    if rows.lines().count() > 2 { rows } else { String::new() }
}

/// The reference of a schema: each of its types under its heading, in this order. The root has no name of its own.
pub(crate) fn reference(schema: &str, headings: &[(&str, &str)]) -> String {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let known: BTreeSet<&str> =
        headings.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect();
    let defined: BTreeSet<&str> = schema["$defs"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(known, defined, "each type of the schema has a heading");
    let mut text = String::new();
    for (name, heading) in headings {
        let definition = if name.is_empty() { &schema } else { &schema["$defs"][*name] };
        let description = definition["description"].as_str().unwrap_or_default().replace('\n', " ");
        let _ = write!(text, "### {heading}\n\n{description}\n\n{}\n", table(definition, headings));
    }
    text.replace("\n\n\n", "\n\n")
}
