//! What the panes are told by the settings, checked.

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
        /// The incident's number.
        Number = "number",
        /// Its priority.
        Priority = "priority",
        /// Its status.
        Status = "status",
        /// The time since the report.
        Age = "age",
        /// The clock that runs: a bar and the time left.
        Sla = "sla",
        /// Its primary service.
        Service = "service",
        /// Who leads the response.
        Owner = "owner",
        /// The team that answers for it.
        Team = "team",
        /// Its title.
        Title = "title",
    }
}

text_enum! {
    /// How the terminal is asked to notify.
    Desktop, "desktop notification" {
        /// It is not.
        Off = "off",
        /// By OSC 9 (iTerm2, `WezTerm`, Windows Terminal, kitty, Ghostty).
        Osc9 = "osc9",
        /// By OSC 777 (foot, urxvt, Ghostty).
        Osc777 = "osc777",
        /// By what the terminal is known to understand.
        Auto = "auto",
    }
}

/// Keys that an action has instead of its default ones.
///
/// Names and keys are checked where the actions are known, by the keymap of the panes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// The action's name.
    pub action: String,
    /// Where that name stands.
    pub position: FilePosition,
    /// Its keys, the main one first; none takes all keys from it.
    pub keys: Vec<KeyText>,
}

/// A key as it is written, such as `^d` or `Enter`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyText {
    /// The key.
    pub text: String,
    /// Where it stands.
    pub position: FilePosition,
}

/// A filter and an order under a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SavedView {
    /// Its name, safe to show once it went through `shown`.
    pub name: String,
    /// What is in it.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// The key that picks it in the list of views.
    pub key: Option<char>,
}

/// A text for stakeholders that is filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// The text.
    pub text: Pattern,
}

/// A program that is run on an incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomCommand {
    /// Its name.
    pub name: String,
    /// The key that picks it in the list of commands.
    pub key: Option<char>,
    /// The program and its arguments, without a shell in between. At least one.
    pub run: Vec<Pattern>,
    /// What it does.
    pub help: String,
    /// It asks first.
    pub dangerous: bool,
    /// Its output goes to the timeline.
    pub note: bool,
    /// It is stopped after this time.
    pub timeout: Duration,
    /// On which incidents it is offered; `None` for all.
    pub when: Option<Filter>,
}

/// When somebody is called to the screen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notify {
    /// The terminal's bell rings.
    pub bell: bool,
    /// The terminal shows a notification.
    pub desktop: Desktop,
    /// For incidents of these priorities.
    pub priorities: Vec<Priority>,
}

impl Default for Notify {
    fn default() -> Self {
        Self { bell: true, desktop: Desktop::Auto, priorities: vec![Priority::P1, Priority::P2] }
    }
}

impl Notify {
    /// Nobody is called, as on a wall.
    #[must_use]
    pub fn off() -> Self {
        Self { bell: false, desktop: Desktop::Off, priorities: Vec::new() }
    }
}

/// A place of work, and how careful one has to be with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Where its incidents live; `None` for the usual store.
    pub location: Option<Location>,
    /// What is done here counts: the screen says so.
    pub production: bool,
    /// Nothing may be changed.
    pub read_only: bool,
}

/// A profile that can't be used, because what says where it is can't be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnusableProfile {
    /// Its name.
    pub name: String,
    /// The first thing that is wrong with it, and where: safe to show.
    pub why: String,
}

/// What the panes are told by the settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PanesSettings {
    /// Keys that are not the default ones.
    pub keys: Vec<Binding>,
    /// Colours and times.
    pub appearance: Appearance,
    /// The columns of the queue, from the left. Never empty.
    pub columns: Vec<Column>,
    /// The person's own views, beside those that are always there.
    pub views: Vec<SavedView>,
    /// Texts for stakeholders. Never empty.
    pub templates: Vec<Template>,
    /// Programs to run on an incident.
    pub commands: Vec<CustomCommand>,
    /// The folder with runbooks; `None` where there is no place for one.
    pub runbooks: Option<PathBuf>,
    /// When somebody is called to the screen.
    pub notify: Notify,
    /// The profile that was chosen.
    pub profile: Option<Profile>,
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
        }
    }
}

/// The columns of the queue unless others are chosen; narrow screens show fewer.
#[must_use]
pub fn default_columns() -> Vec<Column> {
    use Column::{Age, Number, Owner, Priority, Service, Sla, Status, Team, Title};
    vec![Number, Priority, Status, Age, Sla, Service, Owner, Team, Title]
}

/// Name and text of the templates that are always there.
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
