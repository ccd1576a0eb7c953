//! The layout of text in columns: spans in styles, wrapped at a width. Every span is made harmless as it is made.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::text::sanitise;

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
    fn no_line_ends_in_a_space() {
        assert_eq!(page(20, "  row  ", 7, ""), "  row\n");
        assert_eq!(page(20, "", 0, "a  b "), "a b\n");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(page(9, "", 0, "日本 日本 日"), "日本 日本\n日\n");
    }
}
