//! Notices for owners of action items: one is due tomorrow, or is overdue.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::notice::Notice;
use super::reminder::ReminderSettings;
use crate::model::notification::ReminderKind;
use crate::model::review::ActionItem;
use crate::model::text::{sanitize, truncate};

/// The span of time ahead for which notices are returned.
const AHEAD: TimeDelta = TimeDelta::hours(26);
/// The hour of the day, in UTC, at which people learn it.
const HOUR: u32 = 9;
/// For how many days after the due day a notice of an overdue item is sent.
const OVERDUE_DAYS: u64 = 8;
/// The widest text of an item within a message.
const MAX_TEXT_WIDTH: usize = 300;

/// Returns the range of due days for which there may be notices at `now`: from the first up to, but
/// not including, the second.
#[must_use]
pub fn days_of_notices(now: DateTime<Utc>) -> (NaiveDate, NaiveDate) {
    let today = now.date_naive();
    let from = today.checked_sub_days(Days::new(OVERDUE_DAYS + 1)).unwrap_or(today);
    (from, today.checked_add_days(Days::new(4)).unwrap_or(today))
}

/// Returns the notices about action items, each with the number of its incident: for the owner of
/// an open one on the day before it is due, and on the day after. A changed due day causes another
/// notice.
#[must_use]
pub fn notices_of_action_items<'a>(
    items: impl IntoIterator<Item = (String, &'a ActionItem)>,
    settings: ReminderSettings,
    now: DateTime<Utc>,
) -> Vec<Notice> {
    if !settings.action_items {
        return Vec::new();
    }
    let mut notices = Vec::new();
    for (incident, item) in items {
        notices.extend(of_item(&incident, item).into_iter().flatten());
    }
    notices.retain(|notice| notice.until > now && notice.due <= now + AHEAD);
    notices
}

fn of_item(incident: &str, item: &ActionItem) -> Option<[Notice; 2]> {
    let (owner, day) = (item.owner.as_ref().filter(|_| !item.done)?, item.due?);
    let incident = sanitize(incident);
    let line = item.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = truncate(line.as_str(), MAX_TEXT_WIDTH);
    let (before, after) =
        (day.checked_sub_days(Days::new(1))?, day.checked_add_days(Days::new(1))?);
    let notice = |kind, due, until, text| Notice {
        kind,
        key: format!("{} {day}", item.id),
        person: owner.clone(),
        due,
        until,
        text,
        cover: None,
    };
    let last = day.checked_add_days(Days::new(OVERDUE_DAYS))?;
    Some([
        notice(
            ReminderKind::ActionItemDue,
            morning(before)?,
            after.and_time(NaiveTime::MIN).and_utc(),
            format!("An action item of {incident} is due on {day}: {text}"),
        ),
        notice(
            ReminderKind::ActionItemOverdue,
            morning(after)?,
            morning(last)?,
            format!("An action item of {incident} was due on {day} and is not done: {text}"),
        ),
    ])
}

fn morning(day: NaiveDate) -> Option<DateTime<Utc>> {
    Some(day.and_hms_opt(HOUR, 0, 0)?.and_utc())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use uuid::Uuid;

    use super::*;
    use crate::model::actor::PersonRef;
    use crate::model::review::ActionKind;

    fn item() -> ActionItem {
        ActionItem {
            id: Uuid::from_u128(7),
            text: "Alert on\nthe pool".into(),
            owner: Some(PersonRef::new("ines", "Ines Moreau")),
            due: "2026-03-10".parse().ok(),
            kind: ActionKind::Detect,
            done: false,
        }
    }

    fn at(time: &str) -> DateTime<Utc> {
        format!("{time}:00Z").parse().unwrap()
    }

    /// Returns the notices that are due at a time.
    fn due(item: &ActionItem, now: &str) -> Vec<ReminderKind> {
        let settings = ReminderSettings { action_items: true, ..ReminderSettings::default() };
        let notices = notices_of_action_items([("INC-12".to_owned(), item)], settings, at(now));
        notices.iter().filter(|one| one.due <= at(now)).map(|one| one.kind).collect()
    }

    #[rstest]
    #[case("2026-03-09T08:59", &[])]
    #[case("2026-03-09T09:00", &[ReminderKind::ActionItemDue])]
    #[case("2026-03-10T23:59", &[ReminderKind::ActionItemDue])]
    #[case("2026-03-11T00:00", &[])]
    #[case("2026-03-11T09:00", &[ReminderKind::ActionItemOverdue])]
    #[case("2026-03-18T08:59", &[ReminderKind::ActionItemOverdue])]
    #[case("2026-03-18T09:00", &[])]
    fn owner_learns_of_the_day_before_and_after(
        #[case] now: &str,
        #[case] expected: &[ReminderKind],
    ) {
        assert_eq!(due(&item(), now), expected);
        let (from, to) = days_of_notices(at(now));
        assert!(expected.is_empty() || (from <= item().due.unwrap() && item().due.unwrap() < to));
    }

    #[test]
    fn item_that_is_done_or_nobodys_has_no_notice() {
        let now = "2026-03-09T09:00";
        assert_eq!(due(&ActionItem { done: true, ..item() }, now), []);
        assert_eq!(due(&ActionItem { owner: None, ..item() }, now), []);
        assert_eq!(due(&ActionItem { due: None, ..item() }, now), []);
        let off = ReminderSettings::default();
        let item = item();
        assert_eq!(notices_of_action_items([("INC-12".to_owned(), &item)], off, at(now)), []);
    }

    #[test]
    fn another_day_is_another_notice() {
        let settings = ReminderSettings { action_items: true, ..ReminderSettings::default() };
        let keys = |item: &ActionItem, now: &str| -> Vec<String> {
            let all = notices_of_action_items([("INC-12".to_owned(), item)], settings, at(now));
            all.into_iter().map(|notice| notice.key).collect()
        };
        let first = keys(&item(), "2026-03-09T09:00");
        assert_eq!(first, keys(&item(), "2026-03-09T10:00"));
        let later = ActionItem { due: "2026-03-12".parse().ok(), ..item() };
        assert_ne!(first, keys(&later, "2026-03-11T09:00"));
        let text = &notices_of_action_items(
            [("INC-12".to_owned(), &item())],
            settings,
            at("2026-03-09T09:00"),
        )[0]
        .text;
        assert_eq!(text, "An action item of INC-12 is due on 2026-03-10: Alert on the pool");
    }
}
