//! A mistake in a file that a person typed, and how it is shown: as a compiler shows one, with the line and a caret
//! under the word. Finding mistakes is the business of others; nothing is printed here.

use std::{fmt, ops::Range, sync::Arc};

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// A file that a person typed.
#[derive(PartialEq, Eq)]
pub struct SourceText {
    /// The file as it was named; of a shipped suite `suites/NAME.yaml`.
    pub name: String,
    /// What it holds; nothing of a file that could not be read.
    pub text: String,
}

impl fmt::Debug for SourceText {
    /// The name only: a problem in a failing test would else drag the whole file along.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceText({:?})", self.name)
    }
}

impl SourceText {
    /// A file with its text, ready to be shared by the places in it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// Line and column, both from 1 and the column in characters, of a byte offset.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.floor(offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The nearest character boundary at or before `offset`.
    fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// The byte range of the line that holds `offset`, without its line break.
    fn line_at(&self, offset: usize) -> Range<usize> {
        let offset = self.floor(offset);
        let start = self.text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[offset..].find('\n').map_or(self.text.len(), |at| offset + at);
        start..end
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    source: Arc<SourceText>,
    span: Range<usize>,
}

impl Place {
    /// The bytes `span` of a file. What is beyond the end of its first line is not shown.
    pub fn new(source: &Arc<SourceText>, span: Range<usize>) -> Self {
        Self { source: Arc::clone(source), span }
    }

    /// A file as a whole, such as one that cannot be read.
    pub fn file_only(name: impl Into<String>) -> Self {
        Self { source: SourceText::new(name, ""), span: 0..0 }
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.source.name
    }

    /// Line and column, from 1; (1, 1) of a file as a whole.
    pub fn line_column(&self) -> (usize, usize) {
        self.source.line_column(self.span.start)
    }

    /// The byte range in the file; empty of a file as a whole.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// How many characters are underlined: to the end of the span, or of its first line.
    pub fn length(&self) -> usize {
        let span = self.span();
        let line = self.source.line_at(span.start);
        let start = self.source.floor(span.start).clamp(line.start, line.end);
        let end = self.source.floor(span.end).clamp(start, line.end);
        self.source.text[start..end].trim_end().chars().count()
    }
}

/// A mistake in a file that a person typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// What is wrong, one line.
    pub message: String,
    /// What stands beside the caret; may be empty.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
    /// Other places that matter, each with what it has to do with it.
    pub also: Vec<(Place, String)>,
}

impl Problem {
    /// A mistake at a place.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), label: String::new(), help: None, also: Vec::new() }
    }

    /// The same with words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same with what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with a "did you mean" for the one of `words` that is nearest to `typed`, if one is near.
    #[must_use]
    pub fn suggest<'a>(self, typed: &str, words: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(typed, words) {
            Some(word) => self.help(format!("did you mean `{word}`?")),
            None => self,
        }
    }

    /// The same with another place that matters.
    #[must_use]
    pub fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        self.also.push((place, label.into()));
        self
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        self.place.file()
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.place.line_column().0
    }

    /// The column, from 1, in characters.
    pub fn column(&self) -> usize {
        self.place.line_column().1
    }

    /// As a compiler shows it, without a line break at the end; with terminal styles when `colour`.
    pub fn render(&self, colour: bool) -> String {
        let mut snippets: Vec<Window> = vec![Window::new(&self.place)];
        snippets[0].mark(&self.place, AnnotationKind::Primary, &self.label);
        for (place, label) in &self.also {
            // Two marks in one line share its snippet.
            let same_line = snippets.iter_mut().find(|window| window.shows(place));
            match same_line {
                Some(window) => window.mark(place, AnnotationKind::Context, label),
                None => {
                    let mut window = Window::new(place);
                    window.mark(place, AnnotationKind::Context, label);
                    snippets.push(window);
                }
            }
        }
        let mut group = Group::with_title(Level::ERROR.primary_title(inert(&self.message)));
        for window in &snippets {
            group = window.add_to(group);
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(inert(help)));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let text = renderer.render(&[group]);
        // Blank lines in the gutter carry spaces at their end, which a snapshot under review must not.
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.place.line_column();
        write!(f, "{}:{line}:{column}: {}", inert(self.file()), inert(&self.message))
    }
}

/// Puts problems into the order in which they are read: file by file as given, by position within a file.
pub fn sort(problems: &mut [Problem]) {
    let mut files: Vec<String> = Vec::new();
    for problem in problems.iter() {
        if !files.iter().any(|file| file == problem.file()) {
            files.push(problem.file().to_owned());
        }
    }
    problems.sort_by_cached_key(|problem| {
        let file = files.iter().position(|file| file == problem.file());
        (file, problem.place.span().start)
    });
}

/// All problems, one after the other with an empty line between, with a line break at the end.
pub fn render(problems: &[Problem], colour: bool) -> String {
    problems.iter().map(|problem| problem.render(colour) + "\n").collect::<Vec<_>>().join("\n")
}

/// The one of `words` that somebody who typed `typed` probably meant.
pub fn nearest<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // `_` for `-` and capitals are slips of another kind than wrong letters, and cost nothing.
    let plain = |word: &str| word.to_lowercase().replace('_', "-");
    let wanted = plain(typed);
    // A third of the letters may be wrong: `claim` is near `claims`, `foo` is near nothing.
    let bound = wanted.chars().count().max(3) / 3;
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&wanted, &plain(word)), word))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Text of which no character reaches the terminal as a command: control characters and those that change the
/// direction of writing are shown by a replacement of one character each, so that columns stay right.
fn inert(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' => ' ',
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                char::REPLACEMENT_CHARACTER
            }
            character if character.is_control() => char::REPLACEMENT_CHARACTER,
            character => character,
        })
        .collect()
}

/// One line of a file with marks in it. Only this line goes to the renderer, and made inert, since it knows only
/// some of the control characters; a file of megabytes costs nothing either.
struct Window {
    file: String,
    text: Option<String>,
    line: usize,
    marks: Vec<(Range<usize>, AnnotationKind, String)>,
}

impl Window {
    fn new(place: &Place) -> Self {
        let line = place.line_column().0;
        let source = &place.source;
        let line_of = || inert(source.text[source.line_at(place.span.start)].trim_end_matches('\r'));
        let text = (!source.text.is_empty()).then(line_of);
        Self { file: inert(place.file()), text, line, marks: Vec::new() }
    }

    fn shows(&self, place: &Place) -> bool {
        self.text.is_some() && self.file == inert(place.file()) && self.line == place.line_column().0
    }

    fn mark(&mut self, place: &Place, kind: AnnotationKind, label: &str) {
        let Some(text) = &self.text else { return };
        let column = place.line_column().1;
        let byte = |characters: usize| text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
        let start = byte(column - 1);
        // An empty mark would show no caret.
        let end = byte(column - 1 + place.length().max(1)).max(start);
        self.marks.push((start..end, kind, inert(label)));
    }

    fn add_to<'a>(&'a self, group: Group<'a>) -> Group<'a> {
        let Some(text) = &self.text else {
            return group.element(Origin::path(self.file.as_str()));
        };
        let marks = self.marks.iter().map(|(span, kind, label)| -> Annotation<'_> {
            let label = (!label.is_empty()).then_some(label.as_str());
            kind.span(span.clone()).label(label)
        });
        group.element(
            Snippet::source(text.as_str()).line_start(self.line).path(self.file.as_str()).annotations(marks),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str, word: &str) -> Problem {
        let source = SourceText::new("suites/audience.yaml", text);
        let start = text.find(word).unwrap();
        Problem::new(Place::new(&source, start..start + word.len()), format!("unknown key `{word}`"))
    }

    #[test]
    fn a_problem_shows_its_line_a_caret_and_what_to_do() {
        let problem =
            problem("cases:\n  - case: a\n    id_jag: { claim: {} }\n", "claim").suggest("claim", ["claims"]);
        assert_eq!((problem.line(), problem.column()), (3, 15));
        insta::assert_snapshot!(problem.render(false), @r"
        error: unknown key `claim`
         --> suites/audience.yaml:3:15
          |
        3 |     id_jag: { claim: {} }
          |               ^^^^^
          |
          = help: did you mean `claims`?
        ");
        assert!(problem.render(true).contains("\u{1b}["), "the styled form has styles");
    }

    #[test]
    fn other_places_are_shown_too_in_the_same_line_and_in_other_files() {
        let text = "a: 1\nb: { x: 1, x: 2 }\n";
        let source = SourceText::new("one.yaml", text);
        let other = SourceText::new("two.yaml", "suite: x\n");
        let problem = Problem::new(Place::new(&source, 16..17), "`x` twice")
            .label("again here")
            .also(Place::new(&source, 10..11), "first here")
            .also(Place::new(&other, 7..8), "and here");
        insta::assert_snapshot!(problem.render(false), @r"
        error: `x` twice
         --> one.yaml:2:12
          |
        2 | b: { x: 1, x: 2 }
          |      -     ^ again here
          |      |
          |      first here
          |
         ::: two.yaml:1:8
          |
        1 | suite: x
          |        - and here
        ");
    }

    #[test]
    fn a_file_as_a_whole_has_no_snippet() {
        let problem = Problem::new(Place::file_only("nowhere"), "cannot read `nowhere`").help("name a file");
        insta::assert_snapshot!(problem.render(false), @r"
        error: cannot read `nowhere`
        --> nowhere
         = help: name a file
        ");
    }

    #[test]
    fn no_control_character_of_a_file_reaches_the_terminal() {
        let evil = "\u{1b}[31m\u{9b}2J\u{7}\u{202e}\r";
        let text = format!("a{evil}b: c\n");
        let source = SourceText::new(format!("f{evil}"), text.clone());
        let problem =
            Problem::new(Place::new(&source, text.find("b:").unwrap()..text.len()), format!("m{evil}"))
                .label(format!("l{evil}"))
                .help(format!("h{evil}"))
                .also(Place::file_only(format!("g{evil}")), evil);
        for text in [problem.render(false), problem.to_string()] {
            assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
        }
    }

    #[test]
    fn a_span_over_several_lines_is_marked_to_the_end_of_the_first() {
        let source = SourceText::new("f", "ab:  \n  c: d\n");
        let place = Place::new(&source, 0..12);
        assert_eq!(place.length(), 3);
        let shown = Problem::new(place, "m").render(false);
        assert!(shown.contains("^^^") && !shown.contains("^^^^"), "{shown}");
    }

    #[test]
    fn problems_are_ordered_by_file_as_given_and_by_position() {
        let (b, a) = (SourceText::new("b", "xyz"), SourceText::new("a", "xyz"));
        let at =
            |source: &Arc<SourceText>, start: usize| Problem::new(Place::new(source, start..start + 1), "m");
        let mut problems = vec![at(&b, 2), at(&a, 1), at(&b, 0)];
        sort(&mut problems);
        let order: Vec<_> = problems.iter().map(|p| (p.file().to_owned(), p.column())).collect();
        assert_eq!(order, [("b".to_owned(), 1), ("b".to_owned(), 3), ("a".to_owned(), 2)]);
    }

    #[test]
    fn the_nearest_word_is_near() {
        assert_eq!(nearest("claim", ["header", "claims"]), Some("claims"));
        assert_eq!(nearest("remove-claims", ["remove_claims"]), Some("remove_claims"));
        assert_eq!(nearest("must", ["MUST", "MAY"]), Some("MUST"));
        assert_eq!(nearest("foo", ["suite", "cases"]), None);
        assert_eq!(nearest("invalid_grnat", ["invalid_grant", "invalid_client"]), Some("invalid_grant"));
    }

    #[test]
    fn columns_count_characters() {
        let source = SourceText::new("f", "ä: ö\n");
        assert_eq!(source.line_column("ä: ".len()), (1, 4));
        // An offset within a character belongs to that character.
        assert_eq!(source.line_column(1), (1, 1));
    }
}
