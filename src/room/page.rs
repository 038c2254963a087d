//! A part of a long list.

/// Some rows of a list, and whether more follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, at least one unless there is none.
    pub rows: Vec<T>,
    /// Whether more follow.
    pub more: bool,
}

impl<T> Page<T> {
    /// All there is.
    pub const fn all(rows: Vec<T>) -> Self {
        Self { rows, more: false }
    }
}
