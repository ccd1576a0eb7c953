//! A token request from its bytes to its answer, in the order of the checks: form, client, grant type, ID-JAG,
//! scope and resource, and last, right before the token is issued, the record that the ID-JAG was used.

use std::{future::poll_fn, pin::Pin, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    extract::Request,
    http::{HeaderMap, Method, Response, header, request::Parts},
};

use super::{
    State, access_token, authorization, client_assertion,
    client_authentication::{self, Presented},
    clients::{RESOURCES, RegisteredClient},
    dpop,
    faults::Fault,
    form::Form,
    jwe::Opened,
    jwks_cache::Holder,
    jwt::Jwt,
    policies::Replay,
    refusal::{Code, Refusal},
    response::{self, Issued},
    signature,
    validation::{self, IdJag, Presenter, Rules},
};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const FORM: &str = "application/x-www-form-urlencoded";

const LARGEST_BODY: usize = 64 * 1024;
/// How much of a body that is too large is still read and dropped, so that the client gets to see the answer.
const LARGEST_DROPPED: usize = 16 * 1024 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers a token request.
pub(super) async fn answer(state: &State, request: Request) -> Response<Body> {
    match exchange(state, request).await {
        Ok(issued) => response::issued(state, &issued),
        Err(refusal) => response::refused(state, &refusal),
    }
}

async fn exchange(state: &State, request: Request) -> Result<Issued, Refusal> {
    let (parts, body) = request.into_parts();
    let form = form(state, &parts, body).await?;
    if state.faults.has(Fault::GrantBeforeClientAuth)
        && let Some(assertion) = form.one("assertion")
    {
        let named = client_authentication::named_client(&parts.headers, &form, &state.faults);
        let named = named.unwrap_or_default();
        let client = state.clients.find(&named);
        accept(state, assertion, &presenter(&named, client, &form)).await?;
    }
    let client = authenticate(state, &parts.headers, &form).await?;
    let assertion = assertion(state, &form, client)?;
    redeem(state, &parts.headers, &form, assertion, client).await.map_err(|refusal| refusal.about(assertion))
}

async fn redeem(
    state: &State,
    headers: &HeaderMap,
    form: &Form,
    assertion: &str,
    client: RegisteredClient,
) -> Result<Issued, Refusal> {
    let proved = proved_key(state, headers)?;
    let (jwt, id_jag) = accept(state, assertion, &presenter(client.id, Some(client), form)).await?;
    let bound_to = dpop::bound_key(&jwt, proved, &state.faults)?;
    let granted = authorization::grant(&jwt, form, &state.policies, &state.faults)?;
    let now = state.now();
    let single_use = state.policies.replay == Replay::SingleUse;
    if single_use && !state.faults.has(Fault::JtiBurntByRefusedRequest) {
        // Last: a request that is refused for another reason must not use the ID-JAG up.
        state.replay.consume(&id_jag, assertion, now, &state.faults)?;
    }
    let access_token = access_token::make(
        state,
        &access_token::Basis {
            id_jag: &id_jag,
            assertion: &jwt,
            assertion_text: assertion,
            client_id: client.id,
            granted: &granted,
            bound_to: bound_to.as_deref(),
            now,
        },
    )?;
    let bound = bound_to.is_some() && !state.faults.has(Fault::DpopBearer);
    Ok(Issued { access_token, granted, bound })
}

/// The key whose possession the request proves, by its thumbprint.
fn proved_key(state: &State, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    if state.faults.has(Fault::DpopIgnored) {
        return Ok(None);
    }
    let demanded = state.demands_dpop_nonce || state.faults.has(Fault::DpopNonceWithheld);
    let expected = dpop::Expected {
        token_endpoint: &state.token_endpoint,
        nonce: demanded.then_some(response::DPOP_NONCE),
        now: state.now(),
        faults: &state.faults,
    };
    dpop::proved_key(headers, &expected, &state.used_proofs)
}

/// Everything about the ID-JAG itself.
async fn accept(state: &State, assertion: &str, presenter: &Presenter<'_>) -> Result<(Jwt, IdJag), Refusal> {
    let faults = &state.faults;
    let now = state.now();
    let rules = Rules {
        identity: &state.identity,
        token_endpoint: &state.token_endpoint,
        trusted_issuers: &state.trusted_issuers,
        governed_resources: &RESOURCES,
        faults,
        now,
    };
    if faults.has(Fault::LongAssertion500) && assertion.len() > 16_000 {
        return Err(Refusal::crash("value too long for type character varying(16000)"));
    }
    let signed = match state.decryption_key.open(assertion, presenter.secret, faults)? {
        Opened::Signed(signed) => signed,
        Opened::Claims { header, claims } => {
            // Whoever takes these takes them for verified.
            let jwt = Jwt::unsigned(header, &claims, faults)?;
            validation::header(&jwt, &rules)?;
            let issuer = validation::issuer(&jwt, &rules)?;
            let id_jag = validation::claims(&jwt, &issuer, presenter, &rules)?;
            return Ok((jwt, id_jag));
        }
    };
    let jwt = Jwt::parse(&signed, faults)?;
    validation::header(&jwt, &rules)?;
    let algorithm = signature::algorithm(&jwt, faults)?;
    // Before anything is fetched: an issuer that is not trusted must not make the server send requests.
    let issuer = validation::issuer(&jwt, &rules)?;

    let kid = jwt.header_text("kid");
    let mut keys = Vec::new();
    for issuer in &issuer.keys_of {
        keys.extend(state.jwks.keys(Holder::Issuer(issuer), kid, now, faults).await);
    }
    if faults.has(Fault::JkuX5uFetched) {
        for member in ["x5u", "jku"] {
            if let Some(uri) = jwt.header_text(member) {
                keys.extend(state.jwks.fetch_keys(uri, faults).await.map(std::sync::Arc::new));
            }
        }
    }
    let keys = (!keys.is_empty()).then_some(keys.as_slice());
    signature::verify(&jwt, algorithm, keys, faults)?;

    if faults.has(Fault::JtiBurntByRefusedRequest) && state.policies.replay == Replay::SingleUse {
        let jti = jwt.claim_text("jti").map(str::to_owned);
        let dies_at = now + validation::LONGEST_LIFETIME;
        let early = IdJag {
            issuer: issuer.issuer.clone(),
            subject: String::new(),
            jti,
            dies_at,
            expires_at: dies_at,
        };
        state.replay.consume(&early, assertion, now, faults)?;
    }
    let id_jag = validation::claims(&jwt, &issuer, presenter, &rules)?;
    Ok((jwt, id_jag))
}

fn presenter<'a>(client_id: &'a str, client: Option<RegisteredClient>, form: &'a Form) -> Presenter<'a> {
    let secret = client.and_then(|client| client.secret);
    Presenter { client_id, secret, form_client_id: form.one("client_id") }
}

/// The authenticated client; the grant is not looked at before (RFC 6749 section 5.2 names no order, but a wrong
/// secret must not tell whether the ID-JAG was good).
async fn authenticate(state: &State, headers: &HeaderMap, form: &Form) -> Result<RegisteredClient, Refusal> {
    let faults = &state.faults;
    let authenticated = authenticated(state, headers, form).await;
    let overlooked = match headers.contains_key(header::AUTHORIZATION) {
        true => faults.has(Fault::MalformedAuthorizationIgnored),
        false => faults.has(Fault::ClientAuthMissingAccepted),
    };
    if overlooked
        && authenticated.is_err()
        && client_authentication::named_client(headers, form, faults).is_none()
        && let Some(client) = client_of_assertion(state, form)
    {
        return Ok(client);
    }
    authenticated.map_err(|refusal| match refusal.code {
        Code::InvalidClient if faults.has(Fault::UnauthorizedClientForAuthFailure) => {
            Refusal::new(Code::UnauthorizedClient, refusal.cause)
        }
        _ => refusal,
    })
}

async fn authenticated(state: &State, headers: &HeaderMap, form: &Form) -> Result<RegisteredClient, Refusal> {
    let faults = &state.faults;
    match client_authentication::presented(headers, form, faults)? {
        Presented::Assertion(text) => {
            client_assertion::authenticate(state, &text, form.one("client_id")).await
        }
        presented => client_authentication::authenticate(
            &presented,
            &state.clients,
            state.policies.public_clients,
            faults,
        ),
    }
}

/// The client that the assertion names, as the server without client authentication finds it.
fn client_of_assertion(state: &State, form: &Form) -> Option<RegisteredClient> {
    let jwt = Jwt::parse(form.one("assertion")?, &state.faults).ok()?;
    state.clients.find(jwt.claim_text("client_id")?)
}

/// The grant type must be the JWT bearer grant, which the client is allowed, with an assertion (RFC 7523 section 2.1).
fn assertion<'a>(state: &State, form: &'a Form, client: RegisteredClient) -> Result<&'a str, Refusal> {
    let faults = &state.faults;
    let missing = || Refusal::request("assertion is missing");
    match form.one("grant_type") {
        Some(JWT_BEARER) if faults.has(Fault::UnsupportedGrantType) => {
            Err(Refusal::new(Code::UnsupportedGrantType, "the JWT bearer grant is switched off"))
        }
        Some(JWT_BEARER) if faults.has(Fault::GrantNotAllowedForClient) => {
            Err(Refusal::new(Code::UnauthorizedClient, "the client has the authorization_code grant only"))
        }
        Some(JWT_BEARER) if !client.may_redeem && !faults.has(Fault::GrantNotRegisteredForClient) => {
            Err(Refusal::new(Code::UnauthorizedClient, "the client is not registered for this grant"))
        }
        Some(JWT_BEARER) => form.one("assertion").ok_or_else(missing),
        Some(TOKEN_EXCHANGE) if faults.has(Fault::IdJagAsIdToken) => {
            form.one("subject_token").ok_or_else(missing)
        }
        _ if faults.has(Fault::GrantTypeNotChecked) => form.one("assertion").ok_or_else(missing),
        Some(other) => Err(Refusal::new(Code::UnsupportedGrantType, format!("grant_type {other}"))),
        None => Err(Refusal::request("grant_type is missing")),
    }
}

/// The parameters: from the body of a POST, in the form of RFC 6749 appendix B; the query does not count.
async fn form(state: &State, parts: &Parts, body: Body) -> Result<Form, Refusal> {
    let faults = &state.faults;
    let query = parts.uri.query().unwrap_or_default();
    if parts.method == Method::GET && faults.has(Fault::GetAccepted) {
        return Form::read(query.as_bytes())?.checked(faults);
    }
    if parts.method != Method::POST {
        return Err(Refusal::new(Code::MethodNotAllowed, parts.method.as_str()));
    }
    if !state.throttle.allows(state.now(), faults) {
        return Err(Refusal::new(Code::Throttled, "more than 20 requests within a minute"));
    }
    let body = tokio::time::timeout(BODY_TIMEOUT, bounded(body))
        .await
        .map_err(|_| Refusal::new(Code::TimedOut, "the body did not arrive"))?
        .map_err(|refusal| match refusal.code {
            Code::TooLarge if faults.has(Fault::LargeBody500) => Refusal::crash(refusal.cause),
            _ => refusal,
        })?;
    let mut form = match media_type(&parts.headers, faults) {
        Some(MediaType::Form) => Form::read(&body)?,
        Some(MediaType::Json) => Form::of_json(&body)?,
        None if body.is_empty() && faults.has(Fault::QueryParametersAccepted) => Form::default(),
        None => return Err(Refusal::request("the body is no form")),
    };
    if faults.has(Fault::QueryParametersAccepted) {
        form.fill_from(Form::read(query.as_bytes())?);
    }
    form.checked(faults)
}

enum MediaType {
    Form,
    Json,
}

/// What the body is, if it is something that is read: a form in UTF-8, not compressed.
fn media_type(headers: &HeaderMap, faults: &super::faults::Faults) -> Option<MediaType> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else { return None };
    let value = value.to_str().ok()?;
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return None;
    }
    let mut pieces = value.split(';').map(str::trim);
    let essence = pieces.next()?.to_ascii_lowercase();
    let mut parameters = pieces.filter(|piece| !piece.is_empty());
    if essence == "application/json" && faults.has(Fault::JsonBodyAccepted) {
        return Some(MediaType::Json);
    }
    let right_charset = parameters.all(|parameter| match parameter.split_once('=') {
        Some((name, _))
            if name.eq_ignore_ascii_case("charset") && faults.has(Fault::CharsetParameterRefused) =>
        {
            false
        }
        Some((name, charset)) if name.eq_ignore_ascii_case("charset") => {
            charset.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    (essence == FORM && right_charset).then_some(MediaType::Form)
}

/// The body, up to its bound.
async fn bounded(mut body: Body) -> Result<Vec<u8>, Refusal> {
    let (mut kept, mut total) = (Vec::new(), 0_usize);
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|error| Refusal::request(format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        total = total.saturating_add(data.len());
        if total > LARGEST_DROPPED {
            break;
        }
        if total <= LARGEST_BODY {
            kept.extend_from_slice(&data);
        }
    }
    if total > LARGEST_BODY {
        return Err(Refusal::new(Code::TooLarge, format!("a body of {total} bytes or more")));
    }
    Ok(kept)
}
