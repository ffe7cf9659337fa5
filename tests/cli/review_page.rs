//! The review of an incident as one document.

use rstest::rstest;

use crate::support::cli::CliFixture;

/// A store with an incident that was resolved, and of whose review some sections are written.
fn filled() -> CliFixture {
    let cli = CliFixture::with_company();
    cli.declare("Card <payments> fail", "checkout");
    cli.ok(["ack", "1"]);
    let resolve = ["resolve", "1", "--action", "rollback", "--detail", "back to v811"];
    cli.ok(resolve.iter().chain(&["--validation", "no errors"]));
    let cause = "# Pool\n\n- **too small**\n- <script>alert(1)</script>";
    cli.ok(["review", "1", "root-cause", cause]);
    cli.ok(["review", "1", "factors", "Capacity, missing alert"]);
    cli.ok(["review", "1", "went-well", "The rollback took 2 min."]);
    cli.ok(["action-item", "1", "Alert on full pools", "--kind", "detect", "--due", "2021-03-04"]);
    cli
}

#[rstest]
#[case(&["review", "1", "--markdown"])]
#[case(&["review-page", "1"])]
fn review_is_printed_as_markdown(#[case] args: &[&str]) {
    let out = filled().ok(args);
    for line in [
        "# Review of INC-1: Card \\<payments\\> fail",
        "## Root cause and contributing factors",
        "### Pool",
        "## Contributing factors",
        "`capacity` `missing alert`",
        "## What went well",
        "The rollback took 2 min.",
        "## Action items",
    ] {
        assert!(out.lines().any(|printed| printed == line), "{line}\n{out}");
    }
    // Unwritten sections come from the record.
    assert!(out.contains("*Not written yet; from the record:*"), "{out}");
    assert!(out.contains("rollback: back to v811"), "{out}");
    assert!(out.contains("due 2021-03-04"), "{out}");
    let begun = out.lines().find(|line| line.starts_with("- **Review begun:** "));
    assert!(begun.is_some_and(|line| line.ends_with(" by Ines Moreau")), "{out}");
}

/// A resolution passes the stages before it, although nobody performed them.
#[rstest]
#[case(true)]
#[case(false)]
fn incident_is_acknowledged_if_somebody_did_that(#[case] is_acknowledged: bool) {
    let cli = CliFixture::with_company();
    cli.declare("Carts are empty", "checkout");
    if is_acknowledged {
        cli.ok(["ack", "1"]);
    }
    let resolve = ["resolve", "1", "--action", "restart", "--detail", "d", "--validation", "v"];
    cli.ok(resolve);
    let out = cli.ok(["review", "1", "--markdown"]);
    let facts = ["- **Acknowledged:** ", "s later, resolved "];
    assert_eq!(facts.map(|fact| out.contains(fact)), [is_acknowledged; 2], "{out}");
}

#[test]
fn factors_without_a_tag_have_no_heading() {
    let cli = filled();
    cli.ok(["review", "1", "factors", " , ,"]);
    let out = cli.ok(["review", "1", "--markdown"]);
    assert!(!out.contains("## Contributing factors"), "{out}");
    assert!(out.contains("## What went well"), "{out}");
}

#[test]
fn help_names_all_sections() {
    let help = CliFixture::new().ok(["review", "--help"]);
    let line = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains("communication, gaps, factors, went-well]"), "{help}");
}

#[test]
fn review_is_one_page_that_loads_nothing() {
    let out = filled().ok(["review", "1", "--html"]);
    assert!(out.starts_with("<!DOCTYPE html>\n<html lang=\"en\">\n"), "{out}");
    assert!(out.ends_with("</html>\n"), "{out}");
    for absent in ["<script", "<link", "<img", "url(", "@import", "http:", "https:", " style="] {
        assert!(!out.contains(absent), "{absent}\n{out}");
    }
    for part in [
        "<h1>Review of INC-1: Card &lt;payments&gt; fail</h1>",
        "<h3><strong>Pool</strong></h3>",
        "<li><strong>too small</strong>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<li>capacity</li>",
        "<td class=\"late\">overdue</td>",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
}

#[test]
fn elements_of_the_page_are_nested() {
    let out = filled().ok(["review", "1", "--html"]);
    let body = out.split_once("</style>").unwrap().1;
    let mut open: Vec<&str> = vec!["html", "head"];
    for tag in body.split('<').skip(1) {
        let name = tag.split(['>', ' ']).next().unwrap();
        match name.strip_prefix('/') {
            Some(ended) => assert_eq!(open.pop(), Some(ended), "{out}"),
            None if name == "hr" => {}
            None => open.push(name),
        }
    }
    assert_eq!(open, [""; 0]);
}

#[rstest]
#[case(&["review", "9", "--html"], 3)]
#[case(&["review", "1", "--html", "--markdown"], 2)]
#[case(&["review", "--html"], 2)]
fn what_is_wrong_has_its_exit_code(#[case] args: &[&str], #[case] code: i32) {
    let run = filled().run(args);
    assert_eq!(run.code, code, "{run:?}");
}

#[test]
fn sections_are_still_written_by_the_verb() {
    let cli = filled();
    cli.ok(["review", "1", "impact", "--", "--html was not loaded"]);
    assert!(cli.ok(["show", "1"]).contains("--html was not loaded"));
}
