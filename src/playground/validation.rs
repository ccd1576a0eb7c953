//! The checks of an ID-JAG (draft-ietf-oauth-identity-assertion-authz-grant section 4.4.1, RFC 7521 section 5.2,
//! RFC 7523 section 3). Pure: everything comes in as a value. Scope and resource are `authorization`'s business.

use serde_json::Value;

use super::{
    faults::{Fault, Faults},
    jwt::Jwt,
    refusal::Refusal,
};

/// Seconds by which the clocks of the IdP and of the playground may differ.
pub const LEEWAY: i64 = 30;
/// Seconds after which an ID-JAG may expire at most (RFC 7523 section 3, item 4, allows a bound).
pub const LONGEST_LIFETIME: i64 = 3600;

const ID_JAG_TYPE: &str = "oauth-id-jag+jwt";
/// The e-mail address of the user of this name, for the server that finds users by it.
pub(super) const EMAIL: (&str, &str) = ("user-123", "user-123@todos.example");
/// The client by the name that the IdP has for it: without what the IdP appends for each resource.
const CLIENT_AT_IDP: &str = "todo-app";

/// What an ID-JAG is held against.
pub(super) struct Rules<'a> {
    pub(super) identity: &'a str,
    pub(super) token_endpoint: &'a str,
    pub(super) trusted_issuers: &'a [String],
    pub(super) governed_resources: &'a [&'a str],
    pub(super) faults: &'a Faults,
    pub(super) now: i64,
}

/// Who presents the ID-JAG.
pub(super) struct Presenter<'a> {
    /// The authenticated client.
    pub(super) client_id: &'a str,
    /// Its secret.
    pub(super) secret: Option<&'a str>,
    /// The form parameter `client_id`, which counts for nothing.
    pub(super) form_client_id: Option<&'a str>,
}

/// What is known of an ID-JAG that passed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct IdJag {
    pub(super) issuer: String,
    /// The subject's name at this server.
    pub(super) subject: String,
    pub(super) jti: Option<String>,
    /// Until when it may be presented, leeway included.
    pub(super) dies_at: i64,
    pub(super) expires_at: i64,
}

/// The header: `typ`, then what must not be there.
pub(super) fn header(jwt: &Jwt, rules: &Rules) -> Result<(), Refusal> {
    typ(jwt, rules)?;
    extensions(jwt, rules.faults)
}

/// What must not be in the header of any JWT.
pub(super) fn extensions(jwt: &Jwt, faults: &Faults) -> Result<(), Refusal> {
    // RFC 7515 section 4.1.11: no extension is understood here. RFC 7797 section 7: a JWT never has b64 false.
    let extended = jwt.header.contains_key("crit") || jwt.header.contains_key("b64");
    if extended && !faults.has(Fault::CritIgnored) {
        return Err(Refusal::grant("the header has crit or b64"));
    }
    if jwt.header.get("kid").is_some_and(|kid| !kid.is_string()) {
        return Err(Refusal::grant("kid is no string"));
    }
    Ok(())
}

fn typ(jwt: &Jwt, rules: &Rules) -> Result<(), Refusal> {
    let faults = rules.faults;
    let typ = jwt.header_text("typ");
    if faults.has(Fault::ExpectsTypJwt) {
        return if typ == Some("JWT") { Ok(()) } else { Err(Refusal::grant("typ is not JWT")) };
    }
    if faults.has(Fault::TypValidGenericError) {
        return Err(Refusal::request("redirect_uri is missing"));
    }
    let right = typ.is_some_and(is_id_jag_type)
        || faults.has(Fault::TypNotChecked)
        || is_accepted_id_token(jwt, faults)
        || (faults.has(Fault::TypReadFromClaims) && jwt.claim_text("typ").is_some_and(is_id_jag_type))
        || (faults.has(Fault::TypAnyJwtSuffix) && typ.is_some_and(|typ| typ.ends_with("+jwt")));
    if right { Ok(()) } else { Err(Refusal::grant("typ is not oauth-id-jag+jwt")) }
}

/// A media type: letter case does not matter, and neither does `application/` (RFC 7515 section 4.1.9).
fn is_id_jag_type(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").unwrap_or(&typ) == ID_JAG_TYPE
}

/// What a server takes for an ID token that thinks that one is as good as an ID-JAG.
fn is_accepted_id_token(jwt: &Jwt, faults: &Faults) -> bool {
    faults.has(Fault::IdTokenAsAssertion)
        && matches!(jwt.header_text("typ"), None | Some("JWT"))
        && ["nonce", "auth_time", "at_hash"].iter().any(|claim| jwt.claims.contains_key(*claim))
}

/// An issuer that is trusted, and the issuers whose keys may vouch for it: itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TrustedIssuer {
    pub(super) issuer: String,
    pub(super) keys_of: Vec<String>,
}

/// `iss` is one of the trusted issuers, as a string.
pub(super) fn issuer(jwt: &Jwt, rules: &Rules) -> Result<TrustedIssuer, Refusal> {
    let (faults, trusted) = (rules.faults, rules.trusted_issuers);
    let first = || trusted.first().cloned().ok_or_else(|| Refusal::grant("no issuer is trusted"));
    let iss = match jwt.claims.get("iss") {
        Some(Value::String(iss)) => iss.clone(),
        None if faults.has(Fault::IssMissingAccepted) => first()?,
        _ => return Err(Refusal::grant("iss is missing or no string")),
    };
    let matches = |known: &String| {
        *known == iss
            || (faults.has(Fault::IssPrefixMatch) && iss.starts_with(known.as_str()))
            || (faults.has(Fault::IssSlashNormalised)
                && known.trim_end_matches('/') == iss.trim_end_matches('/'))
    };
    if faults.has(Fault::IssSingleProviderFallback) {
        return Ok(TrustedIssuer { issuer: iss, keys_of: vec![first()?] });
    }
    if !(trusted.iter().any(matches) || faults.has(Fault::IssUntrustedAccepted)) {
        return Err(Refusal::grant(format!("iss {iss} is not one of {trusted:?}")));
    }
    let keys_of = if faults.has(Fault::IssNotBoundToKeys) || faults.has(Fault::KidBeforeIss) {
        trusted.to_vec()
    } else {
        vec![iss.clone()]
    };
    Ok(TrustedIssuer { issuer: iss, keys_of })
}

/// The claims, once the signature has verified.
pub(super) fn claims(
    jwt: &Jwt,
    issuer: &TrustedIssuer,
    presenter: &Presenter,
    rules: &Rules,
) -> Result<IdJag, Refusal> {
    let as_id_token = is_accepted_id_token(jwt, rules.faults);
    if !as_id_token {
        audience(jwt, presenter, rules)?;
        client_binding(jwt, presenter, rules)?;
    }
    let expires_at = lifetime(jwt, rules.now, rules.faults)?;
    // RFC 7523 section 3 leaves it optional; the draft, section 3.1, does not.
    if !jwt.claims.contains_key("iat") && !rules.faults.has(Fault::IatMissingAccepted) {
        return Err(Refusal::grant("iat is missing"));
    }
    let subject = local_subject(jwt, issuer, rules)?;
    let jti = if as_id_token { None } else { jti(jwt, rules)? };
    further_claims(jwt, rules)?;
    let dies_at = expires_at.saturating_add(leeway(rules.faults));
    Ok(IdJag { issuer: issuer.issuer.clone(), subject, jti, dies_at, expires_at })
}

/// `aud` is this server's issuer identifier, alone: a string, or an array of exactly one element.
fn audience(jwt: &Jwt, presenter: &Presenter, rules: &Rules) -> Result<(), Refusal> {
    let faults = rules.faults;
    if faults.has(Fault::AudNotChecked) {
        return Ok(());
    }
    let expected = match () {
        () if faults.has(Fault::AudTokenEndpointDemanded) => rules.token_endpoint.to_owned(),
        () if faults.has(Fault::AudSlashDemanded) => format!("{}/", rules.identity),
        () if faults.has(Fault::AudSiteUrlNotIssuer) => rules.identity.replace("127.0.0.1", "localhost"),
        () => rules.identity.to_owned(),
    };
    let is_us = |aud: &str| {
        // Plain string comparison, byte for byte (RFC 7523bis section 4).
        aud == expected
            || (faults.has(Fault::AudSlashNormalised)
                && aud.trim_end_matches('/') == expected.trim_end_matches('/'))
            || (faults.has(Fault::AudPrefixMatch) && aud.starts_with(&expected))
            || (faults.has(Fault::AudTokenEndpointAccepted) && aud == rules.token_endpoint)
            || (faults.has(Fault::AudOwnClientId) && aud == presenter.client_id)
            || (faults.has(Fault::AudResourceAccepted) && rules.governed_resources.contains(&aud))
    };
    let is_ours = |value: &Value| value.as_str().is_some_and(is_us);
    let right = match jwt.claims.get("aud") {
        None => faults.has(Fault::AudMissing),
        Some(Value::String(aud)) => is_us(aud) || (aud.is_empty() && faults.has(Fault::AudMissing)),
        Some(Value::Array(list)) => match list.as_slice() {
            [] => faults.has(Fault::AudMissing),
            [one] => is_ours(one) && !faults.has(Fault::AudOneElementArrayRefused),
            several => {
                (faults.has(Fault::AudMultiElementArray) && several.iter().any(is_ours))
                    || (faults.has(Fault::AudDuplicateSelfArray) && several.iter().all(is_ours))
            }
        },
        Some(_) => false,
    };
    if right { Ok(()) } else { Err(Refusal::grant(format!("aud is not {expected} alone"))) }
}

/// The `client_id` claim is the authenticated client, exactly.
fn client_binding(jwt: &Jwt, presenter: &Presenter, rules: &Rules) -> Result<(), Refusal> {
    let faults = rules.faults;
    let expected = match presenter.form_client_id {
        _ if faults.has(Fault::WrongClientExpected) => CLIENT_AT_IDP,
        Some(form) if faults.has(Fault::ClientIdParamTrusted) => form,
        _ => presenter.client_id,
    };
    let right = match jwt.claims.get("client_id") {
        Some(Value::String(id)) => {
            id == expected
                || faults.has(Fault::ClientBindingMissing)
                || (faults.has(Fault::ClientIdComparedLoosely) && id.trim().eq_ignore_ascii_case(expected))
        }
        Some(Value::Array(ids)) => {
            faults.has(Fault::ClientIdClaimNotString) && ids.iter().any(|id| id == expected)
        }
        Some(_) => false,
        None => {
            faults.has(Fault::ClientIdClaimAbsent)
                || (faults.has(Fault::ClientIdAzpAccepted) && jwt.claim_text("azp") == Some(expected))
        }
    };
    if right { Ok(()) } else { Err(Refusal::grant(format!("client_id is not {expected}"))) }
}

fn leeway(faults: &Faults) -> i64 {
    match () {
        () if faults.has(Fault::ZeroLeeway) => 0,
        () if faults.has(Fault::LeewayOneHour) => 3600,
        () => LEEWAY,
    }
}

/// `exp`, `iat` and `nbf` against the clock. Returns when the JWT expires, rounded up.
pub(super) fn lifetime(jwt: &Jwt, now: i64, faults: &Faults) -> Result<i64, Refusal> {
    let now = seconds(now);
    let leeway = seconds(leeway(faults));

    let furthest = now + seconds(LONGEST_LIFETIME);
    let exp = match number(jwt, "exp") {
        Err(_) if faults.has(Fault::ExpWrongType) => coerced(jwt, "exp").unwrap_or(furthest),
        Err(refusal) => return Err(refusal),
        Ok(Some(exp)) => exp,
        Ok(None) if faults.has(Fault::ExpMissingAccepted) => furthest,
        Ok(None) => return Err(Refusal::grant("exp is missing")),
    };
    if exp + leeway <= now && !faults.has(Fault::ExpNotChecked) {
        return Err(Refusal::grant("exp is in the past"));
    }
    // A greater value than 63 bits hold is a legal NumericDate (RFC 7519 section 2), only too far away.
    let clamped = faults.has(Fault::ExpSaturates) && exp >= 9_223_372_036_854_775_807.0;
    if exp > furthest + leeway && !clamped && !faults.has(Fault::ExpFarAccepted) {
        return Err(Refusal::grant("exp is too far in the future"));
    }

    match number(jwt, "iat")? {
        Some(iat) if iat > now + leeway && !faults.has(Fault::IatFuture) => {
            return Err(Refusal::grant("iat is in the future"));
        }
        Some(iat) if iat < 0.0 => return Err(Refusal::grant("iat is before 1970")),
        _ => {}
    }
    // RFC 7523 section 3, item 5.
    if !faults.has(Fault::NbfIgnored) && number(jwt, "nbf")?.is_some_and(|nbf| nbf > now + leeway) {
        return Err(Refusal::grant("nbf is in the future"));
    }
    Ok(rounded_up(exp))
}

/// A NumericDate (RFC 7519 section 2): a JSON number, perhaps with a fraction.
fn number(jwt: &Jwt, claim: &str) -> Result<Option<f64>, Refusal> {
    match jwt.claims.get(claim) {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(number.as_f64()),
        Some(_) => Err(Refusal::grant(format!("{claim} is no number"))),
    }
}

/// What becomes of a claim of another type in a language without types; none where nothing is left to compare.
fn coerced(jwt: &Jwt, claim: &str) -> Option<f64> {
    jwt.claim_text(claim).and_then(|text| text.parse().ok())
}

/// `sub` is a non-empty string. Subjects of different issuers are different users: the first issuer's keep their
/// names; the others, and those whose IdP has tenants (draft section 6), are prefixed. `|` parts the pieces and is
/// escaped in them, so that nobody can be named so as to be somebody else.
fn local_subject(jwt: &Jwt, issuer: &TrustedIssuer, rules: &Rules) -> Result<String, Refusal> {
    let faults = rules.faults;
    let sub = match jwt.claims.get("sub") {
        Some(Value::String(sub)) if !sub.is_empty() => sub.clone(),
        Some(Value::String(_)) | None if faults.has(Fault::SubMissing) => "default-user".to_owned(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) if faults.has(Fault::SubNotString) => {
            value.to_string()
        }
        _ => return Err(Refusal::grant("sub is missing, empty or no string")),
    };
    let sub = looked_up(jwt, sub, faults);
    let tenant = match jwt.claims.get("tenant") {
        None => None,
        Some(_) if faults.has(Fault::TenantIgnored) => None,
        Some(Value::String(tenant)) if !tenant.is_empty() => Some(tenant.as_str()),
        Some(_) => return Err(Refusal::grant("tenant is no string")),
    };
    let is_first = rules.trusted_issuers.first() == Some(&issuer.issuer);
    if is_first && tenant.is_none() && !sub.contains('|') {
        return Ok(sub);
    }
    let escaped = |piece: &str| piece.replace('%', "%25").replace('|', "%7C");
    Ok([issuer.issuer.as_str(), tenant.unwrap_or_default(), &sub].map(escaped).join("|"))
}

/// The user whom a faulty server finds: by less than the whole `sub`, or by something else.
fn looked_up(jwt: &Jwt, sub: String, faults: &Faults) -> String {
    if faults.has(Fault::EmailUnverifiedKey) && jwt.claim_text("email") == Some(EMAIL.1) {
        return EMAIL.0.to_owned();
    }
    if faults.has(Fault::SubIdWins)
        && let Some(sub_id) = jwt.claims.get("sub_id")
        && let Some(id) = sub_id.get("id").or_else(|| sub_id.get("nameid")).and_then(Value::as_str)
    {
        return id.to_owned();
    }
    if faults.has(Fault::SubPattern) && matches!(sub.as_str(), "*" | "%") {
        return EMAIL.0.to_owned();
    }
    if faults.has(Fault::SubNormalised) {
        let trimmed = sub.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        return trimmed.to_lowercase().replace("e\u{301}", "\u{e9}");
    }
    sub
}

/// `jti` is a non-empty string (draft section 3.1); RFC 7523 alone would have it optional.
fn jti(jwt: &Jwt, rules: &Rules) -> Result<Option<String>, Refusal> {
    match jwt.claims.get("jti") {
        Some(Value::String(jti)) if !jti.is_empty() => Ok(Some(jti.clone())),
        None if rules.faults.has(Fault::JtiAbsentReplayable) => Ok(None),
        Some(_) if rules.faults.has(Fault::JtiNotString500) => {
            Err(Refusal::crash("jti.strip() of a non-string"))
        }
        _ => Err(Refusal::grant("jti is missing, empty or no string")),
    }
}

/// Claims that are not known are passed over (draft section 3.1). Those that restrict are known: `cnf` is `dpop`'s
/// business, `authorization_details` is `authorization`'s.
fn further_claims(jwt: &Jwt, rules: &Rules) -> Result<(), Refusal> {
    let faults = rules.faults;
    if faults.has(Fault::UnknownClaimsRefused)
        && let Some(claim) = jwt.claims.keys().find(|claim| !KNOWN_CLAIMS.contains(&claim.as_str()))
    {
        return Err(Refusal::grant(format!("the claim {claim} is not allowed")));
    }
    Ok(())
}

const KNOWN_CLAIMS: [&str; 13] = [
    "iss",
    "sub",
    "aud",
    "client_id",
    "jti",
    "exp",
    "iat",
    "nbf",
    "scope",
    "resource",
    "email",
    "cnf",
    "authorization_details",
];

/// Dates are far below 2^53, so nothing is lost.
fn seconds(value: i64) -> f64 {
    value as f64
}

/// Saturates, which is right for a bound.
fn rounded_up(value: f64) -> i64 {
    value.ceil() as i64
}
