//! docs/suite-language.md: its tables are made from the JSON Schema of suite files and from the variables, so that no
//! key can be missing; its examples are suite files in order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod generated;

use std::{collections::BTreeSet, fmt::Write as _};

use generated::{assert_current, document};
use jagspec::{
    problem::{self, SourceText},
    settings::{POLICIES, Profile},
    suite::{registry::Registry, schema, validate},
    template::{MODIFIERS, VARIABLES},
};
use serde_json::Value;

const DOCUMENT: &str = "docs/suite-language.md";

/// The types of the schema, in the order of the page, with their headings. The root has no name of its own.
const TYPES: [(&str, &str); 42] = [
    ("", "A suite file"),
    ("CaseFile", "A case"),
    ("ValueFile", "A value of a table"),
    ("StepFile", "A step"),
    ("IdpAction", "An action of the IdP"),
    ("Need", "A need"),
    ("Level", "A level"),
    ("ExchangeFile", "A setup"),
    ("IdJagChange", "Changes of the ID-JAG"),
    ("Duplicate", "A duplicate member"),
    ("Place", "The place of a duplicate"),
    ("Algorithm", "An algorithm"),
    ("KeyChoice", "A key"),
    ("SignatureDefect", "A defect of the signature"),
    ("Hmac", "A MAC"),
    ("HmacAlgorithm", "The algorithm of a MAC"),
    ("HmacSecret", "The secret of a MAC"),
    ("CompactDefect", "A defect of the compact form"),
    ("PayloadEncoding", "An encoding of the payload"),
    ("Bulk", "A large ID-JAG"),
    ("Nesting", "A JWS in a JWS"),
    ("Encryption", "A JWE"),
    ("EncryptionKey", "The key of a JWE"),
    ("EncryptedContent", "The content of a JWE"),
    ("TokenRequestChange", "Changes of the token request"),
    ("DpopChange", "A DPoP proof"),
    ("DpopKey", "The key of a proof"),
    ("DpopSignature", "The signature of a proof"),
    ("Parameter", "A parameter"),
    ("BodyForm", "The form of the body"),
    ("ClientAuthenticationChange", "Client authentication"),
    ("ClientAuthenticationMethod", "A client authentication method"),
    ("ClientChoice", "A client"),
    ("SecretChoice", "A secret"),
    ("ExpectFile", "An expectation"),
    ("OneOrMany", "One word or several"),
    ("Constraint", "A constraint"),
    ("JsonType", "A JSON type"),
    ("Characters", "A set of characters"),
    ("ResponseCheck", "A check of the response"),
    ("DiscoveryCheck", "A check of the discovery"),
    ("RunCheck", "A check of the whole run"),
];

fn heading(name: &str) -> &'static str {
    TYPES.iter().find(|(known, _)| *known == name).map(|(_, heading)| *heading).unwrap()
}

fn link(name: &str) -> String {
    let heading = heading(name);
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
fn kind(value: &Value) -> String {
    if let Some(name) = value["$ref"].as_str() {
        return link(name.trim_start_matches("#/$defs/"));
    }
    if let Some(choices) = value["anyOf"].as_array() {
        let words: Vec<_> = choices.iter().filter(|choice| choice["type"] != "null").map(kind).collect();
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
            "array" => format!("list of: {}", kind(&value["items"])),
            "object" => match &value["additionalProperties"] {
                members @ Value::Object(_) => format!("name: {}", kind(members)),
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
fn table(definition: &Value) -> String {
    let mut rows = String::new();
    if let Some(properties) = definition["properties"].as_object() {
        let required: BTreeSet<&str> =
            definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        rows.push_str("| key | value | meaning |\n| --- | --- | --- |\n");
        for (name, value) in properties {
            let must = if required.contains(name.as_str()) { "Required. " } else { "" };
            let _ = writeln!(rows, "| `{name}` | {} | {must}{} |", kind(value), cell(value));
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
                let _ = writeln!(rows, "| `{{ {name}: … }}`: {} | {meaning} |", kind(value));
            }
        }
    }
    // Kinds without words of their own, such as a word or a list, say all in their description.
    if rows.lines().count() > 2 { rows } else { String::new() }
}

fn reference() -> String {
    let schema: Value = serde_json::from_str(&schema::suite_schema()).unwrap();
    let known: BTreeSet<&str> = TYPES.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect();
    let defined: BTreeSet<&str> = schema["$defs"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(known, defined, "each type of the schema has a heading in TYPES");
    let mut text = String::new();
    for (name, heading) in TYPES {
        let definition = if name.is_empty() { &schema } else { &schema["$defs"][name] };
        let description = definition["description"].as_str().unwrap_or_default().replace('\n', " ");
        let _ = write!(text, "### {heading}\n\n{description}\n\n{}\n", table(definition));
    }
    text.replace("\n\n\n", "\n\n")
}

fn two_columns(head: &str, rows: impl Iterator<Item = (String, String)>) -> String {
    let mut text = format!("{head}\n| --- | --- |\n");
    for (name, meaning) in rows {
        let _ = writeln!(text, "| {name} | {meaning} |");
    }
    text
}

#[test]
fn the_reference_is_that_of_the_schema() {
    assert_current(DOCUMENT, "reference", &reference());
}

#[test]
fn the_variables_are_all_there() {
    let variables = VARIABLES.iter().map(|one| (format!("`${{{}}}`", one.name), one.meaning.to_owned()));
    assert_current(DOCUMENT, "variables", &two_columns("| variable | stands for |", variables));
    let modifiers = MODIFIERS.iter().map(|(name, meaning)| (format!("`\\|{name}`"), (*meaning).to_owned()));
    assert_current(DOCUMENT, "modifiers", &two_columns("| modifier | makes of the text |", modifiers));
}

#[test]
fn the_profiles_and_policies_are_all_there() {
    let text = document(DOCUMENT);
    for name in Profile::ALL.map(Profile::name) {
        assert!(text.contains(&format!("`{name}`")), "the profile {name}");
    }
    let policies = POLICIES
        .iter()
        .map(|(name, values)| (format!("`{name}`"), values.map(|value| format!("`{value}`")).join(", ")));
    assert_current(DOCUMENT, "policies", &two_columns("| policy | values |", policies));
}

#[test]
fn the_examples_are_in_order() {
    let text = document(DOCUMENT);
    let registry = Registry::embedded().unwrap();
    let blocks: Vec<&str> =
        text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        // A part of a case is shown without the suite around it.
        let whole = if block.contains("suite: ") {
            block.to_owned()
        } else {
            format!("suite: example\ntitle: An example\ncases:\n{block}")
        };
        if let Err(problems) = validate::suites(&[SourceText::new(DOCUMENT, whole)], &registry) {
            panic!("{}", problem::render(&problems, false));
        }
    }
}
