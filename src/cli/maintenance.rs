//! `maintenance`: windows in which expected alerts call nobody.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::args::maintenance::{
    AddWindow, Every, ExtendWindow, ListMuted, ListWindows, MaintenanceCommand, OneWindow,
    PreviewWindow,
};
use super::columns::print_columns;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::json;
use super::out::{self, Out};
use super::session::{BackendConnection, IfMissing, Session, open_to_read};
use crate::model::Actor;
use crate::model::maintenance::{
    MaintenanceChange, MaintenanceRequest, MaintenanceSearch, MaintenanceWindow, MutedEntry,
    MutedSearch, NewWindow, Recurrence, Repeats, WindowState, short_id,
};
use crate::model::text::{SafeText, sanitize};
use crate::model::unknown_selection::unknown_name;

/// The most windows, and the most incidents, that are listed.
const MAX_LISTED: u32 = 1000;
/// How long a window lasts whose end is not given, in a preview.
const PREVIEWED: TimeDelta = TimeDelta::hours(1);

/// Runs the subcommands of `maintenance`.
pub async fn run(context: &mut Context, about: MaintenanceCommand) -> Result<(), Failure> {
    match about {
        MaintenanceCommand::List(args) => list(context, &args).await,
        MaintenanceCommand::Add(args) => add(context, args).await,
        MaintenanceCommand::Show(args) => show(context, &args).await,
        MaintenanceCommand::Extend(args) => extend(context, &args).await,
        MaintenanceCommand::End(args) => end(context, &args).await,
        MaintenanceCommand::Preview(args) => preview(context, args).await,
        MaintenanceCommand::Muted(args) => muted(context, &args).await,
    }
}

async fn read_connection(context: &Context) -> Result<BackendConnection, Failure> {
    let connection = open_to_read(&context.config).await?;
    Ok(connection)
}

async fn list(context: &mut Context, args: &ListWindows) -> Result<(), Failure> {
    let connection = read_connection(context).await?;
    let now = connection.backend_now();
    let search = MaintenanceSearch { ended: args.all, limit: MAX_LISTED, now };
    let windows = connection.backend.maintenance(&search).await;
    connection.close().await;
    let windows = windows?;
    if args.json {
        return windows.iter().try_for_each(|window| json::print(&mut context.out, window));
    }
    if windows.is_empty() {
        out::print_hint("there are no maintenance windows: `redphone maintenance add` creates one");
        return Ok(());
    }
    let rows = windows.iter().map(|window| {
        let occurrence = window.shown_occurrence(now);
        [
            text(&short_id(window.id)),
            text(state_name(window, now)),
            text(&minute(occurrence.from)),
            text(&minute(occurrence.until)),
            text(&repeats(window)),
            text(&window.title),
            text(&window.filter.to_string()),
        ]
    });
    let head = ["ID", "STATE", "FROM", "UNTIL", "AGAIN", "TITLE", "MUTES"];
    print_columns(&mut context.out, head, rows)
}

async fn add(context: &mut Context, args: AddWindow) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let directory = session.connection.reader.read_directory().await?.value;
    if let Some(unknown) = unknown_name(&args.filter.services, &args.filter.teams, &directory) {
        if !args.accept_unknown && !session.is_program {
            session.connection.close().await;
            return Err(Failure::failed(format!(
                "{unknown}: name one of the directory, or add --accept-unknown if it is meant"
            )));
        }
        out::print_hint(unknown);
    }
    let from = args.from.unwrap_or_else(|| session.connection.backend_now());
    let Some(until) = args.end.after(from) else {
        return Err(Failure::usage("say when it ends: give --for such as 2h, or --until"));
    };
    if args.last.is_some_and(|last| last < from) {
        return Err(Failure::usage(
            "--last is before the begin: none would begin, choose a later time",
        ));
    }
    let recurrence = args.every.map(|every| {
        let (repeats, days) = match every {
            Every::Day => (Repeats::Daily, Vec::new()),
            Every::Week(days) => (Repeats::Weekly, days),
        };
        let zone = args.clock.unwrap_or_else(|| "UTC".to_owned());
        Recurrence { repeats, days, zone, last: args.last }
    });
    let new = NewWindow {
        title: args.title,
        filter: args.filter,
        from,
        until,
        recurrence,
        comment: args.comment.unwrap_or_default(),
        mutes_people: args.people,
        public_text: args.public,
    };
    let change = (Uuid::now_v7(), None, MaintenanceChange::Create(new));
    change_window(context, session, change, args.json).await
}

async fn extend(context: &mut Context, args: &ExtendWindow) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let window = find(&session.connection, &args.window).await?;
    let occurrence = window.shown_occurrence(session.connection.backend_now());
    let Some(until) = args.end.after(occurrence.until) else {
        return Err(Failure::usage(
            "say how much longer it lasts: give --for such as 1h, or --until",
        ));
    };
    let new = NewWindow::from(&window);
    // One that recurs ends later each time.
    let until = new.until + (until - occurrence.until);
    let change = MaintenanceChange::Change(NewWindow { until, ..new });
    let change = (window.id, Some(window.revision), change);
    change_window(context, session, change, args.json).await
}

async fn end(context: &mut Context, args: &OneWindow) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let window = find(&session.connection, &args.window).await?;
    let change = (window.id, Some(window.revision), MaintenanceChange::End);
    change_window(context, session, change, args.json).await
}

/// Carries out a change and prints the resulting window.
async fn change_window(
    context: &mut Context,
    session: Session,
    (id, expected, change): (Uuid, Option<u32>, MaintenanceChange),
    as_json: bool,
) -> Result<(), Failure> {
    let Session { connection, me, .. } = session;
    let actor = Actor::Person(me);
    let request = MaintenanceRequest { id, actor, at: Utc::now(), expected, change };
    let changed = connection.backend.change_maintenance(&request).await;
    let now = connection.backend_now();
    connection.close().await;
    let window = changed?;
    let text = format!("{} {}", short_id(window.id), sentence(&window, now));
    context.out.record_done(text.clone());
    if as_json {
        return json::print(&mut context.out, &window);
    }
    context.out.line(text)
}

async fn show(context: &mut Context, args: &OneWindow) -> Result<(), Failure> {
    let connection = read_connection(context).await?;
    let window = find(&connection, &args.window).await?;
    let search = MutedSearch { window: Some(window.id), limit: MAX_LISTED };
    let muted = connection.backend.muted(&search).await;
    let now = connection.backend_now();
    connection.close().await;
    let muted = muted?;
    if args.json {
        return json::print(&mut context.out, &window);
    }
    let out = &mut context.out;
    out.line(format!("{} {}", short_id(window.id), sentence(&window, now)))?;
    out.line(format!("id       {}", window.id))?;
    out.line(format!("mutes    {}", sanitize(window.filter.to_string())))?;
    if window.recurrence.is_some() {
        out.line(format!("again    {}", sanitize(repeats(&window))))?;
    }
    out.line(format!(
        "created  by {} at {}",
        sanitize(window.created_by.name()),
        minute(window.created_at)
    ))?;
    for line in window.public_text.iter().flat_map(|text| text.lines()) {
        out.line(format!("public   {}", sanitize(line)))?;
    }
    for line in window.comment.lines() {
        out.line(format!("         {}", sanitize(line)))?;
    }
    print_muted(out, &muted)
}

async fn preview(context: &mut Context, args: PreviewWindow) -> Result<(), Failure> {
    let connection = read_connection(context).await?;
    let from = connection.backend_now();
    let new = NewWindow {
        title: "preview".to_owned(),
        filter: args.filter,
        from,
        until: from + PREVIEWED,
        recurrence: None,
        comment: String::new(),
        mutes_people: false,
        public_text: None,
    };
    let preview = connection.backend.preview_maintenance(&new).await;
    connection.close().await;
    let preview = preview?;
    if args.json {
        return json::print(&mut context.out, &preview);
    }
    let out = &mut context.out;
    out.line(format!(
        "{} match now, {} would be muted",
        counted(preview.total, "alert or incident", "alerts and incidents"),
        counted(preview.muted_incidents, "incident", "incidents")
    ))?;
    let rows = preview.entries.iter().map(|entry| {
        let number = entry.number.map_or_else(|| "new".to_owned(), |number| number.to_string());
        let kind = if entry.is_alert { "alert" } else { "incident" };
        [text(&number), text(entry.priority.as_str()), text(kind), text(&entry.title)]
    });
    if preview.entries.is_empty() {
        return Ok(());
    }
    print_columns(out, ["INC", "P", "WHAT", "TITLE"], rows)
}

async fn muted(context: &mut Context, args: &ListMuted) -> Result<(), Failure> {
    let connection = read_connection(context).await?;
    let window = match &args.window {
        Some(window) => Some(find(&connection, window).await?.id),
        None => None,
    };
    let muted = connection.backend.muted(&MutedSearch { window, limit: MAX_LISTED }).await;
    connection.close().await;
    let muted = muted?;
    if args.json {
        return muted.iter().try_for_each(|entry| json::print(&mut context.out, entry));
    }
    if muted.is_empty() {
        out::print_hint("no incident is or was muted");
        return Ok(());
    }
    print_muted(&mut context.out, &muted)
}

fn print_muted(out: &mut Out, muted: &[MutedEntry]) -> Result<(), Failure> {
    if muted.is_empty() {
        return Ok(());
    }
    let rows = muted.iter().map(|entry| {
        let number = entry.number.map_or_else(|| "new".to_owned(), |number| number.to_string());
        let until = match entry.mute.ended_at {
            Some(ended) => format!("released {}", minute(ended)),
            None => format!("until {}", minute(entry.mute.until)),
        };
        [
            text(&number),
            text(entry.priority.as_str()),
            text(entry.status.as_str()),
            text(&until),
            text(&entry.mute.title),
            text(&entry.title),
        ]
    });
    print_columns(out, ["INC", "P", "STATUS", "MUTED", "BY", "TITLE"], rows)
}

/// Finds the window that is meant: by its id, a part of it, or its title.
async fn find(connection: &BackendConnection, typed: &str) -> Result<MaintenanceWindow, Failure> {
    let search =
        MaintenanceSearch { ended: true, limit: MAX_LISTED, now: connection.backend_now() };
    let windows = connection.backend.maintenance(&search).await?;
    let typed = typed.trim();
    let id = typed.to_ascii_lowercase();
    let is_id = id.len() >= 4 && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let has_id = |window: &&MaintenanceWindow| {
        let full = window.id.to_string();
        is_id && (full.starts_with(&id) || full.ends_with(&id))
    };
    let has_title = |window: &&MaintenanceWindow| window.title.eq_ignore_ascii_case(typed);
    let mut found: Vec<&MaintenanceWindow> = windows.iter().filter(has_id).collect();
    if found.is_empty() {
        found = windows.iter().filter(has_title).collect();
        // Of several problems with a title those that have not ended are meant.
        let now = search.now;
        let is_current = |window: &&&MaintenanceWindow| window.state(now) != WindowState::Ended;
        if found.iter().filter(is_current).count() == 1 {
            found.retain(|window| window.state(now) != WindowState::Ended);
        }
    }
    match found[..] {
        [window] => Ok(window.clone()),
        [] => Err(Failure::new(
            Exit::NotFound,
            format!(
                "there is no maintenance window {:?}: `redphone maintenance list --all` has all",
                sanitize(typed)
            ),
        )),
        _ => {
            let ids: Vec<String> = found.iter().map(|window| short_id(window.id)).collect();
            Err(Failure::usage(format!(
                "{:?} means {} maintenance windows: give one of the ids {}",
                sanitize(typed),
                found.len(),
                ids.join(", ")
            )))
        }
    }
}

/// Returns the title and the time of a window, in a sentence.
fn sentence(window: &MaintenanceWindow, now: DateTime<Utc>) -> String {
    let title = sanitize(&window.title);
    match window.state(now) {
        WindowState::Active(occurrence) => {
            format!("{title}: mutes until {}", minute(occurrence.until))
        }
        WindowState::Planned(occurrence) => format!(
            "{title}: mutes from {} until {}",
            minute(occurrence.from),
            minute(occurrence.until)
        ),
        WindowState::Ended => format!("{title}: has ended"),
    }
}

fn state_name(window: &MaintenanceWindow, now: DateTime<Utc>) -> &'static str {
    match window.state(now) {
        WindowState::Active(_) => "active",
        WindowState::Planned(_) => "planned",
        WindowState::Ended => "ended",
    }
}

/// Returns the recurrence of a window.
fn repeats(window: &MaintenanceWindow) -> String {
    window.recurrence.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn text(text: &str) -> SafeText<'static> {
    SafeText::from(text.to_owned()).into_owned()
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
