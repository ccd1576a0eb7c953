//! The probes on the wire: climbs the ladder until one variant is accepted, then sends the well-formed ID-JAG once
//! more, so that a server that has changed its mind meanwhile is not taken for a cause.

use super::{
    again::Origin,
    baseline::Attempt,
    session::{Prepared, Session},
    transcript::Transcript,
};
use crate::{
    clock::Clock,
    diagnose::{AttemptAnswer, Probe, ProbeAnswer},
    observation::Observation,
    suite::Exchange,
};

/// The most exchanges that the ladder may cost.
const MOST: usize = 40;

/// Climbs `ladder` from the attempt that got furthest.
pub(super) async fn climb(
    session: &Session,
    attempts: &[Attempt],
    ladder: Vec<Probe>,
    transcript: &mut Transcript,
) -> Vec<ProbeAnswer> {
    let Some(base) = furthest(attempts) else { return Vec::new() };
    let mut answers = Vec::new();
    for probe in ladder.into_iter().take(MOST) {
        let Ok(prepared) =
            session.prepare(&base.baseline, &Exchange::default(), &probe.exchange, Origin::Own)
        else {
            continue;
        };
        let answer = send(session, &prepared, transcript).await;
        let accepted = answer == AttemptAnswer::Accepted;
        let flipped_back = accepted && {
            match session.control(&base.baseline, &Exchange::default()) {
                Ok(again) => send(session, &again, transcript).await != AttemptAnswer::Accepted,
                Err(_) => false,
            }
        };
        answers.push(ProbeAnswer { probe, answer, flipped_back });
        if accepted {
            break;
        }
    }
    answers
}

async fn send(session: &Session, prepared: &Prepared, transcript: &mut Transcript) -> AttemptAnswer {
    let observation = session.send(prepared).await;
    transcript.keep(&observation, &prepared.again);
    answer(&observation)
}

/// What came back, for the diagnosis.
pub(super) fn answer(observation: &Observation) -> AttemptAnswer {
    match &observation.result {
        Ok(response) => AttemptAnswer::of(response),
        Err(error) => AttemptAnswer::Nothing(error.message.clone()),
    }
}

/// Of the attempts that were answered with `invalid_grant` the first, else the first answered at all: the probes
/// change the assertion, which tells something only where the server looks at it.
fn furthest(attempts: &[Attempt]) -> Option<&Attempt> {
    let error = |attempt: &&Attempt| {
        attempt.observation.response().and_then(|response| response.oauth_error()) == Some("invalid_grant")
    };
    attempts.iter().find(error).or_else(|| {
        attempts.iter().find(|attempt| {
            attempt.observation.response().is_some_and(|response| {
                response.status != 401 && response.oauth_error() != Some("invalid_client")
            })
        })
    })
}

/// How far the target's clock is ahead of ours, in seconds, by the `Date` header of an answer (RFC 9110 section
/// 6.6.1): its resolution is a second.
pub(super) fn clock_offset(attempt: &Attempt, clock: &Clock) -> Option<i64> {
    let date = attempt.observation.response()?.header("date")?;
    let theirs = httpdate::parse_http_date(date).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(i64::try_from(theirs.as_secs()).ok()? - clock.now())
}
