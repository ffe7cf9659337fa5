//! The text formats of metrics, and their negotiation.

use axum::http::{HeaderMap, header};

/// A text format of metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::server) enum Exposition {
    /// The text format of `OpenMetrics`, version 1.0.
    OpenMetrics,
    /// The text format of Prometheus, 0.0.4.
    Text,
}

impl Exposition {
    /// Returns the media type.
    pub(in crate::server) fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Chooses the format that a request prefers (RFC 9110, 12.5.1). `OpenMetrics` is sent to who
    /// has no preference.
    pub(in crate::server) fn from_headers(headers: &HeaderMap) -> Self {
        let (mut open, mut text) = (0.0, 0.0);
        let values = headers.get_all(header::ACCEPT).iter();
        let values = values.filter_map(|value| value.to_str().ok());
        for range in values.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
            let (mut weight, mut is_known) = (1.0_f32, true);
            for parameter in parts {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                let value = value.trim().trim_matches('"');
                match name.trim().to_ascii_lowercase().as_str() {
                    "q" => weight = value.parse().unwrap_or(0.0),
                    "version" => is_known = matches!(value, "1.0.0" | "0.0.1" | "0.0.4"),
                    _ => {}
                }
            }
            let best = match media_type.as_str() {
                "application/openmetrics-text" => &mut open,
                "text/plain" | "text/*" => &mut text,
                _ => continue,
            };
            if is_known && weight > *best {
                *best = weight;
            }
        }
        if text > open { Self::Text } else { Self::OpenMetrics }
    }

    /// Converts `OpenMetrics` to this format.
    pub(in crate::server) fn convert(self, open_metrics: String) -> String {
        match self {
            Self::OpenMetrics => open_metrics,
            Self::Text => to_text(&open_metrics),
        }
    }
}

/// Converts `OpenMetrics` to the text format of Prometheus: a counter is described under the name
/// that its samples have, and units and the mark of the end are left out.
fn to_text(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut push = |parts: &[&str]| {
        for part in parts {
            text.push_str(part);
        }
        text.push('\n');
    };
    let mut help = None;
    for line in open_metrics.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            push(&[line]);
            continue;
        };
        let mut parts = comment.splitn(3, ' ');
        match (parts.next(), parts.next(), parts.next()) {
            // The type, which decides on the name, follows it.
            (Some("HELP"), Some(name), what) => help = Some((name, what.unwrap_or_default())),
            (Some("TYPE"), Some(name), Some(kind)) => {
                let (suffix, kind) = match kind {
                    "counter" => ("_total", "counter"),
                    "info" => ("_info", "gauge"),
                    "unknown" => ("", "untyped"),
                    other => ("", other),
                };
                if let Some((_, what)) = help.take().filter(|(described, _)| *described == name) {
                    push(&["# HELP ", name, suffix, " ", what]);
                }
                push(&["# TYPE ", name, suffix, " ", kind]);
            }
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", Exposition::OpenMetrics)]
    #[case("*/*", Exposition::OpenMetrics)]
    #[case("application/json", Exposition::OpenMetrics)]
    #[case("text/plain", Exposition::Text)]
    #[case("text/plain; version=0.0.4", Exposition::Text)]
    #[case("TEXT/Plain;VERSION=\"0.0.4\";charset=utf-8", Exposition::Text)]
    #[case("text/*;q=0.1", Exposition::Text)]
    #[case("text/plain;version=0.0.9", Exposition::OpenMetrics)]
    #[case("text/plain;q=0", Exposition::OpenMetrics)]
    #[case("application/openmetrics-text, text/plain", Exposition::OpenMetrics)]
    #[case("application/openmetrics-text;q=0.4, text/plain;q=0.6", Exposition::Text)]
    // The headers of Prometheus 2 and 3.
    #[case(
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        Exposition::OpenMetrics
    )]
    #[case(
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
        Exposition::OpenMetrics
    )]
    #[case(
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        Exposition::Text
    )]
    fn format_is_the_one_that_is_preferred(#[case] accept: &str, #[case] expected: Exposition) {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
        }
        assert_eq!(Exposition::from_headers(&headers), expected);
    }

    #[test]
    fn text_format_names_a_family_as_its_samples_are_named() {
        let open = "# HELP a A thing.\n# TYPE a counter\na_total 1\n\
                    # HELP b_seconds B.\n# TYPE b_seconds gauge\n# UNIT b_seconds seconds\nb_seconds 2\n\
                    # HELP c C.\n# TYPE c info\nc_info{version=\"1\"} 1\n# EOF\n";
        let text = "# HELP a_total A thing.\n# TYPE a_total counter\na_total 1\n\
                    # HELP b_seconds B.\n# TYPE b_seconds gauge\nb_seconds 2\n\
                    # HELP c_info C.\n# TYPE c_info gauge\nc_info{version=\"1\"} 1\n";
        assert_eq!(Exposition::Text.convert(open.to_owned()), text);
        assert_eq!(Exposition::OpenMetrics.convert(open.to_owned()), open);
    }
}
