//! Text that is safe to show, and its layout in columns. What a report says comes in part from the target: it is
//! made harmless here, by construction, before a renderer puts it anywhere.

use std::borrow::Cow;
use std::ops::Range;

use anstyle::Style;
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

/// The text with every unsafe character shown as a visible escape: `\n`, `\x1b`, `\u{202e}`.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if c.is_ascii() && is_unsafe(c) => safe.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if is_unsafe(c) => safe.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => safe.push(c),
        }
    }
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

/// A stretch of text in one style, made safe.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    style: Style,
    text: String,
}

impl Span {
    pub(crate) fn new(style: Style, text: &str) -> Self {
        Self { style, text: sanitise(text).into_owned() }
    }

    pub(crate) fn plain(text: &str) -> Self {
        Self::new(Style::new(), text)
    }

    fn columns(&self) -> usize {
        self.text.width()
    }
}

/// Sentences of suite files and rows may be folded over several lines; that is no part of what they say.
pub(super) fn unfolded(text: &str) -> String {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// How many columns a text takes once it is made safe.
pub(super) fn columns(text: &str) -> usize {
    sanitise(text).width()
}

/// The beginning of a text that fits into so many columns, with `…` where something is missing.
pub(super) fn truncate(text: &str, width: usize) -> String {
    let safe = sanitise(text);
    if safe.width() <= width {
        return safe.into_owned();
    }
    let mut kept = String::new();
    let mut used = 1; // the ellipsis
    for c in safe.chars() {
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

/// What stays together on a line: pieces in their styles.
type Word = Vec<Span>;

fn word_columns(word: &[Span]) -> usize {
    word.iter().map(Span::columns).sum()
}

/// Splits at spaces; spans that touch without a space are one word.
fn words(spans: &[Span]) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut glued = false;
    for span in spans {
        for (index, text) in span.text.split(' ').enumerate() {
            glued &= index == 0;
            if text.is_empty() {
                continue;
            }
            let piece = Span { style: span.style, text: text.to_owned() };
            match words.last_mut() {
                Some(word) if glued => word.push(piece),
                _ => words.push(vec![piece]),
            }
            glued = true;
        }
        glued &= !span.text.ends_with(' ');
    }
    words
}

/// Cuts a word that is longer than a whole line.
fn chunks(word: Word, width: usize) -> Vec<Word> {
    let mut chunks = vec![Word::new()];
    let mut used = 0;
    for piece in word {
        let mut text = String::new();
        for c in piece.text.chars() {
            let columns = c.width().unwrap_or(0);
            if used + columns > width && used > 0 {
                let full = Span { style: piece.style, text: std::mem::take(&mut text) };
                if let Some(chunk) = chunks.last_mut() {
                    chunk.push(full);
                }
                chunks.push(Word::new());
                used = 0;
            }
            text.push(c);
            used += columns;
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(Span { style: piece.style, text });
        }
    }
    chunks
}

/// A page of text under construction: wraps at its width, keeps the indentation of wrapped lines, leaves no space
/// at the end of a line.
pub(crate) struct Page {
    out: String,
    width: usize,
    colour: bool,
}

impl Page {
    pub(crate) fn new(width: usize, colour: bool) -> Self {
        Self { out: String::new(), width, colour }
    }

    pub(crate) fn blank(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    /// A paragraph: `lead` stands as it is before the first line, further lines are indented by `hang` columns; by
    /// fewer where a word, a URL say, would otherwise have to be cut.
    pub(crate) fn paragraph(&mut self, lead: &[Span], hang: usize, body: &[Span]) {
        const LEAST_HANG: usize = 4;
        let lead_columns = word_columns(lead);
        let longest = words(body).iter().map(|word| word_columns(word)).max().unwrap_or_default();
        let would_help = longest + hang > self.width && longest + LEAST_HANG <= self.width;
        let hang = if would_help { hang.min(LEAST_HANG) } else { hang };
        let mut line: Vec<Span> = lead.to_vec();
        let mut used = lead_columns;
        let mut fresh = true;
        for word in words(body) {
            let columns = word_columns(&word);
            let gap = usize::from(!fresh);
            if used + gap + columns > self.width && !(fresh && used <= hang) {
                self.line(&line);
                line = vec![Span::plain(&" ".repeat(hang))];
                used = hang;
                fresh = true;
            }
            let room = self.width.saturating_sub(used.max(hang)).max(1);
            let mut parts = if columns > room { chunks(word, room) } else { vec![word] };
            let last = parts.pop().unwrap_or_default();
            for part in parts {
                line.extend(part);
                self.line(&line);
                line = vec![Span::plain(&" ".repeat(hang))];
                used = hang;
            }
            if !fresh {
                // The space between two words of one style belongs to it: fewer escapes, and no gap in an underline.
                let style = |span: Option<&Span>| span.map_or_else(Style::new, |span| span.style);
                let (before, after) = (style(line.last()), style(last.first()));
                line.push(Span::new(if before == after { before } else { Style::new() }, " "));
                used += 1;
            }
            used += word_columns(&last);
            line.extend(last);
            fresh = false;
        }
        self.line(&line);
    }

    fn line(&mut self, spans: &[Span]) {
        let mut runs: Vec<(Style, String)> = Vec::new();
        for span in spans {
            match runs.last_mut() {
                Some((style, text)) if *style == span.style => text.push_str(&span.text),
                _ => runs.push((span.style, span.text.clone())),
            }
        }
        // A lead without a body ends in the spaces that were to part the two.
        while let Some((_, text)) = runs.last_mut() {
            text.truncate(text.trim_end_matches(' ').len());
            if !text.is_empty() {
                break;
            }
            runs.pop();
        }
        for (style, text) in runs {
            if self.colour && style != Style::new() {
                self.out.push_str(&format!("{style}{text}{style:#}"));
            } else {
                self.out.push_str(&text);
            }
        }
        self.out.push('\n');
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize, lead: &str, hang: usize, body: &str) -> String {
        let mut page = Page::new(width, false);
        page.paragraph(&[Span::plain(lead)], hang, &[Span::plain(body)]);
        page.finish()
    }

    #[test]
    fn what_could_steer_a_terminal_is_shown_as_an_escape() {
        assert_eq!(sanitise("a\x1b[31mb\u{9b}0m\u{202e}c\u{200b}\x7f\r\n\t"), {
            r"a\x1b[31mb\u{9b}0m\u{202e}c\u{200b}\x7f\r\n\t"
        });
        assert!(matches!(sanitise("ünïcode ✓ 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn wrapped_lines_keep_their_indentation() {
        assert_eq!(page(20, "  cause  ", 9, "the aud is another one"), {
            "  cause  the aud is\n         another one\n"
        });
    }

    #[test]
    fn a_long_word_goes_to_a_line_of_its_own_and_breaks_only_when_longer_than_that() {
        assert_eq!(page(20, "- ", 2, "see https://as.example now"), "- see\n  https://as.example\n  now\n");
        assert_eq!(page(12, "- ", 2, "https://as.example"), "- https://as\n  .example\n");
    }

    #[test]
    fn a_word_that_would_be_cut_takes_room_from_the_indentation() {
        assert_eq!(
            page(24, "  expected  ", 12, "at https://as.example"),
            "  expected  at\n    https://as.example\n"
        );
    }

    #[test]
    fn spans_that_touch_are_one_word() {
        let mut page = Page::new(12, false);
        let bold = Style::new().bold();
        page.paragraph(&[], 0, &[Span::plain("claims "), Span::new(bold, "audience"), Span::plain(", iss")]);
        assert_eq!(page.finish(), "claims\naudience,\niss\n");
    }

    #[test]
    fn colour_is_set_in_runs_and_counts_no_columns() {
        let mut page = Page::new(12, true);
        let bold = Style::new().bold();
        page.paragraph(&[Span::new(bold, "1. ")], 3, &[Span::new(bold, "two words")]);
        assert_eq!(page.finish(), "\x1b[1m1. two words\x1b[0m\n");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(page(9, "", 0, "日本 日本 日"), "日本 日本\n日\n");
        assert_eq!(truncate("日本日本", 5), "日本…");
        assert_eq!(truncate("audience", 8), "audience");
        assert_eq!(truncate("audience", 0), "");
    }

    #[test]
    fn no_line_ends_in_a_space() {
        assert_eq!(page(20, "  row  ", 7, ""), "  row\n");
        assert_eq!(page(20, "", 0, "a  b "), "a b\n");
    }
}
