//! The JSON report: the keys of the contract, its schema, and what is redacted.

use std::fs;

use jagspec::{
    report::{Offence, ShardFacts, curl, json, redact::Redactor},
    settings::Secret,
    suite::RunCheck,
};
use serde_json::Value;

use crate::{SAMPLES, path, sample};

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

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&serde_json::to_value(json::schema()).unwrap()).unwrap()
}

#[test]
fn the_samples_fit_the_schema() {
    let schema = validator();
    for name in SAMPLES {
        let value = serde_json::to_value(sample(name)).unwrap();
        let misfits: Vec<_> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(misfits.is_empty(), "{name}: {misfits:?}");

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
            assert!(!schema.is_valid(&broken), "{name} {pointer}");
        }
    }
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

    // What merging needs of a shard holds the same words once more.
    report.shard = Some(ShardFacts {
        selected: vec!["audience::one".to_owned()],
        whole_run: Vec::new(),
        answers: 1,
        offences: vec![Offence {
            check: RunCheck::NoServerErrors,
            case: Some("audience::one".to_owned()),
            what: format!("500 with a JSON object, {secret}"),
            exchange: None,
        }],
        target_diagnoses: vec![report.diagnoses[0].clone()],
        unreachable: false,
        control_lost: Some(format!("400 invalid_grant ({secret})")),
    });

    let redactor = Redactor::new(vec![Secret::new(secret)]);
    redactor.redact_report(&mut report);
    // A line that is cut sends another request, and says so.
    for exchange in &report.exchanges {
        let says_so =
            exchange.curl_hints.iter().filter(|hint| hint.starts_with("Something in it is redacted"));
        assert_eq!(says_so.count(), usize::from(exchange.curl.contains("redacted]")), "{}", exchange.curl);
    }
    assert!(report.exchanges.iter().any(|exchange| !exchange.curl_hints.is_empty()));
    let text = json::render(&report).unwrap();
    for leak in [secret, token, "Y2xpZW50LTE6Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", "c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"]
    {
        assert!(!text.contains(leak), "{leak}");
    }
    assert_eq!(
        report.exchanges[0].request.headers[1],
        ("authorization".to_owned(), "Basic [credentials redacted]".to_owned())
    );
    assert!(validator().is_valid(&serde_json::from_str(&text).unwrap()));

    let mut again = report.clone();
    redactor.redact_report(&mut again);
    assert_eq!(json::render(&again).unwrap(), text);
    insta::assert_snapshot!("redacted-exchange", serde_json::to_string_pretty(&report.exchanges[1]).unwrap());
}
