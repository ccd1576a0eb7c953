//! What single pieces of the page are made of; the page as a whole is tested in `tests/html_report.rs` and, in a browser,
//! in `interop/browser`.

use super::{
    json_text,
    markup::{Code, escape, prose},
    policy,
};

fn indented(text: &str) -> Option<String> {
    let lines = json_text::lines(text)?;
    Some(lines.into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n"))
}

fn marked(text: &str, marked: &[json_text::Marked<'_>]) -> String {
    let mut code = Code::default();
    json_text::write(&mut code, &json_text::lines(text).unwrap(), marked);
    code.finish().to_string()
}

#[test]
fn a_text_is_escaped_and_made_harmless() {
    assert_eq!(escape("<a href='x' b=\"y\">&\u{202e}\n"), {
        r"&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;\u{202e}\n"
    });
    assert_eq!(prose("claim `aud` is `<b>`").to_string(), "claim <code>aud</code> is <code>&lt;b&gt;</code>");
    assert_eq!(prose("a lone ` one").to_string(), "a lone ` one");
}

#[test]
fn the_lines_of_code_stay_and_the_rest_is_made_harmless() {
    let mut code = Code::default();
    code.text("a\r\nb\u{1b}[2J\n<c>");
    assert_eq!(code.finish().to_string(), "a\nb\\x1b[2J\n&lt;c&gt;");
}

#[test]
fn indented_json_loses_nothing() {
    assert_eq!(
        indented(r#" {"a":1e400,"a":[1, 2],"b":{"c\n":"x,\"{}","d":[{}, []]},"e":{}} "#).unwrap(),
        r#"{
  "a": 1e400,
  "a": [1, 2],
  "b": {
    "c\n": "x,\"{}",
    "d": [
      {},
      []
    ]
  },
  "e": {}
}"#
    );
    for text in ["", "null", "12", "{\"a\":}", "{'a':1}", "{} {}", "[1", "<html>"] {
        assert_eq!(indented(text), None, "{text}");
    }
}

#[test]
fn deep_json_does_not_become_a_page_of_spaces() {
    let deep = format!("{}1{}", "[".repeat(8000), "]".repeat(8000));
    assert!(indented(&deep).unwrap().len() < 600_000);
    let long = format!("[{}\"end\"]", "\"a text\",".repeat(100));
    assert_eq!(indented(&long).unwrap().lines().count(), 103);
}

#[test]
fn changed_members_are_marked_where_they_stand() {
    let long = format!(r#"{{"aud":["{}","{}"],"iss":"i"}}"#, "a".repeat(50), "b".repeat(50));
    let text = marked(&long, &[("aud", false), ("sub", true), ("jti", false), ("iss", true)]);
    let (a, b) = ("a".repeat(50), "b".repeat(50));
    assert_eq!(
        text,
        format!(
            "{{\n  <mark>&quot;aud&quot;: [</mark>  <i>changed</i>\n    <mark>&quot;{a}&quot;</mark>,\n    \
             <mark>&quot;{b}&quot;</mark>\n  <mark>]</mark>,\n  <mark>&quot;iss&quot;: &quot;i&quot;</mark>  \
             <i>changed</i>\n  <del>&quot;sub&quot;</del>  <i>left out</i>\n}}"
        )
    );
    assert_eq!(marked("[1]", &[("0", false)]), "[1]");
}

#[test]
fn times_are_told() {
    for (number, told) in [
        ("0", Some("1970-01-01 00:00:00 UTC")),
        ("951782400", Some("2000-02-29 00:00:00 UTC")),
        ("1795565116.5", Some("2026-11-25 00:05:16 UTC")),
        ("253402300799", Some("9999-12-31 23:59:59 UTC")),
        ("253402300800", None),
        ("-1", None),
        ("1e400", None),
        ("\"1795565116\"", None),
    ] {
        let text = marked(&format!("{{\"exp\":{number}}}"), &[]);
        let note = told.map(|told| format!("  <i>{told}</i>")).unwrap_or_default();
        assert_eq!(text.lines().nth(1).unwrap(), format!("  &quot;exp&quot;: {}{note}", escape(number)));
    }
}

#[test]
fn the_policy_names_the_hashes() {
    // The hash of the empty text, as the specification of Content Security Policy has it.
    assert!(
        policy("", "x")
            .contains("style-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; script-src")
    );
}
