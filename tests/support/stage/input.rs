//! Keys and text, as a person enters them.

use chrono::Duration;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use redphone::tui::core::message::Message;

use super::Stage;

impl Stage {
    /// Presses a key, after the time in which a person sees the screen.
    pub fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.app.ui.mark_drawn(self.now - Duration::seconds(1));
        self.send(Message::Key(KeyEvent::new(code, modifiers), self.now));
    }

    /// Presses keys: single characters, `^x`, or names.
    pub fn keys(&mut self, keys: &str) {
        for name in keys.split_whitespace() {
            let (code, modifiers) = match name {
                "Enter" => (KeyCode::Enter, KeyModifiers::NONE),
                "Esc" => (KeyCode::Esc, KeyModifiers::NONE),
                "Tab" => (KeyCode::Tab, KeyModifiers::NONE),
                "S-Tab" => (KeyCode::BackTab, KeyModifiers::NONE),
                "S-Up" => (KeyCode::Up, KeyModifiers::SHIFT),
                "S-Down" => (KeyCode::Down, KeyModifiers::SHIFT),
                "^Space" => (KeyCode::Char(' '), KeyModifiers::CONTROL),
                "Space" => (KeyCode::Char(' '), KeyModifiers::NONE),
                "Up" => (KeyCode::Up, KeyModifiers::NONE),
                "Down" => (KeyCode::Down, KeyModifiers::NONE),
                "Left" => (KeyCode::Left, KeyModifiers::NONE),
                "Right" => (KeyCode::Right, KeyModifiers::NONE),
                "Backspace" => (KeyCode::Backspace, KeyModifiers::NONE),
                "Home" => (KeyCode::Home, KeyModifiers::NONE),
                "End" => (KeyCode::End, KeyModifiers::NONE),
                "PgDn" => (KeyCode::PageDown, KeyModifiers::NONE),
                _ if name.len() == 2 && name.starts_with('^') => {
                    let letter = name.chars().nth(1).expect("two characters");
                    (KeyCode::Char(letter), KeyModifiers::CONTROL)
                }
                _ if name.len() == 3 && name.starts_with("A-") => {
                    let letter = name.chars().nth(2).expect("three characters");
                    (KeyCode::Char(letter), KeyModifiers::ALT)
                }
                _ => (KeyCode::Char(name.chars().next().expect("a key")), KeyModifiers::NONE),
            };
            self.key(code, modifiers);
        }
    }

    /// Types a text.
    pub fn write(&mut self, text: &str) {
        for ch in text.chars() {
            let code = if ch == '\n' { KeyCode::Enter } else { KeyCode::Char(ch) };
            self.key(code, KeyModifiers::NONE);
        }
    }

    /// Replaces the current filter by typing another.
    pub fn filter(&mut self, text: &str) {
        self.keys("/ ^u");
        self.write(text);
    }

    /// Opens the palette and types a line.
    pub fn type_in_palette(&mut self, line: &str) {
        self.keys(":");
        self.write(line);
    }

    /// Moves the focus to the form field with this label.
    #[track_caller]
    pub fn focus_field(&mut self, label: &str) {
        for _ in 0..self.form().fields.len() {
            if self.form().fields[self.form().focus].label == label {
                return;
            }
            self.keys("Tab");
        }
        panic!("no field {label}");
    }
}
