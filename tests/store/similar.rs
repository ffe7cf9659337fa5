//! Incidents that resemble another one: by fingerprint, by the words of their texts, and by service.

use redphone::backend::file::FileStore;
use redphone::backend::{Backend, Similar};
use redphone::model::command::Declaration;
use redphone::model::review::Section;
use redphone::model::runbook::tick_note;
use redphone::model::similar::HintField;
use redphone::model::status::Category;
use redphone::model::{IncidentCommand, IncidentId};
use rstest::rstest;
use tempfile::tempdir;

use super::fixtures::{ask, declaration, declared_event, import, open, record};
use crate::support::requests::resolve;

async fn declared(
    store: &FileStore,
    title: &str,
    change: impl FnOnce(&mut Declaration),
) -> IncidentId {
    let mut declaration = Declaration { symptoms: String::new(), ..declaration(title) };
    change(&mut declaration);
    let id = IncidentId::new();
    store.execute(&ask(id, IncidentCommand::Declare(Box::new(declaration)))).await.unwrap();
    id
}

async fn execute(store: &FileStore, id: IncidentId, command: IncidentCommand) {
    store.execute(&ask(id, command)).await.unwrap();
}

async fn similar(store: &FileStore, id: IncidentId) -> Vec<Similar> {
    store.similar(id, 10).await.unwrap().similar
}

fn service(name: &str) -> impl Fn(&mut Declaration) {
    let name = name.to_owned();
    move |declaration| declaration.services = vec![name.clone()]
}

#[tokio::test]
async fn same_fault_comes_before_alike_texts_and_services() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let same = declared(&store, "Replica orders-7 is behind", |_| {}).await;
    let alike = declared(&store, "A replica is far behind the primary", service("search")).await;
    let other_service = declared(&store, "Images are blurred", |_| {}).await;
    declared(&store, "Logins time out", service("auth")).await;
    let id = declared(&store, "Replica orders-9 is behind", |_| {}).await;
    let found = similar(&store, id).await;
    let ids: Vec<_> = found.iter().map(|similar| (similar.id, similar.same_fault)).collect();
    assert_eq!(ids, [(same, true), (alike, false), (other_service, false)]);
    assert_eq!(found[1].shared_terms, ["behind", "replica"]);
    assert_eq!(found[2].shared_terms, [""; 0]);
    assert_eq!(found[1].services, ["search"]);
}

/// A search for words brings the index up to date; before it, the rows themselves are compared.
#[rstest]
#[case::indexed(true)]
#[case::not_indexed(false)]
#[tokio::test]
async fn record_has_alike_texts_at_once(#[case] is_indexed: bool) {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let alike = declared(&store, "Warehouse exports are missing", service("search")).await;
    if is_indexed {
        store.index_texts(|_, _| ()).await.unwrap();
    }
    let id = declared(&store, "Exports of the warehouse are missing", |_| {}).await;
    let detail = store.incident(id).await.unwrap();
    assert_eq!(detail.similar.iter().map(|one| one.id).collect::<Vec<_>>(), [alike]);
    // Of the earlier one, this one is no earlier one.
    assert_eq!(store.incident(alike).await.unwrap().similar, []);
    assert_eq!(similar(&store, alike).await.iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
}

#[tokio::test]
async fn notes_count_too() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let noted = declared(&store, "Something is odd", service("search")).await;
    let text = "the certificate of the mailer has expired".to_owned();
    execute(&store, noted, IncidentCommand::AddNote { text }).await;
    let id = declared(&store, "Certificate of mailer expired", |_| {}).await;
    let found = similar(&store, id).await;
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [noted]);
    assert_eq!(found[0].shared_terms, ["certificate", "expired", "mailer"]);
}

#[rstest]
#[case("A", "B")]
#[case("Disk 1 is full", "Disk quota request")]
#[case("カード決済が失敗する", "検索の結果が古い")]
#[tokio::test]
async fn little_in_common_is_not_alike(#[case] first: &str, #[case] second: &str) {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    declared(&store, first, service("search")).await;
    let id = declared(&store, second, |_| {}).await;
    assert_eq!(similar(&store, id).await, []);
}

#[tokio::test]
async fn scripts_without_spaces_are_alike_by_their_pairs() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let alike = declared(&store, "カード決済が失敗する", service("search")).await;
    let id = declared(&store, "決済が失敗する", |_| {}).await;
    assert_eq!(similar(&store, id).await.iter().map(|one| one.id).collect::<Vec<_>>(), [alike]);
}

#[tokio::test]
async fn lessons_come_with_the_incident() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let before =
        declared(&store, "Carts are empty", |one| one.runbook = Some("carts".into())).await;
    for command in [
        IncidentCommand::Acknowledge,
        IncidentCommand::AddNote { text: tick_note("empty carts", 0, "Restart the cache") },
        IncidentCommand::AddNote { text: tick_note("empty carts", 1, "Warm it up") },
        resolve(),
        IncidentCommand::WriteReview { section: Section::Summary, text: "Nobody saw it.".into() },
        IncidentCommand::WriteReview { section: Section::RootCause, text: "A full\ncache.".into() },
    ] {
        execute(&store, before, command).await;
    }
    let id = declared(&store, "Carts are empty", |_| {}).await;
    let found = similar(&store, id).await;
    assert_eq!(found[0].id, before);
    assert_eq!(found[0].resolution, "rollback: went back to v811");
    assert_eq!(found[0].review.as_deref(), Some("A full cache."));
    let runbook = found[0].runbook.clone().unwrap();
    assert_eq!((runbook.name.as_str(), runbook.steps), ("empty carts", 2));
    // The record of another incident has the resolution alone.
    let detail = store.incident(id).await.unwrap();
    assert_eq!(detail.similar[0].resolution, "rollback: went back to v811");
    assert_eq!((&detail.similar[0].review, &detail.similar[0].runbook), (&None, &None));
}

#[tokio::test]
async fn another_category_gives_a_hint() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    for node in ["a", "b", "c"] {
        let title = format!("Certificate of mailer {node} expired");
        declared(&store, &title, |one| {
            one.services = vec!["mail".into()];
            one.category = Some(Category::Security);
        })
        .await;
    }
    let id = declared(&store, "The certificate of the mailer expired", |_| {}).await;
    let hints = store.similar(id, 10).await.unwrap().hints;
    let found: Vec<_> = hints.iter().map(|hint| (hint.field, hint.value.as_str())).collect();
    assert_eq!(found, [(HintField::Category, "security"), (HintField::Service, "mail")]);
    assert_eq!(hints[0].own.as_deref(), Some("application"));
    assert_eq!((hints[0].count, hints[0].total), (3, 3));
}

#[tokio::test]
async fn merged_incident_is_not_listed() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let merged = declared(&store, "Carts are empty", |_| {}).await;
    let id = declared(&store, "Carts are empty", |_| {}).await;
    execute(&store, merged, IncidentCommand::Merge { into: id }).await;
    assert_eq!(similar(&store, id).await, []);
}

#[tokio::test]
async fn limit_is_a_bound() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    for _ in 0..8 {
        declared(&store, "Carts are empty", |_| {}).await;
    }
    let id = declared(&store, "Carts are empty", |_| {}).await;
    assert_eq!(store.similar(id, 3).await.unwrap().similar.len(), 3);
    assert_eq!(store.similar(id, 100).await.unwrap().similar.len(), 8);
    assert_eq!(store.incident(id).await.unwrap().similar.len(), 5);
}

#[tokio::test]
async fn rare_word_finds_what_is_older_than_the_lists() {
    let dir = tempdir().unwrap();
    let store = open(&dir.path().join("store.db")).await;
    let mut ids = Vec::new();
    let mut records = Vec::new();
    for number in 1..=350 {
        let title = if number == 1 { "Kernel panic in zeppelin" } else { "Kernel panic in a rack" };
        ids.push(IncidentId::new());
        records.push(record(&declared_event(ids[ids.len() - 1], Some(number), title)));
    }
    import(&store, &records).await;
    let id = declared(&store, "Zeppelin kernel panic", |_| {}).await;
    // For the record the last 300 with a word are compared, and the first one has a rare word.
    for found in [store.incident(id).await.unwrap().similar, similar(&store, id).await] {
        assert_eq!((found[0].id, found[0].same_fault), (ids[0], false));
        assert_eq!(found[0].shared_terms, ["zeppelin", "kernel", "panic"]);
        // The others have the same service, the last one first.
        assert_eq!((found[1].id, found[2].id), (ids[349], ids[348]));
        assert_eq!(found[1].shared_terms, [""; 0]);
    }
}
