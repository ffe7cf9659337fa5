//! A program's report on a change, and its effect on the stored change.

use chrono::{DateTime, Utc};

use super::actor::Actor;
use super::change::{Change, ChangeApproval, ChangeKind, ChangeState};
use super::id::ChangeId;
use super::time;

/// A program's report on a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReportedChange {
    /// The id of the change, the same in all reports of it.
    pub id: ChangeId,
    /// The state that it is in since `at`.
    pub state: ChangeState,
    /// The title, on one line.
    pub title: String,
    /// The services that it touches.
    pub services: Vec<String>,
    /// The author of the change.
    pub by: Actor,
    /// Since when it is in this state.
    pub at: DateTime<Utc>,
    /// The page about it.
    pub url: Option<String>,
    /// The approval, if it is reported.
    pub approval: Option<ChangeApproval>,
}

impl ReportedChange {
    /// Returns the change after this report; `None` if the report is no news. `stored` is the
    /// change before.
    ///
    /// The result does not depend on the order in which the reports of a change arrive: it begins
    /// with the first report that it runs or has ended, and ends with the last report of an end.
    #[must_use]
    pub fn apply(&self, stored: Option<&Change>) -> Option<Change> {
        let at = time::truncate_to_second(self.at);
        let Some(stored) = stored else {
            return Some(Change {
                id: self.id,
                kind: ChangeKind::Deploy,
                title: self.title.clone(),
                services: self.services.clone(),
                by: self.by.clone(),
                starts_at: at,
                ends_at: is_end(self.state).then_some(at),
                state: self.state,
                url: self.url.clone(),
                approval: self.approval,
                extra: <_>::default(),
            });
        };
        let mut change = stored.clone();
        if self.state == ChangeState::Running || is_end(self.state) {
            let is_planned = stored.state == ChangeState::Planned;
            change.starts_at = if is_planned { at } else { stored.starts_at.min(at) };
            if is_planned {
                change.state = self.state;
            }
        }
        if self.state == ChangeState::Planned && stored.state == ChangeState::Planned {
            change.starts_at = stored.starts_at.min(at);
        }
        if is_end(self.state) {
            let before = stored.ends_at.map(|end| (end, rank(stored.state)));
            if before.is_none_or(|before| before < (at, rank(self.state))) {
                change.ends_at = Some(at);
                change.state = self.state;
            }
        }
        if change.url.is_none() {
            change.url.clone_from(&self.url);
        }
        // A request comes before its answer, and a refusal is the last word, in whatever order.
        change.approval = change.approval.max(self.approval);
        (change != *stored).then_some(change)
    }
}

/// Returns whether a change in a state has ended.
fn is_end(state: ChangeState) -> bool {
    rank(state) > 0
}

/// Returns which of two ends at the same time counts.
fn rank(state: ChangeState) -> u8 {
    match state {
        ChangeState::Planned | ChangeState::Running | ChangeState::Unknown(_) => 0,
        ChangeState::Done => 1,
        ChangeState::Failed => 2,
        ChangeState::RolledBack => 3,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use rstest::rstest;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn report(state: ChangeState, minute: i64) -> ReportedChange {
        ReportedChange {
            id: ChangeId(uuid::Uuid::from_u128(7)),
            state,
            title: "shop/checkout main".into(),
            services: vec!["checkout".into()],
            by: Actor::Integration("CI".into()),
            at: at(minute),
            url: Some("https://ci.example.net/7".into()),
            approval: None,
        }
    }

    fn fold(reports: &[&ReportedChange]) -> Change {
        let mut change = None;
        for report in reports {
            if let Some(next) = report.apply(change.as_ref()) {
                change = Some(next);
            }
        }
        change.expect("a change")
    }

    /// Returns all orders of numbers up to `count`.
    fn orders(count: usize) -> Vec<Vec<usize>> {
        if count == 0 {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for order in orders(count - 1) {
            for position in 0..count {
                let mut longer = order.clone();
                longer.insert(position, count - 1);
                all.push(longer);
            }
        }
        all
    }

    #[rstest]
    #[case::done(vec![(ChangeState::Planned, 1), (ChangeState::Running, 3), (ChangeState::Done, 9)], 3, Some(9), ChangeState::Done)]
    #[case::failed(vec![(ChangeState::Running, 3), (ChangeState::Failed, 4)], 3, Some(4), ChangeState::Failed)]
    #[case::again(vec![(ChangeState::Running, 3), (ChangeState::Failed, 4), (ChangeState::Done, 8)], 3, Some(8), ChangeState::Done)]
    #[case::no_begin(vec![(ChangeState::Planned, 1), (ChangeState::Done, 8)], 8, Some(8), ChangeState::Done)]
    #[case::running(vec![(ChangeState::Planned, 1), (ChangeState::Running, 3), (ChangeState::Running, 5)], 3, None, ChangeState::Running)]
    #[case::planned(vec![(ChangeState::Planned, 1)], 1, None, ChangeState::Planned)]
    fn order_and_repeats_change_nothing(
        #[case] states: Vec<(ChangeState, i64)>,
        #[case] starts: i64,
        #[case] ends: Option<i64>,
        #[case] state: ChangeState,
    ) {
        let reports: Vec<_> = states.into_iter().map(|(state, at)| report(state, at)).collect();
        for order in orders(reports.len()) {
            let mut sent: Vec<&ReportedChange> =
                order.iter().map(|index| &reports[*index]).collect();
            // Each is sent once more.
            sent.extend(sent.clone());
            let change = fold(&sent);
            let expected = (at(starts), ends.map(at), state);
            assert_eq!((change.starts_at, change.ends_at, change.state), expected, "{order:?}");
        }
    }

    #[test]
    fn approval_does_not_depend_on_the_order() {
        let with = |approval, minute| ReportedChange {
            approval: Some(approval),
            ..report(ChangeState::Planned, minute)
        };
        let (requested, approved) =
            (with(ChangeApproval::Requested, 1), with(ChangeApproval::Approved, 2));
        let running = report(ChangeState::Running, 3);
        for order in orders(3) {
            let all = [&requested, &approved, &running];
            let sent: Vec<&ReportedChange> = order.iter().map(|index| all[*index]).collect();
            let change = fold(&sent);
            assert_eq!(change.approval, Some(ChangeApproval::Approved), "{order:?}");
            assert_eq!(change.state, ChangeState::Running, "{order:?}");
        }
    }

    #[test]
    fn repeated_report_says_nothing_new() {
        let done = report(ChangeState::Done, 9);
        let change = fold(&[&done]);
        assert_eq!(done.apply(Some(&change)), None);
    }

    #[test]
    fn change_never_ends_before_it_begins() {
        let change = fold(&[&report(ChangeState::Running, 9), &report(ChangeState::Done, 4)]);
        assert_eq!((change.starts_at, change.ends_at), (at(4), Some(at(4))));
    }
}
