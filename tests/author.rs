//! What a room's author relies on: what is wrong is said, in a list of effects, an upgrade, a refusal.

use dormouse::rooms::chat::{Broadcast, Message as Line};
use dormouse::rooms::{Chat, Reminders};
use dormouse::testing::TestRoom;
use dormouse::{
    Answer, Apart, Commit, ConnectionId, Context, Delivered, Effects, Error, Function, Handler,
    Host as _, Keyed, Never, ObjectName, Result, Room, Text, Upgrade, Write,
};
use serde::{Deserialize, Serialize, Serializer};

/// What the Worker and siblings say.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Order {
    Update,
    UpdateOrDefault,
    Unwritable,
    Refuse(u16),
    Tell,
    TellAndHear,
    Call,
    Purge,
}

/// No JSON can be made of it.
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no words for it"))
    }
}

const NOTES: Keyed<Unwritable> = Keyed::new("notes");
const DOUBLE: Function<u8, u8> = Function::new("double");

#[derive(Debug, Deserialize)]
struct Ticket {
    seat: u8,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    what: String,
}

struct Theatre;

impl Room for Theatre {
    const NAME: &'static str = "theatre";
    type State = u32;
    type Connection = u8;
    type Upgrade = Ticket;
    type Message = Apart<Text, Order>;
    type Broadcast = Text;
    type Alarm = Never;
    type Reply = About;

    fn admit(
        cx: &Context<Self>,
        newcomer: dormouse::Newcomer<Ticket>,
    ) -> Result<dormouse::Admission<u8>> {
        Ok(dormouse::Admission::new(newcomer.id_or_uuid(cx), newcomer.data.seat))
    }

    fn handle_connect(cx: &Context<Self>, ticket: &Ticket) -> Result<Effects<Self>> {
        Ok(cx.effects().send(cx.sender(), Text(format!("seat {}", ticket.seat))))
    }

    fn handle_message(cx: &Context<Self>, message: Self::Message) -> Result<Effects<Self>> {
        let effects = cx.effects();
        let order = match message {
            Apart::Client(text) => return Ok(effects.broadcast(text)),
            Apart::Inside(order) => order,
        };
        Ok(match order {
            Order::Update => effects.update(|count| *count += 1),
            Order::UpdateOrDefault => effects.update_or_default(|count| *count += 1),
            Order::Unwritable => {
                effects.save(7).put(&NOTES, "a", &Unwritable).put(&NOTES, "b", &Unwritable)
            }
            Order::Refuse(status) => return Err(Error::refuse("no", "no").with_status(status)),
            Order::Tell => effects.tell::<Theatre>("other", &Order::Purge),
            Order::TellAndHear => {
                let about = About { what: "told".into() };
                effects.tell_and_hear::<Theatre>("other", &Order::Purge, about)
            }
            Order::Call => effects.call(&DOUBLE, &4, About { what: "double".into() }),
            Order::Purge => effects.purge(),
        })
    }

    fn handle_reply(cx: &Context<Self>, about: About, answer: Answer) -> Result<Effects<Self>> {
        let said = match about.what.as_str() {
            "told" => answer.arrived().map(|()| "arrived".to_owned()),
            _ => answer.of(&DOUBLE).map(|double| double.to_string()),
        };
        Ok(match said {
            Ok(said) => cx.effects().broadcast(Text(format!("{}: {said}", about.what))),
            Err(error) => {
                let everyone: Vec<_> = cx.connections().collect();
                cx.effects().send_error(&everyone, &error)
            }
        })
    }

    fn migrate_reply(stored: serde_json::Value) -> Option<About> {
        Some(About { what: stored.get("before")?.as_str()?.to_owned() })
    }

    fn error_message(_: &Context<Self>, error: &Error) -> Option<Text> {
        (error.code() == "no").then(|| Text("the usher says no".into()))
    }
}

fn ticket(seat: u8) -> Upgrade {
    Upgrade { data: serde_json::json!({ "seat": seat }), ..Upgrade::default() }
}

fn theatre() -> TestRoom<Theatre> {
    TestRoom::new("globe")
}

#[test]
fn an_update_without_a_state_is_an_error_of_the_list_and_loses_nothing() {
    let room = theatre();
    assert_eq!(room.send(&Order::Update), Err(Error::NoState));
    assert_eq!(room.state(), None);
    room.send(&Order::UpdateOrDefault).unwrap();
    room.send(&Order::Update).unwrap();
    assert_eq!(room.state(), Some(2));
}

#[test]
fn what_cannot_be_written_is_the_error_of_its_list() {
    let room = theatre();
    let error = room.send(&Order::Unwritable).unwrap_err();
    assert!(matches!(&error, Error::Encode { what, .. } if what == "a value"), "{error}");
    assert_eq!(room.state(), None, "nor is the rest of the list done");
}

#[test]
fn a_refusal_has_a_status_from_400_to_599() {
    let room = theatre();
    for (status, is) in [(400, 400), (409, 409), (599, 599), (399, 500), (600, 500), (200, 500)] {
        let error = room.send(&Order::Refuse(status)).unwrap_err();
        assert_eq!(error.status(), is, "{status}");
        let is_bad = error == Error::InvalidStatus { limit: 599, status };
        assert_eq!(is_bad, !(400..=599).contains(&status));
    }
    assert_eq!(Error::Panicked.with_status(400).status(), 500, "no refusal");
}

#[test]
fn the_upgrade_s_data_is_decoded_before_any_handler() {
    let room = theatre();
    let ada = room.try_connect(ticket(7)).unwrap();
    assert_eq!(ada.receive_text(), "seat 7");
    let wrong = Upgrade { data: "a seat".into(), ..Upgrade::default() };
    let error = room.try_connect(wrong).err().unwrap();
    assert!(matches!(error, Error::InvalidUpgrade { .. }), "{error}");
    assert_eq!((error.status(), room.count()), (400, 1));
}

#[test]
fn no_client_can_say_what_only_the_inside_may_say() {
    let room = theatre();
    room.send(&Order::UpdateOrDefault).unwrap();
    let ada = room.try_connect(ticket(1)).unwrap();
    ada.received();
    ada.send_text("\"Purge\"");
    assert_eq!(ada.receive_text(), "\"Purge\"");
    assert_eq!(room.state(), Some(1));
    room.send(&Order::Purge).unwrap();
    assert_eq!(room.state(), None);

    let kitchen = TestRoom::<Reminders>::new("kitchen");
    let bob = kitchen.connect("bob");
    kitchen.send(&"/remind 5 tea".to_owned()).unwrap();
    assert_eq!(bob.receive_text(), "/remind 5 tea", "a line, and no reminder");
}

#[test]
fn an_answer_says_what_it_is_about_and_is_typed() {
    let room = theatre();
    let ada = room.try_connect(ticket(1)).unwrap();
    ada.received();
    room.send(&Order::Call).unwrap();
    let call = room.take_letters().remove(0);
    room.hibernate();
    room.delivered(call.seq, Delivered::Ok(8.into()));
    assert_eq!(ada.receive_text(), "double: 8");

    room.send(&Order::TellAndHear).unwrap();
    let told = room.take_letters().remove(0);
    room.delivered(told.seq, Delivered::Ok(serde_json::Value::Null));
    assert_eq!(ada.receive_text(), "told: arrived");
}

#[test]
fn another_room_s_words_reach_no_client() {
    let room = theatre();
    let ada = room.try_connect(ticket(1)).unwrap();
    ada.received();
    let gone = || Delivered::Error { message: "ada owes 5 crowns".into(), is_final: true };
    for order in [Order::TellAndHear, Order::Call] {
        room.send(&order).unwrap();
        room.delivered(room.take_letters().remove(0).seq, gone());
        let heard = ada.receive_text();
        assert!(heard.contains("\"internal\"") && !heard.contains("crowns"), "{heard}");
    }
    room.send(&Order::Tell).unwrap();
    room.delivered(room.take_letters().remove(0).seq, gone());
    assert!(ada.received().is_empty());
    let [error] = &room.take_errors()[..] else { panic!("one error in the log") };
    assert_eq!(error.handler, Handler::Reply);
    assert!(matches!(&error.error, Error::Undelivered { to, .. } if to == "theatre/other"));
}

#[test]
fn what_a_reply_is_about_can_be_of_an_older_version() {
    let room = theatre();
    let ada = room.try_connect(ticket(1)).unwrap();
    ada.received();
    room.send(&Order::Call).unwrap();
    let call = room.take_letters().remove(0);
    room.with_host(|host| {
        let page = host.values("\u{1}letter/", None, 1, dormouse::Order::Forwards);
        let (key, json) = page.rows.into_iter().next().unwrap();
        let value = json.replace(r#"{\"what\":\"double\"}"#, r#"{\"before\":\"double\"}"#);
        assert_ne!(value, json);
        let writes = vec![Write::Value { key, value }];
        host.perform(&Commit { writes, ..Commit::default() }).unwrap();
    });
    room.hibernate();
    room.delivered(call.seq, Delivered::Ok(8.into()));
    assert_eq!(ada.receive_text(), "double: 8");
}

#[test]
fn one_override_words_every_error() {
    let room = theatre();
    let client = room.try_connect(ticket(1)).unwrap();
    client.read(|cx| {
        let effects = Theatre::handle_error(cx, Handler::Message, &Error::refuse("no", "…"));
        assert_eq!(effects, cx.effects().send(cx.sender(), Text("the usher says no".into())));
        let other = Theatre::handle_invalid(
            cx,
            &dormouse::Frame::Text(String::new()),
            &Error::InvalidMessage { reason: String::new() },
        );
        let error = Error::InvalidMessage { reason: String::new() };
        assert_eq!(other, cx.effects().send_error(cx.sender(), &error));
    });
}

#[test]
fn an_id_is_text_that_was_checked_wherever_it_comes_from() {
    let ada: ConnectionId = serde_json::from_str("\"ada\"").unwrap();
    assert_eq!(serde_json::to_string(&ada).unwrap(), "\"ada\"");
    assert!(serde_json::from_str::<ConnectionId>("\"a\\nb\"").is_err());
    assert!(serde_json::from_str::<ConnectionId>("\"\"").is_err());
    assert_eq!("ada".parse(), Ok(ada.clone()));
    assert_eq!(ConnectionId::try_from("ada").as_ref(), Ok(&ada));
    let room = TestRoom::<Chat>::new("lounge");
    room.connect("https://id.example/%7Eada");
    room.connect("user:ada");
    room.read(|cx| {
        let present = cx.present();
        assert!(present.contains("user:ada") && !present.contains("ada"));
        assert!(cx.connection(&"https://id.example/%7Eada".parse().unwrap()).is_some());
        let ids: Vec<_> = cx.connections().map(|one| one.id().to_string()).collect();
        assert_eq!(ids, ["https://id.example/%7Eada", "user:ada"], "in the order they came");
    });
    assert!(ObjectName::new("chat", "user:ada%20b").is_ok());
}

#[test]
fn a_user_joins_with_the_first_connection_and_leaves_with_the_last() {
    let room = TestRoom::<Chat>::new("lounge");
    let eve = room.connect("eve");
    let joined = Broadcast::UserJoined { user_id: "ada".into() };
    let left = Broadcast::UserLeft { user_id: "ada".into() };
    let first = room.connect("ada");
    assert_eq!(eve.receive(), joined);
    let second = room.connect("ada");
    first.close(1000, "");
    assert!(eve.received().is_empty() && second.received().is_empty());
    second.cut();
    assert_eq!(eve.receive(), left);
}

#[test]
fn no_visitor_speaks_as_the_server() {
    let room = TestRoom::<Chat>::new("lounge");
    for id in ["system", "System", "SYSTEM", "\u{17f}ystem", "SY\u{fb06}EM"] {
        let upgrade = Upgrade { id: Some(id.into()), ..Upgrade::default() };
        assert_eq!(room.try_connect(upgrade).err().unwrap().status(), 403, "{id}");
    }
    let eve = room.connect("eve");
    room.send(&Line::Say { text: "hello".into() }).unwrap();
    assert!(matches!(eve.receive(), Broadcast::Message { user_id, .. } if user_id == "system"));
}
