//! Publishes maintenance windows in other systems as scheduled maintenance.
//!
//! Each time in which a window mutes is one maintenance in the other system. It follows its window:
//! a changed text or time is corrected, and a maintenance whose window ends early, or is no longer
//! public, ends as well.

use chrono::{DateTime, Utc};

use super::claims::{Claim, Outcome, Progress, ShownWindow, Task};
use super::publishing::{Publishing, Records};
use crate::model::status_page::{MaintenanceState, PublicMaintenance};
use crate::outbound::SendError;
use crate::outbound::publisher::ScheduledWork;

/// The action for a window.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Action {
    /// It ends if the system has it: it was announced without an answer, and is not to be shown any more.
    Search(ShownWindow),
    /// It is announced.
    Announce(ShownWindow),
    /// It is corrected.
    Correct(ShownWindow),
    /// It ends.
    End(ShownWindow),
}

impl Action {
    fn window(&self) -> &ShownWindow {
        match self {
            Self::Search(window)
            | Self::Announce(window)
            | Self::Correct(window)
            | Self::End(window) => window,
        }
    }

    /// Returns the text by which the step is recognized after an attempt without a result.
    fn step(&self) -> String {
        match self {
            Self::Search(_) => "search".to_owned(),
            Self::Announce(window) => format!("announce {}", window.from.timestamp_millis()),
            Self::Correct(window) => format!("correct {}", window.from.timestamp_millis()),
            Self::End(_) => "end".to_owned(),
        }
    }
}

/// Publishes the windows of a page that are new or have changed. Returns when to try again.
pub(super) async fn publish(
    publishing: Publishing<'_>,
    records: &mut Records,
) -> Option<DateTime<Utc>> {
    let Publishing { engine, system, page, name } = publishing;
    let prefix = format!("{name}:maintenance:");
    let now = engine.clock.now();
    let mut work: Vec<(String, Option<Action>)> = Vec::new();
    for window in &page.maintenance {
        let key = format!("{prefix}{}", window.id);
        let before = Progress::of(records.get(&key));
        let action = action(&before, shown(publishing, window), window.state, now);
        work.push((key, action));
    }
    // A window that is no longer public ends in the other system as well.
    for (key, record) in records.iter().filter(|(key, _)| key.starts_with(&prefix)) {
        if !work.iter().any(|(other, _)| other == key) {
            let before = Progress::of(Some(record));
            let action =
                search(&before).or_else(|| before.window.and_then(|before| end(before, now)));
            work.push((key.clone(), action));
        }
    }
    let mut next: Option<DateTime<Utc>> = None;
    for (key, action) in work {
        let Some(action) = action else { continue };
        let record = records.remove(&key);
        let mut progress = Progress::of(record.as_ref());
        let was_sent = !progress.announcing.is_empty();
        if let Action::Announce(window) = &action
            && !progress.announcing.contains(window)
        {
            progress.announcing.push(window.clone());
        }
        let subject = format!("maintenance {}", key.trim_start_matches(&prefix));
        let step = action.step();
        let claim = Claim { engine, system, key: &key, step: &step, subject: &subject };
        let task = Work { publishing, key: &key, action, was_sent, now };
        match claim.run(record, progress, &task).await {
            Outcome::Published(_) => publishing.pause().await,
            Outcome::Later(at) => next = Some(next.map_or(at, |next| next.min(at))),
        }
    }
    next
}

/// Returns the maintenance to show for a window.
fn shown(publishing: Publishing<'_>, window: &PublicMaintenance) -> ShownWindow {
    let ids = publishing.system.publisher.components();
    let affected = window.components.iter();
    let components = affected
        .filter_map(|position| publishing.page.components.get(*position))
        .filter_map(|component| ids.get(&component.service).cloned());
    ShownWindow {
        name: window.name.clone(),
        text: window.text.clone(),
        from: window.from,
        until: window.until,
        components: components.collect(),
        is_ended: false,
    }
}

/// Returns the search for a window that was announced without an answer; `None` if there was an answer.
fn search(before: &Progress) -> Option<Action> {
    before.announcing.last().cloned().map(Action::Search)
}

/// Returns what is to be done about a window that has come as far as `before` in the system.
fn action(
    before: &Progress,
    window: ShownWindow,
    state: MaintenanceState,
    now: DateTime<Utc>,
) -> Option<Action> {
    let has_ended = state == MaintenanceState::Completed;
    if let Some(search) = search(before) {
        return Some(if has_ended { search } else { Action::Announce(window) });
    }
    match &before.window {
        // A window that ended before it was shown is history.
        None => (!has_ended).then_some(Action::Announce(window)),
        Some(before) if has_ended => end(before.clone(), now),
        // The previous occurrence has passed, and the window recurs.
        Some(before) if before.is_ended || before.until <= now && window.from >= before.until => {
            Some(Action::Announce(window))
        }
        Some(before) => (*before != window).then_some(Action::Correct(window)),
    }
}

/// Returns how a maintenance is ended early; `None` if its time has passed, or it was ended.
fn end(before: ShownWindow, now: DateTime<Utc>) -> Option<Action> {
    let is_shown = !before.is_ended && before.until > now;
    is_shown.then(|| {
        let from = before.from.min(now);
        Action::End(ShownWindow { is_ended: true, from, until: now, ..before })
    })
}

/// A window that requires an action.
struct Work<'a> {
    publishing: Publishing<'a>,
    key: &'a str,
    action: Action,
    /// Whether it was announced before without an answer.
    was_sent: bool,
    now: DateTime<Utc>,
}

impl Work<'_> {
    async fn publish(
        &self,
        progress: &mut Progress,
        may_have_arrived: bool,
    ) -> Result<(), SendError> {
        let publisher = &self.publishing.system.publisher;
        let mark = self.mark(self.action.window());
        match (&self.action, progress.remote.clone()) {
            (Action::Search(window), _) => {
                if let Some(id) = self.find(progress).await? {
                    let ended = end(window.clone(), self.now);
                    if let Some(ended) = ended.as_ref().map(Action::window) {
                        publisher.correct(&id, self.work(ended, &self.mark(ended))).await?;
                    }
                    progress.window = Some(ended.as_ref().map_or(window, Action::window).clone());
                }
            }
            (Action::Announce(window), _) => {
                let found = if self.was_sent || may_have_arrived {
                    self.find(progress).await?
                } else {
                    None
                };
                let work = self.work(window, &mark);
                match found {
                    // It may show an earlier form.
                    Some(id) => publisher.correct(&id, work).await?,
                    None => progress.remote = Some(publisher.announce(work).await?),
                }
                progress.window = Some(window.clone());
            }
            (Action::Correct(window) | Action::End(window), remote) => {
                if let Some(id) = remote {
                    publisher.correct(&id, self.work(window, &mark)).await?;
                }
                progress.window = Some(window.clone());
            }
        }
        progress.announcing.clear();
        Ok(())
    }

    /// Finds the window in a form in which it was sent, and notes its id there. Returns `None` if none has
    /// arrived.
    async fn find(&self, progress: &mut Progress) -> Result<Option<String>, SendError> {
        for window in progress.announcing.iter().rev() {
            // A previous occurrence has passed, and is not the one to announce.
            if matches!(self.action, Action::Announce(_)) && window.until <= self.now {
                continue;
            }
            let mark = self.mark(window);
            let work = self.work(window, &mark);
            if let Some(id) = self.publishing.system.publisher.find_work(work).await? {
                progress.remote = Some(id.clone());
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Returns the mark by which the system tells this window, at its time, from others.
    fn mark(&self, window: &ShownWindow) -> String {
        let id = self.key.rsplit(':').next().unwrap_or_default();
        format!("{id}-{}", window.from.timestamp())
    }

    fn work<'w>(&self, window: &'w ShownWindow, mark: &'w str) -> ScheduledWork<'w> {
        ScheduledWork {
            mark,
            name: &window.name,
            text: &window.text,
            from: window.from,
            until: window.until,
            components: &window.components,
            state: if window.is_ended {
                MaintenanceState::Completed
            } else if window.from <= self.now {
                MaintenanceState::InProgress
            } else {
                MaintenanceState::Scheduled
            },
        }
    }
}

impl Task for Work<'_> {
    async fn attempt(
        &self,
        progress: &mut Progress,
        may_have_arrived: bool,
    ) -> Result<(), SendError> {
        self.publish(progress, may_have_arrived).await
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn window(text: &str, from: i64, until: i64) -> ShownWindow {
        ShownWindow {
            name: "Shop: scheduled maintenance".into(),
            text: text.into(),
            from: at(from),
            until: at(until),
            components: Vec::new(),
            is_ended: false,
        }
    }

    /// Returns the progress of a window that the system shows.
    fn shown(window: ShownWindow) -> Progress {
        Progress { window: Some(window), ..Progress::default() }
    }

    #[test]
    fn window_is_announced_corrected_and_ended() {
        use MaintenanceState::{Completed, InProgress, Scheduled};
        let first = || window("slow", 10, 20);
        assert_eq!(
            action(&Progress::default(), first(), Scheduled, at(0)),
            Some(Action::Announce(first()))
        );
        assert_eq!(
            action(&Progress::default(), first(), InProgress, at(15)),
            Some(Action::Announce(first()))
        );
        assert_eq!(action(&Progress::default(), first(), Completed, at(25)), None);
        let before = shown(first());
        assert_eq!(action(&before, first(), InProgress, at(15)), None);
        let longer = window("slow", 10, 30);
        let expected = Some(Action::Correct(longer.clone()));
        assert_eq!(action(&before, longer, InProgress, at(15)), expected);
        // A maintenance that ends on time ends automatically in the other system.
        assert_eq!(action(&before, first(), Completed, at(20)), None);
        let ended = ShownWindow { is_ended: true, ..window("slow", 10, 15) };
        let expected = Some(Action::End(ended.clone()));
        assert_eq!(action(&before, window("slow", 10, 15), Completed, at(15)), expected);
        assert_eq!(action(&shown(ended.clone()), window("slow", 10, 15), Completed, at(16)), None);
        // One that has not begun ends immediately.
        let ended = ShownWindow { is_ended: true, ..window("slow", 5, 5) };
        assert_eq!(end(first(), at(5)), Some(Action::End(ended)));
    }

    #[test]
    fn window_that_comes_again_is_announced_again() {
        let (first, second) = (window("slow", 10, 20), || window("slow", 110, 120));
        let planned = MaintenanceState::Scheduled;
        let expected = Some(Action::Announce(second()));
        assert_eq!(action(&shown(first.clone()), second(), planned, at(20)), expected);
        // One that was moved before it began is the same one.
        let expected = Some(Action::Correct(second()));
        assert_eq!(action(&shown(first.clone()), second(), planned, at(5)), expected);
    }

    #[test]
    fn window_without_an_answer_is_announced_in_its_new_form() {
        use MaintenanceState::{Completed, Scheduled};
        let first = window("slow", 10, 20);
        let before = Progress { announcing: vec![first.clone()], ..Progress::default() };
        let moved = window("slower", 12, 30);
        let expected = Some(Action::Announce(moved.clone()));
        assert_eq!(action(&before, moved.clone(), Scheduled, at(5)), expected);
        // It may be shown although it has ended meanwhile.
        assert_eq!(action(&before, moved, Completed, at(31)), Some(Action::Search(first)));
    }
}
