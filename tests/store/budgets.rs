//! Error budgets that are used too fast: an incident for each objective and window.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::{Backend, Ledger, SettledBudgets};
use redphone::model::measures::pages::Objective;
use redphone::model::status::ResolutionAction;
use redphone::model::{
    IncidentCommand, IncidentId, IncidentNumber, Priority, Rules, Status, Summary,
};
use tempfile::{TempDir, tempdir};

use super::fixtures::{ask, declaration, open, options};

struct Scene {
    folder: TempDir,
    store: FileStore,
}

fn rules(alert: bool) -> Rules {
    let objective =
        Objective { service: "checkout".into(), allowed_ppm: 1000, window_days: 30, alert };
    Rules { objectives: vec![objective], ..Rules::default() }
}

impl Scene {
    async fn new(alert: bool) -> Self {
        let folder = tempdir().unwrap();
        let options = redphone::backend::file::Options { rules: rules(alert), ..options() };
        let store = FileStore::open(&folder.path().join("store.db"), options).await.unwrap();
        Self { folder, store }
    }

    /// Declares a P2 of the checkout, and returns the time two minutes after it was detected.
    async fn outage(&self) -> (IncidentId, DateTime<Utc>) {
        let id = IncidentId::new();
        let command = IncidentCommand::Declare(Box::new(declaration("Cards fail")));
        let outcome = self.store.execute(&ask(id, command)).await.unwrap();
        let row = outcome.row.unwrap();
        assert_eq!(row.priority, Priority::P2);
        (id, row.detected_at + TimeDelta::minutes(2))
    }

    async fn settle(&self, now: DateTime<Utc>) -> SettledBudgets {
        self.store.settle_budgets(now).await.unwrap()
    }

    async fn row(&self, number: u64) -> Summary {
        let id = self.store.find_by_number(IncidentNumber(number)).await.unwrap();
        self.store.incident(id).await.unwrap().incident.summary
    }

    async fn resolve(&self, id: IncidentId) {
        let command = IncidentCommand::Resolve {
            action: ResolutionAction::Restart,
            detail: "restarted".into(),
            validation: "cards work".into(),
        };
        self.store.execute(&ask(id, command)).await.unwrap();
    }
}

#[tokio::test]
async fn fast_burn_declares_an_incident_once_and_ends_it() {
    let scene = Scene::new(true).await;
    let quiet = scene.settle(Utc::now()).await;
    assert_eq!((quiet.declared, quiet.ended), (0, 0));
    // Two minutes of an hour are 33 times what 99.9 % allows, and of six hours 5.5 times.
    let (id, now) = scene.outage().await;
    let settled = scene.settle(now).await;
    assert_eq!((settled.declared, settled.ended), (1, 0));
    assert_eq!(settled.next, Some(now + TimeDelta::minutes(1)));
    let row = scene.row(2).await;
    assert_eq!((row.priority, row.services), (Priority::P2, vec!["checkout".to_owned()]));
    assert!(row.title.starts_with("The error budget of checkout is used "), "{}", row.title);
    assert_eq!(scene.settle(now + TimeDelta::seconds(5)).await.declared, 0, "it still burns");

    scene.resolve(id).await;
    // Nothing of the last half hour was downtime then.
    let later = now + TimeDelta::minutes(40);
    let settled = scene.settle(later).await;
    assert_eq!((settled.declared, settled.ended), (0, 1));
    assert_eq!(scene.row(2).await.status, Status::Resolved);
    assert_eq!(scene.settle(later).await.ended, 0);
}

#[tokio::test]
async fn slow_burn_is_an_incident_of_its_own() {
    let scene = Scene::new(true).await;
    let (_, now) = scene.outage().await;
    // After ten more minutes both windows are used too fast.
    let settled = scene.settle(now + TimeDelta::minutes(10)).await;
    assert_eq!(settled.declared, 2);
    assert_eq!(scene.row(3).await.priority, Priority::P3);
}

#[tokio::test]
async fn incident_of_a_budget_does_not_use_it_up() {
    let scene = Scene::new(true).await;
    let (id, now) = scene.outage().await;
    assert_eq!(scene.settle(now).await.declared, 1);
    scene.resolve(id).await;
    // The incident of the budget is P2 and still open.
    assert!(scene.row(2).await.status.is_open());
    assert_eq!(scene.settle(now + TimeDelta::hours(7)).await.ended, 1);
}

#[tokio::test]
async fn resolved_incident_is_not_declared_again_while_it_burns() {
    let scene = Scene::new(true).await;
    let (_, now) = scene.outage().await;
    assert_eq!(scene.settle(now).await.declared, 1);
    let row = scene.row(2).await;
    scene.resolve(row.id).await;
    assert_eq!(scene.settle(now + TimeDelta::seconds(5)).await.declared, 0);
}

#[tokio::test]
async fn programs_that_settle_at_once_declare_one_incident() {
    let scene = Scene::new(true).await;
    let (_, now) = scene.outage().await;
    let other = open(&scene.folder.path().join("store.db")).await;
    other.set_rules(rules(true));
    let (_, settled) = tokio::join!(scene.settle(now), other.settle_budgets(now));
    settled.unwrap();
    assert_eq!(scene.row(2).await.status, Status::Triggered);
    assert!(scene.store.find_by_number(IncidentNumber(3)).await.is_err());
    other.close().await;
}

#[tokio::test]
async fn budget_that_is_watched_no_more_ends_its_incident() {
    let scene = Scene::new(true).await;
    let (_, now) = scene.outage().await;
    assert_eq!(scene.settle(now).await.declared, 1);
    scene.store.set_rules(rules(false));
    assert_eq!(scene.settle(now).await, SettledBudgets { declared: 0, ended: 1, next: None });
    assert_eq!(scene.row(2).await.status, Status::Resolved);
}

#[tokio::test]
async fn objective_without_alert_declares_nothing() {
    let scene = Scene::new(false).await;
    let (_, now) = scene.outage().await;
    let later = now + TimeDelta::minutes(30);
    assert_eq!(scene.settle(later).await, SettledBudgets::default());
}
