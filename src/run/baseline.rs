//! How the target is spoken to: client authentication, `client_id` in the body, algorithm. Found out by sending
//! well-formed ID-JAGs until one is accepted; nothing else adapts by itself (CONTRACT, Baseline and controls).

use super::{session::Session, transcript::Transcript};
use crate::{
    discovery::Discovery,
    keys::Algorithm,
    observation::Observation,
    settings::{ClientIdInBody, Settings},
    suite::Exchange,
    token_request::{ClientAuthenticationMethod, Manner},
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
    let exchange = transcript.keep(&observation, &prepared.again);
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

/// The manners to try: the methods asked for, else those advertised, else HTTP Basic; of Basic without and with
/// `client_id` in the body. Never more than three.
fn manners(settings: &Settings, discovery: &Discovery) -> Vec<Manner> {
    use ClientAuthenticationMethod::{ClientSecretBasic, ClientSecretPost, None};
    let has_secret = settings.client.as_ref().is_some_and(|client| client.secret.is_some());
    let methods: Vec<ClientAuthenticationMethod> = match settings.client_auth {
        Some(method) => vec![method],
        Option::None if !has_secret => vec![None],
        Option::None => {
            let advertised = discovery
                .metadata()
                .and_then(|metadata| metadata.strings("token_endpoint_auth_methods_supported"))
                .unwrap_or_default();
            let (first, rest): (Vec<_>, Vec<_>) = [ClientSecretBasic, ClientSecretPost]
                .into_iter()
                .partition(|method| advertised.is_empty() || advertised.contains(&method.name()));
            // One that is not advertised is tried last: metadata may be wrong, and then that is the finding.
            first.into_iter().chain(rest).collect()
        }
    };
    methods
        .into_iter()
        .flat_map(|method| {
            let in_body: &[bool] = match (method, settings.client_id_in_body) {
                (ClientSecretBasic, ClientIdInBody::Auto) => &[false, true],
                (ClientSecretBasic, ClientIdInBody::No) => &[false],
                _ => &[true],
            };
            in_body
                .iter()
                .map(move |client_id_in_body| Manner { method, client_id_in_body: *client_id_in_body })
        })
        .collect()
}
