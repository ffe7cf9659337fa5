//! Control sequences (OSC) for the terminal itself: copying to the clipboard and desktop
//! notifications.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::text::{SafeText, truncate};

pub use crate::config::panes::Desktop;

/// The maximum length of a copied text, in bytes. xterm accepts 75,000 characters of base64, others
/// about as much; they silently drop longer texts.
pub const MAX_COPY_BYTES: usize = 56_000;

/// The maximum width of a notification, in columns.
const MAX_COLUMNS: usize = 200;

/// The number of bytes that GNU screen accepts in one string; its oldest versions allow 256.
const SCREEN_CHUNK: usize = 240;

/// The terminal multiplexer that the program runs in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Multiplexer {
    /// The program runs in the terminal itself.
    None,
    /// The program runs in tmux.
    Tmux,
    /// The program runs in GNU screen.
    Screen,
}

impl Multiplexer {
    /// Detects the multiplexer from the environment.
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

    /// Wraps a sequence so that the multiplexer passes it through to the terminal.
    fn pass_through(self, sequence: &[u8]) -> Vec<u8> {
        match self {
            Self::None => sequence.to_vec(),
            Self::Tmux => {
                let mut bytes = b"\x1bPtmux;".to_vec();
                for byte in sequence {
                    // A single escape would end the string; a doubled one represents one.
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
                for chunk in sequence.chunks(SCREEN_CHUNK) {
                    bytes.extend_from_slice(b"\x1bP");
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\x1b\\");
                }
                bytes
            }
        }
    }
}

/// The text is longer than terminals accept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0} bytes are too many to copy through the terminal: it takes {MAX_COPY_BYTES}")]
pub struct TooLong(pub usize);

/// Returns the sequence that copies a text to the clipboard of the person's machine, wherever the
/// program runs (OSC 52).
///
/// # Errors
/// [`TooLong`] if the text is longer than [`MAX_COPY_BYTES`].
pub fn copy(text: &str, between: Multiplexer) -> Result<Vec<u8>, TooLong> {
    if text.len() > MAX_COPY_BYTES {
        return Err(TooLong(text.len()));
    }
    let sequence = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    let mut bytes = Vec::new();
    if between == Multiplexer::Tmux {
        // tmux handles the plain sequence with `set-clipboard on`, and passes the wrapped one
        // through with `allow-passthrough on`.
        bytes.extend_from_slice(sequence.as_bytes());
    }
    bytes.extend(between.pass_through(sequence.as_bytes()));
    Ok(bytes)
}

/// Returns the sequence for a desktop notification, preceded by BEL if `bell` is set. Empty if
/// neither is wanted.
#[must_use]
pub fn notify<'a>(
    title: impl Into<SafeText<'a>>,
    body: impl Into<SafeText<'a>>,
    bell: bool,
    how: Desktop,
    between: Multiplexer,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    if bell {
        bytes.push(0x07);
    }
    let sequence = match how {
        Desktop::Off | Desktop::Auto => return bytes,
        Desktop::Osc9 => {
            let text = truncate(format!("{}: {}", title.into(), body.into()), MAX_COLUMNS);
            // To some terminals a leading number means something else, such as a progress bar.
            let gap = if text.starts_with(|c: char| c.is_ascii_digit()) { " " } else { "" };
            format!("\x1b]9;{gap}{text}\x07")
        }
        Desktop::Osc777 => {
            // A semicolon in the title would start the body.
            let title = truncate(title, MAX_COLUMNS).replace(';', ",");
            format!("\x1b]777;notify;{title};{}\x07", truncate(body, MAX_COLUMNS))
        }
    };
    bytes.extend(between.pass_through(sequence.as_bytes()));
    bytes
}

/// Restores the title of the window that was pushed (xterm's XTWINOPS).
pub(super) const TITLE_BACK: &[u8] = b"\x1b[23;2t";

/// Returns the sequence that sets the title of the window (OSC 2). The earlier one is pushed first
/// if `is_first`.
#[must_use]
pub fn title<'a>(title: impl Into<SafeText<'a>>, is_first: bool) -> Vec<u8> {
    let push = if is_first { "\x1b[22;2t" } else { "" };
    format!("{push}\x1b]2;{}\x1b\\", truncate(title, MAX_COLUMNS)).into_bytes()
}

impl Desktop {
    /// Resolves `auto` to a protocol, from the environment.
    #[must_use]
    pub fn resolve(self, var: &dyn Fn(&str) -> Option<String>) -> Self {
        if self != Self::Auto {
            return self;
        }
        let value = |name: &str| var(name).unwrap_or_default();
        let program = value("TERM_PROGRAM");
        let term = value("TERM");
        // Inside tmux these two variables name tmux; iTerm2 sends LC_TERMINAL along with a login.
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
    fn text_is_copied_as_base64() {
        let bytes = copy("INC-2041", Multiplexer::None).unwrap();
        assert_eq!(text(&bytes), "\x1b]52;c;SU5DLTIwNDE=\x07");
    }

    #[test]
    fn copy_in_tmux_is_sent_plain_and_wrapped() {
        let bytes = copy("x", Multiplexer::Tmux).unwrap();
        assert_eq!(text(&bytes), "\x1b]52;c;eA==\x07\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\");
    }

    #[test]
    fn copy_in_screen_is_split_into_chunks() {
        let bytes = copy(&"x".repeat(600), Multiplexer::Screen).unwrap();
        let chunks: Vec<&str> =
            text(&bytes).split("\x1b\\").filter(|chunk| !chunk.is_empty()).collect();
        assert!(chunks.len() > 2);
        assert!(
            chunks
                .iter()
                .all(|chunk| chunk.starts_with("\x1bP") && chunk.len() <= SCREEN_CHUNK + 2)
        );
        let joined: String = chunks.iter().map(|chunk| &chunk[2..]).collect();
        assert_eq!(joined.as_bytes(), copy(&"x".repeat(600), Multiplexer::None).unwrap());
    }

    #[test]
    fn too_long_text_is_refused_with_its_size() {
        assert!(copy(&"x".repeat(MAX_COPY_BYTES), Multiplexer::None).unwrap().len() < 75_000);
        let message =
            copy(&"x".repeat(MAX_COPY_BYTES + 1), Multiplexer::None).unwrap_err().to_string();
        assert_eq!(
            message,
            "56001 bytes are too many to copy through the terminal: it takes 56000"
        );
    }

    #[rstest]
    #[case(Desktop::Off, true, "\x07")]
    #[case(Desktop::Off, false, "")]
    #[case(Desktop::Osc9, false, "\x1b]9;P1 INC-7 unowned: Cards fail\x07")]
    #[case(Desktop::Osc777, true, "\x07\x1b]777;notify;P1 INC-7 unowned;Cards fail\x07")]
    fn notification_uses_the_protocol_of_the_terminal(
        #[case] how: Desktop,
        #[case] bell: bool,
        #[case] sent: &str,
    ) {
        let bytes = notify("P1 INC-7 unowned", "Cards fail", bell, how, Multiplexer::None);
        assert_eq!(text(&bytes), sent);
    }

    #[test]
    fn title_has_no_semicolon_and_text_no_leading_digit() {
        let bytes = notify("a;b", "c;d", false, Desktop::Osc777, Multiplexer::None);
        assert_eq!(text(&bytes), "\x1b]777;notify;a,b;c;d\x07");
        let bytes = notify("4;1", "x", false, Desktop::Osc9, Multiplexer::None);
        assert_eq!(text(&bytes), "\x1b]9; 4;1: x\x07");
    }

    proptest! {
        #[test]
        fn text_never_ends_the_sequence_early(title in ".{0,40}", body in "(?s).{0,300}") {
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

    #[test]
    fn title_is_set_and_cannot_end_early() {
        assert_eq!(text(&title("2 P1 · redphone", true)), "\x1b[22;2t\x1b]2;2 P1 · redphone\x1b\\");
        let sent = title("a\x07b\x1b]", false);
        assert!(!text(&sent)[1..sent.len() - 2].contains(char::is_control));
    }

    #[rstest]
    #[case(&[("TERM_PROGRAM", "iTerm.app")], Desktop::Osc9)]
    #[case(&[("TERM", "xterm-kitty")], Desktop::Osc9)]
    #[case(&[("TERM", "tmux-256color"), ("LC_TERMINAL", "iTerm2")], Desktop::Osc9)]
    #[case(&[("TERM", "foot")], Desktop::Osc777)]
    #[case(&[("TERM", "xterm-256color")], Desktop::Off)]
    fn protocol_is_detected_and_unknown_terminals_get_none(
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
