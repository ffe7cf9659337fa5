//! Calendars as other programs write them.

use chrono::{DateTime, Utc};
use rstest::rstest;

use super::*;
use crate::model::PersonRef;
use crate::model::oncall::Zone;

fn people() -> Vec<PersonRef> {
    ["ines Ines Moreau", "tomo Tomo Hayashi", "lea Léa Fontanel"]
        .iter()
        .map(|text| text.split_once(' ').unwrap())
        .map(|(handle, name)| PersonRef::new(handle, name))
        .collect()
}

fn at(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap()
}

/// Reads entries, of which each is given by its lines, over March and April 2026.
fn read(entries: &str, zone: Option<&str>) -> CalendarReading {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{entries}END:VCALENDAR\r\n");
    let zone = zone.map(|name| Zone::find(name).unwrap());
    let own = people();
    let mails = vec![("i.moreau@example.com".to_owned(), "ines".to_owned())];
    let people = CalendarPeople { people: &own, mails };
    let span = (at("2026-03-01T00:00"), at("2026-05-01T00:00"));
    read_calendar(&text, zone.as_ref(), &people, span).unwrap()
}

fn entry(lines: &str) -> String {
    format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", lines.replace('\n', "\r\n"))
}

/// Returns the shifts as texts.
fn shifts(reading: &CalendarReading) -> Vec<String> {
    let text = |at: DateTime<Utc>| at.format("%m-%d %H:%M").to_string();
    let shifts = reading.shifts.iter();
    shifts.map(|one| format!("{} {}..{}", one.person, text(one.from), text(one.to))).collect()
}

#[test]
fn google_calendar_of_weeks_is_read_across_a_clock_change() {
    let weeks = entry(
        "DTSTART;TZID=Europe/Berlin:20260302T090000\nDTEND;TZID=Europe/Berlin:20260309T090000\n\
         RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3\nDTSTAMP:20260201T000000Z\nUID:a@google.com\n\
         ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;CN=\"Moreau; I\":mailto:I.Moreau@\n \
         example.com\nSEQUENCE:0\nSTATUS:CONFIRMED\nSUMMARY:On call\nTRANSP:OPAQUE",
    );
    let reading = read(&weeks, None);
    assert_eq!(
        shifts(&reading),
        [
            "ines 03-02 08:00..03-09 08:00",
            "ines 03-16 08:00..03-23 08:00",
            "ines 03-30 07:00..04-06 07:00"
        ]
    );
    assert_eq!(reading.problems, [""; 0]);
}

#[test]
fn outlook_zone_and_exceptions_are_read() {
    let daily = entry(
        "UID:b\nDTSTART;TZID=\"W. Europe Standard Time\":20260310T180000\n\
         DTEND;TZID=\"W. Europe Standard Time\":20260311T090000\n\
         RRULE:FREQ=DAILY;UNTIL=20260313T170000Z\n\
         EXDATE;TZID=\"W. Europe Standard Time\":20260311T180000\nSUMMARY:Tomo Hayashi",
    );
    let moved = entry(
        "UID:b\nRECURRENCE-ID;TZID=\"W. Europe Standard Time\":20260312T180000\n\
         DTSTART;TZID=\"W. Europe Standard Time\":20260312T200000\n\
         DTEND;TZID=\"W. Europe Standard Time\":20260313T090000\nSUMMARY:lea",
    );
    let cancelled = entry(
        "UID:b\nRECURRENCE-ID;TZID=\"W. Europe Standard Time\":20260313T180000\nSTATUS:CANCELLED\n\
         DTSTART;TZID=\"W. Europe Standard Time\":20260313T180000\nDURATION:PT15H\nSUMMARY:tomo",
    );
    let reading = read(&format!("{daily}{moved}{cancelled}"), None);
    assert_eq!(shifts(&reading), ["tomo 03-10 17:00..03-11 08:00", "lea 03-12 19:00..03-13 08:00"]);
}

#[test]
fn pagerduty_entries_are_read() {
    let shift = entry(
        "DTSTAMP:20260301T000000Z\nUID:Q1@pagerduty.com\nDTSTART;VALUE=DATE-TIME:20260302T080000Z\n\
         DTEND;VALUE=DATE-TIME:20260309T080000Z\nURL;VALUE=URI:https://example.pagerduty.com/x\n\
         ATTENDEE;CN=Lea Fontanel:mailto:lea@example.com\nSUMMARY:On Call - Léa Fontanel - Payments\n\
         BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nSUMMARY:tomo\nEND:VALARM",
    );
    assert_eq!(shifts(&read(&shift, None)), ["lea 03-02 08:00..03-09 08:00"]);
}

#[test]
fn attendee_who_declined_is_not_on_call() {
    let shift = entry(
        "UID:d\nDTSTART:20260302T080000Z\nDTEND:20260302T090000Z\nSUMMARY:Primary\n\
         ATTENDEE;CN=Tomo Hayashi;PARTSTAT=DECLINED:mailto:tomo@example.com\n\
         ATTENDEE;CN=Lea Fontanel;PARTSTAT=ACCEPTED:mailto:lea@example.com",
    );
    assert_eq!(shifts(&read(&shift, None)), ["lea 03-02 08:00..03-02 09:00"]);
}

#[test]
fn unknown_people_are_shown() {
    let reading = read(
        &entry("UID:c\nDTSTART:20260302T080000Z\nDTEND:20260302T090000Z\nSUMMARY:Somebody else"),
        None,
    );
    assert_eq!(shifts(&reading), ["Somebody else 03-02 08:00..03-02 09:00"]);
    assert_eq!(reading.problems, ["\"Somebody else\" is nobody of the directory"]);
}

#[test]
fn one_person_counts_where_entries_overlap() {
    let long = entry("UID:1\nDTSTART:20260302T000000Z\nDURATION:P1D\nSUMMARY:ines");
    let later = entry("UID:2\nDTSTART:20260302T080000Z\nDURATION:PT2H\nSUMMARY:tomo");
    let unknown = entry("UID:3\nDTSTART:20260302T140000Z\nDURATION:PT20H\nSUMMARY:who?");
    assert_eq!(
        shifts(&read(&format!("{long}{later}{unknown}"), None)),
        [
            "ines 03-02 00:00..03-02 08:00",
            "tomo 03-02 08:00..03-02 10:00",
            "ines 03-02 10:00..03-03 00:00",
            "who? 03-03 00:00..03-03 10:00",
        ]
    );
}

#[rstest]
#[case::day("DTSTART;VALUE=DATE:20260328", "ines 03-27 23:00..03-28 23:00")]
#[case::day_of_23_hours("DTSTART;VALUE=DATE:20260329", "ines 03-28 23:00..03-29 22:00")]
#[case::floating("DTSTART:20260402T090000\nDURATION:PT1H", "ines 04-02 07:00..04-02 08:00")]
#[case::path(
    "DTSTART;TZID=/freeassociation.sourceforge.net/Tzfile/America/New_York:20260402T090000\n\
     DURATION:P1DT2H",
    "ines 04-02 13:00..04-03 15:00"
)]
fn times_are_those_of_their_zone(#[case] times: &str, #[case] expected: &str) {
    let reading = read(&entry(&format!("UID:d\n{times}\nSUMMARY:ines")), Some("Europe/Berlin"));
    assert_eq!(shifts(&reading), [expected]);
}

#[rstest]
#[case("FREQ=DAILY;COUNT=3", &["04-01", "04-02", "04-03"])]
#[case("FREQ=DAILY;INTERVAL=10;UNTIL=20260421", &["04-01", "04-11", "04-21"])]
#[case("FREQ=WEEKLY;BYDAY=WE,FR;COUNT=4", &["04-01", "04-03", "04-08", "04-10"])]
#[case("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,WE;WKST=SU;COUNT=4", &["04-01", "04-12", "04-15", "04-26"])]
#[case("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,WE;WKST=MO;COUNT=4", &["04-01", "04-05", "04-15", "04-19"])]
#[case("FREQ=MONTHLY;BYMONTHDAY=1,-1", &["04-01", "04-30"])]
#[case("FREQ=MONTHLY;BYDAY=1WE,-1FR", &["04-01", "04-24"])]
#[case("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", &["04-01", "04-30"])]
#[case("FREQ=YEARLY;BYMONTH=4;BYDAY=2TH", &["04-01", "04-09"])]
#[case("FREQ=HOURLY;INTERVAL=240", &["04-01", "04-11", "04-21"])]
fn rules_are_followed(#[case] rule: &str, #[case] expected: &[&str]) {
    let text =
        format!("UID:e\nDTSTART:20260401T080000Z\nDURATION:PT1H\nRRULE:{rule}\nSUMMARY:ines");
    let reading = read(&entry(&text), None);
    let days: Vec<String> =
        reading.shifts.iter().map(|shift| shift.from.format("%m-%d").to_string()).collect();
    assert_eq!(days, expected);
    assert_eq!(reading.problems, [""; 0]);
}

#[test]
fn what_is_not_understood_is_reported() {
    let text = "UID:f\nDTSTART:20260401T080000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY\nSUMMARY:ines";
    let reading = read(&entry(text), None);
    assert_eq!(reading.shifts.len(), 1);
    assert!(reading.problems[0].contains("FREQ=SECONDLY"), "{:?}", reading.problems);
    let zone = "UID:g\nDTSTART;TZID=Customized:20260401T080000\nDURATION:PT1H\nSUMMARY:ines";
    let reading = read(&entry(zone), None);
    assert!(reading.problems[0].contains("Customized"), "{:?}", reading.problems);
}

#[test]
fn rule_without_end_is_bounded() {
    let text = "UID:h\nDTSTART:20000101T000000Z\nDURATION:PT1M\n\
                RRULE:FREQ=HOURLY;BYMINUTE=0,10,20,30,40,50\nSUMMARY:ines";
    let many: String = (0..50).map(|_| entry(text)).collect();
    let reading = read(&many, None);
    assert!(reading.shifts.len() <= MAX_SHIFTS);
    assert!(!reading.problems.is_empty());
}

#[rstest]
#[case("", CalendarError::NoCalendar)]
#[case("<html>Sign in</html>", CalendarError::NoCalendar)]
#[case("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n", CalendarError::Incomplete)]
fn what_is_no_calendar_is_refused(#[case] text: &str, #[case] expected: CalendarError) {
    let people = CalendarPeople { people: &[], mails: Vec::new() };
    let span = (at("2026-03-01T00:00"), at("2026-05-01T00:00"));
    assert_eq!(read_calendar(text, None, &people, span), Err(expected));
}
