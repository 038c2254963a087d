//! The live view of an order: staff and customer see its status, and can leave notes.

use dormouse::{Context, Effects, Error, Never, Result, Room};
use serde::{Deserialize, Serialize};

/// One order.
pub struct Order;

/// What the room remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct State {
    /// Where the order is.
    pub status: String,
}

/// What a connection remembers. The Worker gives it: who may connect is its affair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Visitor {
    /// The name that the Worker knows.
    pub name: String,
    /// Whether it is staff.
    pub staff: bool,
}

/// What comes in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Message {
    /// The order is somewhere else now. From the Worker or from staff.
    Status {
        /// Where.
        status: String,
    },
    /// Someone has something to say.
    Note {
        /// What.
        text: String,
    },
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Broadcast {
    /// Where the order is.
    Status {
        /// Where.
        status: String,
    },
    /// What someone said.
    Note {
        /// Who.
        from: String,
        /// What.
        text: String,
    },
}

impl Room for Order {
    const NAME: &'static str = "order";
    type State = State;
    type Connection = Visitor;
    type Upgrade = Visitor;
    type Message = Message;
    type Broadcast = Broadcast;
    type Alarm = Never;
    type Reply = Never;

    fn handle_connect(cx: &Context<Self>, _: &Visitor) -> Result<Effects<Self>> {
        let status = cx.state().map_or("new", |state| &state.status).to_owned();
        Ok(cx.effects().send(cx.sender(), Broadcast::Status { status }))
    }

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        let visitor = cx.sender().map(|sender| sender.state());
        match message {
            Message::Status { .. } if visitor.is_some_and(|visitor| !visitor.staff) => {
                Err(Error::refuse("staff_only", "Only staff may move an order"))
            }
            Message::Status { status } => Ok(cx
                .effects()
                .save(State { status: status.clone() })
                .broadcast(Broadcast::Status { status })),
            Message::Note { text } => {
                let from = visitor.map_or("the kitchen", |visitor| &visitor.name).to_owned();
                Ok(cx.effects().broadcast(Broadcast::Note { from, text }))
            }
        }
    }
}

dormouse::rooms![Order];
dormouse::typescript!["../types/rooms.d.ts"; Order];

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse::Upgrade;
    use dormouse::testing::TestRoom;

    #[test]
    fn only_staff_and_the_worker_move_an_order() {
        let room = TestRoom::<Order>::new("17");
        let join = |name: &str, staff: bool| {
            let data = serde_json::json!({ "name": name, "staff": staff });
            room.try_connect(Upgrade { data, ..Upgrade::default() }).unwrap()
        };
        let (cook, guest) = (join("Cook", true), join("Guest", false));
        let status = |status: &str| Message::Status { status: status.into() };
        guest.send(&status("free of charge"));
        assert_eq!(room.state(), None);
        cook.send(&status("in the oven"));
        room.send(&status("on its way")).unwrap();
        assert_eq!(room.state().unwrap().status, "on its way");
    }
}
