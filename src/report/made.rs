//! How a run was made, as far as its report tells: what must be the same before two reports are about the same run.

use super::Report;

/// One thing that a run was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The key of the report.
    pub key: &'static str,
    /// What it is, in words.
    pub what: &'static str,
    /// Its value in words; empty where nothing was given.
    pub value: String,
}

impl Report {
    /// What the run was made with: what was tested, by which version, by which rules.
    pub fn made(&self) -> Vec<Made> {
        let run = &self.run;
        let policies: Vec<_> = run.policies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        [
            ("target.issuer", "target", self.target.issuer.clone()),
            ("run.version", "version of jagspec", run.version.clone()),
            ("run.rules", "profile", run.rules.clone()),
            ("run.policies", "set of policies", policies.join(" ")),
            ("run.filter", "set of filters", run.filter.join(" ")),
            ("run.idp_issuer", "IdP", run.idp_issuer.clone()),
            ("run.strict", "--strict", run.strict.to_string()),
            ("run.insecure", "--insecure", run.insecure.to_string()),
            ("run.secrets_shown", "--show-secrets", run.secrets_shown.to_string()),
        ]
        .map(|(key, what, value)| Made { key, what, value })
        .into()
    }
}
