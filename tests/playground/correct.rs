//! The correct server: what it accepts, what it remembers, and what it serves.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jagspec::{
    keys::{Algorithm, SigningKey, generate_pem},
    playground::{
        AbsentScope, JWKS_COOL_DOWN, JWKS_LIFETIME, NoCommonScope, Playground, PlaygroundConfig, Policies,
        PublicClients, Replay, ResourceClaim,
    },
};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};

use crate::support::{Ask, Bench, KEYS, Mint, NOW, by_key, good, id_jag};

#[tokio::test]
async fn accepts_every_good_request() {
    let bench = Bench::correct().await;
    let other = Playground::OTHER_CLIENT;
    let cases: Vec<(&str, Ask)> = vec![
        ("Basic", good(&bench)),
        ("post", good(&bench).post(Playground::CLIENT.id, Playground::CLIENT.secret.unwrap())),
        ("client assertion", by_key(&bench, |m| m)),
        ("client assertion with client_id", by_key(&bench, |m| m).set("client_id", Playground::CLIENT.id)),
        ("client assertion without typ", by_key(&bench, |m| m.without_header("typ"))),
        ("client assertion with typ JWT", by_key(&bench, |m| m.header("typ", "jwt"))),
        ("client assertion without iat", by_key(&bench, |m| m.without("iat"))),
        ("client assertion by PS256", by_key(&bench, |m| m.signed_by(&KEYS.client, Algorithm::PS256))),
        ("Basic with client_id", good(&bench).set("client_id", Playground::CLIENT.id)),
        ("other client", id_jag(&bench, |m| m.claim("client_id", other.id)).other_client()),
        (
            "other client by post",
            id_jag(&bench, |m| m.claim("client_id", other.id)).post(other.id, other.secret.unwrap()),
        ),
        (
            "scheme in lower case",
            good(&bench).header(
                "authorization",
                &format!("basic {}", STANDARD.encode("todo-app-at-todos:todo-app-secret")),
            ),
        ),
        ("charset", good(&bench).header("content-type", "application/x-www-form-urlencoded; charset=UTF-8")),
        ("unknown parameter", good(&bench).set("foo", "bar")),
        ("empty scope parameter", good(&bench).set("scope", "")),
        (
            "secret in the query",
            good(&bench).to(&format!("{}?client_secret=x", bench.server.token_endpoint())),
        ),
        ("RS256", id_jag(&bench, |m| m.signed_by(&KEYS.rsa, Algorithm::RS256))),
        ("PS256", id_jag(&bench, |m| m.signed_by(&KEYS.rsa, Algorithm::PS256))),
        ("ES256", id_jag(&bench, |m| m.signed_by(&KEYS.p256, Algorithm::ES256))),
        ("ES384", id_jag(&bench, |m| m.signed_by(&KEYS.p384, Algorithm::ES384))),
        ("EdDSA", id_jag(&bench, |m| m.signed_by(&KEYS.ed25519, Algorithm::EdDSA))),
        ("Ed25519", id_jag(&bench, |m| m.signed_by(&KEYS.ed25519, Algorithm::Ed25519))),
        (
            "no kid, one key fits",
            id_jag(&bench, |m| m.signed_by(&KEYS.p384, Algorithm::ES384).without_header("kid")),
        ),
        ("aud array of one", id_jag(&bench, |m| m.claim("aud", json!([bench.server.issuer()])))),
        ("typ with application/", id_jag(&bench, |m| m.header("typ", "application/OAuth-ID-JAG+jwt"))),
        ("further header members", id_jag(&bench, |m| m.header("jku", "http://127.0.0.1:9").header("x", 1))),
        (
            "further claims",
            id_jag(&bench, |m| m.claim("email", "a@b.example").claim("x", json!({ "y": [1] }))),
        ),
        ("fractions", id_jag(&bench, |m| m.claim("exp", 1_800_000_300.5).claim("iat", 1_799_999_999.5))),
        ("just expired, within the leeway", id_jag(&bench, |m| m.claim("exp", NOW - 29))),
        ("iat a little ahead", id_jag(&bench, |m| m.claim("iat", NOW + 30).claim("nbf", NOW + 30))),
        (
            "authorization details of the known type",
            id_jag(&bench, |m| {
                m.claim("authorization_details", json!([{ "type": "todo-lists", "actions": ["read"] }]))
            }),
        ),
        ("no resource", id_jag(&bench, |m| m.without("resource"))),
        (
            "second issuer",
            id_jag(&bench, |m| {
                m.claim("iss", format!("{}/other", bench.idp.issuer)).signed_by(&KEYS.other, Algorithm::ES256)
            }),
        ),
    ];
    for (name, request) in cases {
        let answer = request.send().await;
        assert_eq!(answer.short(), "token", "{name}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_token_response_and_the_access_token() {
    let bench = Bench::correct().await;
    let answer = good(&bench).send().await;
    assert_eq!(answer.member("token_type"), "\"Bearer\"");
    assert_eq!(answer.member("expires_in"), "7200");
    assert_eq!(answer.member("scope"), "\"todos.read\"");
    assert_eq!(answer.member("resource"), "\"https://todos.example/api\"");
    assert_eq!(answer.member("refresh_token"), "-");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("date"), "Fri, 15 Jan 2027 08:00:00 GMT");

    let jwks = bench.get(&format!("{}/jwks", bench.server.issuer())).await;
    assert_eq!(jwks.json["keys"][0].get("d"), None);
    let jwk = serde_json::from_value(jwks.json["keys"][0].clone()).unwrap();
    let mut validation = Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.validate_exp = false; // the clock of the test is not the system's
    validation.set_audience(&[Playground::RESOURCES[0]]);
    validation.set_issuer(&[bench.server.issuer()]);
    let token = answer.json["access_token"].as_str().unwrap();
    let key = DecodingKey::from_jwk(&jwk).unwrap();
    let decoded = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap();
    assert_eq!(decoded.header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(decoded.claims["sub"], "user-123");
    assert_eq!(decoded.claims["client_id"], Playground::CLIENT.id);
    assert_eq!(decoded.claims["scope"], "todos.read");
    assert_eq!(decoded.claims["iat"], NOW);
    assert_eq!(decoded.claims["exp"], NOW + 7200);
}

#[tokio::test]
async fn scope_and_resource_are_narrowed_and_stated() {
    let bench = Bench::correct().await;
    let both = json!(Playground::RESOURCES);
    let wide = |m: Mint| m.claim("scope", "todos.read todos.write admin").claim("resource", both.clone());

    let answer = id_jag(&bench, wide).send().await;
    assert_eq!(answer.member("scope"), "\"todos.read todos.write\"");
    assert_eq!(answer.json["resource"], both);
    assert_eq!(answer.token_part(1)["aud"], both);

    let narrowed = id_jag(&bench, wide).set("scope", "todos.write").set("resource", Playground::RESOURCES[1]);
    let answer = narrowed.send().await;
    assert_eq!(answer.member("scope"), "\"todos.write\"");
    assert_eq!(answer.member("resource"), "\"https://notes.example/api\"");

    let answer = id_jag(&bench, |m| m.without("scope").without("resource")).send().await;
    assert_eq!(answer.member("scope"), "\"todos.read\"");
    assert_eq!(answer.member("resource"), "-");
    assert_eq!(answer.token_part(1)["aud"], both);

    let answer = id_jag(&bench, |m| m.claim("resource", "HTTPS://Todos.Example/x/../api")).send().await;
    assert_eq!(answer.member("resource"), "\"https://todos.example/api\"");
}

#[tokio::test]
async fn subjects_of_different_issuers_and_tenants_are_different() {
    let bench = Bench::correct().await;
    let other = format!("{}/other", bench.idp.issuer);
    let mut subjects = std::collections::BTreeSet::new();
    let mints = [
        bench.mint(),
        bench.mint().claim("tenant", "a"),
        bench.mint().claim("tenant", "b"),
        bench.mint().claim("iss", other.clone()).signed_by(&KEYS.other, Algorithm::ES256),
        bench.mint().claim("sub", format!("{other}||user-123")),
    ];
    for mint in &mints {
        subjects.insert(bench.ask(&mint.sign()).send().await.claim("sub"));
    }
    assert_eq!(subjects.len(), mints.len(), "{subjects:?}");
}

#[tokio::test]
async fn an_id_jag_is_used_once_even_in_a_race_and_a_refused_request_does_not_use_it() {
    let bench = Bench::correct().await;
    let mint = bench.mint();
    let assertion = mint.sign();
    assert_eq!(bench.ask(&assertion).other_client().send().await.short(), "400 invalid_grant");
    let requests: Vec<_> = (0..8).map(|_| tokio::spawn(bench.ask(&assertion).send())).collect();
    let mut tokens = 0;
    for request in requests {
        tokens += usize::from(request.await.unwrap().short() == "token");
    }
    assert_eq!(tokens, 1);
    // The record outlives the leeway, whatever the text of the assertion is.
    bench.clock.advance(329);
    let other_text = mint.clone().header("x", 1).sign();
    assert_eq!(bench.ask(&other_text).send().await.short(), "400 invalid_grant");
    // The same jti of another issuer is another one.
    let fresh = bench.mint();
    let same_jti = bench
        .mint()
        .claim("jti", fresh.text("jti"))
        .claim("iss", format!("{}/other", bench.idp.issuer))
        .signed_by(&KEYS.other, Algorithm::ES256);
    assert_eq!(bench.ask(&fresh.sign()).send().await.short(), "token");
    assert_eq!(bench.ask(&same_jti.sign()).send().await.short(), "token");
}

#[tokio::test]
async fn the_idps_keys_are_kept_and_fetched_again_within_bounds() {
    let bench = Bench::correct().await;
    for _ in 0..5 {
        assert_eq!(good(&bench).send().await.short(), "token");
    }
    assert_eq!(bench.idp.hits("/jwks"), 1);
    assert_eq!(bench.idp.hits("/.well-known/openid-configuration"), 1);

    // Rotation: the new key is found at once, and the old one is gone with it.
    static NEW: std::sync::LazyLock<SigningKey> = std::sync::LazyLock::new(|| {
        SigningKey::from_pem(&generate_pem(jagspec::keys::KeyType::P256).unwrap()).unwrap()
    });
    bench.idp.publish("", &[&NEW]);
    let by_new = |m: Mint| m.signed_by(&NEW, Algorithm::ES256);
    assert_eq!(id_jag(&bench, by_new).send().await.short(), "token");
    assert_eq!(good(&bench).send().await.short(), "400 invalid_grant");

    // Unknown kids are cheap for the IdP.
    for n in 0..20 {
        let answer = id_jag(&bench, |m| by_new(m).header("kid", format!("random-{n}"))).send().await;
        assert_eq!(answer.short(), "400 invalid_grant");
    }
    assert_eq!(bench.idp.hits("/jwks"), 2);
    bench.clock.advance(JWKS_COOL_DOWN);
    id_jag(&bench, |m| by_new(m).header("kid", "random")).send().await;
    assert_eq!(bench.idp.hits("/jwks"), 3);

    // A withdrawn key lives as long as the cache.
    bench.idp.publish("", &[&KEYS.p256]);
    assert_eq!(id_jag(&bench, by_new).send().await.short(), "token");
    bench.clock.advance(JWKS_LIFETIME);
    assert_eq!(id_jag(&bench, by_new).send().await.short(), "400 invalid_grant");

    // Without a JWKS nothing is accepted, and it heals by itself.
    bench.idp.withdraw("/jwks");
    bench.clock.advance(JWKS_LIFETIME);
    let by_p256 = |m: Mint| m.signed_by(&KEYS.p256, Algorithm::ES256);
    assert_eq!(id_jag(&bench, by_p256).send().await.short(), "400 invalid_grant");
    bench.idp.publish("", &[&KEYS.p256]);
    assert_eq!(id_jag(&bench, by_p256).send().await.short(), "token");
}

#[tokio::test]
async fn policies() {
    let reusable = Policies { replay: Replay::Reusable, ..Policies::default() };
    let bench = Bench::with(&[], "", reusable).await;
    let assertion = bench.mint().sign();
    for _ in 0..2 {
        assert_eq!(bench.ask(&assertion).send().await.short(), "token");
    }
    let policies = Policies {
        no_common_scope: NoCommonScope::GrantNone,
        absent_scope: AbsentScope::Refuse,
        resource: ResourceClaim::Required,
        public_clients: PublicClients::Allow,
        ..Policies::default()
    };
    let bench = Bench::with(&[], "", policies).await;
    let none = id_jag(&bench, |m| m.claim("scope", "admin")).send().await;
    assert_eq!(
        (none.short().as_str(), none.member("scope"), none.claim("scope")),
        ("token", "\"\"".to_owned(), "-".to_owned())
    );
    assert_eq!(id_jag(&bench, |m| m.without("scope")).send().await.short(), "400 invalid_scope");
    assert_eq!(id_jag(&bench, |m| m.without("resource")).send().await.short(), "400 invalid_grant");
    let public = id_jag(&bench, |m| m.claim("client_id", Playground::PUBLIC_CLIENT_ID));
    let public = public.no_client().set("client_id", Playground::PUBLIC_CLIENT_ID);
    assert_eq!(public.send().await.short(), "token");
    let invalid_grant = Policies { no_common_scope: NoCommonScope::InvalidGrant, ..Policies::default() };
    let bench = Bench::with(&[], "", invalid_grant).await;
    assert_eq!(id_jag(&bench, |m| m.claim("scope", "admin")).send().await.short(), "400 invalid_grant");
}

#[tokio::test]
async fn metadata_is_inserted_and_appended_and_open_to_browsers() {
    for path in ["", "/tenant1"] {
        let bench = Bench::with(&[], path, Policies::default()).await;
        let issuer = bench.server.issuer();
        let addresses = [
            bench.well_known("oauth-authorization-server"),
            bench.well_known("openid-configuration"),
            format!("{issuer}/.well-known/openid-configuration"),
        ];
        for address in addresses {
            let answer = bench.get(&address).await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, "application/json"),
                "{address}"
            );
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            assert_eq!(answer.json["issuer"], issuer);
            assert_eq!(answer.json["token_endpoint"], format!("{issuer}/token"));
            assert_eq!(answer.json["jwks_uri"], format!("{issuer}/jwks"));
            assert_eq!(
                answer.json["authorization_grant_profiles_supported"],
                json!(["urn:ietf:params:oauth:grant-profile:id-jag"])
            );
        }
        assert_eq!(good(&bench).send().await.short(), "token");
        assert_eq!(bench.get(&format!("{issuer}/nothing")).await.status, 404);
    }
}

#[tokio::test]
async fn it_stops() {
    let bench = Bench::correct().await;
    assert_eq!(bench.metadata().await.status, 200);
    let address = bench.server.issuer().trim_start_matches("http://").to_owned();
    bench.server.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_address_that_is_taken_and_a_path_that_is_none_are_said() {
    let bench = Bench::correct().await;
    let taken = bench.server.issuer().trim_start_matches("http://").parse().unwrap();
    let config = PlaygroundConfig { listen: taken, ..PlaygroundConfig::new([]) };
    let error = Playground::start(config).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("the playground cannot listen on {taken}: ")), "{error}");
    let config = PlaygroundConfig { issuer_path: "tenant1".to_owned(), ..PlaygroundConfig::new([]) };
    let error = Playground::start(config).await.unwrap_err().to_string();
    assert!(error.starts_with("`tenant1` is no path for an issuer"), "{error}");
}
