//! Which web pages may open a socket.

/// Whether an upgrade with this `Origin` header may pass: one without (no browser sends it), the
/// Worker's own, and those that are listed, separated by commas or white space; `*` lists all.
///
/// Browsers do not hold `WebSocket`s to the same origin, so a page of anybody's could speak with the
/// cookies of its visitor (RFC 6455, 10.2).
///
/// ```
/// use dormouse::origin_allowed;
///
/// let own = "https://rooms.example";
/// assert!(origin_allowed(None, own, ""));
/// assert!(origin_allowed(Some("https://rooms.example"), own, ""));
/// assert!(!origin_allowed(Some("https://evil.example"), own, ""));
/// assert!(origin_allowed(Some("https://app.example"), own, "https://app.example"));
/// ```
pub fn origin_allowed(origin: Option<&str>, own: &str, listed: &str) -> bool {
    let Some(origin) = origin else { return true };
    origin.eq_ignore_ascii_case(own)
        || listed
            .split(|c: char| c == ',' || c.is_whitespace())
            .any(|known| known == "*" || !known.is_empty() && known.eq_ignore_ascii_case(origin))
}
