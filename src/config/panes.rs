//! Checked settings of the panes.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::Priority;
use crate::model::filter::Filter;
use crate::model::queue::Sort;
use crate::model::status::text_enum;

use super::appearance::Appearance;
use super::diagnostics::FilePosition;
use super::location::Location;
use super::pattern::Pattern;

text_enum! {
    /// A column of the queue.
    Column, "column" {
        /// The number of the incident.
        Number = "number",
        /// The priority of the incident.
        Priority = "priority",
        /// The status of the incident.
        Status = "status",
        /// The time since the report.
        Age = "age",
        /// The clock that runs: a bar and the time left.
        Sla = "sla",
        /// The primary service of the incident.
        Service = "service",
        /// The person who leads the response.
        Owner = "owner",
        /// The team that answers for it.
        Team = "team",
        /// The title of the incident.
        Title = "title",
    }
}

text_enum! {
    /// The method of showing a notification on the desktop of the terminal.
    Desktop, "desktop notification" {
        /// No notifications.
        Off = "off",
        /// By OSC 9 (iTerm2, `WezTerm`, Windows Terminal, kitty, Ghostty).
        Osc9 = "osc9",
        /// By OSC 777 (foot, urxvt, Ghostty).
        Osc777 = "osc777",
        /// By the method that the terminal is known to support.
        Auto = "auto",
    }
}

/// Keys that an action has instead of its default ones.
///
/// Unchecked: the keymap of the panes defines the actions, and checks names and keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// Name of the action.
    pub action: String,
    /// Position of that name in the file.
    pub position: FilePosition,
    /// Keys of the action, the main one first; none removes all keys from it.
    pub keys: Vec<KeyText>,
}

/// A key in the notation of the settings, such as `^d` or `Enter`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyText {
    /// The text of the key.
    pub text: String,
    /// Position of the key in the file.
    pub position: FilePosition,
}

/// A named filter with an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SavedView {
    /// Name of the view, which must be sanitized before it is shown.
    pub name: String,
    /// Selects the incidents of the view.
    pub filter: Filter,
    /// Order of the incidents.
    pub sort: Sort,
    /// The key that picks it in the list of views.
    pub key: Option<char>,
}

/// A named text for stakeholders, whose placeholders are filled in.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    pub name: String,
    pub text: Pattern,
}

/// A program that can be run on an incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomCommand {
    /// Name of the command.
    pub name: String,
    /// The key that picks it in the list of commands.
    pub key: Option<char>,
    /// The program and its arguments, without a shell in between. At least one.
    pub run: Vec<Pattern>,
    /// A description of the command, on one line.
    pub help: String,
    /// Whether it asks before it runs.
    pub dangerous: bool,
    /// Whether its output goes to the timeline.
    pub note: bool,
    /// The time limit.
    pub timeout: Duration,
    /// Selects the incidents for which it is offered; `None` for all.
    pub when: Option<Filter>,
}

/// When and how the screen requests attention.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notify {
    /// Whether the terminal's bell sounds.
    pub bell: bool,
    /// How the terminal shows an incident on the desktop.
    pub desktop: Desktop,
    /// The priorities of the incidents that call for attention.
    pub priorities: Vec<Priority>,
}

impl Default for Notify {
    fn default() -> Self {
        Self { bell: true, desktop: Desktop::Auto, priorities: vec![Priority::P1, Priority::P2] }
    }
}

impl Notify {
    /// Returns the settings of a screen that requests no attention, such as a wall.
    #[must_use]
    pub fn off() -> Self {
        Self { bell: false, desktop: Desktop::Off, priorities: Vec::new() }
    }
}

/// A named location of incidents, with its protections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    /// Name of the profile.
    pub name: String,
    /// Where its incidents live; `None` for the default store.
    pub location: Option<Location>,
    /// Whether this is a production environment, which the screen then shows.
    pub production: bool,
    /// Whether changes are forbidden.
    pub read_only: bool,
}

/// A profile that can't be used, because its location can't be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnusableProfile {
    /// Name of the profile.
    pub name: String,
    /// The first problem with the profile, with its position; safe to show.
    pub why: String,
}

/// Checked settings of the panes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PanesSettings {
    /// Keys that are not the default ones.
    pub keys: Vec<Binding>,
    /// Theme, colours and the zone of times.
    pub appearance: Appearance,
    /// The columns of the queue, from the left. Never empty.
    pub columns: Vec<Column>,
    /// The person's own views, besides the built-in ones.
    pub views: Vec<SavedView>,
    /// Texts for stakeholders. Never empty.
    pub templates: Vec<Template>,
    /// Programs to run on an incident.
    pub commands: Vec<CustomCommand>,
    /// The folder with runbooks; `None` if there is no folder of settings.
    pub runbooks: Option<PathBuf>,
    /// When the screen requests attention.
    pub notify: Notify,
    /// The profile that was chosen.
    pub profile: Option<Profile>,
    /// The trackers of the settings, which count on a local store, and an empty name if one is the default;
    /// `None` if nothing was read.
    pub trackers: Option<Vec<String>>,
}

impl Default for PanesSettings {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            appearance: Appearance::default(),
            columns: default_columns(),
            views: Vec::new(),
            templates: default_templates(),
            commands: Vec::new(),
            runbooks: None,
            notify: Notify::default(),
            profile: None,
            trackers: None,
        }
    }
}

/// Returns the default columns of the queue; narrow screens show fewer.
#[must_use]
pub fn default_columns() -> Vec<Column> {
    use Column::{Age, Number, Owner, Priority, Service, Sla, Status, Team, Title};
    vec![Number, Priority, Title, Status, Owner, Age, Sla, Service, Team]
}

/// Name and text of the built-in templates.
pub const DEFAULT_TEMPLATES: [(&str, &str); 2] = [
    (
        "update",
        "{number} {title}: {status}. Impact is {impact}, on {service}, since {since}. \
         The response is led by {owner}. Next update {next}.",
    ),
    (
        "restored",
        "{number} {title}: service is restored on {service}. It had lasted since {since}.",
    ),
];

fn default_templates() -> Vec<Template> {
    DEFAULT_TEMPLATES
        .iter()
        .map(|(name, text)| Template { name: (*name).to_owned(), text: Pattern::parse(text).0 })
        .collect()
}
