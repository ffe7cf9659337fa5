//! The text of a runbook: from Markdown to blocks that can be shown, with its steps.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::header;
use crate::model::text::{lines, shown};

/// A runbook to read. All its text is safe to show.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    /// From top to bottom.
    pub blocks: Vec<Block>,
    /// Its steps: the items of task lists, or of numbered lists where there are none.
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// What to do, on one line.
    pub text: String,
}

/// A part of the page that begins on a line of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// How deep it stands in lists and quotations.
    pub indent: usize,
    /// It is quoted.
    pub quoted: bool,
    /// The step that it is, from 0.
    pub step: Option<usize>,
    /// Its text, but for code.
    pub pieces: Vec<Piece>,
}

/// What a block is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A heading of a level from 1.
    Heading(u8),
    /// A paragraph.
    Text,
    /// An item of a list, with its mark.
    Item(String),
    /// Lines to be copied as they are; the second has them as they were written.
    Code(Vec<String>, String),
    /// A line across.
    Rule,
}

/// A run of text that looks the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// How it looks.
    pub look: Look,
}

/// How a piece looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// As it is.
    Plain,
    /// To be read first.
    Strong,
    /// Set off.
    Emphasis,
    /// To be typed as it is.
    Code,
}

impl Page {
    /// Reads a runbook's text.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let body = header(text).1;
        let events = || Parser::new_ext(body, Options::ENABLE_TASKLISTS);
        let has_tasks = events().any(|event| matches!(event, Event::TaskListMarker(_)));
        let mut maker = Maker { has_tasks, ..Maker::default() };
        for event in events() {
            maker.take(event);
        }
        maker.flush();
        maker.page
    }

    /// The code that belongs to a block: its own, or that of the step it is.
    #[must_use]
    pub fn code_of(&self, place: usize) -> Option<&str> {
        let block = self.blocks.get(place)?;
        if let Kind::Code(_, written) = &block.kind {
            return Some(written);
        }
        block.step?;
        self.blocks[place + 1..]
            .iter()
            .take_while(|below| below.step.is_none() && below.indent > block.indent)
            .find_map(|below| match &below.kind {
                Kind::Code(_, written) => Some(written.as_str()),
                _ => None,
            })
    }
}

impl Block {
    /// Its text without looks.
    #[must_use]
    pub fn text(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }
}

/// Puts blocks together from the events of the parser.
#[derive(Default)]
struct Maker {
    page: Page,
    has_tasks: bool,
    current: Option<Block>,
    /// The lists that are open; the next number of those that count.
    lists: Vec<Option<u64>>,
    quotes: usize,
    looks: Vec<Look>,
    /// Target and text of the links that are open.
    links: Vec<(String, String)>,
    code: Option<String>,
}

impl Maker {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.push(&text),
            },
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.looks.push(Look::Code);
                self.push(&text);
                self.looks.pop();
            }
            Event::Html(text) | Event::InlineHtml(text) | Event::FootnoteReference(text) => {
                self.push(text.trim_end());
            }
            Event::SoftBreak => self.push(" "),
            Event::HardBreak => {
                let indent = self.indent();
                self.flush();
                self.begin(Kind::Text, indent);
            }
            Event::Rule => {
                self.flush();
                self.begin(Kind::Rule, 0);
                self.flush();
            }
            Event::TaskListMarker(_) => self.step(),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => {
                let begun = self.current.as_ref().is_some_and(|block| {
                    matches!(block.kind, Kind::Item(_)) && block.pieces.is_empty()
                });
                if !begun {
                    self.flush();
                    self.begin(Kind::Text, self.indent());
                }
            }
            Tag::Heading { level, .. } => {
                self.flush();
                self.begin(Kind::Heading(number(level)), self.indent());
            }
            Tag::BlockQuote(_) => {
                self.flush();
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                // The language says nothing that the code does not.
                let (CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) = kind;
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                self.flush();
                let indent = self.indent().saturating_sub(1);
                let top = self.lists.len() == 1;
                let (mark, counts) = match self.lists.last_mut() {
                    Some(Some(next)) => {
                        let mark = format!("{next}.");
                        *next += 1;
                        (mark, true)
                    }
                    _ => ("•".to_owned(), false),
                };
                self.begin(Kind::Item(mark), indent);
                if counts && top && !self.has_tasks {
                    self.step();
                }
            }
            Tag::Emphasis => self.looks.push(Look::Emphasis),
            Tag::Strong => self.looks.push(Look::Strong),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((dest_url.into_string(), String::new()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::HtmlBlock | TagEnd::Item => {
                self.flush();
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::CodeBlock => {
                let written = self.code.take().unwrap_or_default();
                let code = lines(written.trim_end_matches('\n')).map(Into::into).collect();
                self.begin(Kind::Code(code, written), self.indent());
                self.flush();
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::Emphasis | TagEnd::Strong => {
                self.looks.pop();
            }
            TagEnd::Link | TagEnd::Image => {
                if let Some((target, text)) = self.links.pop()
                    && text != target
                {
                    self.push(&format!(" ({target})"));
                }
            }
            _ => {}
        }
    }

    fn indent(&self) -> usize {
        self.lists.len()
    }

    fn begin(&mut self, kind: Kind, indent: usize) {
        let quoted = self.quotes > 0;
        self.current = Some(Block { kind, indent, quoted, step: None, pieces: Vec::new() });
    }

    /// What is written now is a step.
    fn step(&mut self) {
        if let Some(block) = &mut self.current
            && block.step.is_none()
        {
            block.step = Some(self.page.steps.len());
            self.page.steps.push(Step { text: String::new() });
        }
    }

    fn push(&mut self, text: &str) {
        if let Some((_, named)) = self.links.last_mut() {
            named.push_str(text);
        }
        if self.current.is_none() {
            self.begin(Kind::Text, self.indent());
        }
        let Some(block) = &mut self.current else { return };
        let look = self.looks.last().copied().unwrap_or(match block.kind {
            Kind::Heading(_) => Look::Strong,
            _ => Look::Plain,
        });
        let text = shown(text).into_owned();
        match block.pieces.last_mut() {
            Some(last) if last.look == look => last.text.push_str(&text),
            _ => block.pieces.push(Piece { text, look }),
        }
    }

    fn flush(&mut self) {
        let Some(block) = self.current.take() else { return };
        if block.pieces.is_empty() && matches!(block.kind, Kind::Text) {
            return;
        }
        if let Some(step) = block.step {
            block.text().trim().clone_into(&mut self.page.steps[step].text);
        }
        self.page.blocks.push(block);
    }
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        _ => 3,
    }
}
