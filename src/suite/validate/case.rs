//! Cases: their names and references, that their parts fit together, and the expansion of tables. The parts
//! themselves are checked by `change` and `expect`.

use std::collections::BTreeMap;

use super::{Checker, expect::Expected, needs};
use crate::{
    idjag::IdJagChange,
    problem::nearest,
    settings::{POLICIES, Profile},
    suite::{
        Case, Exchange, Level, ResponseCheck, Send, Source, Step, SuiteFile,
        file::{CaseFile, ExchangeFile, ExpectFile, StepFile, ValueFile},
    },
    yaml::Path,
};

/// The cases that an item of `cases` becomes: one, or one of each value of its table.
pub(super) fn cases(
    checker: &mut Checker<'_>,
    path: &Path<'_>,
    suite: &SuiteFile,
    file: &CaseFile,
) -> Vec<Case> {
    checker.kebab(&path.key("case"), "case", &file.case);
    checker.title(&path.key("title"), &file.title);
    checker.requirements(&path.key("requirements"), &file.requirements);
    checker.row(&path.key("row"), &file.row);
    checker.exchange(&path.key("setup"), &file.setup);
    checker.exchange_of_case(path, file);
    let policy = file.policy.as_deref().and_then(|policy| checker.policy(&path.key("policy"), policy));
    let expect = file.expect.as_ref().and_then(|expect| checker.expectation(&path.key("expect"), expect));
    let mut needs = suite.needs.clone();
    needs.extend(&file.needs);
    let mut base = Case {
        suite: suite.suite.clone(),
        case: file.case.clone(),
        title: file.title.clone(),
        level: file.level,
        levels: file.levels.clone(),
        requirements: file.requirements.clone(),
        row: file.row.clone(),
        needs,
        policy,
        setup: exchange(&file.setup),
        steps: Vec::new(),
        source: checker.source(path),
    };
    if !file.steps.is_empty() {
        checker.steps_alone(path, file);
        base.steps = checker.steps(path, &file.steps);
        let measures = base.steps.iter().any(is_measured);
        checker.level(path, &base, measures, file.policy.is_some());
        base.needs = needs::of_case(&base);
        return vec![base];
    }
    if checker.positions.has(&path.key("steps")) {
        checker.problem(checker.key(&path.key("steps"), "`steps` without a step"));
    }
    let defect = Exchange { id_jag: file.id_jag.clone(), token_request: file.token_request.clone() };
    checker.nothing_to_compare(path, file.expect.as_ref());
    if file.table.is_empty() {
        if checker.positions.has(&path.key("table")) {
            checker.problem(checker.key(&path.key("table"), "a table without values"));
            return Vec::new();
        }
        if file.expect.is_none() {
            let problem =
                checker.value(&path.key("case"), format!("the case `{}` expects nothing", file.case));
            checker.problem(problem.help("say with `expect` what a conforming server answers"));
        }
        let Some(expect) = expect else { return Vec::new() };
        return vec![checker.single(path, path, base, defect, expect, file.policy.is_some())];
    }
    checker.table(path, file, &base, &defect, expect.as_ref())
}

fn exchange(file: &ExchangeFile) -> Exchange {
    Exchange { id_jag: file.id_jag.clone(), token_request: file.token_request.clone() }
}

fn is_measured(step: &Step) -> bool {
    match step {
        Step::Send(send) => matches!(send.expect.answer, crate::suite::Answer::Measured(_)),
        Step::Discovery(expect) => expect.measured.is_some(),
        Step::Idp(_) | Step::Wait(_) | Step::Run(_) => false,
    }
}

impl Checker<'_> {
    fn source(&self, path: &Path<'_>) -> Source {
        let place = self.positions.value(path);
        let (line, column) = place.line_column();
        Source { file: place.file().to_owned(), line, column }
    }

    fn exchange(&mut self, path: &Path<'_>, exchange: &ExchangeFile) {
        self.id_jag(&path.key("id_jag"), &exchange.id_jag);
        self.token_request(&path.key("token_request"), &exchange.token_request);
    }

    fn exchange_of_case(&mut self, path: &Path<'_>, file: &CaseFile) {
        self.id_jag(&path.key("id_jag"), &file.id_jag);
        self.token_request(&path.key("token_request"), &file.token_request);
    }

    /// `NAME=VALUE` of a policy of the contract.
    fn policy(&mut self, path: &Path<'_>, policy: &str) -> Option<(String, String)> {
        let (name, value) = policy.split_once('=').unwrap_or((policy, ""));
        let Some((_, values)) = POLICIES.iter().find(|(known, _)| *known == name) else {
            let names = POLICIES.map(|(name, _)| name);
            let place = self.positions.part(path, name);
            let problem = crate::problem::Problem::new(place, format!("unknown policy `{name}`"));
            self.problem(match nearest(name, names) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(format!("the policies are {}", names.join(", "))),
            });
            return None;
        };
        if !values.contains(&value) {
            let place = self.positions.part(path, if value.is_empty() { name } else { value });
            let message = if value.is_empty() {
                format!("the policy `{name}` without a value")
            } else {
                format!("the policy `{name}` has no value `{value}`")
            };
            let help = format!("`{name}={}` or `{name}={}`", values[0], values[1]);
            self.problem(crate::problem::Problem::new(place, message).help(help));
            return None;
        }
        Some((name.to_owned(), value.to_owned()))
    }

    /// A case that measures is of level INFO, and one of level INFO measures.
    ///
    /// `level: INFO` with another level under one profile, or with a policy, is judged there and only measured
    /// elsewhere; but what is `measured` is judged nowhere.
    fn level(&mut self, path: &Path<'_>, case: &Case, measures: bool, has_policy: bool) {
        let judged_under = |levels: &BTreeMap<Profile, Level>| {
            levels.iter().find(|(_, level)| **level != Level::INFO).map(|(profile, _)| profile.name())
        };
        let levels = path.key("levels");
        match (measures, judged_under(&case.levels)) {
            (true, _) if has_policy => {
                let problem =
                    self.key(&path.key("policy"), "a policy decides nothing in a case that only measures");
                self.problem(problem.help("say with `expect` what is demanded where the policy is set: elsewhere the case measures by itself"));
            }
            (true, _) if case.level != Level::INFO => {
                let message = format!("level {} for a case that only measures", case.level);
                self.problem(
                    self.value(&path.key("level"), message).help("what is `measured` has level INFO"),
                );
            }
            (true, Some(profile)) => {
                let problem = self.value(&levels.key(profile), "a level for a case that only measures");
                self.problem(problem.help("say with `expect` what is demanded under that profile: where the level is INFO the case measures by itself"));
            }
            (false, None) if case.level == Level::INFO => {
                let problem = self.value(&path.key("level"), "level INFO for a case that demands something");
                self.problem(problem.help("`expect: { measured: NAME }`, or another level"));
            }
            _ => {}
        }
    }

    /// A case without steps, or a value of a table: `path` is where its own words stand, `outer` its case.
    fn single(
        &mut self,
        path: &Path<'_>,
        outer: &Path<'_>,
        mut case: Case,
        defect: Exchange,
        expect: Expected,
        has_policy: bool,
    ) -> Case {
        let nothing_differs = defect == Exchange::default();
        let level_path = if self.positions.has(&path.key("level")) { path } else { outer };
        self.level(level_path, &case, expect.is_measured(), has_policy);
        if expect.is_refusal() && nothing_differs {
            let place = if self.positions.has(&path.key("expect")) { path } else { outer };
            let problem =
                self.key(&place.key("expect"), "a refusal is expected but nothing differs from the control");
            self.problem(
                problem.help("put the defect under `id_jag` or `token_request`: what stands in `setup` is in the control too"),
            );
        }
        if !matches!(expect, Expected::Answer(_)) && (!nothing_differs || case.setup != Exchange::default()) {
            let message = "nothing is sent in a case with this expectation";
            let keys = ["id_jag", "token_request", "setup"];
            let problem = match keys.into_iter().find(|key| self.positions.has(&path.key(key))) {
                Some(key) => self.key(&path.key(key), message),
                None => self.value(path, message),
            };
            self.problem(problem.help("leave the changes of the exchange out"));
        }
        case.steps = vec![match expect {
            Expected::Answer(expect) => Step::Send(Box::new(Send {
                exchange: defect,
                same_assertion: false,
                same_client_assertion: false,
                expect,
            })),
            Expected::Discovery(expect) => Step::Discovery(expect),
            Expected::Run(checks) => Step::Run(checks),
        }];
        case.needs = needs::of_case(&case);
        case
    }

    fn table(
        &mut self,
        path: &Path<'_>,
        file: &CaseFile,
        base: &Case,
        defect: &Exchange,
        expect: Option<&Expected>,
    ) -> Vec<Case> {
        let list = path.key("table");
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        let mut cases = Vec::new();
        for (at, value) in file.table.iter().enumerate() {
            let item = list.index(at);
            self.kebab(&item.key("value"), "value", &value.value);
            if let Some(first) = names.insert(&value.value, at) {
                let problem =
                    self.value(&item.key("value"), format!("two values have the name `{}`", value.value));
                let first = self.positions.value(&list.index(first).key("value"));
                self.problem(problem.label("again here").also(first, "first here"));
            }
            if let Some(title) = &value.title {
                self.title(&item.key("title"), title);
            }
            self.requirements(&item.key("requirements"), &value.requirements);
            if let Some(row) = &value.row {
                self.row(&item.key("row"), row);
            }
            cases.extend(self.table_value(path, &item, file, value, base, defect, expect));
        }
        cases
    }

    #[expect(clippy::too_many_arguments, reason = "a value replaces parts of its case: both are looked at")]
    fn table_value(
        &mut self,
        path: &Path<'_>,
        item: &Path<'_>,
        file: &CaseFile,
        value: &ValueFile,
        base: &Case,
        defect: &Exchange,
        expect: Option<&Expected>,
    ) -> Option<Case> {
        if let Some(id_jag) = &value.id_jag {
            self.id_jag(&item.key("id_jag"), id_jag);
        }
        if let Some(token_request) = &value.token_request {
            self.token_request(&item.key("token_request"), token_request);
        }
        if value.id_jag.is_none() && value.token_request.is_none() && value.expect.is_none() {
            let problem =
                self.value(&item.key("value"), format!("the value `{}` changes nothing", value.value));
            self.problem(problem.help("a value gives its own `id_jag`, `token_request` or `expect`"));
            return None;
        }
        self.nothing_to_compare(item, value.expect.as_ref());
        let expect = match &value.expect {
            Some(own) => self.expectation(&item.key("expect"), own)?,
            // One that is wrong has been reported with the case.
            None if file.expect.is_some() => expect?.clone(),
            None => {
                let problem =
                    self.value(&item.key("value"), format!("the value `{}` expects nothing", value.value));
                self.problem(
                    problem.help("say with `expect`, here or in the case, what a conforming server answers"),
                );
                return None;
            }
        };
        let mut case = base.clone();
        case.case = format!("{}/{}", file.case, value.value);
        case.title = format!("{} ({})", file.title, value.title.as_deref().unwrap_or(&value.value));
        if let Some(level) = value.level {
            case.level = level;
            case.levels.clear();
        }
        for id in &value.requirements {
            if !case.requirements.contains(id) {
                case.requirements.push(id.clone());
            }
        }
        if let Some(row) = &value.row {
            case.row.clone_from(row);
        }
        case.needs.extend(&value.needs);
        case.source = self.source(item);
        let own = Exchange {
            id_jag: value.id_jag.clone().unwrap_or_else(|| defect.id_jag.clone()),
            token_request: value.token_request.clone().unwrap_or_else(|| defect.token_request.clone()),
        };
        Some(self.single(item, path, case, own, expect, file.policy.is_some()))
    }

    /// What a case with steps says in each step cannot be said of the whole.
    fn steps_alone(&mut self, path: &Path<'_>, file: &CaseFile) {
        let beside = [
            ("id_jag", !file.id_jag.is_empty()),
            ("token_request", !file.token_request.is_empty()),
            ("expect", file.expect.is_some()),
            ("table", !file.table.is_empty()),
        ];
        for (key, _) in beside.iter().filter(|(_, given)| *given) {
            let problem = self.key(&path.key(key), format!("`{key}` beside `steps`"));
            let steps = self.positions.key(&path.key("steps"));
            let help = if *key == "table" {
                "write a case of each value"
            } else {
                "put it into the step that it is meant for"
            };
            self.problem(problem.also(steps, "the steps say what is done").help(help));
        }
    }

    fn steps(&mut self, path: &Path<'_>, files: &[StepFile]) -> Vec<Step> {
        let list = path.key("steps");
        let mut steps = Vec::new();
        let (mut idp_acted, mut sent) = (false, false);
        for (at, file) in files.iter().enumerate() {
            let item = list.index(at);
            self.id_jag(&item.key("id_jag"), &file.id_jag);
            self.token_request(&item.key("token_request"), &file.token_request);
            let expect =
                file.expect.as_ref().and_then(|expect| self.expectation(&item.key("expect"), expect));
            if let Some(action) = file.idp {
                idp_acted = true;
                self.nothing_beside(&item, "idp", file);
                steps.push(Step::Idp(action));
                continue;
            }
            if let Some(seconds) = file.wait {
                idp_acted = true;
                self.nothing_beside(&item, "wait", file);
                steps.push(Step::Wait(seconds));
                continue;
            }
            if file.expect.is_none() {
                let problem = self.value(&item, "a step that expects nothing");
                self.problem(problem.help("say with `expect` what a conforming server answers"));
            }
            if file.same_assertion {
                self.same_assertion(&item, file, sent);
            }
            if file.same_client_assertion {
                self.same_client_assertion(&item, file, sent);
            }
            if !sent {
                self.nothing_to_compare(&item, file.expect.as_ref());
            }
            if !sent && file.token_request.dpop.as_ref().is_some_and(|dpop| dpop.same_proof) {
                let request = item.key("token_request");
                let dpop = request.key("dpop");
                let problem = self.key(&dpop.key("same_proof"), "there is no proof yet to send again");
                self.problem(problem.help("the first step that sends makes it"));
            }
            let exchange =
                Exchange { id_jag: file.id_jag.clone(), token_request: file.token_request.clone() };
            let fresh = !(file.same_assertion || file.same_client_assertion);
            let nothing_differs = exchange == Exchange::default() && fresh && !idp_acted;
            if expect.as_ref().is_some_and(Expected::is_refusal) && nothing_differs {
                let message = "a refusal is expected but nothing differs from the control";
                self.problem(self.key(&item.key("expect"), message).help("put the defect into this step"));
            }
            match expect {
                Some(Expected::Answer(expect)) => {
                    sent = true;
                    let (same_assertion, same_client_assertion) =
                        (file.same_assertion, file.same_client_assertion);
                    steps.push(Step::Send(Box::new(Send {
                        exchange,
                        same_assertion,
                        same_client_assertion,
                        expect,
                    })));
                }
                Some(Expected::Discovery(expect)) => steps.push(Step::Discovery(expect)),
                Some(Expected::Run(_)) => {
                    let problem = self
                        .key(&item.key("expect"), "`run` in a step: it is looked at after all other cases");
                    self.problem(problem.help("make a case of its own of it"));
                }
                None => sent = true,
            }
        }
        if files.iter().all(|file| file.idp.is_some() || file.wait.is_some()) {
            let problem = self.key(&list, "steps in which nothing is sent");
            self.problem(problem.help("add a step with `expect`"));
        }
        steps
    }

    /// `same-answer-as-before` where no answer came before.
    fn nothing_to_compare(&mut self, item: &Path<'_>, expect: Option<&ExpectFile>) {
        if expect.is_some_and(|expect| expect.checks.contains(&ResponseCheck::SameAnswerAsBefore)) {
            let checks = item.key("expect");
            let problem = self.key(&checks.key("checks"), "there is no answer before to compare with");
            self.problem(problem.help("`same-answer-as-before` stands in a later step"));
        }
    }

    fn nothing_beside(&mut self, item: &Path<'_>, key: &str, file: &StepFile) {
        let beside = [
            ("wait", file.wait.is_some() && key != "wait"),
            ("id_jag", !file.id_jag.is_empty()),
            ("token_request", !file.token_request.is_empty()),
            ("same_assertion", file.same_assertion),
            ("same_client_assertion", file.same_client_assertion),
            ("expect", file.expect.is_some()),
        ];
        for (other, _) in beside.iter().filter(|(_, given)| *given) {
            let problem = self.key(&item.key(other), format!("`{other}` in a step with `{key}`"));
            let alone = self.positions.key(&item.key(key));
            self.problem(problem.also(alone, "a step with this sends nothing").help("make two steps of it"));
        }
    }

    fn same_client_assertion(&mut self, item: &Path<'_>, file: &StepFile, sent: bool) {
        let path = item.key("same_client_assertion");
        if !sent {
            let problem = self.key(&path, "there is no client assertion yet to send again");
            self.problem(problem.help("the first step that sends makes it"));
        }
        let change = file.token_request.client_authentication.as_ref();
        if change.is_some_and(|change| change.client_assertion.is_some() || change.unadvertised_algorithm) {
            let request = item.key("token_request");
            let authentication = request.key("client_authentication");
            let message = "the client assertion of the step before is sent again, byte for byte";
            let problem = self.key(&authentication, message);
            let same = self.positions.key(&path);
            self.problem(problem.also(same, "for this reason").help("change the step that sends it first"));
        }
    }

    fn same_assertion(&mut self, item: &Path<'_>, file: &StepFile, sent: bool) {
        let path = item.key("same_assertion");
        if !sent {
            let problem = self.key(&path, "there is no assertion yet to send again");
            self.problem(problem.help("the first step that sends makes it"));
        }
        let rewritten = IdJagChange { compact: file.id_jag.compact.clone(), ..IdJagChange::default() };
        if rewritten != file.id_jag {
            let problem = self.key(
                &item.key("id_jag"),
                "the ID-JAG of the step before is sent again: it is signed already",
            );
            let same = self.positions.key(&path);
            self.problem(problem.also(same, "for this reason").help(
                "change the step that sends it first; only `compact` can be said here, which writes it anew",
            ));
        }
    }
}
