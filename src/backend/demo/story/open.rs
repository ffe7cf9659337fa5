//! The part of a story that has happened so far to an incident that is still open.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::change::Change;
use crate::model::{Actor, IncidentCommand, Status};

use super::super::data::Twist;
use super::StoryWriter;

impl StoryWriter<'_> {
    /// Writes the steps that have happened so far to an incident that is still open.
    pub(super) fn write_open(&mut self, stage: Status, twist: Twist, change: Option<&Change>) {
        let now = self.setting.now;
        let age = now - self.reported;
        let soon = now - TimeDelta::milliseconds(1500);
        if stage == Status::Triggered {
            self.call_levels(soon);
            self.repeat_alerts(soon.min(self.reported + age / 2), soon);
            return;
        }
        let handle = &self.setting.company.data.company.viewer;
        let viewer = self.setting.company.directory.person(handle).cloned();
        let lead = match (twist, viewer) {
            (Twist::Mine, Some(viewer)) => Actor::Person(viewer),
            // Only hand-written cases are led by the viewer.
            _ => match self.responder(self.reported) {
                Actor::Person(p) if p.handle == *handle => {
                    Actor::Person(self.member(handle).clone())
                }
                other => other,
            },
        };
        let (acknowledged, _) = self.response_times();
        let acknowledged = acknowledged.min(self.reported + age / 3);
        let work = soon - acknowledged;
        self.step(acknowledged, &lead, IncidentCommand::Acknowledge);
        self.repeat_alerts(acknowledged, soon);
        let lead = self.investigate(acknowledged, work, stage, &lead, change);
        self.ensure_stage(stage, soon, work, &lead);
        match twist {
            Twist::Unowned => self.step(soon, &lead, IncidentCommand::Assign { to: None }),
            Twist::Paused => {
                let reason = self.fill_one_of(&self.texts.reasons.pause);
                self.step(soon - work / 6, &lead, IncidentCommand::Pause { reason });
            }
            Twist::Snoozed => {
                let until = now + TimeDelta::hours(self.dice.between(3, 9));
                self.step(soon, &lead, IncidentCommand::Snooze { until });
            }
            Twist::Plain | Twist::Mine | Twist::Bare => {}
        }
    }

    /// Moves an open incident to its stage if the random steps before did not.
    pub(super) fn ensure_stage(
        &mut self,
        stage: Status,
        soon: DateTime<Utc>,
        work: TimeDelta,
        lead: &Actor,
    ) {
        let is_reached = self
            .steps
            .iter()
            .any(|s| matches!(&s.command, IncidentCommand::MoveStatus { to } if *to == stage));
        if stage > Status::Acknowledged && !is_reached {
            self.step(soon - work / 7, lead, IncidentCommand::MoveStatus { to: stage });
        }
    }
}
