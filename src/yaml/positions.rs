//! Where every key and value of a YAML file stands, so that a check that comes long after reading can point at the
//! exact word. Built from the parser's events; values are not kept.

use std::{fmt, ops::Range, sync::Arc};

use serde_yaml::granit_parser::{Event, Parser, StructureStyle};

use crate::problem::{Place, SourceText};

/// The way to a value: `cases[3].id_jag.claims.aud`. Each step borrows the one before, so that a walk over a file
/// allocates nothing.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl Path<'static> {
    /// The whole file.
    pub const ROOT: Path<'static> = Path { parent: None, step: Step::Root };
}

impl<'a> Path<'a> {
    /// The value of a key.
    pub fn key(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Key(name) }
    }

    /// An item of a list, from 0.
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), step: Step::Index(index) }
    }

    fn steps(&self) -> Vec<Step<'a>> {
        let mut steps = self.parent.map_or_else(Vec::new, Path::steps);
        if !matches!(self.step, Step::Root) {
            steps.push(self.step);
        }
        steps
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps().into_iter().enumerate() {
            match step {
                Step::Root => {}
                Step::Key(name) if at == 0 => f.write_str(name)?,
                Step::Key(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Where every key and value of a file stands. Of a file with a mistake of syntax, those before it.
#[derive(Debug)]
pub struct Positions {
    source: Arc<SourceText>,
    root: Node,
}

#[derive(Debug)]
struct Node {
    span: Range<usize>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Text, a number, null, an alias.
    Leaf,
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Debug)]
struct Entry {
    name: String,
    key: Range<usize>,
    value: Node,
}

/// What a value is, in words for an error message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Nothing,
    Word,
    List,
    Mapping,
}

impl Positions {
    /// The positions in `text`, which has the length of the source's own (a reader may have blanked parts of it).
    pub(super) fn of(source: &Arc<SourceText>, text: &str) -> Self {
        let mut events = Events { parser: Parser::new_from_str(text) };
        let root = events.document().unwrap_or(Node { span: 0..0, kind: Kind::Leaf });
        Self { source: Arc::clone(source), root }
    }

    /// The positions in a file.
    pub fn of_source(source: &Arc<SourceText>) -> Self {
        Self::of(source, &source.text)
    }

    /// The file.
    pub fn source(&self) -> &Arc<SourceText> {
        &self.source
    }

    /// The place of the value at `path`; where there is none, or nothing to see of it, of its key or of the
    /// innermost value around it.
    pub fn value(&self, path: &Path<'_>) -> Place {
        let steps = path.steps();
        let mut node = &self.root;
        let mut span = node.span.clone();
        for step in steps {
            match (step, &node.kind) {
                (Step::Key(name), Kind::Mapping(entries)) => {
                    let Some(entry) = entries.iter().find(|entry| entry.name == name) else { break };
                    node = &entry.value;
                    span = if node.span.is_empty() { entry.key.clone() } else { node.span.clone() };
                }
                (Step::Index(index), Kind::List(items)) => {
                    let Some(item) = items.get(index) else { break };
                    node = item;
                    span = node.span.clone();
                }
                _ => break,
            }
        }
        Place::new(&self.source, span)
    }

    /// The place of the key at `path`; of an item of a list, of its value.
    pub fn key(&self, path: &Path<'_>) -> Place {
        let Path { parent: Some(parent), step: Step::Key(name) } = path else { return self.value(path) };
        match self.node(parent).map(|node| &node.kind) {
            Some(Kind::Mapping(entries)) => match entries.iter().find(|entry| entry.name == *name) {
                Some(entry) => Place::new(&self.source, entry.key.clone()),
                None => self.value(parent),
            },
            _ => self.value(parent),
        }
    }

    /// The place of a part of the value at `path`, where that part is written in the file as it is in the value;
    /// else of the whole value.
    pub fn part(&self, path: &Path<'_>, part: &str) -> Place {
        let whole = self.value(path);
        let span = whole.span();
        match self.source.text.get(span.clone()).and_then(|written| written.find(part)) {
            Some(at) => Place::new(&self.source, span.start + at..span.start + at + part.len()),
            None => whole,
        }
    }

    /// What is written at `path`, quotes included.
    pub fn written(&self, path: &Path<'_>) -> &str {
        self.node(path).and_then(|node| self.source.text.get(node.span.clone())).unwrap_or_default()
    }

    /// Whether there is a value at `path`.
    pub fn has(&self, path: &Path<'_>) -> bool {
        self.node(path).is_some()
    }

    /// The keys of the whole file, if it is a mapping.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let entries: &[Entry] = if let Kind::Mapping(entries) = &self.root.kind { entries } else { &[] };
        entries.iter().map(|entry| entry.name.as_str())
    }

    fn node(&self, path: &Path<'_>) -> Option<&Node> {
        path.steps().into_iter().try_fold(&self.root, |node, step| match (step, &node.kind) {
            (Step::Key(name), Kind::Mapping(entries)) => {
                entries.iter().find(|entry| entry.name == name).map(|entry| &entry.value)
            }
            (Step::Index(index), Kind::List(items)) => items.get(index),
            _ => None,
        })
    }

    /// The bytes of each item of the list, or entry of the mapping, under the top key `key`.
    fn spans(&self, key: &str) -> Vec<Range<usize>> {
        match self.node(&Path::ROOT.key(key)).map(|node| &node.kind) {
            Some(Kind::List(items)) => items.iter().map(|item| item.span.clone()).collect(),
            Some(Kind::Mapping(entries)) => {
                entries.iter().map(|entry| entry.key.start..entry.value.span.end.max(entry.key.end)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// How many items the list or the mapping under the top key `key` has.
    pub(super) fn items(&self, key: &str) -> usize {
        self.spans(key).len()
    }

    /// The bytes of the item or entry under the top key `key` in which `offset` stands.
    pub(super) fn item_at(&self, key: &str, offset: usize) -> Option<Range<usize>> {
        self.spans(key)
            .into_iter()
            .find(|span| span.contains(&offset) || (span.end == offset && !span.is_empty()))
    }

    /// The innermost entry whose key or value begins at `offset`: its key, its value, and what the value is.
    pub(super) fn entry_at(&self, offset: usize) -> Option<(Range<usize>, Range<usize>, Shape)> {
        let mut found = None;
        self.root.entries(&mut |_, entry| {
            if entry.key.start == offset || entry.value.span.start == offset {
                found = Some((entry.key.clone(), entry.value.span.clone(), entry.value.shape()));
            }
        });
        found
    }

    /// What the value is that begins at `offset`.
    pub(super) fn shape_at(&self, offset: usize) -> Option<Shape> {
        let mut found = None;
        self.root.visit(&mut |node| {
            // The outermost: a block mapping begins where its first key does.
            if node.span.start == offset && found.is_none() {
                found = Some(node.shape());
            }
        });
        found
    }

    /// The first key of the mapping that has a key at `offset`, or that begins there.
    pub(super) fn first_key_beside(&self, offset: usize) -> Option<Range<usize>> {
        let mut found = None;
        self.root.entries(&mut |siblings, entry| {
            if entry.key.start == offset {
                found = siblings.first().map(|first| first.key.clone());
            }
        });
        found
    }

    /// The first writing of the key that stands a second time at `offset`.
    pub(super) fn first_of(&self, offset: usize) -> Option<Range<usize>> {
        let mut found = None;
        self.root.entries(&mut |siblings, entry| {
            if entry.key.start == offset {
                found = siblings
                    .iter()
                    .find(|other| other.name == entry.name && other.key.start != offset)
                    .map(|other| other.key.clone());
            }
        });
        found
    }
}

impl Node {
    fn shape(&self) -> Shape {
        match self.kind {
            Kind::Leaf if self.span.is_empty() => Shape::Nothing,
            Kind::Leaf => Shape::Word,
            Kind::List(_) => Shape::List,
            Kind::Mapping(_) => Shape::Mapping,
        }
    }

    fn visit<'a>(&'a self, seen: &mut impl FnMut(&'a Node)) {
        seen(self);
        match &self.kind {
            Kind::Leaf => {}
            Kind::List(items) => items.iter().for_each(|item| item.visit(seen)),
            Kind::Mapping(entries) => entries.iter().for_each(|entry| entry.value.visit(seen)),
        }
    }

    fn entries<'a>(&'a self, seen: &mut impl FnMut(&'a [Entry], &'a Entry)) {
        self.visit(&mut |node| {
            if let Kind::Mapping(entries) = &node.kind {
                entries.iter().for_each(|entry| seen(entries, entry));
            }
        });
    }
}

/// How deep a file may be nested; the reader's own bound is the same.
const DEPTH_AT_MOST: usize = 64;

type Input<'a> = Parser<'a, serde_yaml::granit_parser::StrInput<'a>>;

struct Events<'a> {
    parser: Input<'a>,
}

impl<'a> Events<'a> {
    /// The next event that is part of the tree; none at the end, and at a mistake of syntax.
    fn next(&mut self) -> Option<(Event<'a>, Range<usize>)> {
        loop {
            let (event, span) = self.parser.next_event()?.ok()?;
            if matches!(event, Event::StreamEnd | Event::DocumentEnd) {
                return None;
            }
            let is_of_the_tree = event.is_node() || matches!(event, Event::SequenceEnd | Event::MappingEnd);
            if is_of_the_tree {
                return Some((event, span.byte_range().unwrap_or_default()));
            }
        }
    }

    fn document(&mut self) -> Option<Node> {
        let first = self.next()?;
        self.node(first, 0)
    }

    /// The node that begins with `first`. A file that breaks off gives what there was.
    fn node(&mut self, (event, span): (Event<'a>, Range<usize>), depth: usize) -> Option<Node> {
        if depth > DEPTH_AT_MOST {
            return None;
        }
        let (block, kind, end) = match event {
            Event::SequenceStart(style, ..) => {
                let mut items = Vec::new();
                let end = loop {
                    match self.next() {
                        Some((Event::SequenceEnd, end)) => break end.end,
                        Some(first) => items.extend(self.node(first, depth + 1)),
                        None => break span.end,
                    }
                };
                (style == StructureStyle::Block, Kind::List(items), end)
            }
            Event::MappingStart(style, ..) => {
                let mut entries = Vec::new();
                let end = loop {
                    match self.next() {
                        Some((Event::MappingEnd, end)) => break end.end,
                        Some(first) => entries.extend(self.entry(first, depth + 1)),
                        None => break span.end,
                    }
                };
                (style == StructureStyle::Block, Kind::Mapping(entries), end)
            }
            _ => return Some(Node { span, kind: Kind::Leaf }),
        };
        // A block ends where the next word stands, which may be lines away: its last value's end is meant.
        let last = match &kind {
            Kind::List(items) => items.last().map(|item| item.span.end),
            Kind::Mapping(entries) => entries.last().map(|entry| entry.value.span.end.max(entry.key.end)),
            Kind::Leaf => None,
        };
        let end = if block { last.unwrap_or(span.end) } else { end.max(last.unwrap_or(0)) };
        Some(Node { span: span.start..end.max(span.start), kind })
    }

    fn entry(&mut self, first: (Event<'a>, Range<usize>), depth: usize) -> Option<Entry> {
        let name = match &first.0 {
            Event::Scalar(text, ..) => text.to_string(),
            _ => String::new(),
        };
        let key = self.node(first, depth)?.span;
        let value = match self.next() {
            Some(value) => self.node(value, depth),
            None => None,
        };
        let value = value.unwrap_or(Node { span: key.end..key.end, kind: Kind::Leaf });
        Some(Entry { name, key, value })
    }
}
