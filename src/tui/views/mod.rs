//! Saved views and sort orders of the queue.

pub mod update;

use crate::model::filter::Filter;
use crate::model::queue::Sort;

/// A filter and an order under a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// The name of the view.
    pub name: String,
    /// Which incidents the view shows.
    pub filter: Filter,
    /// The order in which it shows them.
    pub sort: Sort,
    /// The key that selects the view in the list.
    pub key: Option<char>,
}
