//! Who and what is registered at the playground: clients, scopes, resources.

use aws_lc_rs::{constant_time, digest};

use super::{
    faults::{Fault, Faults},
    policies::ClientAuthMethod,
};
use crate::token_request::ClientAuthenticationMethod;

/// A client of the playground. Its secret is public, as everything here is for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisteredClient {
    /// Its `client_id`.
    pub id: &'static str,
    /// Its secret; none for a public client, or one with a key only.
    pub secret: Option<&'static str>,
    /// Whether its keys are registered, by their address: the harness's `client-jwks`.
    pub has_key: bool,
    /// Whether it is allowed the JWT bearer grant.
    pub may_redeem: bool,
    /// The only method by which it may authenticate; none: any for which it has the credential.
    pub method: Option<ClientAuthenticationMethod>,
}

impl RegisteredClient {
    const fn with_secret(id: &'static str, secret: &'static str) -> Self {
        Self { id, secret: Some(secret), has_key: false, may_redeem: true, method: None }
    }
}

pub(super) const CLIENT: RegisteredClient = RegisteredClient {
    has_key: true,
    ..RegisteredClient::with_secret("todo-app-at-todos", "todo-app-secret")
};
// Every one of `:`, `+`, `%`, the space and the letter beyond ASCII shows a server that splits or decodes HTTP Basic
// wrongly.
pub(super) const OTHER_CLIENT: RegisteredClient =
    RegisteredClient::with_secret("notes-app", "notes:app+100% s\u{e9}cret");
pub(super) const UNAUTHORIZED_CLIENT: RegisteredClient = RegisteredClient {
    may_redeem: false,
    ..RegisteredClient::with_secret("reports-app", "reports-app-secret")
};
pub(super) const PUBLIC_CLIENT_ID: &str = "public-app";
const PUBLIC_CLIENT: RegisteredClient =
    RegisteredClient { id: PUBLIC_CLIENT_ID, secret: None, has_key: false, may_redeem: true, method: None };
pub(super) const SCOPES: [&str; 2] = ["todos.read", "todos.write"];
/// The type of authorization details that the server knows (RFC 9396 section 2): lists of todos.
pub(super) const DETAILS_TYPE: &str = "todo-lists";
/// What is granted when neither the ID-JAG nor the request says a scope: the least.
pub(super) const DEFAULT_SCOPE: &str = SCOPES[0];
pub(super) const RESOURCES: [&str; 2] = ["https://todos.example/api", "https://notes.example/api"];

/// The client of a run that authenticates by this method: with `private_key_jwt` it has no secret, with `none` it is
/// the public one.
pub(super) const fn client_for(method: Option<ClientAuthenticationMethod>) -> RegisteredClient {
    match method {
        Some(ClientAuthenticationMethod::PrivateKeyJwt) => RegisteredClient { secret: None, ..CLIENT },
        Some(ClientAuthenticationMethod::None) => PUBLIC_CLIENT,
        Some(
            ClientAuthenticationMethod::ClientSecretBasic | ClientAuthenticationMethod::ClientSecretPost,
        )
        | None => CLIENT,
    }
}

/// The clients that the server knows.
#[derive(Debug)]
pub(super) struct Clients(Vec<RegisteredClient>);

impl Clients {
    pub(super) fn new(
        method: Option<ClientAuthenticationMethod>,
        policy: ClientAuthMethod,
        faults: &Faults,
    ) -> Self {
        let mut first = client_for(method);
        if first.id == PUBLIC_CLIENT_ID {
            first = CLIENT;
        }
        if policy == ClientAuthMethod::Registered {
            first.method = method.or(Some(ClientAuthenticationMethod::ClientSecretBasic));
        }
        let mut known = vec![first, OTHER_CLIENT, UNAUTHORIZED_CLIENT, PUBLIC_CLIENT];
        if faults.has(Fault::ClientNotRegistered) {
            known.retain(|client| client.id == PUBLIC_CLIENT_ID);
        }
        if faults.has(Fault::ClientSecretRotated) {
            for client in known.iter_mut().filter(|client| client.secret.is_some()) {
                client.secret = Some("the secret of the week after");
            }
        }
        Self(known)
    }

    pub(super) fn find(&self, id: &str) -> Option<RegisteredClient> {
        self.0.iter().copied().find(|client| client.id == id)
    }
}

/// Compares two secrets in a time that depends on neither: their digests have one length and are compared as a
/// whole.
pub(super) fn same_secret(one: &str, other: &str) -> bool {
    let digest_of = |secret: &str| digest::digest(&digest::SHA256, secret.as_bytes());
    constant_time::verify_slices_are_equal(digest_of(one).as_ref(), digest_of(other).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_compared_whole() {
        assert!(same_secret("todo-app-secret", "todo-app-secret"));
        assert!(!same_secret("todo-app-secret", "todo-app-secre"));
        assert!(!same_secret("", "todo-app-secret"));
    }
}
