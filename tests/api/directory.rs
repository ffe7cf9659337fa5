//! The parts of the directory, and who is on call.

use redphone::model::PersonRef;
use redphone::model::directory::{Directory, Team};
use redphone::model::oncall::Schedule;
use serde_json::json;

use crate::support::api::TestServer;

#[tokio::test]
async fn who_is_on_call_follows_from_the_schedules() {
    let server = TestServer::new().await;
    let schedule = |team: &str, rotation: &[&str]| -> Schedule {
        serde_json::from_value(json!({
            "team": team, "rotation": rotation,
            "starts_at": "2026-03-02T00:00:00Z", "turn_s": 86_400,
        }))
        .unwrap()
    };
    let people = vec![PersonRef::new("ines", "Ines Moreau"), PersonRef::new("tom", "Tom Varga")];
    let schedules = vec![
        schedule("payments", &["ines", "tom"]),
        schedule("edge", &["gone"]),
        schedule("db", &[]),
    ];
    let teams = vec![Team { name: "payments".into(), members: vec!["ines".into()] }];
    let directory = Directory { people, teams, schedules, ..Directory::default() };
    server.store.set_directory(&directory).await.unwrap();
    let get = async |path: &str| server.get(&server.read, path).await;
    let on_call = get("/v1/on-call?at=2026-03-03T12:00:00Z").await.json();
    assert_eq!(
        on_call,
        json!([
            {"team": "db"},
            // A person who is no longer in the directory is named by the handle.
            {"team": "edge", "person": {"handle": "gone", "name": "gone"}},
            {
                "team": "payments",
                "person": {"handle": "tom", "name": "Tom Varga"},
                "until": "2026-03-04T00:00:00Z",
            },
        ])
    );
    let one = get("/v1/on-call?team=Payments&at=2026-03-02T12:00:00Z").await.json();
    assert_eq!(one[0]["person"]["handle"], "ines");
    get("/v1/on-call?team=nobody").await.refused(404, "not_found", "has no schedule");
    let all = get("/v1/directory").await.json();
    for part in ["people", "teams", "services", "schedules", "policies"] {
        assert_eq!(get(&format!("/v1/{part}")).await.json(), all[part], "{part}");
    }
}
