//! The timeline of a review, picked from the events of its incident: a list in which each event is in the
//! timeline or not.

use chrono::{DateTime, Utc};

use crate::model::review::{Section, TimelineChoice, timeline_choices, timeline_text};
use crate::model::{Incident, IncidentCommand, IncidentId};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::picker::{Item, Pick, Picker, PickerKind};
use crate::tui::verb::precheck;
use crate::tui::verb::review::{read_events, review_time};
use crate::tui::verb::target::Target;

/// The index of the item that writes the timeline; events come after it.
const WRITE: usize = 0;
const PICKED: &str = "[x] ";
const SKIPPED: &str = "[ ] ";

/// Opens the list of the events of an incident.
pub(in crate::tui) fn open(
    app: &mut App,
    incident: IncidentId,
    targets: Vec<Target>,
) -> Vec<Effect> {
    let record = precheck::current_record(app, incident);
    let choices = record.map(|record| choices(app, record)).unwrap_or_default();
    if choices.is_empty() {
        return show_toast(app, "its events are not read yet", true);
    }
    let mut items =
        vec![Item::new("write the timeline from those with [x]", Pick::Index(WRITE)).key('w')];
    items.extend(choices.iter().enumerate().map(|(index, choice)| {
        Item::new(marked(choice.is_picked, &choice.line), Pick::Index(index + 1))
    }));
    let heading = "Timeline of the review".to_owned();
    let picker = Picker::new(PickerKind::ReviewTimeline, targets, heading, items, false);
    app.ui.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// Selects or deselects an event, and moves on. For the item that writes the timeline, returns the
/// pick that sends it, with its targets.
pub(in crate::tui) fn choose(
    app: &mut App,
    mut picker: Box<Picker>,
    pick: &Pick,
) -> Option<(Pick, Vec<Target>)> {
    if *pick != Pick::Index(WRITE) {
        if let Some(chosen) = picker.items.iter_mut().find(|other| other.pick == *pick) {
            let line = line_of(chosen.text.as_str()).to_owned();
            chosen.text = Item::new(marked(!is_picked(chosen), &line), Pick::Index(WRITE)).text;
        }
        app.ui.mode = Mode::Pick(picker);
        return None;
    }
    let incident = picker.targets.first()?.id;
    let record = precheck::current_record(app, incident)?;
    let mut choices = choices(app, record);
    for (index, choice) in choices.iter_mut().enumerate() {
        let shown = picker.items.iter().find(|other| other.pick == Pick::Index(index + 1));
        choice.is_picked = shown.map_or(choice.is_picked, is_picked);
    }
    let text = timeline_text(written(record), &choices);
    let submit = Pick::Submit {
        verb: "write the timeline of the review of".into(),
        done_phrase: "timeline of the review written".into(),
        commands: vec![IncidentCommand::WriteReview { section: Section::Timeline, text }],
        irreversible: false,
    };
    Some((submit, std::mem::take(&mut picker.targets)))
}

fn choices(app: &App, record: &Incident) -> Vec<TimelineChoice> {
    let time = |at: DateTime<Utc>| review_time(app, at);
    let directory = app.fetched.directory.as_deref();
    timeline_choices(written(record), read_events(app, record), directory, &time)
}

fn written(record: &Incident) -> &str {
    record.review.sections.get(&Section::Timeline).map_or("", String::as_str)
}

fn marked(is_picked: bool, line: &str) -> String {
    format!("{}{line}", if is_picked { PICKED } else { SKIPPED })
}

fn line_of(text: &str) -> &str {
    text.strip_prefix(PICKED).or_else(|| text.strip_prefix(SKIPPED)).unwrap_or(text)
}

fn is_picked(item: &Item) -> bool {
    item.text.as_str().starts_with(PICKED)
}
