//! What the platform allows, and what Dormouse allows within it.
//!
//! Every value here is checked in Rust before anything is done, and its breach is an
//! [`Error`](crate::Error) that names the limit and the value.

use std::time::Duration;

/// Bytes of a socket's serialized attachment (workerd, measured: 16,384).
///
/// The attachment holds the connection's id, its time, its tags, its session and its state, as JSON.
pub const ATTACHMENT_BYTES: usize = 16_384;

/// Bytes of a stored value: a room's state or an alarm's payload, as JSON.
///
/// SQLite-backed objects take 2 MB a row (Cloudflare, "Limits"); of the two readings of MB this is
/// the smaller. A state is measured when it is stored: messages that share a commit may pass through
/// a larger one, if it is small enough again at the end.
pub const VALUE_BYTES: usize = 2_000_000;

/// Levels of arrays and objects in the JSON of what is stored (`serde_json` reads no deeper).
pub const DEPTH: usize = 127;

/// UTF-8 bytes of the key of a keyed value, with its kind's name and a `/` in front.
pub const KEY_BYTES: usize = 512;

/// Tags a connection may have. The platform allows 10; one carries the connection's id.
pub const TAGS: usize = 9;

/// UTF-8 bytes of a tag (workerd's source: 256; the documentation says characters).
pub const TAG_BYTES: usize = 256;

/// UTF-8 bytes of a connection's id.
pub const CONNECTION_ID_BYTES: usize = 128;

/// Characters of a room's id, the part of the object's name after the room's type.
pub const ROOM_ID_CHARS: usize = 128;

/// UTF-8 bytes of a close reason (RFC 6455, 5.5: 125 bytes for a control frame, 2 for the code).
pub const CLOSE_REASON_BYTES: usize = 123;

/// UTF-8 bytes of an alarm's name.
pub const ALARM_NAME_BYTES: usize = 256;

/// Bytes of an inbound frame, unless a room says otherwise with
/// [`Room::MAX_FRAME_BYTES`](crate::Room::MAX_FRAME_BYTES).
pub const FRAME_BYTES: usize = 64 * 1024;

/// Bytes of the largest frame that the platform takes, and so of the largest
/// [`Room::MAX_FRAME_BYTES`](crate::Room::MAX_FRAME_BYTES) (Cloudflare, "Limits": 32 MiB).
pub const MAX_FRAME_BYTES: usize = 32 * 1024 * 1024;

/// UTF-8 bytes of an automatic response, and of the frame it answers (Cloudflare, "WebSocket
/// hibernation": 2,048 characters).
pub const AUTO_RESPONSE_BYTES: usize = 2_048;

/// Sockets of one object (Cloudflare, "Limits").
pub const CONNECTIONS: usize = 32_768;

/// Bytes that a letter to another room, or a call of a function, may carry. It is stored as JSON
/// within JSON, which may double it.
pub const LETTER_BYTES: usize = 900_000;

/// How often a letter to another room, or a call of a function, is tried.
pub const LETTER_TRIES: u32 = 7;

/// How many letters one commit tries again at most; the rest follow in the next.
pub const LETTERS_A_COMMIT: usize = 256;

/// How many letters may lead to one another, from room to room or back, before no more are sent. An
/// answer is no letter: a room may ask one after the other.
pub const HOPS: u32 = 32;

/// Sessions that are over and are remembered, about: of more the ones that are due first are forgotten.
pub const SESSIONS: usize = 4_096;

/// Bytes of messages that a client may have missed and is told; if there are more, it is told that they
/// are no longer kept.
pub const MISSED_BYTES: usize = 4 * 1024 * 1024;

/// Connections up to which clients of the protocol `dormouse.1` are told who is here. To tell each of
/// thousands of thousands would cost the square of them when all come back at once.
pub const PRESENT: usize = 256;

/// The longest period of an alarm, and the longest that rows are kept by age: 100 years.
pub const PERIOD: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The longest [grace](crate::Resume::grace) of a lost line, and the longest that a session is
/// [remembered](crate::Resume::remember).
pub const SESSION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The longest refill of a [`RateLimit`](crate::RateLimit), and the longest
/// [`PRESUMED_GONE_AFTER`](crate::Room::PRESUMED_GONE_AFTER).
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest that a [`RateLimit`](crate::RateLimit) takes to be full again: its burst times its refill.
pub const BURST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often an alarm's handler is tried before the alarm is set aside as failed.
pub const ALARM_TRIES: u32 = 7;

/// How many alarms one commit handles at most; the rest follow in the next.
pub const ALARMS_A_COMMIT: usize = 256;

/// Bytes of rows after which a host ends a page of a list, short of its number of rows.
pub const PAGE_BYTES: usize = 1_000_000;

/// Bytes that a handler can read of one history, or of one kind of value, in one call.
pub const READ_BYTES: usize = 16 * 1024 * 1024;

/// Gaps that a room remembers in the numbers of one sender's letters.
pub const LETTER_GAPS: usize = 512;

/// How long a letter is tried, however few tries it had: an object may sleep, or its server be down.
pub const LETTER_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long a sender of letters is remembered after its last one; longer than a letter is tried.
pub const SENDER_AGE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Senders of letters that are remembered for ever: more of them are forgotten in time.
pub const SENDERS: usize = 64;
