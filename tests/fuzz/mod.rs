//! The seeds of the fuzz targets, and earlier findings, tried in every run of the tests.

mod checks;

use std::path::Path;

#[test]
fn every_parser_accepts_its_seeds() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    for (target, check) in checks::ALL {
        let mut count = 0;
        for entry in std::fs::read_dir(seeds.join(target)).expect("a folder of seeds") {
            check(&std::fs::read(entry.expect("a seed").path()).expect("a seed"));
            count += 1;
        }
        assert!(count > 0, "{target} has no seed");
    }
}

/// A check is fuzzed only if the script and the manifest name it.
#[test]
fn every_check_has_its_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("a file");
    let (script, manifest) = (read(".ci/fuzz"), read("tests/fuzz/Cargo.toml"));
    let names: Vec<&str> = checks::ALL.iter().map(|(name, _)| *name).collect();
    assert!(script.contains(&format!("targets=({})", names.join(" "))), "{names:?}");
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        assert!(
            read(&format!("tests/fuzz/targets/{name}.rs")).contains(&format!("checks::{name}("))
        );
    }
}
