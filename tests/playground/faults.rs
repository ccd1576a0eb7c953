//! Every fault beside the correct server: the same request, another answer.

use std::collections::BTreeSet;

use jagspec::playground::{Fault, Playground};
use serde_json::Value;

use crate::{
    fault_rows::rows,
    support::{Bench, KEYS},
};

#[tokio::test]
async fn every_fault_changes_the_answer_and_only_that_fault_does() {
    let mut covered = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in rows() {
        for (faults, expected) in [(&[][..], row.right), (&[row.fault][..], row.wrong)] {
            let bench = Bench::with_client(faults, row.issuer_path, row.policies, row.client_auth).await;
            let observed = (row.observe)(&bench).await;
            if observed != expected {
                wrong
                    .push(format!("{} with {faults:?}: expected {expected}, observed {observed}", row.fault));
            }
        }
        covered.insert(row.fault);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing: Vec<_> = Fault::ALL.iter().filter(|fault| !covered.contains(fault)).collect();
    assert!(missing.is_empty(), "faults without a row: {missing:?}");
}

/// What a client does that follows the metadata; where there is none it takes the server's own addresses.
async fn good_request(bench: &Bench) -> String {
    let metadata = bench.metadata().await.json;
    let text = |name: &str, default: &str| metadata[name].as_str().unwrap_or(default).to_owned();
    let issuer = match text("issuer", bench.server.issuer()) {
        other if other.contains("localhost:9") => bench.server.issuer().to_owned(),
        issuer => issuer,
    };
    let endpoint = text("token_endpoint", bench.server.token_endpoint());
    bench.ask(&bench.mint().claim("aud", issuer).sign()).to(&endpoint).send().await.short()
}

#[tokio::test]
async fn a_good_id_jag_is_refused_exactly_where_the_table_says_so() {
    for fault in Fault::ALL {
        let bench = Bench::with(&[*fault], "", Default::default()).await;
        let answer = good_request(&bench).await;
        assert_eq!(answer != "token", fault.info().refuses_good, "{fault}: {answer}");
    }
}

#[tokio::test]
async fn an_avoidable_refusal_is_avoided_by_another_way_of_speaking() {
    for fault in Fault::ALL.iter().filter(|fault| fault.is_avoidable()) {
        let bench = Bench::with(&[*fault], "", Default::default()).await;
        let client = Playground::CLIENT;
        let mint = bench.mint().signed_by(&KEYS.p256, jagspec::keys::Algorithm::ES256);
        let other_ways = [
            bench.ask(&mint.sign()),
            bench.ask(&bench.mint().sign()).set("client_id", client.id),
            bench.ask(&bench.mint().sign()).post(client.id, client.secret.unwrap()),
        ];
        let mut answers = BTreeSet::new();
        for way in other_ways {
            answers.insert(way.send().await.short());
        }
        assert!(answers.contains("token"), "{fault}: {answers:?}");
    }
}

#[tokio::test]
async fn several_faults_live_together() {
    let faults = [Fault::AudNotChecked, Fault::TypNotChecked, Fault::RefreshTokenIssued];
    let bench = Bench::with(&faults, "", Default::default()).await;
    let bad = bench.mint().claim("aud", Value::Null).header("typ", "JWT");
    let answer = bench.ask(&bad.sign()).send().await;
    assert_eq!(answer.short(), "token");
    assert!(answer.json["refresh_token"].is_string());
}
