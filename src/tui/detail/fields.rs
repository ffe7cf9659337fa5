//! The labelled lines of the detail.

use chrono::{DateTime, Utc};
use ratatui::style::Style;

use crate::model::text::{self, SafeText, truncate, width, wrap};

use crate::tui::action::Action;
use crate::tui::action::find_entry;
use crate::tui::core::app::App;
use crate::tui::follow::{Destination, DetailLink};
use crate::tui::widgets::bounded::bounded;
use crate::tui::widgets::markdown::markdown_lines;
use crate::tui::widgets::text::{Line, Span};

/// The width of the labels including a blank, in columns.
pub(super) const LABEL_WIDTH: usize = 11;
/// The mark after a link, with a blank before it.
const LINK_MARK: &str = " →";

/// Builds the labelled lines of the pane.
pub(super) struct Fields<'a> {
    pub app: &'a App,
    /// The time as of which the incident is shown: the present, or that of an event.
    pub now: DateTime<Utc>,
    pub width: usize,
    pub lines: Vec<Line<'static>>,
    /// The links in the lines.
    pub links: Vec<DetailLink>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(app: &'a App, now: DateTime<Utc>, width: usize) -> Self {
        Self { app, now, width, lines: Vec::new(), links: Vec::new() }
    }

    /// Appends a field, wrapped below its first line if the text is long or has several lines.
    pub(super) fn field(&mut self, label: &str, text: &str, style: Style) {
        self.wrapped(label, text::lines(&bounded(text)), style);
    }

    /// Appends a field of one line, wrapped if it is long.
    pub(super) fn line<'t>(&mut self, label: &str, text: impl Into<SafeText<'t>>) {
        self.wrapped(label, std::iter::once(text.into()), Style::new());
    }

    fn wrapped<'t>(
        &mut self,
        label: &str,
        lines: impl Iterator<Item = SafeText<'t>>,
        style: Style,
    ) {
        let room = self.width.saturating_sub(LABEL_WIDTH).max(8);
        let mut label = label;
        for line in lines.flat_map(|line| wrap(line, room)) {
            self.lines.push(Line::from(vec![
                Span::styled(format!("{label:<LABEL_WIDTH$}"), self.app.ui.theme.dim()),
                Span::styled(line, style),
            ]));
            label = "";
        }
    }

    /// Appends a field that can be followed, with a mark at its end. It is truncated to one line
    /// unless the record has the screen.
    pub(super) fn link<'t>(
        &mut self,
        label: &str,
        text: impl Into<SafeText<'t>>,
        destination: Destination,
    ) {
        let room = self.width.saturating_sub(LABEL_WIDTH + LINK_MARK.chars().count()).max(8);
        let text = text.into();
        let from = self.lines.len();
        let full_width = std::mem::replace(&mut self.width, LABEL_WIDTH + room);
        if self.has_screen() {
            self.line(label, text);
        } else {
            self.line(label, truncate(text, room));
        }
        self.width = full_width;
        if let Some(last) = self.lines.last_mut() {
            last.push_span(Span::styled(LINK_MARK, self.app.ui.theme.accent()));
        }
        self.links.push(DetailLink { lines: from..self.lines.len(), destination });
    }

    /// Returns whether the record has the screen, so that texts are shown in full.
    pub(super) fn has_screen(&self) -> bool {
        self.app.ui.zoomed || self.app.ui.record
    }

    /// Appends a field with a key at the right end of its first line, if the key can be used now.
    pub(super) fn keyed(&mut self, label: &str, text: &str, action: Action, word: &str) {
        let app = self.app;
        let can = find_entry(action).is_some_and(|entry| entry.disabled_reason(app).is_none());
        let key = app.ui.keymap.keys(action).first().filter(|_| can);
        let Some(key) = key else { return self.line(label, text) };
        let hint = format!("[{key}] {word}");
        let room = self.width.saturating_sub(LABEL_WIDTH + width(&hint) + 2);
        let from = self.lines.len();
        if room < 12 {
            return self.line(label, format!("{text}  {hint}"));
        }
        let full_width = std::mem::replace(&mut self.width, LABEL_WIDTH + room);
        self.line(label, text);
        self.width = full_width;
        if let Some(line) = self.lines.get_mut(from) {
            let blank = full_width.saturating_sub(line.width() + width(&hint));
            line.push_span(Span::raw(" ".repeat(blank)));
            line.push_span(Span::styled(hint, app.ui.theme.accent()));
        }
    }

    pub(super) fn plain(&mut self, label: &str, text: &str) {
        self.field(label, text, Style::new());
    }

    /// Appends a blank line and a heading across the pane.
    pub(super) fn heading(&mut self, text: &str) {
        let text = format!(" {} ", truncate(text, self.width.saturating_sub(6)));
        let rest = self.width.saturating_sub(width(&text) + 2);
        let theme = self.app.ui.theme;
        self.lines.push(Line::default());
        self.lines.push(Line::from(vec![
            Span::styled("──", theme.border()),
            Span::styled(text, theme.strong()),
            Span::styled("─".repeat(rest), theme.border()),
        ]));
    }

    /// Appends a text in Markdown across the pane, as it will be read.
    pub(super) fn markdown(&mut self, text: &str) {
        self.lines.extend(markdown_lines(self.app, &bounded(text), self.width));
    }

    /// Appends a text across the pane.
    pub(super) fn paragraph(&mut self, text: &str, style: Style) {
        for line in text::lines(&bounded(text.trim_end())).flat_map(|line| wrap(line, self.width)) {
            self.lines.push(Line::from(Span::styled(line, style)));
        }
    }
}
