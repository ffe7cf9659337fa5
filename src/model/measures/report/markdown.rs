//! A report as Markdown.

use super::super::pages::{Dimension, Pages};
use super::super::sheet::{Page, Sheet};
use super::records::{Part, ReportRecords, changes};

/// The measures of a window as a document, against the window before.
#[derive(Clone, Copy, Debug)]
pub struct MeasuresReport<'a> {
    /// The measures.
    pub pages: &'a Pages,
    /// The field by which they are broken down.
    pub by: Dimension,
    /// The problems and action items; `None` to leave them out.
    pub records: Option<&'a ReportRecords>,
}

impl MeasuresReport<'_> {
    /// Returns the title.
    #[must_use]
    pub fn title(&self) -> String {
        let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d").to_string();
        format!("Incidents from {} to {}", day(self.pages.window.from), day(self.pages.window.to))
    }

    /// Returns what the figures are about.
    #[must_use]
    pub fn about(&self) -> String {
        let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
        let window = &self.pages.window;
        let before = window.previous();
        let mut about = format!(
            "{} – {} UTC, against the time from {}",
            time(window.from),
            time(window.to),
            time(before.from)
        );
        let selection = self.pages.selection.describe();
        if !selection.is_empty() {
            about.push_str(" · ");
            about.push_str(&selection);
        }
        about
    }

    /// Returns the sheets of the report: those of all pages, the overview first.
    pub(super) fn sheets(&self) -> Vec<Sheet> {
        Page::ALL.iter().map(|page| Sheet::new(*page, self.pages, Some(self.by))).collect()
    }

    /// Returns what stands behind the first sheet: what has changed, problems and action items.
    pub(super) fn parts(&self) -> Vec<Part> {
        let changes = std::iter::once(changes(self.pages));
        changes.chain(self.records.into_iter().flat_map(ReportRecords::parts)).collect()
    }

    /// Returns the report as Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let about = self.about();
        let mut texts: Vec<String> =
            self.sheets().iter().map(|sheet| sheet.markdown(&about)).collect();
        let parts = self.parts().into_iter().map(|part| {
            let mut text = format!("## {}\n\n", part.title);
            if part.table.rows.is_empty() {
                text.push_str(part.empty);
                text.push('\n');
            } else {
                part.table.push_markdown(&mut text);
            }
            text
        });
        let behind_first = texts.len().min(1);
        texts.splice(behind_first..behind_first, parts);
        format!("# {}\n\n{}", self.title(), texts.join("\n"))
    }
}
