//! A report as Markdown.

use chrono::{DateTime, Utc};

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
    /// The name of the window, such as a month in a zone; `None` to derive it from the window.
    pub period: Option<&'a str>,
}

impl MeasuresReport<'_> {
    /// Returns the title.
    #[must_use]
    pub fn title(&self) -> String {
        let (window, offsets) = (&self.pages.window, &self.pages.offsets);
        if let Some(period) = self.period {
            return format!("Incidents in {period}");
        }
        if let Some(first) = window.month_in(offsets).or_else(|| window.month_in(&Utc)) {
            return format!("Incidents in {}", first.format("%B %Y"));
        }
        let day = |at: DateTime<Utc>| {
            offsets.local_time(at.timestamp_millis()).format("%Y-%m-%d").to_string()
        };
        format!("Incidents from {} to {}", day(window.from), day(window.to))
    }

    /// Returns the selection that the figures cover.
    #[must_use]
    pub fn about(&self) -> String {
        let (window, offsets) = (&self.pages.window, &self.pages.offsets);
        let mut about = format!(
            "{}, against the time from {}",
            offsets.describe_span(window.from, window.to),
            offsets.minute_of(self.pages.previous().from)
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

    /// Returns the parts after the first sheet: changes, problems and action items.
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
