//! The one module that faces JavaScript.
//!
//! JavaScript calls a function an input and then [`commit`]; what it must do comes back through
//! [`RoomHost`]. No function here throws: an exception out of one is a trap, after which the
//! instance is not to be used again.

#![allow(
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    reason = "a panic here is a trap, and wasm-bindgen wants owned values"
)]

use std::cell::{Cell, RefCell};

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::flat::Flat;
use crate::{
    Answer, AnyRoom, Close, Ends, Entry, Error, Fault, Frame, Host, Input, ObjectName, Order,
    Range, Registry, ScheduledEvent, Side, SocketId, Timestamp, Upgrade,
};

#[wasm_bindgen(typescript_custom_section)]
const ROOM_HOST: &str = r#"
/** What a room reads of its object, and what it gives it to do. */
export interface RoomHost {
  now(): number;
  /** The Worker's variables that are plain data, as JSON. */
  config(): string;
  state(): string | undefined;
  /** The event as JSON. */
  event(name: string): string | undefined;
  /** Pending events after the one named, by time, then name, as a JSON array. */
  events(afterAt: number | undefined, afterName: string, limit: number): string;
  /** Failed events by name, as a JSON array. */
  failedEvents(): string;
  value(key: string): string | undefined;
  /** Pairs of key and value after a key, as a JSON array. */
  values(prefix: string, after: string | undefined, limit: number, backwards: boolean): string;
  /** `{last, lastAt, trimmed}` as JSON. */
  historyEnds(name: string): string | undefined;
  /** `{seq, at, row}` with `after < seq < before`, the first or the last, as a JSON array. */
  history(name: string, after: number, before: number, limit: number, last: boolean): string;
  historySince(name: string, at: number): number | undefined;
  sockets(tag: string | undefined): Uint32Array;
  count(): number;
  attachment(socket: number): string | undefined;
  tags(socket: number): string[];
  /** When the socket last had the automatic response. */
  lastAnswer(socket: number): number | undefined;
  /** `ops` is a view of the room's memory: copy what is to be kept. */
  take(ops: Uint32Array, text: string, bytes: Uint8Array, answers: Answer[] | undefined): void;
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
    /// What a room reads of its object, and what it gives it to do.
    #[wasm_bindgen(typescript_type = "RoomHost")]
    pub type RoomHost;

    #[wasm_bindgen(method)]
    fn now(this: &RoomHost) -> f64;
    #[wasm_bindgen(method)]
    fn config(this: &RoomHost) -> String;
    #[wasm_bindgen(method)]
    fn state(this: &RoomHost) -> Option<String>;
    #[wasm_bindgen(method, js_name = event)]
    fn stored_event(this: &RoomHost, name: &str) -> Option<String>;
    #[wasm_bindgen(method)]
    fn events(this: &RoomHost, after_at: Option<f64>, after_name: &str, limit: u32) -> String;
    #[wasm_bindgen(method, js_name = failedEvents)]
    fn failed_events(this: &RoomHost) -> String;
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
    #[wasm_bindgen(method)]
    fn tags(this: &RoomHost, socket: u32) -> Vec<String>;
    #[wasm_bindgen(method, js_name = lastAnswer)]
    fn last_answer(this: &RoomHost, socket: u32) -> Option<f64>;
    #[wasm_bindgen(method)]
    fn take(this: &RoomHost, ops: &[u32], text: &str, bytes: &[u8], answers: JsValue);
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn log(message: &str);
}

struct JsHost<'a>(&'a RoomHost);

impl Host for JsHost<'_> {
    fn now(&self) -> Timestamp {
        timestamp(self.0.now())
    }

    fn random(&self) -> u64 {
        getrandom::u64().expect("the platform's random numbers")
    }

    fn config(&self) -> String {
        self.0.config()
    }

    fn state(&self) -> Option<String> {
        self.0.state()
    }

    fn value(&self, key: &str) -> Option<String> {
        self.0.value(key)
    }

    fn values(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        order: Order,
    ) -> Vec<(String, String)> {
        let pairs = self.0.values(prefix, after, count(limit), order == Order::Backwards);
        serde_json::from_str(&pairs).expect("pairs of key and value")
    }

    fn history_ends(&self, name: &str) -> Ends {
        let ends = self.0.history_ends(name);
        ends.map_or_else(Ends::default, |ends| serde_json::from_str(&ends).expect("ends"))
    }

    fn history(&self, name: &str, range: Range) -> Vec<Entry<String>> {
        let (after, before) = (number(range.after), number(range.before));
        let last = range.side == Side::Last;
        let rows = self.0.history(name, after, before, count(range.limit), last);
        serde_json::from_str(&rows).expect("rows of a history")
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a row's number")]
    fn history_since(&self, name: &str, at: Timestamp) -> Option<u64> {
        self.0.history_since(name, number(at.as_millis())).map(|seq| seq as u64)
    }

    fn event(&self, name: &str) -> Option<ScheduledEvent> {
        self.0.stored_event(name).map(|row| serde_json::from_str(&row).expect("an event's row"))
    }

    fn events(&self, after: Option<(Timestamp, &str)>, limit: usize) -> Vec<ScheduledEvent> {
        let rows = match after {
            Some((at, name)) => self.0.events(Some(number(at.as_millis())), name, count(limit)),
            None => self.0.events(None, "", count(limit)),
        };
        serde_json::from_str(&rows).expect("rows of events")
    }

    fn failed_events(&self) -> Vec<ScheduledEvent> {
        serde_json::from_str(&self.0.failed_events()).expect("rows of events")
    }

    fn sockets(&self, platform_tag: Option<&str>) -> Vec<SocketId> {
        self.0.sockets(platform_tag).into_iter().map(SocketId).collect()
    }

    fn count(&self) -> usize {
        self.0.count() as usize
    }

    fn attachment(&self, socket: SocketId) -> Option<String> {
        self.0.attachment(socket.0)
    }

    fn tags(&self, socket: SocketId) -> Vec<String> {
        self.0.tags(socket.0)
    }

    fn last_answer(&self, socket: SocketId) -> Option<Timestamp> {
        self.0.last_answer(socket.0).map(timestamp)
    }
}

/// The rooms that are awake in this instance, by handle.
#[derive(Default)]
struct Rooms {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
}

struct Slot {
    room: Box<dyn AnyRoom>,
    /// What the next input did when it was run before.
    fault: Fault,
}

thread_local! {
    static REGISTRY: Cell<Registry> = const { Cell::new(Registry::new(&[])) };
    static ROOMS: RefCell<Rooms> = RefCell::default();
}

/// Sets the rooms of this Worker. [`rooms!`](crate::rooms!) calls it when an instance starts.
pub fn install(registry: Registry) {
    // A trap alone does not say what panicked, nor where.
    std::panic::set_hook(Box::new(|panic| log(&panic.to_string())));
    REGISTRY.set(registry);
}

/// Whether an upgrade with this `Origin` may pass; see [`crate::origin_allowed`].
#[wasm_bindgen(js_name = originAllowed)]
pub fn origin_allowed(origin: Option<String>, own: &str, listed: &str) -> bool {
    crate::origin_allowed(origin.as_deref(), own, listed)
}

/// The name of the object for a room, or why there is none.
#[wasm_bindgen(js_name = objectName, unchecked_return_type = "Answer")]
pub fn object_name(room: &str, id: &str) -> JsValue {
    let name = REGISTRY.get().object_name(room, id);
    to_js(&Answer::from(name.map(|name| name.to_string().into())))
}

/// Wakes a room; its handle, or why there is none.
#[wasm_bindgen(unchecked_return_type = "Answer")]
pub fn open(object_name: &str) -> JsValue {
    let handle = REGISTRY.get().open(object_name).map(|room| {
        ROOMS.with_borrow_mut(|rooms| {
            let slot = Some(Slot { room, fault: Fault::None });
            if let Some(handle) = rooms.free.pop() {
                rooms.slots[handle as usize] = slot;
                handle
            } else {
                rooms.slots.push(slot);
                u32::try_from(rooms.slots.len() - 1).expect("fewer rooms than 2³²")
            }
        })
    });
    to_js(&Answer::from(handle.map(Into::into)))
}

/// Forgets a room that was opened: its object is gone.
#[wasm_bindgen]
pub fn release(handle: u32) {
    ROOMS.with_borrow_mut(|rooms| {
        if rooms.slots[handle as usize].take().is_some() {
            rooms.free.push(handle);
        }
    });
}

/// Forgets what a room has read and done since its last commit.
#[wasm_bindgen]
pub fn reset(handle: u32) {
    with_slot(handle, |slot| slot.room.reset());
}

/// Bytes of the largest frame that a client of the room may send.
#[wasm_bindgen(js_name = maxFrameBytes)]
pub fn max_frame_bytes(handle: u32) -> u32 {
    with_slot(handle, |slot| u32::try_from(slot.room.max_frame_bytes()).unwrap_or(u32::MAX))
}

/// The frame that the platform is to answer by itself, and the answer; nothing if the room has none.
#[wasm_bindgen(js_name = autoResponse)]
pub fn auto_response(handle: u32) -> Vec<String> {
    let pair = with_slot(handle, |slot| slot.room.auto_response());
    pair.map_or_else(Vec::new, |pair| vec![pair.request().into(), pair.response().into()])
}

/// What came of an input when it was run before.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// Its handler trapped: it is not called again, the room's `handle_error` is.
    Trapped = 1,
    /// The commit that it was alone in could not be stored.
    NotStored = 2,
    /// It came to grief again: no code of the room is called.
    GaveUp = 3,
}

/// The next input was run before, and came to grief.
#[wasm_bindgen]
pub fn faulted(handle: u32, outcome: Outcome) {
    let fault = match outcome {
        Outcome::Trapped => Fault::Handler,
        Outcome::NotStored => Fault::Failed(Error::Storage),
        Outcome::GaveUp => Fault::Hook,
    };
    with_slot(handle, |slot| slot.fault = fault);
}

/// Someone wants to connect; `upgrade` is JSON.
#[wasm_bindgen]
pub fn connect(handle: u32, host: &RoomHost, socket: u32, upgrade: &str) {
    let upgrade = serde_json::from_str(upgrade).unwrap_or_else(|error| {
        let error = Error::InvalidUpgrade { reason: error.to_string() };
        with_slot(handle, |slot| slot.fault = Fault::Failed(error));
        Upgrade::default()
    });
    input(handle, host, Input::Connect { socket: SocketId(socket), upgrade });
}

/// A text frame came.
#[wasm_bindgen]
pub fn text(handle: u32, host: &RoomHost, socket: u32, frame: String) {
    let frame = Frame::Text(frame);
    input(handle, host, Input::Message { socket: SocketId(socket), frame });
}

/// A binary frame came.
#[wasm_bindgen]
pub fn binary(handle: u32, host: &RoomHost, socket: u32, frame: Vec<u8>) {
    let frame = Frame::Binary(frame);
    input(handle, host, Input::Message { socket: SocketId(socket), frame });
}

/// A frame came whose size is over [`max_frame_bytes`].
#[wasm_bindgen]
pub fn oversize(handle: u32, host: &RoomHost, socket: u32, size: u32) {
    input(handle, host, Input::Oversize { socket: SocketId(socket), size: size as usize });
}

/// A socket is closing, or is gone.
#[wasm_bindgen]
pub fn close(
    handle: u32,
    host: &RoomHost,
    socket: u32,
    code: u16,
    reason: String,
    was_clean: bool,
) {
    let close = Close { code, reason, was_clean };
    input(handle, host, Input::Close { socket: SocketId(socket), close });
}

/// The alarm went off: the names of the events that are due.
#[wasm_bindgen]
pub fn alarm(handle: u32, host: &RoomHost) -> Vec<String> {
    input(handle, host, Input::Alarm);
    with_slot(handle, |slot| slot.room.due(&JsHost(host)))
}

/// A scheduled event's turn.
#[wasm_bindgen]
pub fn event(handle: u32, host: &RoomHost, name: String) {
    input(handle, host, Input::Event { name });
}

/// After waking: where the platform says that the alarm stands.
#[wasm_bindgen(js_name = alarmStands)]
pub fn alarm_stands(handle: u32, host: &RoomHost, at: Option<f64>) {
    input(handle, host, Input::AlarmStands { at: at.map(timestamp) });
}

/// An API call's event, as JSON.
#[wasm_bindgen]
pub fn send(handle: u32, host: &RoomHost, json: String) {
    input(handle, host, Input::Send { json });
}

/// An API call's message to all connections, or those with a tag, as JSON.
#[wasm_bindgen]
pub fn broadcast(handle: u32, host: &RoomHost, json: String, tag: Option<String>) {
    input(handle, host, Input::Broadcast { json, tag });
}

/// A letter came from the room of an object's name. It is JSON, and made by this module.
#[wasm_bindgen]
pub fn receive(handle: u32, host: &RoomHost, from: &str, letter: &str) {
    let from = ObjectName::parse(from).expect("the name of a sibling's object");
    let letter = serde_json::from_str(letter).expect("a sibling's letter");
    input(handle, host, Input::Receive { from, letter });
}

/// How the delivery of a letter went, as JSON: `{"ok":…}` or `{"error":{"message":…,"final":…}}`.
#[wasm_bindgen]
pub fn delivered(handle: u32, host: &RoomHost, seq: f64, delivered: &str) {
    let delivered = serde_json::from_str(delivered).expect("the outcome of a delivery");
    let seq = timestamp(seq).as_millis();
    input(handle, host, Input::Delivered { seq, delivered });
}

/// An API call for the state.
#[wasm_bindgen(js_name = readState)]
pub fn read_state(handle: u32, host: &RoomHost) {
    input(handle, host, Input::ReadState);
}

/// An API call for the number of connections.
#[wasm_bindgen(js_name = readCount)]
pub fn read_count(handle: u32, host: &RoomHost) {
    input(handle, host, Input::ReadCount);
}

/// An API call for the connections.
#[wasm_bindgen(js_name = readConnections)]
pub fn read_connections(handle: u32, host: &RoomHost, tag: Option<String>) {
    input(handle, host, Input::ReadConnections { tag });
}

/// Ends the batch: what there is to do goes to [`RoomHost`]'s `take`.
#[wasm_bindgen]
pub fn commit(handle: u32, host: &RoomHost) {
    let commit = with_slot(handle, |slot| slot.room.commit(&JsHost(host)));
    let Flat { ops, text, bytes } = Flat::of(&commit);
    let answers = match &commit.answers[..] {
        [] => JsValue::UNDEFINED,
        answers => to_js(answers),
    };
    host.take(&ops, &text, &bytes, answers);
}

fn input(handle: u32, host: &RoomHost, input: Input) {
    with_slot(handle, |slot| {
        let fault = std::mem::take(&mut slot.fault);
        slot.room.handle(&JsHost(host), input, fault);
    });
}

fn with_slot<T>(handle: u32, act: impl FnOnce(&mut Slot) -> T) -> T {
    ROOMS.with_borrow_mut(|rooms| {
        let slot = rooms.slots.get_mut(handle as usize).and_then(Option::as_mut);
        act(slot.expect("a handle that is open"))
    })
}

fn to_js<T: Serialize + ?Sized>(value: &T) -> JsValue {
    value.serialize(&Serializer::json_compatible()).expect("plain data as JavaScript values")
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
fn timestamp(millis: f64) -> Timestamp {
    Timestamp::from_millis(millis as u64)
}
