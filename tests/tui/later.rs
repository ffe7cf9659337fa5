//! The panes work with values of a later version in everything they show.

use redphone::model::command::{Command, IncidentCommand};

use crate::support::company;
use crate::support::later;
use crate::support::stage::Stage;

/// Keys that open something, or act on the selected incident.
const KEYS: &str =
    "a A b c C d e E f g h i I k l L m M o O p P q r R s S t T u U v V w W x X y Y z Z";

#[test]
fn panes_show_and_change_values_of_a_later_version() {
    let examples = 2 * later::all().count();
    for number in 0..examples {
        let (name, text) = later::describe(number);
        let memory = company::busy(company::now());
        memory.edit(|json| later::edit(json, number));
        let mut stage = Stage::open(memory, (200, 60));
        let mut seen = stage.screen();
        for keys in ["2", "3", "4", "1", "j", "k"] {
            stage.keys(keys);
            seen.push_str(&stage.screen());
        }
        let is_shown = ["status", "category", "priority", "impact"].contains(&name);
        let start: String = text.replace('_', " ").chars().take(6).collect();
        assert!(!is_shown || seen.contains(&start), "{name}: {start} is not in {seen}");

        stage.keys("n");
        stage.write("still there");
        stage.keys("^s");
        let sent = stage.submitted.iter().map(|envelope| &envelope.command);
        let notes = sent.filter(|command| {
            matches!(command, Command::Incident { command: IncidentCommand::AddNote { .. }, .. })
        });
        assert_eq!(notes.count(), 1, "{name}: {}", stage.screen());
        stage.settle();
        assert!(stage.screen().contains("still there"), "{name}: {}", stage.screen());

        for key in KEYS.split(' ') {
            stage.keys(key);
            let _ = stage.screen();
            stage.keys("Esc Esc Esc");
        }
        stage.keys("/");
        stage.write("p1 status:triggered card");
        stage.keys("Enter");
        let _ = stage.screen();
    }
}
