//! A room that gives every frame back as it came.

use dormouse::{Context, Effects, Frame, Never, Result, Room};

pub(crate) struct Mirror;

impl Room for Mirror {
    const NAME: &'static str = "mirror";
    // As large as the platform takes them, so that no frame is refused for its size.
    const MAX_FRAME_BYTES: usize = 32 * 1024 * 1024;
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Frame;
    type Broadcast = Frame;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, frame: Frame) -> Result<Effects<Self>> {
        Ok(cx.effects().send(cx.sender(), frame))
    }
}
