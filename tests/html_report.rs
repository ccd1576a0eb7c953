//! The HTML report: what stands in it, and that a target cannot put anything into it that acts. How it behaves in a
//! browser is tested by `interop/browser/run`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jagspec::{
    report::{ChangedMember, ChangedPart, Outcome, Report, Summary, html, redact::Redactor},
    settings::Secret,
    suite::registry::Registry,
};

fn sample(name: &str) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/report/{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn render(report: &Report) -> String {
    html::render(report, &Registry::embedded().unwrap()).unwrap()
}

/// What stands between two texts.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    text.split_once(from).unwrap().1.split_once(to).unwrap().0
}

fn style(page: &str) -> &str {
    between(page, "<style>", "</style>")
}

fn script(page: &str) -> &str {
    between(page, "<script>", "</script>")
}

/// The page without style, script and their hashes, which are files of their own and under review as such.
fn markup(page: &str) -> String {
    let (style, script) = (style(page).to_owned(), script(page).to_owned());
    let policy = between(page, "Content-Security-Policy\" content=\"", "\"").to_owned();
    page.replace(&style, "…").replace(&script, "…").replace(&policy, "…")
}

/// The values of an attribute.
fn attribute<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let opening = format!(" {name}=\"");
    page.split(&opening).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn the_page_of_every_outcome() {
    let mut report = sample("mixed");
    Redactor::new(Vec::new()).redact_report(&mut report);
    report.run.version = "VERSION".to_owned();
    insta::assert_snapshot!("html-of-mixed", markup(&render(&report)));
}

#[test]
fn every_sample_is_a_page() {
    for (name, word) in [
        ("mixed", "FAIL"),
        ("all-pass", "PASS"),
        ("unreachable", "NOT TESTED"),
        ("baseline", "FAIL"),
        ("hostile", "FAIL"),
    ] {
        let page = render(&sample(name));
        let verdict = between(&page, "<h2 id=\"verdict\">", "</h2>");
        assert!(verdict.contains(&format!("</span> {word}</span>")), "{name}: {verdict}");
        assert!(page.starts_with("<!doctype html>\n") && page.ends_with("</html>\n"), "{name}");
        for element in ["details", "section", "div", "ul", "dl", "pre", "span", "mark", "p"] {
            let open =
                page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
            assert_eq!(open, page.matches(&format!("</{element}>")).count(), "{name}: {element}");
        }
    }
}

#[test]
fn style_and_script_are_the_ones_that_the_policy_names() {
    let page = render(&sample("mixed"));
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"").replace("&#39;", "'");
    let hash = |text: &str| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        format!("'sha256-{}'", STANDARD.encode(digest))
    };
    let mut directives: Vec<_> = policy.split("; ").collect();
    directives.sort_unstable();
    assert_eq!(
        directives,
        [
            "base-uri 'none'",
            "default-src 'none'",
            "form-action 'none'",
            "img-src data:",
            &format!("script-src {}", hash(script(&page))),
            &format!("style-src {}", hash(style(&page))),
        ]
    );
    // The policy stands before all that it is to hold.
    assert!(page.find("Content-Security-Policy").unwrap() < page.find("<style").unwrap());
    assert!(!style(&page).contains("url(") && !style(&page).contains("@import"));
    for word in ["fetch(", "XMLHttpRequest", "innerHTML", "eval(", "import("] {
        assert!(!script(&page).contains(word), "{word}");
    }
}

#[test]
fn what_a_baseline_knows_is_told_apart() {
    let page = markup(&render(&sample("baseline")));
    let baseline = between(&page, "<section id=\"baseline\"", "</section>");
    for words in [
        "<small>ci/baseline.yaml</small>",
        "3 cases are known, 1 failure is new.",
        "<span class=\"source\">ci/baseline.yaml:16</span></p>\n<p>the case passes: remove the entry",
        "<span class=\"standing\">expired</span>",
    ] {
        assert!(baseline.contains(words), "{words}: {baseline}");
    }
    assert_eq!(baseline.matches("<span class=\"standing\">stale</span>").count(), 3);
    assert!(page.contains("<b>3</b> failed (2 known)</li>"));
    // What is new stands before what is known.
    let failed = between(&page, "data-outcome=\"fail\" aria-labelledby", "</section>");
    let at = |name: &str| failed.find(&format!("<span class=\"name find\">{name}</span>")).unwrap();
    assert!(at("token-request::unknown-grant-type") < at("audience::second-audience"));
    assert_eq!(failed.matches("<span class=\"known find\">known</span>").count(), 2);
    assert!(failed.contains(
        "<b>Known</b> <span class=\"find\">Ticket 7: arrays are mended in October (until 2026-10-31)</span>"
    ));
    assert!(failed.contains("<b>Baseline</b> expects warn, not fail"));
    let diagnoses = between(&page, "<section id=\"diagnoses\"", "</section>");
    assert!(diagnoses.find("own.jwt-bearer.grant-type").unwrap() < diagnoses.find(">known</span>").unwrap());
    assert_eq!(diagnoses.matches(">known</span>").count(), 2);
    // The link of a case leads to the diagnosis that names it, where that stands now.
    let first = between(&page, "id=\"diagnosis-1\"", "</li>");
    assert!(first.contains("own.jwt-bearer.grant-type"), "{first}");
    let case = between(&page, "id=\"case-token-request::unknown-grant-type\"", "</details>");
    assert!(case.contains("<a href=\"#diagnosis-1\">Diagnosis 1</a>"), "{case}");
    assert!(!markup(&render(&sample("mixed"))).contains("Baseline"));
}

/// A text with which a page could be made to act, in each place where a target or a suite file has a say.
const HARM: &str = "</script></style></pre><script src=//evil.example/x>1</script><img src=x onerror=alert(1)>\
                    \"' onclick=\"alert(1)\" style='x' {{ 7*7 }}{% raw %}&lt;\u{202e}\u{7}\u{2028}##[add-mask]x";

fn harmful() -> Report {
    let mut report = sample("hostile");
    let add = |text: &mut String| text.push_str(HARM);
    for case in &mut report.cases {
        for text in [
            &mut case.name,
            &mut case.suite,
            &mut case.title,
            &mut case.reason,
            &mut case.expected,
            &mut case.observed,
            &mut case.source,
        ] {
            add(text);
        }
        case.changed.push(HARM.to_owned());
        case.changed_members = vec![
            ChangedMember::set(ChangedPart::Claim, HARM),
            ChangedMember::removed(ChangedPart::Claim, HARM),
            ChangedMember::removed(ChangedPart::Parameter, HARM),
        ];
        case.row = Some(HARM.to_owned());
        case.requirements = vec![format!("javascript:{HARM}")];
    }
    for diagnosis in &mut report.diagnoses {
        [&mut diagnosis.row, &mut diagnosis.cause, &mut diagnosis.fix].into_iter().for_each(add);
        diagnosis.evidence.push(HARM.to_owned());
        diagnosis.cases.push(format!("javascript:{HARM}"));
    }
    let baseline = report.baseline.as_mut().unwrap();
    add(&mut baseline.file);
    for entry in &mut baseline.entries {
        [&mut entry.case, &mut entry.reason].into_iter().for_each(add);
        entry.comment.iter_mut().chain(&mut entry.expires).for_each(add);
    }
    for known in report.cases.iter_mut().filter_map(|case| case.known.as_mut()) {
        known.comment.iter_mut().chain(&mut known.expires).for_each(add);
    }
    add(&mut report.run.version);
    add(&mut report.run.rules);
    add(&mut report.target.issuer);
    report.target.token_endpoint.iter_mut().chain(&mut report.target.metadata_url).for_each(add);
    let json = serde_json::json!({ "error": HARM, HARM: [HARM, { HARM: HARM }] }).to_string();
    let mut exchange = report.exchanges[0].clone();
    add(&mut exchange.request.url);
    add(&mut exchange.curl);
    exchange.request.headers.push((HARM.to_owned(), HARM.to_owned()));
    exchange.response.as_mut().unwrap().headers.push((HARM.to_owned(), HARM.to_owned()));
    let mut with_json = exchange.clone();
    with_json.request.body = serde_json::json!({ "assertion": json, "scope": HARM }).to_string();
    with_json.response.as_mut().unwrap().body = json;
    let mut with_text = exchange.clone();
    with_text.request.body = format!("assertion={HARM}&{HARM}={HARM}");
    with_text.response.as_mut().unwrap().body =
        format!("{HARM}\r\n{HARM}\u{1b}[2J\n::add-mask::x\n  ::error::x");
    exchange.response = None;
    exchange.error = Some(HARM.to_owned());
    report.exchanges.extend([exchange, with_json, with_text]);
    // One that is shared, and one that is not there.
    report.cases[0].exchanges = vec![0, 1, 2, 99];
    report.cases[1].exchanges = vec![3, 0];
    for entry in &mut report.profile {
        add(&mut entry.name);
        entry.evidence.push(HARM.to_owned());
        entry.value = serde_json::json!({ HARM: HARM });
    }
    report
}

#[test]
fn nothing_that_a_target_says_acts_in_the_page() {
    let page = render(&harmful());
    let of_ours = render(&sample("all-pass"));
    for (element, count) in [("script", 1), ("style", 1), ("link", 1), ("meta", 5)] {
        assert_eq!(page.matches(&format!("<{element}")).count(), count, "{element}");
    }
    for element in ["<img", "<iframe", "<object", "<embed", "<base", "<a href=\"javascript"] {
        assert!(!page.contains(element), "{element}");
    }
    let markup = markup(&page);
    // An attribute's value ends at a quote, and an element's begins at an angle bracket: none is the target's.
    assert!(markup.matches("onerror=alert(1)&gt;").count() > 40, "the text is shown");
    for tag in markup.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
        let outside: String = tag.split('"').step_by(2).collect();
        assert!(!outside.contains("onerror") && !outside.contains("onclick"), "<{tag}>");
        assert!(!outside.contains(" style=") && !outside.contains("evil"), "<{tag}>");
    }
    assert!(!markup.contains("49") || of_ours.contains("49"), "a template in a text is not carried out");
    assert!(markup.contains("{{ 7*7 }}"));
    let harmful = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    assert!(!page.contains(harmful) && !page.contains('\u{2028}'));
    // The page may be printed into the log of a CI system.
    assert!(!page.contains("##[") && !page.lines().any(|line| line.trim_start().starts_with("::")));
    assert!(markup.contains(r"\u{202e}\x07"), "what is made harmless can still be read");
}

#[test]
fn the_page_loads_nothing_and_links_to_requirements_alone() {
    let registry = Registry::embedded().unwrap();
    for report in [sample("mixed"), harmful()] {
        let page = render(&report);
        assert_eq!(attribute(&page, "src"), [""; 0]);
        for href in attribute(&page, "href") {
            let is_document = registry.documents.iter().any(|document| document.url == href);
            assert!(href.starts_with('#') || href == "data:," || is_document, "{href}");
        }
    }
    let mut report = sample("mixed");
    // A requirement of a document that is on the web, and one of a document that is not.
    let practice = registry.requirements.iter().find(|it| it.document == "PRACTICE").unwrap();
    report.cases[4].requirements = vec!["IDJAG-4.4.1-aud-eq".to_owned(), practice.id.clone()];
    let page = render(&report);
    assert!(page.contains(
        "<a href=\"https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/\" \
         rel=\"noreferrer noopener\">"
    ));
    assert!(page.contains(&practice.id) && !page.contains("href=\"urn:"));
}

#[test]
fn links_within_the_page_lead_somewhere() {
    for name in ["mixed", "all-pass", "unreachable"] {
        let page = render(&sample(name));
        let ids = attribute(&page, "id");
        for href in attribute(&page, "href").into_iter().filter_map(|href| href.strip_prefix('#')) {
            // The samples' diagnoses name cases that are not all in them.
            assert!(ids.contains(&href) || href.starts_with("case-"), "{name}: #{href}");
        }
        let mut once = ids.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), ids.len(), "{name}: an id twice");
    }
}

#[test]
fn no_secret_is_on_the_page_also_where_it_decodes() {
    let secret = "correct-horse-battery";
    let mut report = sample("mixed");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .encode(format!("{{\"iss\":\"i\",\"note\":\"{secret}\"}}"));
    let exchange = &mut report.exchanges[2];
    exchange.request.body = format!("assertion=eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw");
    exchange.curl = format!("curl -d '{}'", exchange.request.body);
    exchange.response.as_mut().unwrap().headers.push(("x-echo".to_owned(), format!("Basic {secret}")));
    report.cases[4].observed = format!("400 with error_description \"{secret}\"");
    Redactor::new(vec![Secret::new(secret)]).redact_report(&mut report);
    let page = render(&report);
    for leak in [secret, "opaque-2YotnFZFEjr1zCsicMWpAA", "c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw", claims.as_str()] {
        assert!(!page.contains(leak), "{leak}");
    }
    assert!(!page.contains("Secrets shown"));
    report.run.secrets_shown = true;
    assert!(render(&report).contains("<strong>Secrets shown</strong>"), "and it is said when they are");
}

#[test]
fn what_a_case_changes_is_marked() {
    let page = render(&sample("mixed"));
    assert!(
        page.contains(
            "  <mark>&quot;aud&quot;: &quot;https://as.example/oauth2/token&quot;</mark>,  <i>changed</i>\n  \
             &quot;exp&quot;: 1795565416  <i>2026-11-25 00:10:16 UTC</i>\n}"
        ),
        "{page}"
    );
    assert!(page.contains("<mark>grant_type="), "a parameter");
}

#[test]
fn a_report_of_a_thousand_failures_is_a_page() {
    let mut report = sample("mixed");
    let case = report.cases.iter().find(|case| case.outcome == Outcome::Fail).unwrap().clone();
    let mut exchange = report.exchanges[0].clone();
    exchange.response.as_mut().unwrap().body = "<p>An error page</p>\n".repeat(200);
    (report.cases, report.exchanges) = (Vec::new(), Vec::new());
    for index in 0..1000 {
        let mut case = case.clone();
        case.name = format!("audience::case-{index}");
        case.exchanges = vec![index];
        report.cases.push(case);
        report.exchanges.push(exchange.clone());
    }
    report.summary = Summary::of(&report.cases);
    let began = Instant::now();
    let page = render(&report);
    assert_eq!(page.matches("<details class=\"case fail\"").count(), 1000);
    // Some 10 KB a case, most of it the exchange; a bound so wide that only another order of growth breaks it.
    assert!(page.len() < 20_000_000, "{}", page.len());
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
