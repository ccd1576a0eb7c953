//! Who and what is registered at the playground: clients, scopes, resources.

use aws_lc_rs::{constant_time, digest};

use super::faults::{Fault, Faults};

/// A client of the playground. Its secret is public, as everything here is for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisteredClient {
    /// Its `client_id`.
    pub id: &'static str,
    /// Its secret; none for a public client.
    pub secret: Option<&'static str>,
}

pub(super) const CLIENT: RegisteredClient =
    RegisteredClient { id: "todo-app-at-todos", secret: Some("todo-app-secret") };
// Every one of `:`, `+`, `%` and the space shows a server that splits or decodes HTTP Basic wrongly.
pub(super) const OTHER_CLIENT: RegisteredClient =
    RegisteredClient { id: "notes-app", secret: Some("notes:app+100% secret") };
pub(super) const PUBLIC_CLIENT_ID: &str = "public-app";
pub(super) const SCOPES: [&str; 2] = ["todos.read", "todos.write"];
/// The type of authorization details that the server knows (RFC 9396 section 2): lists of todos.
pub(super) const DETAILS_TYPE: &str = "todo-lists";
/// What is granted when neither the ID-JAG nor the request says a scope: the least.
pub(super) const DEFAULT_SCOPE: &str = SCOPES[0];
pub(super) const RESOURCES: [&str; 2] = ["https://todos.example/api", "https://notes.example/api"];

const REGISTERED: [RegisteredClient; 3] =
    [CLIENT, OTHER_CLIENT, RegisteredClient { id: PUBLIC_CLIENT_ID, secret: None }];

/// The clients that the server knows.
#[derive(Debug)]
pub(super) struct Clients(Vec<RegisteredClient>);

impl Clients {
    pub(super) fn new(faults: &Faults) -> Self {
        let mut known: Vec<_> = REGISTERED.to_vec();
        if faults.has(Fault::ClientNotRegistered) {
            known.retain(|client| client.secret.is_none());
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
