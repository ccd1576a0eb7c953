//! The exchanges that a report keeps.

use crate::{
    observation::Observation,
    report::{ExchangeReport, RequestReport, ResponseReport, curl},
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
    pub(super) fn keep(&mut self, observation: &Observation) -> usize {
        self.exchanges.push(exchange_report(observation));
        self.exchanges.len() - 1
    }

    pub(super) fn into_exchanges(self) -> Vec<ExchangeReport> {
        self.exchanges
    }
}

fn exchange_report(observation: &Observation) -> ExchangeReport {
    let request = &observation.request;
    let (body, _) = text(&request.body);
    let request = RequestReport {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.clone(),
        body,
    };
    ExchangeReport {
        curl: curl::curl(&request),
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
