//! html-validate judges the documents of HTML: reports, reviews and status pages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::parts;
use crate::support::cli::CliFixture;

/// A text with everything that Markdown has, and with markup that must stay text.
const MARKDOWN: &str = "# Pool & <b>queue</b>\n\nThe pool was **too** _small_ & `a < b`.\n\n\
    1. first\n   - nested <script>alert(1)</script>\n   - again\n2. second\n\n> quoted \"text\"\n> > deeper\n\n\
    - [ ] open\n- [x] done\n\n```sh\necho '<p>' && true\n```\n\n| a | b |\n|---|---|\n| 1 | <td>2 |\n\n\
    ***\n\n![picture](https://example.org/x.png) [link](https://example.org/?a=1&b=2)\n\n\
    <div>\n<p>not markup</div>\n\n## Again\n\n#### Deep\n";

/// Errors that are planted into a document, each with the rule that finds it.
const PLANTED: [(&str, &str); 6] = [
    ("<p><b>never closed</p>", "close-order"),
    ("<p><div>a block in a paragraph</div></p>", "no-implicit-close"),
    ("<p id=\"twice\">a</p><p id=\"twice\">b</p>", "no-dup-id"),
    ("<p>a < b & c</p>", "no-raw-characters"),
    ("<p align=\"left\">an attribute of earlier days</p>", "no-deprecated-attr"),
    ("<img src=\"picture.png\">", "wcag/h37"),
];

/// The documents into which errors are planted.
const ONE_OF_EACH_KIND: [&str; 3] = ["report-company", "review-written", "status-company"];

/// Returns a company with an incident whose review and whose public updates have hostile texts, and
/// with a public maintenance window.
fn company() -> CliFixture {
    let cli = CliFixture::with_company();
    cli.declare("Card <payments> \"fail\" & more", "checkout");
    cli.ok(["service", "set", "checkout", "--public-name", "Shop & <b>more</b>"]);
    let update = ["update", "1", "We look <i>into</i> it\n\nand \"more\" & more", "--yes"];
    cli.ok(update.iter().chain(&["--public", "--public-title", "Payments <fail> & more"]));
    let window = ["maintenance", "add", "Pool", "--filter", "service:checkout", "--for", "2h"];
    cli.ok(window.iter().chain(&["--public", "It may be <slow> & \"late\""]));
    cli.ok(["ack", "1"]);
    let resolve = ["resolve", "1", "--action", "rollback", "--detail", "back to <v811> & on"];
    cli.ok(resolve.iter().chain(&["--validation", "no \"errors\""]));
    for section in ["summary", "impact", "root-cause", "resolution", "communication", "gaps"] {
        cli.ok(["review", "1", section, MARKDOWN]);
    }
    cli.ok(["review", "1", "factors", "capacity, <missing> alert & more"]);
    cli.ok([
        "action-item",
        "1",
        "Alert on <full> pools",
        "--kind",
        "detect",
        "--due",
        "2021-03-04",
    ]);
    cli.declare("Logins <fail>", "checkout");
    let update = ["update", "2", "We look into it", "--public", "--yes"];
    cli.ok(update);
    cli
}

/// Writes documents of stores with much, little and nothing in them.
fn write_documents(folder: &Path) -> BTreeMap<String, String> {
    let (empty, company, demo) = (CliFixture::with_company(), company(), CliFixture::new());
    let store = demo.store();
    let seed = ["demo", "--seed-only", "--incidents", "200", "--keep", store.to_str().unwrap()];
    assert_eq!(demo.run(seed).code, 0);
    let mut documents = BTreeMap::new();
    for (name, cli) in [("empty", &empty), ("company", &company), ("demo", &demo)] {
        documents.insert(format!("report-{name}"), cli.ok(["report", "--format", "html"]));
        let run = cli.run(["status", "build", "public", "--title", "Example & <b>sons</b>"]);
        assert_eq!(run.code, 0, "{run:?}");
        let page = std::fs::read_to_string(cli.path("public/index.html")).unwrap();
        documents.insert(format!("status-{name}"), page);
    }
    let team = ["report", "--window", "last-month", "--team", "payments", "--format", "html"];
    documents.insert("report-team".to_owned(), demo.ok(team));
    for (name, number) in [("review-written", "1"), ("review-missing", "2")] {
        documents.insert(name.to_owned(), company.ok(["review", number, "--html"]));
    }
    for (name, text) in &documents {
        std::fs::write(folder.join(format!("{name}.html")), text).unwrap();
    }
    documents
}

/// Validates all documents of a folder. Returns for each the rules that it breaks, with what is said
/// about it.
fn validate(folder: &Path) -> BTreeMap<String, BTreeSet<(String, String)>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/html.sh");
    let output = Command::new(script).args(&files).output().expect("the script runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let results: Vec<Value> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {said} {:?}", output.stdout));
    let mut rules: BTreeMap<_, BTreeSet<_>> =
        files.iter().map(|file| (stem(file), BTreeSet::new())).collect();
    // Only files in which something was found have a result.
    for result in &results {
        let found = rules.get_mut(&stem(Path::new(result["filePath"].as_str().unwrap()))).unwrap();
        for message in result["messages"].as_array().unwrap() {
            let text = format!("{}: {}", message["line"], message["message"]);
            found.insert((message["ruleId"].as_str().unwrap().to_owned(), text));
        }
    }
    let is_valid = rules.values().all(BTreeSet::is_empty);
    assert_eq!(output.status.success(), is_valid, "{said} {rules:?}");
    rules
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn documents_are_valid_and_a_planted_error_is_found() {
    if !parts::are_tested("html-validate on documents of HTML", &["bash", "python3", "flock"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let documents = write_documents(folder.path());
    assert_eq!(documents.len(), 9);
    let found: Vec<_> =
        validate(folder.path()).into_iter().filter(|(_, found)| !found.is_empty()).collect();
    assert!(found.is_empty(), "{found:#?}");

    // Without this, a validator that reads nothing would do.
    for name in ONE_OF_EACH_KIND {
        let text = &documents[name];
        for (index, (error, _)) in PLANTED.iter().enumerate() {
            let (before, after) = text.rsplit_once("</body>").unwrap();
            let planted = format!("{before}{error}\n</body>{after}");
            std::fs::write(folder.path().join(format!("{name}-{index}.html")), planted).unwrap();
        }
    }
    let found = validate(folder.path());
    for name in ONE_OF_EACH_KIND {
        for (index, (error, rule)) in PLANTED.iter().enumerate() {
            let found = &found[&format!("{name}-{index}")];
            assert!(found.iter().any(|(id, _)| id == rule), "{name}: {error}: {found:?}");
        }
    }
}
