//! What is said of tokens with every kind of mistake, and that none of them is too much.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use serde_json::json;

use super::*;
use crate::keys::{Algorithm, SigningKey};

const NOW: i64 = 1_795_565_116;

fn key() -> SigningKey {
    SigningKey::from_pem(include_str!("../../fixtures/keys/published-es256.pem")).unwrap()
}

fn keys() -> Vec<Key> {
    keys_of(&json!({ "keys": [{ "kty": "oct", "k": "AA" }, key().jwk(None)] }), "a test key")
}

fn signed(header: &str, claims: &str) -> String {
    let input = format!("{}.{}", B64URL.encode(header), B64URL.encode(claims));
    let signature = key().sign(Algorithm::ES256, input.as_bytes()).unwrap();
    format!("{input}.{}", B64URL.encode(signature))
}

fn header() -> String {
    json!({ "typ": "oauth-id-jag+jwt", "alg": "ES256", "kid": key().kid() }).to_string()
}

fn claims() -> serde_json::Value {
    json!({
        "iss": "https://idp.example", "sub": "u", "aud": "https://as.example", "client_id": "ci", "jti": "1",
        "iat": NOW - 10, "exp": NOW + 290
    })
}

#[track_caller]
fn shown(text: &str) -> Decoded {
    decode(text, NOW, &keys()).unwrap()
}

/// Everything that is wrong, in one text.
fn wrong(decoded: &Decoded) -> String {
    let mut all = decoded.problems.clone();
    for part in std::iter::once(&decoded.header).chain(&decoded.claims) {
        all.extend(part.problems.iter().cloned());
        for member in &part.members {
            all.extend(member.problems.iter().map(|problem| format!("{}: {problem}", member.name)));
        }
    }
    all.extend(decoded.signature.iter().flat_map(|signature| signature.problems.iter().cloned()));
    assert_eq!(all.len(), decoded.count_problems());
    all.join("\n")
}

#[test]
fn a_good_id_jag_has_no_problem() {
    let decoded = shown(&signed(&header(), &claims().to_string()));
    assert_eq!(wrong(&decoded), "");
    assert_eq!(decoded.kind, Kind::IdJag);
    let signature = decoded.signature.unwrap();
    assert_eq!((signature.verifies, signature.bytes, signature.beginning.len()), (Some(true), 64, 8));
    let claims = decoded.claims.unwrap();
    let exp = claims.members.iter().find(|member| member.name == "exp").unwrap();
    assert_eq!(exp.time.as_deref(), Some("2026-11-25 00:10:06 UTC"));
    assert_eq!(exp.notes, ["good for another 4 minutes 50 seconds"]);
}

#[test]
fn each_mistake_of_a_member_is_said() {
    for (name, value, words) in [
        ("exp", json!(NOW - 65), "exp: expired 1 minute 5 seconds ago"),
        ("exp", json!("soon"), "exp: it is no number of seconds"),
        ("exp", json!(1e18), "exp: no time between the years 1970 and 9999"),
        ("nbf", json!(NOW + 60), "nbf: not good yet, only in 1 minute"),
        ("iat", json!(NOW + 3600), "iat: 1 hour in the future"),
        ("aud", json!(["https://as.example", "https://other.example"]), "aud: 2 audiences"),
        ("aud", json!([]), "aud: the array is empty"),
        ("aud", json!([1]), "aud: not every element is a string"),
        ("aud", json!(7), "aud: it is neither a string nor an array"),
        ("iss", json!(null), "iss: it is no string"),
        ("sub", json!(""), "sub: it is empty"),
        ("scope", json!(["a"]), "scope: it is no string of scopes"),
        ("resource", json!("api"), "resource: not each is an absolute URI"),
    ] {
        let mut claims = claims();
        claims[name] = value;
        let text = wrong(&shown(&signed(&header(), &claims.to_string())));
        assert!(text.contains(words) && text.lines().count() == 1, "{name}: {text}");
    }
    for required in ["iss", "sub", "aud", "client_id", "jti", "iat", "exp"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(required);
        let text = wrong(&shown(&signed(&header(), &claims.to_string())));
        assert_eq!(text, format!("`{required}` is missing (ID-JAG section 3.1)"));
    }
    let mut one = claims();
    one["aud"] = json!(["https://as.example"]);
    assert_eq!(wrong(&shown(&signed(&header(), &one.to_string()))), "");
}

#[test]
fn each_mistake_of_the_header_is_said() {
    for (header, words) in [
        (json!({ "typ": "JWT", "alg": "ES256" }), "typ: of an ID-JAG it is `oauth-id-jag+jwt`"),
        (json!({ "alg": "ES256" }), "`typ` is missing"),
        (json!({ "typ": "oauth-id-jag+jwt", "alg": "nOnE" }), "alg: nothing is signed"),
        (json!({ "typ": "oauth-id-jag+jwt", "alg": "HS256" }), "alg: a MAC"),
        (json!({ "typ": "oauth-id-jag+jwt" }), "`alg` is missing"),
        (json!({ "typ": 1, "alg": "ES256" }), "typ: it is no string"),
        (
            json!({ "typ": "oauth-id-jag+jwt", "alg": "ES256", "jku": "https://e" }),
            "jku: a key that the token itself",
        ),
        (json!({ "typ": "oauth-id-jag+jwt", "alg": "ES256", "kid": "x" }), "`kid` names another key"),
    ] {
        let text = wrong(&shown(&signed(&header.to_string(), &claims().to_string())));
        assert!(text.contains(words), "{header}: {text}");
    }
}

#[test]
fn members_stay_as_they_are_written_and_those_that_stand_twice_stay_twice() {
    let decoded =
        shown(&signed(&header(), r#"{"aud":"a","a":1e400,"\u0061":1.0,"aud":["b"],"n":{"x":1,"x":2}}"#));
    let claims = decoded.claims.as_ref().unwrap();
    let written: Vec<_> =
        claims.members.iter().map(|member| format!("{}={}", member.name, member.value.get())).collect();
    assert_eq!(written, ["aud=\"a\"", "a=1e400", "a=1.0", "aud=[\"b\"]", "n={\"x\":1,\"x\":2}"]);
    assert_eq!(wrong(&decoded).matches("stands there 2 times").count(), 4);
    let json = serde_json::to_string(&decoded).unwrap();
    assert!(json.contains("1e400") && json.contains(r#""kind":"id-jag""#), "{json}");
}

#[test]
fn a_malformed_segment_is_said_with_its_place() {
    let token = signed(&header(), &claims().to_string());
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!() };
    let second = header.len() + 2;
    for (text, words) in [
        (format!("{header}.{payload}"), "two segments".to_owned()),
        (format!("{token}.x"), "4 segments: a JWS has three".to_owned()),
        (format!("{token}."), "4 segments".to_owned()),
        (format!(" {token}"), "white space at byte 1".to_owned()),
        (format!("{header}.{payload}+.{signature}"), format!("'+' at byte {}", second + payload.len())),
        (format!("{header}.é{payload}.{signature}"), format!("'é' at byte {second}")),
        (format!("{token}=="), format!("the signature (segment 3): padding at byte {}", token.len() + 1)),
        (format!("{header}..{signature}"), "it is empty".to_owned()),
        (
            format!("{header}.{}.{signature}", B64URL.encode("{\n\"a\":\n nope}")),
            "no JSON object at byte 10".to_owned(),
        ),
        (format!("{header}.{}.{signature}", B64URL.encode("[1]")), "no JSON object at byte".to_owned()),
        (
            format!("{header}.{}.{signature}", B64URL.encode(b"{\"a\":\"\xff\"}")),
            "no UTF-8 at byte 7".to_owned(),
        ),
        (format!("{}.{payload}.{signature}", B64URL.encode("x")), "no JSON object at byte 1".to_owned()),
    ] {
        let problems = wrong(&shown(&text));
        assert!(problems.contains(&words), "{text}: {words}\n{problems}");
    }
    for (text, words) in [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("abc", "there is no dot in it"),
        ("{\"a\":1}", "no JWS in JSON serialisation"),
        ("{\"a\":", "begins like JSON and is none"),
    ] {
        let error = decode(text, NOW, &[]).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn what_else_a_token_can_be_is_recognised() {
    let typed = |typ: serde_json::Value, claims: serde_json::Value| {
        shown(&signed(&json!({ "typ": typ, "alg": "ES256" }).to_string(), &claims.to_string())).kind
    };
    assert_eq!(typed(json!("at+jwt"), json!({})), Kind::AccessToken);
    assert_eq!(typed(json!("application/AT+JWT"), json!({})), Kind::AccessToken);
    assert_eq!(typed(json!("JWT"), json!({ "sub": "u", "nonce": "n" })), Kind::IdToken);
    assert_eq!(typed(json!("JWT"), json!({ "sub": "u", "client_id": "c" })), Kind::IdJag);
    assert_eq!(typed(json!("dpop+jwt"), json!({ "sub": "u" })), Kind::Jwt);
    let access = shown(&signed(r#"{"typ":"at+jwt","alg":"ES256"}"#, &claims().to_string()));
    assert_eq!(wrong(&access), "");
    let jwe = shown(&format!("{}.a.b.c.d", B64URL.encode(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#)));
    assert_eq!((jwe.kind, jwe.claims.is_none(), jwe.signature.is_none()), (Kind::Jwe, true, true));

    let token = signed(&header(), &claims().to_string());
    let parts: Vec<&str> = token.split('.').collect();
    let flattened = json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] });
    let general =
        json!({ "payload": parts[1], "signatures": [{ "protected": parts[0], "signature": parts[2] }] });
    for (text, words) in [(flattened, "the flattened JSON"), (general, "the general JSON")] {
        let decoded = shown(&text.to_string());
        assert!(wrong(&decoded).starts_with(words), "{}", wrong(&decoded));
        assert_eq!(decoded.signature.unwrap().verifies, Some(true));
    }
}

#[test]
fn a_signature_is_checked_with_the_keys_at_hand_and_shown_cut() {
    let token = signed(&header(), &claims().to_string());
    let tampered = token.replace(&B64URL.encode(claims().to_string()), &B64URL.encode("{\"client_id\":1}"));
    let decoded = shown(&tampered);
    assert_eq!(decoded.signature.as_ref().unwrap().verifies, Some(false));
    assert!(wrong(&decoded).contains("it does not verify with a test key, which `kid` names"));
    let nobody = decode(&token, NOW, &[]).unwrap().signature.unwrap();
    assert_eq!(nobody.verifies, None);
    assert!(nobody.said.contains("none of the 0 keys at hand"), "{}", nobody.said);
    let whole = token.rsplit('.').next().unwrap();
    assert!(!serde_json::to_string(&decoded).unwrap().contains(&whole[..10]));
}

#[test]
fn hostile_tokens_are_no_harm() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [
        ".".to_owned(),
        "..".to_owned(),
        ".".repeat(100_000),
        signed(&header(), &format!("{{\"aud\":{deep}}}")),
        signed(&deep, &deep),
        signed(&header(), "{\"exp\":-1e308,\"iat\":1e308,\"nbf\":18446744073709551616}"),
        format!("{}.{}.=", "=".repeat(1000), "\u{202e}"),
    ] {
        let decoded = decode(&text, i64::MIN, &keys()).unwrap();
        wrong(&decoded);
    }
}
