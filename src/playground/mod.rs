//! The embedded playground.
