use super::{Stop, stop};
use crate::cli::{DecodeArguments, Screen};
pub(super) fn decode(_: &DecodeArguments, _: &Screen) -> Result<u8, Stop> { Err(stop("todo")) }
