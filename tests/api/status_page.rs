//! The public status page: its content, its readers, and its files.

use std::os::unix::fs::PermissionsExt;

use chrono::{TimeDelta, Utc};
use redphone::backend::Backend;
use redphone::backend::status_page::read_status_page;
use redphone::model::command::{CommandKind, PublicUpdate};
use redphone::model::directory::{Directory, Service};
use redphone::model::maintenance::{MaintenanceChange, MaintenanceRequest, NewWindow};
use redphone::model::status_page::{PublicFile, StatusPage, StatusPageSettings};
use redphone::model::{Actor, Command, IncidentCommand, PersonRef};
use redphone::outbound::site::{SharedSite, write_site};
use serde_json::Value;

use super::strict::sample;
use crate::support::api::{TestServer, declare, fetch, order};

/// Stands in every text that is not public.
const MARKER: &str = "zqmarker";

fn service(name: &str, public_name: Option<&str>) -> Service {
    Service {
        name: name.into(),
        team: format!("{MARKER}-team"),
        depends_on: Vec::new(),
        runbook: Some(format!("{MARKER}-runbook")),
        objective: None,
        public_name: public_name.map(Into::into),
    }
}

/// Returns a command of a kind with the marker in each of its texts.
fn marked(kind: CommandKind) -> Command {
    let mut text = serde_json::to_string(&sample(kind)).unwrap();
    for (word, marked) in [
        ("a text", format!("{MARKER} text")),
        ("Card payments fail", format!("{MARKER} title")),
        ("Ines Moreau", format!("{MARKER} person")),
        (":\"payments\"", format!(":\"{MARKER}-team\"")),
        (":\"runbook\"", format!(":\"{MARKER}-runbook\"")),
        (":\"key\"", format!(":\"{MARKER}-key\"")),
        ("\"eu\"", format!("\"{MARKER}-label\"")),
        ("\"ledger\"", format!("\"{MARKER}-ledger\"")),
    ] {
        text = text.replace(word, &marked);
    }
    serde_json::from_str(&text).unwrap()
}

fn public(title: Option<&str>) -> PublicUpdate {
    PublicUpdate { title: title.map(Into::into) }
}

async fn page(server: &TestServer) -> StatusPage {
    let settings = StatusPageSettings::default();
    read_status_page(&server.store, &settings, Utc::now()).await.unwrap()
}

/// Makes an incident of each kind of command, with a public update, and returns how many kinds were carried
/// out.
async fn fill(server: &TestServer) -> usize {
    let services =
        vec![service("checkout", Some("Shop")), service(&format!("{MARKER}-ledger"), None)];
    let people = vec![PersonRef::new("ines", format!("{MARKER} person"))];
    let directory = Directory { people, services, ..Directory::default() };
    server.store.set_directory(&directory).await.unwrap();
    let me = Actor::Person(PersonRef::new("ines", format!("{MARKER} person")));
    let mut done = 0;
    for kind in CommandKind::ALL {
        let (id, declared) = declare(&format!("{MARKER} title"));
        server.store.execute(&declared.into_envelope(me.clone())).await.unwrap();
        let update = |message: &str, public| IncidentCommand::UpdateStakeholders {
            message: message.into(),
            next_due: None,
            public,
        };
        let command = match marked(kind) {
            Command::Incident { command, .. } if kind != CommandKind::Declare => {
                Command::incident(id, command)
            }
            command => command,
        };
        let mut sent = order(id, update("Words for all.", Some(public(Some("Name for all")))));
        server.store.execute(&sent.clone().into_envelope(me.clone())).await.unwrap();
        sent = order(id, update(&format!("{MARKER} message"), None));
        server.store.execute(&sent.into_envelope(me.clone())).await.unwrap();
        let mut envelope = order(id, IncidentCommand::Wake).into_envelope(me.clone());
        envelope.command = command;
        done += usize::from(server.store.execute(&envelope).await.is_ok());
    }
    let now = Utc::now();
    let new = NewWindow {
        title: format!("{MARKER} work"),
        filter: format!("service:checkout {MARKER}").parse().unwrap(),
        from: now - TimeDelta::minutes(5),
        until: now + TimeDelta::hours(1),
        recurrence: None,
        comment: format!("{MARKER} comment"),
        mutes_people: false,
        public_text: Some("Work for all.".into()),
    };
    for (id, public_text) in [(1, new.public_text.clone()), (2, None)] {
        let request = MaintenanceRequest {
            id: uuid::Uuid::from_u128(id),
            actor: me.clone(),
            at: now,
            expected: None,
            change: MaintenanceChange::Create(NewWindow { public_text, ..new.clone() }),
        };
        server.store.change_maintenance(&request).await.unwrap();
    }
    done
}

#[tokio::test]
async fn no_file_has_a_text_that_is_not_public() {
    let server = TestServer::new().await;
    let done = fill(&server).await;
    // A command that the rules refuse on a new incident, such as a reopening, leaves no text.
    assert!(done >= 20, "{done} kinds were carried out");
    let page = page(&server).await;
    assert_eq!(page.incidents.len(), CommandKind::ALL.len());
    assert_eq!((page.components.len(), page.maintenance.len()), (1, 1));
    for PublicFile { path, content, .. } in page.files() {
        assert!(!content.contains(MARKER), "{path}:\n{content}");
        assert!(!content.contains("INC-"), "{path}");
    }
    let html = page.to_html();
    for expected in ["Words for all.", "Name for all", "Shop", "Work for all."] {
        assert!(html.contains(expected), "{expected}");
    }
}

#[tokio::test]
async fn files_are_written_once_until_something_changes() {
    let server = TestServer::new().await;
    fill(&server).await;
    let folder = server.path("public/status");
    let first = page(&server).await;
    let written = write_site(&folder, &first).unwrap();
    assert_eq!((written.files, written.made_at), (8, first.made_at));
    let mode = std::fs::metadata(folder.join("index.html")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    let html = std::fs::read_to_string(folder.join("index.html")).unwrap();
    assert_eq!(html, first.to_html());

    let made_at = first.made_at + TimeDelta::minutes(30);
    let later = StatusPage { made_at, ..first.clone() };
    let written = write_site(&folder, &later).unwrap();
    assert_eq!((written.files, written.made_at.timestamp()), (0, first.made_at.timestamp()));

    let changed = StatusPage { title: "Another".into(), ..later.clone() };
    assert_eq!(write_site(&folder, &changed).unwrap().files, 8);

    let made_at = made_at + TimeDelta::hours(1);
    let old = StatusPage { made_at, ..changed };
    assert_eq!(write_site(&folder, &old).unwrap().files, 8, "a page says that it is written");
    let entries: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(entries.len(), 3, "{entries:?}");
}

#[tokio::test]
async fn served_page_needs_no_token() {
    let shared = SharedSite::default();
    let site = shared.clone();
    let server = TestServer::with(|options| options.settings.status_page = Some(site)).await;
    assert_eq!(fetch(server.request("GET", "/status/")).await.status, 404);
    shared.set(page(&server).await.files());
    let html = fetch(server.request("GET", "/status/")).await;
    assert_eq!(html.status, 200);
    assert_eq!(html.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(html.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let summary = fetch(server.request("GET", "/status/api/v2/summary.json")).await;
    let summary: Value = summary.json();
    assert_eq!(summary["status"]["indicator"], "none");
    let tag = html.header("etag").unwrap();
    let again = fetch(server.request("GET", "/status/").header("if-none-match", tag)).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let named = fetch(server.request("GET", "/status")).await;
    assert_eq!((named.status, named.body), (200, html.body.clone()));
    for path in ["/status/api/v2/secrets.json", "/status/../store.db"] {
        assert_eq!(fetch(server.request("GET", path)).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn server_without_a_page_serves_none() {
    let server = TestServer::new().await;
    let response = fetch(server.request("GET", "/status/")).await;
    response.refused(404, "not_found", "no status page");
    assert_eq!(fetch(server.request("GET", "/status")).await.status, 404);
}
