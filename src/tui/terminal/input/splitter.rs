//! Splits what a terminal sends into keys, pastes and reports, and drops the rest.
//!
//! A terminal also sends answers: its colours, version, attributes or clipboard. They may come long
//! after the question, which another program may have asked, and in any pieces. None of their bytes
//! is ever a key. The few that the panes request themselves are reports. Control functions are
//! those of ECMA-48, with the additions of xterm.

use std::time::{Duration, Instant};

use super::report::Report;

/// How long after `ESC` the rest of a sequence may follow. Without it, the byte was the key Esc.
pub const ESCAPE_TIMEOUT: Duration = Duration::from_millis(40);
/// How long after its last byte an unfinished sequence is given up.
pub const SEQUENCE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long after its first byte an unfinished answer is given up. Its bytes are dropped until
/// then, so that a key that begins one by chance does not stop the keyboard for good.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(5);
/// How long after its last byte an unfinished paste is taken as complete.
const PASTE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long after the key Esc the rest of an answer is still recognized, whose `ESC` came alone.
const LATE_REST: Duration = Duration::from_secs(3);
/// The longest control sequence that is stored, in bytes. Keys are shorter.
const MAX_SEQUENCE: usize = 64;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

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

/// What the bytes so far are the beginning of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Ground,
    /// A character of several bytes, of which so many are still missing.
    Char(u8),
    /// `ESC`.
    Escape,
    /// `ESC O`: a function key, or Alt and O.
    SingleShift,
    /// `ESC [`: a control sequence.
    Control,
    /// A control sequence that is too long for a key.
    LongControl,
    /// `ESC [ M`: a mouse report of which so many bytes are still missing.
    Mouse(u8),
    /// `ESC ]`, `ESC P`, `ESC X`, `ESC ^` or `ESC _`: a control string, which only answers are.
    Text,
    /// `ESC` within a control string, which `\` ends.
    TextEscape,
    /// A bracketed paste.
    Paste,
}

/// Splits bytes into tokens, in whatever pieces they come.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    state: State,
    /// The bytes of the unfinished key, sequence or paste, and the first ones of a control string.
    pending: Vec<u8>,
    last_byte_at: Option<Instant>,
    /// When the control string began.
    text_began_at: Option<Instant>,
    /// When an `ESC` without a rest was taken as the key Esc.
    lone_escape_at: Option<Instant>,
}

impl Splitter {
    /// Takes the bytes of one read, and returns the keys and pastes that they complete.
    pub fn push(&mut self, bytes: &[u8], now: Instant) -> Vec<Token> {
        let mut tokens = Vec::new();
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.expire_into(now, &mut tokens);
        }
        if let Some(escape_at) = self.lone_escape_at.take()
            && self.state == State::Ground
            && now.saturating_duration_since(escape_at) < LATE_REST
            && is_rest_of_answer(bytes)
        {
            self.begin(State::Escape, ESC);
        }
        for &byte in bytes {
            self.push_byte(byte, now, &mut tokens);
        }
        self.last_byte_at = Some(now);
        tokens
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

    /// Decides what unfinished bytes were, as the rest did not come in time.
    pub fn expire(&mut self, now: Instant) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.expire_into(now, &mut tokens);
        tokens
    }

    fn expire_into(&mut self, now: Instant, tokens: &mut Vec<Token>) {
        match self.state {
            State::Escape => self.lone_escape_at = Some(now),
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

    /// Ends what is pending: a token, if it has bytes.
    fn finish(&mut self, tokens: &mut Vec<Token>) {
        let state = std::mem::take(&mut self.state);
        let mut bytes = std::mem::take(&mut self.pending);
        if state == State::Paste {
            if bytes.ends_with(PASTE_END) {
                bytes.truncate(bytes.len() - PASTE_END.len());
            }
            tokens.push(Token::Paste(bytes));
        } else if !bytes.is_empty() {
            tokens.push(Token::Key(bytes));
        }
    }

    /// Drops what is pending.
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
    }

    /// Adds a byte, and goes on to a state.
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
            (State::Text, 0x20..) => {
                if self.pending.len() < MAX_SEQUENCE {
                    self.pending.push(byte);
                }
            }
            (State::TextEscape, _) => {
                self.begin(State::Escape, ESC);
                self.push_byte(byte, now, tokens);
            }
            (State::Paste, _) => {
                self.pending.push(byte);
                if self.pending.ends_with(PASTE_END) {
                    self.finish(tokens);
                }
            }
            // Anything else ends an unfinished sequence, and stands for itself.
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Answers of each kind, which no part of the program asks for.
    const ANSWERS: [&[u8]; 18] = [
        b"\x1bP>|foot(1.16.2)\x1b\\",
        b"\x1b]11;rgb:1010/1212/1818\x07",
        b"\x1b]11;rgb:1010/1212/1818\x1b\\",
        b"\x1b]4;7;rgb:c0c0/c0c0/c0c0\x1b\\",
        b"\x1b]52;c;YWNrIDIwNDE=\x07",
        b"\x1b[>41;354;0c",
        b"\x1b[?62;1;2;4;6;9;15;22c",
        b"\x1b[?2026;2$y",
        b"\x1b[?31u",
        b"\x1b[?997;1n",
        b"\x1b[8;36;126t",
        b"\x1b[12;40R",
        b"\x1b[0n",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1bP1+r544e=787465726d\x1b\\",
        b"\x1bP!|00000000\x1b\\",
        b"\x1b]l\xe2\x80\xa6 title \xc3\xa9\x1b\\",
    ];

    /// Splits pieces like [`split_all`], without the reports.
    fn split(pieces: &[&[u8]], pause: Duration) -> Vec<Token> {
        let mut tokens = split_all(pieces, pause);
        tokens.retain(|token| !matches!(token, Token::Report(_)));
        tokens
    }

    fn keys(keys: &[&[u8]]) -> Vec<Token> {
        keys.iter().map(|key| Token::Key(key.to_vec())).collect()
    }

    /// Splits pieces that come one after the other, with a pause between them.
    fn split_all(pieces: &[&[u8]], pause: Duration) -> Vec<Token> {
        let mut splitter = Splitter::default();
        let mut now = Instant::now();
        let mut tokens = Vec::new();
        for piece in pieces {
            tokens.extend(splitter.push(piece, now));
            now += pause;
        }
        while let Some(deadline) = splitter.deadline() {
            tokens.extend(splitter.expire(deadline));
        }
        tokens
    }

    #[test]
    fn answers_are_no_keys_however_they_are_cut() {
        for answer in ANSWERS {
            for first in 0..=answer.len() {
                for second in first..=answer.len() {
                    let pieces = [&answer[..first], &answer[first..second], &answer[second..]];
                    for pause in [0, 10, 39] {
                        let tokens = split(&pieces, Duration::from_millis(pause));
                        assert_eq!(
                            tokens,
                            [],
                            "{:?} after {pause} ms",
                            pieces.map(<[u8]>::escape_ascii).map(|p| p.to_string())
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn reports_are_read_however_they_are_cut() {
        use crate::tui::theme::Background;
        for (answer, report) in [
            (&b"\x1b[0n"[..], Report::Ready),
            (b"\x1b[2;3R", Report::Cursor(2, 3)),
            (b"\x1b]11;rgb:ffff/ffff/ffff\x07", Report::Background(Background::Light)),
            (b"\x1b]11;rgb:1010/1212/1818\x1b\\", Report::Background(Background::Dark)),
        ] {
            for cut in 0..=answer.len() {
                let pieces = [&b"j"[..], &answer[..cut], &answer[cut..], b"k"];
                let tokens = split_all(&pieces, Duration::from_millis(39));
                let mut expected = keys(&[b"j"]);
                expected.extend([Token::Report(report), Token::Key(b"k".to_vec())]);
                assert_eq!(tokens, expected, "{} at {cut}", answer.escape_ascii());
            }
        }
    }

    #[test]
    fn keys_before_and_after_an_answer_are_read() {
        for answer in ANSWERS {
            for cut in 0..=answer.len() {
                let before = [b"a\x1b[A", &answer[..cut]].concat();
                let after = [&answer[cut..], "é\x1bOPj".as_bytes()].concat();
                for pause in [0, 39] {
                    let tokens = split(&[&before, &after], Duration::from_millis(pause));
                    let expected = keys(&[b"a", b"\x1b[A", "é".as_bytes(), b"\x1bOP", b"j"]);
                    assert_eq!(tokens, expected, "{} at {cut}", answer.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn answers_on_a_slow_link_are_no_keys_but_esc() {
        for answer in ANSWERS {
            // After `ESC` alone the rest must be recognized by itself; within the answer it may
            // pause.
            for cut in 1..answer.len() {
                let tokens = split(&[&answer[..cut], &answer[cut..]], Duration::from_millis(700));
                let expected = if cut == 1 { keys(&[b"\x1b"]) } else { Vec::new() };
                if cut == 1 && !is_rest_of_answer(&answer[cut..]) {
                    continue;
                }
                assert_eq!(tokens, expected, "{} at {cut}", answer.escape_ascii());
            }
        }
    }

    #[test]
    fn keys_are_found_however_they_are_cut() {
        let entered: [&[u8]; 20] = [
            b"j",
            b"\r",
            b"\t",
            b"\x7f",
            b"\x03",
            b" ",
            "é".as_bytes(),
            "漢".as_bytes(),
            "🦀".as_bytes(),
            b"\x1b[A",
            b"\x1b[1;5C",
            b"\x1b[3~",
            b"\x1b[Z",
            b"\x1bOP",
            b"\x1bOM",
            b"\x1b[[B",
            b"\x1b[97;5u",
            b"\x1b[<0;3;4M",
            b"\x1bj",
            "\u{1b}é".as_bytes(),
        ];
        for key in entered {
            for cut in 0..=key.len() {
                let tokens = split(&[&key[..cut], &key[cut..]], Duration::from_millis(39));
                assert_eq!(tokens, keys(&[key]), "{} at {cut}", key.escape_ascii());
            }
        }
        let all = entered.concat();
        for cut in 0..all.len() {
            assert_eq!(split(&[&all[..cut], &all[cut..]], Duration::ZERO), keys(&entered), "{cut}");
        }
    }

    #[test]
    fn escape_alone_is_a_key() {
        for (pieces, expected) in [
            (&[&b"\x1b"[..]][..], keys(&[b"\x1b"])),
            (&[b"\x1b", b"j"], keys(&[b"\x1b", b"j"])),
            (&[b"\x1b\x1b"], keys(&[b"\x1b", b"\x1b"])),
            (&[b"\x1b\x1b[A"], keys(&[b"\x1b", b"\x1b[A"])),
            (&[b"\x1bO", b"x"], keys(&[b"\x1bO", b"x"])),
            // Bytes that are no UTF-8.
            (&[b"\x1b\xff", b"\xc3j", b"\x80k"], keys(&[b"\x1b", b"j", b"k"])),
            // A string that somebody began by chance ends by a pause, by Esc, or by a control key.
            (&[b"\x1b]", b"\x1b"], keys(&[b"\x1b"])),
            (&[b"\x1bPab\rj"], keys(&[b"\r", b"j"])),
        ] {
            assert_eq!(split(pieces, Duration::from_millis(1200)), expected, "{pieces:?}");
        }
    }

    #[test]
    fn endless_answer_gives_the_keyboard_back() {
        let mut splitter = Splitter::default();
        let mut now = Instant::now();
        assert_eq!(splitter.push(b"\x1b]", now), []);
        for _ in 0..10 {
            now += Duration::from_millis(500);
            splitter.push(b"x", now);
        }
        assert_eq!(splitter.push(b"j", now), keys(&[b"j"]));
    }

    #[test]
    fn paste_is_one_token_whatever_it_contains() {
        let text = "one\r\ntwo \x1b[A \x1b]11;?\x07 é\u{200c}".as_bytes();
        let pasted = [PASTE_START, text, PASTE_END].concat();
        let all = [b"a", &pasted[..], b"b"].concat();
        let expected =
            [Token::Key(b"a".to_vec()), Token::Paste(text.to_vec()), Token::Key(b"b".to_vec())];
        for cut in 0..all.len() {
            let tokens = split(&[&all[..cut], &all[cut..]], Duration::from_millis(39));
            assert_eq!(tokens, expected, "{cut}");
        }
        // A link that broke within it.
        let broken = split(&[PASTE_START, text], Duration::ZERO);
        assert_eq!(broken, [Token::Paste(text.to_vec())]);
    }

    fn byte() -> impl Strategy<Value = u8> {
        let special = b"\x1b[]PO_\\\x07\x18<;0129~uMRAc\xc3\xa9".to_vec();
        prop_oneof![2 => prop::sample::select(special), 1 => any::<u8>()]
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(
            bytes in prop::collection::vec(byte(), 0..64),
            cuts in prop::collection::vec(0_usize..64, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            let tokens = split(&pieces, Duration::from_millis(5));
            prop_assert_eq!(&tokens, &split(&[&bytes], Duration::ZERO));
            for token in tokens {
                if let Token::Key(key) = token {
                    // Whatever it is, decoding it does not fail.
                    crate::tui::terminal::input::decode::decode_key(&key);
                }
            }
        }
    }
}
