//! The themes as tables of the colour of each role.

use ratatui::style::Color;

use crate::config::colors::{ColorRole, OwnColors, Rgb};

use super::Name;
use super::background::Background;
use super::depth::{Shade, nearest_indexed};

/// The colours of a theme. With 16 colours the terminal decides what they look like, and bright
/// black is often almost invisible, so no text has it on a dark background.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Palette {
    /// The focused element.
    pub accent: Shade,
    /// Text of secondary importance.
    pub dim: Shade,
    /// Borders of panes without the focus.
    pub border: Shade,
    /// A state that is good.
    pub good: Shade,
    /// A state that needs attention.
    pub warning: Shade,
    /// A clock in its last quarter.
    pub near: Shade,
    /// A clock that is past its level.
    pub past: Shade,
    /// The priorities P1 to P4.
    pub priority: [Shade; 4],
    /// The background of the selected row, with and without focus; `None` marks it by reverse.
    pub selection: Option<[Shade; 2]>,
    /// Text on the selected row: on a background of the theme it can't be left to the terminal.
    pub selected: Shade,
    /// Text and background, if the theme does not use those of the terminal.
    pub base_colors: Option<(Shade, Shade)>,
}

const fn shade(full: u32, indexed: u8, basic: Color) -> Shade {
    let [_, red, green, blue] = full.to_be_bytes();
    Shade { rgb: (red, green, blue), indexed, basic }
}

/// The theme for terminals with a dark background.
const DARK: Palette = Palette {
    accent: shade(0x5f_d7_d7, 80, Color::Cyan),
    dim: shade(0x9e_9e_9e, 247, Color::Gray),
    border: shade(0x58_58_58, 240, Color::DarkGray),
    good: shade(0x87_d7_87, 114, Color::Green),
    warning: shade(0xd7_af_ff, 183, Color::LightMagenta),
    near: shade(0xff_d7_00, 220, Color::LightYellow),
    past: shade(0xff_72_72, 203, Color::LightRed),
    priority: [
        shade(0xff_72_72, 203, Color::LightRed),
        shade(0xff_af_5f, 215, Color::LightYellow),
        shade(0xd7_d7_87, 186, Color::Yellow),
        shade(0x87_af_d7, 110, Color::LightBlue),
    ],
    selection: Some([shade(0x22_38_4d, 236, Color::Reset), shade(0x2a_2e_33, 235, Color::Reset)]),
    selected: shade(0xe4_e4_e4, 254, Color::Reset),
    base_colors: None,
};

/// For light terminals. It does not paint their background, which is light already: a painted one
/// would cost bytes on every cell, and show an edge of another white at the window's border.
const LIGHT: Palette = Palette {
    accent: shade(0x00_5f_87, 24, Color::Blue),
    dim: shade(0x58_58_58, 240, Color::DarkGray),
    border: shade(0xa8_a8_a8, 248, Color::Gray),
    good: shade(0x00_5f_00, 22, Color::Green),
    warning: shade(0x87_00_5f, 89, Color::Reset),
    near: shade(0x8a_4b_00, 94, Color::Magenta),
    past: shade(0xaf_00_00, 124, Color::Red),
    priority: [
        shade(0xaf_00_00, 124, Color::Red),
        shade(0x8a_4b_00, 94, Color::Magenta),
        shade(0x5f_5f_00, 58, Color::Reset),
        shade(0x5f_00_af, 55, Color::DarkGray),
    ],
    selection: Some([shade(0xd6_e4_f5, 254, Color::Reset), shade(0xe8_ee_f5, 255, Color::Reset)]),
    selected: shade(0x1c_1c_1c, 234, Color::Reset),
    base_colors: None,
};

/// Strong contrasts. It paints its own background: a contrast of at least 7:1 can only be promised
/// on a known background.
const CONTRAST: Palette = Palette {
    accent: shade(0x00_ff_ff, 51, Color::LightCyan),
    dim: shade(0xd0_d0_d0, 252, Color::White),
    border: shade(0xa8_a8_a8, 248, Color::Gray),
    good: shade(0x5f_ff_5f, 83, Color::LightGreen),
    warning: shade(0xff_af_ff, 219, Color::White),
    near: shade(0xff_d7_00, 220, Color::LightYellow),
    past: shade(0xff_87_87, 210, Color::LightRed),
    priority: [
        shade(0xff_87_87, 210, Color::LightRed),
        shade(0xff_af_00, 214, Color::LightMagenta),
        shade(0xff_ff_5f, 227, Color::LightYellow),
        shade(0xaf_af_ff, 147, Color::LightBlue),
    ],
    selection: None,
    selected: shade(0xff_ff_ff, 231, Color::White),
    base_colors: Some((shade(0xff_ff_ff, 231, Color::White), shade(0x08_08_08, 232, Color::Black))),
};

/// For dark terminals and people with a colour vision deficiency (protanopia, deuteranopia,
/// tritanopia): vermilion, yellow, bluish green, reddish purple and sky blue after M. Okabe and
/// K. Ito, "Color Universal Design" (2008, <https://jfly.uni-koeln.de/color/>), the darker ones
/// made lighter so that they can be read on black.
const COLORBLIND: Palette = Palette {
    accent: shade(0x56_b4_e9, 74, Color::LightCyan),
    dim: shade(0x9e_9e_9e, 247, Color::Gray),
    border: shade(0x58_58_58, 240, Color::DarkGray),
    good: shade(0x9a_d2_f2, 117, Color::LightCyan),
    warning: shade(0xe0_e0_e0, 254, Color::White),
    near: shade(0xf0_e4_42, 227, Color::LightYellow),
    past: shade(0xf9_85_30, 208, Color::LightRed),
    priority: [
        shade(0xf9_85_30, 208, Color::LightRed),
        shade(0xf0_e4_42, 227, Color::LightYellow),
        shade(0x1d_b8_8a, 36, Color::Green),
        shade(0xe6_a8_d0, 182, Color::LightMagenta),
    ],
    selection: Some([shade(0x22_38_4d, 236, Color::Reset), shade(0x2a_2e_33, 235, Color::Reset)]),
    selected: shade(0xe4_e4_e4, 254, Color::Reset),
    base_colors: None,
};

/// The same for light terminals: dark red, purple, teal and blue, found by a search over the 256
/// colours for those that are most distinct to each kind of eye and readable on light backgrounds.
const COLORBLIND_LIGHT: Palette = Palette {
    accent: shade(0x00_5f_87, 24, Color::Blue),
    dim: shade(0x58_58_58, 240, Color::DarkGray),
    border: shade(0xa8_a8_a8, 248, Color::Gray),
    good: shade(0x00_5f_5f, 23, Color::Blue),
    warning: shade(0x5f_00_5f, 53, Color::Reset),
    near: shade(0x5f_5f_00, 58, Color::Magenta),
    past: shade(0xaf_00_00, 124, Color::Red),
    priority: [
        shade(0xaf_00_00, 124, Color::Red),
        shade(0xaf_00_af, 127, Color::Magenta),
        shade(0x00_5f_5f, 23, Color::Reset),
        shade(0x5f_00_ff, 57, Color::Blue),
    ],
    selection: Some([shade(0xd6_e4_f5, 254, Color::Reset), shade(0xe8_ee_f5, 255, Color::Reset)]),
    selected: shade(0x1c_1c_1c, 234, Color::Reset),
    base_colors: None,
};

/// Returns the colours of a theme on a background; `None` if it has none.
pub(super) const fn find(name: Name, background: Background) -> Option<&'static Palette> {
    match (name, background) {
        (Name::Dark, _) | (Name::Auto | Name::Own, Background::Dark) => Some(&DARK),
        (Name::Light, _) | (Name::Auto | Name::Own, Background::Light) => Some(&LIGHT),
        (Name::Contrast, _) => Some(&CONTRAST),
        (Name::Colorblind, Background::Dark) => Some(&COLORBLIND),
        (Name::ColorblindLight, _) | (Name::Colorblind, Background::Light) => {
            Some(&COLORBLIND_LIGHT)
        }
        (Name::None, _) => None,
    }
}

/// Returns the colours of a user-defined theme: those of the theme that it is based on, unless it
/// replaces them.
pub(super) fn own(own: &OwnColors, background: Background) -> Palette {
    let mut palette = *find(own.base, background).unwrap_or(&DARK);
    let replace = |shade: &mut Shade, role: ColorRole| {
        if let Some(Rgb(red, green, blue)) = own.color(role) {
            let rgb = (red, green, blue);
            *shade = Shade { rgb, indexed: nearest_indexed(rgb), ..*shade };
        }
    };
    for (shade, role) in [
        (&mut palette.accent, ColorRole::Accent),
        (&mut palette.dim, ColorRole::Dim),
        (&mut palette.border, ColorRole::Border),
        (&mut palette.good, ColorRole::Good),
        (&mut palette.warning, ColorRole::Warning),
        (&mut palette.near, ColorRole::Near),
        (&mut palette.past, ColorRole::Past),
        (&mut palette.selected, ColorRole::Selected),
    ] {
        replace(shade, role);
    }
    let [p1, p2, p3, p4] = &mut palette.priority;
    for (shade, role) in
        [(p1, ColorRole::P1), (p2, ColorRole::P2), (p3, ColorRole::P3), (p4, ColorRole::P4)]
    {
        replace(shade, role);
    }
    if own.color(ColorRole::Selection).is_some() {
        let [with, without] = palette.selection.get_or_insert([palette.selected; 2]);
        replace(with, ColorRole::Selection);
        replace(without, ColorRole::Selection);
    }
    if own.color(ColorRole::Background).is_some() {
        let ground = shade(0, 16, Color::Black);
        let (text, ground) = palette.base_colors.get_or_insert((palette.selected, ground));
        replace(ground, ColorRole::Background);
        replace(text, ColorRole::Text);
    }
    palette
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::depth::xterm_rgb;
    use super::*;
    use crate::config::colors::contrast_ratio;

    type Rgb = (u8, u8, u8);

    fn linear(channel: u8) -> f64 {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    }

    fn contrast(one: Rgb, other: Rgb) -> f64 {
        let rgb = |(red, green, blue)| super::Rgb(red, green, blue);
        contrast_ratio(rgb(one), rgb(other))
    }

    /// Typical backgrounds of the terminals that a theme is made for.
    fn grounds(name: Name) -> Vec<Rgb> {
        match name {
            Name::Light | Name::ColorblindLight => {
                vec![(255, 255, 255), (0xfd, 0xf6, 0xe3), (0xee, 0xee, 0xee)]
            }
            Name::Contrast | Name::None => vec![],
            _ => vec![(0, 0, 0), (0x1e, 0x1e, 0x1e), (0x28, 0x28, 0x28)],
        }
    }

    fn texts(palette: &Palette) -> Vec<(&'static str, Shade)> {
        let [p1, p2, p3, p4] = palette.priority;
        let mut texts = vec![
            ("accent", palette.accent),
            ("dim", palette.dim),
            ("good", palette.good),
            ("warning", palette.warning),
            ("near", palette.near),
            ("past", palette.past),
            ("P1", p1),
            ("P2", p2),
            ("P3", p3),
            ("P4", p4),
        ];
        texts.extend(palette.base_colors.map(|(text, _)| ("text", text)));
        texts
    }

    #[rstest]
    fn every_text_is_readable_on_its_background(
        #[values(Name::Dark, Name::Light, Name::Contrast, Name::Colorblind, Name::ColorblindLight)]
        name: Name,
    ) {
        let palette = find(name, Background::Dark).expect("it has colours");
        let least = if name == Name::Contrast { 7.0 } else { 4.5 };
        let mut backgrounds = grounds(name);
        backgrounds.extend(palette.base_colors.map(|(_, ground)| ground.rgb));
        backgrounds.extend(palette.selection.iter().flatten().map(|shade| shade.rgb));
        assert!(!backgrounds.is_empty());
        for (role, shade) in texts(palette) {
            for ground in &backgrounds {
                let ratio = contrast(shade.rgb, *ground);
                assert!(ratio >= least, "{name} {role} on {ground:02x?}: {ratio:.2}");
            }
        }
    }

    #[rstest]
    fn indexed_colours_are_near_the_full_ones(
        #[values(Name::Dark, Name::Light, Name::Contrast, Name::Colorblind, Name::ColorblindLight)]
        name: Name,
    ) {
        let palette = find(name, Background::Dark).expect("it has colours");
        for (role, shade) in texts(palette) {
            let indexed = xterm_rgb(shade.indexed).expect("a colour that can be relied on");
            let delta = difference(shade.rgb, indexed);
            assert!(delta < 16.0, "{name} {role}: {delta:.1}");
            for ground in grounds(name) {
                let ratio = contrast(indexed, ground);
                assert!(ratio >= 4.5, "{name} {role} on {ground:02x?}: {ratio:.2}");
            }
        }
    }

    /// Converts linear red, green and blue to CIE L*a*b* under D65.
    fn lab(linear: [f64; 3]) -> [f64; 3] {
        let [red, green, blue] = linear.map(|value| value.clamp(0.0, 1.0));
        let [long, middle, short] =
            [
                (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
                0.2126 * red + 0.7152 * green + 0.0722 * blue,
                (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
            ]
            .map(|part: f64| {
                if part > 0.008_856 { part.cbrt() } else { 7.787 * part + 16.0 / 116.0 }
            });
        [116.0 * middle - 16.0, 500.0 * (long - middle), 200.0 * (middle - short)]
    }

    /// Returns the CIE76 colour difference; about 2.3 is just noticeable.
    fn distance(one: [f64; 3], other: [f64; 3]) -> f64 {
        let (one, other) = (lab(one), lab(other));
        one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    fn channels((red, green, blue): Rgb) -> [f64; 3] {
        [linear(red), linear(green), linear(blue)]
    }

    fn difference(one: Rgb, other: Rgb) -> f64 {
        distance(channels(one), channels(other))
    }

    /// Matrices that simulate the absence of one kind of cone: G. Machado, M. Oliveira and L.
    /// Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009).
    const SEEN: [(&str, [[f64; 3]; 3]); 3] = [
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    #[rstest]
    fn priorities_are_distinct_without_one_kind_of_cone(
        #[values(0, 1, 2)] kind: usize,
        #[values(&COLORBLIND, &COLORBLIND_LIGHT)] palette: &Palette,
    ) {
        let (what, matrix) = SEEN[kind];
        let seen = |rgb: Rgb| {
            let rgb = channels(rgb);
            matrix.map(|row| row.iter().zip(rgb).map(|(a, b)| a * b).sum::<f64>())
        };
        for full in [true, false] {
            let shades = palette.priority.map(|shade| {
                if full { shade.rgb } else { xterm_rgb(shade.indexed).expect("one of the 256") }
            });
            for (index, one) in shades.iter().enumerate() {
                for other in &shades[index + 1..] {
                    let delta = distance(seen(*one), seen(*other));
                    assert!(delta >= 20.0, "{what}: {one:02x?} and {other:02x?}: {delta:.1}");
                }
            }
        }
    }
}
