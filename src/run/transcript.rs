//! The exchanges that a report keeps.

use crate::{
    observation::Observation,
    report::{ExchangeReport, RequestReport, ResponseReport, curl::Command},
};

/// How much of a body the report keeps, in bytes (CONTRACT, The JSON report).
const KEPT: usize = 16 * 1024;

/// The exchanges of a run, in the order in which the report lists them.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    exchanges: Vec<ExchangeReport>,
}

impl Transcript {
    /// Keeps an exchange of a case and returns its index.
    pub(super) fn keep(&mut self, observation: &Observation, again: &Command) -> usize {
        self.exchanges.push(exchange_report(observation, again));
        self.exchanges.len() - 1
    }

    /// Keeps an exchange that belongs to no single case, says what it is for, and returns its index.
    pub(super) fn keep_for(&mut self, purpose: &str, observation: &Observation, again: &Command) -> usize {
        let index = self.keep(observation, again);
        self.exchanges[index].purpose = Some(purpose.to_owned());
        index
    }

    /// The same for one of several of a kind, which are numbered: `probe 1`, `probe 2` …
    pub(super) fn keep_next(&mut self, kind: &str, observation: &Observation, again: &Command) -> usize {
        let is_of_kind = |purpose: &str| purpose.rsplit_once(' ').is_some_and(|(known, _)| known == kind);
        let before = self.exchanges.iter().filter(|known| known.purpose.as_deref().is_some_and(is_of_kind));
        let purpose = format!("{kind} {}", before.count() + 1);
        self.keep_for(&purpose, observation, again)
    }

    pub(super) fn into_exchanges(self) -> Vec<ExchangeReport> {
        self.exchanges
    }
}

fn exchange_report(observation: &Observation, again: &Command) -> ExchangeReport {
    let request = &observation.request;
    let (body, _) = text(&request.body);
    let request = RequestReport {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.clone(),
        body,
    };
    ExchangeReport {
        purpose: None,
        curl: again.line.clone(),
        curl_hints: again.hints.clone(),
        request,
        response: observation.response().map(|response| {
            let (body, cut) = text(&response.body);
            ResponseReport {
                status: response.status,
                headers: response.headers.clone(),
                body,
                body_truncated: cut || response.truncated,
            }
        }),
        error: observation.error().map(|error| error.message.clone()),
        elapsed_ms: observation.elapsed_ms,
    }
}

/// A body as text, cut; bytes that are no UTF-8 are replaced.
fn text(body: &[u8]) -> (String, bool) {
    let cut = body.len() > KEPT;
    let mut end = body.len().min(KEPT);
    // Not within a character: its first bytes would be no UTF-8.
    while cut && end > KEPT - 4 && body[end] & 0b1100_0000 == 0b1000_0000 {
        end -= 1;
    }
    (String::from_utf8_lossy(&body[..end]).into_owned(), cut)
}
