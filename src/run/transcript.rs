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
    /// Keeps an exchange and returns its index.
    pub(super) fn keep(&mut self, observation: &Observation, again: &Command) -> usize {
        self.exchanges.push(exchange_report(observation, again));
        self.exchanges.len() - 1
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
    (String::from_utf8_lossy(&body[..body.len().min(KEPT)]).into_owned(), cut)
}
