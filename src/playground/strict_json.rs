//! JSON as JOSE wants it: an object whose member names are unique at every depth (RFC 7515 section 4, RFC 7519
//! section 4), not nested deeper than any ID-JAG needs. serde_json itself lets the last of repeated members win.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The greatest depth of nesting.
const DEPTH: usize = 32;

/// What happens to a repeated member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duplicates {
    Refused,
    FirstWins,
}

/// Why a text is no strict JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotStrict {
    /// It is no JSON object, or nested too deep.
    NotAnObject,
    /// A member is repeated.
    Duplicate,
}

/// Reads a JSON object.
pub(super) fn object(bytes: &[u8], duplicates: Duplicates) -> Result<Map<String, Value>, NotStrict> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict { depth: DEPTH, duplicates };
    let value = strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    match value {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(NotStrict::NotAnObject),
        Err(error) if error.to_string().starts_with(REPEATED) => Err(NotStrict::Duplicate),
        Err(_) => Err(NotStrict::NotAnObject),
    }
}

const REPEATED: &str = "repeated member";

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
    duplicates: Duplicates,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON with unique member names")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.contains_key(&name) {
                if self.duplicates == Duplicates::Refused {
                    return Err(A::Error::custom(REPEATED));
                }
                continue;
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Map<String, Value>, NotStrict> {
        object(text.as_bytes(), Duplicates::Refused)
    }

    #[test]
    fn an_ordinary_object_is_read_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-2,1.5e3,18446744073709551615,null,true],"b":{"c":"\u0061"},"d":""}"#;
        assert_eq!(Value::Object(read(text).unwrap()), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn repeated_members_are_refused_at_every_depth_and_however_written() {
        for text in [r#"{"aud":1,"aud":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"{"aud":1,"\u0061ud":2}"#] {
            assert_eq!(read(text), Err(NotStrict::Duplicate), "{text}");
        }
        let first = object(br#"{"aud":1,"aud":2}"#, Duplicates::FirstWins).unwrap();
        assert_eq!(first["aud"], 1);
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
        for text in
            ["", "[]", "1", "{} {}", "{\"a\":1,}", "{'a':1}", "{\"a\":NaN}", "\u{feff}{}", "{\"a\":1e400}"]
        {
            assert_eq!(read(text), Err(NotStrict::NotAnObject), "{text}");
        }
        assert_eq!(read(&deep), Err(NotStrict::NotAnObject));
        assert_eq!(object(b"{\"a\":\"\xff\"}", Duplicates::Refused), Err(NotStrict::NotAnObject));
    }
}
