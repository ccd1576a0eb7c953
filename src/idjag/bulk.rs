//! An ID-JAG that is large: more of something than anybody needs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Members;

/// The most that a file may ask for: what goes over the wire is a few times as much.
pub const MOST: u32 = 16 * 1024 * 1024;

/// Much of one thing. The claims stay right, and the signature too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Bulk {
    /// So many further claims.
    Claims(u32),
    /// A further claim that is a text of so many characters.
    Text(u32),
    /// So many further words in `scope`.
    Scopes(u32),
    /// A header member `x5c` of so many characters.
    Certificate(u32),
    /// A further claim of arrays that lie so deep in each other.
    Nesting(u32),
}

impl Bulk {
    /// How much of it.
    pub fn number(self) -> u32 {
        match self {
            Bulk::Claims(number)
            | Bulk::Text(number)
            | Bulk::Scopes(number)
            | Bulk::Certificate(number)
            | Bulk::Nesting(number) => number,
        }
    }

    pub(super) fn put_into(self, header: &mut Members, claims: &mut Members) {
        let times = |text: &str, number: u32| text.repeat(number as usize);
        match self {
            Bulk::Claims(number) => {
                let names = (1..=number).map(|at| format!("https://claims.example/{at}"));
                claims.extend(names.map(|name| (name, json!("x"))));
            }
            Bulk::Text(length) => claims.set("https://claims.example/text", &json!(times("x", length))),
            Bulk::Scopes(number) => {
                let asserted: Option<String> =
                    claims.get("scope").and_then(|text| serde_json::from_str(text).ok());
                let further = (1..=number).map(|at| format!("jagspec.{at}"));
                let words: Vec<String> = asserted.into_iter().chain(further).collect();
                claims.set("scope", &json!(words.join(" ")));
            }
            Bulk::Certificate(length) => header.set("x5c", &json!([times("A", length)])),
            Bulk::Nesting(depth) => {
                let text = times("[", depth) + &times("]", depth);
                claims.set_raw("https://claims.example/nested", text);
            }
        }
    }

    /// What differs, in words.
    pub(super) fn describe(self) -> String {
        match self {
            Bulk::Claims(number) => format!("{number} further claims"),
            Bulk::Text(length) => format!("a further claim of {length} characters"),
            Bulk::Scopes(number) => format!("{number} further words in `scope`"),
            Bulk::Certificate(length) => format!("a header member `x5c` of {length} characters"),
            Bulk::Nesting(depth) => format!("a further claim of arrays nested {depth} deep"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idjag::tests::{claims, header, text, verifies, with};

    #[test]
    fn there_is_as_much_as_was_asked_for_and_the_rest_stays() {
        let (token, key) = with(json!({ "bulk": { "claims": 100 } }));
        assert_eq!(claims(&token).as_object().unwrap().len(), 109);
        assert!(verifies(&token, &key, jsonwebtoken::Algorithm::ES256));
        let (token, _) = with(json!({ "bulk": { "text": 12_000 } }));
        assert_eq!(claims(&token)["https://claims.example/text"].as_str().unwrap().len(), 12_000);
        assert!(token.len() > 16_000);
        let (token, _) = with(json!({ "bulk": { "scopes": 3 } }));
        assert_eq!(claims(&token)["scope"], "todos.read jagspec.1 jagspec.2 jagspec.3");
        let (token, _) = with(json!({ "bulk": { "certificate": 1000 } }));
        assert_eq!(header(&token)["x5c"][0].as_str().unwrap().len(), 1000);
        let (token, _) = with(json!({ "bulk": { "nesting": 1000 } }));
        assert!(text(&token, 1).contains(&"[".repeat(1000)));
        assert_eq!(Bulk::Nesting(7).describe(), "a further claim of arrays nested 7 deep");
    }
}
