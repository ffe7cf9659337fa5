use rstest::rstest;

use super::*;
use crate::model::Priority;

fn own(name: &str, urgent: &[i64], rest: &[i64]) -> StoredContact {
    StoredContact {
        name: name.into(),
        channel: "push".into(),
        address: format!("{name}-topic"),
        urgent_after_s: urgent.to_vec(),
        rest_after_s: rest.to_vec(),
    }
}

fn stored(contacts: Vec<StoredContact>) -> StoredContacts {
    StoredContacts { contacts, ..StoredContacts::new("ines") }
}

fn of_settings(urgent: &[(i64, &str)]) -> Contacts {
    let contact = Contact { name: "mail".into(), channel: "mail".into(), address: "a".into() };
    let rule = |(after_s, name): &(i64, &str)| ContactRule {
        after_s: *after_s,
        contact: (*name).to_owned(),
    };
    let person = PersonContacts {
        person: "Ines".into(),
        contacts: vec![contact],
        urgent: urgent.iter().map(rule).collect(),
        ..PersonContacts::default()
    };
    Contacts { people: vec![person] }
}

fn plan(contacts: &Contacts, priority: Priority) -> Vec<(i64, String)> {
    let person = contacts.of_person("ines").unwrap();
    person.plan(priority).iter().map(|(at, c)| (*at, c.name.clone())).collect()
}

#[test]
fn own_contacts_join_those_of_the_settings() {
    let merged = of_settings(&[]).merged_with(&[stored(vec![own("phone", &[120], &[])])]);
    let names = |names: &[(i64, &str)]| {
        names.iter().map(|(at, name)| (*at, (*name).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(plan(&merged, Priority::P1), names(&[(0, "mail"), (120, "phone")]));
    assert_eq!(plan(&merged, Priority::P3), names(&[(0, "mail")]));
    assert_eq!(merged.people.len(), 1);
}

#[test]
fn settings_win_where_a_name_is_used_twice() {
    let mut set = stored(vec![own("mail", &[0], &[0])]);
    set.quiet = Some(QuietSpan { from: "22:00".into(), to: "07:00".into(), zone: None });
    let merged = of_settings(&[(60, "mail")]).merged_with(&[set]);
    let person = merged.of_person("ines").unwrap();
    assert_eq!((person.contacts.len(), person.contacts[0].address.as_str()), (1, "a"));
    assert_eq!(plan(&merged, Priority::P1), [(60, "mail".to_owned())]);
    assert!(person.quiet.is_some());
}

#[test]
fn contact_that_is_never_used_stays_unused() {
    let merged = Contacts::default().merged_with(&[stored(vec![own("phone", &[0], &[])])]);
    assert_eq!(plan(&merged, Priority::P2), [(0, "phone".to_owned())]);
    assert_eq!(plan(&merged, Priority::P4), []);
}

#[rstest]
#[case::duplicate(ContactChange::Add(own("phone", &[0], &[0])), "exists")]
#[case::blank(ContactChange::Add(own(" ", &[0], &[0])), "name")]
#[case::late(ContactChange::Add(own("sms", &[MAX_WAIT_S + 1], &[0])), "urgent_after_s")]
#[case::negative(ContactChange::Add(own("sms", &[0], &[-1])), "rest_after_s")]
#[case::absent(ContactChange::Remove("sms".into()), "none")]
#[case::no_time(
        ContactChange::Quiet(Some(QuietSpan { from: "25:00".into(), to: "07:00".into(), zone: None })),
        "from"
    )]
#[case::no_zone(
        ContactChange::Quiet(Some(QuietSpan {
            from: "22:00".into(), to: "07:00".into(), zone: Some("Mars/Base".into()),
        })),
        "zone"
    )]
fn bad_change_changes_nothing(#[case] change: ContactChange, #[case] expected: &str) {
    let before = stored(vec![own("phone", &[0], &[0])]);
    let mut after = before.clone();
    let problem = match after.apply(&change).unwrap_err() {
        ContactProblem::Field(bad) => bad.field,
        ContactProblem::NoContact(_) => "none",
        ContactProblem::Exists(_) => "exists",
    };
    assert_eq!((problem, after), (expected, before));
}

#[test]
fn patch_leaves_what_it_does_not_name() {
    let mut set = stored(vec![own("phone", &[0], &[0])]);
    let patch = ContactPatch {
        name: "phone".into(),
        rest_after_s: Some(Vec::new()),
        ..ContactPatch::default()
    };
    set.apply(&ContactChange::Change(patch)).unwrap();
    assert_eq!(set.contacts, [own("phone", &[0], &[])]);
    set.apply(&ContactChange::Remove("phone".into())).unwrap();
    assert!(set.is_empty());
}

#[test]
fn fields_of_later_versions_survive() {
    let json = serde_json::json!({
        "person": "ines", "language": "fr",
        "contacts": [{"name": "phone", "channel": "push", "urgent_after_s": [0],
                      "rest_after_s": [0], "label": "work"}],
    });
    let read: StoredContacts = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), json);
}
