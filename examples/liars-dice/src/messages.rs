//! What is said at a table, and how a table looks to those who may not see under the cups.

use dormouse::{Error, Timestamp};
use serde::{Deserialize, Serialize};

use crate::rules::{Bid, Foul, Seat, Table};

/// What the Worker says of a connection: whether it wants a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Wish {
    /// One, if there is one.
    Play,
    /// None.
    Watch,
}

/// What clients may send. None of it names a seat: who plays is who the connection is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "_tag", deny_unknown_fields)]
pub enum Message {
    /// Begin a game.
    Start {},
    /// Say that at least so many dice show a face.
    Bid {
        /// How many.
        count: u8,
        /// Which face.
        face: u8,
    },
    /// Call the last bid a lie.
    Call {},
    /// Ask how things are: for a client that has missed what is not kept any more.
    Look {},
    /// Speak: players to players, and spectators, who may have seen a screen, to spectators.
    Say {
        /// The words.
        text: String,
    },
}

/// What clients hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "_tag")]
pub enum Broadcast {
    /// How the table is now, as far as all may know.
    Table(View),
    /// To one person alone.
    Yours {
        /// Who that is.
        id: String,
        /// The dice under the own cup; none for who does not play.
        dice: Vec<u8>,
    },
    /// Somebody has bid.
    Bid {
        /// Who.
        by: String,
        /// What.
        bid: Bid,
        /// Whether the clock did it for him.
        late: bool,
    },
    /// Somebody has called, and all dice are shown.
    Shown {
        /// Who called.
        by: String,
        /// Whether the clock did it for him.
        late: bool,
        /// Whose bid it was.
        bidder: String,
        /// What was bid.
        bid: Bid,
        /// How many dice do show the face.
        count: usize,
        /// Who loses a die.
        loser: String,
        /// Everyone's dice.
        hands: Vec<Seat>,
    },
    /// The game is over.
    Over {
        /// Who has won; nobody if all have left.
        winner: Option<String>,
    },
    /// Somebody said something.
    Said {
        /// Who.
        by: String,
        /// The words.
        text: String,
    },
}

/// A table as everyone may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct View {
    /// Who plays, and how many dice each has.
    pub seats: Vec<(String, usize)>,
    /// Whose turn it is; none between games.
    pub turn: Option<String>,
    /// When the turn ends.
    pub until: Option<Timestamp>,
    /// The bid that stands, and whose it is.
    pub bid: Option<(String, Bid)>,
    /// When the table was so, by the clock that `until` is of.
    pub now: Timestamp,
}

impl View {
    /// What all may know of a table, whose turn ends then.
    pub fn of(table: &Table, until: Option<Timestamp>, now: Timestamp) -> Self {
        let id = |seat: usize| table.seats[seat].id.clone();
        let game = table.game.as_ref();
        Self {
            seats: table.seats.iter().map(|seat| (seat.id.clone(), seat.dice.len())).collect(),
            turn: game.map(|game| id(game.turn)),
            until: game.and(until),
            bid: game.and_then(|game| game.bid).map(|(bidder, bid)| (id(bidder), bid)),
            now,
        }
    }
}

/// What a client is told of a foul.
impl From<Foul> for Error {
    fn from(foul: Foul) -> Self {
        let (code, message) = match foul {
            Foul::NoSeat => ("no_seat", "Only players play; you watch".to_owned()),
            Foul::TooFew => ("too_few", "It takes two to play".to_owned()),
            Foul::Running => ("running", "A game runs already".to_owned()),
            Foul::NoGame => ("no_game", "No game runs".to_owned()),
            Foul::NotYourTurn => ("not_your_turn", "It is not your turn".to_owned()),
            Foul::NoSuchBid { dice } => (
                "no_such_bid",
                format!(
                    "A bid is of 1 to {dice} dice, as many as there are, and a face from 1 to 6"
                ),
            ),
            Foul::TooLow { standing: Bid { count, face } } => (
                "too_low",
                format!("After {count} × {face} bid more dice, or as many of a higher face"),
            ),
            Foul::NothingToCall => ("nothing_to_call", "Nothing was bid yet".to_owned()),
        };
        Error::refuse(code, message)
    }
}
