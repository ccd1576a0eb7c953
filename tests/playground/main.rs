//! The embedded playground: the correct server, then every fault beside it. No sleeps: the clock is an input.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test that cannot go on may panic, and nobody reads its documentation"
)]

mod correct;
mod fault_rows;
mod faults;
mod refusals;
mod support;
