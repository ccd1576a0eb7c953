//! Text that is safe to show. What a report says comes in part from the target: it is made harmless here before a
//! renderer puts it anywhere.

use std::borrow::Cow;
use std::ops::Range;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Whether a character moves the cursor, starts an escape sequence, turns the writing direction or cannot be seen:
/// none may reach a terminal or a diff as itself. C0, DEL and C1 (ECMA-48), the bidirectional controls (Unicode
/// UAX #9), the zero-width and invisible format characters with which a text can be disguised, and the two
/// noncharacters that XML has no place for (XML 1.0, 2.2).
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The commands that GitHub's runner takes from a line of a log that begins with `::`, whatever their letters' case.
const WORKFLOW_COMMANDS: [&str; 15] = [
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
];

/// Whether the character that begins here would make a CI system take a line of its log for a command, wherever lines
/// are broken: the second sign of `##[…]` (GitHub) and of `##vso[…]`, `##teamcity[…]`, which work in the middle of a
/// line too, and the first of `::error …::`.
fn begins_command(text: &str, at: usize) -> bool {
    let (before, here) = text.as_bytes().split_at(at);
    match here {
        [b'#', rest @ ..] if before.ends_with(b"#") => {
            rest.iter().find(|byte| !byte.is_ascii_alphabetic()) == Some(&b'[')
        }
        [b':', b':', rest @ ..] => WORKFLOW_COMMANDS.iter().any(|name| {
            rest.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
                && matches!(rest[name.len()..], [b' ', ..] | [b':', b':', ..])
        }),
        _ => false,
    }
}

/// The characters that are not to stand in an output as themselves, with their places.
pub(super) fn unsafe_characters(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices()
        .filter(|(at, c)| is_unsafe(*c) || (matches!(c, '#' | ':') && begins_command(text, *at)))
}

/// The text with every unsafe character shown as a visible escape: `\n`, `\x1b`, `\u{202e}`. Nor does a CI system find a
/// command in it.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    let mut safe = String::new();
    let mut copied = 0;
    for (at, c) in unsafe_characters(text) {
        safe.push_str(&text[copied..at]);
        copied = at + c.len_utf8();
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if c.is_ascii() => safe.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => safe.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    safe.push_str(&text[copied..]);
    Cow::Owned(safe)
}

/// Copies a text, with a replacement for each stretch that `find` names. `find` gets the text and a place in it,
/// character by character from the left, and answers with a stretch that begins there or later and reaches further.
pub(super) fn replace_stretches<'r>(
    text: &str,
    mut find: impl FnMut(&str, usize) -> Option<(Range<usize>, &'r str)>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    while at < text.len() {
        let found = if text.is_char_boundary(at) { find(text, at) } else { None };
        match found {
            Some((stretch, replacement)) if stretch.start >= at && stretch.end > at => {
                out.push_str(&text[copied..stretch.start]);
                out.push_str(replacement);
                copied = stretch.end;
                at = stretch.end;
            }
            _ => at += 1,
        }
    }
    out.push_str(&text[copied..]);
    out
}

/// Sentences of suite files and rows may be folded over several lines; that is no part of what they say.
pub(super) fn unfolded(text: &str) -> String {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// How many columns a text takes once it is made safe.
pub(super) fn columns(text: &str) -> usize {
    sanitise(text).width()
}

/// The beginning of a text that fits into so many columns, with `…` where something is missing. Marks that take no column
/// are not without end either.
pub(super) fn truncate(text: &str, width: usize) -> String {
    let most = width.saturating_mul(4);
    // Of a text of megabytes no more is looked at than can be shown.
    let start = text.char_indices().nth(most + 1).map_or(text, |(end, _)| &text[..end]);
    let safe = sanitise(start);
    if safe.width() <= width && safe.chars().nth(most).is_none() {
        return safe.into_owned();
    }
    let mut kept = String::new();
    let mut used = 1; // the ellipsis
    for c in safe.chars().take(most) {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(c);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_shown_as_an_escape() {
        assert_eq!(sanitise("a\x1b[31mb\u{9b}0m\u{202e}c\u{200b}\x7f\r\n\t"), {
            r"a\x1b[31mb\u{9b}0m\u{202e}c\u{200b}\x7f\r\n\t"
        });
        assert!(matches!(sanitise("ünïcode ✓ 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn no_ci_system_finds_a_command_in_a_text() {
        for (text, safe) in [
            ("a ##[add-mask]x", r"a #\x23[add-mask]x"),
            ("###vso[task.setvariable variable=a]b", r"##\x23vso[task.setvariable variable=a]b"),
            ("##teamcity[x]", r"#\x23teamcity[x]"),
            ("::error::x and ::Stop-Commands::y", r"\x3a:error::x and \x3a:Stop-Commands::y"),
            ("a ::set-output name=a::b", r"a \x3a:set-output name=a::b"),
        ] {
            assert_eq!(sanitise(text), safe);
            assert_eq!(sanitise(safe), safe);
        }
        for text in [
            "## heading",
            "audience::error-code: 200",
            "error-response::shape",
            "a ## b [c]",
            "std::error: x",
        ] {
            assert_eq!(sanitise(text), text);
        }
    }

    #[test]
    fn a_text_is_cut_at_columns() {
        assert_eq!(truncate("日本日本", 5), "日本…");
        assert_eq!(truncate("audience", 8), "audience");
        assert_eq!(truncate("audience", 0), "");
        assert_eq!(truncate(&"e\u{301}".repeat(100), 100), "e\u{301}".repeat(100));
        assert_eq!(truncate(&"\u{301}".repeat(100), 5).chars().count(), 21);
    }
}
