//! Tests of `yaml`; the goldens of broken suite files are in `tests/suite_files.rs`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

fn value(text: &str) -> Result<Value, Problem> {
    parse(&SourceText::new("f.yaml", text))
}

/// Message, and what the caret stands under.
fn mistake(text: &str) -> (String, String) {
    let problem = value(text).unwrap_err();
    let span = problem.place.span();
    (problem.message, text[span].to_owned())
}

#[test]
fn numbers_are_what_json_writes_and_words_are_text() {
    let read = value(
        "{ a: 1, b: 1.5, c: 012, d: 1_000, e: yes, f: true, g: null, h: ~, i: '1', j: -3, k: 1e3, l: on }",
    );
    let expected = json!({ "a": 1, "b": 1.5, "c": "012", "d": "1_000", "e": "yes", "f": true, "g": null, "h": null,
        "i": "1", "j": -3, "k": 1000.0, "l": "on" });
    assert_eq!(read.unwrap(), expected);
}

#[test]
fn what_is_stricter_than_yaml_is_shown_at_its_word() {
    let cases = [
        ("a: 1\nb: 2\na: 3\n", "the key `a` is given twice", "a"),
        ("a: { <<: { b: 1 } }", "merge keys (`<<`) are not read", "<<"),
        ("a: !foo x\n", "the tag `!foo` means nothing here", "!foo"),
        ("a: 1\n---\nb: 2\n", "a second document begins here", "---"),
        ("a: 1e400\n", "JSON has no number `1e400`", "1e400"),
        ("a: *b\n", "this alias has no anchor", "*b"),
        ("a:\n  b: 1\n\tc: 1\n", "a tab in the indentation", "\t"),
        ("a: { b: ${now+300} }\n", "a variable without quotes", "${now+300}"),
    ];
    for (text, message, word) in cases {
        assert_eq!(mistake(text), (message.to_owned(), word.to_owned()), "{text:?}");
    }
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(value(&text).is_err());
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(value(&text).is_err());
    let block: String = (0..200).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(value(&block).is_err());
}

#[test]
fn positions_are_found_by_path() {
    let text = "cases:\n  - a: 1\n    b: { c.d: [x, 'y y'] }\n  - &n e: |\n      text\n    f:\n";
    let source = SourceText::new("f.yaml", text);
    let positions = Positions::of(&source, text);
    let at = |place: crate::problem::Place| text[place.span()].to_owned();
    let cases = Path::ROOT.key("cases");
    let (first, second) = (cases.index(0), cases.index(1));
    let b = first.key("b");
    let list = b.key("c.d");
    assert_eq!(at(positions.value(&list.index(1))), "'y y'");
    assert_eq!(at(positions.key(&list)), "c.d");
    assert_eq!(at(positions.value(&list)), "[x, 'y y']");
    assert_eq!(positions.value(&first).line_column(), (2, 5));
    assert_eq!(at(positions.value(&second.key("f"))), "f", "a value that is not there is shown by its key");
    assert_eq!(at(positions.value(&b.key("nothing").key("below"))), "{ c.d: [x, 'y y'] }");
    assert_eq!(at(positions.part(&list.index(1), "y y")), "y y");
    assert_eq!(list.index(1).to_string(), "cases[0].b.c.d[1]");
    assert_eq!(positions.keys().collect::<Vec<_>>(), ["cases"]);
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    items: Vec<BTreeMap<String, u16>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    jobs: u16,
}

#[test]
fn a_file_of_comments_only_is_a_mapping_without_keys() {
    let source = SourceText::new("f.yaml", "# jobs: 3\n");
    assert_eq!(parse::<Options>(&source).unwrap(), Options { jobs: 0 });
    assert_eq!(parse::<Options>(&SourceText::new("f.yaml", "")).unwrap(), Options { jobs: 0 });
    assert_eq!(parse::<List>(&source).unwrap_err().message, "the file is empty");
}

#[test]
fn every_item_with_a_mistake_is_named_and_the_others_are_read() {
    let text = "items:\n  - a: 1\n  - b: x\n  - c: 2\n  -\n    ä: [ö]\n    d: 4\n  - e: 70000\n";
    let source = SourceText::new("f.yaml", text);
    let parsed: Parsed<List> = parse_items(&source, "items");
    let lines: Vec<_> = parsed.problems.iter().map(|p| p.place.line_column()).collect();
    assert_eq!(lines, [(3, 8), (6, 8), (8, 8)]);
    let value = parsed.value.unwrap();
    assert_eq!(value.items.len(), 2);
    // What is left stands where it stood.
    let items = Path::ROOT.key("items");
    assert_eq!(parsed.positions.value(&items.index(1)).line_column(), (4, 5));
}

#[test]
fn a_file_of_broken_items_only_ends_with_the_last_of_them() {
    let source = SourceText::new("f.yaml", "items:\n  - a: x\n  - b: y\n");
    let parsed: Parsed<List> = parse_items(&source, "items");
    assert_eq!(parsed.problems.len(), 2);
    assert!(parsed.value.is_none());
}
