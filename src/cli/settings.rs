//! From options as typed to settings that can run. Every mistake is found here, before anything is sent.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value};

use super::options::RunOptions;
use crate::{
    discovery::split_origin,
    keys::Algorithm,
    playground::Playground,
    settings::{
        Client, ClientIdInBody, HttpSettings, IdpFiles, POLICIES, Profile, SUBJECT, Secret, Selection,
        Settings,
    },
    token_request::ClientAuthenticationMethod,
};

/// A mistake in the options.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{option}: {problem}")]
pub struct UsageError {
    /// The option, as it is typed.
    pub option: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
}

fn wrong(option: &'static str, problem: impl Into<String>) -> UsageError {
    UsageError { option, problem: problem.into() }
}

/// What the target's side and the IdP's side settle only when they are started.
#[derive(Debug, Clone)]
pub struct Started {
    /// The target's issuer identifier.
    pub target: String,
    /// The IdP's issuer identifier.
    pub idp_issuer: String,
    /// The client, of the playground.
    pub client: Option<Client>,
    /// The second client, of the playground.
    pub other_client: Option<Client>,
    /// The client without the grant, of the playground.
    pub unauthorized_client: Option<Client>,
    /// The public client, of the playground.
    pub public_client: Option<Client>,
    /// The scope, of the playground.
    pub scope: Option<String>,
    /// The resource, of the playground.
    pub resource: Option<String>,
    /// The second resource, of the playground.
    pub other_resource: Option<String>,
    /// The subject of its access tokens, of the playground.
    pub expect_subject: Option<String>,
}

/// Settings of the options; `target` and `idp_issuer` are still to be settled where the run starts them itself.
///
/// # Errors
/// The first [`UsageError`].
pub fn settings(options: &RunOptions, selection: Selection) -> Result<Settings, UsageError> {
    let target = options.target.clone().unwrap_or_default();
    let embedded = options.target.is_none();
    if !embedded {
        check_target(&target)?;
    }
    let mut client = read_client(
        options.client_id.as_ref(),
        options.client_secret.as_ref(),
        ("--client-id", "--client-secret"),
    )?;
    match (&mut client, &options.client_key) {
        (Some(client), Some(_)) => client.has_key = true,
        (None, Some(_)) if !embedded => {
            return Err(wrong("--client-key", "a key without a client; add --client-id ID"));
        }
        (_, None) | (None, Some(_)) => {}
    }
    let other_client = read_client(
        options.other_client_id.as_ref(),
        options.other_client_secret.as_ref(),
        ("--other-client-id", "--other-client-secret"),
    )?;
    let unauthorized_client = read_client(
        options.unauthorized_client_id.as_ref(),
        options.unauthorized_client_secret.as_ref(),
        ("--unauthorized-client-id", "--unauthorized-client-secret"),
    )?;
    let public_client =
        read_client(options.public_client_id.as_ref(), None, ("--public-client-id", "--public-client-id"))?;
    let clients = [
        ("--client-id", &client),
        ("--other-client-id", &other_client),
        ("--unauthorized-client-id", &unauthorized_client),
        ("--public-client-id", &public_client),
    ];
    distinct(&clients)?;
    if embedded && clients.iter().any(|(_, client)| client.is_some()) {
        return Err(wrong("--client-id", "the embedded playground has clients of its own; add --target URL"));
    }
    let (algorithm, algorithm_fixed) = match &options.idp_alg {
        Some(name) => {
            let names = Algorithm::OFFERED.map(Algorithm::name);
            let algorithm =
                name.parse().map_err(|_| wrong("--idp-alg", unknown("algorithm", name, &names)))?;
            (algorithm, true)
        }
        None => (Algorithm::RS256, false),
    };
    let profile = match &options.profile {
        None => Profile::default(),
        Some(name) => {
            let names = Profile::ALL.map(Profile::name);
            Profile::ALL
                .into_iter()
                .find(|profile| profile.name() == name)
                .ok_or_else(|| wrong("--profile", unknown("profile", name, &names)))?
        }
    };
    Ok(Settings {
        target,
        embedded,
        client_auth: client_auth(options, client.as_ref())?,
        client,
        other_client,
        unauthorized_client,
        public_client,
        client_id_in_body: match options.client_id_in_body.as_deref() {
            None | Some("auto") => ClientIdInBody::Auto,
            Some("yes") => ClientIdInBody::Yes,
            Some("no") => ClientIdInBody::No,
            Some(other) => {
                return Err(wrong("--client-id-in-body", unknown("value", other, &["yes", "no", "auto"])));
            }
        },
        subject: options.subject.clone().unwrap_or_else(|| SUBJECT.to_owned()),
        claims: claims(options.claim.as_deref().unwrap_or_default())?,
        expect_subject: options.expect_subject.clone(),
        scope: options.scope.clone().filter(|scope| !scope.is_empty()),
        resource: options.resource.clone().filter(|resource| !resource.is_empty()),
        other_resource: options.other_resource.clone().filter(|resource| !resource.is_empty()),
        idp_issuer: options.idp_issuer.clone().unwrap_or_default(),
        idp: IdpFiles {
            listen: options.idp_listen.clone(),
            tls_cert: options.idp_tls_cert.clone(),
            tls_key: options.idp_tls_key.clone(),
            key: options.idp_key.clone(),
            client_key: options.client_key.clone(),
        },
        idp_static: false, // found out once the IdP listens
        other_idp_issuer: options.other_idp_issuer.unwrap_or(embedded),
        algorithm,
        algorithm_fixed,
        profile,
        policies: policies(options.policy.as_deref().unwrap_or_default(), profile)?,
        suites: options.suite.clone().unwrap_or_default(),
        selection,
        jobs: match options.jobs {
            Some(0) => return Err(wrong("--jobs", "0 cases at once run none; give 1 or more")),
            jobs => jobs.unwrap_or(8).min(1024),
        },
        timeout: seconds("--timeout", options.timeout, 10.0, 0.05)?,
        rate: match options.rate {
            Some(0) => return Err(wrong("--rate", "0 exchanges a second send nothing; give 1 or more")),
            rate => rate,
        },
        wait: seconds("--wait", options.wait, 0.0, 0.0)?,
        max_wait: seconds("--max-wait", options.max_wait, 0.0, 0.0)?,
        intrusive: intrusive(options.intrusive.as_deref(), options.target.as_deref())?,
        strict: options.strict.unwrap_or(false),
        probes: !options.no_probes.unwrap_or(false),
        http: HttpSettings {
            ca_cert: options.ca_cert.clone(),
            insecure: options.insecure.unwrap_or(false),
            headers: headers(options.header.as_deref().unwrap_or_default())?,
        },
        show_secrets: options.show_secrets.unwrap_or(false),
        keep_exchanges: options.keep_exchanges.unwrap_or(false),
    })
}

impl Settings {
    /// Fills in what only the started IdP and playground know.
    pub fn started(mut self, started: Started) -> Self {
        self.target = started.target;
        self.idp_issuer = started.idp_issuer;
        self.client = self.client.or(started.client);
        self.other_client = self.other_client.or(started.other_client);
        self.unauthorized_client = self.unauthorized_client.or(started.unauthorized_client);
        self.public_client = self.public_client.or(started.public_client);
        self.scope = self.scope.or(started.scope);
        self.resource = self.resource.or(started.resource);
        self.other_resource = self.other_resource.or(started.other_resource);
        self.expect_subject = self.expect_subject.or(started.expect_subject);
        if self.embedded {
            // What the playground knows of its user.
            let email = || Playground::EMAIL.into();
            self.claims.entry("email").or_insert_with(email);
        }
        self
    }
}

/// The issuer identifier stays the text that was typed; what is checked is that requests can be made of it.
fn check_target(target: &str) -> Result<(), UsageError> {
    if target.is_empty() {
        return Err(wrong("--target", "it is empty; write https://host[:port][/path], or leave it out"));
    }
    let (origin, rest) = split_origin(target);
    if !(target.starts_with("http://") || target.starts_with("https://")) {
        let guess = target.trim_start_matches('/');
        return Err(wrong(
            "--target",
            format!("`{target}` has no scheme; write https://{guess} (or http://{guess})"),
        ));
    }
    let parsed = url::Url::parse(target).map_err(|error| {
        wrong("--target", format!("`{target}` is no URL ({error}); write https://host[:port][/path]"))
    })?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(wrong("--target", "an issuer identifier has no user name; use --client-id"));
    }
    if rest.contains(['?', '#']) {
        return Err(wrong(
            "--target",
            format!(
                "an issuer identifier has no query and no fragment (RFC 8414 section 2); `{origin}…` has"
            ),
        ));
    }
    if target.contains("/.well-known/") {
        return Err(wrong(
            "--target",
            "give the issuer identifier, not the address of its metadata: jagspec finds that itself",
        ));
    }
    Ok(())
}

/// An empty secret is none (CONTRACT, `--client-id`).
fn read_client(
    id: Option<&String>,
    secret: Option<&String>,
    (id_option, secret_option): (&'static str, &'static str),
) -> Result<Option<Client>, UsageError> {
    let secret = secret.filter(|secret| !secret.is_empty()).map(Secret::new);
    match id.filter(|id| !id.is_empty()) {
        Some(id) => Ok(Some(Client { id: id.clone(), secret, has_key: false })),
        None if secret.is_some() => {
            Err(wrong(secret_option, format!("a secret without a client; add {id_option} ID")))
        }
        None => Ok(None),
    }
}

/// A client that stands for two proves nothing of either.
fn distinct(clients: &[(&'static str, &Option<Client>)]) -> Result<(), UsageError> {
    for (at, (option, client)) in clients.iter().enumerate() {
        let Some(client) = client else { continue };
        let same = |(_, other): &&(&'static str, &Option<Client>)| {
            other.as_ref().is_some_and(|other| other.id == client.id)
        };
        if let Some((first, _)) = clients[..at].iter().find(same) {
            return Err(wrong(option, format!("it is the client of {first}; another one is needed")));
        }
    }
    Ok(())
}

fn client_auth(
    options: &RunOptions,
    client: Option<&Client>,
) -> Result<Option<ClientAuthenticationMethod>, UsageError> {
    let Some(name) = &options.client_auth else { return Ok(None) };
    let methods = ClientAuthenticationMethod::ALL;
    let method = methods.into_iter().find(|method| method.name() == name).ok_or_else(|| {
        wrong("--client-auth", unknown("method", name, &methods.map(|method| method.name())))
    })?;
    if method.sends_a_secret() && client.is_some_and(|client| client.secret.is_none()) {
        return Err(wrong("--client-auth", format!("{name} needs a secret; add --client-secret")));
    }
    let needs_key = method == ClientAuthenticationMethod::PrivateKeyJwt;
    if needs_key && client.is_some_and(|client| !client.has_key) {
        return Err(wrong("--client-auth", format!("{name} needs a key; add --client-key FILE")));
    }
    Ok(Some(method))
}

/// `auto`: only what is on this machine is loaded unasked.
fn intrusive(typed: Option<&str>, target: Option<&str>) -> Result<bool, UsageError> {
    match typed {
        Some("yes") => Ok(true),
        None | Some("no") => Ok(false),
        Some("auto") => Ok(target.is_none_or(is_loopback)),
        Some(other) => Err(wrong("--intrusive", unknown("value", other, &["yes", "no", "auto"]))),
    }
}

fn is_loopback(target: &str) -> bool {
    let host = url::Url::parse(target).ok().and_then(|url| url.host().map(|host| host.to_owned()));
    match host {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        // RFC 6761 section 6.3.
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn claims(typed: &[String]) -> Result<Map<String, Value>, UsageError> {
    typed
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| {
            let (name, json) = text.split_once('=').ok_or_else(|| {
                wrong("--claim", format!("`{text}` has no `=`; write NAME=JSON, such as {text}='\"value\"'"))
            })?;
            let value = serde_json::from_str(json).map_err(|error| {
                wrong(
                    "--claim",
                    format!(
                        "the value of `{name}` is no JSON ({error}); a string needs its quotes: {name}='\"{}\"'",
                        json.trim_matches('"')
                    ),
                )
            })?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

fn policies(typed: &[String], profile: Profile) -> Result<BTreeMap<String, String>, UsageError> {
    let mut policies = BTreeMap::new();
    if profile == Profile::McpEma {
        policies.insert("replay".to_owned(), "single-use".to_owned());
    }
    for text in typed.iter().filter(|text| !text.is_empty()) {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| wrong("--policy", format!("`{text}` has no `=`; write NAME=VALUE")))?;
        let names = POLICIES.map(|(name, _)| name);
        let (_, values) = POLICIES
            .into_iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| wrong("--policy", unknown("policy", name, &names)))?;
        if !values.contains(&value) {
            return Err(wrong("--policy", unknown(&format!("value of `{name}`"), value, &values)));
        }
        policies.insert(name.to_owned(), value.to_owned());
    }
    Ok(policies)
}

fn headers(typed: &[String]) -> Result<Vec<(String, Secret)>, UsageError> {
    typed
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| {
            // The text is not repeated: the value of a gateway's header is a secret.
            let (name, value) = text
                .split_once(':')
                .ok_or_else(|| wrong("--header", "a header without `:`; write 'NAME: VALUE'"))?;
            let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(token) {
                return Err(wrong(
                    "--header",
                    "the part before `:` is no header name (RFC 9110 section 5.1)",
                ));
            }
            let value = value.trim();
            if value.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
                return Err(wrong("--header", format!("the value of `{name}` has a control character")));
            }
            Ok((name.to_owned(), Secret::new(value)))
        })
        .collect()
}

fn seconds(
    option: &'static str,
    typed: Option<f64>,
    default: f64,
    least: f64,
) -> Result<Duration, UsageError> {
    let seconds = typed.unwrap_or(default);
    if !(least..=86_400.0).contains(&seconds) {
        return Err(wrong(option, format!("{seconds} seconds; give a number from {least} to 86400")));
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// `unknown profile `drat`; did you mean `draft`? (draft, draft-next, mcp-ema, xaa)`, or without the question where
/// no word is near.
pub(super) fn unknown(kind: &str, word: &str, known: &[&str]) -> String {
    let nearest = crate::problem::nearest(word, known.iter().copied());
    let hint = nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("unknown {kind} `{word}`{hint} ({})", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_loaded_where_that_is_asked_for_or_it_is_on_this_machine() {
        let runs = |typed: Option<&str>, target: Option<&str>| intrusive(typed, target).unwrap();
        for target in [None, Some("http://127.0.0.1:9556"), Some("https://as.example")] {
            assert!(runs(Some("yes"), target));
            assert!(!runs(Some("no"), target) && !runs(None, target));
        }
        for here in [
            "http://127.0.0.1:9556/t",
            "http://127.9.9.9",
            "http://[::1]:1",
            "http://LOCALHOST",
            "http://as.localhost:80",
        ] {
            assert!(runs(Some("auto"), Some(here)), "{here}");
        }
        for elsewhere in
            ["https://as.example", "http://10.0.0.1", "http://localhost.example", "http://128.0.0.1"]
        {
            assert!(!runs(Some("auto"), Some(elsewhere)), "{elsewhere}");
        }
        assert!(runs(Some("auto"), None), "the embedded playground");
    }
}
