//! The most common jobs need as many keys as the README states.

use rstest::rstest;

use crate::support::stage::Stage;

/// Returns the keys of a job and their number according to the README.
fn keys_in_readme(job: &str) -> (Vec<String>, usize) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let row = readme.lines().find(|line| line.starts_with("| ") && line.contains(job));
    let cells: Vec<&str> = row.unwrap_or_else(|| panic!("{job}")).split('|').collect();
    let keys = cells[2].split('`').skip(1).step_by(2).map(str::to_owned).collect();
    (keys, cells[3].trim().parse().unwrap())
}

/// `words` are typed before the key at that position; `expected` is on the screen at the end.
#[rstest]
#[case::mine("all that are mine", None, "mine")]
#[case::storm("a storm on one service", None, "service:")]
#[case::update("tell stakeholders", None, "")]
#[case::on_call("who is on call", None, "On call")]
#[case::last_night("last night", None, "Feed")]
#[case::hand_over("hand over", None, "Handoff")]
#[case::last_month("last month's incident", Some((2, "since:5w disk")), "since:5w disk")]
#[case::service("all of one service", None, "is:any")]
fn keys_of_a_common_job_are_those_of_the_readme(
    #[case] job: &str,
    #[case] words: Option<(usize, &str)>,
    #[case] expected: &str,
) {
    let (keys, presses) = keys_in_readme(job);
    assert_eq!(keys.len(), presses, "{keys:?}");
    let mut stage = Stage::busy();
    for (index, key) in keys.iter().enumerate() {
        if let Some((_, words)) = words.filter(|(position, _)| *position == index) {
            stage.write(words);
        }
        stage.keys(key);
    }
    let screen = stage.screen();
    assert!(screen.contains(expected), "{screen}");
    assert!(!screen.contains("Are you sure?"), "{screen}");
}
