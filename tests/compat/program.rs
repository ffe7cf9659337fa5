//! The program as it is built now, run in a home of its own.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flate2::read::GzDecoder;
use serde_json::Value;
use tempfile::TempDir;

use super::meaning::without_notices;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_redphone");

/// A home folder with the XDG folders in it, removed at the end of a test.
pub struct Home {
    folder: TempDir,
}

/// How a run of the program ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Home {
    /// Makes an empty home.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Returns a path in the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the program with the environment of a person called ines and nothing of this
    /// process's. `COMPAT_CLOCK` (see `make/clock.c`) moves its clock.
    pub fn program(&self) -> Command {
        let mut program = Command::new(PROGRAM);
        program.env_clear().current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, value) in self.environment() {
            program.env(name, value);
        }
        program
    }

    /// Returns the environment of [`Self::program`].
    pub fn environment(&self) -> Vec<(String, String)> {
        let path = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let mut all = vec![
            ("HOME".into(), path("")),
            ("XDG_DATA_HOME".into(), path("data")),
            ("XDG_STATE_HOME".into(), path("state")),
            ("XDG_CONFIG_HOME".into(), path("config")),
            ("REDPHONE_USER".into(), "ines".into()),
            ("LANG".into(), "C.UTF-8".into()),
            ("TERM".into(), "xterm-256color".into()),
            ("TZ".into(), "UTC".into()),
        ];
        if let Ok(clock) = std::env::var("COMPAT_CLOCK") {
            all.push(("LD_PRELOAD".into(), clock));
            let offset = std::env::var("COMPAT_CLOCK_OFFSET").unwrap_or_default();
            all.push(("COMPAT_CLOCK_OFFSET".into(), offset));
        }
        all
    }

    /// Runs the program.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        Run::from(self.program().args(args).output().unwrap())
    }

    /// Runs a command that must succeed, and returns its output.
    pub fn ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let run = self.run(args);
        assert_eq!((run.code, without_notices(&run.err).as_str()), (0, ""), "{run:?}");
        run.out
    }

    /// Runs a command that must succeed, and returns the JSON of each line of its output.
    pub fn json<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Vec<Value> {
        json_lines(&self.ok(args))
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs a command with a text on its standard input.
pub fn run_with_input(mut command: Command, input: Option<&str>) -> Run {
    let Some(input) = input else { return Run::from(command.output().unwrap()) };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Run::from(child.wait_with_output().unwrap())
}

/// Parses text that has a JSON value on each line.
pub fn json_lines(text: &str) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    text.lines().map(parse).collect()
}

/// Returns the path of a recorded file.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/files").join(name)
}

/// Returns the text of a recorded file.
pub fn text_of(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Copies a folder with its content, and expands compressed files (`.gz`). Files become private, as
/// the program creates them.
pub fn copy_folder(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            let mut bytes = std::fs::read(entry.path()).unwrap();
            let mut target = target;
            if target.extension().is_some_and(|ending| ending == "gz") {
                let packed = std::mem::take(&mut bytes);
                GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
                target.set_extension("");
            }
            std::fs::write(&target, bytes).unwrap();
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}
