//! Suites: the cases as data. `file` is what was typed, `load` reads it, `validate` makes the types below of it,
//! in which a table is expanded, every name is resolved and nothing is left to check.

pub mod file;
pub mod load;
pub mod registry;
pub mod schema;
pub mod validate;

use std::collections::BTreeMap;

pub use file::{
    Characters, Constraint, DiscoveryCheck, IdpAction, JsonType, Level, Need, ResponseCheck, RunCheck,
    SuiteFile,
};
pub use load::check_files;

use crate::{idjag::IdJagChange, settings::Profile, token_request::TokenRequestChange};

/// A suite, validated.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// Its cases, tables expanded.
    pub cases: Vec<Case>,
}

/// A case, validated.
#[derive(Debug, Clone)]
pub struct Case {
    /// The suite's name.
    pub suite: String,
    /// The case's name; of a table's value `case/value`.
    pub case: String,
    /// What a conforming server does.
    pub title: String,
    /// How binding it is, where the profile has no level of its own.
    pub level: Level,
    /// How binding it is under single profiles.
    pub levels: BTreeMap<Profile, Level>,
    /// Ids of the requirements and attacks that it shows.
    pub requirements: Vec<String>,
    /// The id of the row that explains a failure.
    pub row: String,
    /// What it needs; sorted, without repetition.
    pub needs: Vec<Need>,
    /// The policy under which it is judged; elsewhere it only measures.
    pub policy: Option<(String, String)>,
    /// What its control has too.
    pub setup: Exchange,
    /// What is done, in this order; at least one step.
    pub steps: Vec<Step>,
    /// Where it stands.
    pub source: Source,
}

impl Case {
    /// The `suite::case` name.
    pub fn name(&self) -> String {
        format!("{}::{}", self.suite, self.case)
    }

    /// How binding it is under `profile`. The XAA playground's documentation binds nobody to what it does not say:
    /// under `xaa` a case without a level of its own only measures.
    pub fn level_under(&self, profile: Profile) -> Level {
        let default = if profile == Profile::Xaa { Level::INFO } else { self.level };
        self.levels.get(&profile).copied().unwrap_or(default)
    }

    /// Whether it touches the IdP or lets time pass, and so must run alone.
    pub fn is_exclusive(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Idp(_) | Step::Wait(_)))
    }

    /// Whether the IdP does something in it.
    pub fn touches_the_idp(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Idp(_)))
    }

    /// The longest of its waits, in seconds.
    pub fn longest_wait(&self) -> u64 {
        let waits = self.steps.iter().map(|step| match step {
            Step::Wait(seconds) => *seconds,
            _ => 0,
        });
        waits.max().unwrap_or(0)
    }

    /// What it checks of every answer of the run, where that is what it is about.
    pub fn run_checks(&self) -> Option<&[RunCheck]> {
        self.steps.iter().find_map(|step| match step {
            Step::Run(checks) => Some(checks.as_slice()),
            _ => None,
        })
    }

    /// Its token requests, in order.
    pub fn requests(&self) -> impl Iterator<Item = &Send> {
        self.steps.iter().filter_map(|step| match step {
            Step::Send(send) => Some(&**send),
            _ => None,
        })
    }

    /// What happens in it before the token request with this number, counted from 0, but for the requests themselves.
    pub fn events_before(&self, request: usize) -> impl Iterator<Item = &Step> {
        let mut sent = 0;
        let until = self.steps.iter().take_while(move |step| match step {
            Step::Send(_) => {
                sent += 1;
                sent <= request
            }
            _ => true,
        });
        until.filter(|step| !matches!(step, Step::Send(_)))
    }

    /// Whether it sends token requests.
    pub fn sends(&self) -> bool {
        self.requests().next().is_some()
    }
}

/// A place in a suite file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file, as it was named: of a shipped suite `suites/NAME.yaml`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// What differs from the well-formed exchange.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exchange {
    /// Changes of the ID-JAG.
    pub id_jag: IdJagChange,
    /// Changes of the token request.
    pub token_request: TokenRequestChange,
}

/// One step of a case.
#[derive(Debug, Clone)]
pub enum Step {
    /// The IdP does something.
    Idp(IdpAction),
    /// So many seconds pass.
    Wait(u64),
    /// A token request is sent and its answer judged.
    Send(Box<Send>),
    /// The discovery is judged; nothing is sent.
    Discovery(DiscoveryExpectation),
    /// Every answer of the run is judged, after all other cases; nothing is sent.
    Run(Vec<RunCheck>),
}

/// A token request and what is expected of its answer.
#[derive(Debug, Clone)]
pub struct Send {
    /// What differs from the control.
    pub exchange: Exchange,
    /// The assertion of the step before is sent again.
    pub same_assertion: bool,
    /// The client assertion of the step before is sent again.
    pub same_client_assertion: bool,
    /// What is expected.
    pub expect: Expectation,
}

/// What is expected of the answer to a token request.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// Refused, accepted, or either.
    pub answer: Answer,
    /// How many seconds it may take.
    pub within: Option<u64>,
    /// The status is one of these; empty: any that fits the answer.
    pub status: Vec<u16>,
    /// Header fields, by lower-case name.
    pub headers: BTreeMap<String, Constraint>,
    /// Members of the JSON object.
    pub members: BTreeMap<String, Constraint>,
    /// Claims of a JWT access token.
    pub access_token_claims: BTreeMap<String, Constraint>,
    /// Named checks.
    pub checks: Vec<ResponseCheck>,
}

/// Refused, accepted, or either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Refused with one of these `error` codes, the first being the one that the standard names; with any where
    /// there is none.
    Refused {
        /// The codes.
        errors: Vec<String>,
        /// How binding the code and the status are.
        error_level: Level,
    },
    /// Answered with an access token.
    Accepted,
    /// Refused or accepted; what comes with a token is looked at.
    Either,
    /// Nothing is demanded; the answer becomes this entry of the server's profile.
    Measured(String),
}

/// What is expected of the discovery.
#[derive(Debug, Clone, Default)]
pub struct DiscoveryExpectation {
    /// Members of the metadata document.
    pub metadata: BTreeMap<String, Constraint>,
    /// Named checks.
    pub checks: Vec<DiscoveryCheck>,
    /// Nothing is demanded; whether it holds becomes this entry of the server's profile.
    pub measured: Option<String>,
}
