//! Arguments of `review-page`.

use clap::Args;

use super::super::value::IncidentRef;

pub(super) const REVIEW_PAGE: &str = "\
`redphone review INC-12 --html` is the same. The page has the facts of the incident, the sections of the
review in the order in which they are read, the contributing factors as tags, and the action items.
Before the review is published, an unwritten section has a suggestion from the record. Times are
UTC.

--html prints one file: without scripts, without anything that is loaded, in light and dark, and it
prints well.

Examples:
  redphone review-page INC-12
  redphone review 12 --html > review-12.html";

/// Arguments of `redphone review-page`.
#[derive(Args, Clone, Debug)]
pub struct ReviewPage {
    /// Its number or id
    #[arg(value_name = "NUMBER|ID")]
    pub incident: IncidentRef,
    /// Print Markdown, which it does unless --html is given
    #[arg(long, conflicts_with = "html")]
    pub markdown: bool,
    /// Print a page of HTML
    #[arg(long)]
    pub html: bool,
}
