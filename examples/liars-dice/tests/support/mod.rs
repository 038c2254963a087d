//! Coming to a table.

use dormouse::Upgrade;
use dormouse::testing::{TestClient, TestRoom};
use liars_dice::messages::Wish;
use liars_dice::{LiarsDice, messages::Broadcast};

pub type Room = TestRoom<LiarsDice>;
pub type Client = TestClient<LiarsDice>;

/// What the Worker says of somebody.
pub fn upgrade(id: &str, wish: Wish) -> Upgrade {
    let data = serde_json::to_value(wish).unwrap();
    Upgrade { id: Some(id.to_owned()), data, ..Upgrade::default() }
}

/// Somebody with a wish.
#[allow(dead_code, reason = "each test is a crate of its own")]
pub fn join(room: &Room, id: &str, wish: Wish) -> Client {
    room.try_connect(upgrade(id, wish)).unwrap()
}

/// All that a client has heard and nobody has looked at.
#[allow(dead_code, reason = "each test is a crate of its own")]
pub fn heard(client: &Client) -> Vec<Broadcast> {
    let frames = client.received();
    frames.iter().map(|frame| serde_json::from_str(&frame.to_text()).unwrap()).collect()
}
