//! The well-formed ID-JAG is checked with an independent verifier, each defect by its decoded bytes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Map, Value, json};

use super::*;
use crate::{keys::generate_pem, template::Variables};

const NOW: i64 = 1_800_000_000;

fn key(algorithm: Algorithm) -> SigningKey {
    let pem = match algorithm {
        Algorithm::RS256 => include_str!("../../fixtures/keys/published-rs256.pem").to_owned(),
        other => generate_pem(other.key_type()).unwrap(),
    };
    SigningKey::from_pem(&pem).unwrap()
}

fn grant() -> Grant {
    Grant {
        issuer: "https://idp.example".into(),
        subject: "user-123".into(),
        audience: "https://as.example".into(),
        client_id: "client-1".into(),
        scope: Some("todos.read".into()),
        resource: Some("https://api.example".into()),
        claims: Map::new(),
    }
}

pub(super) fn variables() -> Variables {
    let mut variables = Variables::new(NOW);
    variables.set("target.issuer", "https://as.example");
    variables
}

/// The token with the change that this YAML-like JSON describes.
pub(super) fn with(change: Value) -> (String, SigningKey) {
    let (token, key) = attempt(Algorithm::ES256, change, &variables());
    (token.unwrap(), key)
}

/// The same with another algorithm and more variables, where it can be assembled.
pub(super) fn attempt(
    algorithm: Algorithm,
    change: Value,
    variables: &Variables,
) -> (Result<String, AssemblyError>, SigningKey) {
    let key = key(algorithm);
    let mut id_jag = IdJag::well_formed(&grant(), algorithm, NOW, "jti-1");
    id_jag.apply(&serde_json::from_value(change).unwrap(), variables).unwrap();
    (id_jag.assemble(&key, Some("s3cr3t")), key)
}

pub(super) fn text(token: &str, segment: usize) -> String {
    let part = token.split('.').nth(segment).unwrap();
    String::from_utf8(B64URL.decode(part).unwrap()).unwrap()
}

pub(super) fn header(token: &str) -> Value {
    serde_json::from_str(&text(token, 0)).unwrap()
}

pub(super) fn claims(token: &str) -> Value {
    serde_json::from_str(&text(token, 1)).unwrap()
}

/// Whether jsonwebtoken finds the signature right.
pub(super) fn verifies(token: &str, key: &SigningKey, algorithm: jsonwebtoken::Algorithm) -> bool {
    let jwk = serde_json::from_value(key.jwk(None)).unwrap();
    let mut validation = Validation::new(algorithm);
    validation.validate_aud = false;
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).is_ok()
}

#[test]
fn the_well_formed_client_assertion_is_what_rfc_7523_and_its_successor_say() {
    let key = key(Algorithm::ES256);
    let mut assertion =
        IdJag::client_assertion("client-1", "https://as.example", Algorithm::ES256, NOW, "jti-1");
    assert_eq!(assertion.key(), KeyChoice::Client);
    let token = assertion.assemble(&key, None).unwrap();
    assert_eq!(
        header(&token),
        json!({ "typ": "client-authentication+jwt", "alg": "ES256", "kid": key.kid() })
    );
    assert_eq!(
        claims(&token),
        json!({
            "iss": "client-1", "sub": "client-1", "aud": "https://as.example", "jti": "jti-1",
            "iat": NOW, "exp": NOW + CLIENT_ASSERTION_LIFETIME,
        })
    );
    assert!(verifies(&token, &key, jsonwebtoken::Algorithm::ES256));
    // Its defects are those of the ID-JAG, on the same path.
    let change =
        json!({ "claims": { "aud": ["${target.issuer}"] }, "remove_claims": ["jti"], "signature": "empty" });
    assertion.apply(&serde_json::from_value(change).unwrap(), &variables()).unwrap();
    let token = assertion.assemble(&key, None).unwrap();
    assert_eq!(claims(&token)["aud"], json!(["https://as.example"]));
    assert!(claims(&token)["jti"].is_null() && token.ends_with('.'));
}

#[test]
fn the_well_formed_id_jag_is_what_the_draft_says() {
    for (algorithm, verifier) in [
        (Algorithm::RS256, jsonwebtoken::Algorithm::RS256),
        (Algorithm::PS256, jsonwebtoken::Algorithm::PS256),
        (Algorithm::ES256, jsonwebtoken::Algorithm::ES256),
        (Algorithm::ES384, jsonwebtoken::Algorithm::ES384),
        (Algorithm::EdDSA, jsonwebtoken::Algorithm::EdDSA),
    ] {
        let key = if algorithm == Algorithm::PS256 { key(Algorithm::RS256) } else { key(algorithm) };
        let token = IdJag::well_formed(&grant(), algorithm, NOW, "jti-1").assemble(&key, None).unwrap();
        assert_eq!(
            header(&token),
            json!({"typ": "oauth-id-jag+jwt", "alg": algorithm.name(), "kid": key.kid()})
        );
        assert_eq!(
            claims(&token),
            json!({
                "iss": "https://idp.example", "sub": "user-123", "aud": "https://as.example",
                "client_id": "client-1", "jti": "jti-1", "iat": NOW, "exp": NOW + 300,
                "resource": "https://api.example", "scope": "todos.read",
            })
        );
        assert!(verifies(&token, &key, verifier), "{algorithm}");
    }
}

#[test]
fn further_claims_win_over_the_well_formed_ones() {
    let mut grant = grant();
    grant.claims.insert("email".into(), json!("a@b.example"));
    grant.claims.insert("sub".into(), json!("other"));
    let token = IdJag::well_formed(&grant, Algorithm::ES256, NOW, "j").assemble(&key(Algorithm::ES256), None);
    let claims = claims(&token.unwrap());
    assert_eq!(claims["email"], "a@b.example");
    assert_eq!(claims["sub"], "other");
}

#[test]
fn members_are_set_removed_raw_and_doubled() {
    let (token, key) = with(json!({
        "claims": {"aud": ["${target.issuer}", "https://evil.example"], "sub": null, "exp": "${now+60}"},
        "remove_claims": ["jti"],
        "raw_claims": {"nbf": "1e400"},
        "duplicate_claims": [{"name": "client_id", "value": "evil", "place": "last"}],
        "header": {"typ": 7},
        "duplicate_header": [{"name": "alg", "value": "none", "place": "first"}],
    }));
    let payload = text(&token, 1);
    assert_eq!(
        payload,
        format!(
            r#"{{"iss":"https://idp.example","sub":null,"aud":["https://as.example","https://evil.example"],"client_id":"client-1","iat":{NOW},"exp":{},"resource":"https://api.example","scope":"todos.read","nbf":1e400,"client_id":"evil"}}"#,
            NOW + 60
        )
    );
    assert_eq!(text(&token, 0), format!(r#"{{"alg":"none","typ":7,"alg":"ES256","kid":"{}"}}"#, key.kid()));
}

#[test]
fn what_is_changed_is_signed_rightly_unless_the_signature_is_the_defect() {
    let (token, key) = with(json!({"claims": {"aud": "https://evil.example"}}));
    assert!(verifies(&token, &key, jsonwebtoken::Algorithm::ES256));
}

#[test]
fn defects_of_the_signature() {
    let length = |token: &str| B64URL.decode(token.rsplit('.').next().unwrap()).unwrap().len();
    for (defect, expected_length) in
        [("flipped", 64), ("empty", 0), ("zeros", 64), ("truncated", 63), ("of-unchanged-claims", 64)]
    {
        let (token, key) = with(json!({"signature": defect, "claims": {"sub": "admin"}}));
        assert_eq!(length(&token), expected_length, "{defect}");
        assert!(!verifies(&token, &key, jsonwebtoken::Algorithm::ES256), "{defect}");
        assert_eq!(claims(&token)["sub"], "admin");
    }
    let (zeros, _) = with(json!({"signature": "zeros"}));
    assert_eq!(B64URL.decode(zeros.rsplit('.').next().unwrap()).unwrap(), vec![0; 64]);
}

#[test]
fn a_mac_of_the_public_key_is_one_that_a_confused_verifier_accepts() {
    let (token, key) =
        with(json!({"signature": {"hmac": {"algorithm": "HS256", "secret": "public-key-pem"}}}));
    assert_eq!(header(&token)["alg"], "HS256");
    let mut validation = Validation::new(jsonwebtoken::Algorithm::HS256);
    validation.validate_aud = false;
    validation.validate_exp = false;
    let secret = DecodingKey::from_secret(key.public_key_pem().as_bytes());
    assert!(jsonwebtoken::decode::<Value>(&token, &secret, &validation).is_ok());
}

#[test]
fn alg_none_leaves_nothing_but_the_dot() {
    let (token, _) = with(json!({"header": {"alg": "none"}, "signature": "empty"}));
    assert_eq!(header(&token)["alg"], "none");
    assert!(token.ends_with('.') && token.split('.').count() == 3);
}

#[test]
fn transformations_of_the_compact_form() {
    let segments = |token: &str| token.split('.').count();
    for (defect, expected) in [
        ("without-signature-segment", 2),
        ("without-header-segment", 2),
        ("trailing-dot", 4),
        ("fourth-segment", 4),
        ("six-segments", 6),
        ("empty-payload", 3),
    ] {
        assert_eq!(segments(&with(json!({"compact": [defect]})).0), expected, "{defect}");
    }
    assert!(with(json!({"compact": ["padded-signature"]})).0.ends_with("=="));
    assert!(with(json!({"compact": ["leading-space"]})).0.starts_with(' '));
    assert!(with(json!({"compact": ["newline-in-payload"]})).0.contains('\n'));
    let (cut, _) = with(json!({"compact": ["cut-payload"]}));
    assert!(B64URL.decode(cut.split('.').nth(1).unwrap()).is_err());
    for defect in ["flattened-json", "general-json"] {
        let json: Value = serde_json::from_str(&with(json!({"compact": [defect]})).0).unwrap();
        assert!(json["payload"].is_string(), "{defect}");
    }
    assert_eq!(
        with(json!({"compact": [{"replaced": "not-a-jwt ${target.issuer}"}]})).0,
        "not-a-jwt https://as.example"
    );
}

#[test]
fn trailing_bits_change_the_text_and_not_the_bytes() {
    let (token, key) = with(json!({"compact": ["signature-trailing-bits"]}));
    let signature = token.rsplit('.').next().unwrap();
    // 64 bytes leave four unused bits in the 86th character.
    assert_eq!(signature.len(), 86);
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::URL_SAFE,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
    );
    assert!(B64URL.decode(signature).is_err());
    let bytes = lenient.decode(signature).unwrap();
    let message = &token[..token.rfind('.').unwrap()];
    let repaired = format!("{message}.{}", B64URL.encode(bytes));
    assert!(verifies(&repaired, &key, jsonwebtoken::Algorithm::ES256));
}

#[test]
fn a_payload_that_is_no_object_is_signed_all_the_same() {
    let (token, key) = with(json!({"payload": "[]"}));
    assert_eq!(text(&token, 1), "[]");
    // `decode` wants an object: only the signature is looked at here.
    let (message, signature) = token.rsplit_once('.').unwrap();
    let jwk = serde_json::from_value(key.jwk(None)).unwrap();
    let key = DecodingKey::from_jwk(&jwk).unwrap();
    let verified =
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, jsonwebtoken::Algorithm::ES256);
    assert!(verified.unwrap());
}

#[test]
fn the_kid_follows_the_key_unless_the_header_sets_it() {
    let (token, key) = with(json!({}));
    assert_eq!(header(&token)["kid"], key.kid());
    assert_eq!(header(&with(json!({"header": {"kid": "other"}})).0)["kid"], "other");
    assert!(header(&with(json!({"remove_header": ["kid"]})).0).get("kid").is_none());
}

#[test]
fn a_key_of_another_type_is_an_error_and_no_panic() {
    let id_jag = IdJag::well_formed(&grant(), Algorithm::RS256, NOW, "j");
    assert!(matches!(
        id_jag.assemble(&key(Algorithm::ES256), None),
        Err(AssemblyError::Key(KeyError::WrongType { algorithm: Algorithm::RS256, .. }))
    ));
}

#[test]
fn changes_are_told_in_words() {
    let change: IdJagChange = serde_json::from_value(json!({
        "claims": {"aud": ["a", "b"]}, "remove_claims": ["jti"], "key": "unpublished", "signature": "flipped",
    }))
    .unwrap();
    assert_eq!(
        change.describe(),
        [
            "claim `aud` is `[\"a\",\"b\"]`",
            "no claim `jti`",
            "signed with a key that no JWKS holds",
            "one bit of the signature flipped",
        ]
    );
}

#[test]
fn changed_members_are_named_with_what_follows_from_a_change() {
    use crate::report::{ChangedMember, ChangedPart::*};
    let change: IdJagChange = serde_json::from_value(json!({
        "claims": {"aud": 1}, "remove_claims": ["jti"], "raw_claims": {"exp": "1e400"},
        "duplicate_header": [{"name": "typ", "value": "JWT", "place": "last"}],
        "key": "unpublished", "signature": {"hmac": {"algorithm": "HS256", "secret": "empty"}},
        "compact": ["trailing-dot"], "payload": "[]",
    }))
    .unwrap();
    let mut members = change.changed_members();
    members.sort();
    assert_eq!(
        members,
        [
            ChangedMember::set(Claim, "aud"),
            ChangedMember::set(Claim, "exp"),
            ChangedMember::removed(Claim, "jti"),
            ChangedMember::set(Header, "alg"),
            ChangedMember::set(Header, "kid"),
            ChangedMember::set(Header, "typ"),
            ChangedMember::set(Token, "payload"),
            ChangedMember::set(Token, "serialisation"),
            ChangedMember::set(Token, "signature"),
        ]
    );
    assert!(IdJagChange::default().changed_members().is_empty());
}

#[test]
fn names_are_escaped_and_mean_the_same() {
    let (token, _) = with(json!({
        "escaped_claims": ["aud"],
        "duplicate_claims": [{"name": "sub", "value": "b", "place": "last", "escaped": true}],
    }));
    let payload = text(&token, 1);
    assert!(payload.contains(r#""\u0061ud":"https://as.example""#), "{payload}");
    assert!(payload.contains(r#""sub":"user-123""#) && payload.ends_with(r#","\u0073ub":"b"}"#), "{payload}");
    assert_eq!(claims(&token)["aud"], "https://as.example");
}

#[test]
fn ecdsa_signatures_that_are_none_and_that_are_another() {
    let bytes = |token: &str| B64URL.decode(token.rsplit('.').next().unwrap()).unwrap();
    let zero_and_one = bytes(&with(json!({"signature": "zero-and-one"})).0);
    assert_eq!((zero_and_one.len(), zero_and_one[63], zero_and_one[..63].to_vec()), (64, 1, vec![0; 63]));
    let order = bytes(&with(json!({"signature": "group-order"})).0);
    assert_eq!((&order[..32], &order[..4], order[63]), (&order[32..], &[0xff; 4][..], 0x51));
    let (der, _) = with(json!({"signature": "der"}));
    assert_eq!(bytes(&der)[0], 0x30);

    let (token, key) = with(json!({"compact": ["negated-s"]}));
    assert!(verifies(&token, &key, jsonwebtoken::Algorithm::ES256), "the second form is as valid");
    let original = transform(token.clone(), &CompactDefect::NegatedS).unwrap();
    assert_ne!(original, token);
    assert!(verifies(&original, &key, jsonwebtoken::Algorithm::ES256));

    for change in [
        json!({"signature": "zero-and-one"}),
        json!({"signature": "group-order"}),
        json!({"signature": "der"}),
        json!({"compact": ["negated-s"]}),
    ] {
        let (token, _) = attempt(Algorithm::RS256, change.clone(), &variables());
        assert_eq!(token, Err(AssemblyError::NotEcdsa), "{change}");
    }
}

#[test]
fn the_other_alphabet_has_the_same_bytes() {
    let (token, _) = attempt(Algorithm::RS256, json!({"compact": ["standard-alphabet"]}), &variables());
    let token = token.unwrap();
    let signature = token.rsplit('.').next().unwrap();
    assert!(signature.contains(['+', '/']) && !signature.contains(['-', '_']), "{signature}");
    let same = transform("e30.e30.AAAA".into(), &CompactDefect::StandardAlphabet);
    assert_eq!(same, Err(AssemblyError::SameAlphabet));
}

#[test]
fn a_certificate_in_the_header_is_that_of_the_key_that_signs() {
    let (token, key) = with(json!({"self_signed_certificate": true}));
    assert!(verifies(&token, &key, jsonwebtoken::Algorithm::ES256));
    let der = B64.decode(header(&token)["x5c"][0].as_str().unwrap()).unwrap();
    let spki = key.public_key_der();
    assert!(der.windows(spki.len()).any(|window| window == spki));
}

#[test]
fn a_mac_of_the_published_symmetric_key_names_it() {
    let hmac = json!({"hmac": {"algorithm": "HS256", "secret": "published-symmetric-key"}});
    let (token, _) = with(json!({"signature": hmac}));
    assert_eq!(header(&token)["kid"], SYMMETRIC_KEY.kid);
    let mut validation = Validation::new(jsonwebtoken::Algorithm::HS256);
    (validation.validate_aud, validation.validate_exp) = (false, false);
    let secret = B64URL.decode(SYMMETRIC_KEY.jwk()["k"].as_str().unwrap()).unwrap();
    assert!(jsonwebtoken::decode::<Value>(&token, &DecodingKey::from_secret(&secret), &validation).is_ok());
}
