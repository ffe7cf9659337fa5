//! Snooze: a list of durations, which also ends a snooze or a pause and begins a pause; and the
//! form of a time.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;
use crate::model::time::UNTIL_CHANGED;

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::input::parse_time;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, Typed, VerbLogic, field_error,
    one_command, single_command,
};
use crate::tui::verb::precheck::single_row;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry =
    Entry::command(CommandKind::Snooze, &["b"]).aliases(&["silence", "mute", "hide"]);

pub(super) struct Snooze;

impl VerbLogic for Snooze {
    fn kind(&self) -> CommandKind {
        CommandKind::Snooze
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Snooze {}", searchable: false }
    }

    fn items(&self, app: &App, targets: &[Target], at: DateTime<Utc>) -> Vec<Item> {
        let time =
            |until: DateTime<Utc>| app.clock().local_time(until).format("%a %H:%M").to_string();
        let item = |key, text: &str, value: &str, until: DateTime<Utc>, about: String| {
            let command = IncidentCommand::Snooze { until };
            let (verb, done) = (format!("snooze {{}}: {text}"), format!("snoozed: {text}"));
            Item::new(text, single_command(verb, done, command)).key(key).about(about).value(value)
        };
        let hour = at + TimeDelta::hours(1);
        let four = at + TimeDelta::hours(4);
        let morning = parse_time::tomorrow_morning(at, app.clock());
        let any_change = "any change shows it again".into();
        let mut items = vec![
            item('1', "1 h", "1h", hour, format!("until {}", time(hour))),
            item('4', "4 h", "4h", four, format!("until {}", time(four))),
            item('t', "until tomorrow 09:00", "tomorrow", morning, time(morning)),
            item('c', "until it changes", "change", UNTIL_CHANGED, any_change),
            Item::new("until a time …", Pick::Form(Kind::SnoozeUntil))
                .key('u')
                .about(parse_time::format_hint(parse_time::FORMATS, app.clock())),
        ];
        let row = single_row(app, targets);
        if row.is_none_or(|row| row.is_snoozed(at)) {
            let pick = single_command("show {} again", "shown again", IncidentCommand::Wake);
            let item = Item::new("show it again", pick).key('w').about("ends the snooze");
            items.push(item.value("wake"));
        }
        if row.is_none_or(|row| row.paused) {
            let pick = single_command("go on with", "goes on", IncidentCommand::Unpause);
            let about = "it no longer waits on somebody else";
            items.push(Item::new("go on", pick).key('g').about(about).value("go on"));
        }
        if row.is_none_or(|row| !row.paused) {
            let about = "stays in the queue, and says for whom";
            items.push(
                Item::new("waiting on somebody else …", Pick::Form(Kind::Pause))
                    .key('p')
                    .about(about),
            );
        }
        items
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        let clock = typed.app.clock();
        let until = parse_time::parse_future(typed.text, typed.at, &clock)?;
        let shown = clock.local_time(until).format("%a %Y-%m-%d %H:%M");
        Ok(single_command(
            format!("snooze {{}} until {shown}"),
            format!("snoozed until {shown}"),
            IncidentCommand::Snooze { until },
        ))
    }

    fn edit(&self, app: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        match command {
            IncidentCommand::Snooze { until } if *until < UNTIL_CHANGED => {
                let until = parse_time::format_minute(app.clock(), *until);
                Some((Kind::SnoozeUntil, vec![("Until", until)]))
            }
            _ => None,
        }
    }
}

pub(super) struct SnoozeForm;

impl FormLogic for SnoozeForm {
    fn name(&self) -> &'static str {
        "snooze"
    }

    fn heading(&self) -> &'static str {
        "Snooze"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("snooze", "snoozed")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let formats = parse_time::format_hint(parse_time::FORMATS, filling.app.clock());
        vec![Field::line("Until", "").example(formats).required()]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let clock = filled.app.clock();
        let until = parse_time::parse_future(&filled.value("Until"), filled.at, &clock);
        let until = until.map_err(|why| field_error("Until", why.to_string()))?;
        one_command(IncidentCommand::Snooze { until })
    }
}
