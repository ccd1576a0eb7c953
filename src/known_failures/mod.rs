//! The baseline of `--baseline`: known failures, so that only a change against them fails a run. `file` is what was
//! typed, `validate` makes entries of it, `compare` says what became of them in a run, `rewrite` is `--write-baseline`.
//! All pure; the file is read and written by `cli`.
//!
//! The other baseline, how a target is spoken to, is the business of `run`.

mod compare;
pub mod file;
mod pattern;
mod rewrite;
#[cfg(test)]
mod tests;
mod validate;

pub use compare::{applied, compare};
pub use rewrite::{Rewritten, rewrite};
use semver::Version;
pub use validate::entries;

/// The version of this jagspec, against which the conditions of entries are held.
#[expect(clippy::expect_used, reason = "Cargo builds no package whose version is none")]
pub fn this_version() -> Version {
    Version::parse(env!("CARGO_PKG_VERSION")).expect("a version of Semantic Versioning")
}
