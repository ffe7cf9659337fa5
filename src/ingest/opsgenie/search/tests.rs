use rstest::rstest;
use serde_json::json;

use super::*;

fn alert() -> Value {
    json!({
        "id": "70413a06-38d6-4c85-92b8-5ebc900d42e2", "tinyId": "17", "alias": "db1/disk",
        "message": "The disk of DB1 is full", "status": "open", "acknowledged": false,
        "tags": ["env:prod", "Urgent"], "count": 3, "owner": "", "priority": "P1",
        "createdAt": "2026-03-01T10:00:00.000Z", "source": "watcher",
        "details": {"Region": "eu"}, "responders": [{"type": "team", "id": "ops", "name": "ops"}],
        "integration": {"name": "Watcher", "type": "API"},
    })
}

#[rstest]
#[case("", true)]
#[case("status: open", true)]
#[case("status:closed", false)]
#[case("Status = OPEN priority: p1", true)]
#[case("status: open AND priority: P2", false)]
#[case("priority: P2 OR status: open", true)]
#[case("priority: (P2 OR P1)", true)]
#[case("NOT priority: (P2 OR P3) AND NOT status: closed", true)]
#[case("NOT (status: open OR priority: P3)", false)]
#[case("tag: env:prod", true)]
#[case("tag: (urgent AND env:*)", true)]
#[case("tag: (urgent AND web)", false)]
#[case("alias: db1*", true)]
#[case("alias: db1", false)]
#[case("message: disk", true)]
#[case("message: \"disk of db1\"", true)]
#[case("message: \"disk of db2\"", false)]
#[case("message: full*disk", false)]
#[case("owner: null", true)]
#[case("alias: null", false)]
#[case("description: null", true)]
#[case("count > 3", false)]
#[case("count >= 3 AND count < 4", true)]
#[case("count: 3", true)]
#[case("createdAt > 1772359199999", true)]
#[case("createdAt > 1772359200000", false)]
#[case("createdAt: 01-03-2026", true)]
#[case("createdAt < 2026-03-01", false)]
#[case("createdAt <= 01-03-2026", true)]
#[case("createdAt > 28-02-2026 createdAt < 2026-03-02T00:00:00Z", true)]
#[case("snoozedUntil > 1772359200000", false)]
#[case("acknowledged: false snoozed: FALSE", true)]
#[case("teams: ops", true)]
#[case("details.key: region details.value: EU", true)]
#[case("integration.name: watcher", true)]
#[case("disk full", true)]
#[case("prod", true)]
#[case("\"full disk\"", false)]
#[case("ORDER", false)]
fn query_selects_alerts(#[case] query: &str, #[case] expected: bool) {
    let search: AlertSearch = query.parse().unwrap();
    assert_eq!(search.matches(&alert()), expected, "{search:?}");
}

#[rstest]
#[case("colour: red", SearchError::UnknownField("colour".into()))]
#[case(": red", SearchError::UnknownField(String::new()))]
#[case("status:", SearchError::NoValue("status".into()))]
#[case("(status: )", SearchError::NoValue("status".into()))]
#[case("(status: open", SearchError::Unbalanced('('))]
#[case("status: open)", SearchError::Unbalanced(')'))]
#[case("message: \"disk", SearchError::Unbalanced('"'))]
#[case("a AND", SearchError::NoOperand("AND"))]
#[case("AND a", SearchError::NoOperand("AND"))]
#[case("NOT", SearchError::NoOperand("NOT"))]
#[case("a OR", SearchError::NoOperand("OR, or within parentheses"))]
#[case("()", SearchError::NoOperand("OR, or within parentheses"))]
#[case("count: many", SearchError::BadValue { field: "count", expected: "number", value: "many".into() })]
#[case("alias > x", SearchError::BadValue { field: "alias", expected: "number or time", value: "x".into() })]
fn query_that_is_wrong_says_what(#[case] query: &str, #[case] expected: SearchError) {
    assert_eq!(query.parse::<AlertSearch>(), Err(expected));
}

#[test]
fn query_is_bounded() {
    assert_eq!("ü".repeat(1001).parse::<AlertSearch>(), Err(SearchError::TooLong));
    let deep = format!("{}a{}", "(".repeat(400), ")".repeat(400));
    assert_eq!(deep.parse::<AlertSearch>(), Err(SearchError::TooDeep));
    for part in ["disk ", "\"a b\" ", "NOT id: 1 ", "(a) "] {
        assert!(part.repeat(30).parse::<AlertSearch>().is_ok(), "{part}");
        assert_eq!(part.repeat(31).parse::<AlertSearch>(), Err(SearchError::TooMany), "{part}");
    }
    let values = format!("tag: ({}x)", "x OR ".repeat(30));
    assert_eq!(values.parse::<AlertSearch>(), Err(SearchError::TooMany));
    assert_eq!("NOT ".repeat(200).parse::<AlertSearch>(), Err(SearchError::TooDeep));
}

proptest::proptest! {
    #[test]
    fn no_query_makes_the_reader_panic(query in "[a-zA-Z:<>=()\"\\\\ *ü]{0,60}") {
        if let Ok(search) = query.parse::<AlertSearch>() {
            let _ = search.matches(&alert());
        }
    }
}
