//! Contacts that people set themselves: storing, refusing, recording and exporting.

use chrono::Utc;
use redphone::backend::file::{Addresses, FileStore};
use redphone::backend::{AdministrationSearch, Backend, BackendError, ContactRequest, Ledger};
use redphone::model::administration::{AdministrationChange, AdministrationRefusal};
use redphone::model::bad_field::{BadField, FieldProblem};
use redphone::model::directory::Directory;
use redphone::model::notification::{ContactChange, ContactPatch, QuietSpan, StoredContact};
use redphone::model::{Actor, CommandId, PersonRef, Rejection};
use rstest::rstest;
use tempfile::{TempDir, tempdir};

use super::fixtures::open;
use crate::support::reach;
use crate::support::requests::ines;

const ADDRESS: &str = "+4915112345678";

struct Scene {
    store: FileStore,
    folder: TempDir,
}

fn contact(name: &str, channel: &str, address: &str) -> StoredContact {
    StoredContact {
        name: name.into(),
        channel: channel.into(),
        address: address.into(),
        urgent_after_s: vec![120],
        rest_after_s: Vec::new(),
    }
}

fn request(person: &str, change: ContactChange) -> ContactRequest {
    ContactRequest::new(Actor::Person(ines()), person, change, Utc::now())
}

fn phone() -> ContactChange {
    ContactChange::Add(contact("phone", "sms", ADDRESS))
}

impl Scene {
    async fn new() -> Self {
        let folder = tempdir().unwrap();
        let store = open(&folder.path().join("store.db")).await;
        let people = vec![ines(), PersonRef::new("tomasz", "Tomasz Zur")];
        store.set_directory(&Directory { people, ..Directory::default() }).await.unwrap();
        store.set_reach(reach::source());
        Self { store, folder }
    }

    async fn exported(&self, addresses: Addresses) -> String {
        let mut text = String::new();
        let mut sink = |record: &redphone::backend::record::Record| {
            text.push_str(&serde_json::to_string(record).unwrap());
            Ok(())
        };
        self.store.export_records(&mut sink, addresses).await.unwrap();
        text
    }
}

#[tokio::test]
async fn own_contact_is_used_with_the_settings() {
    let scene = Scene::new().await;
    let done = scene.store.change_contacts(&request("Ines", phone())).await.unwrap();
    let names: Vec<(&str, bool)> =
        done.contacts.iter().map(|c| (c.contact.as_str(), c.from_settings)).collect();
    assert_eq!(names, [("mail", true), ("phone", false)]);
    assert_eq!(done.contact("phone").unwrap().urgent_after_s, [120]);
    let stored = scene.store.stored_contacts().await.unwrap();
    assert_eq!((stored[0].person.as_str(), stored[0].contacts.len()), ("ines", 1));
    let listed = scene.store.contacts().await.unwrap();
    assert_eq!(listed, [done]);
}

#[tokio::test]
async fn changes_are_recorded_without_addresses() {
    let scene = Scene::new().await;
    let span = QuietSpan { from: "22:00".into(), to: "07:00".into(), zone: None };
    let patch = ContactPatch {
        name: "phone".into(),
        address: Some("+4915199999999".into()),
        ..ContactPatch::default()
    };
    for change in [
        phone(),
        ContactChange::Change(patch),
        ContactChange::Quiet(Some(span)),
        ContactChange::Remove("phone".into()),
    ] {
        scene.store.change_contacts(&request("ines", change)).await.unwrap();
    }
    let search = AdministrationSearch { limit: 10, after: None };
    let log = scene.store.administration_log(&search).await.unwrap().rows;
    assert!(
        matches!(&log[0].change, AdministrationChange::RemoveContact(r) if r.contact == "phone")
    );
    assert!(matches!(&log[1].change, AdministrationChange::SetQuietHours(r) if r.to.is_some()));
    assert!(matches!(&log[2].change, AdministrationChange::ChangeContact(_)));
    assert!(matches!(&log[3].change, AdministrationChange::AddContact(r) if r.channel == "sms"));
    let json = serde_json::to_string(&log).unwrap();
    assert!(!json.contains("4915"), "{json}");
    // Quiet hours alone are a row, too.
    let stored = scene.store.stored_contacts().await.unwrap();
    assert_eq!((stored.len(), stored[0].contacts.len()), (1, 0));
}

#[rstest]
#[case("ines", contact("phone", "pager", ADDRESS), "channel")]
#[case("ines", contact("phone", "sms", "0151"), "address")]
#[case("ines", contact("phone", "sms", "https://example.org"), "address")]
#[case("ines", contact(" ", "sms", ADDRESS), "name")]
#[tokio::test]
async fn wrong_contact_is_refused(
    #[case] person: &str,
    #[case] contact: StoredContact,
    #[case] field: &str,
) {
    let scene = Scene::new().await;
    let request = request(person, ContactChange::Add(contact));
    let error = scene.store.change_contacts(&request).await.unwrap_err();
    let BackendError::Rejected(why) = error else { panic!("{error}") };
    assert!(matches!(&why.rejection, Rejection::Field(bad) if bad.field == field), "{why:?}");
    assert_eq!(scene.store.stored_contacts().await.unwrap(), []);
}

#[tokio::test]
async fn channel_that_is_probably_meant_is_named() {
    let scene = Scene::new().await;
    let add = ContactChange::Add(contact("phone", "smss", ADDRESS));
    let error = scene.store.change_contacts(&request("ines", add)).await.unwrap_err();
    let BackendError::Rejected(why) = error else { panic!("{error}") };
    let problem = FieldProblem::NoChannel { name: "smss".into(), nearest: Some("sms".into()) };
    assert_eq!(why.rejection, Rejection::Field(BadField::new("channel", problem)));
}

#[tokio::test]
async fn settings_win_and_name_their_file() {
    let scene = Scene::new().await;
    for change in [
        ContactChange::Add(contact("mail", "sms", ADDRESS)),
        ContactChange::Change(ContactPatch { name: "mail".into(), ..ContactPatch::default() }),
        ContactChange::Remove("mail".into()),
    ] {
        let error = scene.store.change_contacts(&request("ines", change)).await.unwrap_err();
        let BackendError::Conflict(why) = error else { panic!("{error}") };
        let Rejection::Administration(AdministrationRefusal::ContactFromSettings { file, .. }) =
            &why.rejection
        else {
            panic!("{why:?}")
        };
        assert_eq!(file, "/etc/redphone.toml");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let scene = Scene::new().await;
    for (person, change) in [
        ("inse", phone()),
        ("ines", ContactChange::Remove("phone".into())),
        ("tomasz", ContactChange::Remove("mail".into())),
    ] {
        let error = scene.store.change_contacts(&request(person, change)).await.unwrap_err();
        assert!(matches!(error, BackendError::NotFound(_)), "{error}");
    }
    let twice = scene.store.test_contacts("tomasz", None).await.unwrap_err();
    assert!(matches!(twice, BackendError::NotFound(_)), "{twice}");
}

#[tokio::test]
async fn request_that_comes_again_changes_nothing() {
    let scene = Scene::new().await;
    let first = request("ines", phone());
    let done = scene.store.change_contacts(&first).await.unwrap();
    scene
        .store
        .change_contacts(&request("ines", ContactChange::Remove("phone".into())))
        .await
        .unwrap();
    scene.store.change_contacts(&first).await.unwrap();
    assert_eq!(scene.store.stored_contacts().await.unwrap(), []);
    assert_eq!(done.contacts.len(), 2);
    let other = ContactRequest { change: ContactChange::Quiet(None), ..first };
    let error = scene.store.change_contacts(&other).await.unwrap_err();
    let BackendError::Rejected(why) = error else { panic!("{error}") };
    assert_eq!(why.rejection, Rejection::IdReused);
}

#[tokio::test]
async fn test_says_what_came_of_each_contact() {
    let scene = Scene::new().await;
    let nobody = ContactChange::Add(contact("old", "sms", "+0"));
    scene.store.change_contacts(&request("ines", nobody)).await.unwrap();
    let results = scene.store.test_contacts("ines", None).await.unwrap();
    let outcomes: Vec<(&str, &str)> =
        results.iter().map(|r| (r.contact.as_str(), r.outcome.as_str())).collect();
    assert_eq!(outcomes, [("mail", "sent"), ("old", "permanent")]);
    let one = scene.store.test_contacts("ines", Some("mail")).await.unwrap();
    assert_eq!((one.len(), one[0].provider_id.as_deref()), (1, Some("7")));
}

#[tokio::test]
async fn export_has_addresses_only_on_request() {
    let scene = Scene::new().await;
    scene.store.change_contacts(&request("ines", phone())).await.unwrap();
    assert!(!scene.exported(Addresses::Omitted).await.contains(ADDRESS));
    assert!(scene.exported(Addresses::Included).await.contains(ADDRESS));
}

#[tokio::test]
async fn changed_settings_count_at_once() {
    let scene = Scene::new().await;
    scene.store.change_contacts(&request("ines", phone())).await.unwrap();
    scene.store.set_reach(std::sync::Arc::new(|| Ok(redphone::backend::file::Reach::default())));
    let listed = scene.store.contacts().await.unwrap();
    assert_eq!((listed.len(), listed[0].contacts.len()), (1, 1));
    assert!(listed[0].contacts[0].problem.as_ref().unwrap().contains("is not in the settings"));
}

#[tokio::test]
async fn broken_row_makes_nobody_else_unreachable() {
    let scene = Scene::new().await;
    scene.store.change_contacts(&request("ines", phone())).await.unwrap();
    let path = scene.folder.path().join("store.db");
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute("INSERT INTO contact (person, body) VALUES ('a', '{')", []).unwrap();
    let stored = scene.store.stored_contacts().await.unwrap();
    assert_eq!((stored.len(), stored[0].person.as_str()), (1, "ines"));
}

#[tokio::test]
async fn key_of_quiet_hours_that_were_so_is_bound() {
    let scene = Scene::new().await;
    // An id that follows from a key, unlike a new one.
    let id = CommandId(uuid::Builder::from_custom_bytes([7; 16]).into_uuid());
    let keyed = ContactRequest { id, ..request("ines", ContactChange::Quiet(None)) };
    scene.store.change_contacts(&keyed).await.unwrap();
    let quiet = Some(QuietSpan { from: "22:00".into(), to: "07:00".into(), zone: None });
    let set = ContactChange::Quiet(quiet.clone());
    scene.store.change_contacts(&request("ines", set.clone())).await.unwrap();
    scene.store.change_contacts(&keyed).await.unwrap();
    assert_eq!(scene.store.stored_contacts().await.unwrap()[0].quiet, quiet);
    let other = ContactRequest { change: set, ..keyed };
    let error = scene.store.change_contacts(&other).await.unwrap_err();
    let BackendError::Rejected(why) = error else { panic!("{error}") };
    assert!(matches!(why.rejection, Rejection::IdReused), "{why:?}");
}
