//! The token request as a value: the form of RFC 7523 section 2.1 with client authentication (RFC 6749 section
//! 2.3), and what a case changes of it. Pure.

mod change;
mod describe;
pub mod dpop;
mod manner;

use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
pub use change::*;
pub use dpop::{DpopChange, DpopContext, DpopKey, DpopSignature};
pub use manner::{ClientAssertionAudience, ClientAssertionManner, Clients, Manner};

use crate::{
    observation::HttpRequest,
    template::{self, Missing, Variables},
};

/// The grant type of an ID-JAG (RFC 7523 section 2.1).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A client id that nobody has registered anywhere.
pub const UNKNOWN_CLIENT: &str = "jagspec-unregistered-client";

/// A secret that is nobody's.
const WRONG_SECRET: &str = "jagspec-wrong-secret";

/// The value of `client_assertion_type` (RFC 7523 section 2.2).
pub const JWT_BEARER_CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A token request before it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenRequest {
    method: String,
    content_type: Option<String>,
    form: Vec<(String, String)>,
    /// Names of the parameters that go into the query, `all` for every one.
    in_query: Vec<String>,
    body: BodyForm,
    headers: Vec<(String, String)>,
    /// Parameters that stand behind all others.
    added: Vec<(String, String)>,
    /// Names of the parameters that are left out, those of client authentication too.
    removed: Vec<String>,
    client: ClientAuthenticationChange,
    dpop: Option<DpopChange>,
}

impl TokenRequest {
    /// The well-formed request that redeems `assertion`.
    pub fn well_formed(assertion: &str) -> Self {
        TokenRequest {
            method: "POST".into(),
            content_type: None,
            form: vec![("grant_type".into(), JWT_BEARER.into()), ("assertion".into(), assertion.into())],
            in_query: Vec::new(),
            body: BodyForm::Form,
            headers: Vec::new(),
            added: Vec::new(),
            removed: Vec::new(),
            client: ClientAuthenticationChange::default(),
            dpop: None,
        }
    }

    /// Puts a change into it. Changes add up: a case's `setup` first, then its defect.
    ///
    /// # Errors
    /// [`Missing`] when a value names a variable that this run does not have.
    pub fn apply(&mut self, change: &TokenRequestChange, variables: &Variables) -> Result<(), Missing> {
        if let Some(method) = &change.method {
            self.method.clone_from(method);
        }
        if let Some(content_type) = &change.content_type {
            self.content_type = Some(content_type.clone());
        }
        for (name, value) in &change.parameters {
            let value = template::substitute_text(value, variables)?;
            match self.form.iter_mut().find(|(parameter, _)| parameter == name) {
                Some((_, old)) => *old = value,
                None => self.form.push((name.clone(), value)),
            }
        }
        self.removed.retain(|name| !change.parameters.contains_key(name));
        self.removed.extend(change.remove_parameters.iter().cloned());
        for parameter in &change.add_parameters {
            let value = template::substitute_text(&parameter.value, variables)?;
            self.added.push((parameter.name.clone(), value));
        }
        self.in_query.extend(change.move_to_query.iter().cloned());
        self.body = change.body.unwrap_or(self.body);
        for (name, value) in &change.headers {
            self.headers.push((name.clone(), template::substitute_text(value, variables)?));
        }
        if let Some(client) = &change.client_authentication {
            // The client assertion is made before the request that carries it.
            let method = client.named_method();
            self.client = ClientAuthenticationChange {
                method,
                client_assertion: None,
                unadvertised_algorithm: false,
                ..client.clone()
            };
            if let Some(text) = &client.authorization {
                self.client.authorization = Some(template::substitute_text(text, variables)?);
            }
        }
        if let Some(dpop) = &change.dpop {
            self.dpop = Some(dpop.substituted(variables)?);
        }
        Ok(())
    }

    /// Whether a value of the change is made of the variable.
    pub fn uses(change: &TokenRequestChange, variable: &str) -> bool {
        let mark = format!("${{{variable}");
        let added = change.add_parameters.iter().map(|parameter| &parameter.value);
        change
            .parameters
            .values()
            .chain(added)
            .chain(change.headers.values())
            .any(|text| text.contains(&mark))
    }

    /// The DPoP proof that it is to have, with its changes.
    pub fn dpop(&self) -> Option<&DpopChange> {
        self.dpop.as_ref().filter(|dpop| dpop.fields() > 0)
    }

    /// The request as it is sent to `token_endpoint`. `client_assertion` is sent where the method is
    /// `private_key_jwt`.
    pub fn write(
        mut self,
        token_endpoint: &str,
        manner: Manner,
        clients: Clients<'_>,
        client_assertion: Option<&str>,
    ) -> HttpRequest {
        self.authenticate(manner, clients, client_assertion.unwrap_or_default());
        let removed = std::mem::take(&mut self.removed);
        self.form.retain(|(name, _)| !removed.contains(name));
        self.form.append(&mut self.added);
        let (query, form): (Vec<_>, Vec<_>) = self
            .form
            .into_iter()
            .partition(|(name, _)| self.in_query.iter().any(|word| word == "all" || word == name));
        let mut headers = vec![("Accept".to_owned(), "application/json".to_owned())];
        let default_type = match self.body {
            BodyForm::Form => Some("application/x-www-form-urlencoded"),
            BodyForm::Json => Some("application/json"),
            BodyForm::Empty => None,
        };
        if let Some(content_type) = self.content_type.as_deref().or(default_type) {
            headers.push(("Content-Type".to_owned(), content_type.to_owned()));
        }
        headers.append(&mut self.headers);
        let body = match self.body {
            BodyForm::Form => form_encode(&form),
            BodyForm::Json => {
                let object: serde_json::Map<_, _> =
                    form.into_iter().map(|(name, value)| (name, value.into())).collect();
                serde_json::Value::Object(object).to_string()
            }
            BodyForm::Empty => String::new(),
        };
        let url = if query.is_empty() {
            token_endpoint.to_owned()
        } else {
            let separator = if token_endpoint.contains('?') { '&' } else { '?' };
            format!("{token_endpoint}{separator}{}", form_encode(&query))
        };
        HttpRequest { method: self.method, url, headers, body: body.into_bytes() }
    }

    fn authenticate(&mut self, manner: Manner, clients: Clients<'_>, client_assertion: &str) {
        let change = std::mem::take(&mut self.client);
        let Some(client) = clients.chosen(change.client) else {
            if let Some(value) = change.authorization {
                self.headers.push(("Authorization".into(), value));
            }
            return;
        };
        let own = client.secret.as_ref().map(|secret| secret.expose()).unwrap_or_default();
        let secret = match change.secret {
            SecretChoice::Right => own.to_owned(),
            SecretChoice::Wrong => WRONG_SECRET.to_owned(),
            SecretChoice::Empty => String::new(),
            SecretChoice::Prefix => {
                let mut prefix = own.to_owned();
                prefix.pop();
                prefix
            }
        };
        let method = clients.method(&change, manner);
        let in_body = change.client_id_in_body.unwrap_or(match method {
            ClientAuthenticationMethod::ClientSecretBasic => manner.client_id_in_body,
            ClientAuthenticationMethod::PrivateKeyJwt => manner.client_assertion.client_id_in_body,
            ClientAuthenticationMethod::ClientSecretPost | ClientAuthenticationMethod::None => true,
        });
        if in_body {
            self.add_unless_set("client_id", &client.id);
        }
        match (change.authorization, method) {
            (Some(value), _) => self.headers.push(("Authorization".into(), value)),
            (None, ClientAuthenticationMethod::ClientSecretBasic) => {
                let value = match change.without_form_encoding {
                    true => format!("Basic {}", B64.encode(format!("{}:{secret}", client.id))),
                    false => basic(&client.id, &secret),
                };
                self.headers.push(("Authorization".into(), value));
            }
            (None, ClientAuthenticationMethod::ClientSecretPost) => {
                self.form.push(("client_secret".into(), secret));
            }
            (None, ClientAuthenticationMethod::PrivateKeyJwt) => {
                self.add_unless_set("client_assertion_type", JWT_BEARER_CLIENT_ASSERTION);
                self.add_unless_set("client_assertion", client_assertion);
            }
            (None, ClientAuthenticationMethod::None) => {}
        }
    }

    fn add_unless_set(&mut self, name: &str, value: &str) {
        if !self.form.iter().any(|(known, _)| known == name) {
            self.form.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// HTTP Basic as RFC 6749 section 2.3.1 says: id and secret are form-encoded, then joined and base64-encoded.
pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", B64.encode(format!("{}:{}", form_component(id), form_component(secret))))
}

fn form_component(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn form_encode(form: &[(String, String)]) -> String {
    form.iter()
        .map(|(name, value)| format!("{}={}", form_component(name), form_component(value)))
        .collect::<Vec<_>>()
        .join("&")
}

#[cfg(test)]
mod tests;
