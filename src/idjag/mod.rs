//! The ID-JAG.
mod change;
pub use change::*;
