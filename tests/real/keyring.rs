//! A token in a real keyring: gnome-keyring over a session bus of its own.

use std::process::{Command, Stdio};

use super::parts;
use crate::support::program;
use crate::support::served::Served;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_is_stored_in_used_from_and_removed_from_the_keyring() {
    if !parts::are_tested("a token in a keyring", &["dbus-run-session", "gnome-keyring-daemon"]) {
        return;
    }
    let server = Served::start().await;
    let home = server.path("home");
    std::fs::create_dir_all(home.join("run")).unwrap();
    // Each line is printed with its exit code.
    let script = r#"
        printf 'unlocked' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
        "$PROGRAM" list >/dev/null 2>"$HOME/before"; echo "before $?"
        "$PROGRAM" login < "$TOKEN"; echo "login $?"
        "$PROGRAM" list is:any; echo "list $?"
        "$PROGRAM" profiles; echo "profiles $?"
        "$PROGRAM" logout; echo "logout $?"
        "$PROGRAM" list >/dev/null 2>"$HOME/after"; echo "after $?"
        "$PROGRAM" logout 2>/dev/null; echo "again $?"
    "#;
    std::fs::create_dir_all(home.join("redphone")).unwrap();
    let settings =
        format!("[profiles.shared]\nbackend = {:?}\ntoken_keyring = true\n", server.url());
    std::fs::write(home.join("redphone/config.toml"), settings).unwrap();
    let run = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", script])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", &home)
        .env("XDG_CONFIG_HOME", &home)
        .env("XDG_DATA_HOME", &home)
        .env("XDG_STATE_HOME", &home)
        .env("XDG_RUNTIME_DIR", home.join("run"))
        .env("PROGRAM", program())
        .env("TOKEN", server.token("ines"))
        .env("REDPHONE_PROFILE", "shared")
        .env("REDPHONE_LOG", "trace")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stdout = String::from_utf8(run.stdout).unwrap();
    let stderr = String::from_utf8(run.stderr).unwrap();
    let lines: Vec<&str> = stdout.lines().collect();
    let host = server.address.to_string();
    for line in [
        "before 4".to_owned(),
        format!("the token for {host} is in the keyring"),
        format!("{host} answers, and takes you for Ines Moreau (ines)"),
        "login 0".into(),
        "list 0".into(),
        format!("shared      {} · chosen · token from the keyring", server.url()),
        "profiles 0".into(),
        format!("the token for {host} is no longer in the keyring"),
        "logout 0".into(),
        // Cached incidents are still listed, with the time at which they were fetched.
        "after 0".into(),
        "again 3".into(),
    ] {
        assert!(lines.contains(&line.as_str()), "{line:?} is not in\n{stdout}\n{stderr}");
    }
    for file in ["before", "after"] {
        let why = std::fs::read_to_string(home.join(file)).unwrap();
        let expected =
            format!("there is no token for {host}: put one into the keyring with `redphone login");
        assert!(why.contains(&expected), "{why}");
        assert_eq!(why.contains(": this is as of "), file == "after", "{why}");
    }
    let log = std::fs::read_to_string(home.join("redphone/log")).unwrap_or_default();
    for text in [&stdout, &stderr, &log] {
        assert!(!text.contains(server.secret("ines").trim()), "{text}");
    }
}
