use redphone::model::priority::{Level, Matrix};
use redphone::model::status::{Category, Role, Source, Status};
use redphone::model::time::{format_ago, format_duration, format_precise_duration, parse_duration};
use redphone::model::{IncidentNumber, Priority};
use rstest::rstest;

use crate::support::model::at;

#[rstest]
#[case(Level::High, Level::High, Priority::P1)]
#[case(Level::High, Level::Medium, Priority::P2)]
#[case(Level::High, Level::Low, Priority::P3)]
#[case(Level::Medium, Level::High, Priority::P2)]
#[case(Level::Medium, Level::Medium, Priority::P3)]
#[case(Level::Medium, Level::Low, Priority::P4)]
#[case(Level::Low, Level::High, Priority::P3)]
#[case(Level::Low, Level::Medium, Priority::P4)]
#[case(Level::Low, Level::Low, Priority::P4)]
fn impact_and_urgency_lead_to_a_priority(
    #[case] impact: Level,
    #[case] urgency: Level,
    #[case] priority: Priority,
) {
    assert_eq!(Matrix::default().priority(impact, urgency), priority);
}

#[rstest]
#[case(&["P1", "p1", "1", "sev1", "SEV1", "critical"], Priority::P1)]
#[case(&["P2", "sev2", "high"], Priority::P2)]
#[case(&["P3", "sev3", "medium"], Priority::P3)]
#[case(&["P4", "sev4", "Low"], Priority::P4)]
fn priority_parses_in_all_spellings(#[case] spellings: &[&str], #[case] priority: Priority) {
    for spelling in spellings {
        assert_eq!(spelling.parse(), Ok(priority), "{spelling}");
    }
}

#[test]
fn unknown_value_is_named_with_the_accepted_ones() {
    let error = "P5".parse::<Priority>().unwrap_err().to_string();
    assert_eq!(error, "\"P5\" is not a priority: choose from P1, P2, P3, P4");
    let error = "urgent".parse::<Level>().unwrap_err().to_string();
    assert_eq!(error, "\"urgent\" is not a level: choose from high, medium, low");
}

#[test]
fn every_fixed_value_round_trips() {
    for status in Status::ALL {
        assert_eq!(status.as_str().parse(), Ok(*status));
    }
    for category in Category::ALL {
        assert_eq!(category.as_str().parse(), Ok(*category));
    }
    for source in Source::ALL {
        assert_eq!(source.as_str().replace(' ', "_").parse(), Ok(*source));
    }
    for role in Role::ALL {
        assert_eq!(role.as_str().to_uppercase().parse(), Ok(*role));
    }
}

#[rstest]
#[case("INC-2041", Some(2041))]
#[case("inc-2041", Some(2041))]
#[case("INC2041", Some(2041))]
#[case(" 2041 ", Some(2041))]
#[case("#7", Some(7))]
#[case("INC-", None)]
#[case("", None)]
#[case("0", None)]
#[case("-5", None)]
#[case("+5", None)]
#[case("INC-12a", None)]
#[case("99999999999999999999999", None)]
#[case("ééé", None)]
fn incident_number_parses_as_people_write_it(#[case] text: &str, #[case] number: Option<u64>) {
    assert_eq!(text.parse::<IncidentNumber>().ok(), number.map(IncidentNumber));
}

#[rstest]
#[case(0, "0s", "0s")]
#[case(59, "59s", "59s")]
#[case(60, "1m", "1m00")]
#[case(190, "3m", "3m10")]
#[case(3599, "59m", "59m59")]
#[case(3600, "1h00", "1h00")]
#[case(4320, "1h12", "1h12")]
#[case(86_399, "23h59", "23h59")]
#[case(86_400, "1d", "1d")]
#[case(99 * 86_400, "99d", "99d")]
#[case(105 * 86_400, "15w", "15w")]
#[case(-5, "0s", "0s")]
fn a_duration_has_one_form(#[case] seconds: i64, #[case] plain: &str, #[case] precise: &str) {
    let duration = chrono::TimeDelta::seconds(seconds);
    assert_eq!(
        (format_duration(duration).as_str(), format_precise_duration(duration).as_str()),
        (plain, precise)
    );
}

#[rstest]
#[case("90s", Some(90))]
#[case("15m", Some(900))]
#[case("1h30m", Some(5400))]
#[case("2D", Some(172_800))]
#[case("1w", Some(604_800))]
#[case("15", None)]
#[case("", None)]
#[case("h", None)]
#[case("1y", None)]
#[case("99999999999999999999d", None)]
#[case("9999999w", None)]
#[case("-1h", None)]
fn duration_parses_with_its_unit(#[case] text: &str, #[case] seconds: Option<i64>) {
    assert_eq!(parse_duration(text).map(|d| d.num_seconds()), seconds);
}

#[rstest]
#[case(0, "just now")]
#[case(2, "2 min ago")]
#[case(180, "3 h ago")]
#[case(5 * 1440, "5 d ago")]
#[case(-10, "just now")]
fn sentence_says_how_long_ago(#[case] minutes: i64, #[case] sentence: &str) {
    assert_eq!(format_ago(at(0), at(minutes)), sentence);
}
