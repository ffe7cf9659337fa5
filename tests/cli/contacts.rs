//! Contacts: the list, their problems, and test messages.

use serde_json::Value;

use crate::support::cli::CliFixture;

/// Writes a settings file, and returns its path for `--config`.
fn settings(cli: &CliFixture, text: &str) -> String {
    let file = cli.path("contacts.toml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

const SETTINGS: &str = r#"
[channels.pager]
kind = "command"
run = ["sh", "-c", "cat > /dev/null; echo paged"]
[channels.broken]
kind = "command"
run = ["sh", "-c", "echo hunter >&2; exit 67"]
[channels.push]
kind = "ntfy"
[[contacts]]
person = "ines"
ways = [
    { name = "pager", channel = "pager" },
    { name = "broken", channel = "broken", address = "42" },
    { name = "push", channel = "push", address = "not a topic" },
]
urgent = [{ contact = "pager" }, { contact = "broken", after = "2m" }]
quiet = { from = "22:00", to = "07:00" }
"#;

#[test]
fn contacts_are_listed_with_their_rules_and_what_is_wrong() {
    let cli = CliFixture::new();
    let config = settings(&cli, SETTINGS);
    let listed = cli.ok(["--config", &config, "contact", "list"]);
    for part in ["ines", "22:00", "at once", "after 2m", "never", "is not one of ntfy"] {
        assert!(listed.contains(part), "{part} is not in\n{listed}");
    }
    let json = cli.ok(["--config", &config, "contact", "list", "ines", "--json"]);
    let rows: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1]["urgent_after_s"], serde_json::json!([120]));
    assert_eq!(rows[2]["rest_after_s"], serde_json::json!([0]));
    cli.run(["--config", &config, "contact", "list", "inse"]).refused(3, &["inse", "ines"]);
}

#[test]
fn test_message_is_sent_and_a_failure_is_a_failure() {
    let cli = CliFixture::new();
    let config = settings(&cli, SETTINGS);
    let sent = cli.ok(["--config", &config, "contact", "test", "ines", "pager"]);
    assert!(sent.contains("sent") && sent.contains("paged"), "{sent}");
    let all = cli.run(["--config", &config, "contact", "test", "ines"]);
    assert_eq!((all.code, all.out.lines().count()), (1, 3), "{all:?}");
    all.assert_error(&["2 messages not sent"]);
    cli.run(["--config", &config, "contact", "test", "ines", "pagr"]).refused(3, &["pager"]);
}

#[test]
fn wrong_setting_is_named_and_no_secret_is_printed() {
    let cli = CliFixture::new();
    for (text, says) in [
        ("[channels.a]\nkind = \"carrier_pigeon\"\n", "channels.a.kind is \"carrier_pigeon\""),
        ("[channels.a]\nkind = \"gotify\"\nsecret_env = \"T\"\n", "channels.a.url is missing"),
        ("[channels.a]\nkind = \"ntfy\"\nurl = \"ntfy.sh\"\n", "channels.a.url is no URL"),
        (
            "[channels.a]\nkind = \"ntfy\"\nurl = \"https://u:hunter2@h\"\n",
            "channels.a.url has a name or a password in it",
        ),
        ("[channels.a]\nkind = \"ntfy\"\nrun = [\"x\"]\n", "channels.a.run is no setting of ntfy"),
        (
            "[channels.a]\nkind = \"ntfy\"\nsecret_env = \"hunter2 hunter2\"\n",
            "channels.a.secret_env is no name of a variable",
        ),
        (
            "[channels.a]\nkind = \"command\"\nrun = [\"x\"]\nenv = [\"KEY=hunter2\"]\n",
            "channels.a.env is no name of a variable",
        ),
        (
            "[channels.a]\nkind = \"command\"\nrun = [\"x\"]\nenv = [\"KEY\", \"KEY\"]\n",
            "channels.a.env names a variable twice",
        ),
        (
            "[channels.a]\nkind = \"ntfy\"\nenv = [\"KEY\"]\n",
            "channels.a.env is no setting of ntfy",
        ),
        (
            "[channels.a]\nkind = \"ntfy\"\nsecret = \"hunter2\"\n",
            "channels.a.secret is not a setting",
        ),
        (
            "[[contacts]]\nperson = \"ines\"\nways = [{ name = \"a\", channel = \"b\" }]\n",
            "names no channel \"b\"",
        ),
        ("[outbound]\nprivate_hosts = [\"http://x\"]\n", "outbound.private_hosts is no host"),
    ] {
        let config = settings(&cli, text);
        let run = cli.run(["--config", &config, "config", "check"]);
        let all = format!("{run:?}");
        let escaped = says.replace('"', "\\\"");
        assert!(all.contains(says) || all.contains(&escaped), "{says} is not in\n{all}");
        assert!(!all.contains("hunter2"), "{all}");
    }
}

#[test]
fn pages_of_the_guide_are_listed_and_printed() {
    let cli = CliFixture::new();
    let topics = cli.ok(["help"]);
    assert!(topics.lines().count() >= 15, "{topics}");
    assert!(cli.ok(["help", "ntfy"]).starts_with("# ntfy\n"));
    cli.run(["help", "nfty"]).refused(3, &["nfty", "did you mean ntfy?"]);
    cli.run(["help", "ack"]).refused(3, &["`redphone ack --help` explains the command"]);
}

/// A store with a company, and settings with a channel.
fn company() -> (CliFixture, String) {
    let cli = CliFixture::with_company();
    let text = "[channels.pager]\nkind = \"command\"\nrun = [\"sh\", \"-c\", \"cat > /dev/null; echo paged\"]\n\
                [[contacts]]\nperson = \"tom\"\nways = [{ name = \"desk\", channel = \"pager\", address = \"secret-desk\" }]\n";
    let config = settings(&cli, text);
    (cli, config)
}

#[test]
fn own_contacts_are_set_tried_and_removed() {
    let (cli, config) = company();
    let run = |args: &[&str]| cli.run([&["--config", &config, "contact"], args].concat());
    let added =
        run(&["add", "phone", "--channel", "pager", "--address", "4711", "--urgent", "0s,5m"]);
    assert_eq!((added.code, added.err.as_str()), (0, ""), "{added:?}");
    assert!(added.out.contains("4711") && added.out.contains("after 5m"), "{added:?}");
    assert_eq!(run(&["set", "phone", "--rest", "never"]).code, 0);
    let quiet = run(&["quiet", "22:00", "07:00", "--clock", "Europe/Berlin"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""), "{quiet:?}");
    let listed = cli.ok(["--config", &config, "contact", "list", "me", "--json"]);
    let row: Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!((&row["contact"], &row["address"]), (&"phone".into(), &"4711".into()));
    assert_eq!(row["urgent_after_s"], serde_json::json!([0, 300]));
    assert_eq!(row["rest_after_s"], serde_json::json!([]));
    let listed = cli.ok(["--config", &config, "contact", "list"]);
    assert!(listed.contains("ines  quiet 22:00 to 07:00 Europe/Berlin\n"), "{listed}");
    assert!(cli.ok(["--config", &config, "contact", "test"]).contains("paged"));
    let audit = cli.ok(["--config", &config, "audit"]);
    assert!(audit.contains("contact phone of ines") && !audit.contains("4711"), "{audit}");
    assert_eq!(run(&["remove", "phone"]).code, 0);
    assert_eq!(run(&["quiet", "--none"]).code, 0);
    run(&["remove", "phone"]).refused(3, &["no contact"]);
}

#[test]
fn contact_that_can_not_be_is_refused() {
    let (cli, config) = company();
    let run = |args: &[&str]| cli.run([&["--config", &config, "contact"], args].concat());
    run(&["add", "phone", "--channel", "pagr"]).refused(1, &["pagr", "pager"]);
    run(&["add", "desk", "--channel", "pager", "--person", "tom"]).refused(1, &["contacts.toml"]);
    run(&["add", "phone", "--channel", "pager", "--urgent", "soon"]).refused(2, &["never"]);
    run(&["set", "phone"]).refused(2, &["say what to change"]);
    run(&["quiet", "25:00", "07:00"]).refused(1, &["is no time of the day"]);
}

#[test]
fn address_of_somebody_else_is_masked() {
    let (cli, config) = company();
    let listed = cli.ok(["--config", &config, "contact", "list"]);
    assert!(!listed.contains("secret-desk") && listed.contains("s…sk"), "{listed}");
}

#[test]
fn export_has_contacts_only_with_the_flag() {
    let (cli, config) = company();
    let add = ["contact", "add", "phone", "--channel", "pager", "--address", "4711"];
    cli.ok([&["--config", &config][..], &add].concat());
    assert!(!cli.ok(["export"]).contains("4711"));
    let whole = cli.ok(["export", "--with-contacts"]);
    assert!(whole.contains("4711"), "{whole}");
    let other = CliFixture::new();
    other.pipe(["import", "-"], whole.as_bytes());
    assert!(other.ok(["contact", "list", "ines"]).contains("4711"));
}
