//! People and services of the settings file override those of the store.

use std::fs;

use redphone::model::PersonRef;
use redphone::model::directory::{Directory, Team};

use crate::support::cli::{CliFixture, json_lines};

#[test]
fn directory_overlay_replaces_entries_and_leaves_others() {
    let team = |name: &str, members: &[&str]| Team {
        name: name.into(),
        members: members.iter().map(|m| (*m).to_owned()).collect(),
    };
    let store = Directory {
        people: vec![PersonRef::new("ines", "Ines"), PersonRef::new("tom", "Tom")],
        teams: vec![team("db", &["ines"]), team("web", &["tom"])],
        ..Directory::default()
    };
    let file = Directory {
        people: vec![PersonRef::new("tom", "Tom Varga"), PersonRef::new("zoe", "Zoe")],
        teams: vec![team("db", &["zoe"])],
        ..Directory::default()
    };
    let merged = store.clone().merged_with(&file);
    let names: Vec<&str> = merged.people.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["Ines", "Tom Varga", "Zoe"]);
    assert_eq!(merged.teams, [team("db", &["zoe"]), team("web", &["tom"])]);
    assert_eq!(store.clone().merged_with(&Directory::default()), store);
}

#[test]
fn commands_see_the_overlay_and_the_store_does_not_save_it() {
    let cli = CliFixture::with_company();
    let file = cli.path("home/.config/redphone/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let text = "[[people]]\nhandle = \"ines\"\nname = \"Ines of the file\"\n\
                [[services]]\nname = \"cdn\"\nteam = \"edge\"\nrunbook = \"cdn/404\"\n\
                [[services]]\nname = \"mail\"\nteam = \"edge\"\n";
    fs::write(&file, text).unwrap();
    for service in ["cdn", "mail", "checkout"] {
        cli.declare(service, service);
    }
    cli.ok(["ack", "1"]);
    let rows = json_lines(&cli.ok(["list", "--sort", "oldest", "--json"]));
    let teams: Vec<_> = rows.iter().map(|row| row["team"].as_str()).collect();
    assert_eq!(teams, [Some("edge"), Some("edge"), Some("payments")]);
    assert!(cli.ok(["show", "1", "--json"]).contains("Ines of the file"));
    assert!(cli.ok(["show", "1"]).contains("cdn/404"));
    let exported = cli.ok(["export"]);
    let directory = exported.lines().find(|line| line.contains("\"directory\"")).unwrap();
    assert!(!directory.contains("mail") && !directory.contains("\"edge\""), "{directory}");
}
