//! Expectations: that each says one thing, in words that the standards know, and what it becomes. Judging is not done
//! here.

use std::collections::BTreeMap;

use super::{Checker, is_kebab};
use crate::{
    problem::Problem,
    suite::{
        Answer, Constraint, DiscoveryExpectation, Expectation, Level, RunCheck,
        file::{ExpectFile, OneOrMany},
    },
    yaml::Path,
};

/// The `error` codes that a token endpoint may answer with, of RFC 6749 sections 4.1.2.1 and 5.2, RFC 8707 section 2,
/// RFC 9396 section 5 and RFC 9449 sections 5 and 8.
const ERROR_CODES: [&str; 13] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "server_error",
    "temporarily_unavailable",
    "invalid_target",
    "invalid_authorization_details",
    "invalid_dpop_proof",
    "use_dpop_nonce",
];

/// What a step expects: the answer to a token request, what the discovery found, or every answer of the run.
#[derive(Debug, Clone)]
pub(super) enum Expected {
    Answer(Expectation),
    Discovery(DiscoveryExpectation),
    Run(Vec<RunCheck>),
}

impl Expected {
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Answer(Expectation { answer: Answer::Refused { .. }, .. }))
    }

    pub(super) fn is_measured(&self) -> bool {
        matches!(
            self,
            Self::Answer(Expectation { answer: Answer::Measured(_), .. })
                | Self::Discovery(DiscoveryExpectation { measured: Some(_), .. })
        )
    }
}

impl Checker<'_> {
    /// The expectation under `path`; none when it does not say which it is.
    pub(super) fn expectation(&mut self, path: &Path<'_>, expect: &ExpectFile) -> Option<Expected> {
        let kinds = [
            ("refused", expect.refused.is_some()),
            ("accepted", expect.accepted),
            ("either", expect.either),
            ("measured", expect.measured.is_some()),
            ("metadata", !expect.metadata.is_empty()),
            ("discovery", !expect.discovery.is_empty()),
            ("run", !expect.run.is_empty()),
        ];
        let given: Vec<_> = kinds.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
        match given.as_slice() {
            [] => {
                let message = "this does not say which answer is expected";
                self.problem(self.key(path, message).help(
                    "one of `refused`, `accepted: true`, `either: true`, `measured`, `metadata`, `discovery` and `run`",
                ));
                return None;
            }
            ["metadata", "discovery"] | ["measured", "metadata" | "discovery"] | [_] => {}
            ["measured", "metadata", "discovery"] => {}
            [first, second, ..] => {
                let problem = self.key(&path.key(second), format!("both `{first}` and `{second}`"));
                let first = self.positions.key(&path.key(first));
                self.problem(
                    problem
                        .also(first, "this says what is expected")
                        .help("an expectation says one thing: make two cases of it"),
                );
                return None;
            }
        }
        self.constraints(&path.key("headers"), &expect.headers);
        self.constraints(&path.key("members"), &expect.members);
        self.constraints(&path.key("access_token_claims"), &expect.access_token_claims);
        self.constraints(&path.key("metadata"), &expect.metadata);
        match given.last() {
            Some(&("metadata" | "discovery")) => {
                self.narrows_nothing(path, expect);
                if let Some(name) = expect.measured.as_deref().filter(|name| !is_kebab(name)) {
                    self.kebab(&path.key("measured"), "measurement", name);
                }
                return Some(Expected::Discovery(DiscoveryExpectation {
                    metadata: expect.metadata.clone(),
                    checks: expect.discovery.clone(),
                    measured: expect.measured.clone(),
                }));
            }
            Some(&"run") => {
                self.narrows_nothing(path, expect);
                return Some(Expected::Run(expect.run.clone()));
            }
            _ => {}
        }
        self.status(path, expect);
        let answer = self.answer(path, expect);
        let headers = self.headers(&path.key("headers"), &expect.headers);
        Some(Expected::Answer(Expectation {
            answer,
            within: expect.within,
            status: expect.status.clone(),
            headers,
            members: expect.members.clone(),
            access_token_claims: expect.access_token_claims.clone(),
            checks: expect.checks.clone(),
        }))
    }

    fn answer(&mut self, path: &Path<'_>, expect: &ExpectFile) -> Answer {
        if expect.refused.is_none()
            && let Some(level) = expect.error_level
        {
            let message = format!("`error_level: {level}` without a refusal");
            self.problem(
                self.key(&path.key("error_level"), message)
                    .help("it says how binding the code of `refused` is"),
            );
        }
        if let Some(OneOrMany(errors)) = &expect.refused {
            self.errors(&path.key("refused"), errors);
            if errors.is_empty() && expect.error_level.is_some() {
                let message = "`error_level` without an error code";
                self.problem(self.key(&path.key("error_level"), message).help("name the code in `refused`"));
            }
            if expect.error_level == Some(Level::INFO) {
                let message = "a code that is only measured is not expected";
                self.problem(
                    self.value(&path.key("error_level"), message)
                        .help("`MUST` where the standard makes the code binding, else leave it out"),
                );
            }
            if !expect.access_token_claims.is_empty() {
                self.problem(self.key(&path.key("access_token_claims"), "a refusal has no access token"));
            }
            // Another code than the one that is named is a warning, unless the case says otherwise.
            let error_level = expect.error_level.unwrap_or(Level::SHOULD);
            return Answer::Refused { errors: errors.clone(), error_level };
        }
        match &expect.measured {
            Some(name) => {
                if !is_kebab(name) {
                    self.kebab(&path.key("measured"), "measurement", name);
                }
                Answer::Measured(name.clone())
            }
            None if expect.either => Answer::Either,
            None => Answer::Accepted,
        }
    }

    fn errors(&mut self, path: &Path<'_>, errors: &[String]) {
        for (at, error) in errors.iter().enumerate() {
            let item = path.index(at);
            if !ERROR_CODES.contains(&error.as_str()) {
                let problem = self.value(&item, format!("no standard has the error code `{error}`"));
                self.problem(match crate::problem::nearest(error, ERROR_CODES) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help(format!("the codes are {}", ERROR_CODES.join(", "))),
                });
            } else if errors[..at].contains(error) {
                self.problem(self.value(&item, format!("the code `{error}` twice")));
            }
        }
    }

    fn status(&mut self, path: &Path<'_>, expect: &ExpectFile) {
        let list = path.key("status");
        for (at, status) in expect.status.iter().enumerate() {
            if !(100..=599).contains(status) {
                self.problem(
                    self.value(&list.index(at), format!("{status} is no HTTP status")).help("100 to 599"),
                );
            }
        }
    }

    fn headers(
        &mut self,
        path: &Path<'_>,
        headers: &BTreeMap<String, Constraint>,
    ) -> BTreeMap<String, Constraint> {
        let mut by_lower_case: BTreeMap<String, Constraint> = BTreeMap::new();
        for (name, constraint) in headers {
            self.header_name(&path.key(name), name);
            if by_lower_case.insert(name.to_ascii_lowercase(), constraint.clone()).is_some() {
                let message = format!("the header field `{name}` twice: letter case does not count");
                self.problem(self.key(&path.key(name), message));
            }
        }
        by_lower_case
    }

    /// Nothing is sent for the discovery and for the run, so that there is no answer to narrow down.
    fn narrows_nothing(&mut self, path: &Path<'_>, expect: &ExpectFile) {
        let narrowing = [
            ("error_level", expect.error_level.is_some()),
            ("within", expect.within.is_some()),
            ("status", !expect.status.is_empty()),
            ("headers", !expect.headers.is_empty()),
            ("members", !expect.members.is_empty()),
            ("access_token_claims", !expect.access_token_claims.is_empty()),
            ("checks", !expect.checks.is_empty()),
        ];
        for (key, _) in narrowing.iter().filter(|(_, given)| *given) {
            let message = format!("`{key}` is about the answer to a token request, and none is sent");
            self.problem(
                self.key(&path.key(key), message).help("`metadata`, `discovery` and `run` stand without it"),
            );
        }
    }

    /// Constraints under `path`: that each can be met, and demands something.
    fn constraints(&mut self, path: &Path<'_>, constraints: &BTreeMap<String, Constraint>) {
        for (name, constraint) in constraints {
            let problem = self.constraint(&path.key(name), constraint);
            self.problems.extend(problem);
        }
        self.constraint_texts(path, constraints);
    }

    fn constraint(&self, path: &Path<'_>, constraint: &Constraint) -> Option<Problem> {
        if *constraint == Constraint::default() {
            let problem = self.key(path, "this demands nothing");
            return Some(problem.help("`present: true`, `equals: …`, `type: …`"));
        }
        if constraint.present == Some(false)
            && *constraint != (Constraint { present: Some(false), ..Constraint::default() })
        {
            let problem = self.value(&path.key("present"), "what must not be there meets no other demand");
            return Some(problem.help("`present: false` stands alone"));
        }
        if let (Some(least), Some(most)) = (constraint.at_least, constraint.at_most)
            && least > most
        {
            let problem = self
                .value(&path.key("at_least"), format!("no number is at least {least} and at most {most}"));
            return Some(problem.also(self.positions.value(&path.key("at_most")), "at most this"));
        }
        if constraint.equals.is_some() && constraint.equals == constraint.differs_from {
            return Some(
                self.value(&path.key("differs_from"), "nothing equals this value and differs from it"),
            );
        }
        if constraint.contains.is_some() && constraint.contains == constraint.excludes {
            return Some(self.value(&path.key("excludes"), "nothing contains this value and lacks it"));
        }
        None
    }
}
