//! A server that gives back what it is sent.

use crate::room::context::Context;
use crate::room::effects::Effects;
use crate::room::error::Result;
use crate::room::frame::Text;
use crate::room::room::{Never, Room};

/// The room: every frame goes back to its sender, text or binary, as text.
///
/// ```
/// use dormouse::rooms::Echo;
/// use dormouse::testing::TestRoom;
///
/// let ada = TestRoom::<Echo>::new("main").connect("ada");
/// ada.send_text("hello");
/// assert_eq!(ada.receive_text(), "[Durable Object]: hello");
/// ```
#[derive(Debug)]
pub struct Echo;

impl Room for Echo {
    const NAME: &'static str = "echo";
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, Text(message): Text) -> Result<Effects<Self>> {
        Ok(cx.effects().send(cx.sender(), format!("[Durable Object]: {message}").into()))
    }
}
