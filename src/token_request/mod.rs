//! The token request as a value.
mod change;
pub use change::*;
