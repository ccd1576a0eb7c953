//! What is secret by its place, and what is none there.

use crate::report::redact::tests::{CLAIMS, HEADER, redact};

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
    assert_eq!(
        redact(&[], "it holds `BEGIN RSA PRIVATE KEY----- MIGHAgEA…`"),
        "it holds `[private key redacted]"
    );
    let public = "-----BEGIN PUBLIC KEY-----\nMIGH\n-----END PUBLIC KEY-----";
    assert_eq!(redact(&[], public), public);
}

#[test]
fn private_members_of_a_jwk_go() {
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}"#;
    let kept = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","d":"[private key redacted]"}"#;
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    assert_eq!(redact(&[], jwk), kept);
    assert_eq!(redact(&[], &quoted(jwk)), quoted(kept));
    assert_eq!(
        redact(&[], &jwk.replace('"', "%22").replace(':', "%3A")),
        kept.replace('"', "%22").replace(':', "%3A")
    );
    assert_eq!(redact(&[], &jwk.replace('"', "&quot;")), kept.replace('"', "&quot;"));
    assert_eq!(
        redact(&[], "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1…"),
        "{\"kty\":\"oct\",\"k\":\"[private key redacted]"
    );
    // Without a key around it, or with a value that is none, it is another member.
    let other = r#"{"d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}"#;
    assert_eq!(redact(&[], other), other);
    let other = r#"{"kty":"EC","d":"a description","q":{"k":1}}"#;
    assert_eq!(redact(&[], other), other);
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
