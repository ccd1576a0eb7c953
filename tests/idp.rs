//! The IdP over real HTTP and TLS. Its files are in `idp_files.rs`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64URL};
use jagspec::{
    clock::Clock,
    idjag::KeyChoice,
    idp::{
        AccessKind, CertificateRequest, Idp, IdpConfig, IdpError, IssuerRole, Keyring, TlsFiles, key_store,
    },
    keys::Algorithm,
    suite::IdpAction,
};
use jsonwebtoken::{DecodingKey, Validation, jwk::JwkSet};
use reqwest::{Certificate, Client, StatusCode, header};
use serde_json::{Value, json};

mod folder;
use folder::Folder;

fn config(issuer: Option<&str>) -> IdpConfig {
    IdpConfig {
        listen: "127.0.0.1:0".into(),
        issuer: issuer.map(str::to_owned),
        keyring: key_store::fixed(),
        tls: None,
        clock: Clock::at(1_750_000_000),
    }
}

async fn start(issuer: Option<&str>) -> Idp {
    Idp::start(config(issuer)).await.unwrap()
}

/// A client that trusts no certificate: reading those of the system takes it longer than a test.
fn client() -> Client {
    Client::builder().no_proxy().user_agent("target/1.0").tls_certs_only([]).build().unwrap()
}

/// The JSON at a path of the address where the IdP listens.
async fn get(idp: &Idp, path: &str) -> (StatusCode, Value) {
    let response = client().get(format!("http://{}{path}", idp.listening_on())).send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    (response.status(), response.json().await.unwrap())
}

async fn jwks(idp: &Idp) -> Value {
    get(idp, "/jwks").await.1
}

/// Signs a token with a key of the keyring and verifies it with the key of the same `kid` in the JWKS.
fn verifies(keyring: &Keyring, choice: KeyChoice, algorithm: Algorithm, jwks: &Value) -> bool {
    let key = keyring.signing_key(choice, algorithm).unwrap();
    // jsonwebtoken knows Ed25519 by its older name only.
    let name = if algorithm == Algorithm::Ed25519 { "EdDSA" } else { algorithm.name() };
    let header = json!({ "alg": name, "kid": key.kid() });
    let encode = |value: &Value| B64URL.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&json!({ "sub": "user-123" })));
    let signature = key.sign(algorithm, signed.as_bytes()).unwrap();
    let token = format!("{signed}.{}", B64URL.encode(signature));

    let set: JwkSet = serde_json::from_value(jwks.clone()).unwrap();
    let Some(jwk) = set.find(key.kid()) else { return false };
    let mut validation = Validation::new(name.parse().unwrap());
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(jwk).unwrap();
    jsonwebtoken::decode::<Value>(&token, &key, &validation).is_ok()
}

#[tokio::test]
async fn metadata_is_at_every_well_known_address() {
    let documents = ["openid-configuration", "oauth-authorization-server"];
    for (issuer, path) in [
        (None, ""),
        (Some("https://idp.example"), ""),
        (Some("https://idp.example/"), ""),
        (Some("https://tunnel.example/idp"), "/idp"),
        (Some("https://tunnel.example/idp/"), "/idp"),
        (Some("https://tunnel.example/a/b"), "/a/b"),
    ] {
        let idp = start(issuer).await;
        let base = match issuer {
            Some(issuer) => issuer.trim_end_matches('/').to_owned(),
            None => format!("http://{}", idp.listening_on()),
        };
        for (role, suffix) in
            [(IssuerRole::Main, ""), (IssuerRole::Untrusted, "/untrusted"), (IssuerRole::Other, "/other")]
        {
            let expected = match (role, issuer) {
                (IssuerRole::Main, Some(issuer)) => issuer.to_owned(),
                _ => format!("{base}{suffix}"),
            };
            for document in documents {
                let inserted = format!("/.well-known/{document}{path}{suffix}");
                let appended = format!("{path}{suffix}/.well-known/{document}");
                // As a reverse proxy asks that strips the path.
                let stripped = format!("{suffix}/.well-known/{document}");
                for address in [inserted, appended, stripped] {
                    let (status, metadata) = get(&idp, &address).await;
                    assert_eq!(status, StatusCode::OK, "{issuer:?} {address}");
                    assert_eq!(metadata["issuer"], expected, "{issuer:?} {address}");
                    assert_eq!(metadata["jwks_uri"], format!("{base}{suffix}/jwks"));
                }
            }
            for address in [format!("{path}{suffix}/jwks"), format!("{suffix}/jwks")] {
                assert_eq!(
                    get(&idp, &address).await,
                    (StatusCode::OK, idp.keyring().jwks(role)),
                    "{address}"
                );
            }
        }
        assert_eq!(idp.jwks_uri(), format!("{base}/jwks"));
        idp.stop().await;
    }
}

#[tokio::test]
async fn the_metadata_says_what_the_idp_is() {
    let idp = start(Some("https://idp.example")).await;
    let (_, metadata) = get(&idp, "/.well-known/openid-configuration").await;
    assert_eq!(
        metadata,
        json!({
            "issuer": "https://idp.example",
            "authorization_endpoint": "https://idp.example/authorize",
            "token_endpoint": "https://idp.example/token",
            "jwks_uri": "https://idp.example/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:token-exchange"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"],
            "identity_chaining_requested_token_types_supported": ["urn:ietf:params:oauth:token-type:id-jag"],
        })
    );
    let (status, client_jwks) = get(&idp, "/client-jwks").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(client_jwks["keys"].as_array().map(Vec::len), Some(1));
    for algorithm in [Algorithm::RS256, Algorithm::PS256] {
        assert!(verifies(idp.keyring(), KeyChoice::Client, algorithm, &client_jwks));
    }
    // No key of the IdP is among them, and none of the client's among its own.
    assert!(!verifies(idp.keyring(), KeyChoice::Client, Algorithm::RS256, &jwks(&idp).await));
    assert_eq!(key_store::fresh().client_jwks(), json!({ "keys": [] }));
}

#[tokio::test]
async fn the_keys_that_are_served_verify_what_is_signed() {
    let idp = start(None).await;
    for (choice, path) in [
        (KeyChoice::Published, "/jwks"),
        (KeyChoice::UntrustedIssuer, "/untrusted/jwks"),
        (KeyChoice::OtherIssuer, "/other/jwks"),
    ] {
        let (_, jwks) = get(&idp, path).await;
        for algorithm in Algorithm::OFFERED {
            assert!(verifies(idp.keyring(), choice, algorithm, &jwks), "{choice:?} {algorithm}");
            assert!(!verifies(idp.keyring(), KeyChoice::Unpublished, algorithm, &jwks));
        }
    }
}

#[tokio::test]
async fn the_log_says_who_fetched_what() {
    let idp = start(None).await;
    get(&idp, "/.well-known/openid-configuration").await;
    let mark = idp.access_log().mark();
    get(&idp, "/other/jwks?x=1").await;
    assert_eq!(get(&idp, "/canary/jku/1").await.0, StatusCode::NOT_FOUND);
    let post = client().post(format!("http://{}/canary/x5u", idp.listening_on())).body("secret");
    assert_eq!(post.send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&idp, "/authorize").await.1["error"], "not_found");

    let since = idp.access_log().since(mark);
    let seen: Vec<_> =
        since.iter().map(|a| (a.method.as_str(), a.path.as_str(), a.status, a.kind, a.issuer)).collect();
    let main = Some(IssuerRole::Main);
    assert_eq!(
        seen,
        [
            ("GET", "/other/jwks", 200, AccessKind::Jwks, Some(IssuerRole::Other)),
            ("GET", "/canary/jku/1", 404, AccessKind::Canary, main),
            ("POST", "/canary/x5u", 404, AccessKind::Canary, main),
            ("GET", "/authorize", 404, AccessKind::Other, None),
        ]
    );
    assert!(since.iter().all(|access| access.user_agent.as_deref() == Some("target/1.0")));
    assert!(since.iter().all(|access| access.at_ms == 1_750_000_000_000));
    assert_eq!(idp.access_log().snapshot().len(), 5);
    assert_eq!(idp.access_log().count(AccessKind::Canary, main), 2);
    assert_eq!(idp.access_log().count(AccessKind::Metadata, main), 1);
}

#[tokio::test]
async fn only_get_and_head_are_answered() {
    let idp = start(None).await;
    let url = format!("http://{}/jwks", idp.listening_on());
    let head = client().head(&url).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()[header::CACHE_CONTROL], "no-cache");
    let length: usize = head.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    assert_eq!(length, jwks(&idp).await.to_string().len());

    let post = client().post(&url).body("x").send().await.unwrap();
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(post.headers()[header::ALLOW], "GET, HEAD");
    assert_eq!(post.headers()[header::CACHE_CONTROL], "no-store");

    // A body is never read, so a large one may be cut off; the request counts all the same.
    let mark = idp.access_log().mark();
    let _ = client().post(&url).body("x".repeat(5_000_000)).send().await;
    let seen: Vec<_> = idp.access_log().since(mark).iter().map(|access| access.status).collect();
    assert_eq!(seen, [405]);
}

#[tokio::test]
async fn actions_change_what_is_served() {
    let idp = start(None).await;
    let before = jwks(&idp).await;
    let verifies = |choice, jwks: &Value| verifies(idp.keyring(), choice, Algorithm::RS256, jwks);

    idp.perform(IdpAction::AddKey).await.unwrap();
    let added = jwks(&idp).await;
    assert!(verifies(KeyChoice::Published, &added) && verifies(KeyChoice::Added, &added));
    assert!(!verifies(KeyChoice::Added, &before));

    idp.perform(IdpAction::RotateKey).await.unwrap();
    let rotated = jwks(&idp).await;
    assert!(!verifies(KeyChoice::Published, &rotated) && verifies(KeyChoice::Added, &rotated));

    idp.perform(IdpAction::BreakJwks).await.unwrap();
    let (status, body) = get(&idp, "/jwks").await;
    assert_eq!((status, &body["error"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("server_error")));
    assert_eq!(get(&idp, "/other/jwks").await.0, StatusCode::OK);
    assert_eq!(get(&idp, "/.well-known/openid-configuration").await.0, StatusCode::OK);

    idp.perform(IdpAction::Restore).await.unwrap();
    assert_eq!(jwks(&idp).await, before);

    idp.perform(IdpAction::AddUnknownKeyType).await.unwrap();
    assert_eq!(jwks(&idp).await["keys"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn the_issuer_follows_from_the_address() {
    let idp = start(None).await;
    let port = idp.listening_on().port();
    assert_ne!(port, 0);
    assert_eq!(idp.issuer().as_str(), format!("http://127.0.0.1:{port}"));

    for (listen, host, beyond_loopback) in
        [("localhost:0", "localhost", false), ("0.0.0.0:0", "127.0.0.1", true)]
    {
        let idp = Idp::start(IdpConfig { listen: listen.into(), ..config(None) }).await.unwrap();
        assert_eq!(idp.is_beyond_loopback(), beyond_loopback);
        assert_eq!(idp.issuer().as_str(), format!("http://{host}:{}", idp.listening_on().port()));
        let metadata = format!("{}/.well-known/openid-configuration", idp.issuer().as_str());
        assert_eq!(client().get(metadata).send().await.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_named_with_the_mend() {
    let taken = start(None).await;
    let in_use = taken.listening_on().to_string();
    // A label of more than 63 octets is no name, so no name server is asked.
    let no_name = format!("{}:9555", "x".repeat(64));
    // TEST-NET-1 (RFC 5737) belongs to nobody.
    for (listen, expected) in [
        (in_use.as_str(), "is in use, perhaps by another jagspec"),
        ("192.0.2.1:9555", "is no address of this machine"),
        ("9555", "is not an address to listen on"),
        ("127.0.0.1", "is not an address to listen on"),
        ("127.0.0.1:99999", "is not an address to listen on"),
        ("::1:9555", "is not an address to listen on"),
        (":9555", "is not an address to listen on"),
        (no_name.as_str(), "is not known"),
    ] {
        let config = IdpConfig { listen: listen.into(), ..config(None) };
        let error = Idp::start(config).await.unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("--idp-listen"), "{error}");
        assert!(error.contains(listen), "{error}");
    }
    let error = Idp::start(config(Some("idp.example"))).await.unwrap_err();
    assert!(matches!(error, IdpError::Issuer(_)), "{error}");
}

#[tokio::test]
async fn stopping_gives_the_port_back() {
    let idp = start(None).await;
    // A connection that is kept alive must not hold it up.
    let client = client();
    let url = idp.jwks_uri();
    assert_eq!(client.get(&url).send().await.unwrap().status(), StatusCode::OK);
    let listen = idp.listening_on().to_string();
    idp.stop().await;
    assert!(client.get(&url).send().await.is_err());
    let again = Idp::start(IdpConfig { listen: listen.clone(), ..config(None) }).await.unwrap();
    assert_eq!(again.listening_on().to_string(), listen);
}

fn certificate(folder: &Folder) -> (PathBuf, TlsFiles) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let request = CertificateRequest { now: now.try_into().unwrap(), ..Default::default() };
    let made = request.make(folder.root()).unwrap();
    (made.ca, TlsFiles { certificate: made.certificate, key: made.key })
}

#[tokio::test]
async fn https_is_spoken_with_the_certificate_that_was_made() {
    let folder = Folder::new();
    let (ca, tls) = certificate(&folder);
    let idp = Idp::start(IdpConfig { tls: Some(tls), ..config(None) }).await.unwrap();
    let port = idp.listening_on().port();
    assert_eq!(idp.issuer().as_str(), format!("https://127.0.0.1:{port}"));

    let ca = Certificate::from_pem(&std::fs::read(ca).unwrap()).unwrap();
    let trusting = Client::builder().no_proxy().tls_certs_only([ca]).build().unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{port}/.well-known/openid-configuration");
        let metadata: Value = trusting.get(url).send().await.unwrap().json().await.unwrap();
        assert_eq!(metadata["issuer"], idp.issuer().as_str());
    }
    // Nobody else trusts it, and plain http is not answered; both leave the server as it was.
    assert!(client().get(idp.jwks_uri()).send().await.is_err());
    assert!(client().get(format!("http://127.0.0.1:{port}/jwks")).send().await.is_err());
    assert_eq!(trusting.get(idp.jwks_uri()).send().await.unwrap().status(), StatusCode::OK);
    idp.stop().await;
}

#[tokio::test]
async fn certificate_files_that_cannot_be_used_are_named() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (_, good) = certificate(&folder);
    let (_, foreign) = certificate(&other);
    let text = folder.file("text", "no PEM");
    let missing = folder.path("missing");
    for (certificate, key, expected) in [
        (&missing, &good.key, "correct --idp-tls-cert"),
        (&good.certificate, &missing, "correct --idp-tls-key"),
        (&text, &good.key, "holds no certificate in PEM"),
        (&good.certificate, &text, "holds no unencrypted private key in PEM"),
        (&good.certificate, &foreign.key, "does not belong to the certificate"),
    ] {
        let tls = Some(TlsFiles { certificate: certificate.clone(), key: key.clone() });
        let error = Idp::start(IdpConfig { tls, ..config(None) }).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
