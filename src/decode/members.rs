//! The members of a JSON object as they are written: in their order, those that stand twice twice, each value as text.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Serialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::segments::Segment;

/// A header or claims.
#[derive(Debug, Default, Serialize)]
pub struct Part {
    /// Its members, in the order in which they stand there.
    pub members: Vec<Member>,
    /// What it holds where that is no JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What is wrong with it as a whole.
    pub problems: Vec<String>,
}

/// A member, and what is to be said of it.
#[derive(Debug, Serialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its value, as it is written.
    pub value: Box<RawValue>,
    /// What it means; empty where that is not known.
    pub meaning: String,
    /// Where that is specified.
    pub source: String,
    /// The time that it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// What is worth knowing of the value.
    pub notes: Vec<String>,
    /// What is wrong with it.
    pub problems: Vec<String>,
}

impl Member {
    /// Its value, parsed; null where it is nested too deep for that.
    pub(super) fn parsed(&self) -> Value {
        serde_json::from_str(self.value.get()).unwrap_or_default()
    }
}

impl Part {
    /// The value of the member of that name, of two the first's.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        self.members.iter().find(|member| member.name == name).map(Member::parsed)
    }

    /// The same, where it is a string.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }
}

/// Reads the members of a segment.
pub(super) fn read(segment: &Segment) -> Part {
    let mut part = Part { problems: segment.problem.iter().cloned().collect(), ..Part::default() };
    let text = match std::str::from_utf8(&segment.bytes) {
        Ok(text) => text,
        Err(error) => {
            part.problems
                .push(format!("it is no UTF-8 at byte {} of what it encodes", error.valid_up_to() + 1));
            part.text = Some(String::from_utf8_lossy(&segment.bytes).into_owned());
            return part;
        }
    };
    match serde_json::from_str::<Members>(text) {
        Ok(Members(members)) => part.members = members,
        Err(error) => {
            let line_start =
                text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            part.problems.push(if text.is_empty() {
                "it is empty".to_owned()
            } else {
                format!(
                    "it is no JSON object at byte {} of what it encodes: {message}",
                    line_start + error.column()
                )
            });
            part.text = Some(text.to_owned());
        }
    }
    repeated(&mut part);
    part
}

/// Says of each member that stands twice.
fn repeated(part: &mut Part) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for member in &part.members {
        *counts.entry(member.name.clone()).or_default() += 1;
    }
    for member in &mut part.members {
        let count = counts.get(&member.name).copied().unwrap_or(1);
        if count > 1 {
            member.problems.push(format!(
                "the member stands there {count} times: names are unique (RFC 7515 section 4, RFC 7519 section 4), \
                 and of two, parsers take either"
            ));
        }
    }
}

struct Members(Vec<Member>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    members.push(Member {
                        name,
                        value,
                        meaning: String::new(),
                        source: String::new(),
                        time: None,
                        notes: Vec::new(),
                        problems: Vec::new(),
                    });
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}
