//! Discovery on the wire: fetches what `discovery` says to try, keeps every try.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    discovery::{Discovery, FORGED_HOST, IssuerVerdict, Try, candidates},
    exchange,
    observation::HttpRequest,
};

/// Fetches the metadata of `target`, then its JWK Set, then asks the token endpoint with an empty POST.
pub async fn discover(http: &exchange::Client, target: &str) -> Discovery {
    let mut discovery =
        Discovery { asked: target.to_owned(), tries: fetch_all(http, target).await, ..Discovery::default() };
    if let IssuerVerdict::Contradicted(issuer) = discovery.issuer_verdict() {
        discovery.own_tries = fetch_all(http, &issuer).await;
    }
    let jwks_uri = discovery
        .metadata()
        .and_then(|metadata| metadata.document.get("jwks_uri"))
        .and_then(|uri| uri.as_str())
        .map(str::to_owned);
    if let Some(uri) = jwks_uri {
        discovery.jwks = Some(http.send(HttpRequest::get(&uri)).await);
    }
    if let Some(used) = discovery.used() {
        let mut request = HttpRequest::get(&used.url);
        request.headers.push(("Host".into(), FORGED_HOST.into()));
        discovery.forged_host = Some(http.send(request).await);
    }
    if let Some(endpoint) = discovery.token_endpoint() {
        let gateway = discovery.is_of_the_target(&endpoint);
        let http = if gateway { http.clone().with_gateway(&endpoint) } else { http.clone() };
        // Without parameters it can redeem nothing: it only tells whether a token endpoint is there.
        let request = HttpRequest {
            method: "POST".into(),
            url: endpoint,
            headers: vec![
                ("Accept".into(), "application/json".into()),
                ("Content-Type".into(), "application/x-www-form-urlencoded".into()),
            ],
            body: Vec::new(),
        };
        discovery.token_endpoint_answer = Some(http.send(request).await);
    }
    discovery
}

async fn fetch_all(http: &exchange::Client, issuer: &str) -> Vec<Try> {
    let mut tries = Vec::new();
    for (well_known, url) in candidates(issuer) {
        let observation = http.send(HttpRequest::get(&url)).await;
        tries.push(Try::new(well_known, url, observation));
    }
    tries
}

/// Waits until the target answers anything at all, at most `wait`. Returns whether it did.
pub(super) async fn wait_for(http: &exchange::Client, target: &str, wait: Duration) -> bool {
    let deadline = Instant::now() + wait;
    let Some((_, url)) = candidates(target).into_iter().next() else { return false };
    loop {
        if http.send(HttpRequest::get(&url)).await.result.is_ok() {
            return true;
        }
        if Instant::now() + PAUSE > deadline {
            return false;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Between two attempts to reach a target that is still starting.
const PAUSE: Duration = Duration::from_millis(250);
