//! Contacts that people set themselves (`contact` of `0012_windows.sql`).
//!
//! A change is one transaction with its record, which has no address. The settings take precedence:
//! their contacts are not changed here, and channels come from them alone.

mod reach;
pub(super) mod table;

use chrono::Utc;

pub(super) use reach::ReachSlot;
pub use reach::{Reach, ReachSource};

use super::administration_table::{put_event, read_event};
use super::command_identity::{RequestIdentity, requester_text};
use super::directory_table::read_directory;
use super::error::{StoreError, StoreResult, reject_bad_field};
use super::sql::Batch;
use super::store::FileStore;
use super::writer::Writer;
use crate::backend::BackendError;
use crate::backend::contacts::ContactRequest;
use crate::model::administration::{
    AdministrationChange, AdministrationEvent, AdministrationRefusal, ContactRecord, EntryKind,
    EntryRef, QuietRecord,
};
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::check;
use crate::model::directory::Directory;
use crate::model::nearest::nearest;
use crate::model::notification::{
    ContactChange, ContactProblem, ContactTest, Contacts, PersonReach, QuietSpan, StoredContacts,
};
use crate::model::rejection::Rejection;

/// The first version of the schema that has the table.
const FIRST_VERSION: i64 = 12;

impl FileStore {
    /// Sets the source of the settings' channels and contacts, also while the store is open.
    pub fn set_reach(&self, source: ReachSource) {
        self.inner.reach.set(Some(source));
    }

    /// Reads the contacts that people have set themselves.
    pub(super) async fn read_stored_contacts(&self) -> Result<Vec<StoredContacts>, BackendError> {
        if self.inner.version < FIRST_VERSION {
            return Ok(Vec::new());
        }
        self.with_path_context(async {
            table::read_readable(&mut *self.acquire_reader().await?).await
        })
        .await
    }

    /// Returns how everybody is reached who has contacts in the settings or in the store.
    pub(super) async fn read_reach(&self) -> Result<Vec<PersonReach>, BackendError> {
        Ok(self.inner.reach.get()?.people(&self.read_stored_contacts().await?))
    }

    /// Changes the contacts of a person in a transaction, and returns how the person is reached then.
    pub(super) async fn change_stored_contacts(
        &self,
        request: &ContactRequest,
    ) -> Result<PersonReach, BackendError> {
        self.check_writable()?;
        let reach = self.inner.reach.get()?;
        let (store, request, used) = (self.clone(), request.clone(), reach.clone());
        let stored = self
            .run_to_completion(async move {
                store.check_same_file()?;
                let mut writer = store.lock_writer().await;
                let result = change(&mut writer, &store, &used, &request).await;
                if !matches!(result, Ok((_, true))) {
                    writer.roll_back().await;
                }
                drop(writer);
                store.inner.watcher.wake();
                result.map(|(stored, _)| stored)
            })
            .await?;
        let people = reach.people(std::slice::from_ref(&stored)).into_iter();
        let mut people = people.filter(|reach| reach.person.eq_ignore_ascii_case(&stored.person));
        let none = PersonReach { person: stored.person.clone(), ..PersonReach::default() };
        Ok(people.next().unwrap_or(none))
    }

    /// Sends a test message over the contacts of a person, or over one, and returns the outcome of
    /// each.
    pub(super) async fn send_tests(
        &self,
        person: &str,
        contact: Option<&str>,
    ) -> Result<Vec<ContactTest>, BackendError> {
        let reach = self.inner.reach.get()?;
        reach.test(&self.read_stored_contacts().await?, person, contact).await
    }
}

fn refuse(refusal: AdministrationRefusal) -> BackendError {
    BackendError::rejected(Rejection::Administration(refusal), Utc::now())
}

/// Begins a transaction and carries out a request. The transaction is committed if something has
/// changed or the id of the request was bound, in which case the second value is `true`; otherwise it is
/// still open.
async fn change(
    writer: &mut Writer,
    store: &FileStore,
    reach: &Reach,
    request: &ContactRequest,
) -> StoreResult<(StoredContacts, bool)> {
    check::time("at", request.at).map_err(reject_bad_field)?;
    Batch::new("BEGIN IMMEDIATE;").run(&mut writer.conn).await?;
    let options = &store.inner.options;
    let directory = read_directory(&mut writer.conn).await?.unwrap_or_default();
    let directory = directory.merged_with(&options.overlay);
    let handle = find_handle(&directory, &request.person)?;
    let before = table::read_of(&mut writer.conn, &handle).await?;
    if let Some(earlier) = read_event(&mut writer.conn, request.id).await? {
        let is_same = requester_text(&request.actor) == requester_text(&earlier.actor)
            && is_record_of(&earlier.change, &handle, &request.change);
        if !is_same {
            let reused = BackendError::rejected(Rejection::IdReused, Utc::now());
            return Err(reused.into());
        }
        return Ok((before, false));
    }
    let identity = identity(request, &handle)?;
    if identity.is_repeated(&mut writer.conn).await? {
        return Ok((before, false));
    }
    let mut after = StoredContacts { person: handle.clone(), ..before.clone() };
    check_settings(reach, &handle, &request.change)?;
    after.apply(&request.change).map_err(|problem| refuse_problem(&handle, problem))?;
    check_channel(reach, &after, &request.change).map_err(reject_bad_field)?;
    if after == before {
        let is_bound = identity.commit_unchanged(&mut writer.conn).await?;
        return Ok((before, is_bound));
    }
    let event = AdministrationEvent {
        id: request.id,
        at: request.at,
        actor: request.actor.clone(),
        change: record(&before, &after, &request.change),
        before: None,
        extra: <_>::default(),
    };
    let mut batch = Batch::default();
    table::put(&mut batch, &after)?;
    put_event(&mut batch, &event)?;
    identity.put(&mut batch);
    batch.sql("COMMIT;");
    batch.run(&mut writer.conn).await?;
    Ok((after, true))
}

/// Returns what the id of a request is bound to. It has no address: by its digest one could find out
/// whether a guess is right.
fn identity(request: &ContactRequest, person: &str) -> StoreResult<RequestIdentity> {
    let about = match &request.change {
        ContactChange::Add(_) => "add",
        ContactChange::Change(_) => "change",
        ContactChange::Remove(_) => "remove",
        ContactChange::Quiet(_) => "quiet",
    };
    if let ContactChange::Quiet(quiet) = &request.change {
        let content = (person, about, quiet_record(person, quiet.as_ref()));
        return RequestIdentity::new(request.id, "contact", &content, &request.actor);
    }
    let content = (person, about, request.change.contact());
    RequestIdentity::new(request.id, "contact", &content, &request.actor)
}

/// Returns the handle of a person in the spelling of the directory. If that has no people, every
/// handle is accepted.
fn find_handle(directory: &Directory, person: &str) -> StoreResult<String> {
    check::name("person", person).map_err(reject_bad_field)?;
    if directory.people.is_empty() {
        return Ok(person.to_owned());
    }
    let found = directory.person(person).map(|person| person.handle.clone());
    found.ok_or_else(|| {
        let handles = directory.people.iter().map(|person| person.handle.as_str());
        let nearest = nearest(person, handles).map(str::to_owned);
        let entry = EntryRef::new(EntryKind::Person, person);
        refuse(AdministrationRefusal::NoSuchEntry { entry, nearest }).into()
    })
}

/// Refuses to change contacts of the settings.
fn check_settings(reach: &Reach, person: &str, change: &ContactChange) -> StoreResult<()> {
    let Some(name) = change.contact() else { return Ok(()) };
    let of_settings: &Contacts = &reach.contacts;
    if of_settings.of_person(person).and_then(|person| person.contact(name)).is_none() {
        return Ok(());
    }
    let file = reach.file.as_ref().map(|file| file.display().to_string());
    let refusal = AdministrationRefusal::ContactFromSettings {
        person: person.to_owned(),
        contact: name.to_owned(),
        file: file.unwrap_or_else(|| "of this program".to_owned()),
    };
    Err(refuse(refusal).into())
}

fn refuse_problem(person: &str, problem: ContactProblem) -> StoreError {
    let person = person.to_owned();
    match problem {
        ContactProblem::Field(bad) => reject_bad_field(bad),
        ContactProblem::NoContact(contact) => {
            refuse(AdministrationRefusal::NoSuchContact { person, contact }).into()
        }
        ContactProblem::Exists(contact) => {
            refuse(AdministrationRefusal::ContactExists { person, contact }).into()
        }
    }
}

/// Checks that a contact that was added or changed names a channel of the settings, and an address of
/// it.
fn check_channel(
    reach: &Reach,
    after: &StoredContacts,
    change: &ContactChange,
) -> Result<(), BadField> {
    let Some(contact) = change.contact().and_then(|name| after.contact(name)) else {
        return Ok(());
    };
    let Some(channel) = reach.channels.get(&contact.channel) else {
        let name = contact.channel.clone();
        let nearest = nearest(&name, reach.channels.names()).map(str::to_owned);
        return Err(BadField::new("channel", FieldProblem::NoChannel { name, nearest }));
    };
    channel.check_address(&contact.address).map_err(|error| {
        let (kind, expected) = (error.kind.as_str(), error.expected);
        BadField::new("address", FieldProblem::NotAnAddress { kind, expected })
    })
}

/// Returns the record of a change.
fn record(
    before: &StoredContacts,
    after: &StoredContacts,
    change: &ContactChange,
) -> AdministrationChange {
    let person = after.person.clone();
    let about = |name: &str| {
        let contact = after.contact(name).or_else(|| before.contact(name));
        ContactRecord {
            person: person.clone(),
            contact: name.to_owned(),
            channel: contact.map(|contact| contact.channel.clone()).unwrap_or_default(),
        }
    };
    match change {
        ContactChange::Add(contact) => AdministrationChange::AddContact(about(&contact.name)),
        ContactChange::Change(patch) => AdministrationChange::ChangeContact(about(&patch.name)),
        ContactChange::Remove(name) => AdministrationChange::RemoveContact(about(name)),
        ContactChange::Quiet(quiet) => {
            AdministrationChange::SetQuietHours(quiet_record(&person, quiet.as_ref()))
        }
    }
}

fn quiet_record(person: &str, quiet: Option<&QuietSpan>) -> QuietRecord {
    QuietRecord {
        person: person.to_owned(),
        from: quiet.map(|quiet| quiet.from.clone()),
        to: quiet.map(|quiet| quiet.to.clone()),
        zone: quiet.and_then(|quiet| quiet.zone.clone()),
    }
}

/// Returns whether a record can be that of a change. It has no address, so it does not distinguish
/// two changes of one contact.
fn is_record_of(record: &AdministrationChange, person: &str, change: &ContactChange) -> bool {
    match (record, change) {
        (AdministrationChange::AddContact(record), ContactChange::Add(_))
        | (AdministrationChange::ChangeContact(record), ContactChange::Change(_))
        | (AdministrationChange::RemoveContact(record), ContactChange::Remove(_)) => {
            record.person == person && Some(record.contact.as_str()) == change.contact()
        }
        (AdministrationChange::SetQuietHours(record), ContactChange::Quiet(quiet)) => {
            *record == quiet_record(person, quiet.as_ref())
        }
        _ => false,
    }
}
