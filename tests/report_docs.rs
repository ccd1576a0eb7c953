//! docs/reports.md holds: its samples are written by the program from one real run, its tables are the program's own,
//! and every format has a section. With UPDATE_DOCS=1 samples and tables are written anew.
//!
//! The run is made against the playground, with two faults. Clock and identifiers are inputs; what the system chose,
//! which is ports, times and identifiers of access tokens, and the lines of suite files are replaced before the report is
//! rendered, and nothing else.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod common;
mod generated;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{Setup, run, shipped};
use generated::{assert_current, document, updating};
use jagspec::{
    cli::RunOptions,
    playground::Fault,
    report::{Report, github, har, html, json, junit, markdown, redact::Redactor, sarif, snapshot},
    settings::Secret,
    suite::registry::Registry,
};
use serde_json::Value;

const DOCUMENT: &str = "docs/reports.md";

/// Each format with the name of its sample.
const SAMPLES: [(&str, &str); 8] = [
    ("html", "report.html"),
    ("json", "report.json"),
    ("junit", "junit.xml"),
    ("markdown", "report.md"),
    ("sarif", "report.sarif"),
    ("snapshot", "report.snap"),
    ("github", "annotations.txt"),
    ("har", "report.har"),
];

/// A few cases that have different outcomes with these faults.
const FAULTS: [&str; 2] = ["aud-multi-element-array", "cache-control-missing"];
const CASES: [&str; 5] = [
    "audience::other-server",
    "audience::second-audience/other-last",
    "discovery::found-by-insertion",
    "token-response::accepted",
    "token-response::not-cached",
];

/// 2026-01-15 12:00:00 UTC.
const NOW: i64 = 1_768_478_400;

const RANDOM_JTI: &str = "b1a51a6c3a9c8e2c272522ebceb23e61";

/// The addresses of a user's machine.
const TARGET: &str = "http://127.0.0.1:9556";
const IDP: &str = "http://127.0.0.1:9555";

async fn sample_report(registry: &Registry) -> Report {
    let (_, suites) = shipped();
    let setup = Setup {
        faults: Fault::ALL.iter().copied().filter(|fault| FAULTS.contains(&fault.name())).collect(),
        options: RunOptions { jobs: Some(1), keep_exchanges: Some(true), ..RunOptions::default() },
        filters: CASES.map(str::to_owned).to_vec(),
        now: Some(NOW),
        ids: Some("6f1b0c1e9a3e4c58".to_owned()),
        ..Setup::default()
    };
    let mut report = run(setup, registry, &suites).await;
    let found: BTreeSet<_> = report.cases.iter().map(|case| case.outcome).collect();
    assert!(found.len() >= 3, "the sample shows different outcomes: {found:?}");
    Redactor::new(vec![Secret::new("todo-app-secret"), Secret::new("notes:app+100% s\u{e9}cret")])
        .redact_report(&mut report);
    at_fixed_places(report)
}

/// The report as if the servers had the ports of the README and each exchange had taken a millisecond.
fn at_fixed_places(report: Report) -> Report {
    let mut places = vec![(report.target.issuer.clone(), TARGET), (report.run.idp_issuer.clone(), IDP)];
    // Some texts name host and port alone.
    for (address, place) in places.clone() {
        let without_scheme = |url: &str| url.trim_start_matches("http://").to_owned();
        places.push((without_scheme(&address), place.trim_start_matches("http://")));
    }
    let mut value = serde_json::to_value(report).unwrap();
    replace(&mut value, &places);
    let mut report: Report = serde_json::from_value(value).unwrap();
    for exchange in &mut report.exchanges {
        exchange.elapsed_ms = 1;
        let request_length = exchange.request.body.len();
        let response = exchange.response.as_mut().unwrap();
        let response_length = response.body.len();
        let lengths =
            [(&mut exchange.request.headers, request_length), (&mut response.headers, response_length)];
        for (headers, length) in lengths {
            for (name, value) in headers {
                match name.as_str() {
                    "content-length" => *value = length.to_string(),
                    "date" => *value = "Thu, 15 Jan 2026 12:00:00 GMT".to_owned(),
                    _ => {}
                }
            }
        }
    }
    // Each case that is added to a suite moves those below it.
    for (index, case) in report.cases.iter_mut().enumerate() {
        let (file, _) = case.source.rsplit_once(':').unwrap();
        case.source = format!("{file}:{}", 10 * (index + 1));
    }
    // Measured with the system's clock.
    report.profile.retain(|entry| entry.name != "clock-offset-seconds");
    report
}

fn replace(value: &mut Value, places: &[(String, &str)]) {
    match value {
        Value::String(text) => *text = in_text(text, places),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, places)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, places)),
        _ => {}
    }
}

/// Replaces the addresses, also in forms and in the claims of tokens.
fn in_text(text: &str, places: &[(String, &str)]) -> String {
    let mut out = text.to_owned();
    for (address, place) in places {
        let form = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        out = out.replace(address, place).replace(&form(address), &form(place));
    }
    let is_segment = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let runs: Vec<String> =
        out.split(|c: char| !is_segment(c)).filter(|run| run.starts_with("eyJ")).map(str::to_owned).collect();
    for run in runs {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(&run) else { continue };
        let Ok(mut claims) = serde_json::from_slice::<Value>(&bytes) else { continue };
        // Of an access token of the playground it is 128 random bits.
        if claims["jti"].as_str().is_some_and(|jti| jti.len() == RANDOM_JTI.len()) {
            claims["jti"] = Value::from(RANDOM_JTI);
        }
        let claims =
            places.iter().fold(claims.to_string(), |text, (address, place)| text.replace(address, place));
        out = out.replace(&run, &URL_SAFE_NO_PAD.encode(claims));
    }
    out
}

fn render(format: &str, report: &Report, registry: &Registry) -> String {
    match format {
        "html" => html::render(report, registry).unwrap(),
        "json" => json::render(report).unwrap(),
        "junit" => junit::render(report).unwrap(),
        "markdown" => markdown::render(report),
        "sarif" => sarif::render(report, registry, None).unwrap(),
        "snapshot" => snapshot::render(report),
        "github" => github::render(report),
        "har" => har::render(report).unwrap(),
        other => panic!("no format {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_are_what_the_program_writes() {
    let (registry, _) = shipped();
    let report = sample_report(&registry).await;
    let mut stale = Vec::new();
    for (format, name) in SAMPLES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/samples").join(name);
        let fresh = render(format, &report, &registry);
        let old = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        if updating() {
            fs::write(&path, &fresh).unwrap();
        } else if old != fresh {
            let differs = old.lines().zip(fresh.lines()).find(|(old, fresh)| old != fresh);
            stale.push(format!("docs/samples/{name}: {differs:?}"));
        }
    }
    assert!(stale.is_empty(), "stale; UPDATE_DOCS=1 cargo test --test report_docs: {}", stale.join("\n"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/samples");
    assert_eq!(fs::read_dir(folder).unwrap().count(), SAMPLES.len(), "no sample is left over");
}

#[test]
fn every_format_has_its_section_and_its_sample() {
    let text = document(DOCUMENT);
    let sections: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## `")).collect();
    let named: Vec<_> = sections.iter().filter_map(|line| line.split('`').next()).collect();
    assert_eq!(named, SAMPLES.map(|(format, _)| format));
    for (_, sample) in SAMPLES {
        assert!(text.contains(&format!("](samples/{sample})")), "{sample}");
    }
    // The formats of the program are these.
    let help = <jagspec::cli::Cli as clap::CommandFactory>::command().render_long_help().to_string();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let formats = SAMPLES.map(|(format, _)| format);
    let known = help.split_once("formats: ").unwrap().1.split_once(';').unwrap().0;
    let known: BTreeSet<_> = known.split(", ").collect();
    assert_eq!(known, BTreeSet::from(formats));
}

#[test]
fn the_table_of_rules_is_current() {
    let mut table = String::from("| rule | what it matches | becomes |\n| --- | --- | --- |\n");
    for [name, what, becomes] in snapshot::rules() {
        let _ = writeln!(table, "| {name} | {what} | `{becomes}` |");
    }
    assert_current(DOCUMENT, "rules", &table);
}

#[test]
fn the_table_of_keys_is_current() {
    let schema = serde_json::to_value(json::schema()).unwrap();
    let mut table = String::from("| key | value | meaning |\n| --- | --- | --- |\n");
    keys("", &schema, &schema, &mut table);
    assert_current(DOCUMENT, "keys", &table);
}

/// A row for each key of an object, and below it those of what it holds.
fn keys(prefix: &str, object: &Value, schema: &Value, table: &mut String) {
    for (name, member) in object["properties"].as_object().unwrap() {
        let (shown, item) = described(member, schema);
        let is_list = item.is_some() && member["type"] == "array";
        let path = format!("{prefix}{name}{}", if is_list { "[]" } else { "" });
        let meaning = member["description"].as_str().unwrap().replace('\n', " ");
        let _ = writeln!(table, "| `{path}` | {shown} | {meaning} |");
        if let Some(item) = item.filter(|item| item.get("properties").is_some()) {
            keys(&format!("{path}."), item, schema, table);
        }
    }
}

/// What a value is, in words, and the object that it is, or that its items are.
fn described<'s>(value: &'s Value, schema: &'s Value) -> (String, Option<&'s Value>) {
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        let target = schema.pointer(reference.trim_start_matches('#')).unwrap();
        return described(target, schema);
    }
    if let Some(constant) = value.get("const") {
        return (format!("`{constant}`").replace('"', ""), None);
    }
    if let Some(words) = value.get("enum").and_then(Value::as_array) {
        let words: Vec<_> = words.iter().map(|word| format!("`{word}`").replace('"', "")).collect();
        return (words.join(", "), None);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(options) = value.get(key).and_then(Value::as_array) {
            let options: Vec<_> = options.iter().map(|option| described(option, schema)).collect();
            let object = options.iter().find_map(|(_, object)| *object);
            let shown: Vec<_> = options.into_iter().map(|(shown, _)| shown).collect();
            return (shown.join(", "), object);
        }
    }
    match &value["type"] {
        Value::Array(types) => {
            (types.iter().map(|kind| kind.as_str().unwrap()).collect::<Vec<_>>().join(", "), None)
        }
        Value::String(kind) if kind == "array" => match value.get("items") {
            Some(items) => {
                let (shown, object) = described(items, schema);
                (format!("array of {shown}"), object)
            }
            // A pair of a name and a value.
            None => ("pair of strings".to_owned(), None),
        },
        Value::String(kind) if kind == "object" => ("object".to_owned(), Some(value)),
        Value::String(kind) => (kind.clone(), None),
        _ => ("any".to_owned(), None),
    }
}
