//! Every encoding and every place, and what must be left alone.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use serde_json::json;

use super::*;

/// Holds what the encodings differ in.
const VALUE: &str = "s3cr?t /+&%é\"\\'<x>";

const HEADER: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6Im9hdXRoLWlkLWphZytqd3QifQ";
const CLAIMS: &str = "eyJzdWIiOiJ1c2VyLTEyMyJ9";

fn redactor(secrets: &[&str]) -> Redactor {
    Redactor::new(secrets.iter().map(|secret| Secret::new(*secret)).collect())
}

/// Redacts, and checks that doing so twice changes nothing more.
fn redact(secrets: &[&str], text: &str) -> String {
    let redactor = redactor(secrets);
    let once = redactor.redact_text(text);
    assert_eq!(redactor.redact_text(&once), once, "not idempotent");
    once
}

fn percent(text: &str, upper: bool, also: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || also.as_bytes().contains(&byte);
    let escape = |byte: u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { escape(byte) }).collect()
}

#[test]
fn a_secret_is_found_in_every_encoding() {
    let form: String = url::form_urlencoded::byte_serialize(VALUE.as_bytes()).collect();
    let json = serde_json::to_string(VALUE).unwrap();
    let twice = serde_json::to_string(&json).unwrap();
    let ascii_json: String = VALUE.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    let html = VALUE.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let spellings = [
        ("raw", VALUE.to_owned()),
        ("form", form.clone()),
        ("percent, upper case", percent(VALUE, true, "-._~")),
        ("percent, lower case", percent(VALUE, false, "-._~")),
        ("percent, as encodeURIComponent has it", percent(VALUE, true, "-._~!'()*")),
        ("form, with hex in lower case", percent(VALUE, false, " ").replace(' ', "+")),
        ("JSON", json[1..json.len() - 1].to_owned()),
        ("JSON within a JSON string", twice[3..twice.len() - 3].to_owned()),
        ("JSON in ASCII", ascii_json),
        ("HTML", html),
        ("a shell's quotes", VALUE.replace('\'', r"'\''")),
    ];
    for (encoding, spelling) in spellings {
        assert_eq!(
            redact(&[VALUE], &format!("got {spelling}, no")),
            "got [secret redacted], no",
            "{encoding}"
        );
    }
}

#[test]
fn basic_credentials_are_found_with_any_client_identifier() {
    let form: String = url::form_urlencoded::byte_serialize(VALUE.as_bytes()).collect();
    for id in ["", "a", "ab", "abc", "https://client.example/id"] {
        for secret in [VALUE, form.as_str()] {
            let credentials = format!("{id}:{secret}");
            for encoded in [
                STANDARD.encode(&credentials),
                URL_SAFE.encode(&credentials),
                URL_SAFE_NO_PAD.encode(&credentials),
            ] {
                for (before, after) in
                    [("", ""), ("got ", " instead"), ("{\"seen\":\"", "\"}"), ("x%3D", "&b=c")]
                {
                    let text = redact(&[VALUE], &format!("{before}{encoded}{after}"));
                    assert_eq!(text, format!("{before}[secret redacted]{after}"), "{credentials}");
                }
                let query = format!("?seen={}&x=1", percent(&encoded, true, "-_."));
                let text = redact(&[VALUE], &query);
                assert!(
                    text == "?seen=[secret redacted]&x=1"
                        || text == "?seen=[secret redacted]%3D&x=1"
                        || text == "?seen=[secret redacted]%3D%3D&x=1",
                    "{text}"
                );
                assert_eq!(
                    redact(&[], &format!("bad Basic {encoded}, sorry")),
                    "bad Basic [credentials redacted], sorry"
                );
            }
        }
    }
}

#[test]
fn a_secret_in_the_claims_of_a_token_is_found() {
    let claims =
        URL_SAFE_NO_PAD.encode(json!({ "sub": "user-123", "password": "correct-horse" }).to_string());
    assert_eq!(redact(&["correct-horse"], &format!("{HEADER}.{claims}.c2lnbmF0dXJl")), {
        format!("{HEADER}.[secret redacted].[signature redacted]")
    });
}

#[test]
fn short_secrets_and_words_shred_no_text() {
    assert_eq!(redact(&["abc"], "abc abcdef client_secret=abc&x=abc"), {
        "abc abcdef client_secret=[secret redacted]&x=abc"
    });
    assert_eq!(redact(&["abc"], "authorization: Basic abc"), "authorization: Basic [credentials redacted]");
    assert_eq!(redact(&["secret"], "client_secret_post: secret, a%3Dsecret, secretary"), {
        "client_secret_post: [secret redacted], a%3D[secret redacted], secretary"
    });
    // A word of a marker may itself be a secret, and one secret a part of another.
    assert_eq!(redact(&["secret", "redacted"], "a secret"), "a [secret redacted]");
    assert_eq!(redact(&["horse-1", "correct-horse-1"], "correct-horse-1 horse-1"), {
        "[secret redacted] [secret redacted]"
    });
    assert_eq!(redact(&["", "  "], "nothing  here"), "nothing  here");
}

#[test]
fn of_a_jws_only_the_signature_goes() {
    let cases = [
        (format!("{HEADER}.{CLAIMS}.c2ln_-"), format!("{HEADER}.{CLAIMS}.[signature redacted]")),
        (
            format!("assertion={HEADER}.{CLAIMS}.c2ln&x=y"),
            format!("assertion={HEADER}.{CLAIMS}.[signature redacted]&x=y"),
        ),
        (format!("u?t%3D{HEADER}.{CLAIMS}.c2ln"), format!("u?t%3D{HEADER}.{CLAIMS}.[signature redacted]")),
        (format!("({HEADER}.{CLAIMS}.c2ln)."), format!("({HEADER}.{CLAIMS}.[signature redacted]).")),
        // A detached payload, a fourth segment, padding, foreign characters: defects that the harness sends.
        (format!("{HEADER}..c2ln"), format!("{HEADER}..[signature redacted]")),
        (format!("{HEADER}.{CLAIMS}.c2ln.more."), format!("{HEADER}.{CLAIMS}.[signature redacted].")),
        (format!("{HEADER}.{CLAIMS}.c2ln%3D%3D"), format!("{HEADER}.{CLAIMS}.[signature redacted]")),
        (format!("{HEADER}=.{CLAIMS}=.c2ln="), format!("{HEADER}=.{CLAIMS}=.[signature redacted]")),
        // No signature, no JSON object, no token.
        (format!("{HEADER}.{CLAIMS}."), format!("{HEADER}.{CLAIMS}.")),
        (format!("{HEADER}.{CLAIMS}"), format!("{HEADER}.{CLAIMS}")),
        ("www.as.example/a.b.c".to_owned(), "www.as.example/a.b.c".to_owned()),
        ("own.jwt-bearer.grant-type".to_owned(), "own.jwt-bearer.grant-type".to_owned()),
    ];
    for (text, expected) in cases {
        assert_eq!(redact(&[], &text), expected);
    }
}

#[test]
fn authorization_header_fields_keep_their_scheme() {
    let cases = [
        ("Authorization: Bearer abc.def", "Authorization: Bearer [credentials redacted]"),
        (
            "-H 'authorization: Basic YTpi' --data-raw ''",
            "-H 'authorization: Basic [credentials redacted]' --data-raw ''",
        ),
        ("-H 'authorization: X it'\\''s' -i", "-H 'authorization: X [credentials redacted]' -i"),
        ("{\"Authorization\": \"DPoP tok\"}", "{\"Authorization\": \"DPoP [credentials redacted]\"}"),
        (
            "{\\\"authorization\\\":\\\"Basic YQ\\\"}",
            "{\\\"authorization\\\":\\\"Basic [credentials redacted]\\\"}",
        ),
        ("[\"authorization\",\"Bearer x\"]", "[\"authorization\",\"Bearer [credentials redacted]\"]"),
        ("{\"authorization\":[\"Bearer x\"]}", "{\"authorization\":[\"Bearer [credentials redacted]\"]}"),
        (
            "POST /token\r\nproxy-authorization: opaque\r\nhost: a",
            "POST /token\r\nproxy-authorization: [credentials redacted]\r\nhost: a",
        ),
        (
            r"POST /\r\nAuthorization: Basic YQ\r\n",
            r"POST /\r\nAuthorization: Basic [credentials redacted]\r\n",
        ),
        ("authorization_endpoint: https://as.example/a", "authorization_endpoint: https://as.example/a"),
        (
            "the Bearer token is missing; Basic is not offered",
            "the Bearer token is missing; Basic is not offered",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(redact(&[], text), expected);
    }
}

#[test]
fn private_keys_go_whole() {
    let pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----\n";
    assert_eq!(redact(&[], &format!("key: {pem}end")), "key: [private key redacted]\nend");
    let json = serde_json::to_string(pem).unwrap();
    assert_eq!(redact(&[], &json), "\"[private key redacted]\\n\"");
    assert_eq!(redact(&[], "k=-----BEGIN+EC+PRIVATE+KEY-----%0AMIGH"), "k=[private key redacted]");
    let public = "-----BEGIN PUBLIC KEY-----\nMIGH\n-----END PUBLIC KEY-----";
    assert_eq!(redact(&[], public), public);
}

#[test]
fn secret_parameters_and_members_go_whatever_their_value() {
    let jws = format!("{HEADER}.{CLAIMS}.c2ln");
    let kept = format!("{HEADER}.{CLAIMS}.[signature redacted]");
    let cases = [
        (
            "client_id=a&client_secret=b%20c&x=y".to_owned(),
            "client_id=a&client_secret=[secret redacted]&x=y".to_owned(),
        ),
        ("client_secret%3Db%26x%3Dy".to_owned(), "client_secret%3D[secret redacted]%26x%3Dy".to_owned()),
        ("client_secret=&x=y".to_owned(), "client_secret=&x=y".to_owned()),
        (
            format!("client_assertion_type=urn:x&client_assertion={jws}&x=y"),
            format!("client_assertion_type=urn:x&client_assertion={kept}&x=y"),
        ),
        ("client_assertion=opaque".to_owned(), "client_assertion=[secret redacted]".to_owned()),
        (
            "{\"client_secret\" : \"a\\\"b\"}".to_owned(),
            "{\"client_secret\" : \"[secret redacted]\"}".to_owned(),
        ),
        (
            "{\"access_token\":\"2YotnF\",\"x\":1}".to_owned(),
            "{\"access_token\":\"[token redacted]\",\"x\":1}".to_owned(),
        ),
        ("{\"access_token\":12345}".to_owned(), "{\"access_token\":[token redacted]}".to_owned()),
        ("{\"refresh_token\":\"cut o".to_owned(), "{\"refresh_token\":\"[token redacted]".to_owned()),
        (format!("{{\"id_token\":\"{jws}\"}}"), format!("{{\"id_token\":\"{kept}\"}}")),
        (
            "\\\"access_token\\\":\\\"2Yot\\\"".to_owned(),
            "\\\"access_token\\\":\\\"[token redacted]\\\"".to_owned(),
        ),
        ("{\"access_token\":null}".to_owned(), "{\"access_token\":null}".to_owned()),
        ("{\"token_type\":\"Bearer\"}".to_owned(), "{\"token_type\":\"Bearer\"}".to_owned()),
        (
            "https://a.example/#access_token=2Yot&x=y".to_owned(),
            "https://a.example/#access_token=[token redacted]&x=y".to_owned(),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(redact(&[], &text), expected);
    }
}

#[test]
fn gateway_header_fields_are_secret_by_name() {
    let redactor = redactor(&[]).with_headers(["X-Api-Key".to_owned()]);
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
    let texts =
        ["%2B", "a.", "\"access_token\":\"", "Authorization: ", "eyJ.", "'", "[", "-----BEGIN PRIVATE"];
    for text in texts {
        redact(&[VALUE, "aaaaaaaa", "+++++++++"], &text.repeat(16 * 1024 / text.len()));
    }
}
