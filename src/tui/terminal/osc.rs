//! Words to the terminal itself, outside of the picture: copy, notify.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::text::{sanitize, truncate};

pub use crate::config::panes::Desktop;

/// The longest text that is copied, in bytes: xterm takes 75,000 characters of base64, others
/// about as much, and what is longer they drop without a word.
pub const MAX_COPY_BYTES: usize = 56_000;

/// The most columns of a notification.
const MAX_COLUMNS: usize = 200;

/// What GNU screen takes at once: its oldest versions have 256 bytes.
const SCREEN_CHUNK: usize = 240;

/// Who stands between the program and the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Multiplexer {
    /// Nobody.
    None,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

impl Multiplexer {
    /// By the variables of the environment.
    #[must_use]
    pub fn detect(var: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| var(name).is_some_and(|value| !value.is_empty());
        if set("TMUX") {
            Self::Tmux
        } else if set("STY") {
            Self::Screen
        } else {
            Self::None
        }
    }

    /// The sequence handed through to the terminal.
    fn pass_through(self, sequence: &[u8]) -> Vec<u8> {
        match self {
            Self::None => sequence.to_vec(),
            Self::Tmux => {
                let mut bytes = b"\x1bPtmux;".to_vec();
                for byte in sequence {
                    // An escape would end the string: twice is one.
                    if *byte == 0x1b {
                        bytes.push(0x1b);
                    }
                    bytes.push(*byte);
                }
                bytes.extend_from_slice(b"\x1b\\");
                bytes
            }
            Self::Screen => {
                let mut bytes = Vec::new();
                for piece in sequence.chunks(SCREEN_CHUNK) {
                    bytes.extend_from_slice(b"\x1bP");
                    bytes.extend_from_slice(piece);
                    bytes.extend_from_slice(b"\x1b\\");
                }
                bytes
            }
        }
    }
}

/// The text is longer than terminals take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0} bytes are too many to copy through the terminal: it takes {MAX_COPY_BYTES}")]
pub struct TooLong(pub usize);

/// Puts a text into the clipboard of whoever looks, wherever the program runs (OSC 52).
///
/// # Errors
/// [`TooLong`].
pub fn copy(text: &str, between: Multiplexer) -> Result<Vec<u8>, TooLong> {
    if text.len() > MAX_COPY_BYTES {
        return Err(TooLong(text.len()));
    }
    let sequence = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    let mut bytes = Vec::new();
    if between == Multiplexer::Tmux {
        // tmux takes this one itself with `set-clipboard on`, and hands the other one through with
        // `allow-passthrough on`.
        bytes.extend_from_slice(sequence.as_bytes());
    }
    bytes.extend(between.pass_through(sequence.as_bytes()));
    Ok(bytes)
}

/// Asks the terminal to notify, and rings its bell where `bell` is set. Nothing where it is neither.
#[must_use]
pub fn notify(title: &str, body: &str, bell: bool, how: Desktop, between: Multiplexer) -> Vec<u8> {
    let mut bytes = Vec::new();
    if bell {
        bytes.push(0x07);
    }
    let sequence = match how {
        Desktop::Off | Desktop::Auto => return bytes,
        Desktop::Osc9 => {
            let text = format!("{title}: {body}");
            let text = sanitize_payload(&text);
            // Numbers in front mean something else to some, such as a progress bar.
            let gap = if text.starts_with(|c: char| c.is_ascii_digit()) { " " } else { "" };
            format!("\x1b]9;{gap}{text}\x07")
        }
        Desktop::Osc777 => {
            // What stands behind the next semicolon would be the body.
            let title = sanitize_payload(title).replace(';', ",");
            format!("\x1b]777;notify;{title};{}\x07", sanitize_payload(body))
        }
    };
    bytes.extend(between.pass_through(sequence.as_bytes()));
    bytes
}

/// Made safe, so that nothing in it ends the sequence or begins another.
fn sanitize_payload(text: &str) -> String {
    match sanitize(text) {
        Cow::Borrowed(text) => truncate(text, MAX_COLUMNS).into_owned(),
        Cow::Owned(text) => truncate(&text, MAX_COLUMNS).into_owned(),
    }
}

impl Desktop {
    /// What is meant by `auto`, by the variables of the environment.
    #[must_use]
    pub fn resolve(self, var: &dyn Fn(&str) -> Option<String>) -> Self {
        if self != Self::Auto {
            return self;
        }
        let value = |name: &str| var(name).unwrap_or_default();
        let program = value("TERM_PROGRAM");
        let term = value("TERM");
        // Inside tmux these two name tmux; LC_TERMINAL is what iTerm2 sends along with a login.
        let nine = ["iTerm.app", "WezTerm", "ghostty"].contains(&program.as_str())
            || value("LC_TERMINAL") == "iTerm2"
            || !value("WT_SESSION").is_empty()
            || !value("KITTY_WINDOW_ID").is_empty()
            || ["kitty", "ghostty", "wezterm"].iter().any(|name| term.contains(name));
        if nine {
            Self::Osc9
        } else if term.starts_with("foot") || term.starts_with("rxvt") {
            Self::Osc777
        } else {
            Self::Off
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_text_is_copied_as_base64() {
        let bytes = copy("INC-2041", Multiplexer::None).unwrap();
        assert_eq!(text(&bytes), "\x1b]52;c;SU5DLTIwNDE=\x07");
    }

    #[test]
    fn inside_tmux_it_is_sent_both_ways() {
        let bytes = copy("x", Multiplexer::Tmux).unwrap();
        assert_eq!(text(&bytes), "\x1b]52;c;eA==\x07\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\");
    }

    #[test]
    fn inside_screen_it_goes_in_pieces() {
        let bytes = copy(&"x".repeat(600), Multiplexer::Screen).unwrap();
        let pieces: Vec<&str> = text(&bytes).split("\x1b\\").filter(|p| !p.is_empty()).collect();
        assert!(pieces.len() > 2);
        assert!(
            pieces
                .iter()
                .all(|piece| piece.starts_with("\x1bP") && piece.len() <= SCREEN_CHUNK + 2)
        );
        let whole: String = pieces.iter().map(|piece| &piece[2..]).collect();
        assert_eq!(whole.as_bytes(), copy(&"x".repeat(600), Multiplexer::None).unwrap());
    }

    #[test]
    fn what_is_too_long_is_told() {
        assert!(copy(&"x".repeat(MAX_COPY_BYTES), Multiplexer::None).unwrap().len() < 75_000);
        let told =
            copy(&"x".repeat(MAX_COPY_BYTES + 1), Multiplexer::None).unwrap_err().to_string();
        assert_eq!(told, "56001 bytes are too many to copy through the terminal: it takes 56000");
    }

    #[rstest]
    #[case(Desktop::Off, true, "\x07")]
    #[case(Desktop::Off, false, "")]
    #[case(Desktop::Osc9, false, "\x1b]9;P1 INC-7 unowned: Cards fail\x07")]
    #[case(Desktop::Osc777, true, "\x07\x1b]777;notify;P1 INC-7 unowned;Cards fail\x07")]
    fn a_notification_is_what_the_terminal_understands(
        #[case] how: Desktop,
        #[case] bell: bool,
        #[case] sent: &str,
    ) {
        let bytes = notify("P1 INC-7 unowned", "Cards fail", bell, how, Multiplexer::None);
        assert_eq!(text(&bytes), sent);
    }

    #[test]
    fn a_title_has_no_second_part_and_a_text_no_number_in_front() {
        let bytes = notify("a;b", "c;d", false, Desktop::Osc777, Multiplexer::None);
        assert_eq!(text(&bytes), "\x1b]777;notify;a,b;c;d\x07");
        let bytes = notify("4;1", "x", false, Desktop::Osc9, Multiplexer::None);
        assert_eq!(text(&bytes), "\x1b]9; 4;1: x\x07");
    }

    proptest! {
        #[test]
        fn nothing_in_a_text_ends_the_sequence_early(title in ".{0,40}", body in "(?s).{0,300}") {
            for how in [Desktop::Osc9, Desktop::Osc777] {
                let sent = notify(&title, &body, false, how, Multiplexer::None);
                let inside = text(&sent[1..sent.len() - 1]);
                prop_assert!(!inside.chars().any(char::is_control), "{inside:?}");
                let wrapped = notify(&title, &body, false, how, Multiplexer::Tmux);
                let inside = &wrapped[2..wrapped.len() - 2];
                prop_assert_eq!(text(inside).matches('\u{1b}').count(), 2);
            }
        }
    }

    #[rstest]
    #[case(&[("TERM_PROGRAM", "iTerm.app")], Desktop::Osc9)]
    #[case(&[("TERM", "xterm-kitty")], Desktop::Osc9)]
    #[case(&[("TERM", "tmux-256color"), ("LC_TERMINAL", "iTerm2")], Desktop::Osc9)]
    #[case(&[("TERM", "foot")], Desktop::Osc777)]
    #[case(&[("TERM", "xterm-256color")], Desktop::Off)]
    fn a_terminal_that_is_not_known_is_not_asked(
        #[case] env: &[(&str, &str)],
        #[case] how: Desktop,
    ) {
        let var = |name: &str| {
            env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(Desktop::Auto.resolve(&var), how);
        assert_eq!(Desktop::Osc777.resolve(&var), Desktop::Osc777, "a choice wins");
    }
}
