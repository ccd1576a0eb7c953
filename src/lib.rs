//! jagspec: the conformance test harness for OAuth authorization servers that accept ID-JAGs
//! (draft-ietf-oauth-identity-assertion-authz-grant).
//!
//! Data flows one way; ARCHITECTURE.md shows it on one page.

pub mod cli;
pub mod clock;
pub mod decode;
pub mod diagnose;
pub mod discovery;
pub mod exchange;
pub mod idjag;
pub mod idp;
pub mod judge;
pub mod keys;
pub mod known_failures;
pub mod observation;
pub mod plan;
pub mod playground;
pub mod problem;
pub mod report;
pub mod run;
pub mod settings;
pub mod suite;
pub mod template;
pub mod token_request;
pub mod yaml;
