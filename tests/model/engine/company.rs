//! The people called in the random week, and their contacts.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use redphone::model::PersonRef;
use redphone::model::directory::{Directory, Team};
use redphone::model::escalation::{Policy, PolicyLevel, Repeat, Target};
use redphone::model::notification::{Contact, ContactRule, Contacts, PersonContacts};
use redphone::model::oncall::Schedule;

/// The team whose incidents are muted by the maintenance windows of a week on a file.
pub const MUTED_TEAM: &str = "shop";

fn level(after_s: i64, call: Vec<Target>) -> PolicyLevel {
    PolicyLevel { after_s, call, ..PolicyLevel::default() }
}

fn person(handle: &str) -> Target {
    Target::Person(handle.into())
}

fn team(name: &str, members: &[&str]) -> Team {
    let members = members.iter().map(|member| (*member).to_owned()).collect();
    Team { name: name.into(), members }
}

/// Returns when the week begins.
pub fn start_of_week() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2031, 3, 24, 0, 0, 0).unwrap()
}

/// Returns the directory of the week.
pub fn directory() -> Directory {
    let payments = Policy {
        team: "payments".into(),
        levels: vec![
            level(0, vec![person("ines")]),
            level(300, vec![person("tomo"), Target::Team("platform".into())]),
        ],
        repeat: Some(Repeat { times: 2, every_s: 1800 }),
        at_end: Some(level(900, vec![person("boss"), Target::OnCall("payments".into())])),
        ..Policy::default()
    };
    let mut shared = level(120, vec![person("ines"), person("tomo")]);
    shared.round_robin = true;
    let levels = vec![shared, level(600, vec![Target::OnCall("platform".into())])];
    let platform = Policy { team: "platform".into(), levels, ..Policy::default() };
    Directory {
        people: ["ines", "tomo", "odile", "boss"].map(|name| PersonRef::new(name, name)).to_vec(),
        teams: vec![team("payments", &["ines", "tomo"]), team("platform", &["odile", "tomo"])],
        policies: vec![payments, platform],
        ..Directory::default()
    }
}

/// Returns the directory of the week on a file: besides, everybody of a level must acknowledge, somebody is
/// on call by turns of four hours, and there is the team that maintenance mutes.
pub fn directory_of_file() -> Directory {
    let mut directory = directory();
    let mut both = level(0, vec![person("ines"), Target::OnCall("core".into())]);
    both.all_must_acknowledge = true;
    let levels = vec![
        both,
        level(300, vec![Target::OnCall("core".into())]),
        level(900, vec![person("boss"), person("ines")]),
    ];
    directory.policies.push(Policy { team: "core".into(), levels, ..Policy::default() });
    let levels = vec![level(0, vec![person("ines")]), level(300, vec![person("tomo")])];
    directory.policies.push(Policy { team: MUTED_TEAM.into(), levels, ..Policy::default() });
    directory.schedules.push(Schedule {
        team: "core".into(),
        rotation: vec!["tomo".into(), "odile".into()],
        starts_at: start_of_week() - TimeDelta::days(1),
        turn_s: 4 * 3600,
        ..Schedule::default()
    });
    directory.teams.push(team("core", &["ines", "tomo", "odile"]));
    directory.teams.push(team(MUTED_TEAM, &["ines", "tomo"]));
    directory
}

/// Returns how the people are reached.
pub fn contacts() -> Contacts {
    let contact = |channel: &str| Contact {
        name: channel.into(),
        channel: channel.into(),
        address: format!("to-{channel}"),
    };
    let rule = |after_s, contact: &str| ContactRule { after_s, contact: contact.into() };
    let person = |handle: &str, channels: &[&str]| PersonContacts {
        person: handle.into(),
        contacts: channels.iter().map(|channel| contact(channel)).collect(),
        ..PersonContacts::default()
    };
    let ines = PersonContacts {
        urgent: vec![rule(0, "flaky"), rule(60, "good"), rule(120, "slow")],
        ..person("ines", &["good", "flaky", "slow"])
    };
    Contacts { people: vec![ines, person("tomo", &["slow", "good"]), person("odile", &["flaky"])] }
}
