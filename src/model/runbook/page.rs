//! The body of a runbook: parses Markdown into blocks to show, and finds its steps.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::split_header;
use crate::model::text::{lines, sanitize, width};

/// The parsed body of a runbook. All its text is sanitized.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RunbookPage {
    /// The blocks, from top to bottom.
    pub blocks: Vec<Block>,
    /// The steps: the items of task lists or, without any, of top-level numbered lists.
    pub steps: Vec<Step>,
}

/// One step of a runbook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The instruction, on one line.
    pub text: String,
}

/// A part of the body that begins on a line of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// The kind of block.
    pub kind: BlockKind,
    /// How many lists contain the block.
    pub indent: usize,
    /// Whether the block is part of a quotation.
    pub quoted: bool,
    /// Index of the step that this block is, from 0; `None` if it is no step.
    pub step: Option<usize>,
    /// The text of the block in spans; empty for code and tables.
    pub spans: Vec<TextSpan>,
}

/// The kind of a block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BlockKind {
    /// A heading with its level, from 1.
    Heading(u8),
    /// A paragraph of text.
    Text,
    /// An item of a list, with its marker: `•` or a number.
    Item(String),
    /// A block of code: its sanitized lines to show, and its original text to copy.
    Code(Vec<String>, String),
    /// A table: its rows of cells, the heading first. Sanitized, each cell on one line.
    Table(Vec<Vec<String>>),
    /// A horizontal rule between blocks.
    Rule,
}

/// A run of text in one style.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextSpan {
    /// The text of the span, sanitized.
    pub text: String,
    /// The style of the text.
    pub style: TextStyle,
}

/// The style of a run of text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextStyle {
    /// Text without any markup.
    Plain,
    /// Strong emphasis, and headings.
    Strong,
    /// Text with simple emphasis.
    Emphasis,
    /// Code within a line of text.
    Code,
}

impl RunbookPage {
    /// Parses the text of a runbook; its header is skipped.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::parse_with(split_header(text).1, false)
    }

    /// Parses a text in Markdown that has no header and is only read: items of a list of tasks begin
    /// with `[x]` or `[ ]`.
    #[must_use]
    pub fn parse_body(body: &str) -> Self {
        Self::parse_with(body, true)
    }

    fn parse_with(body: &str, shows_tasks: bool) -> Self {
        let events = || Parser::new_ext(body, Options::ENABLE_TASKLISTS | Options::ENABLE_TABLES);
        let has_tasks = events().any(|event| matches!(event, Event::TaskListMarker(_)));
        let mut builder = PageBuilder { has_tasks, shows_tasks, ..PageBuilder::default() };
        for event in events() {
            builder.handle_event(event);
        }
        builder.finish_block();
        builder.page
    }

    /// Returns the original code that belongs to the block at `index`.
    ///
    /// That is the code of a code block, or the first code below the block of a step.
    #[must_use]
    pub fn code_for_block(&self, index: usize) -> Option<&str> {
        let block = self.blocks.get(index)?;
        if let BlockKind::Code(_, original) = &block.kind {
            return Some(original);
        }
        block.step?;
        self.blocks[index + 1..]
            .iter()
            .take_while(|below| below.step.is_none() && below.indent > block.indent)
            .find_map(|below| match &below.kind {
                BlockKind::Code(_, original) => Some(original.as_str()),
                _ => None,
            })
    }
}

impl Block {
    /// Returns the text of the block without styles.
    #[must_use]
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// Returns the lines of a block whose lines are shown as they are: code, and tables with their columns
    /// one below the other. Empty for other blocks.
    #[must_use]
    pub fn preformatted(&self) -> Vec<String> {
        match &self.kind {
            BlockKind::Code(code, _) => code.clone(),
            BlockKind::Table(rows) => table_lines(rows),
            _ => Vec::new(),
        }
    }
}

/// The maximum width of a column of a table whose cells are listed one below the other.
const MAX_COLUMN: usize = 40;

/// Returns the lines of a table, with a rule below its heading.
fn table_lines(rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| width(cell.as_str())).max().unwrap_or(0).min(MAX_COLUMN)
    };
    let widths: Vec<usize> = (0..count).map(widest).collect();
    let mut table: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).map(|(cell, columns)| {
                let blank = columns.saturating_sub(width(cell.as_str()));
                format!("{cell}{}", " ".repeat(blank))
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect();
    let rule: Vec<String> = widths.iter().map(|columns| "─".repeat(*columns)).collect();
    table.insert(table.len().min(1), rule.join("  "));
    table
}

/// Builds the blocks from the events of the Markdown parser.
#[derive(Default)]
struct PageBuilder {
    page: RunbookPage,
    has_tasks: bool,
    /// Whether the state of a task is a part of its text.
    shows_tasks: bool,
    current: Option<Block>,
    /// The open lists; the next number of each numbered one.
    lists: Vec<Option<u64>>,
    quotes: usize,
    styles: Vec<TextStyle>,
    /// Target and text of each open link.
    links: Vec<(String, String)>,
    code: Option<String>,
    /// The rows of the open table.
    table: Option<Vec<Vec<String>>>,
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
            // A cell is one line.
            Event::HardBreak if self.table.is_some() => self.push_text(" "),
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
            Event::TaskListMarker(is_done) => {
                self.mark_step();
                if self.shows_tasks {
                    self.push_text(if is_done { "[x] " } else { "[ ] " });
                }
            }
        }
    }

    fn start_tag(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => {
                let is_item_start = self.current.as_ref().is_some_and(|block| {
                    matches!(block.kind, BlockKind::Item(_)) && block.spans.is_empty()
                });
                if !is_item_start {
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
                // The name of the language is not shown.
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
                let is_top_level = self.lists.len() == 1;
                let (mark, is_numbered) = match self.lists.last_mut() {
                    Some(Some(next)) => {
                        let mark = format!("{next}.");
                        *next += 1;
                        (mark, true)
                    }
                    _ => ("•".to_owned(), false),
                };
                self.start_block(BlockKind::Item(mark), indent);
                if is_numbered && is_top_level && !self.has_tasks {
                    self.mark_step();
                }
            }
            Tag::Table(_) => {
                self.finish_block();
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(rows) = &mut self.table {
                    rows.push(Vec::new());
                }
            }
            Tag::TableCell => {
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(String::new());
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
                let original = self.code.take().unwrap_or_default();
                let code = lines(original.trim_end_matches('\n')).map(Into::into).collect();
                self.start_block(BlockKind::Code(code, original), self.indent());
                self.finish_block();
            }
            TagEnd::Table => {
                let rows = self.table.take().unwrap_or_default();
                self.start_block(BlockKind::Table(rows), self.indent());
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

    /// Marks the current block as a step.
    fn mark_step(&mut self) {
        if let Some(block) = &mut self.current
            && block.step.is_none()
        {
            block.step = Some(self.page.steps.len());
            self.page.steps.push(Step { text: String::new() });
        }
    }

    fn push_text(&mut self, text: &str) {
        if let Some((_, link_text)) = self.links.last_mut() {
            link_text.push_str(text);
        }
        if let Some(rows) = &mut self.table {
            if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                cell.push_str(sanitize(text).as_str());
            }
            return;
        }
        if self.current.is_none() {
            self.start_block(BlockKind::Text, self.indent());
        }
        let Some(block) = &mut self.current else { return };
        let style = self.styles.last().copied().unwrap_or(match block.kind {
            BlockKind::Heading(_) => TextStyle::Strong,
            _ => TextStyle::Plain,
        });
        let text = sanitize(text).into_string();
        match block.spans.last_mut() {
            Some(last) if last.style == style => last.text.push_str(&text),
            _ => block.spans.push(TextSpan { text, style }),
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
