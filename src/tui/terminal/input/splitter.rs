//! Splits the input of a terminal into keys, pastes and reports, and drops the rest.
//!
//! A terminal also sends answers: its colours, version, attributes or clipboard. They may arrive
//! long after the query, which another program may have sent, and in any pieces. None of their
//! bytes is ever a key. The few that the panes request themselves are reports. Control functions
//! are those of ECMA-48, with the additions of xterm.

use std::time::{Duration, Instant};

use super::report::Report;

/// How long after `ESC` the rest of a sequence may follow. Without it, the byte was the key Esc.
pub const ESCAPE_TIMEOUT: Duration = Duration::from_millis(40);
/// How long after its last byte an unfinished sequence is given up.
pub const SEQUENCE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long after its first byte an unfinished answer is given up. Its bytes are dropped until
/// then, so that a key that begins one by chance does not block the keyboard forever.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(5);
/// How long after its last byte an unfinished paste counts as complete.
const PASTE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long after the key Esc the rest of an answer is still recognized, whose `ESC` came alone.
const LATE_REST: Duration = Duration::from_secs(3);
/// The longest control sequence that is stored, in bytes. Keys are shorter.
const MAX_SEQUENCE: usize = 64;

const ESC: u8 = 0x1b;
const INTERRUPT: u8 = 0x03;
const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";
const EIGHT_BIT_PASTE_END: &[u8] = b"\x9b201~";

/// Something that a person has entered, or that the terminal has answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Token {
    /// The bytes of one key.
    Key(Vec<u8>),
    /// Pasted text, as the terminal sent it.
    Paste(Vec<u8>),
    /// An answer of the terminal that the panes may have requested.
    Report(Report),
}

/// The kind of token that the bytes so far begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Ground,
    /// A character of several bytes, with the number of missing ones.
    Char(u8),
    /// `ESC`.
    Escape,
    /// `ESC O`: a function key, or Alt and O.
    SingleShift,
    /// `ESC [`: a control sequence.
    Control,
    /// A control sequence that is too long for a key.
    LongControl,
    /// `ESC [ M`: a mouse report, with the number of missing bytes.
    Mouse(u8),
    /// `ESC ]`, `ESC P`, `ESC X`, `ESC ^` or `ESC _`: a control string, which only answers are.
    Text,
    /// `ESC` within a control string, which `\` ends.
    TextEscape,
    /// A bracketed paste.
    Paste,
}

/// Splits bytes into tokens, in whatever pieces they arrive.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    state: State,
    /// The bytes of the unfinished key, sequence or paste, and the first ones of a control string.
    pending: Vec<u8>,
    /// Whether the sequence began with a control character of eight bits.
    is_eight_bit: bool,
    last_byte_at: Option<Instant>,
    /// When the control string began.
    text_began_at: Option<Instant>,
    /// When an `ESC` without a rest was interpreted as the key Esc.
    lone_escape_at: Option<Instant>,
}

impl Splitter {
    /// Takes the bytes of one read, and returns the keys and pastes that they complete.
    pub fn push(&mut self, bytes: &[u8], now: Instant) -> Vec<Token> {
        let mut tokens = Vec::new();
        // A program that had to wait for the processor reads bytes late that came in time.
        let may_go_on = self.state == State::Escape && is_rest_of_answer(bytes);
        if !may_go_on && self.deadline().is_some_and(|deadline| deadline <= now) {
            self.expire_into(now, &mut tokens);
        }
        if let Some(escape_at) = self.lone_escape_at.take()
            && self.state == State::Ground
            && now.saturating_duration_since(escape_at) < LATE_REST
            && is_rest_of_answer(bytes)
        {
            self.begin(State::Escape, ESC);
        }
        // A person presses ^C during a paste whose end was lost. Pasted text has no such byte.
        if self.state == State::Paste && bytes == [INTERRUPT] && self.has_paused(now) {
            self.finish(&mut tokens);
        }
        for &byte in bytes {
            self.push_byte(byte, now, &mut tokens);
        }
        self.last_byte_at = Some(now);
        tokens
    }

    /// Returns whether the last byte arrived so long ago that the next one was not sent with it.
    fn has_paused(&self, now: Instant) -> bool {
        self.last_byte_at.is_some_and(|at| now.saturating_duration_since(at) >= ESCAPE_TIMEOUT)
    }

    /// Returns when [`expire`](Self::expire) must be called if no byte comes until then.
    pub fn deadline(&self) -> Option<Instant> {
        let timeout = match self.state {
            State::Ground => return None,
            State::Escape | State::SingleShift => ESCAPE_TIMEOUT,
            State::Paste => PASTE_TIMEOUT,
            _ => SEQUENCE_TIMEOUT,
        };
        let silence = self.last_byte_at? + timeout;
        Some(match self.text_began_at {
            Some(began) if matches!(self.state, State::Text | State::TextEscape) => {
                silence.min(began + MAX_ANSWER_TIME)
            }
            _ => silence,
        })
    }

    /// Decides the meaning of unfinished bytes, as the rest did not arrive in time.
    pub fn expire(&mut self, now: Instant) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.expire_into(now, &mut tokens);
        tokens
    }

    fn expire_into(&mut self, now: Instant, tokens: &mut Vec<Token>) {
        match self.state {
            State::Escape => self.lone_escape_at = Some(now),
            State::SingleShift if self.is_eight_bit => self.pending.clear(),
            State::SingleShift | State::Paste => {}
            // In a string that does not end, the person has pressed Esc.
            State::TextEscape => self.pending = vec![ESC],
            State::Ground
            | State::Char(_)
            | State::Control
            | State::LongControl
            | State::Mouse(_)
            | State::Text => self.pending.clear(),
        }
        self.finish(tokens);
    }

    /// Ends the pending token, if it has bytes.
    fn finish(&mut self, tokens: &mut Vec<Token>) {
        let state = std::mem::take(&mut self.state);
        let mut bytes = std::mem::take(&mut self.pending);
        if state == State::Paste {
            bytes.truncate(bytes.len() - paste_end_len(&bytes, self.is_eight_bit));
            tokens.push(Token::Paste(bytes));
        } else if !bytes.is_empty() {
            tokens.push(Token::Key(bytes));
        }
    }

    /// Drops the pending bytes.
    fn abort(&mut self) {
        self.state = State::Ground;
        self.pending.clear();
    }

    /// Ends an answer, which is a report if the panes understand it.
    fn finish_answer(&mut self, tokens: &mut Vec<Token>) {
        tokens.extend(Report::parse(&self.pending).map(Token::Report));
        self.abort();
    }

    fn begin(&mut self, state: State, byte: u8) {
        self.state = state;
        self.pending = vec![byte];
        self.is_eight_bit = false;
    }

    /// Begins the sequence of a control character of eight bits, which is short for `ESC` and a
    /// letter. Terminals use them after S8C1T (`ESC SP G`), which a stray file on the screen sends.
    fn begin_eight_bit(&mut self, byte: u8, now: Instant, tokens: &mut Vec<Token>) {
        self.begin(State::Escape, ESC);
        self.push_byte(byte - 0x40, now, tokens);
        self.is_eight_bit = true;
    }

    /// Adds a byte, and continues in a state.
    fn go_on(&mut self, state: State, byte: u8) {
        self.pending.push(byte);
        self.state = state;
    }

    /// Adds the last byte of a key.
    fn finish_with(&mut self, byte: u8, tokens: &mut Vec<Token>) {
        self.pending.push(byte);
        self.finish(tokens);
    }

    fn push_byte(&mut self, byte: u8, now: Instant, tokens: &mut Vec<Token>) {
        match (self.state, byte) {
            (State::Ground, ESC) => self.begin(State::Escape, ESC),
            (State::Ground, 0x8f | 0x90 | 0x98 | 0x9b | 0x9d..=0x9f) => {
                self.begin_eight_bit(byte, now, tokens);
            }
            (State::Char(1), 0x8f | 0x90 | 0x98 | 0x9b | 0x9d..=0x9f) if self.pending == [0xc2] => {
                self.begin_eight_bit(byte, now, tokens);
            }
            (State::Char(missing), 0x80..=0xbf) => match missing {
                0 | 1 => self.finish_with(byte, tokens),
                _ => self.go_on(State::Char(missing - 1), byte),
            },
            (State::Escape, ESC) => {
                self.finish(tokens);
                self.begin(State::Escape, ESC);
            }
            (State::Escape, b'[') => self.go_on(State::Control, byte),
            (State::Escape, b'O') => self.go_on(State::SingleShift, byte),
            (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => {
                self.go_on(State::Text, byte);
                self.text_began_at = Some(now);
            }
            (State::Ground | State::Escape, _) => self.push_char(byte, tokens),
            (State::SingleShift, b'A'..=b'D' | b'F' | b'H' | b'M' | b'P'..=b'S' | b'j'..=b'y') => {
                self.finish_with(byte, tokens);
            }
            (State::SingleShift, _) => {
                if self.is_eight_bit {
                    self.pending.clear();
                }
                self.finish(tokens);
                self.push_byte(byte, now, tokens);
            }
            // The function keys of the Linux console have one byte more: `ESC [ [ A`.
            (State::Control, b'[') if self.pending.len() == 2 => self.go_on(State::Control, byte),
            (State::Control, b'M') if self.pending.len() == 2 => {
                self.abort();
                self.state = State::Mouse(3);
            }
            (State::Control, 0x20..=0x3f) if self.pending.len() < MAX_SEQUENCE => {
                self.pending.push(byte);
            }
            (State::Control | State::LongControl, 0x20..=0x3f) => self.state = State::LongControl,
            (State::Control, 0x40..=0x7e) => {
                self.pending.push(byte);
                if self.pending == PASTE_START {
                    self.abort();
                    self.state = State::Paste;
                } else if is_key(&self.pending) {
                    self.finish(tokens);
                } else {
                    self.finish_answer(tokens);
                }
            }
            (State::Mouse(missing), 0x20..) => match missing {
                0 | 1 => self.abort(),
                _ => self.state = State::Mouse(missing - 1),
            },
            (State::Text, ESC) => self.state = State::TextEscape,
            (State::Text, BEL) | (State::TextEscape, b'\\') => self.finish_answer(tokens),
            (State::LongControl, 0x40..=0x7e) | (State::Text, CAN | SUB) => self.abort(),
            // The end of a string in eight bits, as UTF-8 or alone.
            (State::Text, 0x9c) if self.is_eight_bit && self.pending.last() == Some(&0xc2) => {
                self.pending.pop();
                self.finish_answer(tokens);
            }
            (State::Text, 0x9c) if self.is_eight_bit && !ends_within_char(&self.pending) => {
                self.finish_answer(tokens);
            }
            (State::Text, 0x20..) => {
                // The last byte is stored even of a string that is too long.
                self.pending.truncate(MAX_SEQUENCE - 1);
                self.pending.push(byte);
            }
            (State::TextEscape, _) => {
                self.begin(State::Escape, ESC);
                self.push_byte(byte, now, tokens);
            }
            (State::Paste, _) => {
                self.pending.push(byte);
                if paste_end_len(&self.pending, self.is_eight_bit) > 0 {
                    self.finish(tokens);
                }
            }
            // Any other byte ends an unfinished sequence, and is interpreted alone.
            (
                State::Char(_)
                | State::Control
                | State::LongControl
                | State::Mouse(_)
                | State::Text,
                _,
            ) => {
                self.abort();
                self.push_byte(byte, now, tokens);
            }
        }
    }

    /// Adds a byte that is a character or begins one, perhaps after `ESC`.
    fn push_char(&mut self, byte: u8, tokens: &mut Vec<Token>) {
        match byte {
            0x00..=0x7f => self.finish_with(byte, tokens),
            0xc2..=0xdf => self.go_on(State::Char(1), byte),
            0xe0..=0xef => self.go_on(State::Char(2), byte),
            0xf0..=0xf4 => self.go_on(State::Char(3), byte),
            // No character in UTF-8 begins with it. An `ESC` before it was a key.
            _ => self.finish(tokens),
        }
    }
}

/// Returns the length of the mark that ends a paste, or 0 if the paste goes on. In a paste that
/// began with seven bits a mark of eight bits is text: pasted text must not end the paste.
fn paste_end_len(paste: &[u8], is_eight_bit: bool) -> usize {
    if paste.ends_with(PASTE_END) {
        return PASTE_END.len();
    }
    match paste.strip_suffix(EIGHT_BIT_PASTE_END).filter(|_| is_eight_bit) {
        // As UTF-8.
        Some([.., 0xc2]) => EIGHT_BIT_PASTE_END.len() + 1,
        Some(text) if !ends_within_char(text) => EIGHT_BIT_PASTE_END.len(),
        _ => 0,
    }
}

/// Returns whether the bytes end within a character of UTF-8, so that the next one belongs to it.
fn ends_within_char(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// Returns whether a complete control sequence is a key, or a report of the mouse. All others are
/// answers.
fn is_key(sequence: &[u8]) -> bool {
    let Some((last, body)) = sequence.split_last() else { return false };
    let body = body.get(2..).unwrap_or_default();
    if let Some(report) = body.strip_prefix(b"<") {
        return matches!(last, b'M' | b'm') && report.iter().all(|b| matches!(b, b'0'..=b';'));
    }
    if body == b"[" {
        return matches!(last, b'A'..=b'E');
    }
    if !body.iter().all(|byte| matches!(byte, b'0'..=b';')) {
        return false;
    }
    let mut parameters = body.split(|byte| *byte == b';');
    let first = parameters.next().unwrap_or_default();
    let second = parameters.next();
    match last {
        b'A'..=b'F' | b'H' | b'P' | b'Q' | b'S' => first.is_empty() || first == b"1",
        // With two numbers it may be the position of the cursor.
        b'R' => first.is_empty() || (first == b"1" && second.is_some_and(|s| s.len() == 1)),
        b'Z' => true,
        b'~' | b'u' => !first.is_empty(),
        _ => false,
    }
}

/// Returns whether the bytes of one read are an answer without its `ESC`. Nobody types so much so
/// fast.
fn is_rest_of_answer(bytes: &[u8]) -> bool {
    let is_digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    match bytes {
        [b']', rest @ ..] => is_digit(1) && rest.contains(&b';'),
        [b'P', b'>' | b'!', b'|', ..]
        | [b'P', b'0' | b'1', b'+' | b'$', b'r', ..]
        | [b'_', b'G', ..] => true,
        [b'[', b'?' | b'>' | b'=', _, ..] => is_digit(2),
        [b'[', ..] => is_digit(1) && bytes.iter().skip(1).any(|byte| !byte.is_ascii_digit()),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
