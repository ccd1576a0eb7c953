//! The verdict on one answer of the token endpoint: a refusal, or a token and what comes with it.

use serde_json::Value;

use super::{
    Facts, Judgement, constraint,
    response::{self, Look},
};
use crate::{
    observation::{Response, clip},
    report::Finding,
    suite::{Answer, Expectation, Level},
};

/// An answer, and what it is judged by.
pub(super) struct Seen<'a> {
    pub(super) expect: &'a Expectation,
    pub(super) level: Level,
    /// The method of the request.
    pub(super) method: &'a str,
    pub(super) response: &'a Response,
    pub(super) facts: Facts<'a>,
    pub(super) expected: String,
    pub(super) observed: String,
}

/// Something in the answer that is not as demanded.
pub(super) struct Mismatch {
    pub(super) reason: String,
    pub(super) observed: String,
}

impl Seen<'_> {
    pub(super) fn judge(self) -> Judgement {
        match &self.expect.answer {
            Answer::Measured(_) => Judgement::pass(self.expected, self.observed),
            Answer::Accepted => self.acceptance(),
            // Both answers are right; what comes with a token is looked at.
            Answer::Either if self.response.access_token().is_some() => self.acceptance(),
            Answer::Either => self.refusal(&[], Level::SHOULD),
            Answer::Refused { .. } if self.response.hands_out_a_token() => {
                let reason = "an access token was issued where a refusal is due".into();
                self.finding(Finding::TokenIssued, reason)
            }
            Answer::Refused { errors, error_level } => self.refusal(errors, *error_level),
        }
    }

    fn finding(self, kind: Finding, reason: String) -> Judgement {
        Judgement::finding(self.level, kind, reason, self.expected, self.observed)
    }

    fn acceptance(self) -> Judgement {
        let status = self.response.status;
        if self.response.access_token().is_none() {
            return self.finding(Finding::GoodRefused, "a well-formed request was refused".into());
        }
        if status != 200 {
            let reason = format!("the token came with status {status}, not 200 (RFC 6749 section 5.1)");
            return self.finding(Finding::Detail, reason);
        }
        self.details()
    }

    fn refusal(self, errors: &[String], error_level: Level) -> Judgement {
        let status = self.response.status;
        // RFC 9110 section 15.6.2: 501 is what a server says of a method that it does not know.
        let excused = (self.facts.jwks_broken && status == 503) || (self.method != "POST" && status == 501);
        if status >= 500 && !excused {
            let reason = format!("it was refused, but with {status}: a 5xx is never a correct refusal");
            return Judgement::wrong_error(reason, self.expected, self.observed);
        }
        // RFC 6749 binds the client to POST: what the server says to another method is the HTTP layer's business.
        if self.method != "POST" && errors.is_empty() {
            return Judgement::pass(self.expected, self.observed);
        }
        if status < 400 {
            let reason = format!("it was refused, but with status {status}");
            return Judgement::wrong_error(reason, self.expected, self.observed);
        }
        if let Some(right) = errors.first() {
            match self.response.oauth_error() {
                None => return self.wrong_code(error_level, "the refusal names no `error`".into()),
                Some(error) if !errors.iter().any(|allowed| allowed == error) => {
                    let reason =
                        format!("it was refused, but with `{}` in place of `{right}`", clip(error, 60));
                    let open = error == "invalid_request" && right == "invalid_grant";
                    let mut judgement = self.wrong_code(error_level, reason);
                    if open && error_level != Level::MUST {
                        // RFC 6749 section 5.2 covers a malformed assertion by both.
                        judgement.level = Some(Level::MAY);
                    }
                    return judgement;
                }
                Some(_) => {}
            }
        }
        let statuses = refusal_statuses(self.expect, errors);
        if !statuses.is_empty() && !statuses.contains(&status) {
            let reason =
                format!("it was refused, but with status {status} in place of {}", one_of(&statuses));
            // A code can be binding and leave the status open; a case that names the status means it.
            let level = if self.expect.status.is_empty() { Level::SHOULD } else { error_level };
            return self.wrong_code(level, reason);
        }
        if self.expect.answer == Answer::Either {
            // What is demanded is demanded of a token.
            return Judgement::pass(self.expected, self.observed);
        }
        self.details()
    }

    fn wrong_code(self, error_level: Level, reason: String) -> Judgement {
        if error_level == Level::MUST {
            self.finding(Finding::WrongError, reason)
        } else {
            Judgement::wrong_error(reason, self.expected, self.observed)
        }
    }

    /// What is demanded of headers, members, claims and by named checks. Where something is demanded, and nothing
    /// that could be looked at came back, nothing is proved.
    fn details(self) -> Judgement {
        let mut looked = false;
        match self.mismatch(&mut looked) {
            Some(mismatch) => Judgement::finding(
                self.level,
                Finding::Detail,
                mismatch.reason,
                self.expected,
                mismatch.observed,
            ),
            None if looked || !self.demands() => Judgement::pass(self.expected, self.observed),
            None => Judgement::cannot_be_told(
                "not offered: the access token is opaque, and the answer states nothing of it".into(),
                self.expected,
                self.observed,
            ),
        }
    }

    fn demands(&self) -> bool {
        let expect = self.expect;
        !(expect.headers.is_empty()
            && expect.members.is_empty()
            && expect.access_token_claims.is_empty()
            && expect.checks.is_empty())
    }

    fn mismatch(&self, looked: &mut bool) -> Option<Mismatch> {
        let (expect, response, variables) = (self.expect, self.response, self.facts.variables);
        for (name, demand) in &expect.headers {
            *looked = true;
            let value = response.field(name).map(Value::from);
            if let Some(violation) = constraint::violated(demand, value.as_ref(), variables) {
                return Some(violation.about(&format!("header `{name}`"), response.status));
            }
        }
        for (name, demand) in &expect.members {
            let value = response.member(name);
            *looked |= value.is_some() || demand.present.is_some();
            if let Some(violation) = constraint::violated(demand, value, variables) {
                return Some(violation.about(&format!("member `{name}`"), response.status));
            }
        }
        // An ID-JAG that comes back is no access token: that is the finding of one case, not of all that look into it.
        let token = response.access_token().filter(|token| *token != self.facts.assertion);
        if let Some(claims) = token.and_then(response::jwt_claims) {
            for (name, demand) in &expect.access_token_claims {
                *looked = true;
                if let Some(violation) = constraint::violated(demand, claims.get(name), variables) {
                    let what = format!("claim `{name}` of the access token");
                    return Some(violation.about(&what, response.status));
                }
            }
        }
        for check in &expect.checks {
            match response::check(*check, response, self.facts) {
                Look::CannotTell => {}
                Look::Holds => *looked = true,
                Look::Broken(reason, seen) => {
                    return Some(Mismatch { reason, observed: format!("{}; {seen}", response.status) });
                }
            }
        }
        None
    }
}

/// RFC 6749 section 5.2: errors have status 400, except that `invalid_client` may have 401, and must where the
/// client used the Authorization header (the case then says so).
pub(super) fn refusal_statuses(expect: &Expectation, errors: &[String]) -> Vec<u16> {
    if !expect.status.is_empty() {
        return expect.status.clone();
    }
    if errors.is_empty() {
        return Vec::new();
    }
    if errors.iter().any(|error| error == "invalid_client") {
        return vec![400, 401];
    }
    vec![400]
}

/// `400 or 401`.
pub(super) fn one_of(statuses: &[u16]) -> String {
    statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
}
