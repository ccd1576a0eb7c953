//! The ladder of variants that is sent when the client itself is refused: each one change away from its good credential.
//! Pure data, as `probes`.

use serde_json::{Value, json};

use super::probes::Probe;
use crate::{
    discovery::{Discovery, split_origin, toggled_slash},
    idjag::{CLIENT_ASSERTION_TYP, IdJagChange},
    report::Blame,
    settings::Settings,
    suite::Exchange,
    token_request::ClientAuthenticationChange,
};

const ROW: &str = "jwt-bearer.invalid-client";

/// Of the client assertion: its audience first, which differs from server to server, then type, clock and key.
pub(super) fn of_the_assertion(
    settings: &Settings,
    discovery: &Discovery,
    clock_offset: Option<i64>,
) -> Vec<Probe> {
    let mut probes = Vec::new();
    audiences(&mut probes, discovery);
    types(&mut probes);
    clocks(&mut probes, clock_offset);
    let mut push = |change: &str, assertion, cause: &str, fix: String| {
        probes.push(probe(change, assertion, Blame::TargetCode, cause.to_owned(), fix));
    };
    push(
        "no header `kid` in the client assertion",
        IdJagChange { remove_header: vec!["kid".into()], ..IdJagChange::default() },
        "The server refuses the `kid` of the key that is registered for the client.",
        format!(
            "Look the key up by `kid` in the set at {}/client-jwks, and fetch the set again, once, when it holds no \
             such key.",
            settings.idp_issuer.trim_end_matches('/')
        ),
    );
    push(
        "`nbf` added to the client assertion",
        claim("nbf", json!("${now-5}")),
        "The server demands `nbf` of a client assertion, which RFC 7523 section 3 leaves optional.",
        "Do without `nbf` where a client assertion has none.".into(),
    );
    probes
}

/// Of HTTP Basic: only where form-encoding makes a difference.
pub(super) fn of_basic(settings: &Settings) -> Vec<Probe> {
    let Some(client) = &settings.client else { return Vec::new() };
    let secret = client.secret.as_ref().map_or("", |secret| secret.expose());
    let is_plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte));
    if is_plain(&client.id) && is_plain(secret) {
        return Vec::new();
    }
    let change = ClientAuthenticationChange { without_form_encoding: true, ..Default::default() };
    vec![Probe {
        change: "id and secret of HTTP Basic are not form-encoded".into(),
        exchange: of_the_client(change),
        row: ROW,
        blame: Blame::TargetCode,
        cause: "The server does not form-decode id and secret of HTTP Basic, so that one with special characters \
                fails."
            .into(),
        fix: "Split the credentials of HTTP Basic at the first colon, and form-decode both parts (RFC 6749 section \
              2.3.1, appendix B)."
            .into(),
    }]
}

fn of_the_client(change: ClientAuthenticationChange) -> Exchange {
    let mut exchange = Exchange::default();
    exchange.token_request.client_authentication = Some(change);
    exchange
}

fn probe(
    change: impl Into<String>,
    assertion: IdJagChange,
    blame: Blame,
    cause: String,
    fix: String,
) -> Probe {
    let change_of_client =
        ClientAuthenticationChange { client_assertion: Some(assertion), ..Default::default() };
    Probe { change: change.into(), exchange: of_the_client(change_of_client), row: ROW, blame, cause, fix }
}

fn claim(name: &str, value: Value) -> IdJagChange {
    let mut change = IdJagChange::default();
    change.claims.insert(name.to_owned(), value);
    change
}

/// The baseline has tried the issuer and the token endpoint.
fn audiences(probes: &mut Vec<Probe>, discovery: &Discovery) {
    let issuer = discovery.issuer();
    let mut variants = vec![toggled_slash(issuer)];
    if let Some(endpoint) = discovery.token_endpoint() {
        variants.push(toggled_slash(&endpoint));
        // What becomes of an issuer with a slash at its end, and a path that begins with one.
        let (origin, path) = split_origin(&endpoint);
        variants.push(format!("{origin}/{path}"));
        if let Some((folder, name)) = endpoint.rsplit_once('/') {
            variants.push(format!("{folder}//{name}"));
        }
    }
    variants.push(split_origin(issuer).0.to_owned());
    let mut known = vec![issuer.to_owned()];
    known.extend(discovery.token_endpoint());
    for audience in variants {
        if known.contains(&audience) {
            continue;
        }
        let cause = format!(
            "The server expects `aud` of a client assertion to be `{audience}`; its own metadata says that its issuer \
             is `{issuer}`."
        );
        let fix = format!(
            "Compare `aud` of a client assertion with the issuer of the server's own metadata, `{issuer}`, byte for \
             byte (draft-ietf-oauth-rfc7523bis section 4)."
        );
        let change = format!("`aud` of the client assertion is `{audience}`");
        probes.push(probe(change, claim("aud", json!(audience)), Blame::TargetConfiguration, cause, fix));
        known.push(audience);
    }
    let array = claim("aud", json!([issuer]));
    let cause = "The server accepts `aud` of a client assertion as an array only.".to_owned();
    let fix = "Accept the issuer identifier as a string (draft-ietf-oauth-rfc7523bis section 4).".to_owned();
    probes.push(probe("`aud` of the client assertion is an array", array, Blame::TargetCode, cause, fix));
}

fn types(probes: &mut Vec<Probe>) {
    let mut without = IdJagChange::default();
    without.remove_header.push("typ".into());
    let mut with_jwt = IdJagChange::default();
    with_jwt.header.insert("typ".into(), json!("JWT"));
    for (change, assertion) in [
        ("the client assertion has no header `typ`", without),
        ("header `typ` of the client assertion is `JWT`", with_jwt),
    ] {
        let cause = format!(
            "The server refuses a client assertion with `typ: {CLIENT_ASSERTION_TYP}`: it accepts the same where {change}."
        );
        let fix = format!(
            "Accept `{CLIENT_ASSERTION_TYP}` as header `typ` of a client assertion, and one without (\
             draft-ietf-oauth-rfc7523bis section 4)."
        );
        probes.push(probe(change, assertion, Blame::TargetCode, cause, fix));
    }
}

fn clocks(probes: &mut Vec<Probe>, clock_offset: Option<i64>) {
    let times = |iat: i64, exp: i64| {
        let at = |seconds: i64| {
            let sign = if seconds < 0 { "-" } else { "+" };
            json!(format!("${{now{sign}{}}}", seconds.abs()))
        };
        let mut change = claim("iat", at(iat));
        change.claims.insert("exp".into(), at(exp));
        change
    };
    let fix = "Set both clocks by NTP, and let the server allow a leeway of up to a minute.";
    if let Some(offset) = clock_offset.filter(|offset| offset.abs() >= 2) {
        let change = format!(
            "`iat` and `exp` of the client assertion shifted by the {offset} seconds that the server's Date header is off"
        );
        let cause =
            format!("The server's clock is {offset} seconds off from this machine's, and it allows less.");
        probes.push(probe(change, times(offset, offset + 60), Blame::TargetConfiguration, cause, fix.into()));
    }
    let cause = "The server takes a client assertion of one minute for expired: its clock is ahead, or it wants a \
                 longer lifetime.";
    probes.push(probe(
        "`exp` of the client assertion is five minutes ahead",
        times(0, 300),
        Blame::TargetConfiguration,
        cause.into(),
        fix.into(),
    ));
}
