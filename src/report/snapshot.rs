//! The snapshot: the report as a text that is kept under version control and reviewed as a diff. The same server
//! gives the same bytes in every run and at every address; a server that behaves differently gives a few lines that
//! differ. So there are no times, ports, ids, keys and versions in it, known addresses have names, a passing case
//! has one line, and what else changes from run to run is normalised (`normalise.rs`).

#[cfg(test)]
mod tests;

use serde_json::Value;
use similar::TextDiff;

use super::{
    CaseReport, Outcome, Report,
    normalise::{RULES, normalise},
    text::{replace_stretches, sanitise},
};
use crate::{discovery::split_origin, judge::THROTTLED};

/// The number of the format, in the first line: a snapshot of another number is not to be compared.
const FORMAT: u32 = 1;

/// Lines of context in the difference of two snapshots: enough to see the case that a line belongs to.
const CONTEXT: usize = 3;

/// The addresses that are known, with the names that stand for them.
#[derive(Debug, Clone, Default)]
struct Known {
    /// An address as it is, and its name, such as `${target.issuer}`. The longest address that fits is taken, of two
    /// names of one address the first.
    replacements: Vec<(String, &'static str)>,
}

impl Known {
    /// The addresses of the target and of the harness's IdP that the report names, by the names that they have in
    /// suite files.
    fn of(report: &Report) -> Self {
        let target = &report.target;
        // Well-known addresses are under the origin, also where the issuer identifier has a path. An issuer
        // identifier without one is its own origin, and is then called by the first of its two names.
        let mut replacements = vec![
            (target.issuer.clone(), "${target.issuer}"),
            (split_origin(&target.issuer).0.to_owned(), "${target.origin}"),
            (report.run.idp_issuer.clone(), "${idp.issuer}"),
        ];
        if let Some(endpoint) = &target.token_endpoint {
            replacements.push((endpoint.clone(), "${target.token_endpoint}"));
        }
        Self { replacements }
    }

    fn replace(&self, text: &str) -> String {
        replace_stretches(text, |text, at| {
            let fits = |address: &str| {
                let rest = text[at..].strip_prefix(address)?;
                // Port 9555 is no beginning of port 95551.
                let goes_on = address.ends_with(alphanumeric) && rest.starts_with(alphanumeric);
                (!address.is_empty() && !goes_on).then_some(address.len())
            };
            let found = self.replacements.iter().filter_map(|(address, name)| Some((fits(address)?, *name)));
            found.rev().max_by_key(|(length, _)| *length).map(|(length, name)| (at..at + length, name))
        })
    }
}

fn alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// The snapshot of a report.
pub fn render(report: &Report) -> String {
    Snapshot { known: &Known::of(report), out: String::new() }.report(report)
}

/// What is normalised, in this order: the name of each rule, what it matches, and what stands in place of that.
pub fn rules() -> impl Iterator<Item = [&'static str; 3]> {
    RULES.iter().map(|rule| [rule.name, rule.what, rule.replacement])
}

/// What insta has put before the snapshot in a file of its own, `---`, a few lines of metadata, `---`; empty in
/// others. Such a file can be checked by jagspec and by a Rust test: jagspec leaves this as it is.
pub fn insta_header(file: &str) -> &str {
    let mut lines = file.split_inclusive('\n');
    if lines.next().map(str::trim_end) != Some("---") {
        return "";
    }
    let mut length = file.len() - lines.clone().map(str::len).sum::<usize>();
    for line in lines {
        length += line.len();
        if line.trim_end() == "---" {
            return &file[..length];
        }
    }
    ""
}

/// The difference of two snapshots as a unified diff; none when they are the same. Line endings do not count: a
/// version control system may have changed them. Nor does insta's header of the old one.
pub fn compare(old: &str, new: &str) -> Option<String> {
    let old = &old[insta_header(old).len()..];
    let (old, new) = (old.replace("\r\n", "\n"), new.replace("\r\n", "\n"));
    if old == new {
        return None;
    }
    let diff = TextDiff::from_lines(&old, &new);
    let text = diff
        .unified_diff()
        .context_radius(CONTEXT)
        .header("snapshot as it was", "snapshot of this run")
        .to_string();
    // The old file is read from disk, and its text shown in a terminal.
    Some(text.lines().map(|line| sanitise(line).into_owned() + "\n").collect())
}

struct Snapshot<'k> {
    known: &'k Known,
    out: String,
}

impl Snapshot<'_> {
    /// A text of the report that may hold words of the target: addresses named, the rest normalised.
    fn text(&self, text: &str) -> String {
        normalise(&self.known.replace(text)).trim().to_owned()
    }

    /// One line, whatever is in the text.
    fn line(&mut self, indent: usize, text: &str) {
        self.out.push_str(&" ".repeat(indent));
        self.out.push_str(&sanitise(text.trim_end()));
        self.out.push('\n');
    }

    fn report(mut self, report: &Report) -> String {
        self.line(0, &format!("# jagspec snapshot {FORMAT} · profile {}", report.run.rules));
        for (name, value) in &report.run.policies {
            self.line(0, &format!("# policy {name}={value}"));
        }
        if let Some(shard) = &report.run.shard {
            self.line(0, &format!("# shard {shard}"));
        }
        let target = self.text(&report.target.issuer);
        self.line(0, &format!("target: {target}"));

        let s = report.summary;
        let counts = [
            (s.pass, Outcome::Pass),
            (s.fail, Outcome::Fail),
            (s.warn, Outcome::Warn),
            (s.skip, Outcome::Skip),
            (s.inconclusive, Outcome::Inconclusive),
            (s.error, Outcome::Error),
        ];
        let counts: Vec<_> =
            counts.iter().map(|(count, outcome)| format!("{count} {}", outcome.word())).collect();
        self.line(0, &format!("summary: {}", counts.join(", ")));
        // Not that of the report: neither a baseline nor the comparison with an older snapshot says anything of the
        // server, and the day on which an entry expires is no change of it.
        self.line(0, &format!("exit_status: {}", report.status_without_baseline()));

        self.line(0, if report.diagnoses.is_empty() { "diagnoses: none" } else { "diagnoses:" });
        for diagnosis in &report.diagnoses {
            let (confidence, blame) = (diagnosis.confidence.word(), diagnosis.blame.word());
            self.line(2, &format!("- {} ({confidence}, {blame})", diagnosis.row));
        }

        self.line(0, if report.cases.is_empty() { "cases: none" } else { "cases:" });
        for case in &report.cases {
            self.case(case);
        }

        // Cases run at once, so what they measured comes in any order.
        let mut profile: Vec<_> = report.profile.iter().filter(|entry| entry.stable).collect();
        profile.sort_by(|a, b| a.name.cmp(&b.name));
        self.line(0, if profile.is_empty() { "profile: none" } else { "profile:" });
        for entry in profile {
            self.value(2, &entry.name, &entry.value);
        }
        self.out
    }

    fn case(&mut self, case: &CaseReport) {
        let mut line = format!("{}: {}", case.name, case.outcome.word());
        if let Some(severity) = case.severity {
            line.push_str(&format!(" ({})", severity.word()));
        }
        if let Some(row) = &case.row {
            line.push_str(&format!(" → {row}"));
        }
        self.line(2, &line);

        let details: &[(&str, &str)] = match case.outcome {
            Outcome::Pass => &[],
            Outcome::Fail | Outcome::Warn => &[("expected", &case.expected), ("observed", &case.observed)],
            // Nothing was judged: the reason is all there is to say.
            Outcome::Skip | Outcome::Inconclusive => &[("reason", &case.reason)],
            // Which of the cases of a suite met the 429, and which was only sent too late, depends on their order in
            // time.
            Outcome::Error if case.row.as_deref() == Some(THROTTLED) => &[],
            Outcome::Error => &[("reason", &case.reason), ("observed", &case.observed)],
        };
        for (name, text) in details.iter().filter(|(_, text)| !text.is_empty()) {
            let text = self.text(text);
            self.line(4, &format!("{name}: {text}"));
        }
    }

    /// A value as YAML would have it: one line for each leaf, so that a change of one is a change of one line.
    fn value(&mut self, indent: usize, lead: &str, value: &Value) {
        match value {
            Value::Array(items) if !items.is_empty() => {
                self.line(indent, &format!("{lead}:"));
                for item in items {
                    self.item(indent + 2, item);
                }
            }
            Value::Object(members) if !members.is_empty() => {
                self.line(indent, &format!("{lead}:"));
                self.members(indent + 2, members);
            }
            scalar => {
                let text = self.scalar(scalar);
                self.line(indent, &format!("{lead}: {text}"));
            }
        }
    }

    fn members(&mut self, indent: usize, members: &serde_json::Map<String, Value>) {
        for (name, member) in members {
            let name = self.text(name);
            self.value(indent, &name, member);
        }
    }

    fn item(&mut self, indent: usize, item: &Value) {
        match item {
            Value::Object(members) if !members.is_empty() => {
                self.line(indent, "-");
                self.members(indent + 2, members);
            }
            Value::Array(items) if !items.is_empty() => {
                self.line(indent, "-");
                items.iter().for_each(|item| self.item(indent + 2, item));
            }
            scalar => {
                let text = self.scalar(scalar);
                self.line(indent, &format!("- {text}"));
            }
        }
    }

    /// Strings lose what changes from run to run, numbers are told roughly. A string that would read as another type
    /// keeps its quotes.
    fn scalar(&self, value: &Value) -> String {
        match value {
            Value::String(text) => {
                let shown = self.text(text);
                let is_string = serde_json::from_str::<Value>(&shown).is_err();
                if is_string && !shown.is_empty() { shown } else { Value::String(shown).to_string() }
            }
            Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), bucket),
            other => other.to_string(),
        }
    }
}

/// The middles of the buckets in which measured numbers are told up to one day: what people set, so that 300 and 299
/// are the same.
const MIDDLES: [f64; 19] = [
    0., 1., 2., 3., 5., 10., 20., 30., 60., 120., 300., 600., 900., 1800., 3600., 7200., 14_400., 43_200.,
    86_400.,
];

/// A number as the middle of its bucket: `≈ 300`. Between two middles the geometric mean parts them, since a
/// measurement is off by a share of itself; beyond a day there are three buckets for each power of ten.
fn bucket(number: f64) -> String {
    let size = number.abs();
    let decade = 10_f64.powf(size.max(100_000.).log10().floor());
    let beyond = [1., 2., 5., 10.].map(|step| step * decade);
    // Zero has no logarithm: what is less than a half counts as none.
    let distance = |middle: f64| (middle.max(0.25) / size.max(0.25)).ln().abs();
    let middles = MIDDLES.into_iter().chain(beyond);
    let nearest = middles.min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(size);
    let sign = if number < 0. && nearest > 0. { "-" } else { "" };
    format!("≈ {sign}{nearest}")
}
