//! The clock as an input. Everything that is pure takes `now` as seconds since the epoch; only the rim asks here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// Where the time comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that a test sets, in seconds since the epoch.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `seconds` since the epoch until [`Clock::advance`] moves it.
    pub fn at(seconds: i64) -> Self {
        Clock::Set(Arc::new(AtomicI64::new(seconds)))
    }

    /// Seconds since the epoch (RFC 7519 section 2, NumericDate).
    pub fn now(&self) -> i64 {
        match self {
            Clock::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)),
            Clock::Set(seconds) => seconds.load(Ordering::SeqCst),
        }
    }

    /// Moves a set clock; the system's stays as it is.
    pub fn advance(&self, seconds: i64) {
        if let Clock::Set(now) = self {
            now.fetch_add(seconds, Ordering::SeqCst);
        }
    }
}
