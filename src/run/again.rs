//! How a reader of a report sends an exchange once more: the command line, with `jagspec mint` for the ID-JAG, and
//! what has to be known before it is pasted.

use std::path::Path;

use super::{minting::Minted, session::Session};
use crate::{
    idjag::{EncryptionKey, HmacSecret, IdJagChange, KeyChoice, SignatureDefect},
    keys::Algorithm,
    observation::HttpRequest,
    report::{
        RequestReport,
        curl::{Command, Line, Source, StandIns, curl},
        shell,
    },
    settings::{IDP_LISTEN, SUBJECT, Settings},
    suite::{Case, Exchange, Send, Step},
    token_request::dpop,
};

/// No longer line is of use to anybody, and a report may hold hundreds.
const LONGEST: usize = 64 * 1024;

/// Why an exchange was made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin<'a> {
    /// A request of a case.
    Case {
        /// The case.
        case: &'a Case,
        /// Which of its requests, from 0.
        request: usize,
        /// The `jti` that they share.
        jti: &'a str,
    },
    /// A control or a probe.
    Own,
}

impl<'a> Origin<'a> {
    pub(super) fn case_jti(self) -> &'a str {
        match self {
            Origin::Case { jti, .. } => jti,
            Origin::Own => "",
        }
    }

    /// The token requests of the case.
    fn requests(self) -> Vec<&'a Send> {
        match self {
            Origin::Case { case, .. } => case.requests().collect(),
            Origin::Own => Vec::new(),
        }
    }
}

/// A request of the discovery: it holds nothing that runs out.
pub(super) fn discovery(settings: &Settings, request: &HttpRequest) -> Command {
    let line = curl(&report(request), &options(settings), &StandIns::default());
    let mut hints = Vec::new();
    if settings.embedded {
        hints.push(playground(settings));
    }
    hints.extend(gateway(settings));
    Command { line: line.text, hints }
}

/// A token request.
pub(super) fn token_request(
    session: &Session,
    algorithm: Algorithm,
    [setup, defect]: [&Exchange; 2],
    origin: Origin<'_>,
    request: &HttpRequest,
    id_jag: &Minted,
) -> Command {
    let settings = &session.settings;
    let requests = origin.requests();
    let at = match origin {
        Origin::Case { request, .. } => request,
        Origin::Own => 0,
    };
    let is_again = |at: usize| requests.get(at).is_some_and(|send| send.same_assertion);
    // The request that made the ID-JAG of this one.
    let made_at = (0..=at).rev().find(|at| !is_again(*at)).unwrap_or(0);
    let defect_of_id_jag = requests.get(made_at).map_or(&defect.id_jag, |send| &send.exchange.id_jag);
    let changes = [&setup.id_jag, defect_of_id_jag];
    let shares_jti = defect_of_id_jag.uses("case.jti");
    // What only the target's own documents say, `jagspec mint` does not know; and no line writes an earlier ID-JAG anew.
    let of_the_target = ["target.encryption_jwk", "target.authorization_details_type"];
    let is_known = !of_the_target.iter().any(|name| changes.iter().any(|change| change.uses(name)));
    let is_rewritten = is_again(at) && !defect.id_jag.compact.is_empty();
    let can_be_made = is_known && !is_rewritten;
    let mint = mint(session, algorithm, changes, origin, made_at);
    let source = match (is_again(at), is_again(at + 1)) {
        (true, _) => Source::Earlier,
        (false, true) => Source::Kept(mint),
        (false, false) => Source::Command(mint),
    };
    let clients = [
        (settings.client.as_ref(), "JAGSPEC_CLIENT_SECRET"),
        (settings.other_client.as_ref(), "JAGSPEC_OTHER_CLIENT_SECRET"),
        (settings.unauthorized_client.as_ref(), "JAGSPEC_UNAUTHORIZED_CLIENT_SECRET"),
    ];
    let stand_ins = StandIns {
        id_jag: can_be_made.then_some((&id_jag.assertion, source)),
        secrets: clients
            .into_iter()
            .filter_map(|(client, variable)| Some((client?.secret.as_ref()?.expose(), variable)))
            .collect(),
    };
    let mut report = report(request);
    let mut line = curl(&report, &options(settings), &stand_ins);
    let is_cut = line.text.len() > LONGEST;
    if is_cut {
        report.body = report.body.chars().take(LONGEST / 8).collect();
        line = curl(&report, &options(settings), &stand_ins);
    }
    if shares_jti && line.id_jags > 0 && made_at == 0 {
        line.text.insert_str(0, "case_jti=$(date +%s)-$$ && ");
    }
    if changes.iter().any(|change| needs_secret(change)) && line.id_jags > 0 {
        line.variables.insert("JAGSPEC_CLIENT_SECRET");
    }
    let mut hints = Vec::new();
    if settings.embedded {
        hints.push(playground(settings));
    }
    if line.id_jags > 0 {
        hints.push(keys(settings));
        hints.extend(changes.iter().find_map(|change| own_keys(settings, change)));
    }
    hints.extend(said(&line));
    if report.body.contains("client_assertion=") {
        hints.push(
            "It holds the client assertion of the run, which has expired since; in a report its signature is hidden."
                .into(),
        );
    }
    if request.headers.iter().any(|(name, _)| name == dpop::FIELD) {
        hints.push("It holds the DPoP proof of the run, which has expired since.".into());
    }
    if is_cut {
        hints.push("The body is too long for a command line: this one sends its beginning.".into());
    }
    if let Origin::Case { case, .. } = origin {
        hints.extend(sequence(case, at, requests.len()));
    }
    hints.extend(gateway(settings));
    Command { line: line.text, hints }
}

/// What the line itself makes necessary to know.
fn said(line: &Line) -> Vec<String> {
    let mut hints = Vec::new();
    for variable in &line.variables {
        let whose = match *variable {
            "JAGSPEC_CLIENT_SECRET" => "the client's secret",
            "JAGSPEC_OTHER_CLIENT_SECRET" => "the second client's secret",
            _ => "the secret of the client without the grant",
        };
        hints.push(format!("It reads {whose} from `{variable}`: export that first."));
    }
    if line.encodes {
        hints.push(
            "The run form-encoded the secret (RFC 6749 section 2.3.1); the line encodes each byte of it, which is \
             read back to the same."
                .into(),
        );
    }
    if line.keeps_id_jag {
        hints.push("It holds the ID-JAG of the run, which has expired since.".into());
    }
    hints
}

/// Where the keys are to be had, should the target fetch them.
fn keys(settings: &Settings) -> String {
    if settings.idp_static {
        return format!("The target finds the keys where they are hosted: {}.", settings.idp_issuer);
    }
    let mut words = vec!["jagspec".to_owned(), "idp".to_owned(), "serve".to_owned()];
    let listen = match &settings.idp.listen {
        Some(listen) => Some(listen.clone()),
        // With the playground it had a port of its own.
        None if settings.embedded => {
            settings.idp_issuer.split_once("://").map(|(_, address)| address.to_owned())
        }
        None => None,
    };
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
    };
    let issuer = Some(&settings.idp_issuer);
    let derived = format!("http://{}", listen.as_deref().unwrap_or(IDP_LISTEN));
    option("--idp-listen", listen);
    option("--idp-issuer", issuer.filter(|issuer| **issuer != derived).cloned());
    option("--idp-tls-cert", settings.idp.tls_cert.as_deref().map(shown));
    option("--idp-tls-key", settings.idp.tls_key.as_deref().map(shown));
    option("--idp-key", settings.idp.key.as_deref().map(shown));
    option("--client-key", settings.idp.client_key.as_deref().map(shown));
    format!("Let `{}` publish the keys meanwhile: the target may fetch them.", shell::command(&words))
}

/// The embedded playground is gone, but one like it can be had at its address.
fn playground(settings: &Settings) -> String {
    let (origin, path) = crate::discovery::split_origin(&settings.target);
    let address = origin.split_once("://").map_or(origin, |(_, address)| address);
    let mut words = vec!["jagspec", "playground", "--listen", address, "--idp-issuer", &settings.idp_issuer];
    if !path.is_empty() {
        words.extend(["--issuer-path", path]);
    }
    format!("The playground of the run has ended with it: start `{}`.", shell::command(&words))
}

/// With `--idp-key` each process makes the keys of the other roles for itself.
fn own_keys(settings: &Settings, change: &IdJagChange) -> Option<String> {
    let whose = match change.key? {
        KeyChoice::OtherIssuer => "the second issuer's",
        KeyChoice::UntrustedIssuer => "the untrusted issuer's",
        // The playground's own client has one that no file holds.
        KeyChoice::Client if settings.idp.client_key.is_none() => {
            let words = "The client's key signs it: name one with --client-key, for `jagspec mint` and for \
                         `jagspec idp serve` (`jagspec idp key --make FILE` makes one).";
            return Some(words.to_owned());
        }
        _ => return None,
    };
    settings.idp.key.as_ref().map(|_| {
        format!(
            "With --idp-key, {whose} key is made anew by each command: the one that signs is not published."
        )
    })
}

fn needs_secret(change: &IdJagChange) -> bool {
    let is_mac = matches!(&change.signature, Some(SignatureDefect::Hmac(hmac)) if hmac.secret == HmacSecret::ClientSecret);
    let is_jwe = change.encrypted.is_some_and(|encryption| encryption.key == EncryptionKey::ClientSecret);
    is_mac || is_jwe || change.uses("client.secret")
}

/// What the case does besides.
fn sequence(case: &Case, at: usize, of: usize) -> Option<String> {
    let mut hint = String::new();
    if of > 1 {
        hint = format!("It is request {} of {of} of the case: send them in order, from one shell.", at + 1);
    }
    let events = case.events_before(at).filter_map(|step| match step {
        Step::Idp(action) => Some(action.sentence().to_owned()),
        Step::Wait(seconds) => Some(format!("{seconds} seconds pass")),
        _ => None,
    });
    let events = events.collect::<Vec<_>>().join("; ");
    if !events.is_empty() {
        let gap = if hint.is_empty() { "" } else { " " };
        hint.push_str(&format!("{gap}Before it, in the case: {events}. The line does not do that."));
    }
    (!hint.is_empty()).then_some(hint)
}

fn gateway(settings: &Settings) -> Option<String> {
    let names: Vec<&str> = settings.http.headers.iter().map(|(name, _)| name.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "The run also sent {} (--header) to the target; add it with -H: its value is a secret.",
            names.join(", ")
        )
    })
}

fn report(request: &HttpRequest) -> RequestReport {
    RequestReport {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.clone(),
        body: String::from_utf8_lossy(&request.body).into_owned(),
    }
}

/// What every line needs to reach the target as the run did.
fn options(settings: &Settings) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(path) = &settings.http.ca_cert {
        words.extend(["--cacert".to_owned(), shown(path)]);
    }
    if settings.http.insecure {
        words.push("--insecure".to_owned());
    }
    words
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The command that makes the ID-JAG.
fn mint(
    session: &Session,
    algorithm: Algorithm,
    changes: [&IdJagChange; 2],
    origin: Origin<'_>,
    request: usize,
) -> String {
    let settings = &session.settings;
    let uses = |variable| changes.iter().any(|change| change.uses(variable));
    let mut words: Vec<String> = ["jagspec", "mint", "--target", &session.issuer].map(str::to_owned).into();
    let mut option = |name: &str, value: Option<&str>| {
        words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value.to_owned()]));
    };
    option("--client-id", Some(&session.client.id));
    let other =
        settings.other_client.as_ref().filter(|_| uses("other_client.id") || uses("other_client.secret"));
    option("--other-client-id", other.map(|client| client.id.as_str()));
    for (name, variable, further) in [
        ("--unauthorized-client-id", "unauthorized_client.id", &settings.unauthorized_client),
        ("--public-client-id", "public_client.id", &settings.public_client),
    ] {
        option(name, further.as_ref().filter(|_| uses(variable)).map(|client| client.id.as_str()));
    }
    let by_client = changes.iter().any(|change| change.key == Some(KeyChoice::Client));
    let client_key = settings.idp.client_key.as_deref().filter(|_| by_client).map(shown);
    option("--client-key", client_key.as_deref());
    option("--subject", Some(settings.subject.as_str()).filter(|subject| *subject != SUBJECT));
    for (name, value) in &settings.claims {
        option("--claim", Some(&format!("{name}={value}")));
    }
    option("--scope", settings.scope.as_deref());
    option("--resource", settings.resource.as_deref());
    option("--other-resource", settings.other_resource.as_deref().filter(|_| uses("other_resource")));
    option("--expect-subject", settings.expect_subject.as_deref().filter(|_| uses("expect_subject")));
    let issuer = settings.idp_issuer.as_str();
    option("--idp-issuer", Some(issuer).filter(|issuer| *issuer != format!("http://{IDP_LISTEN}")));
    option("--idp-key", settings.idp.key.as_deref().map(shown).as_deref());
    let is_default = !settings.algorithm_fixed && algorithm == settings.algorithm;
    option("--idp-alg", (!is_default).then(|| algorithm.name()));
    option(
        "--token-endpoint",
        Some(session.token_endpoint.as_str()).filter(|_| uses("target.token_endpoint")),
    );
    match origin {
        // Of a case that changes the token request only, the ID-JAG is the well-formed one.
        Origin::Case { case, .. } if changes.iter().any(|change| !change.is_empty()) => {
            for path in &settings.suites {
                option("--suite", Some(&shown(path)));
            }
            option("--case", Some(&case.name()));
            if request > 0 {
                option("--step", Some(&(request + 1).to_string()));
            }
        }
        Origin::Case { .. } => {}
        Origin::Own => {
            for change in changes.into_iter().filter(|change| !change.is_empty()) {
                option("--change", Some(&change.in_words().to_string()));
            }
        }
    }
    let mut command = shell::command(&words);
    if changes[1].uses("case.jti") {
        let jti =
            if request == 0 { "$case_jti" } else { "${case_jti:?the line of an earlier request makes it}" };
        command.push_str(&format!(" --case-jti \"{jti}\""));
    }
    command
}

#[cfg(test)]
mod tests;
