//! Backups of stores of an older version, of one that is being brought up to date, and of the present
//! version: each is restored as a store of the present version, in place of any.

use std::collections::BTreeSet;

use crate::support::cli::{CliFixture, json_lines};
use crate::support::old_store::{StoreState, identity, version};

fn titles(cli: &CliFixture) -> BTreeSet<String> {
    let rows = json_lines(&cli.ok(["list", "is:any", "--all", "--json"]));
    rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

/// Declares an incident, and returns its number.
fn declare(cli: &CliFixture, title: &str) -> u64 {
    let run = cli.run(["declare", "--title", title, "--impact", "low", "--urgency", "low"]);
    assert_eq!(run.code, 0, "{run:?}");
    run.out.trim().trim_start_matches("INC-").parse().unwrap()
}

#[test]
fn backup_of_each_version_is_restored() {
    for state in StoreState::ALL {
        let cli = CliFixture::new();
        state.make(&cli);
        assert_eq!(cli.run(["token", "create", "--name", "tom", "--scope", "read"]).code, 0);
        let written = cli.ok(["backup", "backup.db"]);
        assert!(written.contains("checked, with the tokens"), "{state:?}: {written}");
        for file in [cli.store(), cli.path("backup.db")] {
            assert_eq!(version(&file), state.version(), "{state:?}: {}", file.display());
        }
        // Events after the backup, also of the version of the store.
        let given = declare(&cli, "after the backup");
        assert!(titles(&cli).contains("after the backup"));
        let mut expected = titles(&cli);
        expected.remove("after the backup");
        let store = identity(&cli.store());
        let run = cli.run(["restore", "backup.db"]);
        assert_eq!(run.code, 0, "{state:?}: {run:?}");
        assert_eq!(version(&cli.store()), 15, "{state:?}: it is up to date");
        assert_eq!(titles(&cli), expected, "{state:?}");
        assert_eq!(identity(&cli.store()), store, "{state:?}: it is the same store");
        assert!(cli.ok(["doctor"]).contains("all is well"), "{state:?}");
        let next = declare(&cli, "after the restore");
        assert!(next > given, "{state:?}: INC-{next} was given before");
        assert!(run.out.contains(&format!("the next number is INC-{next} or above")), "{run:?}");
        // The backup is as it was, and has the tokens.
        let tokens = std::fs::read_dir(cli.path("")).unwrap().filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.contains("tokens").then_some(name)
        });
        for name in tokens.collect::<Vec<_>>() {
            std::fs::remove_file(cli.path(&name)).unwrap();
        }
        let run = cli.run(["restore", "backup.db"]);
        assert!(run.code == 0 && run.out.contains("tokens written to"), "{state:?}: {run:?}");
        assert!(cli.ok(["token", "list"]).contains("tom"));
        assert_eq!(version(&cli.path("backup.db")), state.version());
    }
}

#[test]
fn old_store_is_replaced_without_giving_its_numbers_again() {
    for state in [StoreState::Old, StoreState::Unfinished] {
        let cli = CliFixture::new();
        state.make(&cli);
        assert_eq!(cli.run(["backup", "backup.db"]).code, 0);
        let highest = json_lines(&cli.run(["--read-only", "--store", "backup.db", "export"]).out);
        let numbers = highest.iter().filter_map(|line| line.pointer("/event/number")?.as_u64());
        let highest = numbers.max();
        // Nobody has opened it since.
        let run = cli.run(["restore", "backup.db"]);
        assert_eq!(run.code, 0, "{state:?}: {run:?}");
        let next = declare(&cli, "after the restore");
        assert!(highest.is_none_or(|highest| next > highest), "{state:?}: INC-{next}");
    }
}

#[test]
fn backup_removes_the_parts_of_an_interrupted_one() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    for part in ["backup.db.part-abc123", "backup.db.part-def456"] {
        std::fs::write(cli.path(part), "a part").unwrap();
    }
    std::fs::write(cli.path("other.db.part-abc123"), "of another backup").unwrap();
    cli.ok(["backup", "backup.db"]);
    let mut left: Vec<String> = std::fs::read_dir(cli.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("part"))
        .collect();
    left.sort();
    assert_eq!(left, ["other.db.part-abc123"]);
}
