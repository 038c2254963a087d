//! The rules of liar's dice, without a clock, a network or chance of their own.

use serde::{Deserialize, Serialize};

/// How many dice everyone begins with.
pub const DICE: usize = 5;
/// How many can play.
pub const SEATS: usize = 6;

/// "At least so many dice on this table show that face."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Bid {
    /// How many dice.
    pub count: u8,
    /// Which face, 1 to 6.
    pub face: u8,
}

/// Someone who plays, and the dice under the cup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Seat {
    /// Whose it is: a connection's id.
    pub id: String,
    /// The dice; none once they are lost, and between games.
    pub dice: Vec<u8>,
}

/// A game that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Game {
    /// Which seat is to move.
    pub turn: usize,
    /// The bid that stands, and whose it is.
    pub bid: Option<(usize, Bid)>,
}

/// The seats in the order of their turns, and the game that they play.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Table {
    /// Who plays.
    pub seats: Vec<Seat>,
    /// None between games.
    pub game: Option<Game>,
}

/// What one can do in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Say more than was said before.
    Bid(Bid),
    /// Say that the bid before is a lie.
    Call,
}

/// What a call has brought to light.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Showdown {
    /// Everyone with the dice that were under the cups.
    pub seats: Vec<Seat>,
    /// Whose bid was called.
    pub bidder: usize,
    /// The bid.
    pub bid: Bid,
    /// How many dice do show its face.
    pub count: usize,
    /// Who was wrong and loses a die: the bidder, or who called.
    pub loser: usize,
}

/// How a game goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// With another turn.
    Turn,
    /// Not at all: nobody is left to play against, and this seat has won.
    Won(usize),
    /// Not at all: nobody is left.
    Deserted,
}

/// What the rules do not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foul {
    /// A spectator wants to play.
    NoSeat,
    /// There are too few players for a game.
    TooFew,
    /// A game runs already.
    Running,
    /// No game runs.
    NoGame,
    /// It is somebody else's turn.
    NotYourTurn,
    /// There is no such face, or there are not so many dice on the table.
    NoSuchBid {
        /// How many dice there are.
        dice: usize,
    },
    /// A bid that does not beat the one that stands.
    TooLow {
        /// The one that stands.
        standing: Bid,
    },
    /// A call where nothing was bid.
    NothingToCall,
}

/// Whether a bid may follow the one that stands: more dice, or as many of a higher face.
///
/// # Errors
/// Why not.
///
/// ```
/// use liars_dice::rules::{Bid, Foul, check_bid};
/// let (two_fives, three_twos) = (Bid { count: 2, face: 5 }, Bid { count: 3, face: 2 });
/// assert_eq!(check_bid(three_twos, Some(two_fives), 10), Ok(()));
/// assert_eq!(check_bid(two_fives, Some(three_twos), 10), Err(Foul::TooLow { standing: three_twos }));
/// ```
pub fn check_bid(bid: Bid, standing: Option<Bid>, dice: usize) -> Result<(), Foul> {
    if !(1..=6).contains(&bid.face) || !(1..=dice).contains(&usize::from(bid.count)) {
        return Err(Foul::NoSuchBid { dice });
    }
    match standing {
        Some(standing) if (bid.count, bid.face) <= (standing.count, standing.face) => {
            Err(Foul::TooLow { standing })
        }
        _ => Ok(()),
    }
}

impl Table {
    /// The seat of somebody.
    pub fn seat_of(&self, id: &str) -> Option<usize> {
        self.seats.iter().position(|seat| seat.id == id)
    }

    /// Whether somebody may sit down now.
    pub fn has_room(&self) -> bool {
        self.game.is_none() && self.seats.len() < SEATS
    }

    /// How many dice are in the game.
    pub fn dice(&self) -> usize {
        self.seats.iter().map(|seat| seat.dice.len()).sum()
    }

    /// How many of them show a face.
    pub fn count(&self, face: u8) -> usize {
        self.seats.iter().flat_map(|seat| &seat.dice).filter(|die| **die == face).count()
    }

    /// Gives everyone who is here all dice, to be rolled.
    ///
    /// # Errors
    /// If no game can begin.
    pub fn begin(&mut self, is_here: impl Fn(&str) -> bool) -> Result<(), Foul> {
        if self.game.is_some() {
            return Err(Foul::Running);
        }
        self.clear(is_here);
        if self.seats.len() < 2 {
            return Err(Foul::TooFew);
        }
        self.seats.iter_mut().for_each(|seat| seat.dice = vec![1; DICE]);
        Ok(())
    }

    /// Throws all dice anew.
    pub fn roll(&mut self, mut die: impl FnMut() -> u8) {
        self.seats.iter_mut().flat_map(|seat| &mut seat.dice).for_each(|face| *face = die());
    }

    /// A bid of the seat whose turn it is.
    ///
    /// # Errors
    /// If it is none that may follow.
    pub fn bid(&mut self, bid: Bid) -> Result<(), Foul> {
        let dice = self.dice();
        let game = self.game.as_mut().ok_or(Foul::NoGame)?;
        check_bid(bid, game.bid.map(|(_, standing)| standing), dice)?;
        game.bid = Some((game.turn, bid));
        Ok(())
    }

    /// The seat whose turn it is calls: the bid is counted, and whoever was wrong loses a die.
    ///
    /// # Errors
    /// If there is nothing to call.
    pub fn call(&mut self) -> Result<Showdown, Foul> {
        let game = self.game.as_mut().ok_or(Foul::NoGame)?;
        let (bidder, bid) = game.bid.take().ok_or(Foul::NothingToCall)?;
        let caller = game.turn;
        let (seats, count) = (self.seats.clone(), self.count(bid.face));
        let loser = if count < usize::from(bid.count) { bidder } else { caller };
        self.seats[loser].dice.pop();
        Ok(Showdown { seats, bidder, bid, count, loser })
    }

    /// The move of a player who makes none: to call, or to bid a die of his own where nothing was bid.
    ///
    /// # Errors
    /// If no game runs.
    pub fn move_of_the_clock(&self) -> Result<Move, Foul> {
        let game = self.game.as_ref().ok_or(Foul::NoGame)?;
        Ok(match (game.bid, self.seats[game.turn].dice.first()) {
            (None, Some(&face)) => Move::Bid(Bid { count: 1, face }),
            _ => Move::Call,
        })
    }

    /// Gives the turn to the first seat, from one on, that has dice and whose player is here. With
    /// fewer than two of these the game is over.
    pub fn pass_to(&mut self, seat: usize, is_here: impl Fn(&str) -> bool) -> Next {
        let bid = self.game.take().and_then(|game| game.bid);
        let plays = |seat: &Seat| !seat.dice.is_empty() && is_here(&seat.id);
        let count = self.seats.len();
        let mut players =
            (seat..seat + count).map(|at| at % count).filter(|&at| plays(&self.seats[at]));
        match (players.next(), players.next()) {
            (Some(turn), Some(_)) => {
                self.game = Some(Game { turn, bid });
                Next::Turn
            }
            (Some(winner), None) => Next::Won(winner),
            (None, _) => Next::Deserted,
        }
    }

    /// After a game: the dice go back, and so do the seats of those who are gone.
    pub fn clear(&mut self, is_here: impl Fn(&str) -> bool) {
        self.seats.retain(|seat| is_here(&seat.id));
        self.seats.iter_mut().for_each(|seat| seat.dice.clear());
    }
}
