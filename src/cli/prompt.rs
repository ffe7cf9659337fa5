//! `prompt`: prints a summary on one short line, for a shell's prompt or a status line.
//!
//! It only reads local data: a prompt must not wait for a network.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::args::Prompt;
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::local_state::{self, LocalState, Rows};
use crate::model::Priority;
use crate::model::coverage::coverage;
use crate::model::time::format_duration;

/// The age of the data from which on the line contains it.
const SHOWN_AGE: TimeDelta = TimeDelta::minutes(1);

/// The content of a prompt. Snoozed incidents are counted in `snoozed` alone.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
struct Glance {
    p1: usize,
    p2: usize,
    p3: usize,
    p4: usize,
    /// The number of unacknowledged incidents.
    unacknowledged: usize,
    /// The incidents that the person leads.
    me: usize,
    snoozed: usize,
    /// The teams for which the person is on call now, at the first level.
    on_call: Vec<String>,
    /// The commands that wait to be sent.
    unsent: usize,
    /// The commands that were refused.
    refused: usize,
    /// When the incidents were fetched; absent where they were read from the store itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<DateTime<Utc>>,
}

impl Glance {
    fn new(state: &LocalState, now: DateTime<Utc>) -> Self {
        let mut glance = Self { as_of: state.as_of, ..Self::default() };
        for row in state.open.iter().filter(|row| row.status.is_open()) {
            if row.is_snoozed(now) {
                glance.snoozed += 1;
                continue;
            }
            let counts = [&mut glance.p1, &mut glance.p2, &mut glance.p3, &mut glance.p4];
            if let Some(count) = counts.into_iter().nth(row.priority.index()) {
                *count += 1;
            }
            glance.unacknowledged += usize::from(row.acknowledged_at.is_none());
            let is_mine = row.assignee.as_ref().is_some_and(|who| who.handle == state.me.handle);
            glance.me += usize::from(is_mine);
        }
        let soon = now.checked_add_signed(TimeDelta::seconds(1)).unwrap_or(now);
        for team in coverage(&state.directory, now, soon) {
            let mut firsts = team.lines.iter().filter(|line| line.level == 1);
            let is_me = firsts.any(|line| {
                let person = line.at(now).and_then(|shift| shift.person.as_ref());
                person.is_some_and(|person| person.handle == state.me.handle)
            });
            if is_me {
                glance.on_call.push(team.team);
            }
        }
        glance.refused = state.unsent.iter().filter(|entry| entry.is_refused).count();
        glance.unsent = state.unsent.len() - glance.refused;
        glance
    }

    /// Returns the line; empty if nothing matters.
    fn line(&self, now: DateTime<Utc>) -> String {
        let mut parts = Vec::new();
        let counts = [
            (Priority::P1.as_str(), self.p1),
            (Priority::P2.as_str(), self.p2),
            ("me", self.me),
            ("unsent", self.unsent),
            ("refused", self.refused),
        ];
        let (before, after) = counts.split_at(3);
        let shown = |(name, count): &(&str, usize)| (*count > 0).then(|| format!("{name} {count}"));
        parts.extend(before.iter().filter_map(shown));
        if !self.on_call.is_empty() {
            parts.push("on call".to_owned());
        }
        parts.extend(after.iter().filter_map(shown));
        if let Some(age) = self.as_of.map(|at| now - at).filter(|age| *age > SHOWN_AGE) {
            parts.push(format!("{} old", format_duration(age)));
        }
        parts.join(" · ")
    }
}

/// Prints the line. Nothing is printed without content, or without a store.
pub(super) async fn run(context: &mut Context, args: Prompt) -> Result<(), Failure> {
    let Some(state) = local_state::read(&context.config, Rows::Open).await? else {
        return Ok(());
    };
    let now = Utc::now();
    let glance = Glance::new(&state, now);
    if args.json {
        return json::print(&mut context.out, &glance);
    }
    match glance.line(now) {
        line if line.is_empty() => Ok(()),
        line => context.out.line(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_what_is_not_zero_and_its_age() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let ago = |seconds| Some(now - TimeDelta::seconds(seconds));
        let teams = || vec!["payments".to_owned(), "db".to_owned()];
        let none = Glance::default;
        for (glance, line) in [
            (none(), ""),
            (Glance { p3: 4, p4: 1, snoozed: 2, unacknowledged: 5, ..none() }, ""),
            (Glance { p1: 2, me: 1, on_call: teams(), ..none() }, "P1 2 · me 1 · on call"),
            (Glance { p2: 3, unsent: 1, refused: 2, ..none() }, "P2 3 · unsent 1 · refused 2"),
            (Glance { p1: 1, as_of: ago(60), ..none() }, "P1 1"),
            (Glance { p1: 1, as_of: ago(61), ..none() }, "P1 1 · 1m old"),
            (Glance { as_of: ago(7500), ..none() }, "2h05 old"),
            // The clock was set back.
            (Glance { p1: 1, as_of: ago(-500), ..none() }, "P1 1"),
        ] {
            assert_eq!(glance.line(now), line, "{glance:?}");
        }
    }
}
