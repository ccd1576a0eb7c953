use serde_json::json;

use super::*;
use crate::settings::{Client, Secret};

const ENDPOINT: &str = "https://as.example/token";

fn client(id: &str, secret: &str) -> Client {
    Client { id: id.into(), secret: Some(Secret::new(secret)), has_key: true }
}

fn written(manner: ClientAuthenticationMethod, change: serde_json::Value) -> HttpRequest {
    let (registered, other) = (client("my client", "a:b+c%d é"), client("other", "o"));
    let mut request = TokenRequest::well_formed("h.p.s");
    let mut variables = Variables::new(0);
    variables.set("client.id", "my client");
    request.apply(&serde_json::from_value(change).unwrap(), &variables).unwrap();
    let manner = Manner {
        method: manner,
        client_id_in_body: false,
        secret_method: Post,
        client_assertion: ClientAssertionManner::default(),
    };
    let clients = Clients { registered: &registered, other: Some(&other), unauthorized: None, public: None };
    request.write(ENDPOINT, manner, clients, Some("c.a.s"))
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

fn body(request: &HttpRequest) -> &str {
    std::str::from_utf8(&request.body).unwrap()
}

use ClientAuthenticationMethod::{
    ClientSecretBasic as Basic, ClientSecretPost as Post, None as NoMethod, PrivateKeyJwt as Key,
};

#[test]
fn the_well_formed_request_is_that_of_rfc_7523() {
    let request = written(Basic, json!({}));
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", ENDPOINT));
    assert_eq!(header(&request, "Content-Type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        body(&request),
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=h.p.s"
    );
}

#[test]
fn basic_is_form_encoded_before_it_is_base64() {
    // RFC 6749 section 2.3.1: `my+client` and `a%3Ab%2Bc%25d+%C3%A9`.
    let credentials = B64.encode("my+client:a%3Ab%2Bc%25d+%C3%A9");
    let request = written(Basic, json!({}));
    assert_eq!(header(&request, "Authorization"), Some(format!("Basic {credentials}").as_str()));
}

#[test]
fn post_and_none_put_the_client_into_the_body() {
    let request = written(Post, json!({}));
    assert!(body(&request).ends_with("&client_id=my+client&client_secret=a%3Ab%2Bc%25d+%C3%A9"));
    assert_eq!(header(&request, "Authorization"), None);
    let request = written(NoMethod, json!({}));
    assert!(body(&request).ends_with("&client_id=my+client"));
}

#[test]
fn which_client_with_which_secret() {
    let credentials = |change| {
        let request = written(Basic, json!({ "client_authentication": change }));
        let text = header(&request, "Authorization")?.strip_prefix("Basic ")?.to_owned();
        Some(String::from_utf8(B64.decode(text).unwrap()).unwrap())
    };
    assert_eq!(credentials(json!({"client": "other"})).as_deref(), Some("other:o"));
    assert_eq!(credentials(json!({"client": "absent"})), None);
    assert!(credentials(json!({"client": "unknown"})).unwrap().starts_with(UNKNOWN_CLIENT));
    assert_eq!(credentials(json!({"secret": "empty"})).as_deref(), Some("my+client:"));
    assert_eq!(credentials(json!({"secret": "prefix"})).as_deref(), Some("my+client:a%3Ab%2Bc%25d+"));
    let raw = written(Basic, json!({ "client_authentication": {"authorization": "Basic ${client.id}"} }));
    assert_eq!(header(&raw, "Authorization"), Some("Basic my client"));
}

#[test]
fn parameters_are_set_removed_added_and_moved() {
    let request = written(
        Basic,
        json!({
            "parameters": {"scope": "read"},
            "remove_parameters": ["grant_type"],
            "add_parameters": [{"name": "assertion", "value": "second"}],
            "move_to_query": ["scope"],
        }),
    );
    assert_eq!(body(&request), "assertion=h.p.s&assertion=second");
    assert_eq!(request.url, format!("{ENDPOINT}?scope=read"));
}

#[test]
fn everything_moves_to_the_query_with_all() {
    let request = written(Post, json!({"method": "GET", "move_to_query": ["all"], "body": "empty"}));
    assert_eq!(request.method, "GET");
    assert!(request.body.is_empty() && header(&request, "Content-Type").is_none());
    assert!(request.url.contains("assertion=h.p.s") && request.url.contains("client_secret="));
}

#[test]
fn a_json_body_says_so() {
    let request = written(Basic, json!({"body": "json"}));
    assert_eq!(header(&request, "Content-Type"), Some("application/json"));
    let object: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(object["assertion"], "h.p.s");
}

#[test]
fn a_repeated_client_id_is_left_to_the_case() {
    let request = written(Post, json!({"parameters": {"client_id": "stranger"}}));
    assert_eq!(body(&request).matches("client_id=").count(), 1);
    assert!(body(&request).contains("client_id=stranger"));
}

#[test]
fn changed_members_are_named() {
    use crate::report::{ChangedMember, ChangedPart::*};
    let members = |change: serde_json::Value| {
        let mut members = serde_json::from_value::<TokenRequestChange>(change).unwrap().changed_members();
        members.sort();
        members
    };
    assert_eq!(
        members(json!({
            "method": "GET", "remove_parameters": ["assertion"], "headers": {"DPoP": "x"},
            "add_parameters": [{"name": "scope", "value": "a"}], "move_to_query": ["all"], "body": "empty",
        })),
        [
            ChangedMember::removed(Parameter, "assertion"),
            ChangedMember::set(Parameter, "scope"),
            ChangedMember::set(Request, "body"),
            ChangedMember::set(Request, "dpop"),
            ChangedMember::set(Request, "method"),
            ChangedMember::set(Request, "query"),
        ]
    );
    let in_body = json!({"client_authentication": {"client_id_in_body": true}});
    assert_eq!(members(in_body), [ChangedMember::set(Parameter, "client_id")]);
    let wrong = members(json!({"client_authentication": {"secret": "wrong"}}));
    assert!(wrong.contains(&ChangedMember::set(Request, "authorization")), "{wrong:?}");
    assert!(members(json!({})).is_empty());
}

#[test]
fn a_client_assertion_stands_in_the_body_with_its_type() {
    let type_and_assertion = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=c.a.s";
    let request = written(Key, json!({}));
    assert_eq!(header(&request, "Authorization"), None);
    assert!(body(&request).ends_with(type_and_assertion), "{}", body(&request));
    assert!(!body(&request).contains("client_id"));
    // What the case changes of the assertion implies the method.
    let changed = json!({ "client_authentication": { "client_assertion": { "remove_claims": ["exp"] } } });
    assert!(body(&written(Basic, changed)).ends_with(type_and_assertion));
    let id = json!({ "client_authentication": { "client_id_in_body": true } });
    assert!(body(&written(Key, id)).contains("client_id=my+client&client_assertion_type="));
    // A client without a key of ours authenticates by its secret.
    let other = json!({ "client_authentication": { "client": "other" } });
    assert!(body(&written(Key, other)).ends_with("client_id=other&client_secret=o"));
}

#[test]
fn parameters_of_the_authentication_are_removed_doubled_and_replaced_like_all_others() {
    let removed = written(Key, json!({ "remove_parameters": ["client_assertion_type"] }));
    assert!(!body(&removed).contains("client_assertion_type"));
    let doubled = written(Key, json!({ "add_parameters": [{ "name": "client_assertion", "value": "x" }] }));
    assert!(body(&doubled).ends_with("client_assertion=c.a.s&client_assertion=x"), "{}", body(&doubled));
    let replaced = written(Key, json!({ "parameters": { "client_assertion": "x" } }));
    assert!(body(&replaced).contains("client_assertion=x") && !body(&replaced).contains("c.a.s"));
}

#[test]
fn basic_without_form_encoding_is_sent_as_it_is() {
    let change = json!({ "client_authentication": { "without_form_encoding": true } });
    let request = written(Basic, change);
    let credentials = header(&request, "Authorization").unwrap().strip_prefix("Basic ").unwrap();
    assert_eq!(B64.decode(credentials).unwrap(), "my client:a:b+c%d é".as_bytes());
}
