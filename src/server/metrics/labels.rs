//! Labels of metrics that have none.

use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};

/// The labels of a metric that has none, but may have no value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct NoLabels;

impl EncodeLabelSet for NoLabels {
    fn encode(&self, _: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        Ok(())
    }
}
