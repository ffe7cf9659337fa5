//! One layer of a schedule: a rotation of people.

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::day::local_second;
use super::hours::Hours;
use super::turn::Turn;

/// A rotation of people who take turns. All of its times are local times of the schedule's zone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Layer {
    /// The name, such as `nights`; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The people in the order in which they take turns.
    pub people: Vec<Member>,
    /// When the first turn begins. Before that the layer has nobody.
    pub starts: NaiveDateTime,
    /// When the layer ends; absent if it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<NaiveDateTime>,
    /// When a turn ends and the next one begins.
    pub turn: Turn,
    /// The hours of the week in which the layer counts; always if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Hours>,
}

/// A member of a rotation: a person, or an empty slot in which the layer has nobody.
///
/// A person who joins has turns from the first one on that does not begin before `from`. A person
/// who leaves during a turn is followed immediately by the next person of the rotation, who then
/// has their own turn too.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// The handle of the person; absent for an empty slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// From when on the person takes turns; absent if always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDateTime>,
    /// Until when the person takes turns; absent if always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDateTime>,
}

impl Member {
    /// Returns a member of the rotation for all time.
    #[must_use]
    pub fn of(handle: impl Into<String>) -> Self {
        Self { person: Some(handle.into()), ..Self::default() }
    }

    fn is_member_at(&self, local: i64) -> bool {
        self.from.is_none_or(|from| local_second(from) <= local)
            && self.until.is_none_or(|until| local < local_second(until))
    }

    fn edges(&self) -> impl Iterator<Item = i64> {
        self.from.into_iter().chain(self.until).map(local_second)
    }
}

impl Layer {
    /// Returns the person whom the layer has at a local time.
    pub(super) fn on_call(&self, local: i64) -> Option<&str> {
        if self.ends.is_some_and(|ends| local >= local_second(ends)) {
            return None;
        }
        if !self.hours.is_empty() && !self.hours.iter().any(|hours| hours.contains(local)) {
            return None;
        }
        let turn = self.turn.index_at(self.starts, local)?;
        let holder = self.holder_of(turn);
        let count = self.people.len();
        let first = holder.unwrap_or(0);
        (0..count)
            .filter_map(|step| self.people.get((first + step) % count))
            .find(|member| member.is_member_at(local))?
            .person
            .as_deref()
    }

    /// Returns the first local time after another at which the layer may have a different person.
    pub(super) fn next_change(&self, local: i64) -> Option<i64> {
        let starts = local_second(self.starts);
        if local < starts {
            return Some(starts);
        }
        let ends = self.ends.map(local_second);
        if ends.is_some_and(|ends| local >= ends) {
            return None;
        }
        // A rotation of one person never changes.
        let turn = (self.people.len() > 1)
            .then(|| self.turn.start_of(self.starts, self.turn.index_at(self.starts, local)? + 1))
            .flatten();
        let members = self.people.iter().flat_map(Member::edges);
        let hours = self.hours.iter().filter_map(|hours| hours.next_edge(local));
        members.chain(hours).chain(turn).chain(ends).filter(|change| *change > local).min()
    }

    /// Returns the index of the member whose turn it is; `None` before the first turn.
    ///
    /// Each turn is that of the member after the last one who had a turn, leaving out those who are
    /// no members when it begins.
    fn holder_of(&self, turn: i64) -> Option<usize> {
        let mut bounds: Vec<i64> = Vec::new();
        bounds.extend(self.people.iter().flat_map(Member::edges).map(|edge| self.turn_from(edge)));
        bounds.retain(|bound| *bound <= turn);
        bounds.push(0);
        bounds.sort_unstable();
        bounds.dedup();
        let mut last: Option<usize> = None;
        for (index, from) in bounds.iter().enumerate() {
            // From this turn up to the next bound, the members are the same.
            let end = bounds.get(index + 1).copied().unwrap_or(turn + 1);
            let Some(begins) = self.turn.start_of(self.starts, *from) else { continue };
            let active: Vec<usize> = (0..self.people.len())
                .filter(|index| self.people[*index].is_member_at(begins))
                .collect();
            if active.is_empty() {
                continue;
            }
            let next = last.map_or(0, |last| last + 1);
            let position = active.iter().position(|index| *index >= next).unwrap_or(0);
            let turns = usize::try_from(end - from - 1).unwrap_or(0);
            last = Some(active[(position + turns % active.len()) % active.len()]);
        }
        last
    }

    /// Returns the first turn that begins not before a local time.
    fn turn_from(&self, local: i64) -> i64 {
        let Some(turn) = self.turn.index_at(self.starts, local) else { return 0 };
        let begins = self.turn.start_of(self.starts, turn);
        if begins.is_some_and(|begins| begins >= local) { turn } else { turn + 1 }
    }
}
