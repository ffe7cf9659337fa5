//! Arguments of `reviews` and `action-items`.

use clap::Args;

use super::selection::RowLimit;

pub(super) const REVIEWS: &str = "\
The unpublished ones first, and of those the newest incidents. A review is missing if a P1 or P2 was
resolved or closed and nothing is written, a draft until it is submitted, in review until it is
returned or published, and published.

--factors prints the contributing factors with the number of reviews that have each, the most frequent
first, over all reviews that are selected.

--json prints one object a line: incident, state, sections, actions, open_actions, ended_at,
published_at and factors; with --factors: factor and reviews.

Examples:
  redphone reviews --state missing --state draft
  redphone reviews --owner me
  redphone reviews --state published --factors";

/// Arguments of `redphone reviews`.
#[derive(Args, Clone, Debug)]
pub struct Reviews {
    /// Only reviews in this state; may be repeated
    #[arg(long = "state", value_name = "STATE",
          value_parser = ["missing", "draft", "in-review", "published"])]
    pub states: Vec<String>,
    /// Only of incidents that this person leads (a handle, or `me`)
    #[arg(long, value_name = "HANDLE")]
    pub owner: Option<String>,
    /// Count the contributing factors
    #[arg(long)]
    pub factors: bool,
    /// How many reviews
    #[command(flatten)]
    pub limit: RowLimit,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

pub(super) const ACTION_ITEMS: &str = "\
Over all incidents: the open ones first, and of those what is due first, so that what is overdue comes
before everything else.

--json prints one object a line: incident and item (id, text, owner, due, kind, done).

Examples:
  redphone action-items
  redphone action-items --owner me --overdue
  redphone action-items --done --json | jq -r .item.text";

/// Arguments of `redphone action-items`.
#[derive(Args, Clone, Debug)]
pub struct ActionItems {
    /// Only those of this person (a handle, `me` or `nobody`)
    #[arg(long, value_name = "HANDLE")]
    pub owner: Option<String>,
    /// Only those that are overdue
    #[arg(long, conflicts_with = "done")]
    pub overdue: bool,
    /// Those that are done, in place of the open ones
    #[arg(long)]
    pub done: bool,
    /// How many action items
    #[command(flatten)]
    pub limit: RowLimit,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}
