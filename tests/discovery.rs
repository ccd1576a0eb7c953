//! Discovery on the wire: which addresses are asked for, in which order, and what is made of the answers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::time::Duration;

use jagspec::{
    discovery::{Discovery, IssuerVerdict, WellKnown},
    exchange::Client,
    run::discover,
    settings::HttpSettings,
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

async fn discovered(target: &str) -> Discovery {
    let client = Client::new(&HttpSettings::default(), Duration::from_secs(5), None).unwrap();
    discover(&client, target).await
}

async fn serve(server: &MockServer, at: &str, document: Value) {
    Mock::given(path(at))
        .respond_with(ResponseTemplate::new(200).set_body_json(document))
        .mount(server)
        .await;
}

fn document(issuer: &str) -> Value {
    json!({ "issuer": issuer, "token_endpoint": format!("{issuer}/token") })
}

async fn asked_for(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap_or_default();
    requests
        .into_iter()
        .filter(|request| request.method.as_str() == "GET")
        .map(|request| request.url.path().to_owned())
        .collect()
}

#[tokio::test]
async fn all_four_addresses_are_asked_for_in_the_contracts_order() {
    let server = MockServer::start().await;
    let issuer = format!("{}/tenant1", server.uri());
    let found = discovered(&issuer).await;
    assert_eq!(
        asked_for(&server).await,
        [
            "/.well-known/oauth-authorization-server/tenant1",
            "/.well-known/openid-configuration/tenant1",
            "/tenant1/.well-known/openid-configuration",
            "/tenant1/.well-known/oauth-authorization-server",
        ]
    );
    assert_eq!(found.tries.len(), 4);
    assert_eq!(found.issuer_verdict(), IssuerVerdict::NoDocument);
    assert_eq!(found.token_endpoint(), Some(format!("{issuer}/token")));
}

#[tokio::test]
async fn the_first_valid_document_counts_and_every_try_is_kept() {
    let server = MockServer::start().await;
    let issuer = format!("{}/tenant1", server.uri());
    serve(&server, "/.well-known/oauth-authorization-server/tenant1", json!({ "issuer": 7 })).await;
    serve(&server, "/tenant1/.well-known/openid-configuration", document(&issuer)).await;
    serve(&server, "/tenant1/.well-known/oauth-authorization-server", document(&issuer)).await;
    let found = discovered(&issuer).await;
    assert_eq!(found.used().map(|used| used.well_known), Some(WellKnown::OpenidAppended));
    let valid: Vec<bool> = found.tries.iter().map(|attempt| attempt.document.is_ok()).collect();
    assert_eq!(valid, [false, false, true, true]);
    assert_eq!(found.tries[0].document.as_ref().unwrap_err(), "its `issuer` is a number");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    serve(&elsewhere, "/metadata", document(&server.uri())).await;
    let location = format!("{}/metadata", elsewhere.uri());
    Mock::given(path("/.well-known/oauth-authorization-server"))
        .respond_with(ResponseTemplate::new(302).insert_header("Location", location.as_str()))
        .mount(&server)
        .await;
    let found = discovered(&server.uri()).await;
    assert!(found.tries[0].document.as_ref().unwrap_err().contains(&location));
    assert!(asked_for(&elsewhere).await.is_empty());
}

#[tokio::test]
async fn discovery_is_repeated_from_the_documents_own_issuer() {
    let server = MockServer::start().await;
    // The slash that the user forgot: both spellings have the same well-known address.
    let own = format!("{}/", server.uri());
    serve(&server, "/.well-known/oauth-authorization-server", document(&own)).await;
    let found = discovered(&server.uri()).await;
    assert_eq!(found.issuer_verdict(), IssuerVerdict::SelfConsistent(own.clone()));
    assert_eq!(found.issuer(), own, "`aud` is the document's issuer, byte for byte");
}

#[tokio::test]
async fn an_issuer_that_nothing_confirms_is_not_followed_to_another_host() {
    let server = MockServer::start().await;
    let other = MockServer::start().await;
    serve(&server, "/.well-known/oauth-authorization-server", document(&other.uri())).await;
    let found = discovered(&server.uri()).await;
    assert_eq!(found.issuer_verdict(), IssuerVerdict::Contradicted(other.uri()));
    assert_eq!(found.token_endpoint(), None, "credentials do not go where an unconfirmed document points");
}

#[tokio::test]
async fn the_token_endpoint_is_asked_with_an_empty_post() {
    let server = MockServer::start().await;
    serve(&server, "/.well-known/oauth-authorization-server", document(&server.uri())).await;
    serve(&server, "/token", json!({ "error": "invalid_request" })).await;
    let found = discovered(&server.uri()).await;
    let answer = found.token_endpoint_answer.unwrap();
    assert_eq!((answer.request.method.as_str(), answer.request.body.len()), ("POST", 0));
    assert_eq!(answer.response().and_then(|response| response.oauth_error()), Some("invalid_request"));
}
