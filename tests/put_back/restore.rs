//! A store that is restored by `restore`, or by a plain copy: clients report it and send their
//! commands again, nothing is lost and no number is used for two incidents.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use super::site::Site;

const PEOPLE: [&str; 3] = ["ines", "tom", "hana"];

/// How the store is put back while the server is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum How {
    Restore,
    Copy,
    /// On another machine, with no files next to it.
    CopyElsewhere,
}

/// Three people with sent and waiting commands, a store that is restored, and commands that are
/// sent again in the worst order: those that need an incident before its declaration.
fn put_back_and_send_again(how: How) {
    let mut site = Site::start(&[PEOPLE.as_slice(), &["otto"]].concat());
    site.declare("ines", 0, "from before");
    let backup = site.path("backup.db");
    let backed_up = site.host(&["backup", backup.to_str().unwrap()]);
    assert_eq!(backed_up.code, 0, "{backed_up:?}");
    assert!(backed_up.out.contains("1 incident"), "{backed_up:?}");
    if how != How::Restore {
        site.stop();
        std::fs::copy(site.store(), site.path("copy.db")).unwrap();
        site.serve();
    }
    // Work of an hour, of which the backup has nothing.
    site.declare("ines", 0, "by ines");
    site.declare("tom", 0, "by tom");
    let given = site.numbers();
    let (of_ines, of_tom) = (given["by ines"].to_string(), given["by tom"].to_string());
    site.expect("tom", 0, &["note", &of_ines, "tom on the one of ines"]);
    site.expect("hana", 0, &["ack", &of_ines]);
    site.expect("hana", 0, &["note", "1", "hana on the old one"]);
    // Data that was read is available offline, too.
    for name in ["hana", "ines"] {
        site.expect(name, 0, &["list"]);
    }
    site.stop();
    // And what waits.
    site.declare("hana", 5, "by hana, offline");
    site.expect("ines", 5, &["note", &of_tom, "ines offline"]);
    site.expect("hana", 5, &["note", &of_ines, "hana offline"]);
    match how {
        How::Restore => {
            let restored = site.host(&["restore", backup.to_str().unwrap()]);
            assert_eq!(restored.code, 0, "{restored:?}");
            assert!(restored.out.contains("put back to"), "{restored:?}");
        }
        How::Copy | How::CopyElsewhere => {
            std::fs::copy(site.path("copy.db"), site.store()).unwrap();
            if how == How::CopyElsewhere {
                std::fs::remove_file(site.path("store.db.high")).unwrap();
            }
        }
    }
    site.serve();
    for name in PEOPLE {
        let said = site.expect(name, 0, &["list"]).err;
        assert!(said.contains("the server was put back to"), "{name}: {said}");
        assert!(said.contains("outbox resend"), "{name}: {said}");
    }
    // Another person continues meanwhile.
    site.declare("otto", 0, "in the new generation");
    let mut told = String::new();
    for name in ["hana", "tom", "ines", "hana", "tom", "ines"] {
        let run = site.run(name, &["outbox", "resend"]);
        assert!([0, 5].contains(&run.code), "{name}: {run:?}");
        told += &run.err;
    }
    for name in PEOPLE {
        site.expect(name, 0, &["outbox", "send"]);
        let said = site.expect(name, 0, &["list"]).err;
        assert!(!said.contains("put back"), "it is told until it is decided: {said}");
    }
    let now = site.numbers();
    for title in ["from before", "by ines", "by tom", "by hana, offline", "in the new generation"] {
        assert!(now.contains_key(title), "{title} is lost: {now:?}");
    }
    let mut of_number: BTreeMap<u64, &String> = BTreeMap::new();
    for (title, number) in given.iter().chain(&now) {
        let other = of_number.insert(*number, title);
        assert!(other.is_none_or(|other| other == title), "INC-{number} is {title} and {other:?}");
    }
    assert!(told.contains(&format!("INC-{of_ines} is INC-{} now", now["by ines"])), "{told}");
    let record = site.show(now["by ines"]);
    for text in ["tom on the one of ines", "hana offline", "acknowledged"] {
        assert!(record.contains(text), "{text} is lost: {record}");
    }
    assert!(site.show(now["by tom"]).contains("ines offline"));
    assert!(site.show(1).contains("hana on the old one"));
    // Sent once more, nothing is done twice.
    for name in PEOPLE {
        site.run(name, &["outbox", "resend"]);
    }
    assert_eq!(site.numbers(), now);
    assert_eq!(site.show(now["by ines"]), record);
    let doctor = site.host(&["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor:?}");
}

#[test]
fn clients_send_again_what_a_restored_store_lacks() {
    put_back_and_send_again(How::Restore);
}

#[test]
fn clients_send_again_what_a_copied_store_lacks() {
    put_back_and_send_again(How::Copy);
}

#[test]
fn store_copied_to_another_machine_is_noticed_by_its_clients() {
    put_back_and_send_again(How::CopyElsewhere);
}

#[test]
fn backup_and_restore_refuse_what_would_lose_something() {
    let mut site = Site::start(&["ines"]);
    site.declare("ines", 0, "first");
    let backup = site.path("backup.db");
    let name = backup.to_str().unwrap();
    assert_eq!(site.host(&["backup", name]).code, 0);
    assert_eq!(std::fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&backup).unwrap();
    let again = site.host(&["backup", name]);
    assert!(again.code == 1 && again.err.contains("--force"), "{again:?}");
    assert_eq!(std::fs::read(&backup).unwrap(), before);
    site.declare("ines", 0, "second");
    assert_eq!(site.host(&["backup", "--force", name]).code, 0);
    let store = site.store();
    let itself = site.host(&["backup", "--force", store.to_str().unwrap()]);
    assert!(itself.code == 1 && itself.err.contains("the store itself"), "{itself:?}");
    let in_use = site.host(&["restore", name]);
    assert!(in_use.code == 4 && in_use.err.contains("is open: end the panes"), "{in_use:?}");
    site.declare("ines", 0, "third");
    site.stop();
    // No backup, a cut one, one of another program.
    let given = site.numbers();
    for (file, content) in [
        ("empty.db", Vec::new()),
        ("text.db", b"not a store".to_vec()),
        ("cut.db", before[..before.len() / 2].to_vec()),
    ] {
        std::fs::write(site.path(file), content).unwrap();
        let refused = site.host(&["restore", file]);
        assert!(refused.code == 4 && !refused.err.contains("panicked"), "{file}: {refused:?}");
        assert_eq!(site.numbers(), given, "{file}");
    }
    assert_eq!(site.host(&["restore", "missing.db"]).code, 4);
    // The tokens don't change, unless that is requested.
    assert_eq!(site.host(&["token", "revoke", "ines"]).code, 0);
    let restored = site.host(&["restore", name]);
    assert!(restored.code == 0 && restored.err.contains("--replace-tokens"), "{restored:?}");
    assert_eq!(site.numbers().len(), 2);
    assert!(site.host(&["token", "list"]).out.contains("revoked"));
    let restored = site.host(&["restore", "--replace-tokens", name]);
    assert_eq!(restored.code, 0, "{restored:?}");
    assert!(!site.host(&["token", "list"]).out.contains("revoked"));
    // The previous stores exist.
    let aside = std::fs::read_dir(site.path("")).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("store.db.before-")
    });
    assert_eq!(aside.count(), 2);
    let leftovers = std::fs::read_dir(site.path(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".tmp"));
    assert_eq!(leftovers.count(), 0);
}
