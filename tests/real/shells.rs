//! The completions in real shells, in a terminal as a person has it.

use portable_pty::CommandBuilder;

use super::parts;
use crate::support::cli::CliFixture;
use crate::support::program;
use crate::support::terminal::Terminal;

/// A shell that is ready for completions.
struct Shell {
    terminal: Terminal,
}

impl Shell {
    /// Starts a shell without anybody's settings, and loads the completions.
    fn start(cli: &CliFixture, words: &[&str]) -> Self {
        std::fs::create_dir_all(cli.path("home")).unwrap();
        let mut command = CommandBuilder::new(words[0]);
        command.args(&words[1..]);
        command.env_clear();
        // The shell itself is found by it.
        command.env("PATH", std::env::var("PATH").unwrap());
        for (name, value) in cli.program().get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.cwd(cli.path(""));
        let mut shell = Self { terminal: Terminal::start(command, 100, 40) };
        let name = words[0];
        let folder = program().parent().unwrap().display().to_string();
        let path = std::env::var("PATH").unwrap();
        // The settings of the shell's own files come before this.
        let path = match name {
            "fish" => format!("set -x PATH {folder} (string split : '{path}')"),
            _ => format!("PATH='{folder}:{path}'"),
        };
        let load = match name {
            "bash" => "source <(redphone completions bash)",
            "zsh" => "autoload -U compinit; compinit -u -D; source <(redphone completions zsh)",
            _ => "redphone completions fish | source",
        };
        shell.run(&format!("{path}; {load}"));
        shell
    }

    /// Runs a line, and waits until the shell is ready again.
    fn run(&mut self, line: &str) {
        // The typed text differs from the printed one.
        self.terminal.press(&format!("{line}; printf 'rea''dy\\n'\r"));
        self.terminal.wait_for_text("ready");
        self.terminal.press("clear\r");
        self.terminal.wait_for("a clear screen", |screen| !screen.contents().contains("ready"));
    }

    /// Types a line, presses Tab, and waits until the line reads as it should.
    #[track_caller]
    fn completes(&mut self, typed: &str, expected: &str) {
        self.terminal.press(&format!("{typed}\t"));
        self.terminal.wait_for_text(expected);
        self.clear();
    }

    /// Types a line, presses Tab twice, and waits until all of this is shown.
    #[track_caller]
    fn offers(&mut self, typed: &str, expected: &[&str]) {
        self.terminal.press(&format!("{typed}\t\t"));
        for text in expected {
            self.terminal.wait_for_text(text);
        }
        self.clear();
    }

    /// Gives the line up.
    fn clear(&mut self) {
        // Control-C leaves a list of offers, and ends the line.
        self.terminal.press("\x03\x03");
        self.run("true");
    }
}

fn company() -> CliFixture {
    let cli = CliFixture::with_company();
    cli.declare("Card payments fail", "checkout");
    cli.declare("Ledger is behind", "ledger");
    cli
}

fn check(words: &[&str]) {
    if !parts::are_tested(&format!("completions in {}", words[0]), &[words[0]]) {
        return;
    }
    let cli = company();
    let mut shell = Shell::start(&cli, words);
    // Numbers, with their titles.
    shell
        .offers("redphone ack INC-", &["INC-1", "Card payments fail", "INC-2", "Ledger is behind"]);
    shell.completes("redphone ack INC-1 INC-", "redphone ack INC-1 INC-2");
    // People, and terms that the shell itself would split.
    shell.completes("redphone declare --owner to", "redphone declare --owner tom");
    shell.completes("redphone list owner:to", "redphone list owner:tom");
    // Values of options, behind a blank and behind an equals sign.
    shell.completes("redphone resolve INC-1 --action rollb", "--action rollback");
    shell.completes("redphone token create --scope=ing", "--scope=ingest");
    shell.completes("redphone comp", "redphone completions");
    // Files are found by the shell.
    std::fs::write(cli.path("import me.jsonl"), "").unwrap();
    shell.completes("redphone import imp", "me.jsonl");
}

#[test]
fn bash_completes_numbers_people_and_values() {
    check(&["bash", "--norc", "--noprofile"]);
}

#[test]
fn zsh_completes_numbers_people_and_values() {
    check(&["zsh", "-f"]);
}

#[test]
fn fish_completes_numbers_people_and_values() {
    check(&["fish", "--no-config"]);
}
