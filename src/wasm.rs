//! The one module that faces JavaScript.
//!
//! JavaScript sets whose turn it is, calls a function an input, and then [`commit`], whose result it
//! reads from the instance's memory. No function here throws: an exception out of one is a trap,
//! after which the instance is not to be used again.

#![allow(
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    reason = "a panic here is a trap, and wasm-bindgen wants owned values"
)]

mod host;
pub(crate) mod memory;

use std::cell::{Cell, RefCell};
use std::mem;

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

pub use self::host::RoomHost;
pub use self::host::set_host;
use self::host::{JsHost, timestamp};
use crate::engine::Engine;
use crate::host::commit::{Answer, Commit, Failure};
use crate::host::flat::Flat;
use crate::host::input::{Fault, Input};
use crate::host::letter::{Delivered, Letter};
use crate::registry::Registry;
use crate::room::close::Close;
use crate::room::connection::SocketId;
use crate::room::error::{Error, Result};
use crate::room::frame::Frame;
use crate::room::letter::Errand;
use crate::room::object_name::ObjectName;
use crate::room::upgrade::Upgrade;

/// The rooms that are awake in this instance, by handle.
struct Rooms {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
}

struct Slot {
    room: Engine,
    /// What the next input did when it was run before.
    fault: Fault,
}

/// The last commit, for JavaScript to read.
struct Taken {
    flat: Flat,
    answers: Vec<Answer>,
    /// Address and length of the operations, of the text in UTF-8, of the bytes; the number of answers.
    header: [u32; 7],
}

impl Taken {
    /// A buffer that one large commit needed is not kept for the small ones.
    const KEPT: usize = 64 * 1024;

    fn fill(&mut self, commit: Commit) -> *const u32 {
        if self.flat.text.capacity() > Self::KEPT || self.flat.bytes.capacity() > Self::KEPT {
            self.flat = Flat::new();
        }
        self.flat.fill(&commit);
        self.answers = commit.answers;
        let Flat { ops, text, bytes } = &self.flat;
        self.header = [
            address(ops),
            length(ops.len()),
            address(text.as_bytes()),
            length(text.len()),
            address(bytes),
            length(bytes.len()),
            length(self.answers.len()),
        ];
        self.header.as_ptr()
    }
}

#[allow(clippy::cast_possible_truncation, reason = "this target's addresses have 32 bits")]
fn address<T>(items: &[T]) -> u32 {
    items.as_ptr() as usize as u32
}

#[allow(clippy::cast_possible_truncation, reason = "this target's lengths have 32 bits")]
fn length(count: usize) -> u32 {
    count as u32
}

thread_local! {
    static TAKEN: RefCell<Taken> = const {
        RefCell::new(Taken { flat: Flat::new(), answers: Vec::new(), header: [0; 7] })
    };
    static REGISTRY: Cell<Registry> = const { Cell::new(Registry::new(&[])) };
    static ROOMS: RefCell<Rooms> = const {
        RefCell::new(Rooms { slots: Vec::new(), free: Vec::new() })
    };
    /// What chance has said, while it is recorded.
    static CHANCE: RefCell<Option<Vec<u64>>> = const { RefCell::new(None) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
    /// Why there was nothing to give, for [`refusal`].
    static REFUSAL: RefCell<Error> = const { RefCell::new(Error::Panicked) };
}

/// Sets the rooms of this Worker. [`rooms!`](crate::rooms!) calls it when an instance starts.
pub fn install(registry: Registry) {
    std::panic::set_hook(Box::new(|panic| PANIC.set(panic.to_string())));
    REGISTRY.set(registry);
}

/// The form of what crosses between this module and `js/`, which has the same number in
/// `js/object/checks.js`. It changes with every change here or in [`Flat`] that the other side has to know of.
const BOUNDARY: u32 = 4;

/// The number of the boundary's form, for `js/` to refuse another than its own.
#[wasm_bindgen]
pub fn boundary() -> u32 {
    BOUNDARY
}

/// The version of this crate, to be named where the boundaries differ.
#[wasm_bindgen(js_name = crateVersion)]
pub fn crate_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// What panicked, and where: the trap that follows does not say. Empty if nothing did.
#[wasm_bindgen(js_name = takePanic)]
pub fn take_panic() -> String {
    PANIC.take()
}

/// Whether there are rooms of this type.
#[wasm_bindgen(js_name = hasRoom)]
pub fn has_room(room: &str) -> bool {
    REGISTRY.get().object_name(room, "any").is_ok()
}

/// Whether a history of this name is the engine's own, and nobody's to read.
#[wasm_bindgen(js_name = isOwnHistory)]
pub fn is_own_history(name: &str) -> bool {
    crate::room::history::is_engines_own(name)
}

/// Why the last call that can be refused was.
#[wasm_bindgen(unchecked_return_type = "Failure")]
pub fn refusal() -> JsValue {
    to_js(&Failure::from(REFUSAL.with_borrow(Clone::clone))).unwrap_or_default()
}

/// Wakes a room; its handle, or nothing: then [`refusal`] says why.
#[wasm_bindgen]
pub fn open(object_name: &str) -> Option<u32> {
    or_refused(REGISTRY.get().open(object_name)).map(|room| {
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
    })
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

/// Forgets what a room has read and done since its last commit, and what its next input did before.
#[wasm_bindgen]
pub fn reset(handle: u32) {
    with_slot(handle, |slot| {
        slot.fault = Fault::None;
        slot.room.reset();
    });
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
    /// The commit that it was alone in could not be stored.
    NotStored = 2,
    /// It trapped too often: no code of the room is called.
    GaveUp = 3,
}

/// The next input was run before, and failed.
#[wasm_bindgen]
pub fn faulted(handle: u32, outcome: Outcome) {
    let fault = match outcome {
        Outcome::NotStored => Fault::Failed(Error::Storage),
        Outcome::GaveUp => Fault::All,
    };
    with_slot(handle, |slot| slot.fault = fault);
}

/// How many calls into the room's own code the input that trapped had begun; `u32::MAX` if none of
/// its code was running.
#[wasm_bindgen]
pub fn calling() -> u32 {
    crate::host::calling().unwrap_or(u32::MAX)
}

/// The next input was run before: this call into the room's own code trapped, and is not made again.
#[wasm_bindgen]
pub fn refuse(handle: u32, call: u32) {
    with_slot(handle, |slot| match &mut slot.fault {
        Fault::Calls(calls) => calls.push(call),
        fault => *fault = Fault::Calls(vec![call]),
    });
}

/// Whether no function here is on the stack. What threw, and left one there, came through Rust, which
/// stands where it was stopped.
#[wasm_bindgen(js_name = isWhole)]
pub fn is_whole() -> bool {
    ROOMS.with(|rooms| rooms.try_borrow_mut().is_ok())
}

/// Bytes of the allocation that was refused while the current input was handled; 0 if none was.
#[wasm_bindgen(js_name = memoryRefused)]
pub fn memory_refused() -> u32 {
    memory::refused()
}

/// Someone wants to connect; `upgrade` is JSON.
#[wasm_bindgen]
pub fn connect(handle: u32, socket: u32, upgrade: &str) {
    let upgrade = serde_json::from_str(upgrade).unwrap_or_else(|error| {
        let error = Error::InvalidUpgrade { reason: error.to_string() };
        with_slot(handle, |slot| slot.fault.and_failed(error));
        Upgrade::default()
    });
    input(handle, Input::Connect { socket: SocketId(socket), upgrade });
}

/// A text frame came.
#[wasm_bindgen]
pub fn text(handle: u32, socket: u32, frame: String) {
    let frame = Frame::Text(frame);
    input(handle, Input::Message { socket: SocketId(socket), frame });
}

/// A binary frame came.
#[wasm_bindgen]
pub fn binary(handle: u32, socket: u32, frame: Vec<u8>) {
    let frame = Frame::Binary(frame);
    input(handle, Input::Message { socket: SocketId(socket), frame });
}

/// A frame came whose size is over [`max_frame_bytes`].
#[wasm_bindgen]
pub fn oversize(handle: u32, socket: u32, size: u32) {
    input(handle, Input::Oversize { socket: SocketId(socket), size: size as usize });
}

/// A socket is closing, or is gone.
#[wasm_bindgen]
pub fn close(handle: u32, socket: u32, code: u16, reason: String, was_clean: bool) {
    let close = Close { code, reason, was_clean };
    input(handle, Input::Close { socket: SocketId(socket), close });
}

/// The object's alarm went off: the names of the alarms that are due.
#[wasm_bindgen(js_name = alarmFired)]
pub fn alarm_fired(handle: u32) -> Vec<String> {
    input(handle, Input::AlarmFired);
    with_slot(handle, |slot| slot.room.due(&JsHost))
}

/// An alarm's turn.
#[wasm_bindgen]
pub fn alarm(handle: u32, name: String) {
    input(handle, Input::Alarm { name });
}

/// After waking: where the platform says that the alarm stands.
#[wasm_bindgen(js_name = alarmStands)]
pub fn alarm_stands(handle: u32, at: Option<f64>) {
    input(handle, Input::AlarmStands { at: at.map(timestamp) });
}

/// An API call's message, as JSON.
#[wasm_bindgen]
pub fn send(handle: u32, json: String) {
    input(handle, Input::Send { json });
}

/// An API call's message to all connections, or those with a tag, as JSON.
#[wasm_bindgen]
pub fn broadcast(handle: u32, json: String, tag: Option<String>) {
    input(handle, Input::Broadcast { json, tag });
}

/// A letter came from the room of an object's name. It is JSON, and made by this module.
#[wasm_bindgen]
pub fn receive(handle: u32, from: &str, letter: &str) {
    let letter = serde_json::from_str(letter);
    let letter = letter.map_err(|error| Error::execution(format!("a sibling's letter: {error}")));
    match ObjectName::parse(from).and_then(|from| Ok((from, letter?))) {
        Ok((from, letter)) => input(handle, Input::Receive { from, letter }),
        // Made by another version of this module, say: its sender hears so.
        Err(error) => {
            with_slot(handle, |slot| slot.fault.and_failed(error));
            let Ok(from) = ObjectName::new("unknown", "unknown") else { unreachable!("a name") };
            let errand = Errand::State { room: String::new() };
            let letter = Letter { seq: 0, floor: 0, hops: 0, errand };
            input(handle, Input::Receive { from, letter });
        }
    }
}

/// How the delivery of a letter went, as JSON: `{"ok":…}` or `{"error":{"message":…,"final":…}}`.
#[wasm_bindgen]
pub fn delivered(handle: u32, seq: f64, delivered: &str) {
    let delivered = serde_json::from_str(delivered).unwrap_or_else(|error| Delivered::Error {
        message: format!("the answer cannot be read: {error}"),
        is_final: true,
    });
    let seq = timestamp(seq).as_millis();
    input(handle, Input::Delivered { seq, delivered });
}

/// An API call for the state.
#[wasm_bindgen(js_name = readState)]
pub fn read_state(handle: u32) {
    input(handle, Input::ReadState);
}

/// An API call for the number of connections.
#[wasm_bindgen(js_name = readCount)]
pub fn read_count(handle: u32) {
    input(handle, Input::ReadCount);
}

/// An API call for the connections.
#[wasm_bindgen(js_name = readConnections)]
pub fn read_connections(handle: u32, tag: Option<String>) {
    input(handle, Input::ReadConnections { tag });
}

/// Ends the batch. What there is to do lies where this points to, until the next call: seven
/// numbers, as [`Taken`] says.
#[wasm_bindgen]
pub fn commit(handle: u32) -> *const u32 {
    let commit = with_slot(handle, |slot| slot.room.commit(&JsHost));
    TAKEN.with_borrow_mut(|taken| taken.fill(commit))
}

/// From here on the random numbers that a room draws are kept, until they are taken.
#[wasm_bindgen(js_name = keepChance)]
pub fn keep_chance() {
    CHANCE.set(Some(Vec::new()));
}

/// The random numbers that were kept.
#[wasm_bindgen(js_name = takeChance)]
pub fn take_chance() -> Vec<u64> {
    CHANCE.take().unwrap_or_default()
}

/// The answers of the last commit, in the order of the inputs that want one.
#[wasm_bindgen(unchecked_return_type = "Answer[]")]
pub fn answers() -> Vec<JsValue> {
    TAKEN.with_borrow_mut(|taken| mem::take(&mut taken.answers).iter().map(answer_to_js).collect())
}

fn input(handle: u32, input: Input) {
    memory::forget_refused();
    with_slot(handle, |slot| {
        let fault = mem::take(&mut slot.fault);
        slot.room.handle_again(&JsHost, input, fault);
    });
}

fn with_slot<T>(handle: u32, act: impl FnOnce(&mut Slot) -> T) -> T {
    ROOMS.with_borrow_mut(|rooms| {
        let slot = rooms.slots.get_mut(handle as usize).and_then(Option::as_mut);
        act(slot.expect("a handle that is open"))
    })
}

fn or_refused<T>(result: Result<T>) -> Option<T> {
    result.map_err(|error| REFUSAL.set(error)).ok()
}

fn answer_to_js(answer: &Answer) -> JsValue {
    to_js(answer).unwrap_or_else(|error| {
        // JavaScript has no whole numbers over 2⁵³, and a state may have.
        let error = Error::Encode { what: "an answer".to_owned(), reason: error.to_string() };
        to_js(&Answer::Error(error.into())).unwrap_or_default()
    })
}

fn to_js<T: Serialize>(value: &T) -> std::result::Result<JsValue, serde_wasm_bindgen::Error> {
    value.serialize(&Serializer::json_compatible())
}
