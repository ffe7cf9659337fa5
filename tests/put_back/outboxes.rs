//! One outbox for one remote and one token, whatever the name of the address and the requester; and
//! a state folder that can't be written.

use super::site::Site;

fn titles(site: &Site) -> Vec<String> {
    site.numbers().into_keys().collect()
}

#[test]
fn offline_command_is_sent_under_any_spelling_and_account() {
    for (kept, sent) in [
        (("http://127.0.0.1", "ines"), ("http://127.0.0.1", "root")),
        (("http://127.0.0.1", "ines"), ("http://localhost", "tom")),
        (("http://LOCALHOST", "a"), ("http://127.0.0.1", "b")),
    ] {
        let mut site = Site::start(&["ines"]);
        site.stop();
        let token = site.token("ines");
        let env = |user| [("REDPHONE_TOKEN", token.as_str()), ("REDPHONE_USER", user)];
        let url = |host: &str| format!("{host}:{}", site.port());
        let declare = ["declare", "--title", "lost?", "--impact", "low", "--urgency", "low"];
        let run = site.run_with("home", &url(kept.0), &env(kept.1), &declare);
        assert_eq!(run.code, 5, "{run:?}");
        let url = url(sent.0);
        site.serve();
        let run = site.run_with("home", &url, &env(sent.1), &["outbox", "send"]);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(titles(&site), ["lost?"], "{kept:?} {sent:?}");
    }
}

#[test]
fn what_waits_for_another_remote_is_named_at_each_start() {
    let mut site = Site::start(&["ines", "tom"]);
    let token = site.token("ines");
    let env = [("REDPHONE_TOKEN", token.as_str())];
    let declare = ["declare", "--title", "elsewhere", "--impact", "low", "--urgency", "low"];
    let run = site.run_with("home", "http://127.0.0.1:1", &env, &declare);
    assert_eq!(run.code, 5, "{run:?}");
    let url = site.url();
    for args in [&["list"][..], &["outbox"], &["outbox", "send"]] {
        let run = site.run_with("home", &url, &env, args);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.err.contains("http://127.0.0.1:1: 1"), "{args:?}: {run:?}");
    }
    let all = site.run_with("home", &url, &env, &["outbox", "--all"]).out;
    assert!(all.contains("http://127.0.0.1:1: 1 waiting") && all.contains("home"), "{all}");
    // Without an API, too.
    let store = site.path("other.db");
    let env = [("REDPHONE_BACKEND", ""), ("REDPHONE_STORE", store.to_str().unwrap())];
    let run = site.run_with("home", "", &env, &["outbox", "--all"]);
    assert!(run.out.contains("1 waiting"), "{run:?}");
    site.stop();
}

#[test]
fn command_of_another_token_waits_for_a_person() {
    let mut site = Site::start(&["ines", "tom"]);
    site.stop();
    let (ines, tom) = (site.token("ines"), site.token("tom"));
    let declare = ["declare", "--title", "by ines", "--impact", "low", "--urgency", "low"];
    let url = site.url();
    let run = site.run_with("home", &url, &[("REDPHONE_TOKEN", &ines)], &declare);
    assert_eq!(run.code, 5, "{run:?}");
    site.serve();
    // Another person on the same account: it is named, and not sent.
    let as_tom = [("REDPHONE_TOKEN", tom.as_str())];
    for _ in 0..2 {
        let run = site.run_with("home", &url, &as_tom, &["outbox", "send"]);
        assert!(run.code == 0 && run.err.contains("wait in other outboxes"), "{run:?}");
    }
    assert!(titles(&site).is_empty());
    // A person approves it, with a confirmation.
    let all = site.run_with("home", &url, &as_tom, &["outbox", "--all"]).out;
    let at = all.lines().position(|line| line.contains("1 waiting")).unwrap();
    let folder = all.lines().nth(at + 1).unwrap().trim();
    let run = site.run_with("home", &url, &as_tom, &["outbox", "adopt", folder]);
    assert_eq!(run.code, 0, "{run:?}");
    let run = site.run_with("home", &url, &as_tom, &["outbox", "send"]);
    assert!(run.code == 1 && run.out.contains("asked with another token"), "{run:?}");
    assert!(titles(&site).is_empty());
    let listed = site.run_with("home", &url, &as_tom, &["outbox"]).out;
    let place = listed.split_whitespace().next().unwrap();
    let run = site.run_with("home", &url, &as_tom, &["outbox", "approve", place]);
    assert_eq!(run.code, 0, "{run:?}");
    let run = site.run_with("home", &url, &as_tom, &["outbox", "send"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(titles(&site), ["by ines"]);
}

#[test]
fn new_token_of_a_person_sends_what_the_old_one_could_not() {
    let mut site = Site::start(&["ines"]);
    let url = site.url();
    let old = site.token("ines");
    let as_old = [("REDPHONE_TOKEN", old.as_str())];
    let online = ["declare", "--title", "online", "--impact", "low", "--urgency", "low"];
    assert_eq!(site.run_with("home", &url, &as_old, &online).code, 0);
    site.stop();
    let declare = ["declare", "--title", "kept", "--impact", "low", "--urgency", "low"];
    assert_eq!(site.run_with("home", &url, &as_old, &declare).code, 5);
    assert_eq!(site.host(&["token", "revoke", "ines"]).code, 0);
    site.make_token("ines");
    site.serve();
    let new = site.token("ines");
    let as_new = [("REDPHONE_TOKEN", new.as_str())];
    assert_eq!(site.run_with("home", &url, &as_new, &["list"]).code, 0);
    let run = site.run_with("home", &url, &as_new, &["outbox", "send"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(titles(&site), ["kept", "online"]);
}

#[test]
fn command_for_another_store_is_not_sent_to_this_one() {
    let mut site = Site::start(&["ines", "otto"]);
    site.declare("ines", 0, "old store");
    site.stop();
    site.expect("ines", 5, &["note", "1", "meant for the old store"]);
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(site.path(&format!("store.db{suffix}"))).ok();
    }
    site.serve();
    site.declare("otto", 0, "new store");
    let run = site.run("ines", &["outbox", "send"]);
    assert!(run.code == 1 && run.out.contains("another store"), "{run:?}");
    assert!(!site.show(1).contains("meant for the old store"));
    let rows = site.expect("ines", 0, &["list", "--json"]).out;
    assert!(rows.contains("new store") && !rows.contains("old store"), "{rows}");
}

#[test]
fn state_folder_that_cannot_be_written_stops_nothing() {
    let mut site = Site::start(&["ines"]);
    let token = site.token("ines");
    let url = site.url();
    let not_a_folder = site.path("file");
    std::fs::write(&not_a_folder, "").unwrap();
    for state in ["/proc/none", not_a_folder.to_str().unwrap()] {
        let env = [("REDPHONE_TOKEN", token.as_str()), ("XDG_STATE_HOME", state)];
        let declare = ["declare", "--title", state, "--impact", "low", "--urgency", "low"];
        for args in [&declare[..], &["note", "1", "a"], &["list"], &["ack", "1"]] {
            let run = site.run_with("home", &url, &env, args);
            assert!([0, 1].contains(&run.code), "{args:?}: {run:?}");
            assert!(run.err.contains("going on without it"), "{args:?}: {run:?}");
        }
    }
    assert_eq!(titles(&site).len(), 2);
    site.stop();
    let env = [("REDPHONE_TOKEN", token.as_str()), ("XDG_STATE_HOME", "/proc/none")];
    let run = site.run_with("home", &url, &env, &["note", "1", "not promised"]);
    assert!(run.code == 4 && !run.err.contains("kept, and sent"), "{run:?}");
}
