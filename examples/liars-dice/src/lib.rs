//! Liar's dice, as a room: everyone has dice that nobody else sees, and says how many of a face are on
//! the whole table. The next one says more, or calls it a lie.
//!
//! [`rules`] is the game, [`messages`] what is said, and this file what a room adds: who is who, who
//! hears what, chance, and the clock.

pub mod messages;
pub mod rules;

use std::time::Duration;

use dormouse::{
    Admission, Audience, Close, Context, Effects, Error, Handler, Keep, Never, Newcomer, RateLimit,
    Result, Resume, Room, Tag, Timestamp, When,
};
use serde::{Deserialize, Serialize};

use messages::{Broadcast, Message, View, Wish};
use rules::{Bid, Foul, Move, Next, Seat, Showdown, Table};

/// How long a turn may take.
pub const TURN: Duration = Duration::from_secs(30);

/// The alarm at which a turn ends. Each turn moves it.
pub const CLOCK: &str = "turn";

/// The tag of those who have a seat.
pub const PLAYER: &str = "player";

/// The tag of those who have none.
pub const SPECTATOR: &str = "spectator";

/// The longest that anybody says, in characters.
pub const LONGEST_TEXT: usize = 200;

/// What the clock says: the turn is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeUp;

/// A table. The id of a connection says who it is, and several may be one person's.
pub struct LiarsDice;

impl Room for LiarsDice {
    const NAME: &'static str = "liars-dice";
    /// Whoever loses the line keeps seat, dice and turn for so long.
    const RESUME: Option<Resume> =
        Some(Resume::keeping(Keep::newest(200)).grace(Duration::from_secs(20)));
    const RATE_LIMIT: Option<RateLimit> = Some(RateLimit::new(10, Duration::from_millis(500)));
    type State = Table;
    type Connection = ();
    type Upgrade = Wish;
    type Message = Message;
    type Broadcast = Broadcast;
    type Alarm = TimeUp;
    type Reply = Never;

    fn admit(cx: &Context<Self>, newcomer: Newcomer<Wish>) -> Result<Admission<()>> {
        let (id, table) = (newcomer.id_or_uuid(cx), table(cx));
        let has_seat = table.seat_of(id.as_str()).is_some();
        // Who comes back sits down no more: `handle_connect` is not called for them.
        let is_new = cx.sender().is_none();
        let gets_one = is_new && newcomer.data == Wish::Play && table.has_room();
        let role = Tag::new(if has_seat || gets_one { PLAYER } else { SPECTATOR })?;
        Ok(Admission::new(id, ()).tag(role))
    }

    fn handle_connect(cx: &Context<Self>, _: &Wish) -> Result<Effects<Self>> {
        let (id, mut table) = (sender(cx)?, table(cx));
        if role(cx)?.as_str() == SPECTATOR || table.seat_of(id).is_some() {
            return look(cx);
        }
        table.seats.push(Seat { id: id.to_owned(), dice: Vec::new() });
        let yours = Broadcast::Yours { id: id.to_owned(), dice: Vec::new() };
        Ok(settle(table, cx.now(), None).send(cx.sender(), yours))
    }

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        match message {
            Message::Start {} => start(cx),
            Message::Bid { count, face } => play(cx, Move::Bid(Bid { count, face })),
            Message::Call {} => play(cx, Move::Call),
            Message::Look {} => look(cx),
            Message::Say { text } => say(cx, text),
        }
    }

    /// The turn is over and nobody has moved: the clock does.
    fn handle_alarm(cx: &Context<Self>, _: TimeUp) -> Result<Effects<Self>> {
        let table = table(cx);
        let choice = table.move_of_the_clock()?;
        perform(cx, table, choice, true)
    }

    /// Somebody has left, or lost the line for too long.
    fn handle_close(cx: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        let (id, here, mut table) = (sender(cx)?, cx.present(), table(cx));
        if here.is_empty() {
            return Ok(cx.effects().purge());
        }
        if here.contains(id) || table.seat_of(id).is_none() {
            return Ok(cx.effects());
        }
        let Some(game) = &table.game else {
            table.clear(|id| here.contains(id));
            return Ok(settle(table, cx.now(), None));
        };
        // The turn goes on if whoever has it is here, or goes to the next after the last bid.
        let turn = game.turn;
        let stays = here.contains(table.seats[turn].id.as_str());
        let next = if stays { turn } else { game.bid.map_or(turn, |(bidder, _)| bidder) + 1 };
        let until = if stays { clock(cx) } else { None };
        go_on(cx, table, next, until)
    }

    /// Who was refused something may have looked at an old table, and sees it as it is.
    fn handle_error(cx: &Context<Self>, _: Handler, error: &Error) -> Effects<Self> {
        cx.effects().send_error(cx.sender(), error).and(look(cx).unwrap_or_default())
    }
}

dormouse::rooms![LiarsDice];
dormouse::typescript!["types/rooms.d.ts"; LiarsDice];

fn start(cx: &Context<LiarsDice>) -> Result<Effects<LiarsDice>> {
    let mut table = table(cx);
    table.seat_of(sender(cx)?).ok_or(Foul::NoSeat)?;
    let here = cx.present();
    table.begin(|id| here.contains(id))?;
    table.roll(|| die(cx));
    let first = usize::from(die(cx)) % table.seats.len();
    Ok(hands(&table)?.and(go_on(cx, table, first, None)?))
}

/// A move of whoever sent it.
fn play(cx: &Context<LiarsDice>, choice: Move) -> Result<Effects<LiarsDice>> {
    let table = table(cx);
    let seat = table.seat_of(sender(cx)?).ok_or(Foul::NoSeat)?;
    match &table.game {
        None => Err(Foul::NoGame.into()),
        Some(game) if game.turn != seat => Err(Foul::NotYourTurn.into()),
        Some(_) => perform(cx, table, choice, false),
    }
}

/// A move of whoever's turn it is.
fn perform(
    cx: &Context<LiarsDice>,
    mut table: Table,
    choice: Move,
    late: bool,
) -> Result<Effects<LiarsDice>> {
    let turn = table.game.as_ref().ok_or(Foul::NoGame)?.turn;
    let by = table.seats[turn].id.clone();
    match choice {
        Move::Bid(bid) => {
            table.bid(bid)?;
            let news = Broadcast::Bid { by, bid, late };
            Ok(cx.effects().broadcast(news).and(go_on(cx, table, turn + 1, None)?))
        }
        Move::Call => {
            let Showdown { seats: hands_shown, bidder, bid, count, loser } = table.call()?;
            let [bidder, loses] = [bidder, loser].map(|seat| hands_shown[seat].id.clone());
            let news =
                Broadcast::Shown { by, late, bidder, bid, count, loser: loses, hands: hands_shown };
            table.roll(|| die(cx));
            let effects = cx.effects().broadcast(news).and(hands(&table)?);
            Ok(effects.and(go_on(cx, table, loser, None)?))
        }
    }
}

/// The turn is a seat's, or if its player cannot have it the next one's: until then, or for a whole turn.
fn go_on(
    cx: &Context<LiarsDice>,
    mut table: Table,
    seat: usize,
    until: Option<Timestamp>,
) -> Result<Effects<LiarsDice>> {
    let here = cx.present();
    let is_here = |id: &str| here.contains(id);
    let winner = match table.pass_to(seat, is_here) {
        Next::Turn => return Ok(settle(table, cx.now(), until.or(Some(cx.now() + TURN)))),
        Next::Won(winner) => Some(table.seats[winner].id.clone()),
        Next::Deserted => None,
    };
    table.clear(is_here);
    let over = cx.effects().broadcast(Broadcast::Over { winner }).and(hands(&table)?);
    Ok(over.and(settle(table, cx.now(), None)))
}

/// Whatever has changed the table: it is stored, all see it, and the clock runs or stands.
fn settle(table: Table, now: Timestamp, until: Option<Timestamp>) -> Effects<LiarsDice> {
    let effects = Effects::new().broadcast(Broadcast::Table(View::of(&table, until, now)));
    match until {
        Some(until) => effects.schedule(CLOCK, When::at(until), TimeUp),
        None => effects.cancel(CLOCK),
    }
    .save(table)
}

/// To whoever asks: the table, and the own dice.
fn look(cx: &Context<LiarsDice>) -> Result<Effects<LiarsDice>> {
    let (id, table) = (sender(cx)?, table(cx));
    let dice = table.seat_of(id).map(|seat| table.seats[seat].dice.clone()).unwrap_or_default();
    Ok(cx
        .effects()
        .send(cx.sender(), Broadcast::Table(View::of(&table, clock(cx), cx.now())))
        .send(cx.sender(), Broadcast::Yours { id: id.to_owned(), dice }))
}

/// To each player, and no one else, the own dice.
fn hands(table: &Table) -> Result<Effects<LiarsDice>> {
    table.seats.iter().try_fold(Effects::new(), |effects, Seat { id, dice }| {
        let yours = Broadcast::Yours { id: id.clone(), dice: dice.clone() };
        Ok(effects.broadcast_to(Audience::id(&id.parse()?), yours))
    })
}

fn say(cx: &Context<LiarsDice>, text: String) -> Result<Effects<LiarsDice>> {
    let (by, length) = (sender(cx)?.to_owned(), text.chars().count());
    if text.trim().is_empty() || length > LONGEST_TEXT {
        let message = format!("Say 1 to {LONGEST_TEXT} characters; these were {length}");
        return Err(Error::refuse("text", message));
    }
    Ok(cx.effects().broadcast_tagged(role(cx)?, Broadcast::Said { by, text }))
}

fn table(cx: &Context<LiarsDice>) -> Table {
    cx.state().cloned().unwrap_or_default()
}

/// Who this is about; an API call is nobody's.
fn sender<'a>(cx: &'a Context<LiarsDice>) -> Result<&'a str> {
    Ok(cx.sender_id().ok_or(Foul::NoSeat)?.as_str())
}

fn role(cx: &Context<LiarsDice>) -> Result<Tag> {
    let player = Tag::new(PLAYER)?;
    let plays = cx.sender().is_some_and(|sender| sender.has_tag(&player));
    if plays { Ok(player) } else { Tag::new(SPECTATOR) }
}

/// When the turn ends, if the clock runs.
fn clock(cx: &Context<LiarsDice>) -> Option<Timestamp> {
    cx.alarm(CLOCK).map(|alarm| alarm.at)
}

fn die(cx: &Context<LiarsDice>) -> u8 {
    (cx.random() % 6) as u8 + 1
}
