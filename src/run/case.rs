//! One case, from its first step to its verdict.

use super::{
    Baseline,
    again::Origin,
    session::{Prepared, Session},
};
use crate::{
    idp::Idp,
    judge::{Facts, Judgement, judge_answer},
    observation::Observation,
    settings::Settings,
    suite::{Answer, Case, Expectation, Level, Step},
};

/// What came of a case.
pub(super) struct CaseRun {
    pub(super) judgement: Judgement,
    /// What was sent, in order.
    pub(super) sent: Vec<Sent>,
    /// What the case measured: names and values of entries.
    pub(super) measured: Vec<(String, String)>,
    /// The verdict rests on a refusal: without an accepted control it is none.
    pub(super) rests_on_refusal: bool,
}

/// One exchange of a case.
pub(super) struct Sent {
    pub(super) observation: Observation,
    pub(super) prepared: Prepared,
    pub(super) jwks_broken: bool,
}

/// Whether the case is judged under this run's policies; if not, it only measures.
pub(super) fn is_judged(case: &Case, settings: &Settings) -> bool {
    case.policy.as_ref().is_none_or(|(name, value)| settings.policies.get(name) == Some(value))
}

/// The level of a case in this run.
pub(super) fn level(case: &Case, settings: &Settings) -> Level {
    if is_judged(case, settings) { case.level_under(settings.profile) } else { Level::INFO }
}

/// Carries a case out.
///
/// # Errors
/// Why it cannot be carried out with this configuration: the reason of a `skip`.
pub(super) async fn run_case(
    case: &Case,
    session: &Session,
    baseline: &Baseline,
    idp: Option<&Idp>,
) -> Result<CaseRun, String> {
    let level = level(case, &session.settings);
    let mut sent: Vec<Sent> = Vec::new();
    let mut verdict: Option<(Judgement, bool)> = None;
    let mut measured = Vec::new();
    let case_jti = session.ids.fresh();
    for step in &case.steps {
        let send = match step {
            Step::Idp(action) => {
                // Only an exclusive case has actions, and it is given the IdP.
                let idp = idp.ok_or_else(|| "the case must run alone".to_owned())?;
                idp.perform(*action).await.map_err(|error| error.to_string())?;
                continue;
            }
            Step::Send(send) => send,
            Step::Wait(seconds) => {
                session.let_pass(*seconds).await;
                continue;
            }
            Step::Discovery(_) | Step::Run(_) => continue,
        };
        let origin = Origin::Case { case, request: sent.len(), jti: &case_jti };
        let earlier = sent.last().map(|earlier: &Sent| &earlier.prepared);
        let mut prepared = session.step(baseline, &case.setup, send, origin, earlier)?;
        let same_proof = send.exchange.token_request.dpop.as_ref().is_some_and(|dpop| dpop.same_proof);
        if let Some(earlier) = sent.last().filter(|_| same_proof) {
            prepared.repeat_proof(&earlier.observation.request);
        }
        // In a case of several steps the defect can lie in what came before.
        let alone = case.steps.len() == 1;
        if alone && !prepared.differs && matches!(send.expect.answer, Answer::Refused { .. }) {
            return Err("not applicable: with this target the change makes no difference".into());
        }
        if alone && prepared.id_jag.slash_apart && level == Level::MUST {
            return Err(
                "not applicable: with this target the value is one final slash apart from the right one, \
                        which is a case of its own"
                    .into(),
            );
        }
        let observation = session.send(&prepared).await;
        let jwks_broken = session.keyring.jwks_is_broken();
        let facts = Facts {
            variables: &prepared.id_jag.variables,
            assertion: &prepared.id_jag.assertion,
            scope: prepared.id_jag.scope.as_deref(),
            jwks: session.jwks.as_ref(),
            jwks_broken,
            before: sent.last().and_then(|earlier| earlier.observation.response()),
        };
        let judgement = judge_answer(&send.expect, level, &observation, facts);
        let refused = observation.response().is_some_and(|response| response.access_token().is_none());
        if let Some(name) = measured_name(case, &send.expect) {
            measured.push((name, answer_word(&observation)));
        }
        let worse =
            verdict.as_ref().is_none_or(|(worst, _)| judgement.outcome.weight() >= worst.outcome.weight());
        if worse {
            verdict = Some((judgement, refused));
        }
        sent.push(Sent { observation, prepared, jwks_broken });
    }
    let (judgement, rests_on_refusal) = verdict.ok_or_else(|| "the case sends nothing".to_owned())?;
    Ok(CaseRun { judgement, sent, measured, rests_on_refusal })
}

/// The name of the profile entry that an answer becomes: of a case that measures, or of one whose policy is not
/// set, where the policy names it.
fn measured_name(case: &Case, expect: &Expectation) -> Option<String> {
    match (&expect.answer, &case.policy) {
        (Answer::Measured(name), _) => Some(name.clone()),
        // The two cases of a policy, one for each of its values, measure the same.
        (_, Some((policy, _))) if case.case.starts_with(policy.as_str()) => Some(policy.clone()),
        (_, Some((policy, _))) => Some(format!("{policy}-{}", case.case.replace('/', "-"))),
        _ => None,
    }
}

fn answer_word(observation: &Observation) -> String {
    match &observation.result {
        Err(_) => "no answer".into(),
        Ok(response) if response.access_token().is_some() => "accepted".into(),
        Ok(response) => match response.oauth_error() {
            Some(error) => format!("refused: {}", crate::observation::clip(error, 60)),
            None => format!("refused: {}", response.status),
        },
    }
}
