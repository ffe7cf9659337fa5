//! Templates for what responders write, and how their placeholders are filled in.

use std::fmt::Write;

use crate::model::change::ChangeKind;

use super::dice::Dice;

/// The values for the placeholders (names in braces) of a template.
pub(super) struct TemplateValues<'a> {
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

pub(super) const REGIONS: [&str; 6] =
    ["eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-southeast-1", "sa-east-1"];
const WEEKDAYS: [&str; 5] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];

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
                dice.pick_text(&["node", "worker", "host"]),
                dice.pick_text(&["a", "b", "c"]),
                dice.between(1, 42)
            ),
            "ver" => write!(text, "v{}", dice.between(210, 899)),
            "id" => write!(text, "{:08x}", dice.between(0x1000_0000, 0xffff_ffff)),
            "weekday" => text.write_str(dice.pick_text(&WEEKDAYS)),
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

/// First notes of a responder.
pub(super) const FIRST_NOTES: &[&str] = &[
    "Looking.",
    "On it. Checking dashboards and the last changes first.",
    "Seen. Opening a call if it is not gone in 10 min.",
    "Alert is real, graphs confirm it. Starting with {dep}.",
    "I'm at the laptop in 5, {who} can you check {dep} meanwhile?",
    "Not obvious from the dashboard. Going through logs of {region}.",
    "Checked {dep}: healthy. It is on our side.",
    "Only {region} is affected, the others are clean.",
    "Following the runbook, step {few}.",
    "Reproduced with curl from the bastion.",
];

/// Notes while the effect of a fix is watched.
pub(super) const WATCHING: &[&str] = &[
    "Fix is out. Watching for {min} min before I call it done.",
    "Graphs bend the right way. Keeping an eye on it.",
    "Errors are down to a trickle, waiting for the caches.",
    "Looks good so far in {region}, other regions follow.",
];

/// Notes about an earlier incident with the same fault.
pub(super) const RECURRENCE_NOTES: &[&str] = &[
    "This looks like {prev} again.",
    "Same picture as in {prev}. Trying what helped there.",
    "Same trace as in {prev}, see there.",
    "Again. Compare {prev}, the workaround is in its notes.",
];

/// Stakeholder updates while the cause is unknown.
pub(super) const EARLY_UPDATES: &[&str] = &[
    "We see trouble with {svc} since {clock} UTC. About {pct} % of requests are affected. We are looking for the cause.",
    "{svc} is impaired since {clock} UTC. The team is on it, next update as agreed.",
    "Some customers have trouble with {svc} since {clock} UTC. {n} contacts at support so far.",
    "We are still looking for the cause of the trouble with {svc}. It has not spread.",
];

/// Stakeholder updates once the cause is known.
pub(super) const CAUSE_FOUND_UPDATES: &[&str] = &[
    "Cause found, the fix is being prepared. Some customers are still affected.",
    "We know what causes the trouble with {svc} and expect recovery within {min} min.",
    "The fix for {svc} is being rolled out, {region} first.",
];

/// Stakeholder updates while the service recovers.
pub(super) const RECOVERY_UPDATES: &[&str] = &[
    "{svc} is recovering. Numbers go back to normal; we keep watching.",
    "The fix is in for all regions. We watch {svc} before we call it done.",
];

/// Stakeholder updates after the resolution.
pub(super) const FINAL_UPDATES: &[&str] = &[
    "{svc} works again. We watched it for {min} min. A review follows.",
    "Resolved. What got stuck was replayed; nobody needs to do anything.",
    "All clear for {svc}. Thanks for your patience, details come with the review.",
];

/// Reasons for reopening an incident.
pub(super) const REOPEN_REASONS: &[&str] = &[
    "Same alert again {min} min after we called it done.",
    "Support has {n} new contacts with the same picture.",
    "Error rate is up again in {region}.",
    "Restart only helped for a while.",
];

/// Reasons for pausing an incident.
pub(super) const PAUSE_REASONS: &[&str] = &[
    "waiting on the supplier, their ticket {id}",
    "waiting for the spare part, delivery tomorrow",
    "waiting on partner: they test in their next window",
    "waiting for finance to confirm the figures",
];

/// Notes when another person becomes the lead.
pub(super) const HANDOVER_NOTES: &[&str] = &[
    "Handing over to {who}, who knows {dep} better.",
    "My shift ends, {who} takes it from here. State: see above.",
    "{who} takes over; it comes from {dep} after all.",
];

/// Reasons why a person escalates.
pub(super) const ESCALATION_REASONS: &[&str] = &[
    "needs somebody who knows {dep}",
    "customer impact grows, second pair of hands needed",
    "no progress for 20 min",
];

/// Notes when the priority is raised.
pub(super) const RAISED: &[&str] = &[
    "Impact is wider than it looked. Raising it.",
    "Second region is affected now, raising the priority.",
    "Support gets contacts by the minute. This is more than it looked.",
];

/// Notes when the priority is lowered.
pub(super) const LOWERED: &[&str] = &[
    "Fallback holds, customers hardly notice. Lowering it.",
    "Only internal users are affected, so this is less urgent than it looked.",
    "Retries cover for it. Lowering, we look at it in the morning.",
];

/// Reasons for reclassifying an incident as a service request.
pub(super) const RECLASSIFY_REASONS: &[&str] = &[
    "A routine access request, moved to the service desk",
    "Asks for a new report, nothing is broken",
    "Planned maintenance, announced last week",
];

/// Texts of repeated alerts.
pub(super) const ALERTS: &[&str] = &[
    "still firing: {svc} in {region}, value {pct} %",
    "p99 latency {ms} ms on {svc}",
    "{n} pods of {svc} affected",
    "error ratio {pct} % over 5 min, threshold 2 %",
    "{svc} on {node}: no answer for {min} s",
];

/// Action items of a review, with their kind.
pub(super) const ACTIONS: &[(crate::model::review::ActionKind, &str)] = {
    use crate::model::review::ActionKind::{Detect, Mitigate, Prevent, Process};
    &[
        (Prevent, "Judge the canary of {svc} automatically before going on"),
        (Prevent, "Validate the config of {svc} before it is pushed"),
        (Prevent, "Put a bound on every pool and cache of {svc}"),
        (Detect, "Alert on the success rate of {svc} as customers see it"),
        (Detect, "Alert when {dep} answers slower than 500 ms for 5 min"),
        (Mitigate, "Circuit breaker between {svc} and {dep}"),
        (Mitigate, "Practise the failover of {svc} once a quarter"),
        (Mitigate, "Serve the last known answer while {dep} is away"),
        (Process, "Say in the runbook who may roll {svc} back at night"),
        (Process, "Add {dep} to the on-call handover"),
    ]
};

/// Titles of changes that caused no incident.
pub(super) const CHANGES: &[(ChangeKind, &str)] = &[
    (ChangeKind::Deploy, "{svc} {ver}"),
    (ChangeKind::Deploy, "{svc} {ver}: small fixes"),
    (ChangeKind::Deploy, "{svc} {ver}: dependency updates"),
    (ChangeKind::Deploy, "{svc} {ver}: new metrics"),
    (ChangeKind::ConfigEdit, "{svc}: alert thresholds"),
    (ChangeKind::ConfigEdit, "{svc}: feature flag to {low}0 %"),
    (ChangeKind::ConfigEdit, "{svc}: autoscaler limits in {region}"),
    (ChangeKind::Migration, "{svc}: new index"),
    (ChangeKind::Other, "{svc}: base image update"),
    (ChangeKind::Other, "{svc}: secret rotation"),
];

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
        let filler = TemplateValues {
            service: "search",
            dependency: "dns",
            region: "eu-west-1",
            colleague: "Ravi",
            is_severe: true,
            began_minute: 754,
        };
        let mut dice = Dice::new(3, super::super::dice::Stream::Rhythm);
        for (_, template) in CHANGES {
            let text = filler.fill(template, &mut dice);
            assert!(matches_template(template, &text), "{template} {text}");
        }
        let text = filler.fill("since {clock}, {pct} % of {svc}", &mut dice);
        assert!(text.starts_with("since 12:34, ") && text.ends_with(" % of search"), "{text}");
    }
}
