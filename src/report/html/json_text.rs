//! JSON indented as text: members that stand there twice, numbers and escapes stay as they are, which a parsed value
//! would not keep.

use serde::de::IgnoredAny;

use super::markup::Code;
use crate::report::time::utc;

/// Deeper levels are indented no further: else a body of brackets would become a page of spaces.
const DEEPEST: usize = 12;

/// A list of plain values stays on one line up to so many bytes.
const SHORT_LIST: usize = 76;

/// Members whose value is a time, in seconds since 1970 (RFC 7519 section 2, NumericDate).
const TIMES: [&str; 5] = ["exp", "iat", "nbf", "auth_time", "updated_at"];

/// A line of indented JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    /// The member of the outermost object that it is a part of.
    pub(super) member: Option<String>,
    /// Whether it is the first of that member.
    pub(super) opens: bool,
}

/// The text in lines; none when it is no JSON object or array.
pub(super) fn lines(text: &str) -> Option<Vec<Line>> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if !text.starts_with(['{', '[']) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    let mut writer = Writer { is_object: text.starts_with('{'), ..Writer::default() };
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => writer.string(rest),
            '{' | '[' => writer.open(rest),
            '}' | ']' => {
                writer.depth = writer.depth.saturating_sub(1);
                writer.break_line(true);
                writer.line.push(first);
                1
            }
            ',' => {
                writer.line.push(',');
                writer.break_line(false);
                1
            }
            ':' => {
                writer.line.push_str(": ");
                1
            }
            c if c.is_ascii_whitespace() => 1,
            c => {
                writer.line.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    writer.flush();
    Some(writer.lines)
}

#[derive(Default)]
struct Writer {
    lines: Vec<Line>,
    line: String,
    depth: usize,
    is_object: bool,
    member: Option<String>,
    /// A line begins at which a member's name is due.
    name_is_due: bool,
    opens: bool,
}

impl Writer {
    fn string(&mut self, rest: &str) -> usize {
        let length = string_length(rest);
        let string = &rest[..length];
        if std::mem::take(&mut self.name_is_due) {
            self.member = serde_json::from_str(string).ok();
            self.opens = true;
        }
        self.line.push_str(string);
        length
    }

    fn open(&mut self, rest: &str) -> usize {
        if let Some((length, list)) = short_list(rest) {
            self.line.push_str(&list);
            return length;
        }
        self.line.push_str(&rest[..1]);
        self.depth += 1;
        self.break_line(false);
        1
    }

    /// Begins a line; one that closes something belongs to the member that it closes.
    fn break_line(&mut self, closes: bool) {
        self.flush();
        self.line.push_str(&"  ".repeat(self.depth.min(DEEPEST)));
        self.name_is_due = self.depth == 1 && self.is_object && !closes;
        if self.depth == 0 || self.name_is_due {
            self.member = None;
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.line);
        let opens = std::mem::take(&mut self.opens);
        self.lines.push(Line { text, member: self.member.clone(), opens });
    }
}

/// The length of the JSON string that begins here, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// An empty object or array, or a short array of plain values, on one line, with its length in the text.
fn short_list(text: &str) -> Option<(usize, String)> {
    let mut line = text[..1].to_owned();
    let mut at = 1;
    while line.len() <= SHORT_LIST {
        let rest = &text[at..];
        let first = rest.chars().next()?;
        match first {
            '"' => {
                let length = string_length(rest);
                line.push_str(&rest[..length]);
                at += length;
            }
            '}' | ']' => {
                line.push(first);
                let is_short = line == "{}" || line.starts_with('[');
                return is_short.then_some((at + 1, line));
            }
            '{' | '[' | ':' => return None,
            ',' => {
                line.push_str(", ");
                at += 1;
            }
            c => {
                if !c.is_ascii_whitespace() {
                    line.push(c);
                }
                at += c.len_utf8();
            }
        }
    }
    None
}

/// A member that is marked, and whether it is left out.
pub(super) type Marked<'a> = (&'a str, bool);

/// Writes lines with the changed members marked, and, before the closing brace, those that are left out. Members that
/// are times are told as such.
pub(super) fn write(code: &mut Code, lines: &[Line], marked: &[Marked<'_>]) {
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            code.text("\n");
        }
        if index + 1 == lines.len() {
            for (name, _) in marked.iter().filter(|(name, removed)| *removed && !has(lines, name)) {
                code.text("  ").removed(&format!("\"{name}\"")).text("\n");
            }
        }
        let member = line.member.as_deref();
        if marked.iter().any(|(name, _)| Some(*name) == member) {
            // Neither the indentation nor the comma is a part of the member.
            let text = line.text.trim_start_matches(' ');
            code.text(&line.text[..line.text.len() - text.len()]);
            let (text, comma) = text.strip_suffix(',').map_or((text, ""), |text| (text, ","));
            code.changed(text, comma, line.opens);
        } else {
            code.text(&line.text);
        }
        if let Some(time) = member.filter(|name| TIMES.contains(name)).and_then(|_| time(&line.text)) {
            code.note(&time);
        }
    }
}

fn has(lines: &[Line], name: &str) -> bool {
    lines.iter().any(|line| line.member.as_deref() == Some(name))
}

/// The time that a line's number stands for.
fn time(line: &str) -> Option<String> {
    let number = line.rsplit_once(": ")?.1.trim_end_matches(',');
    let seconds: u64 = number.split('.').next()?.parse().ok()?;
    utc(seconds)
}
