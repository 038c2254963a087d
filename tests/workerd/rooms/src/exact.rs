//! A room that puts what it is given everywhere where something can be put, and says it again.

use dormouse::{
    Admission, Answer, Close, CloseCode, Context, Effects, Error, Frame, Function, History, Keep,
    Keyed, Newcomer, Result, Room, Tag, Timestamp, When,
};

pub(crate) struct Exact;

const ROWS: History<String> = History::new("rows");
const SHOUT: Function<String, String> = Function::new("shout");
const VALUES: Keyed<String> = Keyed::new("values");

impl Room for Exact {
    const NAME: &'static str = "exact";
    const MAX_FRAME_BYTES: usize = 1024 * 1024;
    type State = String;
    type Connection = String;
    type Upgrade = Option<String>;
    type Message = Frame;
    type Broadcast = Frame;
    type Alarm = String;
    type Reply = String;

    fn admit(cx: &Context<Self>, newcomer: Newcomer<Option<String>>) -> Result<Admission<String>> {
        let id = newcomer.id_or_uuid(cx);
        Ok(Admission { id, tags: newcomer.tags, state: String::new() })
    }

    fn handle_connect(_: &Context<Self>, data: &Option<String>) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast(text("data", data.as_deref().unwrap_or_default())))
    }

    /// A text frame is a word, a colon and the text that the word is about.
    fn handle_message(cx: &Context<Self>, frame: Frame) -> Result<Effects<Self>> {
        let Frame::Text(said) = &frame else {
            return Ok(Effects::new().send(cx.sender(), frame.clone()).broadcast(frame));
        };
        let (what, it) = said.split_once(':').unwrap_or_default();
        let effects = Effects::<Self>::new();
        Ok(match what {
            "state" => effects.save(it.to_owned()),
            "plan" => {
                effects.schedule(it, When::after(std::time::Duration::from_secs(60)), it.to_owned())
            }
            "at" => {
                let at = Timestamp::from_millis(it.parse().unwrap_or_default());
                effects.schedule("at", When::at(at), String::new())
            }
            "cancel" => effects.cancel(it),
            "row" => effects.append(&ROWS, &it.to_owned()),
            "trim" => effects.trim(&ROWS, Keep::newest(0)),
            "put" => effects.put(&VALUES, it, &it.to_owned()),
            "delete" => effects.delete(&VALUES, it),
            "send" => effects.send(cx.sender(), text("sent", it)),
            "tag" => {
                let to = dormouse::Audience::tagged(Tag::new(it)?);
                effects.broadcast_to(to.except(cx.sender()), text("tagged", it))
            }
            "close" => effects.close(cx.sender(), CloseCode::new(4000)?, it),
            "attach" => match cx.sender() {
                Some(sender) => effects.set_connection(sender, it.to_owned()),
                None => effects,
            },
            "call" => effects.call(&SHOUT, &it.to_owned(), it.to_owned()),
            "fail" => return Err(Error::execution(it)),
            "purge" => effects.purge(),
            "read" => {
                let attached = cx.sender().map_or("", |sender| sender.state());
                let mut said = vec![
                    text("state", cx.state().map_or("", String::as_str)),
                    text("attached", attached),
                ];
                for entry in cx.history(&ROWS).last(1_000)? {
                    said.push(text("row", &entry.row));
                }
                let values = cx.keyed(&VALUES).first("", 1_000)?;
                for (key, value) in values {
                    said.push(text("key", &key));
                    said.push(text("value", &value));
                }
                said.into_iter().fold(effects, |effects, frame| effects.send(cx.sender(), frame))
            }
            _ => effects.broadcast(frame),
        })
    }

    fn handle_close(_: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast(text("closed", &close.reason)))
    }

    fn handle_reply(_: &Context<Self>, _: String, answer: Answer) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast(text("reply", &answer.of(&SHOUT)?)))
    }

    fn handle_alarm(_: &Context<Self>, payload: String) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast(text("alarm", &payload)))
    }
}

fn text(what: &str, it: &str) -> Frame {
    Frame::Text(format!("{what}:{it}"))
}
