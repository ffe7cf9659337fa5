//! A clock that is wrong, for the program under test alone (Linux).

use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::TimeDelta;

/// Moves the wall clock of a program, as `LD_PRELOAD` lets it.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    const char *text = getenv("TEST_CLOCK_OFFSET");
    int done = real(id, now);
    if (!done && text && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += atol(text);
    return done;
}
"#;

/// A library that moves the clock of programs that load it.
pub struct WrongClock(PathBuf);

impl WrongClock {
    /// Compiles the library into a folder, with the C compiler that the build needs as well.
    pub fn build(folder: &Path) -> Self {
        let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
        std::fs::write(&source, SOURCE).unwrap();
        let made = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self(library)
    }

    /// Makes the clock of a program wrong by so much.
    pub fn apply(&self, program: &mut Command, offset: TimeDelta) {
        program
            .env("LD_PRELOAD", &self.0)
            .env("TEST_CLOCK_OFFSET", offset.num_seconds().to_string());
    }
}
