//! The key sets of the IdPs and of the client: fetched over HTTP on first use, kept for a while, fetched again once for an unknown `kid`.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::Value;

use super::{
    faults::{Fault, Faults},
    key_set::KeySet,
};

/// Seconds for which a JWKS is kept, on the playground's clock: as long a withdrawn key lives on.
pub const JWKS_LIFETIME: i64 = 300;
/// Seconds that must lie between two fetches for the sake of an unknown `kid`, on the playground's clock.
pub const JWKS_COOL_DOWN: i64 = 5;

const TIMEOUT: Duration = Duration::from_secs(5);
const LARGEST_DOCUMENT: usize = 256 * 1024;
/// Only a server that trusts every issuer comes near it.
const MOST_ISSUERS: usize = 64;

/// The cache.
#[derive(Debug)]
pub(super) struct JwksCache {
    client: reqwest::Client,
    issuers: Mutex<HashMap<String, Arc<Slot>>>,
}

/// Whose keys are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holder<'a> {
    /// An IdP, by its issuer identifier: its metadata says where its keys are.
    Issuer(&'a str),
    /// A client, by the address of its keys, which is registered.
    ClientAt(&'a str),
}

#[derive(Debug, Default)]
struct Slot {
    /// How many fetches have failed: who waited for one that did need not try again.
    failures: AtomicU64,
    entry: tokio::sync::Mutex<Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    keys: Option<Arc<KeySet>>,
    jwks_uri: Option<String>,
    fetched_at: i64,
    refetched_at: Option<i64>,
}

impl JwksCache {
    pub(super) fn new(trusted_issuers: &[String], ca_pem: Option<&str>) -> Result<Self, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("jagspec-playground/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            // A JWKS that points elsewhere must not lead the server there.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if trusted_issuers.iter().all(|issuer| issuer.starts_with("http://")) {
            // Reading the system's certificates takes longer than a whole test.
            builder = builder.tls_certs_only([]);
        }
        if let Some(pem) = ca_pem {
            builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem.as_bytes())?);
        }
        Ok(Self { client: builder.build()?, issuers: Mutex::default() })
    }

    /// The keys of a holder; none when they cannot be had. A set that does not know `kid` is fetched again, at most
    /// once in [`JWKS_COOL_DOWN`].
    pub(super) async fn keys(
        &self,
        holder: Holder<'_>,
        kid: Option<&str>,
        now: i64,
        faults: &Faults,
    ) -> Option<Arc<KeySet>> {
        let (Holder::Issuer(name) | Holder::ClientAt(name)) = holder;
        let slot = self.slot(name);
        let failures = slot.failures.load(Ordering::SeqCst);
        let mut entry = slot.entry.lock().await;
        let lifetime = if faults.has(Fault::RemovedKeyAccepted) { i64::MAX } else { JWKS_LIFETIME };

        if entry.keys.is_none() || now.saturating_sub(entry.fetched_at) >= lifetime {
            entry.keys = None;
            if slot.failures.load(Ordering::SeqCst) != failures {
                return None;
            }
            entry.jwks_uri = Some(match holder {
                Holder::Issuer(issuer) => self.jwks_uri(issuer, faults).await,
                Holder::ClientAt(uri) => uri.to_owned(),
            });
            self.refresh(&slot, &mut entry, now, faults).await;
            return entry.keys.clone();
        }

        let unknown = kid.is_some_and(|kid| !entry.keys.as_ref().is_some_and(|keys| keys.knows(kid)));
        let cooled_down = entry.refetched_at.is_none_or(|then| now.saturating_sub(then) >= JWKS_COOL_DOWN);
        if unknown && cooled_down && !faults.has(Fault::UnknownKidNotRefetched) {
            entry.refetched_at = Some(now);
            self.refresh(&slot, &mut entry, now, faults).await;
        }
        entry.keys.clone()
    }

    /// The keys at this address, past the cache.
    pub(super) async fn fetch_keys(&self, uri: &str, faults: &Faults) -> Option<KeySet> {
        KeySet::read(&self.fetch(uri).await?, faults)
    }

    fn slot(&self, issuer: &str) -> Arc<Slot> {
        // A panic cannot leave the map half changed.
        let mut issuers = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
        if !issuers.contains_key(issuer) && issuers.len() >= MOST_ISSUERS {
            issuers.clear();
        }
        Arc::clone(issuers.entry(issuer.to_owned()).or_default())
    }

    /// Fetches the set anew; after a failure the old one stays as long as it lives.
    async fn refresh(&self, slot: &Slot, entry: &mut Entry, now: i64, faults: &Faults) {
        let fetched = match &entry.jwks_uri {
            Some(uri) => self.fetch_keys(uri, faults).await,
            None => None,
        };
        let Some(mut fetched) = fetched else {
            slot.failures.fetch_add(1, Ordering::SeqCst);
            return;
        };
        if faults.has(Fault::RemovedKeyAccepted)
            && let Some(old) = &entry.keys
        {
            let gone: Vec<_> = old
                .keys
                .iter()
                .filter(|key| !key.kid.as_deref().is_some_and(|kid| fetched.knows(kid)))
                .cloned()
                .collect();
            fetched.keys.extend(gone);
        }
        entry.keys = Some(Arc::new(fetched));
        entry.fetched_at = now;
    }

    /// Where the issuer's metadata says that its keys are; without usable metadata the place of the convention.
    async fn jwks_uri(&self, issuer: &str, faults: &Faults) -> String {
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        if faults.has(Fault::JwksUnreachable) {
            return format!("{base}/keys-of-last-year");
        }
        let metadata = self.fetch(&format!("{base}/.well-known/openid-configuration")).await;
        metadata
            // OpenID Connect Discovery section 4.3: the document must be about this very issuer.
            .filter(|document| document["issuer"] == issuer)
            .and_then(|document| document["jwks_uri"].as_str().map(str::to_owned))
            .unwrap_or_else(|| format!("{base}/jwks"))
    }

    async fn fetch(&self, uri: &str) -> Option<Value> {
        let mut response = self.client.get(uri).send().await.ok()?;
        if response.status() != reqwest::StatusCode::OK {
            return None;
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.ok()? {
            if body.len() + chunk.len() > LARGEST_DOCUMENT {
                return None;
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).ok()
    }
}
