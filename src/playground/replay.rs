//! Which ID-JAGs and client assertions were used: the (`iss`, `jti`) of each until it can no longer be presented.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::digest;

use super::{
    faults::{Fault, Faults},
    refusal::{Code, Refusal},
    validation::IdJag,
};

/// The greatest number of records; beyond it nothing is accepted until some have expired, for the other way out,
/// forgetting early, would let an attacker replay.
const MOST_RECORDS: usize = 1 << 18;
/// How many records make it worth looking for expired ones.
const SWEEP_AT: usize = 1 << 10;

type Used = [u8; 32];

/// The records.
#[derive(Debug, Default)]
pub(super) struct ReplayStore(Mutex<Records>);

#[derive(Debug, Default)]
struct Records {
    dies_at: HashMap<Used, i64>,
    sweep_at: usize,
}

impl ReplayStore {
    /// Records the use of an ID-JAG, in one step with the look whether it was used before.
    pub(super) fn consume(
        &self,
        id_jag: &IdJag,
        assertion: &str,
        now: i64,
        faults: &Faults,
    ) -> Result<(), Refusal> {
        let Some(jti) = id_jag.jti.as_deref() else {
            // Only the server that takes ID-JAGs without jti comes here.
            return Ok(());
        };
        if faults.has(Fault::JtiNotConsumed) {
            return Ok(());
        }
        let key = match () {
            () if faults.has(Fault::EcdsaSMalleability) => digest_of(&[assertion]),
            () if faults.has(Fault::JtiNotScoped) => digest_of(&[jti]),
            () => digest_of(&[&id_jag.issuer, jti]),
        };
        let dies_at = match () {
            () if faults.has(Fault::JtiTtlFixed) => now + 60,
            () if faults.has(Fault::JtiTtlWithoutLeeway) => id_jag.expires_at,
            () => id_jag.dies_at,
        };
        lock(&self.0).record(key, dies_at, now)
    }

    /// Records the use of a client assertion.
    pub(super) fn consume_client_assertion(
        &self,
        client_id: &str,
        jti: &str,
        dies_at: i64,
        now: i64,
    ) -> Result<(), Refusal> {
        lock(&self.0).record(digest_of(&[client_id, jti]), dies_at, now)
    }
}

impl Records {
    fn knows(&self, key: &Used, now: i64) -> bool {
        self.dies_at.get(key).is_some_and(|dies_at| *dies_at > now)
    }

    fn record(&mut self, key: Used, dies_at: i64, now: i64) -> Result<(), Refusal> {
        if self.knows(&key, now) {
            return Err(Refusal::grant("the jti was used before"));
        }
        if self.dies_at.len() >= self.sweep_at.max(SWEEP_AT) {
            self.dies_at.retain(|_, dies_at| *dies_at > now);
            // Twice what lives: the cost of sweeping stays constant per record.
            self.sweep_at = self.dies_at.len().saturating_mul(2);
        }
        if self.dies_at.len() >= MOST_RECORDS {
            return Err(Refusal::new(Code::Unavailable, "the replay store is full"));
        }
        self.dies_at.insert(key, dies_at);
        Ok(())
    }
}

fn lock(store: &Mutex<Records>) -> std::sync::MutexGuard<'_, Records> {
    // Nothing under this lock can panic half way through a change.
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A digest keeps the records small however long a `jti` is. Each piece is preceded by its length, so that no two
/// lists of pieces run together.
fn digest_of(pieces: &[&str]) -> Used {
    let mut context = digest::Context::new(&digest::SHA256);
    for piece in pieces {
        context.update(&piece.len().to_be_bytes());
        context.update(piece.as_bytes());
    }
    let mut used = [0; 32];
    used.copy_from_slice(context.finish().as_ref());
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_lives_until_the_assertion_dies_and_is_swept_then() {
        let mut records = Records::default();
        let key = |n: usize| digest_of(&["iss", &n.to_string()]);
        assert_eq!(records.record(key(0), 100, 10), Ok(()));
        assert!(records.record(key(0), 100, 99).is_err());
        assert_eq!(records.record(key(0), 200, 100), Ok(()));
        for n in 1..SWEEP_AT {
            records.record(key(n), 200, 100).unwrap();
        }
        records.record(key(SWEEP_AT), 300, 200).unwrap();
        assert_eq!(records.dies_at.len(), 1);
    }

    #[test]
    fn pieces_do_not_run_together() {
        assert_ne!(digest_of(&["ab", "c"]), digest_of(&["a", "bc"]));
    }
}
