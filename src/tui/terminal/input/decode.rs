//! Decodes the bytes of one key, or of one report of the mouse.

use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use termina::{Event, Parser, event};

/// Decodes the bytes of one key; `None` if they are none that is known.
pub fn decode_key(bytes: &[u8]) -> Option<KeyEvent> {
    // The keypad of terminals in application mode: digits and operators.
    if let [0x1b, b'O', key @ b'j'..=b'y'] = bytes {
        return Some(KeyEvent::new(KeyCode::Char(char::from(key - 0x40)), KeyModifiers::NONE));
    }
    match bytes {
        [0x1b, b'O', b'M'] => return Some(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)),
        [0x1b, b'O'] => return Some(KeyEvent::new(KeyCode::Char('O'), KeyModifiers::ALT)),
        _ => {}
    }
    let mut parser = Parser::default();
    parser.parse(bytes, false);
    match parser.pop()? {
        Event::Key(key) => from_termina(key),
        _ => None,
    }
}

/// Decodes a report of the mouse in xterm's SGR form (mode 1006): `CSI < button ; column ; row M`,
/// with `m` for a button that was released. Returns `None` for reports that the panes do not use.
pub fn decode_mouse(bytes: &[u8]) -> Option<MouseEvent> {
    let report = std::str::from_utf8(bytes).ok()?.strip_prefix("\u{1b}[<")?.strip_suffix('M')?;
    let mut numbers = report.split(';').map(|number| number.parse::<u16>().ok());
    let mut next = || numbers.next().flatten();
    let (button, column, row) = (next()?, next()?, next()?);
    // Shift, Alt and Control add 4, 8 and 16; a movement adds 32.
    let kind = match button & !0b1_1100 {
        0 => MouseEventKind::Down(MouseButton::Left),
        64 => MouseEventKind::ScrollUp,
        65 => MouseEventKind::ScrollDown,
        _ => return None,
    };
    let modifiers = KeyModifiers::NONE;
    Some(MouseEvent { kind, column: column.checked_sub(1)?, row: row.checked_sub(1)?, modifiers })
}

fn from_termina(key: event::KeyEvent) -> Option<KeyEvent> {
    use event::KeyCode as Code;
    let code = match key.code {
        Code::Char(ch) => KeyCode::Char(ch),
        Code::Enter => KeyCode::Enter,
        Code::Backspace => KeyCode::Backspace,
        Code::Tab => KeyCode::Tab,
        Code::Escape => KeyCode::Esc,
        Code::Left => KeyCode::Left,
        Code::Right => KeyCode::Right,
        Code::Up => KeyCode::Up,
        Code::Down => KeyCode::Down,
        Code::Home => KeyCode::Home,
        Code::End => KeyCode::End,
        Code::BackTab => KeyCode::BackTab,
        Code::PageUp => KeyCode::PageUp,
        Code::PageDown => KeyCode::PageDown,
        Code::Insert => KeyCode::Insert,
        Code::Delete => KeyCode::Delete,
        Code::Function(number) => KeyCode::F(number),
        // Keys on which nothing depends: locks, media keys, modifiers by themselves.
        _ => return None,
    };
    let kind = match key.kind {
        event::KeyEventKind::Press => KeyEventKind::Press,
        event::KeyEventKind::Release => KeyEventKind::Release,
        event::KeyEventKind::Repeat => KeyEventKind::Repeat,
    };
    let mut modifiers = KeyModifiers::NONE;
    for (theirs, ours) in [
        (event::Modifiers::SHIFT, KeyModifiers::SHIFT),
        (event::Modifiers::ALT, KeyModifiers::ALT),
        (event::Modifiers::CONTROL, KeyModifiers::CONTROL),
        (event::Modifiers::SUPER, KeyModifiers::SUPER),
    ] {
        if key.modifiers.contains(theirs) {
            modifiers |= ours;
        }
    }
    Some(KeyEvent::new_with_kind(code, modifiers, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheel_and_button_are_decoded() {
        for (bytes, kind) in [
            (&b"\x1b[<0;3;4M"[..], Some(MouseEventKind::Down(MouseButton::Left))),
            (b"\x1b[<16;3;4M", Some(MouseEventKind::Down(MouseButton::Left))),
            (b"\x1b[<64;3;4M", Some(MouseEventKind::ScrollUp)),
            (b"\x1b[<65;3;4M", Some(MouseEventKind::ScrollDown)),
            (b"\x1b[<0;3;4m", None),
            (b"\x1b[<2;3;4M", None),
            (b"\x1b[<35;3;4M", None),
            (b"\x1b[<0;0;4M", None),
            (b"\x1b[<0;99999;4M", None),
            (b"\x1b[<0;3M", None),
        ] {
            let expected = kind.map(|kind| MouseEvent {
                kind,
                column: 2,
                row: 3,
                modifiers: KeyModifiers::NONE,
            });
            assert_eq!(decode_mouse(bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn keys_are_decoded() {
        let (none, shift, alt, ctrl) =
            (KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::ALT, KeyModifiers::CONTROL);
        for (bytes, code, modifiers) in [
            (&b"j"[..], KeyCode::Char('j'), none),
            (b"J", KeyCode::Char('J'), shift),
            (b"\r", KeyCode::Enter, none),
            (b"\t", KeyCode::Tab, none),
            (b"\x7f", KeyCode::Backspace, none),
            (b"\x1b", KeyCode::Esc, none),
            (b"\0", KeyCode::Char(' '), ctrl),
            (b"\x03", KeyCode::Char('c'), ctrl),
            (b"\n", KeyCode::Char('j'), ctrl),
            (b"\x1f", KeyCode::Char('7'), ctrl),
            ("é".as_bytes(), KeyCode::Char('é'), none),
            ("🦀".as_bytes(), KeyCode::Char('🦀'), none),
            (b"\x1bj", KeyCode::Char('j'), alt),
            (b"\x1b\x7f", KeyCode::Backspace, alt),
            (b"\x1bO", KeyCode::Char('O'), alt),
            (b"\x1b[A", KeyCode::Up, none),
            (b"\x1bOB", KeyCode::Down, none),
            (b"\x1b[1;5C", KeyCode::Right, ctrl),
            (b"\x1b[1;2B", KeyCode::Down, shift),
            (b"\x1b[H", KeyCode::Home, none),
            (b"\x1b[4~", KeyCode::End, none),
            (b"\x1b[3~", KeyCode::Delete, none),
            (b"\x1b[5~", KeyCode::PageUp, none),
            (b"\x1b[6~", KeyCode::PageDown, none),
            (b"\x1b[Z", KeyCode::BackTab, shift),
            (b"\x1bOP", KeyCode::F(1), none),
            (b"\x1b[[B", KeyCode::F(2), none),
            (b"\x1b[24~", KeyCode::F(12), none),
            (b"\x1bOM", KeyCode::Enter, none),
            (b"\x1bOq", KeyCode::Char('1'), none),
            (b"\x1bOk", KeyCode::Char('+'), none),
            (b"\x1b[97;5u", KeyCode::Char('a'), ctrl),
            (b"\x1b[27u", KeyCode::Esc, none),
        ] {
            let expected = Some(KeyEvent::new(code, modifiers));
            assert_eq!(decode_key(bytes), expected, "{}", bytes.escape_ascii());
        }
        for unknown in [&b""[..], b"\xff", b"\x1b[<0;3;4M", b"\x1b[57428u", b"\x1b[999~"] {
            assert_eq!(decode_key(unknown), None, "{}", unknown.escape_ascii());
        }
    }
}
