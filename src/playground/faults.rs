//! The named faults: their names, what is told of each, and how a set of them is asked. The list itself is
//! `fault_table`; the faulty behaviour is a visible branch at the check that it breaks.

use std::{collections::BTreeSet, fmt, str::FromStr};

pub use super::fault_table::Fault;

/// What is told of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultInfo {
    /// The fault.
    pub fault: Fault,
    /// Its name as typed.
    pub name: &'static str,
    /// The faulty behaviour, one sentence.
    pub does: &'static str,
    /// Where it comes from: the product and issue that show it, or the requirement (`IDJAG-…`) or attack
    /// (`ATT-…`) that it breaks. `near` marks a text that shows something close to it.
    pub source: &'static str,
    /// The row that a diagnosis names first; for a security hole the row whose check is missing.
    pub row: &'static str,
    /// Whether a well-formed ID-JAG, in the request that the metadata suggests (Basic, no `client_id` in the
    /// body, RS256, the IdP's first issuer), is refused because of it.
    pub refuses_good: bool,
}

impl Fault {
    /// The fault's name as typed.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Whether a client can get around the refusal by speaking to the server in another way that the metadata
    /// allows as well: another client authentication, `client_id` in the body, another algorithm.
    pub fn is_avoidable(self) -> bool {
        matches!(self, Fault::BasicUnsupported | Fault::ClientIdInBodyDemanded | Fault::AlgOnlyEs256)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No fault has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no fault of the playground{}", suggestion(.nearest))]
pub struct UnknownFault {
    /// What was typed.
    pub name: String,
    /// The nearest name, when one is near enough to be meant.
    pub nearest: Option<&'static str>,
}

fn suggestion(nearest: &Option<&'static str>) -> String {
    nearest.map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        if let Some(fault) = Fault::ALL.iter().find(|fault| fault.name() == name) {
            return Ok(*fault);
        }
        let nearest = Fault::ALL
            .iter()
            .map(|fault| (strsim::jaro_winkler(fault.name(), name), fault.name()))
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|(one, _), (other, _)| one.total_cmp(other))
            .map(|(_, word)| word);
        Err(UnknownFault { name: name.to_owned(), nearest })
    }
}

/// The faults that a playground has.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(BTreeSet<Fault>);

impl Faults {
    pub(super) fn new(faults: BTreeSet<Fault>) -> Self {
        Self(faults)
    }

    pub(super) fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        let names: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!(names.len(), Fault::ALL.len());
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse::<Fault>(), Ok(*fault));
            assert_eq!(fault.info().fault, *fault);
            assert!(fault.name().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            assert!(fault.info().does.ends_with('.'), "{fault}: a sentence");
            assert_eq!(
                format!("{fault:?}").to_lowercase(),
                fault.name().replace('-', ""),
                "the variant's name"
            );
        }
    }

    #[test]
    fn every_row_is_one_of_the_shipped_rows() {
        let shipped = include_str!("../../suites/rows.yaml");
        for fault in Fault::ALL {
            let line = format!("  - row: {}\n", fault.info().row);
            assert!(shipped.contains(&line), "{fault} names the row {}", fault.info().row);
        }
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_one() {
        let unknown = "typ-not-cheked".parse::<Fault>().unwrap_err();
        assert_eq!(unknown.nearest, Some("typ-not-checked"));
        assert_eq!(
            unknown.to_string(),
            "`typ-not-cheked` is no fault of the playground; did you mean `typ-not-checked`?"
        );
        assert_eq!("xyzzy".parse::<Fault>().unwrap_err().nearest, None);
    }
}
