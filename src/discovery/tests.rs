use serde_json::json;

use super::*;
use crate::observation::HttpRequest;

fn answer(url: &str, status: u16, body: &str) -> Observation {
    Observation {
        request: HttpRequest::get(url),
        result: Ok(Response::new(status, Vec::new(), body.as_bytes().to_vec(), false)),
        elapsed_ms: 1,
    }
}

/// A discovery in which each address answers with the document that is given for it, the others with 404.
fn discovery(asked: &str, own: Option<&str>, documents: &[(&str, Value)]) -> Discovery {
    let tries = |issuer: &str| {
        candidates(issuer)
            .into_iter()
            .map(|(well_known, url)| {
                let document = documents.iter().find(|(address, _)| *address == url);
                let observation = match document {
                    Some((_, document)) => answer(&url, 200, &document.to_string()),
                    None => answer(&url, 404, "not here"),
                };
                Try::new(well_known, url, observation)
            })
            .collect()
    };
    Discovery {
        asked: asked.to_owned(),
        tries: tries(asked),
        own_tries: own.map(tries).unwrap_or_default(),
        ..Discovery::default()
    }
}

fn urls(issuer: &str) -> Vec<String> {
    candidates(issuer).into_iter().map(|(_, url)| url).collect()
}

#[test]
fn addresses_stand_in_the_contracts_order() {
    assert_eq!(
        urls("https://as.example/t/blue"),
        [
            "https://as.example/.well-known/oauth-authorization-server/t/blue",
            "https://as.example/.well-known/openid-configuration/t/blue",
            "https://as.example/t/blue/.well-known/openid-configuration",
            "https://as.example/t/blue/.well-known/oauth-authorization-server",
        ]
    );
}

#[test]
fn one_final_slash_is_dropped_and_no_other() {
    let root = [
        "https://as.example/.well-known/oauth-authorization-server",
        "https://as.example/.well-known/openid-configuration",
    ];
    assert_eq!(urls("https://as.example"), root);
    assert_eq!(urls("https://as.example/"), root);
    assert_eq!(
        urls("https://as.example/t//")[0],
        "https://as.example/.well-known/oauth-authorization-server/t/"
    );
    assert_eq!(fallback_token_endpoint("https://as.example/t/"), "https://as.example/t/token");
}

#[test]
fn nothing_is_normalised() {
    assert_eq!(split_origin("HTTPS://As.Example:443/A/../b"), ("HTTPS://As.Example:443", "/A/../b"));
    assert_eq!(split_origin("http://h?x"), ("http://h", "?x"));
}

#[test]
fn the_first_valid_document_is_used() {
    let found = discovery(
        "https://as.example",
        None,
        &[(
            "https://as.example/.well-known/openid-configuration",
            json!({"issuer": "https://as.example", "token_endpoint": "https://as.example/t"}),
        )],
    );
    assert_eq!(found.used().map(|used| used.well_known), Some(WellKnown::OpenidInserted));
    assert_eq!(found.issuer_verdict(), IssuerVerdict::Identical);
    assert_eq!(found.token_endpoint().as_deref(), Some("https://as.example/t"));
}

#[test]
fn without_a_document_the_fallback_is_the_issuer_with_token() {
    let found = discovery("https://as.example/t", None, &[]);
    assert_eq!(found.issuer_verdict(), IssuerVerdict::NoDocument);
    assert_eq!(found.issuer(), "https://as.example/t");
    assert_eq!(found.token_endpoint().as_deref(), Some("https://as.example/t/token"));
}

#[test]
fn a_document_without_token_endpoint_leaves_none() {
    let found = discovery(
        "https://as.example",
        None,
        &[(
            "https://as.example/.well-known/oauth-authorization-server",
            json!({"issuer": "https://as.example"}),
        )],
    );
    assert_eq!(found.token_endpoint(), None);
}

#[test]
fn an_issuer_that_differs_by_a_slash_is_followed_when_it_confirms_itself() {
    let document = json!({"issuer": "https://as.example/", "token_endpoint": "https://as.example/token"});
    let address = "https://as.example/.well-known/oauth-authorization-server";
    let found = discovery("https://as.example", Some("https://as.example/"), &[(address, document)]);
    assert_eq!(found.issuer_verdict(), IssuerVerdict::SelfConsistent("https://as.example/".into()));
    assert_eq!(found.issuer(), "https://as.example/");
}

#[test]
fn an_unconfirmed_document_cannot_send_the_credentials_elsewhere() {
    let address = "https://as.example/.well-known/oauth-authorization-server";
    let foreign = json!({"issuer": "https://evil.example", "token_endpoint": "https://evil.example/token"});
    let found = discovery("https://as.example", Some("https://evil.example"), &[(address, foreign)]);
    assert_eq!(found.issuer_verdict(), IssuerVerdict::Contradicted("https://evil.example".into()));
    assert_eq!(found.token_endpoint(), None);

    let own_host = json!({"issuer": "https://public.example", "token_endpoint": "https://as.example/token"});
    let found = discovery("https://as.example", Some("https://public.example"), &[(address, own_host)]);
    assert_eq!(found.token_endpoint().as_deref(), Some("https://as.example/token"));
}

#[test]
fn what_is_no_document_says_why() {
    let read = |status, headers: &[(&str, &str)], body: &str| {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        ServerMetadata::read(&Response::new(status, headers, body.as_bytes().to_vec(), false)).unwrap_err()
    };
    assert_eq!(read(404, &[], ""), "answered 404");
    assert!(
        read(302, &[("Location", "https://login.example")], "")
            .contains("redirects to https://login.example")
    );
    assert!(read(200, &[], "<html>").contains("HTML or XML page"));
    assert!(read(200, &[], "{").contains("is not JSON"));
    assert!(read(200, &[], "[]").contains("an array"));
    assert_eq!(read(200, &[], "{}"), "it has no `issuer`");
    assert_eq!(read(200, &[], r#"{"issuer": 7}"#), "its `issuer` is a number");
    assert_eq!(
        read(200, &[], r#"{"issuer": "x", "token_endpoint": []}"#),
        "its `token_endpoint` is an array"
    );
}

#[test]
fn the_first_difference_is_shown() {
    assert_eq!(
        first_difference("https://a", "https://a/"),
        "the first difference is at character 10: the end and `/`"
    );
}
