//! The formats for programs and for pull requests, on the samples: snapshots, and what holds for each of them.

use jagspec::{
    report::{
        Report, Summary, github, har, junit as junit_report, markdown, redact::Redactor,
        sarif as sarif_report,
    },
    settings::Secret,
    suite::registry::Registry,
};
use serde_json::Value;

use crate::{HARMFUL, SAMPLES, has_command, is_harmful, sample};

pub(crate) fn registry() -> Registry {
    Registry::embedded().map_err(|problems| format!("{problems:?}")).unwrap()
}

/// A report in every format, by name.
fn all(report: &Report) -> [(&'static str, String); 5] {
    [
        ("junit", junit_report::render(report).unwrap()),
        ("markdown", markdown::render(report)),
        ("sarif", sarif_report::render(report, &registry(), None).unwrap()),
        ("github", github::render(report)),
        ("har", har::render(report).unwrap()),
    ]
}

/// A report with so many copies of the failing case.
fn with_failures(count: usize) -> Report {
    let mut report = sample("mixed");
    let failed = report.cases.iter().find(|case| case.name == "audience::second-audience").unwrap().clone();
    report.cases = vec![failed; count];
    report.summary = Summary::of(&report.cases);
    report
}

#[test]
fn every_format_of_the_samples() {
    for name in ["mixed", "unreachable", "baseline", "hostile"] {
        // A transcript of the run knows no baseline.
        let formats =
            all(&sample(name)).into_iter().filter(|(format, _)| (name, *format) != ("baseline", "har"));
        for (format, text) in formats {
            insta::assert_snapshot!(format!("{format}-of-{name}"), text);
        }
    }
    for (format, text) in all(&sample("all-pass")) {
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{format}");
    }
}

#[test]
fn no_format_brings_what_a_target_says_to_life() {
    let mut report = sample("hostile");
    // What each of the formats could fall for.
    let evil = HARMFUL.to_owned()
        + " a`b``c|d\\|e <script>alert(1)</script> & \"q\" 'q' ]]> @octocat #1 ![x](https://evil.example/) \
                ::error::x %0A \u{fffe}\u{ffff}\n::stop-commands::x\n# h\n</details>\u{1b}[2J --> <!-- </textarea> ~~~ $x$ www.evil.example";
    let evil = evil.as_str();
    report.target.issuer.push_str(evil);
    for case in &mut report.cases {
        for text in
            [&mut case.name, &mut case.title, &mut case.reason, &mut case.expected, &mut case.observed]
        {
            text.push_str(evil);
        }
        case.row = Some(evil.to_owned());
        case.source = format!("{evil}:7");
        case.requirements = vec![evil.to_owned()];
    }
    let baseline = report.baseline.as_mut().unwrap();
    baseline.file.push_str(evil);
    for entry in &mut baseline.entries {
        entry.case.push_str(evil);
        entry.reason.push_str(evil);
    }
    for known in report.cases.iter_mut().filter_map(|case| case.known.as_mut()) {
        known.comment.as_mut().unwrap().push_str(evil);
    }
    report.diagnoses[0].cause.push_str(evil);
    report.diagnoses[0].evidence.push(evil.to_owned());
    for (format, text) in all(&report) {
        assert!(!text.contains(|c| c != '\n' && is_harmful(c)), "{format}: {text}");
        assert!(format == "github" || !has_command(&text), "{format}: {text}");
        match format {
            "junit" => assert!(roxmltree::Document::parse(&text).is_ok() && !text.contains("<script")),
            "sarif" | "har" => assert!(serde_json::from_str::<Value>(&text).is_ok()),
            "github" => {
                let begins = |line: &str| {
                    ["::error ", "::warning ", "::notice "].iter().any(|it| line.starts_with(it))
                };
                assert!(
                    text.lines().all(begins) && !text.contains("##[") && !text.contains("##vso["),
                    "{text}"
                );
                for line in text.lines() {
                    let (_, rest) = line.split_once(' ').unwrap();
                    let (properties, _) = rest.split_once("::").unwrap();
                    let known =
                        |part: &str| ["file=", "line=", "title="].iter().any(|it| part.starts_with(it));
                    assert!(properties.split(',').all(known), "{properties}");
                }
            }
            _ => {
                let outside = without_code(&text);
                for alive in [
                    "<script", "@octocat", "#1", "![x]", "](http", "https://", "\n# h", "\n::", "<!--",
                    "www.evil",
                ] {
                    assert!(!outside.contains(alive), "{alive}: {outside}");
                }
                assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count());
                for row in text.lines().filter(|line| line.starts_with("| `")) {
                    // Findings have five columns, known ones three.
                    assert!([4, 6].contains(&row.replace(r"\|", "").matches('|').count()), "{row}");
                }
            }
        }
    }
}

/// Markdown without what is escaped and without its code spans: a run of backticks opens one, the next run of the same length closes it.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let run = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let body = &rest[at + run..];
        if out.ends_with('\\') {
            rest = &rest[at + 1..];
            continue;
        }
        let mut from = 0;
        let end = loop {
            let next = body[from..].find('`').unwrap_or_else(|| panic!("no end of `{body}`")) + from;
            let length = body[next..].len() - body[next..].trim_start_matches('`').len();
            if length == run {
                break next + run;
            }
            from = next + length;
        };
        rest = &body[end..];
    }
    out.push_str(rest);
    for c in "\\`*_[]!|~$:.".chars() {
        out = out.replace(&format!("\\{c}"), "");
    }
    out
}

#[test]
fn no_format_holds_a_secret() {
    let mut report = sample("mixed");
    let secret = "correct-horse-battery";
    report.cases[4].observed = format!("400 with error_description \"wrong secret {secret}\"");
    report.diagnoses[0].evidence.push("the token opaque-2YotnFZFEjr1zCsicMWpAA was issued".to_owned());
    report.target.issuer.push_str(&format!("?client_secret={secret}"));
    Redactor::new(vec![Secret::new(secret)]).redact_report(&mut report);
    for (format, text) in all(&report) {
        for leak in
            [secret, "opaque-2Yotn", "Y2xpZW50LTE6Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", "c2lnbmF0dXJlLXRoYXQ"]
        {
            assert!(!text.contains(leak), "{format}: {leak}");
        }
    }
}

#[test]
fn a_format_is_the_same_every_time() {
    for name in SAMPLES {
        assert_eq!(all(&sample(name)), all(&sample(name)));
    }
}

#[test]
fn markdown_stays_within_the_limit_and_says_what_is_missing() {
    let report = with_failures(5000);
    let text = markdown::render(&report);
    assert!(text.len() > markdown::LIMIT / 2 && text.len() <= markdown::LIMIT, "{}", text.len());
    assert!(text.contains("### Failed: 5000 cases") && text.contains("Failed: further 4950 cases"));
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());

    // Now longer than it may be.
    let mut report = with_failures(5000);
    for case in &mut report.cases {
        case.observed = "x".repeat(290);
    }
    let text = markdown::render(&report);
    assert!(text.len() > markdown::LIMIT - 8192 && text.len() <= markdown::LIMIT, "{}", text.len());
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    let shown = text.matches("| `audience::second-audience` |").count();
    let sentence = format!("**{} cases are left out here (failed)**", 5000 - shown);
    assert!(text.contains(&sentence), "{sentence}");
    assert!(text.ends_with("has all.\n"));
}

#[test]
fn huge_texts_make_no_huge_page() {
    let mut report = with_failures(60);
    // Marks that take no column, backticks that want ever longer fences, and plain length.
    for text in ["\u{301}".repeat(10_000), "`|".repeat(10_000), "x".repeat(1 << 20), "&@#\\<".repeat(10_000)]
    {
        report.target.issuer = text.clone();
        for case in &mut report.cases {
            case.observed = text.clone();
            case.row = Some(text.clone());
        }
        for diagnosis in &mut report.diagnoses {
            diagnosis.cause = text.clone();
            diagnosis.evidence = vec![text.clone(); 3];
        }
        let page = markdown::render(&report);
        assert!(page.len() <= markdown::LIMIT, "{}", page.len());
        assert!(page.contains("### Failed: 60 cases") && page.ends_with('\n'));
        assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
        // GitHub cuts no line, but no reader wants one of megabytes.
        let annotations = github::render(&report);
        assert!(annotations.lines().all(|line| line.len() < 20_000), "{}", annotations.len());
    }
}

#[test]
fn github_gets_ten_annotations_of_a_kind() {
    let mut report = with_failures(23);
    let warned =
        sample("mixed").cases.into_iter().find(|case| case.name == "discovery::grant-profile").unwrap();
    report.cases.extend(vec![warned; 12]);
    report.summary = Summary::of(&report.cases);
    let text = github::render(&report);
    for (kind, count) in [("::error ", 10), ("::warning ", 10), ("::notice ", 1)] {
        assert_eq!(text.matches(kind).count(), count, "{kind}");
    }
    assert!(text.starts_with("::error title=jagspec%3A jwt-bearer.invalid-grant.aud::"), "the cause first");
    assert!(text.contains("16 more have no annotation"), "{text}");
}

/// HAR 1.2, sections "entries" to "timings": which members an entry must have, and of which type.
#[test]
fn an_archive_has_what_the_format_demands() {
    const MEMBERS: &str =
        "startedDateTime string|time number|cache object|timings/send number|timings/wait number
        timings/receive number|request/method string|request/url string|request/httpVersion string
        request/cookies array|request/headers array|request/queryString array|request/headersSize number
        request/bodySize number|response/status number|response/statusText string|response/httpVersion string
        response/cookies array|response/headers array|response/content/size number
        response/content/mimeType string|response/redirectURL string|response/headersSize number
        response/bodySize number";
    for name in SAMPLES {
        let report = sample(name);
        let archive: Value = serde_json::from_str(&har::render(&report).unwrap()).unwrap();
        assert_eq!(archive["log"]["version"], "1.2");
        assert!(
            archive["log"]["creator"]["name"].is_string() && archive["log"]["creator"]["version"].is_string()
        );
        let entries = archive["log"]["entries"].as_array().unwrap();
        assert_eq!(entries.len(), report.exchanges.len());
        for (entry, exchange) in entries.iter().zip(&report.exchanges) {
            for member in MEMBERS.split(['|', '\n']) {
                let (path, kind) = member.trim().split_once(' ').unwrap();
                let found = entry.pointer(&format!("/{path}")).unwrap_or_else(|| panic!("{name}: no {path}"));
                let fits = match kind {
                    "string" => found.is_string(),
                    "number" => found.is_number(),
                    "array" => found.is_array(),
                    _ => found.is_object(),
                };
                assert!(fits, "{name}: {path} is {found}");
            }
            if let Some(sent) = entry["request"].get("postData") {
                assert!(sent["mimeType"].is_string() && sent["text"] == exchange.request.body);
            }
            for pair in ["request", "response"].iter().flat_map(|it| entry[it]["headers"].as_array().unwrap())
            {
                assert!(pair["name"].is_string() && pair["value"].is_string());
            }
        }
    }
}

/// CI is green where the run is: what is known is no error there, what is stale is one.
#[test]
fn annotations_are_of_what_is_new_and_of_the_baseline() {
    let text = github::render(&sample("baseline"));
    let errors: Vec<_> = text.lines().filter(|line| line.starts_with("::error ")).collect();
    assert!(errors[0].contains("title=jagspec%3A own.jwt-bearer.grant-type"), "the first new cause: {text}");
    assert!(errors[1].contains("title=token-request%3A%3Aunknown-grant-type"), "{text}");
    for (line, stale) in errors[2..].iter().zip([4, 16, 23]) {
        assert!(line.contains(&format!("file=ci/baseline.yaml,line={stale},title=stale%3A ")), "{line}");
    }
    assert_eq!(errors.len(), 5);
    assert!(text.contains("::warning file=ci/baseline.yaml,line=19,title=expired%3A "), "{text}");
    assert!(!text.contains("second-audience") && !text.contains("title=token-request%3A%3Aget"), "{text}");
}
