//! Texts as HTML: escaped, made harmless, and no more than that.

use minijinja::Value;

use crate::report::text::sanitise;

/// The text as it may stand in an element and in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    escape_into(String::with_capacity(text.len() + 16), &sanitise(text))
}

fn escape_into(mut out: String, text: &str) -> String {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A sentence, with what stands between backticks as code.
pub(super) fn prose(text: &str) -> Value {
    let escaped = escape(text);
    let parts: Vec<&str> = escaped.split('`').collect();
    // A backtick that is left alone is one of the target's.
    if parts.len().is_multiple_of(2) {
        return Value::from_safe_string(escaped);
    }
    let mut html = String::with_capacity(escaped.len() + 32);
    for (index, part) in parts.iter().enumerate() {
        match index % 2 {
            0 => html.push_str(part),
            _ => html.push_str(&format!("<code>{part}</code>")),
        }
    }
    Value::from_safe_string(html)
}

/// The content of a `<pre>`: lines stay lines.
#[derive(Debug, Default)]
pub(super) struct Code {
    html: String,
}

impl Code {
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).peekable();
        while let Some(line) = lines.next() {
            self.html = escape_into(std::mem::take(&mut self.html), &sanitise(line));
            if lines.peek().is_some() {
                self.html.push('\n');
            }
        }
        self
    }

    /// What a case changes, said in a word too: colour alone tells nothing to who cannot see it.
    pub(super) fn changed(&mut self, text: &str, after: &str, word: bool) -> &mut Self {
        self.wrapped("mark", text).text(after);
        if word {
            self.note("changed");
        }
        self
    }

    /// What a case leaves out.
    pub(super) fn removed(&mut self, text: &str) -> &mut Self {
        self.wrapped("del", text).note("left out")
    }

    /// A remark that is no part of the text.
    pub(super) fn note(&mut self, text: &str) -> &mut Self {
        self.html.push_str("  <i>");
        self.text(text);
        self.html.push_str("</i>");
        self
    }

    fn wrapped(&mut self, element: &str, text: &str) -> &mut Self {
        self.html.push_str(&format!("<{element}>"));
        self.text(text);
        self.html.push_str(&format!("</{element}>"));
        self
    }

    pub(super) fn finish(self) -> Value {
        Value::from_safe_string(self.html)
    }
}
