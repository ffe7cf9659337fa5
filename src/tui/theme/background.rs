//! The background of the terminal: dark or light.

/// The background of the terminal, as far as colours depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Background {
    /// Text must be lighter than it.
    #[default]
    Dark,
    /// Text must be darker than it.
    Light,
}

impl Background {
    /// Returns the background of a brightness from 0 to 1.
    #[must_use]
    pub fn from_luminance(luminance: f64) -> Self {
        if luminance > 0.5 { Self::Light } else { Self::Dark }
    }

    /// Detects the background from `COLORFGBG`, which some terminals set: the numbers of two or
    /// three of the 16 colours, the background last. Dark if there is none.
    #[must_use]
    pub fn detect(var: &dyn Fn(&str) -> Option<String>) -> Self {
        let colors = var("COLORFGBG").unwrap_or_default();
        match colors.rsplit(';').next().and_then(|color| color.trim().parse::<u8>().ok()) {
            Some(7 | 9..=15) if colors.contains(';') => Self::Light,
            _ => Self::Dark,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Some("15;0"), Background::Dark)]
    #[case(Some("0;15"), Background::Light)]
    #[case(Some("0;default;15"), Background::Light)]
    #[case(Some("0;7"), Background::Light)]
    #[case(Some("7;8"), Background::Dark)]
    #[case(Some("15;default"), Background::Dark)]
    #[case(Some("15"), Background::Dark)]
    #[case(Some(""), Background::Dark)]
    #[case(None, Background::Dark)]
    fn background_is_detected_from_the_environment(
        #[case] value: Option<&str>,
        #[case] background: Background,
    ) {
        let var = |name: &str| value.filter(|_| name == "COLORFGBG").map(str::to_owned);
        assert_eq!(Background::detect(&var), background);
    }
}
