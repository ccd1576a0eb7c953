//! The IdP that the harness plays.
