//! Changes of the ID-JAG and of the token request: that no two of them contradict each other, that header fields can
//! be sent, and that every `${…}` is a variable. Applying them is not done here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Checker, texts};
use crate::{
    idjag::{CompactDefect, Duplicate, EncryptedContent, IdJagChange, MOST, SignatureDefect},
    suite::Constraint,
    template,
    token_request::{
        BodyForm, ClientAuthenticationChange, ClientAuthenticationMethod, ClientChoice, DpopChange,
        SecretChoice, TokenRequestChange,
    },
    yaml::Path,
};

impl Checker<'_> {
    /// The changes of the ID-JAG under `path`.
    pub(super) fn id_jag(&mut self, path: &Path<'_>, change: &IdJagChange) {
        let claims: Vec<_> = change.claims.keys().map(String::as_str).collect();
        self.members(
            path,
            "claim",
            &claims,
            &change.remove_claims,
            &change.raw_claims,
            &change.duplicate_claims,
            ["claims", "remove_claims", "raw_claims", "duplicate_claims"],
        );
        let header: Vec<_> = change.header.keys().map(String::as_str).collect();
        self.members(
            path,
            "header member",
            &header,
            &change.remove_header,
            &change.raw_header,
            &change.duplicate_header,
            ["header", "remove_header", "raw_header", "duplicate_header"],
        );
        if matches!(change.signature, Some(SignatureDefect::Hmac(_))) {
            for (given, key) in [(change.key.is_some(), "key"), (change.algorithm.is_some(), "algorithm")] {
                if given {
                    let signature = self.positions.key(&path.key("signature"));
                    self.problem(
                        self.key(&path.key(key), format!("`{key}` has no effect beside a MAC"))
                            .also(signature, "which takes the place of the signature")
                            .help("the MAC's own `algorithm` and `secret` say all"),
                    );
                }
            }
        }
        let claims_changed = !(change.claims.is_empty()
            && change.remove_claims.is_empty()
            && change.raw_claims.is_empty()
            && change.duplicate_claims.is_empty());
        if change.payload.is_some() && claims_changed {
            let problem =
                self.key(&path.key("payload"), "the payload is replaced: no change of a claim has an effect");
            self.problem(problem.help("leave one of the two out"));
        }
        self.wrapping(path, change);
        let compact = path.key("compact");
        for (at, defect) in change.compact.iter().enumerate() {
            if matches!(defect, CompactDefect::Replaced(_)) {
                let alone =
                    IdJagChange { compact: vec![defect.clone()], ..IdJagChange::default() } == *change;
                if !alone {
                    let message = "the whole token is replaced: no other change of the ID-JAG has an effect";
                    self.problem(self.value(&compact.index(at), message).help("leave the other changes out"));
                }
            } else if change.compact[..at].contains(defect) {
                self.problem(self.value(&compact.index(at), "the same defect twice"));
            }
        }
        texts::of_id_jag(path, change, &mut |path, value| self.text(path, value));
    }

    /// What is around the ID-JAG, and how much is in it.
    fn wrapping(&mut self, path: &Path<'_>, change: &IdJagChange) {
        if let Some(bulk) = change.bulk.filter(|bulk| bulk.number() > MOST || bulk.number() == 0) {
            let message = format!("the number {} is not between 1 and {MOST}", bulk.number());
            self.problem(self.key(&path.key("bulk"), message));
        }
        let Some(encryption) = change.encrypted else { return };
        let encrypted = self.positions.key(&path.key("encrypted"));
        if change.nested.is_some() {
            let problem = self.key(&path.key("nested"), "both `nested` and `encrypted`");
            self.problem(problem.also(encrypted, "first here").help("make two cases of it"));
            return;
        }
        if encryption.content == EncryptedContent::Signed {
            return;
        }
        let without_effect = [
            ("key", change.key.is_some()),
            ("algorithm", change.algorithm.is_some()),
            ("signature", change.signature.is_some()),
        ];
        for (key, _) in without_effect.into_iter().filter(|(_, given)| *given) {
            let problem = self.key(&path.key(key), format!("`{key}` has no effect: nothing is signed"));
            self.problem(
                problem
                    .also(encrypted.clone(), "this is encrypted without a signature")
                    .help("`content: signed` encrypts the signed ID-JAG"),
            );
        }
    }

    /// A DPoP proof under `path`.
    fn dpop(&mut self, path: &Path<'_>, dpop: &DpopChange) {
        let set = |members: &serde_json::Map<String, Value>| members.keys().cloned().collect::<Vec<_>>();
        let (none, nothing) = (BTreeMap::new(), Vec::new());
        for (what, members, removed, keys) in [
            ("claim", set(&dpop.claims), &dpop.remove_claims, ["claims", "remove_claims", "", ""]),
            ("header member", set(&dpop.header), &dpop.remove_header, ["header", "remove_header", "", ""]),
        ] {
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            self.members(path, what, &members, removed, &none, &nothing, keys);
        }
        if dpop.copies.is_some_and(|copies| copies > 4) {
            self.problem(self.value(&path.key("copies"), "more than 4 copies of a proof"));
        }
        let fresh = DpopChange { same_proof: dpop.same_proof, copies: dpop.copies, ..DpopChange::default() };
        let none_is_made = dpop.same_proof || dpop.copies == Some(0);
        if none_is_made && fresh != *dpop {
            let problem = self.key(path, "no proof is made here: what differs in it has no effect");
            self.problem(problem.help("leave the other changes of the proof out"));
        }
    }

    /// Members of the claims or of the header: at most one of set, removed and raw.
    #[expect(
        clippy::too_many_arguments,
        reason = "claims and header have the same four lists under other names"
    )]
    fn members(
        &mut self,
        path: &Path<'_>,
        what: &str,
        set: &[&str],
        removed: &[String],
        raw: &BTreeMap<String, String>,
        duplicates: &[Duplicate],
        [set_key, remove_key, raw_key, duplicate_key]: [&str; 4],
    ) {
        let (set_path, remove_path, raw_path) = (path.key(set_key), path.key(remove_key), path.key(raw_key));
        for (at, name) in removed.iter().enumerate() {
            let item = remove_path.index(at);
            let other = if set.contains(&name.as_str()) {
                Some((set_path.key(name), "set here"))
            } else if raw.contains_key(name) {
                Some((raw_path.key(name), "set here"))
            } else {
                None
            };
            if let Some((other, label)) = other {
                let problem = self.value(&item, format!("the {what} `{name}` is removed and set"));
                self.problem(problem.label("removed here").also(self.positions.key(&other), label));
            }
            if removed[..at].contains(name) {
                self.problem(self.value(&item, format!("the {what} `{name}` is removed twice")));
            }
        }
        for name in raw.keys().filter(|name| set.contains(&name.as_str())) {
            let problem = self.key(&raw_path.key(name), format!("the {what} `{name}` is set twice"));
            self.problem(problem.also(self.positions.key(&set_path.key(name)), "first here"));
        }
        let duplicate_path = path.key(duplicate_key);
        for (at, duplicate) in duplicates.iter().enumerate() {
            if let Some(removed_at) = removed.iter().position(|name| *name == duplicate.name) {
                let item = duplicate_path.index(at);
                let message =
                    format!("the {what} `{}` is removed: there is nothing to duplicate", duplicate.name);
                let removed = self.positions.value(&remove_path.index(removed_at));
                self.problem(self.value(&item.key("name"), message).also(removed, "removed here"));
            }
        }
    }

    /// The changes of the token request under `path`.
    pub(super) fn token_request(&mut self, path: &Path<'_>, change: &TokenRequestChange) {
        if let Some(method) = change.method.as_deref().filter(|method| !is_token(method)) {
            self.problem(self.value(&path.key("method"), format!("`{method}` is no HTTP method")));
        }
        let removed_path = path.key("remove_parameters");
        for (at, name) in change.remove_parameters.iter().enumerate() {
            let set = path.key("parameters");
            if change.parameters.contains_key(name) {
                let problem =
                    self.value(&removed_path.index(at), format!("the parameter `{name}` is removed and set"));
                self.problem(
                    problem.label("removed here").also(self.positions.key(&set.key(name)), "set here"),
                );
            }
        }
        let moved_path = path.key("move_to_query");
        if change.move_to_query.len() > 1
            && let Some(at) = change.move_to_query.iter().position(|name| name == "all")
        {
            self.problem(
                self.value(&moved_path.index(at), "`all` moves every parameter: the others say nothing"),
            );
        }
        for (at, name) in change.move_to_query.iter().enumerate() {
            if change.remove_parameters.contains(name) {
                self.problem(
                    self.value(&moved_path.index(at), format!("the parameter `{name}` is removed and moved")),
                );
            }
        }
        if change.body == Some(BodyForm::Empty) && !change.parameters.is_empty() {
            let problem =
                self.key(&path.key("parameters"), "parameters have no effect in a request without a body");
            self.problem(problem.also(self.positions.value(&path.key("body")), "no body"));
        }
        self.header_fields(path, change);
        if let Some(dpop) = &change.dpop {
            self.dpop(&path.key("dpop"), dpop);
        }
        if let Some(authentication) = &change.client_authentication {
            self.client_authentication(&path.key("client_authentication"), authentication, change);
        }
        texts::of_token_request(path, change, &mut |path, value| self.text(path, value));
    }

    fn header_fields(&mut self, path: &Path<'_>, change: &TokenRequestChange) {
        let headers = path.key("headers");
        if let Some(value) = change.content_type.as_deref().filter(|value| !is_field_value(value)) {
            let message = format!("`{}` cannot be the value of a header field", value.escape_debug());
            self.problem(self.value(&path.key("content_type"), message));
        }
        for (name, value) in &change.headers {
            let field = headers.key(name);
            self.header_name(&field, name);
            if !is_field_value(value) {
                let message = format!("`{}` cannot be the value of a header field", value.escape_debug());
                self.problem(
                    self.value(&field, message).help("line breaks and control characters cannot be sent"),
                );
            }
            let other = match name.to_ascii_lowercase().as_str() {
                "content-type" if change.content_type.is_some() => Some(path.key("content_type")),
                _ => None,
            };
            if let Some(other) = other {
                let problem = self.key(&field, format!("the header field `{name}` is set twice"));
                self.problem(problem.also(self.positions.key(&other), "first here"));
            }
        }
    }

    /// The name of a header field, as a key.
    pub(super) fn header_name(&mut self, path: &Path<'_>, name: &str) {
        if !is_token(name) {
            let problem = self.key(path, format!("`{}` is no name of a header field", name.escape_debug()));
            self.problem(problem.help("letters, digits and hyphens, as in `Cache-Control`"));
        }
    }

    fn client_authentication(
        &mut self,
        path: &Path<'_>,
        change: &ClientAuthenticationChange,
        request: &TokenRequestChange,
    ) {
        let secret_is_changed = change.secret != SecretChoice::Right;
        if change.client == ClientChoice::Absent {
            let said = [
                ("method", change.method.is_some()),
                ("secret", secret_is_changed),
                ("authorization", change.authorization.is_some()),
                ("client_id_in_body", change.client_id_in_body == Some(true)),
                ("other_secret_method", change.other_secret_method),
                ("without_form_encoding", change.without_form_encoding),
                ("client_assertion", change.client_assertion.is_some()),
                ("unadvertised_algorithm", change.unadvertised_algorithm),
            ];
            for (key, _) in said.into_iter().filter(|(_, given)| *given) {
                let problem = self.key(&path.key(key), format!("`{key}` contradicts `client: absent`"));
                let client = self.positions.value(&path.key("client"));
                self.problem(problem.also(client, "neither id nor credential is sent"));
            }
            return;
        }
        if let Some(assertion) = &change.client_assertion {
            self.id_jag(&path.key("client_assertion"), assertion);
        }
        for (key, given, of_its_method) in [
            (
                "client_assertion",
                change.client_assertion.is_some(),
                ClientAuthenticationMethod::PrivateKeyJwt,
            ),
            (
                "unadvertised_algorithm",
                change.unadvertised_algorithm,
                ClientAuthenticationMethod::PrivateKeyJwt,
            ),
            (
                "without_form_encoding",
                change.without_form_encoding,
                ClientAuthenticationMethod::ClientSecretBasic,
            ),
        ] {
            if let Some(method) = change.method.filter(|method| given && *method != of_its_method) {
                let message = format!("`{key}` is of {}, not of {}", of_its_method.name(), method.name());
                let problem = self.key(&path.key(key), message);
                self.problem(problem.also(self.positions.value(&path.key("method")), "the method"));
            }
        }
        if let (true, Some(method)) = (change.other_secret_method, change.named_method()) {
            let message = format!("the method is `{}`: there is no other way", method.name());
            let problem = self.key(&path.key("other_secret_method"), message);
            self.problem(problem.help("leave the method to the baseline"));
        }
        if change.unadvertised_algorithm
            && change.client_assertion.as_ref().is_some_and(|assertion| assertion.algorithm.is_some())
        {
            let algorithm = self.positions.key(&path.key("client_assertion").key("algorithm"));
            let problem = self.key(&path.key("unadvertised_algorithm"), "the algorithm is set twice");
            self.problem(problem.also(algorithm, "first here"));
        }
        if secret_is_changed && change.named_method().is_some_and(|method| !method.sends_a_secret()) {
            let says = match change.method {
                Some(_) => path.key("method"),
                None if change.client_assertion.is_some() => path.key("client_assertion"),
                None => path.key("unadvertised_algorithm"),
            };
            let problem = self.key(&path.key("secret"), "this method sends no secret");
            self.problem(problem.also(self.positions.value(&says), "the method"));
        }
        if change.authorization.is_some() {
            if secret_is_changed {
                let problem =
                    self.key(&path.key("secret"), "the secret has no effect beside `authorization`");
                self.problem(
                    problem.also(self.positions.key(&path.key("authorization")), "sent as it stands"),
                );
            }
            if let Some(name) = request.headers.keys().find(|name| name.eq_ignore_ascii_case("authorization"))
            {
                let problem = self.key(&path.key("authorization"), "the Authorization header is set twice");
                let label = format!("as the header field `{name}` of this request");
                self.problem(problem.label(label));
            }
        }
    }

    /// A text with variables, or a number.
    pub(super) fn text(&mut self, path: &Path<'_>, value: &Value) {
        match value {
            Value::String(text) => {
                let Err(error) = template::check(text) else { return };
                let part = text.get(error.offset..error.offset + error.len).unwrap_or_default();
                // A text with escapes or of several lines is not written as it is: then all of it is shown.
                let place = if part.is_empty() {
                    self.positions.value(path)
                } else {
                    self.positions.part(path, part)
                };
                let mut problem = crate::problem::Problem::new(place, error.message);
                problem.help = error.help;
                self.problem(problem);
            }
            // Beyond 64 bits, YAML's numbers become fractions, which are written otherwise.
            Value::Number(number) if number.is_f64() => {
                let written = self.positions.written(path);
                let is_whole = !written.is_empty()
                    && written.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
                if is_whole {
                    let message = format!("the number {written} is too large to be kept digit by digit");
                    self.problem(
                        self.value(path, message).help("write it as text under `raw_claims` or `raw_header`"),
                    );
                }
            }
            _ => {}
        }
    }

    /// The variables in constraints under `path`.
    pub(super) fn constraint_texts(&mut self, path: &Path<'_>, constraints: &BTreeMap<String, Constraint>) {
        texts::of_constraints(path, constraints, &mut |path, value| self.text(path, value));
    }
}

/// A `token` of RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A field value of RFC 9110 section 5.5; variables hold none of what is forbidden.
fn is_field_value(text: &str) -> bool {
    !text.chars().any(|character| character.is_control() && character != '\t')
}
