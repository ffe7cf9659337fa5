//! Parsing of people's answers.

use super::link::LinkAction;

/// The most terms of an answer that are read.
const MAX_TERMS: usize = 64;
/// Terms after which a `yes` or `no` may mean something else.
const QUALIFIED: [&str; 9] =
    ["problem", "problems", "prob", "worries", "issue", "trouble", "but", "only", "until"];

/// Terms behind an action that mean more than the last incident.
const SEVERAL: [&str; 6] = ["all", "both", "everything", "these", "alle", "beide"];
/// Terms behind which `all` says how things are, as in `resolved, all good`.
const IN_ORDER: [&str; 8] = ["good", "fine", "clear", "ok", "okay", "well", "done", "green"];

/// The text of an answer.
struct Parsed {
    number: Option<u64>,
    action: LinkAction,
    /// Whether it may be about another incident than the one that it names first, or than the last one.
    names_others: bool,
}

/// Reads what an answer says: an action, with the number of an incident before or behind it if it names
/// one, such as `12a`, `ack` or `resolve INC-12`. The rest of a line may follow after a blank, but for an
/// action of one letter. An answer that names several incidents is none: each is answered on its own.
#[must_use]
pub fn parse_answer(text: &str) -> Option<(Option<u64>, LinkAction)> {
    let parsed = parse(text).filter(|parsed| !parsed.names_others)?;
    Some((parsed.number, parsed.action))
}

/// Reads which action an answer says whose incident is certain, as it came to an address of its own.
#[must_use]
pub fn parse_action(text: &str) -> Option<LinkAction> {
    parse(text).map(|parsed| parsed.action)
}

fn parse(text: &str) -> Option<Parsed> {
    let terms = terms(text);
    let mut terms = terms.iter().map(String::as_str);
    let first = without_prefix(terms.next()?);
    let digits = first.len() - first.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, joined) = first.split_at_checked(digits)?;
    let term = if joined.is_empty() { terms.next()? } else { joined };
    let action = action_of(term)?;
    let rest: Vec<&str> = terms.collect();
    // As in `no problem, I will do it`, which may mean the opposite.
    let is_qualified = rest.iter().any(|term| QUALIFIED.contains(term));
    if is_qualified && matches!(term, "yes" | "y" | "no" | "n") {
        return None;
    }
    let after = rest.first().map(|term| without_prefix(term)).filter(|term| begins_number(term));
    // A sentence that begins with a letter, such as "A moment, please", is no answer.
    let is_sentence = rest.is_empty() != after.is_none() || rest.len() > 1;
    if term.len() == 1 && (is_sentence || (!number.is_empty() && after.is_some())) {
        return None;
    }
    // As in `ack 12 and 13`, of which one would be done and the other forgotten.
    let further = rest.iter().skip(1).find(|term| !matches!(**term, "and" | "und" | "et" | "y"));
    let is_further = after.is_some() && further.is_some_and(|term| is_incident(term));
    // As in `ack please 12`, which is not about the last message.
    let is_elsewhere = after.is_none() && rest.iter().any(|term| is_incident(term));
    // As in `ack all`, of which only the last one would be done.
    let is_all = rest.first().is_some_and(|term| SEVERAL.contains(term))
        && rest.get(1).is_none_or(|term| !IN_ORDER.contains(term));
    // As in `12 ack 13 ack` and `ack 12, resolve 13`.
    let others = rest.get(usize::from(number.is_empty() && after.is_some())..).unwrap_or_default();
    let has_second = others.iter().any(|term| is_joined(term))
        || others.windows(2).any(|two| {
            (is_incident(two[0]) && action_of(two[1]).is_some())
                || (action_of(two[0]).is_some() && is_incident(two[1]))
        });
    let names_others = has_second || (number.is_empty() && (is_further || is_elsewhere || is_all));
    let number = if number.is_empty() { after } else { Some(number) };
    // A number that can't be read must not become an answer to the last message.
    let number = number.map(str::parse).transpose().ok()?;
    Some(Parsed { number, action, names_others })
}

/// Returns the action that a term says.
fn action_of(term: &str) -> Option<LinkAction> {
    Some(match term {
        "a" | "ack" | "acknowledge" | "acknowledged" => LinkAction::Acknowledge,
        "e" | "esc" | "escalate" => LinkAction::Escalate,
        "r" | "c" | "resolve" | "resolved" | "close" => LinkAction::Resolve,
        "w" | "working" => LinkAction::Working,
        "accept" | "yes" | "y" => LinkAction::AcceptRole,
        "decline" | "no" | "n" => LinkAction::DeclineRole,
        _ => return None,
    })
}

/// Returns the terms of a text in small letters. The number of an incident is one term, however it is written:
/// `inc-12`, from `INC-12`, `Inc 12` or `incident 12`.
fn terms(text: &str) -> Vec<String> {
    let is_separator = |c: char| !(c.is_alphanumeric() || c == '-');
    let text = text.to_lowercase();
    let mut terms: Vec<String> = Vec::new();
    for term in text.split(is_separator).filter(|term| !term.is_empty()).take(MAX_TERMS) {
        let before = terms.last().map_or("", String::as_str);
        let follows = matches!(before, "inc" | "inc-" | "incident") && begins_number(term);
        if follows {
            terms.pop();
        }
        match term.strip_prefix("inc") {
            Some(number) if begins_number(number) => terms.push(format!("inc-{number}")),
            _ if follows => terms.push(format!("inc-{term}")),
            _ => terms.push(term.to_owned()),
        }
    }
    terms
}

/// Returns a term without what may stand before the number of an incident.
fn without_prefix(term: &str) -> &str {
    term.strip_prefix("inc-").unwrap_or(term)
}

fn begins_number(term: &str) -> bool {
    term.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns whether a term is the number of an incident.
fn is_incident(term: &str) -> bool {
    let digits = without_prefix(term);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether a term is the number of an incident with an action, such as `12a`.
fn is_joined(term: &str) -> bool {
    let term = without_prefix(term);
    let action = term.trim_start_matches(|c: char| c.is_ascii_digit());
    action.len() < term.len() && action_of(action).is_some()
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
    #[case("a INC-12", Some((Some(12), LinkAction::Acknowledge)))]
    #[case("a moment, please", None)]
    #[case("12a moment", None)]
    #[case("e 12 or so", None)]
    #[case("12", None)]
    #[case("thanks", None)]
    #[case("", None)]
    #[case("ärger", None)]
    #[case("12 resolve, 5 pods were restarted", Some((Some(12), LinkAction::Resolve)))]
    #[case("resolve 12 after 5 minutes", Some((Some(12), LinkAction::Resolve)))]
    #[case("#12a", Some((Some(12), LinkAction::Acknowledge)))]
    #[case("INC12a", Some((Some(12), LinkAction::Acknowledge)))]
    #[case("inc 12 a", Some((Some(12), LinkAction::Acknowledge)))]
    #[case("Incident 12: resolve", Some((Some(12), LinkAction::Resolve)))]
    #[case("ack inc 12", Some((Some(12), LinkAction::Acknowledge)))]
    #[case("ack please, INC-12", None)]
    #[case("ack the incident 12", None)]
    #[case("inc", None)]
    #[case("incident", None)]
    #[case("ack please 2", None)]
    #[case("resolved after 5 minutes", None)]
    #[case("1 ack 2 ack", None)]
    #[case("1 ack, 2r", None)]
    #[case("ack 2, resolve 3", None)]
    #[case("ack 2, 3r", None)]
    #[case("ack 12, working on it", Some((Some(12), LinkAction::Acknowledge)))]
    #[case("No problem, I will do it", None)]
    #[case("yes, but only until noon", None)]
    #[case("no, I am away", Some((None, LinkAction::DeclineRole)))]
    #[case("decline, but thanks", Some((None, LinkAction::DeclineRole)))]
    #[case("12a 13a", None)]
    #[case("12a 13", None)]
    #[case("ack 12 13", None)]
    #[case("ack 12, INC-13", None)]
    #[case("ack 12 and 13", None)]
    #[case("99999999999999999999999a", None)]
    #[case("ack 12x", None)]
    #[case("ack all", None)]
    #[case("Resolve both, please", None)]
    #[case("resolved, all good", Some((None, LinkAction::Resolve)))]
    #[case("12 resolve all of it", Some((Some(12), LinkAction::Resolve)))]
    fn answers_are_read(#[case] text: &str, #[case] expected: Option<(Option<u64>, LinkAction)>) {
        assert_eq!(parse_answer(text), expected);
    }

    #[rstest]
    #[case("resolved, the same as INC-13", Some(LinkAction::Resolve))]
    #[case("ack 12 and 13", Some(LinkAction::Acknowledge))]
    #[case("a moment, please", None)]
    fn action_is_read_where_the_incident_is_certain(
        #[case] text: &str,
        #[case] expected: Option<LinkAction>,
    ) {
        assert_eq!(parse_action(text), expected);
    }
}
