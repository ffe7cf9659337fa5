//! Small file systems that are full or read-only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::is_possible;
use crate::support::cli::{CliFixture, Run, json_lines};

/// A file system in memory, which is removed in the end.
pub struct Disk {
    pub folder: PathBuf,
}

impl Disk {
    /// Mounts a file system of 2 MiB; `None` if this user can't.
    pub fn mount(folder: PathBuf) -> Option<Self> {
        fs::create_dir(&folder).unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", "size=2m", "tmpfs"], &folder);
        is_possible("the right to mount a file system", mounted).then_some(Self { folder })
    }

    fn set_read_only(&self, read_only: bool) {
        let options = if read_only { "remount,ro" } else { "remount,rw" };
        assert!(mount(&["-o", options], &self.folder));
    }

    /// Fills the file system to the last byte.
    pub fn fill(&self) {
        use std::io::Write;
        let mut file = fs::File::create(self.folder.join("filler")).unwrap();
        while file.write(&[7; 4096]).is_ok_and(|count| count > 0) {}
        let other = fs::write(self.folder.join("more"), "more");
        assert!(other.is_err(), "it is full");
    }

    pub fn free(&self) {
        fs::remove_file(self.folder.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.folder).status().ok();
    }
}

fn mount(args: &[&str], folder: &Path) -> bool {
    let mut command = Command::new("mount");
    command.args(args).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn on_disk(cli: &CliFixture, args: &[&str]) -> Run {
    cli.run([&["--store", "disk/store.db"], args].concat())
}

#[track_caller]
fn ok(run: &Run) -> &str {
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    &run.out
}

const DECLARE: [&str; 7] = ["declare", "--title", "T", "--impact", "low", "--urgency", "low"];

#[test]
fn store_on_a_full_disk_is_read_and_says_that_it_is_full() {
    let cli = CliFixture::new();
    let Some(disk) = Disk::mount(cli.path("disk")) else { return };
    ok(&on_disk(&cli, &DECLARE));
    disk.fill();
    for args in [["list", "--json"].as_slice(), &["--read-only", "list", "--json"]] {
        assert_eq!(json_lines(ok(&on_disk(&cli, args))).len(), 1);
    }
    for args in [["show", "1"].as_slice(), &["export"], &["doctor"], &["list", "is:any", "t"]] {
        ok(&on_disk(&cli, args));
    }
    for args in [DECLARE.as_slice(), &["ack", "1"], &["note", "1", "x"]] {
        on_disk(&cli, args).refused(4, &["the disk that holds disk/store.db is full", "free some"]);
    }
    on_disk(&cli, &["export", "disk/backup.jsonl"]).refused(1, &["No space left on device"]);
    let run = cli.run([&["--store", "disk/new.db"], DECLARE.as_slice()].concat());
    run.refused(4, &["new.db is full"]);
    assert!(!cli.path("disk/new.db").exists());
    disk.free();
    ok(&on_disk(&cli, &["ack", "1"]));
    ok(&on_disk(&cli, &DECLARE));
    ok(&on_disk(&cli, &["doctor"]));
}

#[test]
fn store_on_a_read_only_disk_is_read() {
    let cli = CliFixture::new();
    let Some(disk) = Disk::mount(cli.path("disk")) else { return };
    ok(&on_disk(&cli, &DECLARE));
    disk.set_read_only(true);
    for args in [["list"].as_slice(), &["doctor"], &["export"], &["show", "1"], &["list", "t"]] {
        ok(&on_disk(&cli, &[&["--read-only"], args].concat()));
    }
    assert!(ok(&on_disk(&cli, &["doctor", "--read-only"])).contains("all is well, 1 incident"));
    for args in [DECLARE.as_slice(), &["ack", "1"]] {
        on_disk(&cli, args).refused(4, &["disk/store.db is read-only"]);
    }
    disk.set_read_only(false);
    ok(&on_disk(&cli, &["ack", "1"]));
}
