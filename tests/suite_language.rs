//! docs/suite-language.md: its tables are made from the JSON Schema of suite files and from the variables, so that no
//! key can be missing; its examples are suite files in order.

mod generated;

use std::fmt::Write as _;

use generated::{assert_current, document, tables::reference};
use jagspec::{
    problem::{self, SourceText},
    settings::{POLICIES, Profile},
    suite::{registry::Registry, schema, validate},
    template::{MODIFIERS, VARIABLES},
};

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

fn two_columns(head: &str, rows: impl Iterator<Item = (String, String)>) -> String {
    let mut text = format!("{head}\n| --- | --- |\n");
    for (name, meaning) in rows {
        let _ = writeln!(text, "| {name} | {meaning} |");
    }
    text
}

#[test]
fn the_reference_is_that_of_the_schema() {
    assert_current(DOCUMENT, "reference", &reference(&schema::suite_schema(), &TYPES));
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
