//! `outbox`: lists, sends, retries and drops the commands that are queued for an API.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::{EntryRef, OutboxArgs, OutboxCommand};
use super::context::Context;
use super::failure::{Exit, Failure};
use super::out::{Out, Style, StyledLine, pluralize};
use super::session::{self, Sending};
use super::{json, out};
use crate::config::Config;
use crate::model::text::truncate;
use crate::model::{Command, CommandId, IncidentId};
use crate::sync::Reader;
use crate::sync::remote::{EntryState, OutboxEntry, OutboxFolder, OutboxSnapshot, Remote, survey};

/// How long to wait for the answers to pending commands.
const SEND_TIMEOUT: Duration = Duration::from_mins(1);

/// An outbox entry, as `--json` prints it.
#[derive(Debug, Serialize)]
struct EntryJson<'a> {
    #[serde(rename = "place")]
    position: u64,
    id: CommandId,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<IncidentId>,
    label: String,
    state: &'static str,
    #[serde(rename = "asked_at")]
    requested_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a Command>,
    #[serde(rename = "tries")]
    attempts: u32,
    #[serde(rename = "said", skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<DateTime<Utc>>,
}

/// Runs the subcommands of `outbox`.
pub async fn run(context: &mut Context, args: OutboxArgs) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    if args.all || (config.location.remote().is_none() && args.about.is_none()) {
        return print_all(out, config, args.all).await;
    }
    let sending = match &args.about {
        Some(OutboxCommand::Send | OutboxCommand::Resend { .. }) if config.read_only => {
            return Err(Failure::failed("opened read-only: nothing is sent from here"));
        }
        Some(OutboxCommand::Send | OutboxCommand::Resend { none: false }) => Sending::Yes,
        _ => Sending::No,
    };
    let remote = session::open_outbox(config, sending).await?;
    match args.about.unwrap_or(OutboxCommand::List) {
        OutboxCommand::List => {
            print_list(out, &remote.watch_outbox().borrow(), args.json)?;
            for file in remote.set_aside_outboxes() {
                out::print_hint(format!(
                    "{} is an outbox that was damaged and set aside: what it holds was not sent \
                     from here; delete it once nothing in it is needed",
                    file.display()
                ));
            }
            Ok(())
        }
        OutboxCommand::Send => send_pending(out, &remote, args.json).await,
        OutboxCommand::Resend { none: true } => {
            remote.acknowledge_put_back().await?;
            out.done_line("taken note: nothing is sent again")
        }
        OutboxCommand::Resend { none: false } => resend(out, &remote, args.json).await,
        OutboxCommand::Approve { which } => {
            for which in which {
                let entry = find_entry(&remote, which)?;
                remote.approve(&[entry.id]).await.map_err(|error| entry_failure(&entry, error))?;
                out.done_line(format!("{} is sent with the token in use", entry.phrase()))?;
            }
            Ok(())
        }
        OutboxCommand::Adopt { folder } => {
            let others = remote.other_outboxes().await;
            let given = std::fs::canonicalize(&folder).unwrap_or(folder);
            let is_given = |path: &std::path::Path| {
                path == given || std::fs::canonicalize(path).is_ok_and(|path| path == given)
            };
            let Some(other) = others.iter().find(|other| is_given(&other.folder)) else {
                let message = format!(
                    "{} is no other outbox: `redphone outbox --all` lists them",
                    given.display()
                );
                return Err(Failure::new(Exit::NotFound, message));
            };
            let count = (other.counts.pending + other.counts.refused) as u64;
            if remote.adopt(&other.folder).await? {
                out.line(format!("{} moved here", pluralize(count, "command")))
            } else {
                Err(Failure::failed(format!(
                    "{} is in use: end the redphone that has it open, or let it send",
                    other.folder.display()
                )))
            }
        }
        OutboxCommand::Retry { which } => {
            let entry = find_entry(&remote, which)?;
            remote.retry(entry.id).await.map_err(|error| entry_failure(&entry, error))?;
            out.done_line(format!("{} waits to be sent again", entry.phrase()))
        }
        OutboxCommand::Drop { which } => {
            let entry = find_entry(&remote, which)?;
            let dropped = remote.drop_entry(entry.id).await;
            let count = dropped.map_err(|error| entry_failure(&entry, error))?;
            let more = count.saturating_sub(1) as u64;
            let suffix = if more > 0 {
                format!(", and {} that needed it", pluralize(more, "command"))
            } else {
                String::new()
            };
            out.done_line(format!("{} dropped{suffix}", entry.phrase()))
        }
    }
}

fn entry_failure(entry: &OutboxEntry, error: crate::backend::BackendError) -> Failure {
    Failure::from(error).with_prefix(&entry.phrase())
}

/// Finds an entry by its position in the list or by the id of its command.
fn find_entry(remote: &Remote, reference: EntryRef) -> Result<Arc<OutboxEntry>, Failure> {
    let outbox = remote.watch_outbox().borrow().clone();
    let found = outbox.entries.iter().find(|entry| match reference {
        EntryRef::Position(position) => entry.position == position,
        EntryRef::Id(id) => entry.id == id,
    });
    found.cloned().ok_or_else(|| {
        let message =
            format!("there is no {reference} in the outbox: `redphone outbox` lists them");
        Failure::new(Exit::NotFound, message)
    })
}

/// Lists all outboxes of the account. Without `--all` and without an API, only if something waits.
async fn print_all(out: &mut Out, config: &Config, is_asked: bool) -> Result<(), Failure> {
    let folders = match &config.remotes {
        Some(root) => survey(root).await,
        None => Vec::new(),
    };
    if !is_asked && !folders.iter().any(OutboxFolder::needs_attention) {
        return session::open_outbox(config, Sending::No).await.map(drop);
    }
    for folder in &folders {
        let counts = folder.counts;
        let state = match &folder.error {
            Some(error) => format!("can't be read: {error}"),
            None => format!("{} waiting, {} refused", counts.pending, counts.refused),
        };
        let name = folder.display_name();
        let token = folder.token.as_ref().map_or_else(String::new, |id| format!(", token {id}"));
        let who = match folder.handles.as_slice() {
            [] => String::new(),
            handles => format!(", asked by {}", handles.join(", ")),
        };
        let style = if folder.needs_attention() { Style::Bold } else { Style::Dim };
        out.styled_line(&StyledLine::new(format!("{name}: {state}{token}{who}"), style))?;
        out.line(format!("       {}", folder.folder.display()))?;
    }
    out.flush()?;
    if folders.is_empty() {
        out::print_hint("there is no outbox");
    } else if folders.iter().any(OutboxFolder::needs_attention) {
        out::print_hint("`redphone --backend URL outbox send` sends what waits for URL");
    }
    Ok(())
}

/// Sends commands of an earlier generation of the store again, and the pending ones; prints the
/// incidents whose number has changed.
async fn resend(out: &mut Out, remote: &Remote, as_json: bool) -> Result<(), Failure> {
    // The server defines the current generation of the store.
    remote.read_capabilities().await?;
    let count = remote.resend().await?;
    if count == 0 && !as_json {
        out::print_hint("nothing was sent to the server before it was put back, as far as is held");
    }
    let sent = send_pending(out, remote, as_json).await;
    let outbox = remote.watch_outbox().borrow().clone();
    for entry in outbox.sent().filter(|entry| entry.declares().is_some()) {
        let (Some(earlier), EntryState::Sent(outcome)) =
            (entry.origin.earlier_number, &entry.state)
        else {
            continue;
        };
        let number = outcome.row.as_ref().and_then(|row| row.number);
        if let Some(number) = number.filter(|number| number.0 != earlier) {
            let title = truncate(&entry.title, 60).into_owned();
            out::print_hint(format!("INC-{earlier} is INC-{} now: {title}", number.0));
        }
    }
    sent
}

/// Sends the pending commands and prints the outcome of each.
async fn send_pending(out: &mut Out, remote: &Remote, as_json: bool) -> Result<(), Failure> {
    // Without an answer, pending commands are still tried, and report why they wait.
    remote.claim_own_commands().await.ok();
    let before = remote.watch_outbox().borrow().clone();
    remote.send_now().await?;
    let after = remote.wait_until_settled(SEND_TIMEOUT).await;
    let mut refused = false;
    for entry in before.pending() {
        let Some(settled) = after.get(entry.id) else { continue };
        if matches!(settled.state, EntryState::Sent(_)) {
            out.record_done(format!("{} sent", settled.phrase()));
        }
        if as_json {
            json::print(out, &entry_json(settled, &after))?;
        } else {
            print_entry(out, settled, &after)?;
        }
        refused |= settled.refusal().is_some();
    }
    out.flush()?;
    let held = after.pending().filter(|entry| after.is_blocked(entry)).count() as u64;
    let pending = after.counts().pending as u64 - held;
    if refused {
        return Err(Failure::failed("some were refused: `redphone outbox` says why"));
    }
    if pending == 0 && held > 0 {
        // No later attempt sends them: a person must act first.
        let are = if held == 1 { "command is" } else { "commands are" };
        return Err(Failure::failed(format!("{held} {are} held: `redphone outbox` says why")));
    }
    if pending > 0 {
        let waiting = if pending == 1 { "command waits" } else { "commands wait" };
        return Err(Failure::new(
            Exit::Queued,
            format!("{pending} {waiting}: kept, and tried again later"),
        ));
    }
    if before.pending().next().is_none() && !as_json {
        out::print_hint("nothing waits");
    }
    Ok(())
}

fn print_list(out: &mut Out, outbox: &OutboxSnapshot, as_json: bool) -> Result<(), Failure> {
    let entries: Vec<_> = outbox.refused().chain(outbox.pending()).chain(outbox.sent()).collect();
    for entry in &entries {
        if as_json {
            json::print(out, &entry_json(entry, outbox))?;
        } else {
            print_entry(out, entry, outbox)?;
        }
    }
    out.flush()?;
    if entries.is_empty() && !as_json {
        out::print_hint("nothing waits, and nothing was sent from here yet");
    }
    Ok(())
}

fn state_name(entry: &OutboxEntry, outbox: &OutboxSnapshot) -> &'static str {
    match entry.state {
        EntryState::Sent(_) => "sent",
        EntryState::Refused(_) => "refused",
        EntryState::Pending if outbox.is_blocked(entry) => "held",
        EntryState::Pending => "pending",
    }
}

fn explanation(entry: &OutboxEntry, outbox: &OutboxSnapshot) -> Option<String> {
    match &entry.state {
        EntryState::Sent(outcome) => entry.origin.earlier_number.map(|earlier| {
            let number = outcome.row.as_ref().and_then(|row| row.number);
            if number.is_none_or(|number| number.0 == earlier) {
                "sent again since the server was put back".to_owned()
            } else {
                format!("sent again: it was INC-{earlier} before the server was put back")
            }
        }),
        EntryState::Refused(_) => entry.refusal_sentence(Utc::now()),
        EntryState::Pending => match outbox.blocker_of(entry) {
            Some(blocker) => Some(format!("{} was refused", blocker.phrase())),
            None => outbox.unsendable_reason(entry).or_else(|| entry.last_error.clone()),
        },
    }
}

fn entry_json<'a>(entry: &'a OutboxEntry, outbox: &OutboxSnapshot) -> EntryJson<'a> {
    EntryJson {
        position: entry.position,
        id: entry.id,
        incident: entry.incident(),
        label: entry.label(),
        state: state_name(entry, outbox),
        requested_at: entry.requested_at(),
        command: entry.command(),
        attempts: entry.attempts,
        last_error: explanation(entry, outbox),
        next_at: entry.next_attempt_at,
        settled_at: entry.settled_at,
    }
}

/// Prints one entry: position, state, request time and command, with the reason below it.
fn print_entry(out: &mut Out, entry: &OutboxEntry, outbox: &OutboxSnapshot) -> Result<(), Failure> {
    let state = state_name(entry, outbox);
    let style = match state {
        "refused" => Style::Alarm,
        "sent" => Style::Dim,
        _ => Style::Bold,
    };
    let text = entry.text();
    let first_line = text.lines().next().unwrap_or_default();
    let description = if first_line.is_empty() {
        entry.phrase()
    } else {
        format!("{}: {first_line}", entry.phrase())
    };
    let columns = out.width().map_or(usize::MAX, |width| width.saturating_sub(36));
    let at = entry.requested_at().format("%m-%d %H:%M:%S UTC");
    let line = StyledLine::new(format!("{:>5}  ", entry.position), Style::Plain)
        .with(format!("{state:<8}"), style)
        .with(format!("  {at}  {}", truncate(description, columns)), Style::Plain);
    out.styled_line(&line)?;
    match explanation(entry, outbox) {
        Some(why) => out.line(format!("       {why}"))?,
        None => return Ok(()),
    }
    match entry.refusal_age(Utc::now()) {
        Some(age) => out.line(format!("       {age}")),
        None => Ok(()),
    }
}
