//! The part of a story after the resolution: reopening, closing, and the review of a severe
//! incident.

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Timelike, Utc, Weekday};

use crate::model::checklist::{Answer, ClosingItem, Item};
use crate::model::review::{ActionItem, Section};
use crate::model::{Actor, IncidentCommand, Priority};

use super::super::dice::seconds;
use super::StoryWriter;

impl StoryWriter<'_> {
    /// Sometimes reopens the incident and resolves it again. Returns the time of the last
    /// resolution, and who leads the incident then.
    pub(super) fn maybe_reopen(
        &mut self,
        resolved: DateTime<Utc>,
        lead: Actor,
    ) -> (DateTime<Utc>, Actor) {
        let reopened_at = resolved + seconds(self.dice.log_normal(1500.0, 0.6));
        let resolved_again_at = reopened_at + seconds(self.dice.log_normal(2400.0, 0.6));
        let is_too_late = self.subject.ends_by.unwrap_or(self.setting.now) < resolved_again_at;
        if is_too_late || !self.dice.chance(0.03) {
            return (resolved, lead);
        }
        let reason = self.fill_one_of(&self.texts.reasons.reopen);
        self.step(reopened_at, &lead, IncidentCommand::Reopen { reason });
        let notes = &self.templates.found;
        self.note(reopened_at + (resolved_again_at - reopened_at) / 2, &lead, notes);
        self.resolve(resolved_again_at, &lead);
        (resolved_again_at, lead)
    }

    pub(super) fn close(&mut self, resolved: DateTime<Utc>, lead: &Actor) {
        let is_severe = self.priority <= Priority::P2;
        if is_severe {
            let message = self.fill_one_of(&self.texts.updates.resolved);
            let at = resolved + TimeDelta::seconds(self.dice.between(60, 500));
            self.step(
                at,
                lead,
                IncidentCommand::UpdateStakeholders { message, next_due: None, public: None },
            );
        }
        let wait = if is_severe { 5.0 * 3600.0 } else { 26.0 * 3600.0 };
        let at = resolved + seconds(600.0 + self.dice.log_normal(wait, 0.6));
        let mut at = self.next_office_time(at);
        let reasons = &self.texts.reasons;
        for item in ClosingItem::ALL {
            let answer = match item {
                ClosingItem::FinalUpdate if !is_severe && self.dice.chance(0.7) => {
                    Answer::Waived(reasons.waive_final_update.clone())
                }
                ClosingItem::FollowUp if self.dice.chance(0.15) => {
                    Answer::Waived(reasons.waive_follow_up.clone())
                }
                _ => Answer::Yes,
            };
            self.step(at, lead, IncidentCommand::AnswerItem { item: Item::Closing(*item), answer });
            at += TimeDelta::seconds(self.dice.between(2, 40));
        }
        self.step(at, lead, IncidentCommand::Close);
    }

    /// Adds the review of a severe incident.
    pub(super) fn review(&mut self, resolved: DateTime<Utc>, lead: &Actor) {
        let share = match self.priority {
            Priority::P1 => 0.95,
            Priority::P2 => 0.5,
            _ => 0.0,
        };
        if !self.dice.chance(share) {
            return;
        }
        let at = resolved + seconds(self.dice.log_normal(2.2 * 86_400.0, 0.4));
        let mut at = self.next_office_time(at);
        for section in &Section::REQUIRED {
            let text = self.review_section(*section, resolved);
            self.step(at, lead, IncidentCommand::WriteReview { section: *section, text });
            at += TimeDelta::seconds(self.dice.between(60, 900));
        }
        for _ in 0..self.dice.between(1, 3) {
            let action = self.dice.pick(&self.texts.review.actions);
            let text = self.fill(&action.text);
            let handle = lead.person().map_or("", |p| p.handle.as_str()).to_owned();
            let due = at + TimeDelta::days(self.dice.between(7, 45));
            let item = ActionItem {
                id: self.dice.uuid_at(at),
                text,
                owner: Some(self.member(&handle).clone()),
                due: Some(due.date_naive()),
                kind: action.kind,
                done: due < self.setting.now && self.dice.chance(0.8),
            };
            self.step(at, lead, IncidentCommand::SetActionItem { item });
            at += TimeDelta::seconds(self.dice.between(30, 200));
        }
        self.step(at, lead, IncidentCommand::PublishReview);
    }

    /// Returns `at` if it is within working hours, else a time on the next working morning.
    pub(super) fn next_office_time(&mut self, at: DateTime<Utc>) -> DateTime<Utc> {
        let mut day = at.date_naive();
        if at.hour() >= 17 {
            day += TimeDelta::days(1);
        }
        day += TimeDelta::days(match day.weekday() {
            Weekday::Sat => 2,
            Weekday::Sun => 1,
            _ => 0,
        });
        if day == at.date_naive() && at.hour() >= 7 {
            return at;
        }
        let morning = day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(8);
        morning + TimeDelta::seconds(self.dice.between(0, 3 * 3600))
    }

    pub(super) fn review_section(&mut self, section: Section, resolved: DateTime<Utc>) -> String {
        let lasted = crate::model::time::format_duration(resolved - self.reported);
        let texts = &self.texts.review;
        match section {
            Section::Summary => {
                let symptom = self.fill_one_of(&self.subject.fault.symptoms);
                texts.summary.replace("{symptom}", &symptom).replace("{lasted}", &lasted)
            }
            Section::Timeline => {
                let time = |at: DateTime<Utc>| at.time().format("%H:%M").to_string();
                texts
                    .timeline
                    .replace("{reported}", &time(self.reported))
                    .replace("{resolved}", &time(resolved))
            }
            Section::Impact => self.fill(&texts.impact),
            Section::RootCause => self.fill_one_of(&self.templates.found),
            Section::Resolution => {
                let fix = self.dice.pick(&self.templates.fixes);
                self.fill(&fix.text)
            }
            Section::Communication => self.fill(&texts.communication),
            Section::Gaps => self.fill(&texts.gaps),
            Section::Factors | Section::WentWell | Section::Unknown(_) => String::new(),
        }
    }
}
