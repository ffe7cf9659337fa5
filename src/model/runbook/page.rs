//! The text of a runbook: from Markdown to blocks that can be shown, with its steps.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::split_header;
use crate::model::text::{lines, sanitize};

/// A runbook to read. All its text is safe to show.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RunbookPage {
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
    pub kind: BlockKind,
    /// How deep it stands in lists and quotations.
    pub indent: usize,
    /// It is quoted.
    pub quoted: bool,
    /// The step that it is, from 0.
    pub step: Option<usize>,
    /// Its text, but for code.
    pub spans: Vec<TextSpan>,
}

/// What a block is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BlockKind {
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
pub struct TextSpan {
    /// The text.
    pub text: String,
    /// How it looks.
    pub style: TextStyle,
}

/// How a piece looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextStyle {
    /// As it is.
    Plain,
    /// To be read first.
    Strong,
    /// Set off.
    Emphasis,
    /// To be typed as it is.
    Code,
}

impl RunbookPage {
    /// Reads a runbook's text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let body = split_header(text).1;
        let events = || Parser::new_ext(body, Options::ENABLE_TASKLISTS);
        let has_tasks = events().any(|event| matches!(event, Event::TaskListMarker(_)));
        let mut maker = PageBuilder { has_tasks, ..PageBuilder::default() };
        for event in events() {
            maker.handle_event(event);
        }
        maker.finish_block();
        maker.page
    }

    /// The code that belongs to a block: its own, or that of the step it is.
    #[must_use]
    pub fn code_for_block(&self, place: usize) -> Option<&str> {
        let block = self.blocks.get(place)?;
        if let BlockKind::Code(_, written) = &block.kind {
            return Some(written);
        }
        block.step?;
        self.blocks[place + 1..]
            .iter()
            .take_while(|below| below.step.is_none() && below.indent > block.indent)
            .find_map(|below| match &below.kind {
                BlockKind::Code(_, written) => Some(written.as_str()),
                _ => None,
            })
    }
}

impl Block {
    /// Its text without looks.
    #[must_use]
    pub fn text(&self) -> String {
        self.spans.iter().map(|piece| piece.text.as_str()).collect()
    }
}

/// Puts blocks together from the events of the parser.
#[derive(Default)]
struct PageBuilder {
    page: RunbookPage,
    has_tasks: bool,
    current: Option<Block>,
    /// The lists that are open; the next number of those that count.
    lists: Vec<Option<u64>>,
    quotes: usize,
    styles: Vec<TextStyle>,
    /// Target and text of the links that are open.
    links: Vec<(String, String)>,
    code: Option<String>,
}

impl PageBuilder {
    fn handle_event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start_tag(tag),
            Event::End(tag) => self.end_tag(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.push_text(&text),
            },
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.styles.push(TextStyle::Code);
                self.push_text(&text);
                self.styles.pop();
            }
            Event::Html(text) | Event::InlineHtml(text) | Event::FootnoteReference(text) => {
                self.push_text(text.trim_end());
            }
            Event::SoftBreak => self.push_text(" "),
            Event::HardBreak => {
                let indent = self.indent();
                self.finish_block();
                self.start_block(BlockKind::Text, indent);
            }
            Event::Rule => {
                self.finish_block();
                self.start_block(BlockKind::Rule, 0);
                self.finish_block();
            }
            Event::TaskListMarker(_) => self.mark_step(),
        }
    }

    fn start_tag(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => {
                let begun = self.current.as_ref().is_some_and(|block| {
                    matches!(block.kind, BlockKind::Item(_)) && block.spans.is_empty()
                });
                if !begun {
                    self.finish_block();
                    self.start_block(BlockKind::Text, self.indent());
                }
            }
            Tag::Heading { level, .. } => {
                self.finish_block();
                self.start_block(BlockKind::Heading(heading_level(level)), self.indent());
            }
            Tag::BlockQuote(_) => {
                self.finish_block();
                self.quotes += 1;
            }
            Tag::CodeBlock(kind) => {
                self.finish_block();
                // The language says nothing that the code does not.
                let (CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) = kind;
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.finish_block();
                self.lists.push(first);
            }
            Tag::Item => {
                self.finish_block();
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
                self.start_block(BlockKind::Item(mark), indent);
                if counts && top && !self.has_tasks {
                    self.mark_step();
                }
            }
            Tag::Emphasis => self.styles.push(TextStyle::Emphasis),
            Tag::Strong => self.styles.push(TextStyle::Strong),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((dest_url.into_string(), String::new()));
            }
            _ => {}
        }
    }

    fn end_tag(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::HtmlBlock | TagEnd::Item => {
                self.finish_block();
            }
            TagEnd::BlockQuote(_) => {
                self.finish_block();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::CodeBlock => {
                let written = self.code.take().unwrap_or_default();
                let code = lines(written.trim_end_matches('\n')).map(Into::into).collect();
                self.start_block(BlockKind::Code(code, written), self.indent());
                self.finish_block();
            }
            TagEnd::List(_) => {
                self.finish_block();
                self.lists.pop();
            }
            TagEnd::Emphasis | TagEnd::Strong => {
                self.styles.pop();
            }
            TagEnd::Link | TagEnd::Image => {
                if let Some((target, text)) = self.links.pop()
                    && text != target
                {
                    self.push_text(&format!(" ({target})"));
                }
            }
            _ => {}
        }
    }

    fn indent(&self) -> usize {
        self.lists.len()
    }

    fn start_block(&mut self, kind: BlockKind, indent: usize) {
        let quoted = self.quotes > 0;
        self.current = Some(Block { kind, indent, quoted, step: None, spans: Vec::new() });
    }

    /// What is written now is a step.
    fn mark_step(&mut self) {
        if let Some(block) = &mut self.current
            && block.step.is_none()
        {
            block.step = Some(self.page.steps.len());
            self.page.steps.push(Step { text: String::new() });
        }
    }

    fn push_text(&mut self, text: &str) {
        if let Some((_, named)) = self.links.last_mut() {
            named.push_str(text);
        }
        if self.current.is_none() {
            self.start_block(BlockKind::Text, self.indent());
        }
        let Some(block) = &mut self.current else { return };
        let look = self.styles.last().copied().unwrap_or(match block.kind {
            BlockKind::Heading(_) => TextStyle::Strong,
            _ => TextStyle::Plain,
        });
        let text = sanitize(text).into_owned();
        match block.spans.last_mut() {
            Some(last) if last.style == look => last.text.push_str(&text),
            _ => block.spans.push(TextSpan { text, style: look }),
        }
    }

    fn finish_block(&mut self) {
        let Some(block) = self.current.take() else { return };
        if block.spans.is_empty() && matches!(block.kind, BlockKind::Text) {
            return;
        }
        if let Some(step) = block.step {
            block.text().trim().clone_into(&mut self.page.steps[step].text);
        }
        self.page.blocks.push(block);
    }
}

fn heading_level(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        _ => 3,
    }
}
