//! The correct server refuses: a table of bad ID-JAGs and requests, each with its code.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jagspec::{keys::Algorithm, playground::Playground};
use serde_json::{Value, json};

use crate::support::{Ask, Bench, KEYS, NOW, by_key, good, id_jag};

/// One bad ID-JAG or request.
type Case = (&'static str, fn(&Bench) -> Ask, &'static str);

const BAD: &[Case] = &[
    ("typ JWT", |b| id_jag(b, |m| m.header("typ", "JWT")), "400 invalid_grant"),
    ("typ absent", |b| id_jag(b, |m| m.without_header("typ")), "400 invalid_grant"),
    ("typ at+jwt", |b| id_jag(b, |m| m.header("typ", "at+jwt")), "400 invalid_grant"),
    ("typ a number", |b| id_jag(b, |m| m.header("typ", 1)), "400 invalid_grant"),
    (
        "aud of another server",
        |b| id_jag(b, |m| m.claim("aud", "https://other.example")),
        "400 invalid_grant",
    ),
    (
        "aud the token endpoint",
        |b| id_jag(b, |m| m.claim("aud", b.server.token_endpoint())),
        "400 invalid_grant",
    ),
    (
        "aud with a slash",
        |b| id_jag(b, |m| m.claim("aud", format!("{}/", b.server.issuer()))),
        "400 invalid_grant",
    ),
    (
        "aud twice itself",
        |b| id_jag(b, |m| m.claim("aud", json!([b.server.issuer(), b.server.issuer()]))),
        "400 invalid_grant",
    ),
    ("aud nested", |b| id_jag(b, |m| m.claim("aud", json!([[b.server.issuer()]]))), "400 invalid_grant"),
    ("aud absent", |b| id_jag(b, |m| m.without("aud")), "400 invalid_grant"),
    ("aud null", |b| id_jag(b, |m| m.claim("aud", Value::Null)), "400 invalid_grant"),
    (
        "iss untrusted",
        |b| {
            id_jag(b, |m| {
                m.claim("iss", format!("{}/untrusted", b.idp.issuer))
                    .signed_by(&KEYS.untrusted, Algorithm::ES256)
            })
        },
        "400 invalid_grant",
    ),
    ("iss an array", |b| id_jag(b, |m| m.claim("iss", json!([b.idp.issuer]))), "400 invalid_grant"),
    (
        "iss of one, key of the other",
        |b| id_jag(b, |m| m.signed_by(&KEYS.other, Algorithm::ES256)),
        "400 invalid_grant",
    ),
    (
        "client_id of another client",
        |b| id_jag(b, |m| m.claim("client_id", Playground::OTHER_CLIENT.id)),
        "400 invalid_grant",
    ),
    ("client_id absent", |b| id_jag(b, |m| m.without("client_id")), "400 invalid_grant"),
    (
        "client_id in an array",
        |b| id_jag(b, |m| m.claim("client_id", json!([Playground::CLIENT.id]))),
        "400 invalid_grant",
    ),
    ("presented by another client", |b| good(b).other_client(), "400 invalid_grant"),
    ("exp past", |b| id_jag(b, |m| m.claim("exp", NOW - 31)), "400 invalid_grant"),
    ("exp absent", |b| id_jag(b, |m| m.without("exp")), "400 invalid_grant"),
    ("exp a string", |b| id_jag(b, |m| m.claim("exp", format!("{}", NOW + 300))), "400 invalid_grant"),
    ("exp in a day", |b| id_jag(b, |m| m.claim("exp", NOW + 86_400)), "400 invalid_grant"),
    ("exp huge", |b| id_jag(b, |m| m.claim("exp", 1e30)), "400 invalid_grant"),
    ("iat absent", |b| id_jag(b, |m| m.without("iat")), "400 invalid_grant"),
    ("iat in the future", |b| id_jag(b, |m| m.claim("iat", NOW + 31)), "400 invalid_grant"),
    ("nbf in the future", |b| id_jag(b, |m| m.claim("nbf", NOW + 31)), "400 invalid_grant"),
    ("nbf a string", |b| id_jag(b, |m| m.claim("nbf", "now")), "400 invalid_grant"),
    ("sub absent", |b| id_jag(b, |m| m.without("sub")), "400 invalid_grant"),
    ("sub empty", |b| id_jag(b, |m| m.claim("sub", "")), "400 invalid_grant"),
    ("sub a number", |b| id_jag(b, |m| m.claim("sub", 1)), "400 invalid_grant"),
    ("jti absent", |b| id_jag(b, |m| m.without("jti")), "400 invalid_grant"),
    ("jti an array", |b| id_jag(b, |m| m.claim("jti", json!([]))), "400 invalid_grant"),
    ("cnf without a proof", |b| id_jag(b, |m| m.claim("cnf", json!({ "jkt": "x" }))), "400 invalid_grant"),
    (
        "authorization_details",
        |b| id_jag(b, |m| m.claim("authorization_details", json!([{ "type": "x" }]))),
        "400 invalid_authorization_details",
    ),
    ("scope an array", |b| id_jag(b, |m| m.claim("scope", json!(["todos.read"]))), "400 invalid_grant"),
    ("scope unknown", |b| id_jag(b, |m| m.claim("scope", "admin")), "400 invalid_scope"),
    ("scope in another case", |b| id_jag(b, |m| m.claim("scope", "Todos.Read")), "400 invalid_scope"),
    ("form scope outside of the claim", |b| good(b).set("scope", "todos.write"), "400 invalid_scope"),
    (
        "resource foreign",
        |b| id_jag(b, |m| m.claim("resource", "https://foreign.example")),
        "400 invalid_grant",
    ),
    (
        "resource with a slash",
        |b| id_jag(b, |m| m.claim("resource", format!("{}/", Playground::RESOURCES[0]))),
        "400 invalid_grant",
    ),
    (
        "resource twice the same",
        |b| id_jag(b, |m| m.claim("resource", json!([Playground::RESOURCES[0], Playground::RESOURCES[0]]))),
        "400 invalid_grant",
    ),
    ("resource empty array", |b| id_jag(b, |m| m.claim("resource", json!([]))), "400 invalid_grant"),
    (
        "form resource outside of the claim",
        |b| good(b).set("resource", Playground::RESOURCES[1]),
        "400 invalid_target",
    ),
    ("form resource foreign", |b| good(b).set("resource", "https://foreign.example"), "400 invalid_target"),
    (
        "alg none",
        |b| b.ask(&format!("{}.", b.mint().header("alg", "none").signed_part())),
        "400 invalid_grant",
    ),
    (
        "MAC with the public key",
        |b| b.ask(&b.mint().mac(KEYS.rsa.public_key_pem().as_bytes())),
        "400 invalid_grant",
    ),
    (
        "unpublished key",
        |b| id_jag(b, |m| m.signed_by(&KEYS.unpublished, Algorithm::ES256)),
        "400 invalid_grant",
    ),
    (
        "unpublished key, published kid",
        |b| id_jag(b, |m| m.signed_by(&KEYS.unpublished, Algorithm::ES256).header("kid", KEYS.p256.kid())),
        "400 invalid_grant",
    ),
    (
        "key for encryption",
        |b| id_jag(b, |m| m.signed_by(&KEYS.encryption, Algorithm::ES256)),
        "400 invalid_grant",
    ),
    ("RS512", |b| id_jag(b, |m| m.signed_by(&KEYS.rsa, Algorithm::RS512)), "400 invalid_grant"),
    ("alg of another key type", |b| id_jag(b, |m| m.header("alg", "ES256")), "400 invalid_grant"),
    ("kid a number", |b| id_jag(b, |m| m.header("kid", 1)), "400 invalid_grant"),
    ("crit", |b| id_jag(b, |m| m.header("crit", json!(["exp"]))), "400 invalid_grant"),
    ("signature stripped", |b| b.ask(&format!("{}.", b.mint().signed_part())), "400 invalid_grant"),
    ("no JWT", |b| b.ask("x"), "400 invalid_grant"),
    ("wrong secret by Basic", |b| good(b).basic(Playground::CLIENT.id, "wrong"), "401 invalid_client"),
    ("wrong secret in the body", |b| good(b).post(Playground::CLIENT.id, "wrong"), "401 invalid_client"),
    ("unknown client", |b| good(b).basic("nobody", "wrong"), "401 invalid_client"),
    ("no client", |b| good(b).no_client(), "401 invalid_client"),
    (
        "confidential client without secret",
        |b| good(b).no_client().set("client_id", Playground::CLIENT.id),
        "401 invalid_client",
    ),
    (
        "public client",
        |b| {
            id_jag(b, |m| m.claim("client_id", Playground::PUBLIC_CLIENT_ID))
                .no_client()
                .set("client_id", Playground::PUBLIC_CLIENT_ID)
        },
        "401 invalid_client",
    ),
    ("Bearer instead of Basic", |b| good(b).header("authorization", "Bearer x"), "401 invalid_client"),
    (
        "Basic without colon",
        |b| good(b).header("authorization", &format!("Basic {}", STANDARD.encode("x"))),
        "401 invalid_client",
    ),
    ("client assertion for nobody", |b| by_key(b, |m| m.without("aud")), "401 invalid_client"),
    (
        "client assertion in an array",
        |b| by_key(b, |m| m.claim("aud", json!([b.server.issuer()]))),
        "401 invalid_client",
    ),
    ("client assertion expired", |b| by_key(b, |m| m.claim("exp", NOW - 31)), "401 invalid_client"),
    ("client assertion without exp", |b| by_key(b, |m| m.without("exp")), "401 invalid_client"),
    (
        "client assertion of nobody",
        |b| by_key(b, |m| m.claim("iss", "x").claim("sub", "x")),
        "401 invalid_client",
    ),
    (
        "client assertion by the IdP",
        |b| by_key(b, |m| m.signed_by(&KEYS.rsa, Algorithm::RS256)),
        "401 invalid_client",
    ),
    (
        "client assertion with a MAC",
        |b| good(b).by_assertion(&b.client_assertion().mac(KEYS.client.public_key_pem().as_bytes())),
        "401 invalid_client",
    ),
    (
        "client assertion that says it is an ID-JAG",
        |b| by_key(b, |m| m.header("typ", "oauth-id-jag+jwt")),
        "401 invalid_client",
    ),
    (
        "client assertion against client_id",
        |b| by_key(b, |m| m).set("client_id", Playground::OTHER_CLIENT.id),
        "401 invalid_client",
    ),
    (
        "client assertion beside Basic",
        |b| by_key(b, |m| m).basic(Playground::CLIENT.id, Playground::CLIENT.secret.unwrap()),
        "400 invalid_request",
    ),
    ("client assertion twice", |b| by_key(b, |m| m).add("client_assertion", "x"), "400 invalid_request"),
    ("client assertion as ID-JAG", |b| b.ask(&b.client_assertion().sign()), "400 invalid_grant"),
    (
        "client without the grant",
        |b| {
            let client = Playground::UNAUTHORIZED_CLIENT;
            id_jag(b, |m| m.claim("client_id", client.id)).basic(client.id, client.secret.unwrap())
        },
        "400 unauthorized_client",
    ),
    (
        "client assertion",
        |b| good(b).no_client().set("client_assertion", "x").set("client_assertion_type", "y"),
        "401 invalid_client",
    ),
    (
        "bad ID-JAG and wrong secret",
        |b| b.ask("x").basic(Playground::CLIENT.id, "wrong"),
        "401 invalid_client",
    ),
    (
        "two methods",
        |b| good(b).set("client_id", Playground::CLIENT.id).set("client_secret", "x"),
        "400 invalid_request",
    ),
    (
        "client_id against Basic",
        |b| good(b).set("client_id", Playground::OTHER_CLIENT.id),
        "400 invalid_request",
    ),
    ("grant_type absent", |b| good(b).without("grant_type"), "400 invalid_request"),
    ("grant_type unknown", |b| good(b).set("grant_type", "urn:x"), "400 unsupported_grant_type"),
    ("assertion absent", |b| good(b).without("assertion"), "400 invalid_request"),
    ("assertion empty", |b| good(b).set("assertion", ""), "400 invalid_request"),
    ("assertion twice", |b| good(b).add("assertion", "x"), "400 invalid_request"),
    ("everything in the query", |b| good(b).in_query(), "400 invalid_request"),
    ("JSON body", |b| good(b).json_body(), "400 invalid_request"),
    ("text/plain", |b| good(b).header("content-type", "text/plain"), "400 invalid_request"),
    (
        "another charset",
        |b| good(b).header("content-type", "application/x-www-form-urlencoded;charset=utf-16"),
        "400 invalid_request",
    ),
    ("form not URL-encoded", |b| good(b).body("assertion=%zz"), "400 invalid_request"),
    ("GET", |b| good(b).method("GET").in_query(), "405 invalid_request"),
    ("PUT", |b| good(b).method("PUT"), "405 invalid_request"),
    ("body of 70 KiB", |b| good(b).set("x", &"x".repeat(70_000)), "413 invalid_request"),
    ("body of 2 MiB", |b| good(b).set("x", &"x".repeat(2 << 20)), "413 invalid_request"),
];

#[tokio::test]
async fn refuses_every_bad_request_with_the_right_code_and_hides_the_cause() {
    let bench = Bench::correct().await;
    let mut descriptions = std::collections::BTreeSet::new();
    for (name, request, expected) in BAD {
        let answer = request(&bench).send().await;
        assert_eq!(answer.short(), *expected, "{name}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/json", "{name}");
        assert_eq!(answer.header("cache-control"), "no-store", "{name}");
        assert_eq!(answer.header("pragma"), "no-cache", "{name}");
        match answer.status {
            401 => assert!(answer.header("www-authenticate").starts_with("Basic realm=\""), "{name}"),
            405 => assert_eq!(answer.header("allow"), "POST", "{name}"),
            _ => {}
        }
        let description = answer.json["error_description"].as_str().unwrap().to_owned();
        // RFC 6749 section 5.2.
        assert!(description.bytes().all(|byte| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
        if *expected == "400 invalid_grant" {
            descriptions.insert(description);
        }
    }
    assert_eq!(descriptions.len(), 1, "one description for every bad assertion: {descriptions:?}");
    assert_eq!(good(&bench).send().await.short(), "token", "the server is in order afterwards");
    assert_eq!(bench.idp.hits("/untrusted/jwks"), 0, "nothing is fetched from an untrusted issuer");
}
