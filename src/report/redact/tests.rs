//! Whole reports, and texts that do their worst. The encodings are tested in `needle/tests.rs`, the places in
//! `places/tests.rs`.

use serde_json::json;

use super::*;

pub(super) const VALUE: &str = "s3cr?t /+&%é\"\\'<x>";

pub(super) const HEADER: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6Im9hdXRoLWlkLWphZytqd3QifQ";
pub(super) const CLAIMS: &str = "eyJzdWIiOiJ1c2VyLTEyMyJ9";

fn redactor(secrets: &[&str]) -> Redactor {
    Redactor::new(secrets.iter().map(|secret| Secret::new(*secret)).collect())
}

/// Redacts, and checks that doing so twice changes nothing more.
pub(super) fn redact(secrets: &[&str], text: &str) -> String {
    let redactor = redactor(secrets);
    let once = redactor.redact_text(text);
    assert_eq!(redactor.redact_text(&once), once, "not idempotent");
    once
}

pub(super) fn percent(text: &str, upper: bool, also: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || also.as_bytes().contains(&byte);
    let escape = |byte: u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { escape(byte) }).collect()
}

#[test]
fn a_secret_at_the_end_of_a_body_that_was_cut_is_found() {
    let mut report: Report =
        serde_json::from_str(include_str!("../../../fixtures/report/mixed.json")).unwrap();
    let response = report.exchanges[0].response.as_mut().unwrap();
    response.body = "x".repeat(20) + " correct-hor";
    let mut whole = report.clone();
    redactor(&["correct-horse"]).redact_report(&mut whole);
    assert!(
        whole.exchanges[0].response.as_ref().unwrap().body.ends_with("x correct-hor"),
        "a whole body is no part"
    );
    report.exchanges[0].response.as_mut().unwrap().body_truncated = true;
    for _ in 0..2 {
        redactor(&["correct-horse"]).redact_report(&mut report);
        let body = &report.exchanges[0].response.as_ref().unwrap().body;
        assert!(body.ends_with("x [secret redacted]"), "{body}");
    }
}

#[test]
fn values_and_names_of_a_profile_are_redacted() {
    let mut value = json!({
        "keys": [{ "kty": "RSA", "n": "0vx7agoebGcQSuuPiLJXZptN9nnd", "d": "X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH" }],
        "correct-horse": { "client_secret": "ab", "seen": ["correct%2Dhorse", 7, null] },
    });
    redactor(&["correct-horse"]).redact_value(&mut value, &Needles::default());
    assert_eq!(
        value,
        json!({
            "keys": [{ "kty": "RSA", "n": "0vx7agoebGcQSuuPiLJXZptN9nnd", "d": PRIVATE_KEY }],
            "[secret redacted]": { "client_secret": SECRET, "seen": [SECRET, 7, null] },
        })
    );
}

#[test]
fn each_credential_within_a_gateway_header_field_is_a_secret() {
    let fields = [
        ("Authorization", "Bearer gat3way-token"),
        ("Cookie", "session=s3ssion-value; theme=dark"),
        ("X-Plain", "alone-1234"),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), Secret::new(value)));
    let redactor = Redactor::with_headers(Vec::new(), fields);
    assert_eq!(
        redactor.redact_text(
            "invalid token gat3way-token, session s3ssion-value, theme dark, Bearer, alone-1234"
        ),
        "invalid token [secret redacted], session [secret redacted], theme dark, Bearer, [secret redacted]"
    );
    let mut headers = vec![("x-gat3way-token".to_owned(), "1".to_owned())];
    redactor.redact_headers(&mut headers, &Needles::default());
    assert_eq!(headers[0].0, "x-[secret redacted]");
}

#[test]
fn gateway_header_fields_are_secret_by_name() {
    let redactor = Redactor::with_headers(Vec::new(), [("X-Api-Key".to_owned(), Secret::new("ab"))]);
    assert_eq!(redactor.redact_text("-H 'x-api-key: ab' -H 'x-api-key-id: 7'"), {
        "-H 'x-api-key: [secret redacted]' -H 'x-api-key-id: 7'"
    });
    let mut headers = vec![
        ("X-API-KEY".to_owned(), "ab".to_owned()),
        ("authorization".to_owned(), "Basic YTpi".to_owned()),
    ];
    redactor.redact_headers(&mut headers, &Needles::default());
    redactor.redact_headers(&mut headers, &Needles::default());
    assert_eq!(headers[0].1, "[secret redacted]");
    assert_eq!(headers[1].1, "Basic [credentials redacted]");
}

#[test]
fn texts_in_any_script_and_cut_anywhere_are_no_harm() {
    let text = format!(
        "期限 client_secret=é&{HEADER}.{CLAIMS}.c2ln \"access_token\":\"é\\ Authorization: Basic é YTpi -----BEGIN é"
    );
    for (end, _) in text.char_indices() {
        redact(&["é期x1", VALUE], &text[..end]);
        redact(&["é期x1", VALUE], &text[end..]);
    }
}

#[test]
fn long_and_hostile_texts_take_no_long_time() {
    let texts = [
        "%2B",
        "\\u002b",
        "\\/",
        "%252b",
        "\"d\":\"aaaaaaaaaaaaaaaaaaaa\"",
        "aaaa…",
        "BEGIN ",
        "-",
        "a.",
        "\"access_token\":\"",
        "Authorization: ",
        "eyJ.",
        "'",
        "[",
        "-----BEGIN PRIVATE",
    ];
    for text in texts {
        redact(&[VALUE, "aaaaaaaa", "+++++++++"], &text.repeat(16 * 1024 / text.len()));
    }
}
