//! The object as the engine reads it.

use std::cell::Cell;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::wasm_bindgen;

use super::CHANCE;

use crate::host::host::Host;
use crate::room::alarm::ScheduledAlarm;
use crate::room::connection::SocketId;
use crate::room::page::{Ends, Entry, Order, Page, Range, Side};
use crate::room::time::Timestamp;

#[wasm_bindgen(typescript_custom_section)]
const ROOM_HOST: &str = r#"
/** What the room whose turn it is reads of its object. */
export interface RoomHost {
  now(): number;
  /** The Worker's variables that are plain data, as JSON. */
  config(): string;
  state(): string | undefined;
  /** The alarm as JSON. */
  storedAlarm(name: string): string | undefined;
  /** Pending alarms after the one named, by time, then name, a page of them: `{rows, more}` as JSON. */
  alarms(afterAt: number | undefined, afterName: string, limit: number): string;
  /** Failed alarms by name, as a JSON array. */
  failedAlarms(): string;
  value(key: string): string | undefined;
  /** Pairs of key and value after a key, a page of them: `{rows, more}` as JSON. */
  values(prefix: string, after: string | undefined, limit: number, backwards: boolean): string;
  /** Keys after a key, as a page. */
  keys(prefix: string, after: string | undefined, limit: number): string;
  /** `{last, lastAt, trimmed}` as JSON. */
  historyEnds(name: string): string | undefined;
  /** `{seq, at, row}` with `after < seq < before`, the first or the last, a page of them likewise. */
  history(name: string, after: number, before: number, limit: number, last: boolean): string;
  historySince(name: string, at: number): number | undefined;
  sockets(tag: string | undefined): Uint32Array;
  count(): number;
  attachment(socket: number): string | undefined;
  /** When the socket last had the automatic response. */
  lastAnswer(socket: number): number | undefined;
  /** Whether a letter is on its way, and nothing heard of it yet. */
  inFlight(seq: number): boolean;
}

/** The result of a connect or an API call. */
export type Answer = { ok: unknown } | { error: Failure };

/** An error: its name, a code and a message that a client may see, and an HTTP status. */
export interface Failure {
  _tag: string;
  code: string;
  message: string;
  status: number;
  [field: string]: unknown;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// What the room whose turn it is reads of its object.
    #[wasm_bindgen(typescript_type = "RoomHost")]
    pub type RoomHost;

    #[wasm_bindgen(method)]
    fn now(this: &RoomHost) -> f64;
    #[wasm_bindgen(method)]
    fn config(this: &RoomHost) -> String;
    #[wasm_bindgen(method)]
    fn state(this: &RoomHost) -> Option<String>;
    #[wasm_bindgen(method, js_name = storedAlarm)]
    fn stored_alarm(this: &RoomHost, name: &str) -> Option<String>;
    #[wasm_bindgen(method)]
    fn alarms(this: &RoomHost, after_at: Option<f64>, after_name: &str, limit: u32) -> String;
    #[wasm_bindgen(method, js_name = failedAlarms)]
    fn failed_alarms(this: &RoomHost) -> String;
    #[wasm_bindgen(method)]
    fn value(this: &RoomHost, key: &str) -> Option<String>;
    #[wasm_bindgen(method)]
    fn values(
        this: &RoomHost,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        backwards: bool,
    ) -> String;
    #[wasm_bindgen(method)]
    fn keys(this: &RoomHost, prefix: &str, after: Option<&str>, limit: u32) -> String;
    #[wasm_bindgen(method, js_name = historyEnds)]
    fn history_ends(this: &RoomHost, name: &str) -> Option<String>;
    #[wasm_bindgen(method)]
    fn history(
        this: &RoomHost,
        name: &str,
        after: f64,
        before: f64,
        limit: u32,
        last: bool,
    ) -> String;
    #[wasm_bindgen(method, js_name = historySince)]
    fn history_since(this: &RoomHost, name: &str, at: f64) -> Option<f64>;
    #[wasm_bindgen(method)]
    fn sockets(this: &RoomHost, tag: Option<&str>) -> Vec<u32>;
    #[wasm_bindgen(method)]
    fn count(this: &RoomHost) -> u32;
    #[wasm_bindgen(method)]
    fn attachment(this: &RoomHost, socket: u32) -> Option<String>;
    #[wasm_bindgen(method, js_name = lastAnswer)]
    fn last_answer(this: &RoomHost, socket: u32) -> Option<f64>;
    #[wasm_bindgen(method, js_name = inFlight)]
    fn is_in_flight(this: &RoomHost, seq: f64) -> bool;
}

/// Rows as JavaScript gives them: as many as make a page of some million characters, or one.
#[derive(Deserialize)]
struct Given<T> {
    rows: Vec<T>,
    /// Whether it ended for the characters.
    more: bool,
}

fn given_page<T: DeserializeOwned>(what: &str, limit: usize, json: &str) -> Page<T> {
    let Given { rows, more } = given(what, json);
    Page { more: more || rows.len() >= limit, rows }
}

thread_local! {
    static HOST: Cell<Option<&'static RoomHost>> = const { Cell::new(None) };
}

/// Sets what all rooms of this instance read through. It is called once, at the start: to hand it
/// over with each input would cost more than it does to read.
#[wasm_bindgen(js_name = setHost)]
pub fn set_host(host: RoomHost) {
    // It lives as long as the instance.
    let before = HOST.replace(Some(Box::leak(Box::new(host))));
    assert!(before.is_none(), "the host is set once");
}

fn js() -> &'static RoomHost {
    HOST.get().expect("the host is set")
}

/// The host, as the engine reads it.
pub(super) struct JsHost;

impl Host for JsHost {
    fn now(&self) -> Timestamp {
        timestamp(js().now())
    }

    fn random(&self) -> u64 {
        let Ok(number) = getrandom::u64() else { panic!("the platform gave no random number") };
        CHANCE.with_borrow_mut(|kept| kept.iter_mut().for_each(|kept| kept.push(number)));
        number
    }

    fn config(&self) -> String {
        js().config()
    }

    fn state(&self) -> Option<String> {
        js().state()
    }

    fn value(&self, key: &str) -> Option<String> {
        js().value(key)
    }

    fn values(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        order: Order,
    ) -> Page<(String, String)> {
        let backwards = order == Order::Backwards;
        let pairs = js().values(prefix, after, count(limit), backwards);
        given_page("pairs of key and value", limit, &pairs)
    }

    fn keys(&self, prefix: &str, after: Option<&str>, limit: usize) -> Page<String> {
        given_page("keys", limit, &js().keys(prefix, after, count(limit)))
    }

    fn in_flight(&self, seq: u64) -> bool {
        js().is_in_flight(number(seq))
    }

    fn history_ends(&self, name: &str) -> Ends {
        let ends = js().history_ends(name);
        ends.map_or_else(Ends::default, |ends| given("ends of a history", &ends))
    }

    fn history(&self, name: &str, range: Range) -> Page<Entry<String>> {
        let (after, before) = (number(range.after), number(range.before));
        let last = range.side == Side::Last;
        let rows = js().history(name, after, before, count(range.limit), last);
        given_page("rows of a history", range.limit, &rows)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a row's number")]
    fn history_since(&self, name: &str, at: Timestamp) -> Option<u64> {
        js().history_since(name, number(at.as_millis())).map(|seq| seq as u64)
    }

    fn stored_alarm(&self, name: &str) -> Option<ScheduledAlarm> {
        js().stored_alarm(name).map(|row| given("an alarm's row", &row))
    }

    fn alarms(&self, after: Option<(Timestamp, &str)>, limit: usize) -> Page<ScheduledAlarm> {
        let rows = match after {
            Some((at, name)) => js().alarms(Some(number(at.as_millis())), name, count(limit)),
            None => js().alarms(None, "", count(limit)),
        };
        given_page("alarms", limit, &rows)
    }

    fn failed_alarms(&self) -> Vec<ScheduledAlarm> {
        given("rows of alarms", &js().failed_alarms())
    }

    fn sockets(&self, platform_tag: Option<&str>) -> Vec<SocketId> {
        js().sockets(platform_tag).into_iter().map(SocketId).collect()
    }

    fn count(&self) -> usize {
        js().count() as usize
    }

    fn attachment(&self, socket: SocketId) -> Option<String> {
        js().attachment(socket.0)
    }

    fn last_answer(&self, socket: SocketId) -> Option<Timestamp> {
        js().last_answer(socket.0).map(timestamp)
    }
}

/// What JavaScript gave as JSON.
fn given<T: DeserializeOwned>(what: &str, json: &str) -> T {
    serde_json::from_str(json).unwrap_or_else(|error| not_given(what, &error))
}

/// Not `expect`: the error as it displays itself is in the module anyway.
#[cold]
fn not_given(what: &str, error: &serde_json::Error) -> ! {
    panic!("{what}: {error}")
}

fn count(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}

/// A number for JavaScript, which has whole ones up to 2⁵³.
#[allow(clippy::cast_precision_loss, reason = "bounded")]
fn number(value: u64) -> f64 {
    value.min(1 << 53) as f64
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "JavaScript's times are whole and not negative; others saturate"
)]
pub(super) fn timestamp(millis: f64) -> Timestamp {
    Timestamp::from_millis(millis as u64)
}
