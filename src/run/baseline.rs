//! How the target is spoken to: client authentication, `client_id` in the body, algorithm. Found out by sending
//! well-formed ID-JAGs until one is accepted; nothing else adapts by itself (CONTRACT, Baseline and controls).

use super::{session::Session, transcript::Transcript};
use crate::{
    discovery::Discovery,
    keys::Algorithm,
    observation::Observation,
    settings::{ClientIdInBody, Settings},
    suite::Exchange,
    token_request::{
        ClientAssertionAudience, ClientAssertionManner, ClientAuthenticationChange,
        ClientAuthenticationMethod, Manner,
    },
};

/// What the baseline settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Baseline {
    /// Client authentication.
    pub manner: Manner,
    /// The algorithm of every well-formed ID-JAG.
    pub algorithm: Algorithm,
}

/// One well-formed ID-JAG that was sent to find out.
pub(super) struct Attempt {
    pub(super) baseline: Baseline,
    pub(super) observation: Observation,
    pub(super) exchange: usize,
}

impl Attempt {
    pub(super) fn accepted(&self) -> bool {
        self.observation.response().is_some_and(|response| response.access_token().is_some())
    }
}

/// Sends well-formed ID-JAGs until one is accepted. The last attempt is the accepted one, if any is.
pub(super) async fn settle(
    session: &Session,
    discovery: &Discovery,
    transcript: &mut Transcript,
) -> Vec<Attempt> {
    let manners = manners(&session.settings, discovery);
    let mut attempts: Vec<Attempt> = Vec::new();
    let first_algorithm = session.settings.algorithm;
    for manner in &manners {
        let Some(attempt) =
            send(session, Baseline { manner: *manner, algorithm: first_algorithm }, transcript).await
        else {
            continue;
        };
        let (done, authenticated) = (attempt.accepted(), past_client_authentication(&attempt));
        let transport_failed = attempt.observation.result.is_err();
        attempts.push(attempt);
        if done || transport_failed {
            return attempts;
        }
        if authenticated {
            break;
        }
    }
    if session.settings.algorithm_fixed {
        return attempts;
    }
    // Only where the client was let through can another algorithm help.
    let Some(manner) =
        attempts.last().filter(|last| past_client_authentication(last)).map(|last| last.baseline.manner)
    else {
        return attempts;
    };
    for algorithm in
        [Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256, Algorithm::Ed25519, Algorithm::ES384]
    {
        if algorithm == first_algorithm || !session.keyring.algorithms().contains(&algorithm) {
            continue;
        }
        if let Some(attempt) = send(session, Baseline { manner, algorithm }, transcript).await {
            let done = attempt.accepted();
            attempts.push(attempt);
            if done {
                break;
            }
        }
    }
    attempts
}

async fn send(session: &Session, baseline: Baseline, transcript: &mut Transcript) -> Option<Attempt> {
    let prepared = session.control(&baseline, &Exchange::default()).ok()?;
    let observation = session.send(&prepared).await;
    let exchange = transcript.keep_next("baseline", &observation, &prepared.again);
    Some(Attempt { baseline, observation, exchange })
}

/// A refusal of the assertion says that the client was recognised; one of the client, or of the request's form,
/// leaves it open.
fn past_client_authentication(attempt: &Attempt) -> bool {
    attempt.observation.response().is_some_and(|response| {
        response.status != 401
            && matches!(
                response.oauth_error(),
                Some("invalid_grant" | "invalid_scope" | "invalid_target" | "unsupported_grant_type")
            )
    })
}

/// How the client's assertion is made where the baseline sends none: for the cases that do. The first that is
/// accepted; the answers to the others are kept.
///
/// # Errors
/// The first answer in a few words, where none is accepted.
pub(super) async fn settle_client_assertion(
    session: &Session,
    baseline: &Baseline,
    transcript: &mut Transcript,
) -> Result<ClientAssertionManner, String> {
    let mut by_key = Exchange::default();
    by_key.token_request.client_authentication = Some(ClientAuthenticationChange {
        method: Some(ClientAuthenticationMethod::PrivateKeyJwt),
        ..ClientAuthenticationChange::default()
    });
    let mut refused = None;
    for client_assertion in client_assertion_manners(&session.settings) {
        let baseline = Baseline { manner: Manner { client_assertion, ..baseline.manner }, ..*baseline };
        let prepared = session.control(&baseline, &by_key)?;
        let observation = session.send(&prepared).await;
        let answer = match observation.response() {
            Some(response) if response.access_token().is_some() => return Ok(client_assertion),
            Some(response) => response.summary(),
            None => "no answer".to_owned(),
        };
        refused.get_or_insert(answer);
        transcript.keep(&observation, &prepared.again);
    }
    Err(refused.unwrap_or_default())
}

/// The manners to try: the methods asked for, else those advertised of those that are possible, else HTTP Basic; of
/// Basic without and with `client_id` in the body. Never more than seven.
fn manners(settings: &Settings, discovery: &Discovery) -> Vec<Manner> {
    use ClientAuthenticationMethod::{ClientSecretBasic, ClientSecretPost, None as Nothing, PrivateKeyJwt};
    let client = settings.client.as_ref();
    let has_secret = client.is_some_and(|client| client.secret.is_some());
    let has_key = client.is_some_and(|client| client.has_key);
    let advertised = discovery
        .metadata()
        .and_then(|metadata| metadata.strings("token_endpoint_auth_methods_supported"))
        .unwrap_or_default();
    let is_advertised =
        |method: &ClientAuthenticationMethod| advertised.is_empty() || advertised.contains(&method.name());
    let possible = |method: &ClientAuthenticationMethod| match method {
        ClientSecretBasic | ClientSecretPost => has_secret,
        PrivateKeyJwt => has_key,
        // Whoever has a credential is no public client.
        Nothing => !has_secret && !has_key,
    };
    let methods: Vec<ClientAuthenticationMethod> = match settings.client_auth {
        Some(method) => vec![method],
        // One that is not advertised is tried last: metadata may be wrong, and then that is the finding.
        None => {
            let (first, rest): (Vec<_>, Vec<_>) =
                ClientAuthenticationMethod::ALL.into_iter().filter(possible).partition(is_advertised);
            first.into_iter().chain(rest).collect()
        }
    };
    let secret_method = [ClientSecretBasic, ClientSecretPost].into_iter().find(is_advertised);
    let plain = |method| Manner {
        method,
        client_id_in_body: method != ClientSecretBasic,
        secret_method: secret_method.unwrap_or(ClientSecretBasic),
        client_assertion: ClientAssertionManner::default(),
    };
    let mut manners = Vec::new();
    for method in methods {
        match method {
            ClientSecretBasic => {
                manners.extend(client_id_in_body(settings).iter().map(|client_id_in_body| Manner {
                    client_id_in_body: *client_id_in_body,
                    ..plain(method)
                }))
            }
            PrivateKeyJwt => manners.extend(
                client_assertion_manners(settings)
                    .into_iter()
                    .map(|client_assertion| Manner { client_assertion, ..plain(method) }),
            ),
            ClientSecretPost | Nothing => manners.push(plain(method)),
        }
    }
    manners
}

/// The client assertions to try: for the issuer, then for the token endpoint, which RFC 7523 allows as well; both
/// without and with `client_id` beside them.
fn client_assertion_manners(settings: &Settings) -> Vec<ClientAssertionManner> {
    let audiences = [ClientAssertionAudience::Issuer, ClientAssertionAudience::TokenEndpoint];
    let with = |client_id_in_body: &bool| {
        let client_id_in_body = *client_id_in_body;
        audiences.map(|audience| ClientAssertionManner { audience, client_id_in_body })
    };
    client_id_in_body(settings).iter().flat_map(with).collect()
}

/// Whether `client_id` stands in the body where it need not.
fn client_id_in_body(settings: &Settings) -> &'static [bool] {
    match settings.client_id_in_body {
        ClientIdInBody::Auto => &[false, true],
        ClientIdInBody::No => &[false],
        ClientIdInBody::Yes => &[true],
    }
}
