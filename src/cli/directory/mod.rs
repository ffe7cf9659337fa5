//! `people`, `teams`, `service`, `schedules`, `policies`: the entries of the directory; and
//! `audit`, the log of changes.

mod print;
mod set;

use chrono::Utc;

use super::args::directory::{
    Audit, DEFAULT_AUDIT, ListServices, Listed, Named, PeopleCommand, PoliciesCommand,
    SchedulesCommand, ServiceCommand, TeamsCommand,
};
use super::context::Context;
use super::failure::{Exit, Failure};
use super::json;
use super::out;
use super::session::{IfMissing, Session, open, read_directory};
use crate::backend::administration::entry_tag;
use crate::backend::{AdministrationRequest, AdministrationSearch, Precondition};
use crate::model::Actor;
use crate::model::administration::{
    AdministrationChange, AdministrationRefusal, Entry, EntryKind, EntryRef,
};
use crate::model::nearest::nearest;

/// The request of one of the commands.
pub enum Request {
    /// All entries of a kind.
    List(EntryKind, Listed),
    /// The services that are named and not in the directory, and whether as JSON.
    ListUnknown(bool),
    /// One entry.
    Show(EntryKind, Named),
    /// Changes an entry, or makes a new one.
    Set(EntryRef, bool, Box<dyn Fn(Option<Entry>) -> Result<Entry, Failure>>),
    /// Removes an entry.
    Remove(EntryKind, Named),
}

macro_rules! into_request {
    ($command:ident, $kind:ident) => {
        impl From<$command> for Request {
            fn from(command: $command) -> Self {
                match command {
                    $command::List(args) => args.into_request(EntryKind::$kind),
                    $command::Show(named) => Self::Show(EntryKind::$kind, named),
                    $command::Remove(named) => Self::Remove(EntryKind::$kind, named),
                    $command::Set(args) => {
                        let name = args.named.name.trim_start_matches('@');
                        let named = EntryRef::new(EntryKind::$kind, name);
                        let as_json = args.named.json;
                        let name = name.to_owned();
                        Self::Set(named, as_json, Box::new(move |old| args.entry(&name, old)))
                    }
                }
            }
        }
    };
}

impl Listed {
    fn into_request(self, kind: EntryKind) -> Request {
        Request::List(kind, self)
    }
}

impl ListServices {
    fn into_request(self, kind: EntryKind) -> Request {
        if self.unknown {
            return Request::ListUnknown(self.json);
        }
        Request::List(kind, Listed { json: self.json })
    }
}

into_request!(PeopleCommand, Person);
into_request!(TeamsCommand, Team);
into_request!(ServiceCommand, Service);
into_request!(SchedulesCommand, Schedule);
into_request!(PoliciesCommand, Policy);

/// Runs one of the commands.
pub async fn run(context: &mut Context, request: Request) -> Result<(), Failure> {
    match request {
        Request::List(kind, args) => list(context, kind, &args).await,
        Request::ListUnknown(as_json) => list_unknown(context, as_json).await,
        Request::Show(kind, named) => show(context, kind, named).await,
        Request::Set(named, as_json, make) => {
            let session = Session::open(&context.config, IfMissing::Create).await?;
            let directory = session.connection.backend.directory().await?;
            let old = Entry::find(&directory, &named);
            let expected = match &old {
                Some(old) => Precondition::Tag(entry_tag(old)),
                None => Precondition::Absent,
            };
            let is_new = old.is_none();
            let entry = make(old)?;
            let done = if is_new { "added" } else { "changed" };
            let change = AdministrationChange::put(entry);
            carry_out(context, session, change, expected, (done, as_json)).await
        }
        Request::Remove(kind, Named { name, json }) => {
            let session = Session::open(&context.config, IfMissing::Refuse).await?;
            let named = EntryRef::new(kind, name.trim_start_matches('@'));
            let change = AdministrationChange::remove(named);
            carry_out(context, session, change, Precondition::Any, ("removed", json)).await
        }
    }
}

/// Carries out a change and prints the result.
async fn carry_out(
    context: &mut Context,
    session: Session,
    change: AdministrationChange,
    expected: Precondition,
    (done, as_json): (&str, bool),
) -> Result<(), Failure> {
    let Session { connection, me, .. } = session;
    let subject = change.subject().map(|subject| subject.to_string()).unwrap_or_default();
    let request = AdministrationRequest {
        expected,
        ..AdministrationRequest::new(Actor::Person(me), change, Utc::now())
    };
    let outcome = connection.backend.administer(&request).await;
    connection.close().await;
    let outcome = outcome?;
    let text = match &outcome.event {
        Some(_) => format!("{subject} {done}"),
        None => format!("{subject} is so already"),
    };
    context.out.record_done(text.clone());
    if as_json {
        return json::print(&mut context.out, &outcome);
    }
    context.out.line(text)
}

async fn list(context: &mut Context, kind: EntryKind, args: &Listed) -> Result<(), Failure> {
    let (directory, _) = read_directory(&context.config).await?;
    let named = |name: &&str| Entry::find(&directory, &EntryRef::new(kind, *name));
    let entries: Vec<Entry> = Entry::names(&directory, kind).iter().filter_map(named).collect();
    if args.json {
        return entries.iter().try_for_each(|entry| print::json(&mut context.out, entry));
    }
    if entries.is_empty() {
        out::print_hint(format!(
            "there are no {}: add one with `redphone {} set NAME`",
            kind.plural(),
            command_name(kind)
        ));
        return Ok(());
    }
    print::table(&mut context.out, kind, &entries)
}

/// Lists the services that incidents or changes name and the directory does not have.
async fn list_unknown(context: &mut Context, as_json: bool) -> Result<(), Failure> {
    let connection = open(&context.config, IfMissing::Refuse).await?;
    connection.report_warnings();
    let services = connection.backend.unknown_services().await;
    connection.close().await;
    let services = services?;
    if as_json {
        return services.iter().try_for_each(|service| json::print(&mut context.out, service));
    }
    if services.is_empty() {
        out::print_hint("every service that is named is in the directory");
        return Ok(());
    }
    print::unknown_services(&mut context.out, &services)
}

async fn show(context: &mut Context, kind: EntryKind, args: Named) -> Result<(), Failure> {
    let (directory, _) = read_directory(&context.config).await?;
    let named = EntryRef::new(kind, args.name.trim_start_matches('@'));
    match Entry::find(&directory, &named) {
        Some(entry) if args.json => print::json(&mut context.out, &entry),
        Some(entry) => print::fields(&mut context.out, &entry),
        None => {
            let existing = Entry::names(&directory, kind);
            let nearest = nearest(&named.name, existing.into_iter()).map(str::to_owned);
            let refusal = AdministrationRefusal::NoSuchEntry { entry: named, nearest };
            Err(Failure::new(Exit::NotFound, refusal.to_string()))
        }
    }
}

/// Returns the name of the command for entries of a kind.
pub const fn command_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Service => "service",
        other => other.plural(),
    }
}

/// Prints the log of changes, the latest change first.
pub async fn audit(context: &mut Context, args: Audit) -> Result<(), Failure> {
    let connection = open(&context.config, IfMissing::Refuse).await?;
    connection.report_warnings();
    let search = AdministrationSearch { limit: args.limit, after: None };
    let page = connection.backend.administration_log(&search).await;
    connection.close().await;
    let page = page?;
    let out = &mut context.out;
    if args.json {
        page.rows.iter().try_for_each(|event| json::print(out, event))?;
    } else if page.rows.is_empty() {
        out::print_hint("nothing was changed yet");
    } else {
        print::events(out, &page.rows)?;
    }
    if page.next.is_some() {
        out::print_more_hint(out, "change", args.limit, DEFAULT_AUDIT)?;
    }
    Ok(())
}
