//! `jagspec diff`: what changed between two reports.

use super::{Stop, stop};
use crate::{
    cli::{DiffArguments, Screen, files},
    diff::{compare, text},
    report::json,
};

pub(super) fn diff(arguments: &DiffArguments, screen: &Screen) -> Result<u8, Stop> {
    let DiffArguments { before, after, format } = arguments;
    let (first, second) = match (files::report(before), files::report(after)) {
        (Ok(first), Ok(second)) => (first, second),
        (first, second) => {
            return Err(Stop::Messages([first.err(), second.err()].into_iter().flatten().collect()));
        }
    };
    let names = [before, after].map(|path| path.display().to_string());
    let difference = compare((&names[0], &first), (&names[1], &second));
    screen.result(&match format.as_str() {
        "json" => json::harmless(&difference).map_err(stop)?,
        _ => text::render(&difference, screen.columns(), screen.colour()),
    });
    Ok(u8::from(!difference.same))
}
