//! A change of the token request in words, for reports: one sentence fragment for each thing that differs.

use super::{
    BodyForm, ClientAuthenticationChange, ClientAuthenticationMethod, ClientChoice, SecretChoice,
    TokenRequestChange,
};
use crate::{
    idjag::IdJagChange,
    observation::clip,
    report::{ChangedMember, ChangedPart},
};

/// The longest value that is shown whole.
const SHOWN: usize = 100;

impl TokenRequestChange {
    /// What differs from the well-formed token request. Values are shown as the suite file has them, variables
    /// unreplaced.
    pub fn describe(&self) -> Vec<String> {
        let mut words = Vec::new();
        words.extend(self.method.iter().map(|method| format!("method {method}")));
        words.extend(self.content_type.iter().map(|value| format!("Content-Type {}", clip(value, SHOWN))));
        words.extend(
            self.parameters
                .iter()
                .map(|(name, value)| format!("parameter `{name}` is `{}`", clip(value, SHOWN))),
        );
        words.extend(self.remove_parameters.iter().map(|name| format!("no parameter `{name}`")));
        words.extend(self.add_parameters.iter().map(|parameter| {
            format!("a further parameter `{}` is `{}`", parameter.name, clip(&parameter.value, SHOWN))
        }));
        words.extend(self.move_to_query.iter().map(|name| match name.as_str() {
            "all" => "every parameter in the query".to_owned(),
            name => format!("parameter `{name}` in the query"),
        }));
        words.extend(self.body.iter().map(|body| {
            match body {
                BodyForm::Form => "a form as body",
                BodyForm::Json => "a JSON object as body",
                BodyForm::Empty => "no body",
            }
            .to_owned()
        }));
        words.extend(
            self.headers.iter().map(|(name, value)| format!("header field {name}: {}", clip(value, SHOWN))),
        );
        words.extend(self.client_authentication.iter().flat_map(describe_client));
        words.extend(self.dpop.iter().flat_map(super::DpopChange::describe));
        words
    }

    /// The members that differ from the well-formed token request.
    pub fn changed_members(&self) -> Vec<ChangedMember> {
        let added = self.add_parameters.iter().map(|parameter| &parameter.name);
        let parameters = self.parameters.keys().chain(added);
        let mut members: Vec<_> =
            parameters.map(|name| ChangedMember::set(ChangedPart::Parameter, name)).collect();
        let removed = self.remove_parameters.iter();
        members.extend(removed.map(|name| ChangedMember::removed(ChangedPart::Parameter, name)));
        let fields = self.headers.keys().map(|name| name.to_ascii_lowercase());
        members.extend(fields.map(|name| ChangedMember::set(ChangedPart::Request, name)));
        let mut also = |part, name: &str| members.push(ChangedMember::set(part, name));
        for (is_changed, name) in [
            (self.method.is_some(), "method"),
            (self.content_type.is_some(), "content-type"),
            (!self.move_to_query.is_empty(), "query"),
            (self.body.is_some(), "body"),
            (self.dpop.is_some(), "dpop"),
        ] {
            if is_changed {
                also(ChangedPart::Request, name);
            }
        }
        if let Some(change) = &self.client_authentication {
            let in_body = ClientAuthenticationChange {
                client_id_in_body: change.client_id_in_body,
                ..ClientAuthenticationChange::default()
            };
            also(ChangedPart::Parameter, "client_id");
            if *change != in_body {
                if change.named_method() == Some(ClientAuthenticationMethod::PrivateKeyJwt) {
                    also(ChangedPart::Parameter, "client_assertion");
                } else {
                    also(ChangedPart::Request, "authorization");
                    also(ChangedPart::Parameter, "client_secret");
                }
            }
        }
        members
    }
}

fn describe_client(change: &ClientAuthenticationChange) -> Vec<String> {
    let mut words = Vec::new();
    words.extend(change.method.iter().map(|method| format!("client authentication {}", method.name())));
    match change.client {
        ClientChoice::Registered => {}
        ClientChoice::Other => words.push("authenticated as the other client".to_owned()),
        ClientChoice::Unauthorized => {
            words.push("authenticated as a client that may not use this grant".to_owned());
        }
        ClientChoice::Public => words.push("the public client".to_owned()),
        ClientChoice::Unknown => words.push("a client id that is registered nowhere".to_owned()),
        ClientChoice::Absent => words.push("no client authentication".to_owned()),
    }
    match change.secret {
        SecretChoice::Right => {}
        SecretChoice::Wrong => words.push("a wrong client secret".to_owned()),
        SecretChoice::Empty => words.push("an empty client secret".to_owned()),
        SecretChoice::Prefix => words.push("the client secret without its last character".to_owned()),
    }
    words.extend(change.authorization.iter().map(|value| format!("Authorization: {}", clip(value, SHOWN))));
    if change.other_secret_method {
        words.push("the client secret sent the other way".to_owned());
    }
    if change.without_form_encoding {
        words.push("HTTP Basic without form-encoding".to_owned());
    }
    if change.unadvertised_algorithm {
        words.push("the client assertion signed by an algorithm that the metadata does not list".to_owned());
    }
    let of_assertion = change.client_assertion.iter().flat_map(IdJagChange::describe);
    words.extend(of_assertion.map(|what| format!("of the client assertion: {what}")));
    words.extend(change.client_id_in_body.iter().map(|inside| {
        if *inside { "`client_id` in the body as well" } else { "no `client_id` in the body" }.to_owned()
    }));
    words
}
