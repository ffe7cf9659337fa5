//! Fills in the placeholders of templates.

use std::fmt::Write;

use super::data::Vocabulary;
use super::dice::Dice;

/// The values for the placeholders (names in braces) of a template.
pub(super) struct TemplateValues<'a> {
    pub vocabulary: &'a Vocabulary,
    pub service: &'a str,
    /// A service on which it depends, or the service itself if there is none.
    pub dependency: &'a str,
    pub region: &'a str,
    /// First name of a colleague.
    pub colleague: &'a str,
    /// Whether the incident is severe: percentages are high then.
    pub is_severe: bool,
    /// The minute of the day (UTC) at which the incident began.
    pub began_minute: u32,
}

impl TemplateValues<'_> {
    /// Returns the template with its placeholders filled in.
    pub fn fill(&self, template: &str, dice: &mut Dice) -> String {
        let mut text = String::with_capacity(template.len() + 24);
        let mut rest = template;
        while let Some(start) = rest.find('{') {
            text.push_str(&rest[..start]);
            let Some(length) = rest[start..].find('}') else { break };
            self.fill_placeholder(&rest[start + 1..start + length], &mut text, dice);
            rest = &rest[start + length + 1..];
        }
        text.push_str(rest);
        text
    }

    /// Appends the value of a placeholder; an unknown one becomes its own name.
    fn fill_placeholder(&self, name: &str, text: &mut String, dice: &mut Dice) {
        // Writing to a string can't fail.
        let _ = match name {
            "svc" => text.write_str(self.service),
            "dep" => text.write_str(self.dependency),
            "region" => text.write_str(self.region),
            "who" => text.write_str(self.colleague),
            "n" => write!(text, "{}", dice.between(3, 47)),
            "few" => write!(text, "{}", dice.between(2, 7)),
            "big" => {
                let thousands = dice.between(2, 96);
                write!(text, "{thousands},{:03}", dice.between(0, 999))
            }
            "pct" if self.is_severe => write!(text, "{}", dice.between(31, 100)),
            "pct" => write!(text, "{}", dice.between(2, 24)),
            "low" => write!(text, "{}", dice.between(2, 9)),
            "high" => write!(text, "{}", dice.between(84, 98)),
            "ms" => write!(text, "{}", dice.between(9, 68) * 100),
            "lowms" => write!(text, "{}", dice.between(12, 48) * 10),
            "min" => write!(text, "{}", dice.between(2, 11) * 5),
            "node" => write!(
                text,
                "{}-{}-{:02}",
                dice.pick_text(&self.vocabulary.host_roles),
                dice.pick_text(&self.vocabulary.host_zones),
                dice.between(1, 42)
            ),
            "ver" => write!(text, "v{}", dice.between(210, 899)),
            "id" => write!(text, "{:08x}", dice.between(0x1000_0000, 0xffff_ffff)),
            "weekday" => text.write_str(dice.pick_text(&self.vocabulary.weekdays)),
            "clock" => {
                write!(text, "{:02}:{:02}", self.began_minute / 60 % 24, self.began_minute % 60)
            }
            _ => text.write_str(name),
        };
    }
}

/// Returns whether a text could be the template with its placeholders filled in.
pub(super) fn matches_template(template: &str, text: &str) -> bool {
    let mut rest = text;
    for (index, part) in template.split(['{', '}']).enumerate() {
        // Every second part is the name of a placeholder.
        if index % 2 == 1 || part.is_empty() {
            continue;
        }
        match rest.find(part) {
            Some(at) if index > 0 || at == 0 => rest = &rest[at + part.len()..],
            _ => return false,
        }
    }
    true
}

/// Makes the first letter of a text upper case.
pub(super) fn capitalize(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("{svc} p99 above {ms} ms", "search p99 above 4100 ms", true)]
    #[case("{svc} p99 above {ms} ms", "search p95 above 4100 ms", false)]
    #[case("Card payments fail", "Card payments fail", true)]
    #[case("Card payments fail", "All card payments fail", false)]
    #[case("Lock waits on {svc}", "Lock waits on catalog-db", true)]
    #[case("Lock waits on {svc}", "No lock waits", false)]
    fn title_matches_its_template(#[case] template: &str, #[case] title: &str, #[case] same: bool) {
        assert_eq!(matches_template(template, title), same);
    }

    #[test]
    fn filled_text_matches_its_template() {
        let texts = &super::super::data::load().unwrap().texts;
        let filler = TemplateValues {
            vocabulary: &texts.vocabulary,
            service: "search",
            dependency: "dns",
            region: "eu-west-1",
            colleague: "Ravi",
            is_severe: true,
            began_minute: 754,
        };
        let mut dice = Dice::new(3, super::super::dice::Stream::Rhythm);
        for change in &texts.changes {
            let text = filler.fill(&change.title, &mut dice);
            assert!(matches_template(&change.title, &text), "{} {text}", change.title);
        }
        let text = filler.fill("since {clock}, {pct} % of {svc}", &mut dice);
        assert!(text.starts_with("since 12:34, ") && text.ends_with(" % of search"), "{text}");
    }
}
