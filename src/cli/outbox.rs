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
use crate::model::text::truncate;
use crate::model::{Command, CommandId, IncidentId};
use crate::sync::remote::{EntryState, OutboxEntry, OutboxSnapshot, Remote};

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
    let sending = match &args.about {
        Some(OutboxCommand::Send) if config.read_only => {
            return Err(Failure::failed("opened read-only: nothing is sent from here"));
        }
        Some(OutboxCommand::Send) => Sending::Yes,
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

/// Sends the pending commands and prints the outcome of each.
async fn send_pending(out: &mut Out, remote: &Remote, as_json: bool) -> Result<(), Failure> {
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
    let held = after.pending().filter(|entry| after.is_held(entry)).count() as u64;
    let pending = after.counts().pending as u64 - held;
    if refused {
        return Err(Failure::failed("some were refused: `redphone outbox` says why"));
    }
    if pending == 0 && held > 0 {
        // No later attempt sends them: somebody has to act first.
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
        EntryState::Pending if outbox.is_held(entry) => "held",
        EntryState::Pending => "pending",
    }
}

fn explanation(entry: &OutboxEntry, outbox: &OutboxSnapshot) -> Option<String> {
    match &entry.state {
        EntryState::Sent(_) => None,
        EntryState::Refused(_) => entry.refusal_sentence(Utc::now()),
        EntryState::Pending => match outbox.blocker_of(entry) {
            Some(blocker) => Some(format!("{} was refused", blocker.phrase())),
            None => outbox.other_requester_reason(entry).or_else(|| entry.last_error.clone()),
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
