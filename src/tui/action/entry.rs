//! A row of the table, and what it says of an action.

use crate::model::command::CommandKind;

use super::super::app::{App, Pane};
use super::{Action, Condition, Layer};

/// What an action is about, for the help.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Group {
    /// An incident, or all that are selected.
    Acting,
    /// Finding one.
    Finding,
    /// How things are looked at.
    Viewing,
    /// The program itself.
    Program,
    /// Moving about.
    Moving,
}

impl Group {
    /// In the order of the help.
    pub const ALL: [Self; 5] =
        [Self::Acting, Self::Finding, Self::Viewing, Self::Program, Self::Moving];

    /// As the help calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acting => "Acting on an incident",
            Self::Finding => "Finding",
            Self::Viewing => "Looking",
            Self::Program => "Program",
            Self::Moving => "Moving",
        }
    }
}

/// What can be typed behind an action's name, as in `:assign ines`. How each is offered and read is
/// `update::arguments`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ArgumentKind {
    /// Nothing.
    Nothing,
    /// One of what its list offers.
    Listed(&'static str),
    /// A person.
    Person,
    /// How long, or until when.
    Time,
    /// A priority, or impact and urgency.
    Priority,
    /// An incident to merge into.
    Incident,
    /// A page elsewhere.
    Url,
    /// A note's text.
    Note,
    /// A category.
    Category,
    /// Services.
    Services,
    /// A team.
    Team,
    /// An incident's number.
    Number,
    /// A window of the measures.
    Span,
    /// A saved view.
    View,
    /// A filter.
    Filter,
    /// An order of the queue.
    Sort,
    /// A theme.
    Theme,
    /// A time zone.
    Zone,
    /// A place of work.
    Backend,
    /// A runbook or a custom command.
    Run,
}

impl ArgumentKind {
    /// What would be accepted, for who has typed nothing yet.
    #[must_use]
    pub const fn accepted(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Listed(what) => what,
            Self::Person => "a handle or a name, me, nobody",
            Self::Time => "4h, 09:00, tomorrow, change, 2026-03-01 09:00",
            Self::Priority => "p1 to p4, or impact and urgency: high medium",
            Self::Incident => "the number of another open incident",
            Self::Url => "a URL such as https://status.example.com",
            Self::Note => "the text of the note",
            Self::Category => "a category, or unknown",
            Self::Services => "services, the primary one first",
            Self::Team => "a team, or none",
            Self::Number => "a number such as 2041",
            Self::Span => "24h, 7d, 30d, 90d",
            Self::View => "the name of a view, such as mine",
            Self::Filter => "words and terms, such as p1 owner:none",
            Self::Sort => "an order of the queue, such as newest",
            Self::Theme => "a theme, such as light",
            Self::Zone => "viewer, utc or both",
            Self::Backend => "the name of a profile, such as prod",
            Self::Run => "the name of a runbook or a command",
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it does.
    pub action: Action,
    /// Its name in a configuration.
    pub name: &'static str,
    /// The keys it has unless they are remapped.
    pub keys: &'static [&'static str],
    /// What it does, for the help.
    pub help: &'static str,
    /// A word for the keys line; none for what goes without saying.
    pub hint: Option<&'static str>,
    /// When the keys line shows that word.
    pub hint_when: Condition,
    /// The word where the metrics have the focus, and the key means something else.
    pub hint_on_metrics: Option<&'static str>,
    /// Where it can be used.
    pub layers: &'static [Layer],
    /// When it applies, where it can be used.
    pub condition: Condition,
    /// What the backend must be able to do.
    pub verb: Option<CommandKind>,
    /// What it is about.
    pub group: Group,
    /// What can be typed behind its name in the command palette.
    pub argument: ArgumentKind,
    /// It does nothing without that.
    pub requires_argument: bool,
    /// Other names that it answers to there.
    pub aliases: &'static [&'static str],
}

/// Why nothing can be done.
pub const READ_ONLY: &str = "opened read-only: nothing can be changed from here";

impl Entry {
    /// Whether it applies here and now.
    #[must_use]
    pub fn applies(&self, app: &App) -> bool {
        self.condition.holds(app)
    }

    /// Why it does not apply here and now, where it does not.
    #[must_use]
    pub fn reason_if_not(&self, app: &App) -> String {
        let hidden = self.condition == Condition::HasIncident && app.shows_only_metrics();
        if app.selected().is_some() && hidden {
            let queue = app.keymap.hint(Action::Focus(Pane::Queue), "shows the queue");
            let queue = queue.map(|queue| format!(": {queue}")).unwrap_or_default();
            return format!("no incident is in sight here{queue}");
        }
        self.condition.reason_if_not().to_owned()
    }

    /// The word that the keys line shows for it, where it shows one.
    #[must_use]
    pub fn visible_hint(&self, app: &App) -> Option<&'static str> {
        let on_metrics = self.hint_on_metrics.filter(|_| app.focus == Pane::Metrics);
        let word = match on_metrics {
            Some(word) => Some(word),
            None => self.hint.filter(|_| self.hint_when.holds(app)),
        };
        word.filter(|_| self.applies(app) && self.disabled_reason(app).is_none())
    }

    /// Why it can't be done here at all, whatever is selected; `None` when it can.
    #[must_use]
    pub fn disabled_reason(&self, app: &App) -> Option<String> {
        let acts = self.verb.is_some() || self.action == Action::Run;
        if let Some(travel) = app.travel.as_ref().filter(|_| acts) {
            let key = app.keymap.keys(Action::Back).first();
            let key = key.map(|key| format!(": {key} returns")).unwrap_or_default();
            return Some(format!("this is how it was, at event {}{key}", travel.seq));
        }
        self.unsupported_reason(app)
    }

    /// Why whoever looks can't do it on this backend at all.
    #[must_use]
    pub fn unsupported_reason(&self, app: &App) -> Option<String> {
        let verb = self.verb?;
        if app.read_only {
            return Some(READ_ONLY.into());
        }
        let capabilities = app.capabilities.as_ref()?;
        (!capabilities.verbs.contains(&verb))
            .then(|| format!("{} can't do that", crate::model::text::sanitize(&capabilities.name)))
    }
}
