//! The members of a JOSE header or of a claims set: an ordered list, so that a name can stand twice, of JSON
//! texts, so that a value can be what no JSON library would write.

use serde_json::Value;

use super::Place;

/// Names and JSON texts in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members(Vec<Member>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    name: String,
    text: String,
    /// A second writing: setting the name later means the original.
    duplicate: bool,
    /// The name is written with an escape (RFC 8259 section 7), which is the same name.
    escaped: bool,
}

impl Member {
    fn new(name: &str, text: String) -> Self {
        Member { name: name.to_owned(), text, duplicate: false, escaped: false }
    }

    /// The name as JSON.
    fn written_name(&self) -> String {
        match self.name.chars().next().filter(|_| self.escaped) {
            Some(first) if u32::from(first) <= 0xffff => {
                let rest = Value::from(&self.name[first.len_utf8()..]).to_string();
                format!("\"\\u{:04x}{}", u32::from(first), &rest[1..])
            }
            _ => Value::from(self.name.as_str()).to_string(),
        }
    }
}

impl Members {
    /// Sets a member, in its place where it is there, else at the end.
    pub fn set(&mut self, name: &str, value: &Value) {
        self.set_raw(name, value.to_string());
    }

    /// Sets a member to a text that need not be JSON.
    pub fn set_raw(&mut self, name: &str, text: String) {
        match self.0.iter_mut().find(|member| member.name == name && !member.duplicate) {
            Some(member) => member.text = text,
            None => self.0.push(Member::new(name, text)),
        }
    }

    /// Removes every member of that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|member| member.name != name);
    }

    /// Adds members of new names: many at once, each of which [`Members::set`] would look for.
    pub fn extend(&mut self, members: impl IntoIterator<Item = (String, Value)>) {
        self.0.extend(members.into_iter().map(|(name, value)| Member::new(&name, value.to_string())));
    }

    /// Writes the name of a member with an escape.
    pub fn escape(&mut self, name: &str) {
        for member in self.0.iter_mut().filter(|member| member.name == name && !member.duplicate) {
            member.escaped = true;
        }
    }

    /// Writes a second member of the same name, before all others or after them; its name is `escaped` or as it is.
    pub fn duplicate(&mut self, name: &str, value: &Value, place: Place, escaped: bool) {
        let member = Member { duplicate: true, escaped, ..Member::new(name, value.to_string()) };
        match place {
            Place::First => self.0.insert(0, member),
            Place::Last => self.0.push(member),
        }
    }

    /// The JSON text of the member of that name, of two the original's.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|member| member.name == name && !member.duplicate)
            .map(|member| member.text.as_str())
    }

    /// The JSON object as text.
    pub fn to_json(&self) -> String {
        let members: Vec<String> =
            self.0.iter().map(|member| format!("{}:{}", member.written_name(), member.text)).collect();
        format!("{{{}}}", members.join(","))
    }
}

impl<'a> FromIterator<(&'a str, Value)> for Members {
    fn from_iter<I: IntoIterator<Item = (&'a str, Value)>>(members: I) -> Self {
        Members(members.into_iter().map(|(name, value)| Member::new(name, value.to_string())).collect())
    }
}
