//! JUnit against the schema of Jenkins' xUnit plugin, and what becomes of the outcomes.

use std::fs;

use jagspec::report::{EntryState, Outcome, Report, junit};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus};
use roxmltree::{Document, Node};

use crate::{SAMPLES, path, sample};

/// A sample as a run with or without `--strict` would have it.
fn strict_sample(name: &str, strict: bool) -> Report {
    let mut report = sample(name);
    report.run.strict = strict;
    report
}

#[test]
fn the_reports_fit_the_schema() {
    let text = fs::read_to_string(path("fixtures/junit/junit-10.xsd")).unwrap();
    let schema = Document::parse(&text).unwrap();
    let schema = schema.root_element();
    for name in SAMPLES {
        for strict in [false, true] {
            let report = junit::render(&strict_sample(name, strict)).unwrap();
            let report = Document::parse(&report).unwrap();
            assert_eq!(misfit(report.root_element(), schema), None, "{name}");
        }
    }
    // And the check has teeth.
    for (broken, problem) in [
        ("<testsuites skipped='1'/>", "testsuites has skipped"),
        ("<testsuites><testcase name='a'/></testsuites>", "testcase within testsuites"),
        ("<testsuite name='a' tests='1' failures='0'/>", "testsuite without errors"),
        ("<testsuites>text</testsuites>", "text within testsuites"),
    ] {
        let broken = Document::parse(broken).unwrap();
        assert_eq!(misfit(broken.root_element(), schema).as_deref(), Some(problem));
    }
}

/// Where an element does not fit the schema, or none. Knows what this schema says of the elements that it declares:
/// every content is of any number of some elements in any order, with or without text; types of attributes are not
/// looked at, as all that we write are strings there.
fn misfit(element: Node<'_, '_>, schema: Node<'_, '_>) -> Option<String> {
    let name = element.tag_name().name();
    let declared = schema.children().find(|it| it.attribute("name") == Some(name))?;
    if declared.attribute("type") == Some("xs:string") {
        return element.children().find(Node::is_element).map(|_| format!("an element within {name}"));
    }
    let declared =
        declared.children().find(|it| it.has_tag_name(("http://www.w3.org/2001/XMLSchema", "complexType")));
    let Some(declared) = declared else { return Some(format!("{name} is not declared")) };
    let of = |kind: &'static str| declared.descendants().filter(move |it| it.tag_name().name() == kind);
    let attributes: Vec<_> = of("attribute").filter_map(|it| it.attribute("name")).collect();
    let children: Vec<_> = of("element").filter_map(|it| it.attribute("ref")).collect();
    if let Some(other) = element.attributes().find(|it| !attributes.contains(&it.name())) {
        return Some(format!("{name} has {}", other.name()));
    }
    let required = of("attribute").filter(|it| it.attribute("use") == Some("required"));
    for missing in required.filter_map(|it| it.attribute("name")) {
        if element.attribute(missing).is_none() {
            return Some(format!("{name} without {missing}"));
        }
    }
    let has_text =
        element.children().any(|it| it.text().is_some_and(|text| it.is_text() && !text.trim().is_empty()));
    if has_text && declared.attribute("mixed") != Some("true") {
        return Some(format!("text within {name}"));
    }
    element.children().filter(Node::is_element).find_map(|child| {
        let known = children.contains(&child.tag_name().name());
        if known { misfit(child, schema) } else { Some(format!("{} within {name}", child.tag_name().name())) }
    })
}

#[test]
fn outcomes_are_kept_apart() {
    let samples =
        [("mixed", false), ("mixed", true), ("baseline", false), ("baseline", true), ("hostile", false)];
    for (name, strict) in samples {
        let report = strict_sample(name, strict);
        let read = quick_junit::Report::deserialize_from_str(&junit::render(&report).unwrap()).unwrap();
        let (stale, read): (Vec<_>, Vec<_>) =
            read.test_suites.iter().partition(|suite| suite.name.as_str() == "jagspec baseline");
        // A run with a stale entry fails.
        let stale: Vec<_> = stale.iter().flat_map(|suite| &suite.test_cases).collect();
        let is_failure = |it: &&TestCase| {
            matches!(it.status, TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. })
        };
        assert_eq!(stale.iter().filter(|it| is_failure(it)).count(), stale.len());
        let entries = report.baseline.iter().flat_map(|baseline| &baseline.entries);
        assert_eq!(stale.len(), entries.filter(|entry| entry.state == EntryState::Stale).count());

        let read: Vec<_> = read.iter().flat_map(|suite| &suite.test_cases).collect();
        assert_eq!(read.len(), report.cases.len());
        for (read, case) in read.iter().zip(&report.cases) {
            let kind = match &read.status {
                TestCaseStatus::Success { .. } => "success",
                TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. } => "failure",
                TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, .. } => "error",
                TestCaseStatus::Skipped { message, .. } => {
                    let message = message.as_ref().unwrap();
                    assert!(!message.is_empty());
                    assert_eq!(message.starts_with("known "), case.known.is_some());
                    "skipped"
                }
            };
            let is_binding = ["MUST", "SHOULD"].contains(&case.level.to_string().as_str());
            let expected = match case.outcome {
                Outcome::Fail | Outcome::Error if case.known.is_some() => "skipped",
                Outcome::Fail => "failure",
                Outcome::Warn if strict && is_binding => "failure",
                Outcome::Pass | Outcome::Warn => "success",
                Outcome::Error => "error",
                Outcome::Skip | Outcome::Inconclusive => "skipped",
            };
            assert_eq!(kind, expected, "{}", case.name);
            assert_eq!(read.system_out.is_some(), case.outcome == Outcome::Warn && kind == "success");
        }
    }
}
