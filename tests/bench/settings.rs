//! The cost of reading the settings of a large organization, which each command and each start has.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::report::{median, row};
use crate::support::organization::{add_people, two_pagers};
use crate::support::program;

/// How many people there are, each with a team, a service, a policy and two contacts.
const PEOPLE: usize = 400;
/// How often the program is run.
const ROUNDS: usize = 15;
/// The longest that reading these settings may take, in milliseconds.
const TARGET_MS: f64 = 60.0;

pub fn run() {
    let folder = tempfile::tempdir().expect("a folder");
    let elapsed_ms = |name: &str, people: usize| {
        let file = folder.path().join(name);
        std::fs::write(&file, settings(people)).expect("a file");
        let mut figures: Vec<f64> = (0..ROUNDS).map(|_| check(&file, folder.path())).collect();
        median(&mut figures)
    };
    let few = elapsed_ms("few.toml", 1);
    let many = elapsed_ms("many.toml", PEOPLE);
    let name = format!("settings of {PEOPLE} people, more than of one");
    let cost = many - few;
    row(&name, &format!("{cost:.1} ms"), &format!("<= {TARGET_MS} ms"), cost <= TARGET_MS);
}

/// Returns how long `redphone config check` takes for a settings file, in milliseconds.
fn check(file: &Path, home: &Path) -> f64 {
    let mut command = Command::new(program());
    command.env_clear().env("HOME", home).arg("--config").arg(file).args(["config", "check"]);
    let begun = Instant::now();
    let output = command.output().expect("it runs");
    let elapsed_ms = begun.elapsed().as_secs_f64() * 1000.0;
    assert!(output.status.success(), "{output:?}");
    elapsed_ms
}

fn settings(people: usize) -> String {
    let mut text = String::from(
        "[channels.pager]\nkind = \"command\"\nrun = [\"/bin/sh\", \"-c\", \"true\"]\n",
    );
    add_people(&mut text, people, two_pagers);
    text
}
