//! `selftest`: lets a marked alert go the way of any other, and says which steps happened and when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::Utc;
use serde::Serialize;
use tokio::time::sleep;
use uuid::Uuid;

use super::args::SelfTest;
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::out::{Out, Style, StyledLine};
use super::session::{IfMissing, open_store, resolve_person};
use crate::backend::file::FileStore;
use crate::backend::{Backend, NotificationEntry, NotificationSearch};
use crate::model::alert::{AlertGroup, AlertReport, Overrides};
use crate::model::notification::NotificationState;
use crate::model::signals::levels_of;
use crate::model::status::Classification;
use crate::model::text::pad;
use crate::model::{
    Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, PersonRef, Status,
};

/// The kind of sender of the alert, its label, and who acts.
const MARK: &str = "self-test";
/// How long to wait between two reads.
const POLL_EVERY: Duration = Duration::from_millis(200);
/// The width of the names of steps.
const STEP_WIDTH: usize = 13;

/// A step, as `--json` prints it.
#[derive(Serialize)]
struct StepJson<'a> {
    step: &'a str,
    is_done: bool,
    ms: u64,
    text: &'a str,
}

/// A test that is under way.
struct Test<'a> {
    store: FileStore,
    out: &'a mut Out,
    is_json: bool,
    began: Instant,
    key: String,
    has_failed: bool,
}

/// Runs `selftest`.
pub async fn run(context: &mut Context, args: &SelfTest) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let store = open_store(config, IfMissing::Refuse, "selftest").await?;
    let directory = store.directory().await?;
    let person = args.person.as_deref().map(|handle| resolve_person(handle, &directory));
    let me = resolve_person(&config.me, &directory);
    let mut test = Test {
        store,
        out,
        is_json: args.json,
        began: Instant::now(),
        key: format!("{MARK}:{}", Uuid::now_v7()),
        has_failed: false,
    };
    let result = test.run(args, person, me).await;
    let has_failed = test.has_failed;
    test.store.close().await;
    result?;
    if has_failed {
        return Err(Failure::failed("the self-test has failed: a step did not happen in time"));
    }
    Ok(())
}

impl Test<'_> {
    async fn run(
        &mut self,
        args: &SelfTest,
        person: Option<PersonRef>,
        me: PersonRef,
    ) -> Result<(), Failure> {
        let declared = self.ingest(args, true).await?;
        let Some(id) = declared else {
            return self.report("alert", false, "it has declared no incident");
        };
        let row = self.store.incident(id).await?.incident.summary;
        self.report("alert", true, &format!("{} {} is declared", row.label(), row.priority))?;
        // Whatever is wrong, the incident ends.
        let notified = self.notify(args, person, id).await;
        let ended = self.end(args, me, id).await;
        notified.and(ended)
    }

    /// Sends the alert, firing or resolved. Returns its incident.
    async fn ingest(&self, args: &SelfTest, fires: bool) -> Result<Option<IncidentId>, Failure> {
        let now = Utc::now();
        let title = "Self-test of redphone: nothing has happened".to_owned();
        let report = AlertReport {
            key: MARK.to_owned(),
            is_firing: fires,
            starts_at: None,
            ends_at: (!fires).then_some(now),
            expires_at: None,
            title: title.clone(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            url: None,
        };
        let mut group = AlertGroup::new(MARK, "the self-test", self.key.clone(), vec![report]);
        group.overrides = Overrides {
            title: Some(title),
            service: args.service.clone(),
            levels: Some(levels_of(args.priority, &self.store.rules().matrix)),
            labels: vec![MARK.to_owned()],
            ..Overrides::default()
        };
        let outcome = self.store.ingest(&group, &Actor::Integration(MARK.to_owned())).await?;
        Ok(outcome.incident)
    }

    /// Calls the person, if one is named, and waits until somebody was notified.
    async fn notify(
        &mut self,
        args: &SelfTest,
        person: Option<PersonRef>,
        id: IncidentId,
    ) -> Result<(), Failure> {
        if let Some(person) = person {
            let text = format!("{} is called", person.handle);
            let command = IncidentCommand::Escalate {
                level: 1,
                to: vec![person],
                reason: Some("a self-test".to_owned()),
                automatic: None,
                all_must_acknowledge: false,
            };
            self.execute(id, command, Actor::Integration(MARK.to_owned())).await?;
            self.report("escalation", true, &text)?;
        } else {
            let level = self.wait(args, async |test: &Self| {
                let row = test.store.incident(id).await?.incident.summary;
                Ok::<_, Failure>((row.escalation > 0).then_some(row.escalation))
            });
            let level = level.await?;
            let Some(level) = level else {
                let text = "no level was called: is `redphone serve` running, and does the service \
                            have a policy?";
                return self.report("escalation", false, text);
            };
            self.report("escalation", true, &format!("level {level} is called"))?;
        }
        let sent = self.wait(args, async |test: &Self| {
            let entries = test.notifications(id).await?;
            let is_sent =
                |entry: &&NotificationEntry| entry.notification.state == NotificationState::Sent;
            Ok::<_, Failure>(entries.iter().find(is_sent).map(|entry| {
                format!("{} by {}", entry.notification.person.handle, entry.notification.way())
            }))
        });
        let sent = sent.await?;
        if let Some(text) = sent {
            return self.report("notification", true, &text);
        }
        let text = self.why_unsent(id).await?;
        self.report("notification", false, &text)
    }

    /// Reads until something is there, or the time is up.
    async fn wait<T>(
        &self,
        args: &SelfTest,
        read: impl AsyncFn(&Self) -> Result<Option<T>, Failure>,
    ) -> Result<Option<T>, Failure> {
        let until = self.began + Duration::from_secs(args.timeout.into());
        loop {
            if let Some(found) = read(self).await? {
                return Ok(Some(found));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            sleep(POLL_EVERY).await;
        }
    }

    async fn notifications(&self, id: IncidentId) -> Result<Vec<NotificationEntry>, Failure> {
        let search = NotificationSearch {
            incident: Some(id),
            person: None,
            states: Vec::new(),
            limit: 100,
            after: None,
        };
        Ok(self.store.notifications(&search).await?.rows)
    }

    /// Says why nobody was notified.
    async fn why_unsent(&self, id: IncidentId) -> Result<String, Failure> {
        let entries = self.notifications(id).await?;
        let Some(entry) = entries.first() else {
            return Ok("nobody is to be notified: is `redphone serve` running, with channels and \
                       contacts in its settings?"
                .to_owned());
        };
        let time = |at: chrono::DateTime<Utc>| at.format("%H:%M:%S UTC").to_string();
        let notification = &entry.notification;
        Ok(format!("{} {}", notification.person.handle, notification.outcome_text(time)))
    }

    /// Acknowledges and ends the incident.
    async fn end(&mut self, args: &SelfTest, me: PersonRef, id: IncidentId) -> Result<(), Failure> {
        let text = format!("by {}", me.handle);
        let row = self.store.incident(id).await?.incident.summary;
        // Somebody may have been faster.
        if row.acknowledged_at.is_none() && row.status == Status::Triggered {
            self.execute(id, IncidentCommand::Acknowledge, Actor::Person(me)).await?;
        }
        self.report("acknowledged", true, &text)?;
        self.ingest(args, false).await?;
        let command = IncidentCommand::Reclassify {
            to: Classification::ServiceRequest,
            reason: "a self-test".to_owned(),
        };
        self.execute(id, command, Actor::Integration(MARK.to_owned())).await?;
        self.report("ended", true, "it is reclassified, so that no measure counts it")
    }

    async fn execute(
        &self,
        id: IncidentId,
        command: IncidentCommand,
        actor: Actor,
    ) -> Result<(), Failure> {
        let command = Command::incident(id, command);
        let (at, command_id) = (Utc::now(), CommandId::new());
        let envelope = Envelope { id: command_id, at, actor, command, expected_seq: None };
        self.store.execute(&envelope).await?;
        Ok(())
    }

    /// Prints a step, and notes one that did not happen.
    fn report(&mut self, step: &str, is_done: bool, text: &str) -> Result<(), Failure> {
        self.has_failed |= !is_done;
        let elapsed = self.began.elapsed();
        if self.is_json {
            let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            return json::print(self.out, &StepJson { step, is_done, ms, text });
        }
        let time = format!("{:6.2} s  ", elapsed.as_secs_f64());
        let mut line = StyledLine::new(time, Style::Dim);
        line.push(pad(step, STEP_WIDTH), Style::Plain);
        line.push(text, if is_done { Style::Plain } else { Style::Alarm });
        self.out.styled_line(&line)?;
        self.out.flush()
    }
}
