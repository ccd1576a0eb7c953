//! What was fetched from the IdP: the evidence of whether a target looked at metadata and keys at all. Kept in
//! memory and bounded; judging it is `diagnose`'s business.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use super::issuer::IssuerRole;
use crate::observation::clip;

/// So many entries are kept; beyond, only counts: a target that fetches in a loop must not fill the memory.
pub const MAX_ENTRIES: usize = 10_000;
const MAX_USER_AGENT: usize = 200;
const MAX_PATH: usize = 500;
const MAX_METHOD: usize = 20;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessKind {
    /// A metadata document.
    Metadata,
    /// A JWKS of an issuer.
    Jwks,
    /// The keys of the client.
    ClientJwks,
    /// A canary address.
    Canary,
    /// Anything else; it does not exist.
    Other,
}

/// One request to the IdP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Access {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The method, printable ASCII, cut at 20 characters.
    pub method: String,
    /// The path without the query, printable ASCII, cut at 500 characters.
    pub path: String,
    /// The user agent, printable ASCII, cut at 200 characters.
    pub user_agent: Option<String>,
    /// The status that was sent.
    pub status: u16,
    /// What was asked for.
    pub kind: AccessKind,
    /// Whose; none for what does not exist.
    pub issuer: Option<IssuerRole>,
}

/// A moment in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark(usize);

#[derive(Debug, Default)]
struct Log {
    entries: Vec<Access>,
    total: usize,
    counts: BTreeMap<(AccessKind, Option<IssuerRole>), usize>,
}

/// The log of the requests to the IdP, shared with its server.
#[derive(Debug, Default)]
pub struct AccessLog(Mutex<Log>);

impl AccessLog {
    /// Adds an entry; what the client wrote is sanitised here.
    pub fn record(&self, mut access: Access) {
        access.method = printable(&access.method, MAX_METHOD);
        access.path = printable(&access.path, MAX_PATH);
        access.user_agent = access.user_agent.map(|agent| printable(&agent, MAX_USER_AGENT));
        let mut log = self.lock();
        log.total += 1;
        *log.counts.entry((access.kind, access.issuer)).or_default() += 1;
        if log.entries.len() < MAX_ENTRIES {
            log.entries.push(access);
        }
    }

    /// All entries that were kept, in the order in which they came.
    pub fn snapshot(&self) -> Vec<Access> {
        self.lock().entries.clone()
    }

    /// This moment, for [`AccessLog::since`].
    pub fn mark(&self) -> Mark {
        Mark(self.lock().total)
    }

    /// The entries after `mark` that were kept.
    pub fn since(&self, mark: Mark) -> Vec<Access> {
        self.lock().entries.get(mark.0..).unwrap_or_default().to_vec()
    }

    /// How many requests of a kind an issuer had, those that were not kept included.
    pub fn count(&self, kind: AccessKind, issuer: Option<IssuerRole>) -> usize {
        self.lock().counts.get(&(kind, issuer)).copied().unwrap_or_default()
    }

    /// How many requests there were that no entry was kept for.
    pub fn not_kept(&self) -> usize {
        let log = self.lock();
        log.total - log.entries.len()
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        // No code panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The printable ASCII of a text that a stranger wrote, `?` for the rest, so that it can stand in a terminal.
fn printable(text: &str, max: usize) -> String {
    clip(text, max)
        .chars()
        .map(|c| if c == ' ' || c == '…' || c.is_ascii_graphic() { c } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(path: &str, user_agent: &str) -> Access {
        Access {
            at_ms: 1,
            method: "GET".into(),
            path: path.into(),
            user_agent: Some(user_agent.into()),
            status: 200,
            kind: AccessKind::Jwks,
            issuer: Some(IssuerRole::Main),
        }
    }

    #[test]
    fn since_gives_what_came_after_the_mark() {
        let log = AccessLog::default();
        log.record(access("/a", "x"));
        let mark = log.mark();
        assert_eq!(log.since(mark), []);
        log.record(access("/b", "x"));
        assert_eq!(log.since(mark).iter().map(|access| access.path.as_str()).collect::<Vec<_>>(), ["/b"]);
        assert_eq!(log.snapshot().len(), 2);
        assert_eq!(log.since(Mark::default()), log.snapshot());
    }

    #[test]
    fn a_flood_is_counted_not_kept() {
        let log = AccessLog::default();
        for _ in 0..MAX_ENTRIES + 3 {
            log.record(access("/jwks", "x"));
        }
        assert_eq!(log.snapshot().len(), MAX_ENTRIES);
        assert_eq!(log.not_kept(), 3);
        assert_eq!(log.count(AccessKind::Jwks, Some(IssuerRole::Main)), MAX_ENTRIES + 3);
        assert_eq!(log.count(AccessKind::Canary, Some(IssuerRole::Main)), 0);
        assert_eq!(log.since(log.mark()), []);
    }

    #[test]
    fn what_strangers_write_is_sanitised() {
        let log = AccessLog::default();
        log.record(access("/\u{1b}[2J", &format!("agent\r\n\u{e9}{}", "a".repeat(500))));
        let entry = log.snapshot().remove(0);
        assert_eq!(entry.path, "/?[2J");
        let agent = entry.user_agent.unwrap();
        assert!(agent.starts_with("agent???aaa"), "{agent}");
        assert_eq!(agent.chars().count(), 201);
        assert!(agent.ends_with('…'), "it is seen that it was cut");
    }
}
