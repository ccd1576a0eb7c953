//! From the token endpoint to the suites: is there one, how is it spoken to, and what becomes of the cases when
//! no well-formed ID-JAG is accepted.

use std::sync::Arc;

use super::{
    Baseline,
    baseline::{self, Attempt},
    client_assertion::ClientAlgorithms,
    probe,
    session::Session,
    state::State,
};
use crate::{
    diagnose,
    exchange::Client as HttpClient,
    plan,
    suite::{Exchange, Need, RunCheck},
    token_request::{
        ClientAssertionManner, ClientAuthenticationChange, ClientAuthenticationMethod, ClientChoice,
    },
};

impl State<'_> {
    pub(super) fn has_token_requests(&self) -> bool {
        self.slots.iter().any(|slot| slot.case.sends())
    }

    pub(super) async fn test_token_endpoint(&mut self, http: HttpClient) {
        let settings = self.run.settings.clone();
        let (Some(client), Some(token_endpoint)) = (settings.client.clone(), self.discovery.token_endpoint())
        else {
            self.untestable = true;
            self.skip_or_leave_unsent("there is no token endpoint to send to");
            return;
        };
        if self.discovery.unreachable() || self.token_endpoint_missing() {
            self.untestable = true;
            self.skip_or_leave_unsent("control refused, not sent: the token endpoint does not answer");
            return;
        }
        let client_algorithms = ClientAlgorithms::of(self.run.idp.keyring(), &self.discovery);
        let session = Arc::new(Session {
            settings,
            client_algorithms,
            client,
            http: if self.discovery.is_of_the_target(&token_endpoint) {
                http.with_gateway(&token_endpoint)
            } else {
                http
            },
            keyring: self.run.idp.keyring().clone(),
            clock: self.run.clock.clone(),
            ids: self.run.ids.clone(),
            issuer: self.discovery.issuer().to_owned(),
            token_endpoint,
            details_type: self.discovery.metadata().and_then(|metadata| {
                let types = metadata.strings("authorization_details_types_supported")?;
                types.first().map(|name| (*name).to_owned())
            }),
            jwks: self.discovery.jwks.as_ref().and_then(|jwks| jwks.response()?.json().ok().cloned()),
        });
        let attempts = baseline::settle(&session, &self.discovery, &mut self.transcript).await;
        let accepted = attempts.last().filter(|last| last.accepted()).map(|last| last.baseline);
        self.record_attempts(&attempts);
        let Some(mut baseline) = accepted else {
            self.untestable = true;
            self.skip_or_leave_unsent("control refused, not sent");
            if session.settings.probes {
                let offset = attempts.last().and_then(|last| probe::clock_offset(last, &self.run.clock));
                if let Some((base, subject)) = probe::base(&attempts) {
                    let ladder = diagnose::ladder(subject, &session.settings, &self.discovery, offset);
                    self.evidence.probes =
                        probe::climb(&session, &base.baseline, ladder, &mut self.transcript).await;
                }
            }
            return;
        };
        self.settle_client_assertion(&session, &mut baseline).await;
        self.record_baseline(&attempts, &baseline);
        if let Some(accepted) = attempts.last() {
            self.judge_manner(accepted);
        }
        self.try_other_client(&session, &baseline).await;
        self.plan_skips(Some(&baseline));
        self.run_suites(&session, baseline).await;
        self.run_exclusive(&session, baseline).await;
    }

    /// How the client's assertion is made, where it has a key and the baseline is another method.
    async fn settle_client_assertion(&mut self, session: &Session, baseline: &mut Baseline) {
        let needed = self.slots.iter().any(|slot| slot.case.needs.contains(&Need::ClientKey));
        if baseline.manner.method == ClientAuthenticationMethod::PrivateKeyJwt
            || session.client_algorithms.usual.is_none()
            || !needed
        {
            return;
        }
        let settled = baseline::settle_client_assertion(session, baseline, &mut self.transcript).await;
        match settled {
            Ok(manner) => {
                baseline.manner.client_assertion = manner;
                self.measure_client_assertion(manner);
            }
            Err(answer) => {
                self.client_assertion_refused = Some(format!(
                    "not offered: the client's well-formed assertion is refused ({answer}); --client-auth \
                     private_key_jwt finds out why"
                ));
            }
        }
    }

    fn measure_client_assertion(&mut self, manner: ClientAssertionManner) {
        let in_body = manner.client_id_in_body;
        self.measure("client-assertion-audience", manner.audience.name().into(), true, Vec::new());
        self.measure("client-id-beside-client-assertion", in_body.into(), true, Vec::new());
    }

    /// What the way in which the client was let in says of the server.
    fn judge_manner(&mut self, accepted: &Attempt) {
        let method = accepted.baseline.manner.method;
        let advertised = self.discovery.metadata().and_then(|metadata| {
            // RFC 8414 section 2: left out, the member means client_secret_basic.
            let methods = metadata
                .strings("token_endpoint_auth_methods_supported")
                .unwrap_or_else(|| vec!["client_secret_basic"]);
            (!methods.contains(&method.name())).then(|| {
                format!("the client was let in by {}, the metadata has {}", method.name(), methods.join(", "))
            })
        });
        let public = (method == ClientAuthenticationMethod::None)
            .then(|| "the client was let in without a credential".to_owned());
        let findings =
            vec![(RunCheck::MethodAdvertised, advertised), (RunCheck::ClientIsConfidential, public)];
        self.ledger.record(None, findings, Some(accepted.exchange));
    }

    /// The cases with a second client prove something only if that client could redeem an ID-JAG of its own.
    async fn try_other_client(&mut self, session: &Session, baseline: &Baseline) {
        let needed = self.slots.iter().any(|slot| slot.case.needs.contains(&Need::OtherClient));
        if !needed || session.settings.other_client.is_none() {
            return;
        }
        // Where HTTP Basic fails for this client alone, the body may not: that difference is the finding of a case.
        let methods = [None, Some(ClientAuthenticationMethod::ClientSecretPost)];
        for method in methods {
            let client = ClientChoice::Other;
            let mut own = Exchange::default();
            own.id_jag.claims.insert("client_id".into(), "${other_client.id}".into());
            own.token_request.client_authentication =
                Some(ClientAuthenticationChange { method, client, ..Default::default() });
            let Ok(prepared) = session.control(baseline, &own) else { return };
            let observation = session.send(&prepared).await;
            match observation.response() {
                Some(response) if response.access_token().is_some() => {
                    self.other_client_refused = None;
                    return;
                }
                Some(response) => self.refuse_other_client(&response.summary()),
                None => self.refuse_other_client("no answer"),
            }
            self.transcript.keep_next("second client", &observation, &prepared.again);
        }
    }

    fn refuse_other_client(&mut self, answer: &str) {
        // The first answer is the one in the manner of all other exchanges.
        self.other_client_refused.get_or_insert_with(|| {
            format!("the second client's own ID-JAG is refused ({answer}): correct --other-client-id")
        });
    }

    /// Whether the token endpoint has shown that it is none: 404, 405, a page, nothing. Whether it is found is the
    /// subject of a discovery case; here it only keeps the rest from being sent into the void.
    pub(super) fn token_endpoint_missing(&self) -> bool {
        match self.discovery.token_endpoint_answer.as_ref().map(|answer| &answer.result) {
            Some(Ok(response)) => !response.is_of_a_token_endpoint(),
            Some(Err(_)) => true,
            None => false,
        }
    }

    pub(super) fn record_attempts(&mut self, attempts: &[Attempt]) {
        for attempt in attempts {
            let words = format!("{}, {}", attempt.baseline.manner.words(), attempt.baseline.algorithm);
            self.evidence.attempts.push(diagnose::Attempt {
                manner: words,
                answer: match &attempt.observation.result {
                    Ok(response) => diagnose::AttemptAnswer::of(response),
                    Err(error) => diagnose::AttemptAnswer::Nothing(error.message.clone()),
                },
                exchange: attempt.exchange,
            });
        }
    }

    pub(super) fn record_baseline(&mut self, attempts: &[Attempt], baseline: &Baseline) {
        let evidence = self.evidence.attempts.iter().map(diagnose::Attempt::sentence).collect::<Vec<_>>();
        self.measure("client-authentication", baseline.manner.method.name().into(), true, evidence.clone());
        self.measure("client-id-in-body", baseline.manner.client_id_in_body.into(), true, Vec::new());
        self.measure("algorithm", baseline.algorithm.name().into(), true, evidence);
        if baseline.manner.method == ClientAuthenticationMethod::PrivateKeyJwt {
            self.measure_client_assertion(baseline.manner.client_assertion);
        }
        if let Some(date) = attempts.last().and_then(|last| probe::clock_offset(last, &self.run.clock)) {
            self.measure("clock-offset-seconds", date.into(), false, vec!["from the Date header".into()]);
        }
    }

    /// Skips what cannot run; what could is left for the suites.
    pub(super) fn plan_skips(&mut self, baseline: Option<&Baseline>) {
        for index in 0..self.slots.len() {
            let case = self.slots[index].case;
            if self.slots[index].done || !case.sends() {
                continue;
            }
            let refused =
                |need: Need, why: &Option<String>| why.clone().filter(|_| case.needs.contains(&need));
            let reason = plan::skip_reason(case, self.settings(), &self.discovery, baseline)
                .or_else(|| refused(Need::OtherClient, &self.other_client_refused))
                .or_else(|| refused(Need::ClientKey, &self.client_assertion_refused));
            if let Some(reason) = reason {
                self.skip(index, reason);
            }
        }
    }

    /// Every case that sends is skipped, with its reason, or else `inconclusive`.
    pub(super) fn skip_or_leave_unsent(&mut self, why: &str) {
        self.plan_skips(None);
        for index in 0..self.slots.len() {
            if !self.slots[index].done && self.slots[index].case.sends() {
                self.inconclusive(index, why);
            }
        }
    }
}
