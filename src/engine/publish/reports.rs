//! Sends scheduled reports, each once for each time at which it is due.
//!
//! The progress of a report is a record of the ledger. The program that replaces the record first
//! sends the report; its claim expires after a time. The record names each recipient before the
//! message is sent, so that a message that may have arrived is not sent again. If no program ran
//! when a report was due, it is sent once, late, and states that; of several that were missed only
//! the last one is sent.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::records::{read, store};
use crate::backend::report::read_report;
use crate::backend::{BackendError, PublicationRecord};
use crate::engine::backoff::Backoff;
use crate::engine::parts::{Parts, settings_changed};
use crate::engine::settings::EngineSettings;
use crate::model::Priority;
use crate::model::measures::pages::Dimension;
use crate::model::measures::report::MeasuresReport;
use crate::model::notification::{Contact, MessageKind, PersonContacts};
use crate::model::report_rule::{LATE_AFTER, ReportForm, ReportRule, STAKEHOLDERS};
use crate::model::text::sanitize;
use crate::outbound::site::write_document;
use crate::outbound::{MessageDocument, OutboundMessage, SendError};

/// The longest wait: a machine that was suspended is noticed after that time.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The shortest wait.
const MIN_WAIT: Duration = Duration::from_millis(200);
/// How long a claim lasts.
const CLAIM: TimeDelta = TimeDelta::minutes(15);
/// The number of attempts to send a report to a person, and the delay after each.
const ATTEMPTS: u32 = 6;
const RETRY: TimeDelta = TimeDelta::minutes(2);

/// The progress of a report.
#[derive(Clone, Serialize, Deserialize)]
struct Progress {
    /// When it was due.
    due: DateTime<Utc>,
    /// Whether nothing remains to be done.
    #[serde(default)]
    is_done: bool,
    /// The recipients to whom it was sent or is being sent, by the handles of the people and the
    /// names of their contacts.
    #[serde(default)]
    sent: Vec<(String, String)>,
    /// Whether it was written to its folder.
    #[serde(default)]
    is_written: bool,
    /// How often it was tried.
    #[serde(default)]
    attempts: u32,
    /// Until when no other program sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<DateTime<Utc>>,
    /// The last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Progress {
    fn done(due: DateTime<Utc>) -> Self {
        Self { is_done: true, ..Self::begun(due) }
    }

    fn begun(due: DateTime<Utc>) -> Self {
        Self {
            due,
            is_done: false,
            sent: Vec::new(),
            is_written: false,
            attempts: 0,
            next: None,
            error: None,
        }
    }

    fn record(&self, name: &str, now: DateTime<Utc>) -> PublicationRecord {
        // Texts and times can always be encoded.
        let body = serde_json::to_string(self).unwrap_or_default();
        PublicationRecord { name: name.to_owned(), at: now, body }
    }
}

/// Sends the reports of the settings.
pub(in crate::engine) struct Reports<'a> {
    engine: &'a Parts,
}

impl<'a> Reports<'a> {
    pub(in crate::engine) fn new(engine: &'a Parts) -> Self {
        Self { engine }
    }

    /// Runs until it is dropped.
    pub(in crate::engine) async fn run(self) -> Infallible {
        if !self.engine.receives_alerts {
            return pending().await;
        }
        let mut settings = self.engine.settings.subscribe();
        let mut backoff = Backoff::default();
        loop {
            let current = settings.borrow_and_update().clone();
            if current.publish.reports.is_empty() {
                settings_changed(&mut settings).await;
                continue;
            }
            let wait = match self.turn(&current).await {
                Ok(next) => {
                    backoff.reset();
                    let now = self.engine.clock.now();
                    let wait = next.map(|next| next.signed_duration_since(now));
                    let wait = wait.map_or(MAX_WAIT, |wait| wait.to_std().unwrap_or_default());
                    (wait + Duration::from_millis(1)).clamp(MIN_WAIT, MAX_WAIT)
                }
                Err(error) => backoff.wait_after(&error, "the reports"),
            };
            tokio::select! {
                () = self.engine.clock.sleep(wait) => {}
                _ = settings.changed() => {}
            }
        }
    }

    /// Sends due reports. Returns the next due time.
    async fn turn(&self, settings: &EngineSettings) -> Result<Option<DateTime<Utc>>, BackendError> {
        let mut next: Option<DateTime<Utc>> = None;
        for rule in settings.publish.reports.iter() {
            let due = self.consider(rule, settings).await?;
            next = next.into_iter().chain(due).min();
        }
        Ok(next)
    }

    /// Sends a report if it is due. Returns when it is due next, or tried again.
    async fn consider(
        &self,
        rule: &ReportRule,
        settings: &EngineSettings,
    ) -> Result<Option<DateTime<Utc>>, BackendError> {
        let now = self.engine.clock.now();
        let (name, next_due) = (format!("report:{}", rule.name), rule.next_due(now));
        let Some(due) = rule.last_due(now) else { return Ok(next_due) };
        let before = read(self.engine, &name).await?;
        let stored: Option<Progress> =
            before.as_ref().and_then(|record| serde_json::from_str(&record.body).ok());
        let Some(stored) = stored else {
            // A report that was due before it was configured is not sent.
            let first = Progress::done(due).record(&name, now);
            self.engine.ledger.replace_publication(before.as_ref(), &first).await?;
            return Ok(next_due);
        };
        let mut progress = if due > stored.due { Progress::begun(due) } else { stored };
        if progress.is_done {
            return Ok(next_due);
        }
        // A time further in the future was recorded before the clock was set back.
        if let Some(next) = progress.next.filter(|next| *next > now && *next <= now + CLAIM) {
            return Ok(Some(next));
        }
        progress.attempts = progress.attempts.saturating_add(1);
        progress.next = Some(now + CLAIM);
        let claim = progress.record(&name, now);
        if !store(self.engine, before.as_ref(), &claim).await {
            return Ok(Some(now + RETRY));
        }
        let work = Work { engine: self.engine, rule, settings, name: &name };
        Ok(work.run(progress, claim).await.or(next_due))
    }
}

/// A report that is being sent.
struct Work<'a> {
    engine: &'a Parts,
    rule: &'a ReportRule,
    settings: &'a EngineSettings,
    /// The name of the record.
    name: &'a str,
}

/// A report in its forms.
struct Made {
    title: String,
    markdown: String,
    html: String,
}

impl Work<'_> {
    /// Sends the report to the remaining recipients. Returns when to try again.
    async fn run(
        &self,
        mut progress: Progress,
        mut record: PublicationRecord,
    ) -> Option<DateTime<Utc>> {
        let sent = self.send_all(&mut progress, &mut record).await;
        let now = self.engine.clock.now();
        let name = sanitize(&self.rule.name);
        let error = match sent {
            Ok(None) => None,
            // Another program continues with it.
            Ok(Some(Stopped)) => return Some(now + CLAIM),
            Err(error) => Some(error),
        };
        match &error {
            None => tracing::info!("the report {name} was sent"),
            Some(error) => tracing::warn!("the report {name} was not sent to all: {error}"),
        }
        let has_ended = error.is_none() || progress.attempts >= ATTEMPTS;
        progress.is_done = has_ended;
        progress.next = (!has_ended).then_some(now + RETRY);
        progress.error = error;
        store(self.engine, Some(&record), &progress.record(self.name, now)).await;
        progress.next
    }

    async fn send_all(
        &self,
        progress: &mut Progress,
        record: &mut PublicationRecord,
    ) -> Result<Option<Stopped>, String> {
        let made = self.make(progress.due).await.map_err(|error| error.to_string())?;
        let mut failure = None;
        if !progress.is_written
            && let Some(folder) = self.rule.directory.clone()
        {
            let file = self.rule.file_name(progress.due);
            let text = match self.rule.form {
                ReportForm::Html => made.html.clone(),
                ReportForm::Markdown => made.markdown.clone(),
            };
            let written =
                tokio::task::spawn_blocking(move || write_document(&folder, &file, &text));
            match written.await {
                Ok(Ok(())) => progress.is_written = true,
                Ok(Err(error)) => failure = Some(format!("it can't be written: {error}")),
                Err(error) => failure = Some(error.to_string()),
            }
        }
        let settings = self.engine.with_stored(self.settings).await;
        let settings = settings.map_err(|error| error.to_string())?;
        for person in self.people() {
            let contacts = settings.contacts.of_person(&person);
            let Some(contact) = contacts.and_then(contact_for_reports) else {
                tracing::warn!("nobody can send the report to {}: no contact", sanitize(&person));
                continue;
            };
            let recipient = (person.clone(), contact.name.clone());
            if progress.sent.contains(&recipient) {
                continue;
            }
            // It is recorded before it is sent, as it may arrive from now on.
            progress.sent.push(recipient.clone());
            if !self.store_progress(progress, record).await {
                return Ok(Some(Stopped));
            }
            match settings
                .sender
                .send(&contact.channel, &contact.address, &self.message(&made))
                .await
            {
                Ok(_) => {}
                Err(SendError::Temporary { reason, .. }) => {
                    progress.sent.retain(|one| *one != recipient);
                    failure = Some(format!("{}: {reason}", sanitize(&person)));
                    if !self.store_progress(progress, record).await {
                        return Ok(Some(Stopped));
                    }
                }
                // Another attempt would be refused as well, or send it twice.
                Err(error) => {
                    tracing::warn!("the report is not sent to {}: {error}", sanitize(&person));
                }
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// Stores the progress. Returns `false` if another program has the report.
    async fn store_progress(
        &self,
        progress: &mut Progress,
        record: &mut PublicationRecord,
    ) -> bool {
        let now = self.engine.clock.now();
        progress.next = Some(now + CLAIM);
        let next = progress.record(self.name, now);
        let is_stored = store(self.engine, Some(&*record), &next).await;
        *record = next;
        is_stored
    }

    /// Returns the handles of the people who get the report, each once.
    fn people(&self) -> Vec<String> {
        let mut people: Vec<String> = Vec::new();
        for name in &self.rule.to {
            let all: &[String] = if name == STAKEHOLDERS {
                &self.settings.publish.stakeholders
            } else {
                std::slice::from_ref(name)
            };
            for handle in all {
                if !people.iter().any(|other| other.eq_ignore_ascii_case(handle)) {
                    people.push(handle.clone());
                }
            }
        }
        people
    }

    async fn make(&self, due: DateTime<Utc>) -> Result<Made, BackendError> {
        let (rule, now) = (self.rule, self.engine.clock.now());
        let window = (rule.window_at(due), rule.offsets_at(due));
        let about = (rule.teams.as_slice(), Dimension::Service);
        let (pages, records) = read_report(&*self.engine.backend, window, about, now).await?;
        let period = rule.period_at(due);
        let report = MeasuresReport {
            pages: &pages,
            by: Dimension::Service,
            records: Some(&records),
            period: period.as_deref(),
        };
        let late = if now - due > LATE_AFTER {
            format!(" (late: due {})", due.format("%Y-%m-%d %H:%M UTC"))
        } else {
            String::new()
        };
        let title = format!("{}: {}{late}", sanitize(&rule.name), report.title());
        Ok(Made { title, markdown: report.to_markdown(), html: report.to_html() })
    }

    fn message(&self, made: &Made) -> OutboundMessage {
        let html = match self.rule.form {
            ReportForm::Html => Some(made.html.clone()),
            ReportForm::Markdown => None,
        };
        OutboundMessage {
            id: Uuid::now_v7(),
            kind: MessageKind::Update,
            incident: None,
            text: made.markdown.clone(),
            url: None,
            actions: Vec::new(),
            reply_to: None,
            bundled: 0,
            document: Some(Arc::new(MessageDocument { title: made.title.clone(), html })),
        }
    }
}

/// Another program has the report.
struct Stopped;

/// Returns the contact for a person's reports: one of mail if there is one, otherwise the first one
/// for less urgent messages.
fn contact_for_reports(person: &PersonContacts) -> Option<&Contact> {
    let plan = person.plan(Priority::P4);
    let is_mail = |contact: &&Contact| {
        contact.address.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && host.contains('.') && !host.contains([':', '@'])
        })
    };
    let by_mail = plan.iter().map(|(_, contact)| *contact).find(is_mail);
    by_mail.or_else(|| plan.first().map(|(_, contact)| *contact))
}
