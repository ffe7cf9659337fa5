//! What people write in an answer.

use super::link::LinkAction;

/// Reads what an answer says: an action, with the number of an incident before or behind it if it names
/// one, such as `12a`, `ack` or `resolve INC-12`. The rest of a line may follow after a blank.
#[must_use]
pub fn parse_answer(text: &str) -> Option<(Option<u64>, LinkAction)> {
    let text = text.trim().trim_start_matches(['#', '*']).to_lowercase();
    let text = text.strip_prefix("inc-").unwrap_or(&text);
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = text.split_at_checked(digits)?;
    let mut terms =
        rest.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|term| !term.is_empty());
    let action = match terms.next()? {
        "a" | "ack" | "acknowledge" | "acknowledged" => LinkAction::Acknowledge,
        "e" | "esc" | "escalate" => LinkAction::Escalate,
        "r" | "c" | "resolve" | "resolved" | "close" => LinkAction::Resolve,
        "w" | "working" => LinkAction::Working,
        "accept" | "yes" | "y" => LinkAction::AcceptRole,
        "decline" | "no" | "n" => LinkAction::DeclineRole,
        _ => return None,
    };
    let behind = terms.next().map(|term| term.strip_prefix("inc-").unwrap_or(term));
    let behind = behind.filter(|term| term.starts_with(|c: char| c.is_ascii_digit()));
    let number = if number.is_empty() { behind } else { Some(number) };
    // A number that can't be read must not become an answer to the last message.
    let number = number.map(str::parse).transpose().ok()?;
    Some((number, action))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("12a", Some((Some(12), LinkAction::Acknowledge)))]
    #[case(" 12 A\n", Some((Some(12), LinkAction::Acknowledge)))]
    #[case("a", Some((None, LinkAction::Acknowledge)))]
    #[case("Ack.", Some((None, LinkAction::Acknowledge)))]
    #[case("ack inc-12", Some((Some(12), LinkAction::Acknowledge)))]
    #[case("INC-12 escalate please", Some((Some(12), LinkAction::Escalate)))]
    #[case("12e", Some((Some(12), LinkAction::Escalate)))]
    #[case("12r", Some((Some(12), LinkAction::Resolve)))]
    #[case("c", Some((None, LinkAction::Resolve)))]
    #[case("resolve, it is back", Some((None, LinkAction::Resolve)))]
    #[case("yes, I come", Some((None, LinkAction::AcceptRole)))]
    #[case("12 decline", Some((Some(12), LinkAction::DeclineRole)))]
    #[case("working", Some((None, LinkAction::Working)))]
    #[case("12", None)]
    #[case("thanks", None)]
    #[case("", None)]
    #[case("ärger", None)]
    #[case("99999999999999999999999a", None)]
    #[case("ack 12x", None)]
    fn answers_are_read(#[case] text: &str, #[case] expected: Option<(Option<u64>, LinkAction)>) {
        assert_eq!(parse_answer(text), expected);
    }
}
