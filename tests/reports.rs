//! The renderers, on sample reports in `fixtures/report`: one with every outcome, one without a complaint, one of a
//! target that does not answer, and one in which the target tries to do harm.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod formats;

use std::{fs, path::Path};

use jagspec::{
    known_failures,
    report::{
        EntryState, Outcome, Report, Summary, curl, json,
        redact::Redactor,
        snapshot,
        terminal::{self, TerminalOptions},
    },
    settings::Secret,
};
use serde_json::Value;

const SAMPLES: [&str; 5] = ["mixed", "all-pass", "unreachable", "baseline", "hostile"];

fn path(relative: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn sample(name: &str) -> Report {
    let text = fs::read_to_string(path(&format!("fixtures/report/{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn terminal(report: &Report, width: usize) -> String {
    terminal::render(report, &TerminalOptions { width, ..TerminalOptions::default() })
}

/// The text as one line, for what may be wrapped anywhere.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_samples_count_their_own_cases() {
    for name in SAMPLES {
        let report = sample(name);
        assert_eq!(report.summary, Summary::of(&report.cases), "{name}");
    }
}

#[test]
fn terminal_with_every_outcome() {
    insta::assert_snapshot!("mixed-100", terminal(&sample("mixed"), 100));
    insta::assert_snapshot!("mixed-48", terminal(&sample("mixed"), 48));
}

#[test]
fn terminal_in_colour() {
    let options = TerminalOptions { width: 100, colour: true, exit_reason: None };
    let text = terminal::render(&sample("mixed"), &options);
    insta::assert_snapshot!("mixed-100-colour", text.replace('\x1b', "␛"));
    // Colour never says anything of its own.
    assert_eq!(anstream::adapter::strip_str(&text).to_string(), terminal(&sample("mixed"), 100));
}

#[test]
fn terminal_with_a_baseline() {
    insta::assert_snapshot!("baseline-100", terminal(&sample("baseline"), 100));
    insta::assert_snapshot!("baseline-48", terminal(&sample("baseline"), 48));
}

/// The sample with a baseline that knows all of its failures, and has no stale entry.
fn all_known() -> Report {
    let mut report = sample("baseline");
    let entries = &mut report.baseline.as_mut().unwrap().entries;
    for entry in entries.iter_mut().filter(|entry| entry.case == "token-request::unknown-grant-type") {
        entry.outcome = Outcome::Fail;
        entry.state = EntryState::Matched;
    }
    entries.retain(|entry| entry.state != EntryState::Stale);
    known_failures::compare(&mut report);
    report
}

/// What the sample says of its baseline is what a comparison finds.
#[test]
fn the_sample_of_a_baseline_is_compared_rightly() {
    let report = sample("baseline");
    let mut again = report.clone();
    again.exit_status = 0;
    for case in &mut again.cases {
        case.known = None;
    }
    let baseline = again.baseline.as_mut().unwrap();
    (baseline.known, baseline.new) = (0, Vec::new());
    known_failures::compare(&mut again);
    assert_eq!(json::render(&again).unwrap(), json::render(&report).unwrap());
}

#[test]
fn terminal_without_a_complaint() {
    insta::assert_snapshot!("all-pass-100", terminal(&sample("all-pass"), 100));
}

#[test]
fn terminal_of_a_target_that_does_not_answer() {
    insta::assert_snapshot!("unreachable-100", terminal(&sample("unreachable"), 100));
}

/// What a terminal or a reader could fall for. Named here once more on its own, so that the renderers are not
/// checked with what they are made of.
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

#[test]
fn nothing_that_a_target_says_reaches_a_terminal_alive() {
    let report = sample("hostile");
    for width in [40, 48, 100, 500] {
        let text = terminal(&report, width);
        assert!(!text.contains(|c| c != '\n' && is_harmful(c)), "{text}");
        assert!(text.contains(r"\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}gnp.exe") || width < 100, "{text}");
    }
    let options = TerminalOptions { width: 100, colour: true, exit_reason: Some("\x1b[2Jreason".to_owned()) };
    let plain = anstream::adapter::strip_str(&terminal::render(&report, &options)).to_string();
    assert!(!plain.contains(|c| c != '\n' && is_harmful(c)), "{plain}");
    assert!(
        plain.contains("gnp.exe") && plain.contains(r"\x1b[2Jreason"),
        "not eaten as part of an escape sequence"
    );

    let json = json::render(&report).unwrap();
    assert!(!json.contains(|c| c != '\n' && is_harmful(c)));
    let again: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(again.cases[0].observed, report.cases[0].observed, "JSON loses nothing");

    let snapshot = snapshot::render(&report);
    assert!(!snapshot.contains(|c| c != '\n' && is_harmful(c)), "{snapshot}");
    assert!(!terminal::progress(1, 2, "a\x1b[2Jb\nc", 80).contains(is_harmful));
}

#[test]
fn lines_fit_the_width_and_end_in_no_space() {
    for name in SAMPLES {
        let report = sample(name);
        for width in 0..=120 {
            let limit = width.clamp(40, 110);
            for line in terminal(&report, width).lines() {
                assert_eq!(line.trim_end(), line, "{name} at {width}");
                assert!(line.chars().count() <= limit, "{name} at {width}: {line}");
            }
        }
    }
}

#[test]
fn a_long_report_is_cut_and_says_so() {
    let mut report = sample("mixed");
    let failed = report.cases.iter().find(|case| case.name == "audience::second-audience").unwrap().clone();
    let error = report.cases.iter().find(|case| case.name == "token-request::get").unwrap().clone();
    report.cases = vec![failed; terminal::MOST_CASES + 12];
    report.cases.extend(vec![error; 3]);
    report.diagnoses[0].cases = report.cases.iter().map(|case| case.name.clone()).collect();
    report.summary = Summary::of(&report.cases);
    let text = terminal(&report, 100);
    assert_eq!(text.matches("✗ FAIL audience").count(), terminal::MOST_CASES);
    assert!(text.contains("\n  … and 12 more, see the JSON report (--report json=FILE)\n"), "{text}");
    assert!(text.contains("NOT CARRIED OUT  3 cases\n  … and 3 more"), "{text}");
    assert!(unwrapped(&text).contains("… and 49 more"), "{text}");
    assert!(text.lines().count() < 500);
}

#[test]
fn what_stops_many_cases_is_told_once() {
    let mut report = sample("unreachable");
    let error = report.cases[0].clone();
    report.cases.extend((0..8).map(|_| error.clone()));
    report.summary = Summary::of(&report.cases);
    let text = terminal(&report, 100);
    assert_eq!(text.matches("! ERROR").count(), 1, "{text}");
    assert!(text.contains("also      discovery::grant-profile, discovery::issuer-matches"), "{text}");
    assert!(unwrapped(&text).contains("… and 3 more"), "{text}");
}

#[test]
fn every_exit_status_is_explained_in_the_last_line() {
    let passing = sample("all-pass");
    let mut warned = passing.clone();
    warned.exit_status = 1;
    let mut refused = sample("unreachable");
    refused.diagnoses[0].row = "jwt-bearer.invalid-grant.iss".to_owned();
    refused.cases.retain(|case| case.outcome == Outcome::Inconclusive);
    refused.summary = Summary::of(&refused.cases);
    let mut wrong = passing.clone();
    wrong.exit_status = 2;
    wrong.cases.clear();
    wrong.summary = Summary::of(&[]);
    let mut broken_off = sample("mixed");
    broken_off.exit_status = 130;
    broken_off.run.complete = false;

    let mut strict = sample("mixed");
    strict.run.strict = true;
    strict.exit_status = 1;
    strict.cases.retain(|case| case.outcome == Outcome::Warn);
    strict.summary = Summary::of(&strict.cases);

    let reports = [
        passing,
        all_known(),
        warned,
        strict,
        sample("mixed"),
        sample("baseline"),
        wrong,
        sample("unreachable"),
        refused,
        broken_off,
    ];
    let ends: Vec<_> = reports
        .iter()
        .map(|report| {
            let text = terminal(report, 110);
            let verdict =
                text.lines().find(|line| line.starts_with(['✓', '✗', '!']) && !line.contains(" IN")).unwrap();
            format!("{verdict}\n{}", &text[text.rfind("\nexit ").unwrap() + 1..])
        })
        .collect();
    insta::assert_snapshot!("exit-statuses", ends.join("\n"));
}

#[test]
fn progress_is_one_line_of_the_width() {
    assert_eq!(
        terminal::progress(45, 120, "audience::second-audience", 80),
        "[ 45/120] audience::second-audience"
    );
    assert_eq!(terminal::progress(45, 120, "audience::second-audience", 20), "[ 45/120] audience:…");
}

#[test]
fn the_json_report_has_every_key_of_the_contract() {
    // `|` parts the types that are allowed; `[]` means each item.
    const KEYS: &str = "
        format string
        run.version string | run.rules string | run.policies object | run.filter array | run.shard string/null
        run.insecure boolean | run.complete boolean
        target.issuer string | target.token_endpoint string/null | target.metadata_url string/null
        summary.pass number | summary.fail number | summary.warn number | summary.skip number
        summary.inconclusive number | summary.error number
        exit_status number
        cases[].name string | cases[].suite string | cases[].case string | cases[].title string
        cases[].level string | cases[].severity string/null | cases[].requirements[] string
        cases[].outcome string | cases[].row string/null | cases[].reason string | cases[].expected string
        cases[].observed string | cases[].exchanges[] number
        diagnoses[].row string | diagnoses[].confidence string | diagnoses[].blame string
        diagnoses[].cause string | diagnoses[].fix string | diagnoses[].evidence[] string
        diagnoses[].cases[] string
        profile[].name string | profile[].value any | profile[].stable boolean | profile[].evidence[] string
        exchanges[].request.method string | exchanges[].request.url string
        exchanges[].request.headers[] array | exchanges[].request.body string
        exchanges[].response object/null | exchanges[].error string/null
        exchanges[].elapsed_ms number | exchanges[].curl string";
    fn at<'v>(value: &'v Value, path: &str, all: &mut Vec<&'v Value>) {
        let (step, rest) = path.split_once('.').unwrap_or((path, ""));
        let key = step.trim_end_matches("[]");
        let Some(member) = value.get(key) else { panic!("no {key} in {value}") };
        let items =
            if step.ends_with("[]") { member.as_array().unwrap().iter().collect() } else { vec![member] };
        for item in items {
            if rest.is_empty() { all.push(item) } else { at(item, rest, all) }
        }
    }
    fn type_of(value: &Value) -> &'static str {
        match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }
    for name in SAMPLES {
        let text = json::render(&sample(name)).unwrap();
        assert!(text.ends_with("}\n"));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["format"], "jagspec/1");
        for key in KEYS.split(['|', '\n']).map(str::trim).filter(|key| !key.is_empty()) {
            let (path, types) = key.split_once(' ').unwrap();
            let mut found = Vec::new();
            at(&value, path, &mut found);
            for value in found {
                assert!(types == "any" || types.split('/').any(|t| t == type_of(value)), "{path}: {value}");
            }
        }
    }
}

#[test]
fn the_checked_in_schema_is_current() {
    let schema = serde_json::to_string_pretty(&json::schema()).unwrap() + "\n";
    let path = path("schemas/report.schema.json");
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        fs::write(&path, &schema).unwrap();
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(checked_in == schema, "run UPDATE_SCHEMAS=1 cargo test --test reports");
}

#[test]
fn the_samples_fit_the_schema() {
    let root = serde_json::to_value(json::schema()).unwrap();
    for name in SAMPLES {
        let value = serde_json::to_value(sample(name)).unwrap();
        assert_eq!(misfit(&value, &root, &root), None, "{name}");

        // And the schema has teeth.
        for (pointer, wrong) in [
            ("/exit_status", Value::from(7)),
            ("/summary/pass", Value::from("2")),
            ("/format", Value::from("jagspec/2")),
            ("/cases/0/outcome", Value::from("passed")),
            ("/run", serde_json::json!({})),
        ] {
            let mut broken = value.clone();
            *broken.pointer_mut(pointer).unwrap() = wrong;
            assert!(misfit(&broken, &root, &root).is_some(), "{name} {pointer}");
        }
    }
}

/// Where a value does not fit a schema, or none. Knows the keywords that schemars writes for these types, and
/// refuses to overlook another.
fn misfit(value: &Value, schema: &Value, root: &Value) -> Option<String> {
    let Value::Object(keywords) = schema else {
        return (schema == &Value::Bool(false)).then(|| value.to_string());
    };
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    };
    let items = || value.as_array().map(Vec::as_slice).unwrap_or_default();
    let count = |limit: &Value| usize::try_from(limit.as_u64().unwrap()).unwrap();
    for (keyword, argument) in keywords {
        let found = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" | "default" => None,
            "$ref" => {
                let pointer = argument.as_str().unwrap().trim_start_matches('#');
                misfit(value, root.pointer(pointer).unwrap(), root)
            }
            "type" => {
                let fits =
                    if let Value::Array(names) = argument { names.iter().any(is) } else { is(argument) };
                (!fits).then(|| format!("{value} is no {argument}"))
            }
            "const" => (value != argument).then(|| format!("{value} is not {argument}")),
            "enum" => {
                (!argument.as_array().unwrap().contains(value)).then(|| format!("{value} not in {argument}"))
            }
            "anyOf" | "oneOf" => {
                let schemas = argument.as_array().unwrap();
                let fits = schemas.iter().any(|schema| misfit(value, schema, root).is_none());
                (!fits).then(|| format!("{value} fits none of {argument}"))
            }
            "required" => {
                let names = argument.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                names.filter(|name| value.get(name).is_none()).map(|name| format!("no {name}")).next()
            }
            "properties" => argument.as_object().unwrap().iter().find_map(|(name, schema)| {
                Some(format!("{name}: {}", misfit(value.get(name)?, schema, root)?))
            }),
            "additionalProperties" => {
                let known = keywords.get("properties").and_then(Value::as_object);
                value.as_object().into_iter().flatten().find_map(|(name, member)| {
                    if known.is_some_and(|known| known.contains_key(name)) {
                        None
                    } else {
                        misfit(member, argument, root)
                    }
                })
            }
            "prefixItems" => items()
                .iter()
                .zip(argument.as_array().unwrap())
                .find_map(|(item, schema)| misfit(item, schema, root)),
            "items" => items().iter().find_map(|item| misfit(item, argument, root)),
            "minItems" => (items().len() < count(argument)).then(|| format!("{value} is too short")),
            "maxItems" => (items().len() > count(argument)).then(|| format!("{value} is too long")),
            "minimum" => (value.as_f64() < argument.as_f64()).then(|| format!("{value} is too small")),
            "maximum" => (value.as_f64() > argument.as_f64()).then(|| format!("{value} is too large")),
            other => panic!("unknown keyword {other}"),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

#[test]
fn snapshots() {
    // A baseline says nothing of the server, not even where it turns the exit status.
    let with = all_known();
    let mut without = with.clone();
    without.baseline = None;
    without.cases.iter_mut().for_each(|case| case.known = None);
    without.exit_status = without.status();
    assert_eq!((with.exit_status, without.exit_status), (0, 1));
    assert_eq!(snapshot::compare(&snapshot::render(&without), &snapshot::render(&with)), None);
    for name in ["mixed", "all-pass", "unreachable"] {
        let report = sample(name);
        insta::assert_snapshot!(format!("snapshot-of-{name}"), snapshot::render(&report));
    }
}

#[test]
fn a_snapshot_does_not_depend_on_address_time_and_order() {
    let report = sample("mixed");
    let expected = snapshot::render(&report);
    let text = fs::read_to_string(path("fixtures/report/mixed.json")).unwrap();
    let text = text
        .replace("https://as.example", "http://localhost:43210/tenant")
        .replace("6f1b0c1e-9a3e-4c58-8f37-0a1b2c3d4e5f", "0b9d1d1e-0000-4c58-8f37-0a1b2c3d4e5f")
        .replace("\"0.1.0\"", "\"9.9.9\"")
        .replace("-1.25", "17");
    let mut moved: Report = serde_json::from_str(&text).unwrap();
    moved.profile.reverse();
    assert_eq!(snapshot::compare(&expected, &snapshot::render(&moved)), None);
}

#[test]
fn a_changed_server_is_a_small_difference() {
    let report = sample("mixed");
    let mut changed = report.clone();
    let case =
        changed.cases.iter_mut().find(|case| case.name == "token-request::unknown-grant-type").unwrap();
    case.observed = "500 with a JSON object without error".to_owned();
    changed.profile[3].value = Value::from(120);
    let old = snapshot::render(&report);
    let new = snapshot::render(&changed);
    insta::assert_snapshot!("snapshot-difference", snapshot::compare(&old, &new).unwrap());
}

#[test]
fn a_redacted_report_holds_no_secret_and_stays_as_it_is() {
    let mut report = sample("mixed");
    let secret = "correct-horse-battery";
    let token = "opaque-2YotnFZFEjr1zCsicMWpAA";
    for exchange in &mut report.exchanges {
        exchange.curl = curl::curl(&exchange.request, &[], &curl::StandIns::default()).text;
    }
    // What targets throw back.
    report.cases[4].observed = format!("400 with error_description \"wrong secret {secret}\"");
    report.diagnoses[0].evidence.push(format!("the token {token} was issued"));
    report.profile[5].value["echo"] = Value::from(format!("client_secret={secret}"));
    let response = report.exchanges[0].response.as_mut().unwrap();
    response.headers.push(("location".to_owned(), format!("https://as.example/?client_secret={secret}&a=b")));

    let redactor = Redactor::new(vec![Secret::new(secret)]);
    redactor.redact_report(&mut report);
    let text = json::render(&report).unwrap();
    for leak in [secret, token, "Y2xpZW50LTE6Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", "c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"]
    {
        assert!(!text.contains(leak), "{leak}");
    }
    assert_eq!(
        report.exchanges[0].request.headers[1],
        ("authorization".to_owned(), "Basic [credentials redacted]".to_owned())
    );
    let schema = serde_json::to_value(json::schema()).unwrap();
    assert_eq!(misfit(&serde_json::from_str(&text).unwrap(), &schema, &schema), None);

    let mut again = report.clone();
    redactor.redact_report(&mut again);
    assert_eq!(json::render(&again).unwrap(), text);
    insta::assert_snapshot!("redacted-exchange", serde_json::to_string_pretty(&report.exchanges[1]).unwrap());
}
