//! The ladder of variants that is sent when the well-formed ID-JAG is refused: each one change away from it, the
//! cheap and telling ones first. Pure data; `run` sends them.

use serde_json::{Map, Value, json};

use super::client_probes;
use crate::{
    discovery::{Discovery, split_origin, toggled_slash},
    idjag::IdJagChange,
    keys::Algorithm,
    report::Blame,
    settings::Settings,
    suite::Exchange,
};

/// One variant, and what follows when it is accepted.
#[derive(Debug, Clone)]
pub struct Probe {
    /// What is changed, in words.
    pub change: String,
    /// The change.
    pub exchange: Exchange,
    /// The row that applies when the change flips the answer.
    pub row: &'static str,
    /// Whose move it is then.
    pub blame: Blame,
    /// Why the well-formed ID-JAG is refused, when the change flips the answer.
    pub cause: String,
    /// What to change.
    pub fix: String,
}

/// What the variants change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The ID-JAG.
    IdJag,
    /// The client assertion, where the client was refused by it.
    ClientAssertion,
    /// The credential in HTTP Basic, where the client was refused by it.
    Basic,
}

/// The ladder for this target. `clock_offset`: how far the target's clock is ahead of ours, in seconds, where its
/// `Date` header tells.
pub fn ladder(
    subject: Subject,
    settings: &Settings,
    discovery: &Discovery,
    clock_offset: Option<i64>,
) -> Vec<Probe> {
    match subject {
        Subject::IdJag => {}
        Subject::ClientAssertion => {
            return client_probes::of_the_assertion(settings, discovery, clock_offset);
        }
        Subject::Basic => return client_probes::of_basic(settings),
    }
    let mut probes = Vec::new();
    types(&mut probes);
    audiences(&mut probes, discovery);
    clocks(&mut probes, clock_offset);
    issuers(&mut probes, settings);
    client_ids(&mut probes, settings);
    grants(&mut probes, settings);
    further_claims(&mut probes);
    keys(&mut probes);
    algorithms(&mut probes, settings);
    probes
}

fn claims(pairs: &[(&str, Value)]) -> Exchange {
    let claims: Map<String, Value> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Exchange { id_jag: IdJagChange { claims, ..IdJagChange::default() }, ..Exchange::default() }
}

fn without(claim: &str) -> Exchange {
    let id_jag = IdJagChange { remove_claims: vec![claim.to_owned()], ..IdJagChange::default() };
    Exchange { id_jag, ..Exchange::default() }
}

fn header(name: &str, value: Option<Value>) -> Exchange {
    let mut id_jag = IdJagChange::default();
    match value {
        Some(value) => {
            id_jag.header.insert(name.to_owned(), value);
        }
        None => id_jag.remove_header.push(name.to_owned()),
    }
    Exchange { id_jag, ..Exchange::default() }
}

fn types(probes: &mut Vec<Probe>) {
    let row = "jwt-bearer.invalid-grant.typ";
    let variants = [
        ("header `typ` is `JWT`", header("typ", Some(json!("JWT")))),
        ("no header `typ`", header("typ", None)),
        (
            "header `typ` is `application/oauth-id-jag+jwt`",
            header("typ", Some(json!("application/oauth-id-jag+jwt"))),
        ),
    ];
    for (change, exchange) in variants {
        probes.push(Probe {
            change: change.into(),
            exchange,
            row,
            blame: Blame::TargetCode,
            cause: format!(
                "The server refuses `typ: oauth-id-jag+jwt` and accepts the same assertion with {change}."
            ),
            fix: "Accept exactly `oauth-id-jag+jwt` in the JOSE header of an ID-JAG, and no other type at this \
                  grant: it is what keeps ID tokens and access tokens from being redeemed."
                .into(),
        });
    }
}

/// What one machine calls itself.
const LOOPBACK_NAMES: [&str; 3] = ["//127.0.0.1", "//localhost", "//[::1]"];

fn audiences(probes: &mut Vec<Probe>, discovery: &Discovery) {
    let row = "jwt-bearer.invalid-grant.aud";
    let issuer = discovery.issuer();
    let toggled = toggled_slash(issuer);
    let mut variants = vec![
        (format!("`aud` is `{toggled}`, one slash apart"), json!(toggled)),
        (format!("`aud` is the array [`{issuer}`]"), json!([issuer])),
    ];
    if let Some(endpoint) = discovery.token_endpoint() {
        variants.push((format!("`aud` is the token endpoint `{endpoint}`"), json!(endpoint)));
    }
    let mut others = vec![split_origin(issuer).0.to_owned(), discovery.asked.clone()];
    // On one machine a server has several names, and its configuration need not have the one that it is reached by.
    for name in LOOPBACK_NAMES.iter().filter(|name| issuer.contains(**name)) {
        others.extend(LOOPBACK_NAMES.iter().map(|other| issuer.replacen(name, other, 1)));
    }
    for other in others {
        let known = variants.iter().any(|(_, value)| *value == json!(other));
        if other != issuer && !known {
            variants.push((format!("`aud` is `{other}`"), json!(other)));
        }
    }
    for (change, value) in variants {
        let shown = value.to_string();
        probes.push(Probe {
            change,
            exchange: claims(&[("aud", value)]),
            row,
            blame: Blame::TargetConfiguration,
            cause: format!("The server expects `aud` to be {shown}; its own metadata says that its issuer is `{issuer}`."),
            fix: format!(
                "Compare `aud` with the issuer of the server's own metadata, `{issuer}`, byte for byte; or, where \
                 the other string is meant, publish that one as `issuer`."
            ),
        });
    }
}

fn clocks(probes: &mut Vec<Probe>, clock_offset: Option<i64>) {
    let row = "jwt-bearer.invalid-grant.expired";
    let mut push = |change: String, exchange, cause: String, fix: &str| {
        probes.push(Probe {
            change,
            exchange,
            row,
            blame: Blame::TargetConfiguration,
            cause,
            fix: fix.to_owned(),
        });
    };
    if let Some(offset) = clock_offset.filter(|offset| offset.abs() >= 2) {
        let shifted = |seconds: i64| {
            let sign = if seconds < 0 { "-" } else { "+" };
            json!(format!("${{now{sign}{}}}", seconds.abs()))
        };
        push(
            format!("`iat` and `exp` shifted by the {offset} seconds that the server's Date header is off"),
            claims(&[("iat", shifted(offset)), ("exp", shifted(offset + 300))]),
            format!("The server's clock is {offset} seconds off from this machine's, and it allows less."),
            "Set both clocks by NTP, and let the server allow a leeway of up to a minute.",
        );
    }
    push(
        "`iat` fifteen minutes earlier".into(),
        claims(&[("iat", json!("${now-900}"))]),
        "The server takes `iat` for a time in the future: its clock is behind.".into(),
        "Set the server's clock by NTP; allow a leeway of some seconds for `iat` and `nbf`.",
    );
    push(
        "`exp` an hour ahead".into(),
        claims(&[("exp", json!("${now+3600}"))]),
        "The server takes an ID-JAG of five minutes for expired: its clock is ahead.".into(),
        "Set the server's clock by NTP; an ID-JAG lives five minutes.",
    );
    push(
        "`exp` one minute ahead".into(),
        claims(&[("exp", json!("${now+60}"))]),
        "The server caps the lifetime of an ID-JAG below the usual five minutes.".into(),
        "Accept ID-JAGs that live five minutes, the lifetime of the draft's examples.",
    );
}

fn issuers(probes: &mut Vec<Probe>, settings: &Settings) {
    let issuer = &settings.idp_issuer;
    let toggled = toggled_slash(issuer);
    probes.push(Probe {
        change: format!("`iss` is `{toggled}`, one slash apart"),
        exchange: claims(&[("iss", json!(toggled))]),
        row: "jwt-bearer.invalid-grant.iss",
        blame: Blame::TargetConfiguration,
        cause: format!("The server trusts the issuer `{toggled}`; the ID-JAG says `{issuer}`."),
        fix: format!(
            "Register the issuer as `{issuer}`, byte for byte as the IdP's metadata has it; or run jagspec with \
             `--idp-issuer {toggled}`."
        ),
    });
}

fn client_ids(probes: &mut Vec<Probe>, settings: &Settings) {
    let row = "jwt-bearer.invalid-grant.client-id";
    let ours = settings.client.as_ref().map_or("", |client| client.id.as_str());
    let mut push = |change: String, exchange, cause: String| {
        probes.push(Probe {
            change,
            exchange,
            row,
            blame: Blame::TargetConfiguration,
            cause,
            fix: format!(
                "Compare the claim `client_id` with the client that has authenticated (`{ours}`): it is the \
                 client's identifier at this server, not the one that the IdP has for it."
            ),
        });
    };
    push(
        "no claim `client_id`".into(),
        without("client_id"),
        format!("The server refuses the claim `client_id` with the value `{ours}`."),
    );
    // The XAA playground calls a client `ID` at the IdP and `ID-at-RESOURCE` at the authorization server.
    if let Some((at_idp, _)) = ours.split_once("-at-") {
        push(
            format!("claim `client_id` is `{at_idp}`, the client's name at the IdP"),
            claims(&[("client_id", json!(at_idp))]),
            format!(
                "The server expects the identifier that the client has at the IdP, `{at_idp}`, in place of its own, \
                 `{ours}`."
            ),
        );
    }
    if let Some(other) = &settings.other_client {
        push(
            format!("claim `client_id` is `{}`", other.id),
            claims(&[("client_id", json!(other.id))]),
            format!(
                "The server expects `client_id` to be `{}`, although `{ours}` has authenticated.",
                other.id
            ),
        );
    }
}

fn grants(probes: &mut Vec<Probe>, settings: &Settings) {
    if let Some(scope) = &settings.scope {
        probes.push(Probe {
            change: "no claim `scope`".into(),
            exchange: without("scope"),
            row: "own.jwt-bearer.invalid-scope",
            blame: Blame::TargetConfiguration,
            cause: format!("The server does not grant the scope `{scope}` to this client."),
            fix: "Allow that scope for the client at the server, or name another with --scope.".into(),
        });
    }
    if let Some(resource) = &settings.resource {
        probes.push(Probe {
            change: "no claim `resource`".into(),
            exchange: without("resource"),
            row: "own.jwt-bearer.invalid-target",
            blame: Blame::TargetConfiguration,
            cause: format!("The server does not know the resource `{resource}`."),
            fix: "Register that resource at the server, byte for byte, or name another with --resource."
                .into(),
        });
    }
}

fn further_claims(probes: &mut Vec<Probe>) {
    let row = "own.jwt-bearer.further-claims";
    let variants: [(&str, &str, Exchange); 2] = [
        (
            "`email` and `email_verified` added",
            "--claim email='\"user-123@example.com\"' --claim email_verified=true",
            claims(&[("email", json!("user-123@example.com")), ("email_verified", json!(true))]),
        ),
        ("`auth_time` added", "--claim auth_time=TIME", claims(&[("auth_time", json!("${now-60}"))])),
    ];
    for (change, options, exchange) in variants {
        probes.push(Probe {
            change: change.into(),
            exchange,
            row,
            blame: Blame::HarnessConfiguration,
            cause: format!(
                "The server demands claims that the draft does not require: it accepts with {change}."
            ),
            fix: format!(
                "Run jagspec with `{options}`; let the server do without what the draft leaves optional."
            ),
        });
    }
}

fn keys(probes: &mut Vec<Probe>) {
    probes.push(Probe {
        change: "no header `kid`".into(),
        exchange: header("kid", None),
        row: "jwt-bearer.invalid-grant.jwks",
        blame: Blame::TargetCode,
        cause: "The server refuses the `kid` of a key that is in the IdP's JWK Set.".into(),
        fix: "Look the key up by `kid` in the set at the IdP's `jwks_uri`, and fetch the set again, once, when it \
              holds no such key."
            .into(),
    });
}

/// Where `--idp-alg` has kept the baseline from trying the others.
fn algorithms(probes: &mut Vec<Probe>, settings: &Settings) {
    if !settings.algorithm_fixed {
        return;
    }
    let ours = settings.algorithm;
    for other in Algorithm::OFFERED.into_iter().filter(|other| *other != ours) {
        let id_jag = IdJagChange { algorithm: Some(other), ..IdJagChange::default() };
        probes.push(Probe {
            change: format!("signed with {other}"),
            exchange: Exchange { id_jag, ..Exchange::default() },
            row: "jwt-bearer.invalid-grant.jwks",
            blame: Blame::TargetConfiguration,
            cause: format!("The server takes {other} signatures of this issuer, and no {ours} ones."),
            fix: format!(
                "Allow {ours} for this issuer at the server, or run jagspec with `--idp-alg {other}`."
            ),
        });
    }
}
