use std::collections::BTreeMap;

use rstest::rstest;
use toml::de::DeTable;

use super::*;
use crate::model::alert::AlertReport;
use crate::model::priority::Level;
use crate::model::status::Category;

fn rule(text: &str) -> Rule {
    let table = DeTable::parse(text).expect("TOML");
    let mut rule = Rule::default();
    for (key, value) in table.get_ref() {
        rule.set(key.get_ref(), value).expect("a rule");
    }
    rule
}

fn rules(texts: &[&str]) -> Rules {
    Rules(texts.iter().map(|text| rule(text)).collect())
}

fn alert(title: &str, labels: &[(&str, &str)]) -> AlertReport {
    let labels = labels.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    AlertReport {
        key: title.into(),
        is_firing: true,
        starts_at: None,
        ends_at: None,
        expires_at: None,
        title: title.into(),
        labels: labels.collect(),
        annotations: BTreeMap::new(),
        url: None,
    }
}

fn group(alerts: Vec<AlertReport>) -> AlertGroup {
    AlertGroup { is_firing: Some(true), ..AlertGroup::new("zabbix", "Zabbix", "zabbix:1", alerts) }
}

fn titles(group: &AlertGroup) -> Vec<&str> {
    group.alerts.iter().map(|alert| alert.title.as_str()).collect()
}

#[test]
fn first_rule_that_matches_sets_all_fields() {
    let rules = rules(&[
        "match = { env = \"test\" }\ndrop = true",
        "name = \"pay\"\nsource = \"/^zab/\"\nmatch = { env = \"prod\", app = [\"pay\", \"card\"] }\n\
         service = \"{app}\"\nteam = \"payments\"\ncategory = \"security\"\npriority = \"P2\"\n\
         title = \"{title} in {env}\"\nrunbook = \"https://r.example/{app}\"\n\
         labels = { region = \"{region|}\", env = \"{env}\" }",
        "match = { env = \"prod\" }\nteam = \"other\"",
    ]);
    let reported = group(vec![alert("Slow", &[("env", "prod"), ("app", "card")])]);
    let mut applied = rules.apply(reported.clone(), "db");
    assert_eq!((applied.groups.len(), applied.dropped.len()), (1, 0));
    let AppliedGroup { mut group, rule } = applied.groups.remove(0);
    assert_eq!(rule.as_deref(), Some("pay"));
    let overrides = std::mem::take(&mut group.overrides);
    assert_eq!(overrides.title.as_deref(), Some("Slow in prod"));
    assert_eq!(overrides.service.as_deref(), Some("card"));
    assert_eq!(overrides.team.as_deref(), Some("payments"));
    assert_eq!(overrides.category, Some(Category::Security));
    assert_eq!(overrides.levels, Some((Level::High, Level::Medium)));
    assert_eq!(overrides.runbook.as_deref(), Some("https://r.example/card"));
    assert_eq!(overrides.labels, ["env=prod"]);
    assert_eq!(group, reported);
}

#[test]
fn dropped_alerts_are_not_in_the_group() {
    let rules = rules(&["match = { severity = \"info\" }\ndrop = true"]);
    let info = alert("Full", &[("severity", "info")]);
    let applied = rules.apply(group(vec![info.clone(), alert("Slow", &[])]), "db");
    assert_eq!(applied.groups.len(), 1);
    assert_eq!(titles(&applied.groups[0].group), ["Slow"]);
    assert_eq!(applied.groups[0].group.is_firing, None);
    assert_eq!(applied.dropped, [Dropped { title: "Full".into(), rule: "rule 1".into() }]);
    assert_eq!(rules.apply(group(vec![info.clone()]), "db").groups, []);
    let ended = AlertReport { is_firing: false, ..info };
    assert_eq!(titles(&rules.apply(group(vec![ended]), "db").groups[0].group), ["Full"]);
}

#[test]
fn rule_of_an_alert_that_fires_counts_for_the_incident() {
    let rules = rules(&[
        "name = \"ended\"\nmatch = { app = \"card\" }\nteam = \"{app}\"",
        "name = \"fires\"\nmatch = { app = \"pay\" }\nteam = \"{app}\"",
    ]);
    let ended = AlertReport { is_firing: false, ..alert("A", &[("app", "card")]) };
    let team = |alerts: Vec<AlertReport>| {
        let applied = rules.apply(group(alerts), "db").groups.remove(0);
        (applied.rule, applied.group.overrides.team)
    };
    let expected = |rule: &str, team: &str| (Some(rule.to_owned()), Some(team.to_owned()));
    let fires = alert("B", &[("app", "pay")]);
    assert_eq!(team(vec![ended.clone(), fires.clone()]), expected("fires", "pay"));
    assert_eq!(team(vec![fires, ended.clone()]), expected("fires", "pay"));
    assert_eq!(team(vec![ended.clone()]), expected("ended", "card"));
    // The value of an ended alert does not apply to a firing one.
    assert_eq!(team(vec![ended, alert("C", &[])]), (None, None));
}

#[test]
fn rules_make_groups_by_labels() {
    let rules = rules(&["match = { app = \"!\" }\ngroup = \"app {app}\"\nteam = \"{app}\""]);
    let alerts = vec![
        alert("A", &[("app", "pay")]),
        alert("B", &[]),
        alert("C", &[("app", "card")]),
        alert("D", &[("app", "pay")]),
    ];
    let applied = rules.apply(group(alerts), "db");
    let found: Vec<(&str, Vec<&str>, Option<&str>)> = applied
        .groups
        .iter()
        .map(|AppliedGroup { group, .. }| {
            (group.key.as_str(), titles(group), group.overrides.team.as_deref())
        })
        .collect();
    assert_eq!(
        found,
        [
            ("zabbix:app pay", vec!["A", "D"], Some("pay")),
            ("zabbix:1", vec!["B"], None),
            ("zabbix:app card", vec!["C"], Some("card")),
        ]
    );
}

#[rstest]
#[case("checkout", &[], Some("checkout"))]
#[case("Payments EU", &[], Some("payments"))]
#[case("other", &[], Some("other"))]
#[case("", &[], None)]
#[case("checkout", &[("integration", "label")], Some("label"))]
fn name_of_the_key_says_the_service(
    #[case] integration: &str,
    #[case] labels: &[(&str, &str)],
    #[case] expected: Option<&str>,
) {
    let rules = rules(&[
        "match = { integration = \"Payments*\" }\nservice = \"payments\"",
        "service = \"{integration}\"",
    ]);
    let applied = rules.apply(group(vec![alert("A", labels)]), integration);
    assert_eq!(applied.groups[0].group.overrides.service.as_deref(), expected);
}

#[test]
fn senders_that_end_by_key_are_not_moved() {
    let rules = rules(&["match = { app = \"pay\" }\ngroup = \"{app}\"\nhold_for = \"2m\""]);
    let reported =
        AlertGroup::new("events", "Events", "events:1", vec![alert("A", &[("app", "pay")])]);
    let applied = rules.apply(reported, "db");
    assert_eq!(applied.groups[0].group.key, "events:1");
    assert_eq!(applied.groups[0].group.overrides.hold_s, Some(120));
}

#[test]
fn without_rules_a_group_stays_as_it_is() {
    let reported = group(vec![alert("A", &[])]);
    let applied = Rules::default().apply(reported.clone(), "db");
    assert_eq!(applied.groups, [AppliedGroup { group: reported, rule: None }]);
}

#[rstest]
#[case("match = { a = \"b\" }", Some("changes nothing: add what it sets, or drop = true"))]
#[case(
    "drop = true\nteam = \"pay\"",
    Some("drops alerts and sets something of them: remove one of the two")
)]
#[case("impact = \"high\"", Some("sets only one of impact and urgency: add the other"))]
#[case(
    "priority = \"P1\"\nimpact = \"high\"",
    Some("sets priority as well as impact or urgency: remove one of them")
)]
#[case("drop = true", None)]
#[case("impact = \"high\"\nurgency = \"low\"", None)]
fn contradictions_of_a_rule_are_found(#[case] text: &str, #[case] problem: Option<&str>) {
    assert_eq!(rule(text).problem(), problem);
}
