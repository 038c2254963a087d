//! A room that closes connections which give no sign of life, soon.

use std::time::Duration;

use dormouse::{AutoResponse, Close, Context, Effects, Never, Result, Room, Text};

pub(crate) struct Quiet;

impl Room for Quiet {
    const NAME: &'static str = "quiet";
    const AUTO_RESPONSE: Option<AutoResponse> = Some(AutoResponse::new("ping", "pong"));
    const PRESUMED_GONE_AFTER: Option<Duration> = Some(Duration::from_secs(1));
    type State = ();
    type Connection = ();
    type Upgrade = ();
    type Message = Text;
    type Broadcast = Text;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, text: Text) -> Result<Effects<Self>> {
        Ok(cx.effects().broadcast(text))
    }

    fn handle_close(cx: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        let id = cx.sender_id().map(ToString::to_string).unwrap_or_default();
        Ok(cx.effects().broadcast(Text(format!("{id} is gone, {}", close.code))))
    }
}
