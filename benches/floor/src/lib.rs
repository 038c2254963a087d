//! The least that a room in Rust needs: an event is decoded, a state kept, a message encoded, and any
//! JSON handed to JavaScript.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[derive(Deserialize)]
#[serde(tag = "_tag")]
enum Message {
    Say { text: String },
    Add { by: u32 },
    Plan { name: String, at: u64 },
}

#[derive(Serialize)]
#[serde(tag = "_tag")]
enum Broadcast {
    Said { text: String },
    Total { total: u32 },
}

#[derive(Default, Serialize, Deserialize)]
struct State {
    total: u32,
    last: String,
}

/// The message and the new state, as JSON; or what is wrong.
#[wasm_bindgen]
pub fn handle(state: &str, event: &str) -> String {
    let mut state: State = serde_json::from_str(state).unwrap_or_default();
    let broadcast = match serde_json::from_str(event) {
        Ok(Message::Say { text }) => {
            state.last.clone_from(&text);
            Broadcast::Said { text }
        }
        Ok(Message::Add { by }) => {
            state.total = state.total.wrapping_add(by);
            Broadcast::Total { total: state.total }
        }
        Ok(Message::Plan { name, at }) => return format!("{name} {at}"),
        Err(error) => return error.to_string(),
    };
    serde_json::to_string(&(broadcast, state)).unwrap_or_default()
}

/// Any JSON as a value of JavaScript.
#[wasm_bindgen]
pub fn value(json: &str) -> JsValue {
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    value.serialize(&Serializer::json_compatible()).unwrap_or_default()
}
