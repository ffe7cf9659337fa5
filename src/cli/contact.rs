//! `contact`: how people are reached: lists, changes and tries it.

use chrono::{TimeDelta, Utc};

use super::args::{
    AddContact, ContactCommand, ListContacts, QuietContact, SetContact, TestContacts, Waits, Whose,
};
use super::channels::reach_source;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::json;
use super::out::{self, Out, Style, StyledLine};
use super::session::{BackendConnection, IfMissing, Session, open};
use crate::backend::file::Reach;
use crate::backend::{BackendError, ContactRequest};
use crate::config::{Config, suggestion};
use crate::model::Actor;
use crate::model::notification::{
    ContactChange, ContactPatch, ContactReach, ContactTest, PersonReach, QuietSpan, StoredContact,
};
use crate::model::text::{SafeText, pad, sanitize, width};
use crate::model::time::format_duration;

/// The greatest width of a column.
const MAX_COLUMN: usize = 24;
/// Stands for the person who acts.
const ME: &str = "me";

/// Runs the subcommands of `contact`.
pub async fn run(context: &mut Context, about: ContactCommand) -> Result<(), Failure> {
    match about {
        ContactCommand::List(args) => list(context, &args).await,
        ContactCommand::Add(args) => {
            let (whose, change) = addition(args);
            carry_out(context, &whose, change).await
        }
        ContactCommand::Set(args) => {
            let (whose, change) = patch(args)?;
            carry_out(context, &whose, change).await
        }
        ContactCommand::Remove(args) => {
            carry_out(context, &args.whose, ContactChange::Remove(args.name)).await
        }
        ContactCommand::Quiet(args) => {
            let (whose, change) = quiet(args);
            carry_out(context, &whose, change).await
        }
        ContactCommand::Test(args) => test(context, &args).await,
    }
}

fn addition(args: AddContact) -> (Whose, ContactChange) {
    let AddContact { name, channel, address, urgent, rest, whose } = args;
    let (urgent_after_s, rest_after_s) = (urgent.0, rest.0);
    let contact = StoredContact { name, channel, address, urgent_after_s, rest_after_s };
    (whose, ContactChange::Add(contact))
}

fn patch(args: SetContact) -> Result<(Whose, ContactChange), Failure> {
    let SetContact { name, channel, address, urgent, rest, whose } = args;
    let waits = |waits: Option<Waits>| waits.map(|waits| waits.0);
    let (urgent_after_s, rest_after_s) = (waits(urgent), waits(rest));
    let patch = ContactPatch { name, channel, address, urgent_after_s, rest_after_s };
    if patch == (ContactPatch { name: patch.name.clone(), ..ContactPatch::default() }) {
        return Err(Failure::usage("say what to change: --channel, --address, --urgent or --rest"));
    }
    Ok((whose, ContactChange::Change(patch)))
}

fn quiet(args: QuietContact) -> (Whose, ContactChange) {
    let QuietContact { from, to, clock, whose, .. } = args;
    let span = from.zip(to).map(|(from, to)| QuietSpan { from, to, zone: clock });
    (whose, ContactChange::Quiet(span))
}

/// Where contacts are read from.
enum Source {
    /// A store or an API.
    Backend(Box<BackendConnection>),
    /// The settings alone: there is no store yet.
    Settings(Box<Reach>),
}

impl Source {
    async fn open(config: &Config) -> Result<Self, Failure> {
        match open(config, IfMissing::Refuse).await {
            Ok(connection) => {
                connection.report_warnings();
                Ok(Self::Backend(Box::new(connection)))
            }
            Err(failure)
                if failure.exit == Exit::NotFound && config.location.remote().is_none() =>
            {
                let reach = reach_source(config)().map_err(Failure::usage)?;
                Ok(Self::Settings(Box::new(reach)))
            }
            Err(failure) => Err(failure),
        }
    }

    async fn me(&self, config: &Config) -> String {
        match self {
            Self::Backend(connection) => connection.my_handle(config).await,
            Self::Settings(_) => config.me.clone(),
        }
    }

    async fn people(&self) -> Result<Vec<PersonReach>, BackendError> {
        match self {
            Self::Backend(connection) => connection.backend.contacts().await,
            Self::Settings(reach) => Ok(reach.people(&[])),
        }
    }

    async fn test(
        &self,
        person: &str,
        contact: Option<&str>,
    ) -> Result<Vec<ContactTest>, BackendError> {
        match self {
            Self::Backend(connection) => connection.backend.test_contacts(person, contact).await,
            Self::Settings(reach) => reach.test(&[], person, contact).await,
        }
    }

    async fn close(self) {
        if let Self::Backend(connection) = self {
            connection.close().await;
        }
    }
}

/// Reads the contacts of everybody who has some: from the store, or from the settings alone without
/// a store.
pub(super) async fn read_people(config: &Config) -> Result<Vec<PersonReach>, Failure> {
    let source = Source::open(config).await?;
    let people = source.people().await;
    source.close().await;
    Ok(people?)
}

/// Returns the handle that is meant.
fn handle(text: &str, me: &str) -> String {
    let text = text.trim_start_matches('@');
    if text == ME { me.to_owned() } else { text.to_owned() }
}

async fn list(context: &mut Context, args: &ListContacts) -> Result<(), Failure> {
    let source = Source::open(&context.config).await?;
    let me = source.me(&context.config).await;
    let people = source.people().await;
    source.close().await;
    let people: Vec<PersonReach> = people?.into_iter().map(|person| as_seen(person, &me)).collect();
    let shown: Vec<&PersonReach> = match &args.person {
        Some(text) => vec![find(&people, &handle(text, &me))?],
        None => people.iter().collect(),
    };
    if shown.is_empty() {
        out::print_hint(
            "nobody has contacts: add your own with `redphone contact add`, or [[contacts]] to the \
             settings file",
        );
    }
    for person in shown {
        if args.json {
            print_json(&mut context.out, person)?;
        } else {
            print_person(&mut context.out, person)?;
        }
    }
    Ok(())
}

/// Returns how a person is reached, as the person who acts may see it.
fn as_seen(person: PersonReach, me: &str) -> PersonReach {
    if person.person.eq_ignore_ascii_case(me) { person } else { person.masked() }
}

fn print_json(out: &mut Out, person: &PersonReach) -> Result<(), Failure> {
    for contact in &person.contacts {
        let mut line = serde_json::json!({ "person": person.person });
        let fields = serde_json::to_value(contact).unwrap_or_default();
        if let (Some(line), Some(fields)) = (line.as_object_mut(), fields.as_object()) {
            for (name, value) in fields {
                line.insert(name.clone(), value.clone());
            }
            for name in ["kind", "problem"] {
                line.entry(name).or_insert(serde_json::Value::Null);
            }
        }
        json::print(out, &line)?;
    }
    Ok(())
}

fn print_person(out: &mut Out, person: &PersonReach) -> Result<(), Failure> {
    let quiet = person.quiet.as_ref().map_or_else(String::new, |quiet| {
        let zone = quiet.zone.as_deref().map(|zone| format!(" {zone}")).unwrap_or_default();
        format!("  quiet {} to {}{zone}", quiet.from, quiet.to)
    });
    let line = StyledLine::new(person.person.as_str(), Style::Bold).with(quiet, Style::Dim);
    out.styled_line(&line)?;
    let contacts = &person.contacts;
    for contact in contacts {
        let lead = format!(
            "  {}  {}  {}",
            column(&contact.contact, contacts, |contact| &contact.contact),
            column(&contact.channel, contacts, |contact| &contact.channel),
            column(&contact.address, contacts, |contact| &contact.address)
        );
        let mut line = StyledLine::new(lead, Style::Plain);
        let origin = if contact.from_settings { "" } else { ", own" };
        let (urgent, rest) = (times(&contact.urgent_after_s), times(&contact.rest_after_s));
        line.push(format!("  urgent {urgent}, rest {rest}{origin}"), Style::Dim);
        out.styled_line(&line)?;
        if let Some(problem) = &contact.problem {
            out.styled_line(&StyledLine::new(format!("    {problem}"), Style::Alarm))?;
        }
    }
    if contacts.is_empty() {
        out.styled_line(&StyledLine::new("  no contact", Style::Alarm))?;
    }
    Ok(())
}

fn times(waits: &[i64]) -> String {
    let time = |wait: &i64| match wait {
        0 => "at once".to_owned(),
        wait => {
            let wait = TimeDelta::try_seconds(*wait).unwrap_or_default();
            format!("after {}", format_duration(wait))
        }
    };
    if waits.is_empty() {
        return "never".to_owned();
    }
    waits.iter().map(time).collect::<Vec<_>>().join(" and ")
}

fn column(text: &str, contacts: &[ContactReach], of: impl Fn(&ContactReach) -> &String) -> String {
    let widest = contacts.iter().map(|contact| width(of(contact))).max().unwrap_or(0);
    pad(text, widest.min(MAX_COLUMN)).into_string()
}

/// Changes the contacts of a person, and prints how the person is reached then.
async fn carry_out(
    context: &mut Context,
    whose: &Whose,
    change: ContactChange,
) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let person = handle(&whose.person, &session.me.handle);
    let text = describe(&person, &change);
    let actor = Actor::Person(session.me.clone());
    let is_own = person.eq_ignore_ascii_case(&session.me.handle);
    let request = ContactRequest::new(actor, person, change, Utc::now());
    let done = session.connection.backend.change_contacts(&request).await?;
    session.connection.close().await;
    let done = if is_own { done } else { done.masked() };
    context.out.record_done(text.clone());
    if whose.json {
        return json::print(&mut context.out, &done);
    }
    context.out.line(&text)?;
    print_person(&mut context.out, &done)
}

/// Returns a short description of the change.
fn describe(person: &str, change: &ContactChange) -> String {
    let person = sanitize(person);
    match change {
        ContactChange::Add(contact) => {
            format!("{person} is also reached by {}", sanitize(&contact.name))
        }
        ContactChange::Change(patch) => {
            format!("the contact {} of {person} is changed", sanitize(&patch.name))
        }
        ContactChange::Remove(name) => {
            format!("{person} is not reached by {} any more", sanitize(name))
        }
        ContactChange::Quiet(Some(quiet)) => format!(
            "what may wait reaches {person} not from {} to {}",
            sanitize(&quiet.from),
            sanitize(&quiet.to)
        ),
        ContactChange::Quiet(None) => format!("{person} has no quiet hours"),
    }
}

async fn test(context: &mut Context, args: &TestContacts) -> Result<(), Failure> {
    let source = Source::open(&context.config).await?;
    let me = source.me(&context.config).await;
    let person = handle(&args.person, &me);
    let people = source.people().await?;
    let reach = find(&people, &person)?;
    if let Some(name) = &args.contact
        && reach.contact(name).is_none()
    {
        let names: Vec<&str> = reach.contacts.iter().map(|c| c.contact.as_str()).collect();
        let hint = suggestion(name, &names);
        let (person, name) = (sanitize(&reach.person), SafeText::from(name));
        let message = format!("{person} has no contact {name:?}: {hint}");
        return Err(Failure::new(Exit::NotFound, message));
    }
    if reach.contacts.is_empty() {
        let person = sanitize(&reach.person);
        return Err(Failure::failed(format!(
            "{person} has no contact: add one with `redphone contact add`"
        )));
    }
    let results = source.test(&reach.person, args.contact.as_deref()).await?;
    source.close().await;
    let mut failed = 0_u64;
    for result in &results {
        failed += u64::from(result.outcome != "sent");
        if args.json {
            json::print(&mut context.out, result)?;
        } else {
            print_test(&mut context.out, result)?;
        }
    }
    if failed > 0 {
        return Err(Failure::failed(format!("{} not sent", out::pluralize(failed, "message"))));
    }
    Ok(())
}

fn print_test(out: &mut Out, result: &ContactTest) -> Result<(), Failure> {
    let lead = format!("{}  {}  ", result.contact, result.channel);
    let line = match (&result.reason, result.outcome.as_str()) {
        (None, "sent") => {
            let id = result.provider_id.as_ref().map(|id| format!(" ({id})"));
            let sent = format!("sent{}", id.unwrap_or_default());
            let answer = result.answer.as_deref().unwrap_or_default();
            StyledLine::new(format!("{lead}{sent}"), Style::Plain)
                .with(format!("  {answer}"), Style::Dim)
        }
        (reason, outcome) => {
            let reason = reason.as_deref().unwrap_or(outcome);
            StyledLine::new(format!("{lead}{reason}"), Style::Alarm)
        }
    };
    out.styled_line(&line)
}

/// Returns how a person is reached who has contacts.
fn find<'a>(people: &'a [PersonReach], handle: &str) -> Result<&'a PersonReach, Failure> {
    let found = people.iter().find(|person| person.person.eq_ignore_ascii_case(handle));
    found.ok_or_else(|| {
        let names: Vec<&str> = people.iter().map(|person| person.person.as_str()).collect();
        let hint = if names.is_empty() {
            "add one with `redphone contact add`".to_owned()
        } else {
            suggestion(handle, &names)
        };
        let handle = SafeText::from(handle);
        Failure::new(Exit::NotFound, format!("there are no contacts of {handle:?}: {hint}"))
    })
}
