//! The definition of a list screen: everything that differs between two of them.

use crate::backend::lists::IncidentBrief;
use crate::model::{IncidentId, ProblemId};

use crate::tui::core::app::App;
use crate::tui::screens::{ListItem, ListScreen, ScreenRequest};
use crate::tui::widgets::text::Line;

/// The effect of `Enter` on an item.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::tui) enum Entered {
    /// Opens an incident; `Esc` returns to the screen.
    Incident(IncidentId),
    /// Opens a problem; `Esc` returns to the screen.
    Problem(ProblemId),
    /// Offers several incidents, to open one of them.
    Choose(Vec<IncidentBrief>),
    /// Shows or hides the details of the item, below it.
    Details,
}

/// A text that can be copied.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::tui) struct CopyText {
    /// The key that chooses it if there are several.
    pub(in crate::tui) key: char,
    /// A description, as in `the summary`.
    pub(in crate::tui) what: &'static str,
    pub(in crate::tui) text: String,
}

/// The definition of a list screen. All of it is computed from the state.
pub(in crate::tui) trait ScreenLogic: Sync {
    /// Returns the names of the terms that its filter has.
    fn terms(&self) -> &'static [&'static str];

    /// Returns its orders, the usual one first. Items have one rank for each.
    fn orders(&self) -> &'static [&'static str];

    /// Returns whether an order leaves the sections of its items together, so that each has its heading.
    fn has_sections(&self, order: usize) -> bool {
        order == 0
    }

    /// Returns its request to the backend, at most `limit` rows; `None` if it shows data that the
    /// panes already have.
    fn request(&self, _app: &App, _screen: &ListScreen, _limit: u32) -> Option<ScreenRequest> {
        None
    }

    /// Returns whether `[` and `]` move the span of time that it shows.
    fn has_steps(&self) -> bool {
        false
    }

    /// Returns all its items.
    fn items(&self, app: &App, screen: &ListScreen) -> Vec<ListItem>;

    /// Returns the part of the title after the name of the screen, the most important part first.
    fn about(&self, app: &App, screen: &ListScreen) -> Vec<String>;

    /// Returns what is said above the list even while it has no items, such as what it is about.
    fn context_lines(&self, _app: &App, _screen: &ListScreen, _width: usize) -> Vec<Line<'static>> {
        Vec::new()
    }

    /// Returns the lines above the items, which do not scroll.
    fn heading(&self, app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>>;

    /// Returns the lines of an item, at least one.
    fn lines(
        &self,
        app: &App,
        screen: &ListScreen,
        item: &ListItem,
        width: usize,
    ) -> Vec<Line<'static>>;

    /// Returns the lines below the last item.
    fn footer(&self, _app: &App, _screen: &ListScreen, _width: usize) -> Vec<Line<'static>> {
        Vec::new()
    }

    /// Returns the text if there are no items.
    fn empty_text(&self, app: &App, screen: &ListScreen) -> String;

    /// Returns the effect of `Enter` on an item.
    fn enter(&self, app: &App, screen: &ListScreen, item: &ListItem) -> Entered;

    /// Returns the texts to copy, of the selected item and of the screen.
    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText>;
}
