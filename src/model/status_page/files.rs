//! The files of a status page.

use chrono::{DateTime, SecondsFormat, Utc};

use super::StatusPage;

/// The name of the file that contains, among others, the time at which the page was made.
pub const STATUS_FILE: &str = "api/v2/status.json";

/// A file that everybody may read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicFile {
    /// Its path below the page, with `/` between folders.
    pub path: &'static str,
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub content: String,
}

impl StatusPage {
    /// Returns the files. The one that links to the others comes last, so that writing them in this
    /// order never leaves a link to a missing file.
    #[must_use]
    pub fn files(&self) -> Vec<PublicFile> {
        let json = |path, content: serde_json::Value| PublicFile {
            path,
            media_type: "application/json",
            content: format!("{content:#}\n"),
        };
        vec![
            json("api/v2/components.json", self.components_json()),
            json("api/v2/incidents.json", self.incidents_json()),
            json("api/v2/incidents/unresolved.json", self.unresolved_json()),
            json("api/v2/scheduled-maintenances.json", self.maintenance_json()),
            json("api/v2/summary.json", self.summary_json()),
            json(STATUS_FILE, self.status_json()),
            PublicFile {
                path: "history.rss",
                media_type: "application/rss+xml; charset=utf-8",
                content: self.to_rss(),
            },
            PublicFile {
                path: "index.html",
                media_type: "text/html; charset=utf-8",
                content: self.to_html(),
            },
        ]
    }

    /// Reads from the file [`STATUS_FILE`] of a page when it was made; `None` if the text is no such file.
    #[must_use]
    pub fn made_at_of(status_file: &str) -> Option<DateTime<Utc>> {
        let status: serde_json::Value = serde_json::from_str(status_file).ok()?;
        let text = status.get("page")?.get("updated_at")?.as_str()?;
        DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
    }
}

/// Writes a time as the `/api/v2/` shape has it.
pub(super) fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
