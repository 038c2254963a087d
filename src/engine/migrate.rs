//! Reading what an earlier version stored.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Makes of what an earlier version stored what this version has; nothing if it knows no such version.
pub(crate) type Migrate<T> = fn(Value) -> Option<T>;

/// Decodes what is stored, as this version has it or as an earlier one had.
pub(crate) fn decode<T: DeserializeOwned>(
    text: &str,
    migrate: Migrate<T>,
) -> serde_json::Result<T> {
    serde_json::from_str(text).or_else(|error| {
        let older = serde_json::from_str(text).ok().and_then(migrate);
        older.ok_or(error)
    })
}
