//! A server whose clients have session ids, and where a ping wakes nobody.

use crate::room::audience::Audience;
use crate::room::context::Context;
use crate::room::effects::Effects;
use crate::room::error::Result;
use crate::room::frame::Text;
use crate::room::liveness::AutoResponse;
use crate::room::room::{Never, Room};

/// The room: a message goes to its sender, to all, and to all but its sender, each time saying so.
///
/// A connection's id is its session: a UUID, unless the Worker gives another.
///
/// ```
/// use dormouse::rooms::Lobby;
/// use dormouse::testing::TestRoom;
///
/// let room = TestRoom::<Lobby>::new("main");
/// let (ada, bob) = (room.connect("ada"), room.connect("bob"));
/// ada.send_text("hi");
/// assert_eq!(
///     bob.receive_text(),
///     "[Durable Object] message: hi, from: ada, to: all clients. Total connections: 2",
/// );
/// ```
#[derive(Debug)]
pub struct Lobby;

impl Room for Lobby {
    const NAME: &'static str = "lobby";
    const AUTO_RESPONSE: Option<AutoResponse> = Some(AutoResponse::new("ping", "pong"));
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, Text(message): Text) -> Result<Effects<Self>> {
        let Some(sender) = cx.sender() else { return Ok(cx.effects()) };
        let (session, total) = (sender.id(), cx.count());
        let to = |whom: &str| {
            Text(format!(
                "[Durable Object] message: {message}, from: {session}, to: {whom}. Total connections: {total}"
            ))
        };
        let others = Audience::everyone().except(sender);
        Ok(cx
            .effects()
            .send(sender, to("the initiating client"))
            .broadcast(to("all clients"))
            .broadcast_to(others, to("all clients except the initiating client")))
    }
}
