use proptest::prelude::*;

use super::*;

/// Answers of each kind, which no part of the program requests.
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

/// Splits pieces that arrive one after the other, with a pause in between. What is unfinished expires in
/// time, as the reader sees to.
fn split_all(pieces: &[&[u8]], pause: Duration) -> Vec<Token> {
    let mut splitter = Splitter::default();
    let mut now = Instant::now();
    let mut tokens = Vec::new();
    for piece in pieces {
        tokens.extend(splitter.push(piece, now));
        now += pause;
        if let Some(deadline) = splitter.deadline().filter(|deadline| *deadline <= now) {
            tokens.extend(splitter.expire(deadline));
        }
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
fn answers_read_late_are_no_keys() {
    // The rest came in time, and the program was too busy to read it: its timeout has not run.
    for answer in ANSWERS.into_iter().filter(|answer| is_rest_of_answer(&answer[1..])) {
        let (mut splitter, now) = (Splitter::default(), Instant::now());
        let mut tokens = splitter.push(b"j\x1b", now);
        tokens.extend(splitter.push(&answer[1..], now + 5 * ESCAPE_TIMEOUT));
        tokens.extend(splitter.push(b"k", now + 6 * ESCAPE_TIMEOUT));
        tokens.retain(|token| !matches!(token, Token::Report(_)));
        assert_eq!(tokens, keys(&[b"j", b"k"]), "{}", answer.escape_ascii());
    }
}

#[test]
fn answers_on_a_slow_link_are_no_keys_but_esc() {
    for answer in ANSWERS {
        // After `ESC` alone the rest must be recognized independently; within the answer it may
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
        // A string that a person began by chance ends by a pause, by Esc, or by a control key.
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

#[test]
fn interrupt_ends_a_paste_that_has_no_end() {
    let begun = [PASTE_START, b"abc"].concat();
    let pieces = [&begun[..], b"j", b"\x03", b"k"];
    let expected = [Token::Paste(b"abcj".to_vec())].into_iter().chain(keys(&[b"\x03", b"k"]));
    assert_eq!(split(&pieces, Duration::from_millis(40)), expected.collect::<Vec<_>>());
    // Without a pause it is a part of the text.
    let pasted = split(&pieces, Duration::from_millis(39));
    assert_eq!(pasted, [Token::Paste(b"abcj\x03k".to_vec())]);
}

/// Returns a sequence with control characters of eight bits, alone or as UTF-8.
fn eight_bit(sequence: &[u8], is_utf8: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = sequence;
    while let [first, others @ ..] = rest {
        rest = others;
        match (*first, others) {
            (ESC, [second, others @ ..]) => {
                bytes.extend(is_utf8.then_some(0xc2));
                bytes.push(second + 0x40);
                rest = others;
            }
            _ => bytes.push(*first),
        }
    }
    bytes
}

#[test]
fn controls_of_eight_bits_are_those_of_seven() {
    let pasted = "\x1b[200~é\x1b[201~".as_bytes();
    let sequences: [&[u8]; 4] = [b"\x1b[A", b"\x1b[1;5C", b"\x1bOP", pasted];
    for is_utf8 in [false, true] {
        for sequence in ANSWERS.into_iter().chain(sequences) {
            let seven = split(&[b"j", sequence, b"k"], Duration::ZERO);
            let eight = eight_bit(sequence, is_utf8);
            for cut in 0..=eight.len() {
                let pieces = [&b"j"[..], &eight[..cut], &eight[cut..], b"k"];
                let tokens = split(&pieces, Duration::from_millis(39));
                assert_eq!(tokens, seven, "{} at {cut}", eight.escape_ascii());
            }
        }
    }
    let ready = split_all(&[b"\x9b0n"], Duration::ZERO);
    assert_eq!(ready, [Token::Report(Report::Ready)]);
}

#[test]
fn mark_of_eight_bits_within_a_paste_is_text() {
    let text = "a\u{9b}201~q".as_bytes();
    let pasted = [PASTE_START, text, PASTE_END].concat();
    assert_eq!(split(&[&pasted], Duration::ZERO), [Token::Paste(text.to_vec())]);
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
