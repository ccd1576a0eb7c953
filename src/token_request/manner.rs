//! How the target is spoken to, and by which clients: what a run has found out, as data.

use super::{ClientAuthenticationChange, ClientAuthenticationMethod, ClientChoice, UNKNOWN_CLIENT};
use crate::settings::Client;

/// How the target is spoken to: what the baseline settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// The client authentication method.
    pub method: ClientAuthenticationMethod,
    /// Whether `client_id` stands in the body beside HTTP Basic.
    pub client_id_in_body: bool,
    /// The method of a further client that has a secret, where the first one sends none.
    pub secret_method: ClientAuthenticationMethod,
    /// How a client assertion is made, whether or not the baseline sends one.
    pub client_assertion: ClientAssertionManner,
}

/// How a client assertion is made, where servers differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientAssertionManner {
    /// Its `aud`.
    pub audience: ClientAssertionAudience,
    /// Whether `client_id` stands in the body beside it (RFC 7521 section 4.2: optional).
    pub client_id_in_body: bool,
}

/// The `aud` of a client assertion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientAssertionAudience {
    /// The issuer identifier (draft-ietf-oauth-rfc7523bis section 4).
    #[default]
    Issuer,
    /// The token endpoint, which RFC 7523 section 3 allows as well.
    TokenEndpoint,
}

impl ClientAssertionAudience {
    /// The word of the server's profile.
    pub fn name(self) -> &'static str {
        match self {
            ClientAssertionAudience::Issuer => "issuer",
            ClientAssertionAudience::TokenEndpoint => "token-endpoint",
        }
    }
}

impl Manner {
    /// In a few words.
    pub fn words(&self) -> String {
        let mut words = self.method.name().to_owned();
        if self.method == ClientAuthenticationMethod::PrivateKeyJwt {
            let audience = match self.client_assertion.audience {
                ClientAssertionAudience::Issuer => "the issuer",
                ClientAssertionAudience::TokenEndpoint => "the token endpoint",
            };
            words.push_str(&format!(" for {audience}"));
        }
        let in_body = match self.method {
            ClientAuthenticationMethod::ClientSecretBasic => self.client_id_in_body,
            ClientAuthenticationMethod::PrivateKeyJwt => self.client_assertion.client_id_in_body,
            ClientAuthenticationMethod::ClientSecretPost | ClientAuthenticationMethod::None => false,
        };
        if in_body {
            words.push_str(" with client_id in the body");
        }
        words
    }
}

/// Who may authenticate.
#[derive(Debug, Clone, Copy)]
pub struct Clients<'a> {
    /// The client of `--client-id`.
    pub registered: &'a Client,
    /// The client of `--other-client-id`.
    pub other: Option<&'a Client>,
    /// The client of `--unauthorized-client-id`.
    pub unauthorized: Option<&'a Client>,
    /// The client of `--public-client-id`.
    pub public: Option<&'a Client>,
}

impl Clients<'_> {
    /// The client that a change names; none for none at all. A case that needs one which is not configured is
    /// skipped, so that the first stands for it.
    pub fn chosen(&self, choice: ClientChoice) -> Option<Client> {
        let or_registered = |client: Option<&Client>| client.unwrap_or(self.registered).clone();
        match choice {
            ClientChoice::Registered => Some(self.registered.clone()),
            ClientChoice::Other => Some(or_registered(self.other)),
            ClientChoice::Unauthorized => Some(or_registered(self.unauthorized)),
            ClientChoice::Public => Some(or_registered(self.public)),
            ClientChoice::Unknown => Some(Client { id: UNKNOWN_CLIENT.into(), ..self.registered.clone() }),
            ClientChoice::Absent => None,
        }
    }

    /// The method by which a change lets its client authenticate.
    pub fn method(&self, change: &ClientAuthenticationChange, manner: Manner) -> ClientAuthenticationMethod {
        let its_own = match change.client {
            _ if change.other_secret_method => match manner.method {
                ClientAuthenticationMethod::ClientSecretBasic => ClientAuthenticationMethod::ClientSecretPost,
                _ => ClientAuthenticationMethod::ClientSecretBasic,
            },
            ClientChoice::Public => ClientAuthenticationMethod::None,
            // Neither has the first one's key.
            ClientChoice::Other | ClientChoice::Unauthorized
                if !manner.method.sends_a_secret()
                    && self.chosen(change.client).is_some_and(|client| client.secret.is_some()) =>
            {
                manner.secret_method
            }
            _ => manner.method,
        };
        change.named_method().unwrap_or(its_own)
    }
}
