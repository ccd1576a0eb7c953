//! What is said beside a line, by the options of the run.

use super::*;
use crate::{
    cli::{RunOptions, settings},
    settings::Selection,
};

fn options() -> RunOptions {
    RunOptions {
        target: Some("https://as.example".into()),
        client_id: Some("ci".into()),
        idp_issuer: Some("http://127.0.0.1:9555".into()),
        ..RunOptions::default()
    }
}

fn made(options: RunOptions) -> Settings {
    settings(&options, Selection::default()).unwrap()
}

#[test]
fn the_idp_is_served_with_the_options_of_the_run() {
    let serve = |options| keys(&made(options));
    assert!(serve(options()).contains("`jagspec idp serve`"));
    let all = RunOptions {
        idp_listen: Some("0.0.0.0:9444".into()),
        idp_issuer: Some("https://idp.example".into()),
        idp_tls_cert: Some("a cert.pem".into()),
        idp_tls_key: Some("key.pem".into()),
        idp_key: Some("signing.pem".into()),
        ..options()
    };
    assert!(serve(all).contains(
        "`jagspec idp serve --idp-listen 0.0.0.0:9444 --idp-issuer https://idp.example --idp-tls-cert 'a cert.pem' \
         --idp-tls-key key.pem --idp-key signing.pem`"
    ));
    let hosted = Settings { idp_static: true, ..made(options()) };
    assert_eq!(keys(&hosted), "The target finds the keys where they are hosted: http://127.0.0.1:9555.");
}

#[test]
fn the_line_reaches_the_target_as_the_run_did() {
    let request = HttpRequest::get("https://as.example/jwks");
    assert_eq!(
        discovery(&made(options()), &request),
        Command {
            line: "curl -i -X GET --url https://as.example/jwks -H 'Accept: application/json'".into(),
            hints: Vec::new()
        }
    );
    let private = RunOptions {
        ca_cert: Some("ca.pem".into()),
        insecure: Some(true),
        header: Some(vec!["X-Key: s3cr3t-value".into()]),
        ..options()
    };
    let again = discovery(&made(private), &request);
    assert!(again.line.starts_with("curl -i -X GET --cacert ca.pem --insecure --url "), "{}", again.line);
    assert_eq!(again.hints.len(), 1);
    assert!(again.hints[0].starts_with("The run also sent X-Key (--header)"), "{:?}", again.hints);
    assert!(!format!("{again:?}").contains("s3cr3t"));
}

#[test]
fn keys_that_each_command_makes_for_itself_are_told() {
    let of_other = IdJagChange { key: Some(KeyChoice::OtherIssuer), ..IdJagChange::default() };
    assert_eq!(own_keys(&made(options()), &of_other), None);
    let with_key = made(RunOptions { idp_key: Some("key.pem".into()), ..options() });
    assert!(own_keys(&with_key, &of_other).unwrap().contains("the second issuer's key is made anew"));
    assert_eq!(own_keys(&with_key, &IdJagChange::default()), None);
}
