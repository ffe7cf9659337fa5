//! `problem`: records, changes and lists the causes behind incidents.

use chrono::{DateTime, Utc};

use super::args::problem::{
    CloseProblem, CreateProblem, DEFAULT_PROBLEMS, EditProblem, LinkedIncidents, ListProblems,
    ProblemCommand, ProblemFields, ShowProblem,
};
use super::columns::print_columns;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::json;
use super::out::{self, Out, Style, StyledLine};
use super::session::{BackendConnection, IfMissing, OldestRead, Session, open_to_read};
use super::value::IncidentRef;
use crate::backend::lists::{MAX_ROWS, ProblemEntry, ProblemSearch};
use crate::config::Config;
use crate::model::directory::Directory;
use crate::model::link::Link;
use crate::model::naming::unknown_names;
use crate::model::problem::{Problem, ProblemState};
use crate::model::problem_patch::ProblemPatch;
use crate::model::text::{SafeText, lines as safe_lines, one_line};
use crate::model::time::{format_duration, recorded_time};
use crate::model::{Command, CommandId, IncidentCommand, IncidentId, ProblemId};

/// The fewest characters by which a problem can be named.
const MIN_ID_CHARS: usize = 4;
/// How many characters of an id are listed: its last ones, which differ.
const SHORT_ID_CHARS: usize = 8;
/// The column in which values begin.
const INDENT: usize = 12;

/// Runs `problem`.
pub async fn run(context: &mut Context, about: ProblemCommand) -> Result<(), Failure> {
    match about {
        ProblemCommand::List(args) => list(context, args).await,
        ProblemCommand::Show(args) => show(context, &args).await,
        ProblemCommand::Create(args) => create(context, args).await,
        ProblemCommand::Edit(args) => edit(context, args).await,
        ProblemCommand::Link(args) => link(context, &args, true).await,
        ProblemCommand::Unlink(args) => link(context, &args, false).await,
        ProblemCommand::Close(args) => close(context, args).await,
    }
}

async fn list(context: &mut Context, args: ListProblems) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let mut oldest = OldestRead::default();
    let wanted = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut search = ProblemSearch {
        states: args.states,
        service: args.service,
        owner: connection.typed_handle(config, args.owner.as_deref()).await,
        limit: args.limit,
        after: None,
    };
    let mut entries: Vec<ProblemEntry> = Vec::new();
    let has_more = loop {
        let page = oldest.record(connection.reader.read_linked_problems(&search).await?);
        entries.extend(page.rows);
        let has_more = entries.len() > wanted || page.next.is_some();
        entries.truncate(wanted);
        search.after = page.next;
        if entries.len() >= wanted || search.after.is_none() {
            break has_more;
        }
    };
    let directory = connection.reader.read_directory().await.map(|read| read.value);
    let directory = directory.unwrap_or_default();
    connection.report_staleness(oldest);
    connection.report_put_back().await;
    connection.close().await;
    if args.json {
        entries.iter().try_for_each(|entry| json::print(out, entry))?;
    } else if entries.is_empty() {
        out::print_hint("there is no such problem");
    } else {
        let head = ["PROBLEM", "STATE", "OWNER", "INCIDENTS", "OPEN", "LAST", "LOST", "TITLE"];
        print_columns(out, head, entries.iter().map(|entry| row(entry, &directory)))?;
    }
    if has_more {
        out::print_more_hint(out, "problem", args.limit, DEFAULT_PROBLEMS)?;
    }
    Ok(())
}

fn row(entry: &ProblemEntry, directory: &Directory) -> [SafeText<'static>; 8] {
    let problem = &entry.problem;
    let id = problem.id.to_string();
    let short = id.get(id.len().saturating_sub(SHORT_ID_CHARS)..).unwrap_or(&id).to_owned();
    let last = entry.incidents.first();
    [
        short,
        problem.state.to_string(),
        owner_label(problem, directory),
        entry.incident_count.to_string(),
        if entry.open_count == 0 { String::new() } else { entry.open_count.to_string() },
        last.map(|last| last.reported_at.format("%Y-%m-%d").to_string()).unwrap_or_default(),
        lost(entry),
        problem.title.clone(),
    ]
    .map(|text| SafeText::from(text).into_owned())
}

fn owner_label(problem: &Problem, directory: &Directory) -> String {
    problem
        .owner
        .as_ref()
        .map(|owner| directory.person_label(owner).to_string())
        .unwrap_or_default()
}

/// Returns for how long service was out in the incidents of a problem; empty for none.
fn lost(entry: &ProblemEntry) -> String {
    if entry.incident_count == 0 {
        return String::new();
    }
    let seconds = i64::try_from(entry.lost_s).unwrap_or(i64::MAX / 1000);
    format_duration(chrono::TimeDelta::try_seconds(seconds).unwrap_or(chrono::TimeDelta::MAX))
}

async fn show(context: &mut Context, args: &ShowProblem) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let mut oldest = OldestRead::default();
    let id = find(&connection, &args.problem).await?;
    let entry = oldest.record(connection.reader.read_problem(id).await?);
    let directory = connection.reader.read_directory().await.map(|read| read.value);
    let directory = directory.unwrap_or_default();
    connection.report_staleness(oldest);
    connection.report_put_back().await;
    connection.close().await;
    if args.json {
        return json::print(out, &entry);
    }
    print(out, &entry, &directory)
}

fn print(out: &mut Out, entry: &ProblemEntry, directory: &Directory) -> Result<(), Failure> {
    let problem = &entry.problem;
    out.styled_line(&StyledLine::new(one_line(&problem.title), Style::Bold))?;
    out.line("")?;
    let services = problem.services.iter().map(|name| directory.service_label(name));
    let services = services.collect::<Vec<_>>().join(" · ");
    let team = problem.team.as_deref().map(|team| directory.team_label(team).to_string());
    let category = problem.category.map(|category| category.to_string());
    let removed = problem.removed_at.map(minute);
    let counted = match entry.incident_count {
        0 => "none".to_owned(),
        count => format!("{count}, {} open, {} lost", entry.open_count, lost(entry)),
    };
    for (name, text) in [
        ("State", problem.state.to_string()),
        ("Owner", owner_label(problem, directory)),
        ("Team", team.unwrap_or_default()),
        ("Category", category.unwrap_or_default()),
        ("Services", services),
        ("Cause", problem.cause.clone()),
        ("Workaround", problem.workaround.clone()),
        ("Opened", minute(problem.opened_at)),
        ("Removed", removed.unwrap_or_default()),
        ("Id", problem.id.to_string()),
        ("Incidents", counted),
    ] {
        print_field(out, name, &text)?;
    }
    for incident in &entry.incidents {
        let line = format!(
            "{:INDENT$}{}  {}  {}  {}  {}",
            "",
            minute(incident.reported_at),
            incident.label(),
            incident.priority,
            incident.status,
            one_line(&incident.title)
        );
        out.styled_line(&StyledLine::new(line, Style::Plain))?;
    }
    for edit in &problem.edits {
        let by = directory.actor_label(&edit.by);
        print_field(out, "Edit", &format!("{} {by}: {}", minute(edit.at), edit.text()))?;
    }
    out.flush()
}

/// Prints a label and its text; nothing for an empty text.
fn print_field(out: &mut Out, name: &str, text: &str) -> Result<(), Failure> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let mut name = name;
    for line in safe_lines(text.trim_end()) {
        let label = StyledLine::new(format!("{name:<INDENT$}"), Style::Dim);
        out.styled_line(&label.with(line, Style::Plain))?;
        name = "";
    }
    Ok(())
}

async fn create(context: &mut Context, args: CreateProblem) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Create).await?;
    let created = create_in(&session, &context.config, &args).await;
    session.connection.close().await;
    let (problem, queued) = created?;
    context.out.record_done(format!("the problem {} is recorded", problem.id));
    if args.json {
        json::print(&mut context.out, &problem)?;
    } else {
        context.out.line(problem.id.to_string())?;
    }
    queued.map_or(Ok(()), Err)
}

/// Records a problem and links incidents to it. A pending command is a failure that is returned
/// next to the problem: later commands wait behind it.
async fn create_in(
    session: &Session,
    config: &Config,
    args: &CreateProblem,
) -> Result<(Problem, Option<Failure>), Failure> {
    let connection = &session.connection;
    let directory = directory_of(connection, config).await?;
    let now = recorded_time(connection.backend_now());
    let has_workaround =
        args.fields.workaround.as_ref().is_some_and(|text| !text.trim().is_empty());
    let state = if has_workaround { ProblemState::KnownError } else { ProblemState::Open };
    let mut patch = patch(connection, config, &args.fields).await;
    patch.state = Some(args.fields.state.unwrap_or(state));
    check_names(&patch, &directory, args.fields.accept_unknown || session.is_program)?;
    let problem = Problem::new(ProblemId::new(), args.title.as_str(), now);
    let problem = patch.apply(problem, &directory).map_err(|bad| bad_field(&bad))?;
    let incidents = resolve(connection, &args.incidents).await?;
    let link = Link::Problem { id: problem.id, title: problem.title.clone() };
    let mut commands = vec![Command::RecordProblem(problem.clone())];
    commands.extend(incidents.into_iter().map(|(_, incident)| {
        Command::incident(incident, IncidentCommand::Link { link: link.clone() })
    }));
    let mut queued = None;
    for command in commands {
        match session.execute_command(CommandId::new(), command, None).await {
            Err(failure) if failure.exit == Exit::Queued => queued = Some(failure),
            sent => drop(sent?),
        }
    }
    Ok((problem, queued))
}

async fn edit(context: &mut Context, args: EditProblem) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let edited = edit_in(&session, &context.config, &args).await;
    session.connection.close().await;
    finish(context, &edited?, args.json)
}

async fn edit_in(
    session: &Session,
    config: &Config,
    args: &EditProblem,
) -> Result<Problem, Failure> {
    let connection = &session.connection;
    let mut patch = patch(connection, config, &args.fields).await;
    patch.title.clone_from(&args.title);
    let directory = directory_of(connection, config).await?;
    check_names(&patch, &directory, args.fields.accept_unknown || session.is_program)?;
    if patch.is_empty() {
        return Err(Failure::failed(
            "nothing is to be changed: see `redphone problem edit --help`",
        ));
    }
    change(session, config, &args.problem, patch, args.if_revision).await
}

async fn close(context: &mut Context, args: CloseProblem) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let state = Some(ProblemState::Removed);
    let patch = ProblemPatch { state, cause: args.cause, ..ProblemPatch::default() };
    let closed = change(&session, &context.config, &args.problem, patch, None).await;
    session.connection.close().await;
    finish(context, &closed?, args.json)
}

/// Reports the changes.
fn finish(context: &mut Context, problem: &Problem, is_json: bool) -> Result<(), Failure> {
    let text = format!("{}: {}", one_line(&problem.title), problem.state);
    context.out.record_done(text.clone());
    if is_json {
        return json::print(&mut context.out, problem);
    }
    context.out.line(text)
}

/// Changes a problem, unless somebody else has changed it since it was read. Returns the version
/// that was sent.
async fn change(
    session: &Session,
    config: &Config,
    named: &str,
    patch: ProblemPatch,
    if_revision: Option<u32>,
) -> Result<Problem, Failure> {
    let connection = &session.connection;
    let id = find(connection, named).await?;
    let entry = connection.reader.read_problem(id).await?;
    let directory = directory_of(connection, config).await?;
    let revision = entry.value.problem.revision;
    let problem = patch.apply(entry.value.problem, &directory).map_err(|bad| bad_field(&bad))?;
    // A backend of an earlier version counts no revisions.
    let expected = if_revision.or((revision > 0).then_some(revision));
    let command = Command::RecordProblem(problem.clone());
    session.execute_command(CommandId::new(), command, expected).await?;
    Ok(problem)
}

async fn link(
    context: &mut Context,
    args: &LinkedIncidents,
    is_added: bool,
) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let mut linked = Vec::new();
    let ended = link_in(&session, args, is_added, &mut linked).await;
    session.connection.close().await;
    let done = if is_added { "linked" } else { "unlinked" };
    // Changes made before a failure are reported, too.
    for (name, title) in linked {
        let text = format!("{name}: {done}: problem {}", one_line(&title));
        context.out.record_done(text.clone());
        context.out.line(text)?;
    }
    ended
}

/// Links incidents to a problem, or removes their links. Adds each that is done to `done`, with the title of
/// the link.
async fn link_in(
    session: &Session,
    args: &LinkedIncidents,
    is_added: bool,
    done: &mut Vec<(String, String)>,
) -> Result<(), Failure> {
    let connection = &session.connection;
    let problem = find(connection, &args.problem).await?;
    let title = connection.reader.read_problem(problem).await?.value.problem.title;
    let incidents = resolve(connection, &args.incidents).await?;
    for (name, incident) in incidents {
        if is_added {
            let link = Link::Problem { id: problem, title: title.clone() };
            session.execute(incident, IncidentCommand::Link { link }).await?;
            done.push((name, title.clone()));
            continue;
        }
        let record = connection.reader.read_detail(incident).await?.value.incident;
        let is_it = |link: &&Link| matches!(link, Link::Problem { id, .. } if *id == problem);
        let links: Vec<Link> = record.links.iter().filter(is_it).cloned().collect();
        if links.is_empty() {
            return Err(Failure::failed(format!("{name} is not linked to that problem")));
        }
        for link in links {
            session.execute(incident, IncidentCommand::Unlink { link }).await?;
        }
        done.push((name, title.clone()));
    }
    Ok(())
}

/// Returns the ids of incidents, each with the name that was typed. One that is named twice is there once.
async fn resolve(
    connection: &BackendConnection,
    named: &[IncidentRef],
) -> Result<Vec<(String, IncidentId)>, Failure> {
    let reader = &connection.reader;
    let mut found: Vec<(String, IncidentId)> = Vec::with_capacity(named.len());
    for reference in named {
        let (name, id) = match reference {
            IncidentRef::Id(id) => {
                let id = reader.resolve_alias(*id).await?;
                // It must exist before anything is recorded.
                reader.read_detail(id).await?;
                (id.to_string(), id)
            }
            IncidentRef::Number(number) => {
                (number.to_string(), reader.find_incident(*number).await?.value)
            }
        };
        if found.iter().all(|(_, other)| *other != id) {
            found.push((name, id));
        }
    }
    Ok(found)
}

/// Finds a problem by its id, the end of it, or its title.
async fn find(connection: &BackendConnection, text: &str) -> Result<ProblemId, Failure> {
    let text = text.trim();
    if let Ok(id) = text.parse::<uuid::Uuid>() {
        return Ok(ProblemId(id));
    }
    let quoted = SafeText::from(text);
    let page = connection.reader.read_linked_problems(&ProblemSearch::first(MAX_ROWS)).await?;
    let is_part =
        text.len() >= MIN_ID_CHARS && text.chars().all(|ch| ch.is_ascii_hexdigit() || ch == '-');
    let lower = text.to_lowercase();
    let is_it = |problem: &Problem| {
        (is_part && problem.id.to_string().ends_with(&lower))
            || problem.title.to_lowercase() == lower
    };
    let mut found = page.value.rows.into_iter().map(|entry| entry.problem).filter(is_it);
    match (found.next(), found.next()) {
        (Some(problem), None) => Ok(problem.id),
        (Some(_), Some(_)) => Err(Failure::failed(format!(
            "several problems are meant by {quoted:?}: write more of the id"
        ))),
        (None, _) => {
            let text =
                format!("there is no problem {quoted:?}: `redphone problem list` lists them");
            Err(Failure::new(Exit::NotFound, text))
        }
    }
}

/// Returns the directory; that of the settings if the API is away.
async fn directory_of(
    connection: &BackendConnection,
    config: &Config,
) -> Result<Directory, Failure> {
    match connection.reader.read_directory().await {
        Err(error) if error.is_temporary() && connection.remote.is_some() => {
            Ok(config.directory.clone())
        }
        read => Ok(read?.value),
    }
}

/// Returns the fields to change.
async fn patch(
    connection: &BackendConnection,
    config: &Config,
    fields: &ProblemFields,
) -> ProblemPatch {
    ProblemPatch {
        title: None,
        state: fields.state,
        services: (!fields.services.is_empty()).then(|| fields.services.clone()),
        cause: fields.cause.clone(),
        workaround: fields.workaround.clone(),
        owner: connection.typed_handle(config, fields.owner.as_deref()).await,
        team: fields.team.clone(),
        category: fields.category,
    }
}

/// Refuses services and a team that the directory does not have, unless they are accepted
/// explicitly.
fn check_names(
    patch: &ProblemPatch,
    directory: &Directory,
    is_accepted: bool,
) -> Result<(), Failure> {
    let services = patch.services.clone().unwrap_or_default();
    let team = patch.team.clone().filter(|team| !team.is_empty());
    let named = [IncidentCommand::SetServices { services }, IncidentCommand::SetTeam { team }];
    let mut unknown = named.iter().flat_map(|command| unknown_names(command, directory));
    match unknown.next() {
        Some(unknown) if is_accepted => {
            out::print_hint(format!("{unknown}: it is marked as unknown"));
            Ok(())
        }
        Some(unknown) => Err(Failure::failed(format!(
            "{unknown}: name one of the directory, or add --accept-unknown if it is meant"
        ))),
        None => Ok(()),
    }
}

fn bad_field(error: &crate::model::bad_field::BadField) -> Failure {
    Failure::failed(error.to_string())
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
