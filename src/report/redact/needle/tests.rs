//! Every encoding of a secret, whole and cut, and what must be left alone.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use serde_json::json;

use crate::report::redact::tests::{HEADER, VALUE, percent, redact};

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
        ("JSON in ASCII", ascii_json.clone()),
        ("HTML", html.clone()),
        ("a shell's quotes", VALUE.replace('\'', r"'\''")),
        ("a form, twice within a form", {
            let twice = percent(&percent(VALUE, true, "-._~"), true, "-._~");
            percent(&twice, false, "-._~")
        }),
        ("a form within a form", percent(&percent(VALUE, true, "-._~"), true, "-._~")),
        ("JSON in ASCII within a JSON string", ascii_json.replace('\\', "\\\\")),
        ("HTML as PHP has it", html.replace('\'', "&#039;")),
        ("HTML entities", VALUE.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
        (
            "JSON in HTML",
            json[1..json.len() - 1]
                .replace('"', "&quot;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('&', "&amp;")
                .replace("&amp;quot;", "&quot;")
                .replace("&amp;lt;", "&lt;")
                .replace("&amp;gt;", "&gt;"),
        ),
        ("JSON in a form", percent(&json[1..json.len() - 1], false, "")),
        ("a name of a header field", VALUE.to_lowercase()),
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
fn credentials_are_found_as_encoders_of_json_escape_them() {
    // Bytes that give `+` and `/` in base64.
    let secret = "s3cr?t>>>???~~~";
    let encoded = STANDARD.encode(format!("ci:{secret}"));
    assert!(encoded.contains('+') && encoded.contains('/'), "{encoded}");
    for (plus, slash) in
        [("+", "\\/"), ("\\u002B", "\\u002f"), ("%2b", "%2F"), ("%252B", "%252f"), ("\\u002b", "/")]
    {
        let spelled = encoded.replace('/', slash).replace('+', plus);
        for (before, after) in [("", ""), ("\"", "\""), ("was ", ", no"), ("x=", "&y=z")] {
            assert_eq!(
                redact(&[secret], &format!("{before}{spelled}{after}")),
                format!("{before}[secret redacted]{after}")
            );
        }
        assert_eq!(redact(&[], &format!("Basic {spelled}!")), "Basic [credentials redacted]!");
        assert_eq!(
            redact(&[], &format!("{{\"Authorization\":\"Basic {spelled}\"}}")),
            "{\"Authorization\":\"Basic [credentials redacted]\"}"
        );
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
fn a_secret_that_was_cut_is_found_from_its_fourth_character_on() {
    let form: String = url::form_urlencoded::byte_serialize(VALUE.as_bytes()).collect();
    let json = serde_json::to_string(VALUE).unwrap();
    for spelling in [VALUE, &form, &json[1..json.len() - 1]] {
        for (at, _) in spelling.char_indices().skip(4) {
            let text = redact(&[VALUE], &format!("400 (got {}…), `x`", &spelling[..at]));
            assert_eq!(text, "400 (got [secret redacted]…), `x`", "{spelling}");
        }
    }
    let credentials = STANDARD.encode("ci:correct-horse-battery");
    for end in 12..credentials.len() {
        let text = redact(&["correct-horse-battery"], &format!("got {}…", &credentials[..end]));
        assert_eq!(text, "got [secret redacted]…");
    }
    assert_eq!(
        redact(&["correct-horse"], "cor… and corn… and correct: all"),
        "cor… and corn… and correct: all"
    );
    // A word is cut in the middle of another one.
    assert_eq!(redact(&["secret"], "a secr… and client_secr…"), "a [secret redacted]… and client_secr…");
}

#[test]
fn short_secrets_and_words_shred_no_text() {
    let basic = STANDARD.encode("ci:abc");
    assert_eq!(redact(&["abc"], &format!("got {basic}")), "got [secret redacted]");
    let claims = URL_SAFE_NO_PAD.encode("{\"a\":\"abc\"}");
    assert_eq!(redact(&["abc"], &claims), claims);
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
