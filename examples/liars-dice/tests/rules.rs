//! The rules, without a room.

use liars_dice::rules::{Bid, DICE, Foul, Game, Move, Next, Seat, Showdown, Table, check_bid};

const fn bid(count: u8, face: u8) -> Bid {
    Bid { count, face }
}

/// Ada, Bob and Cyd with these dice, and Ada to move.
fn playing(hands: [&[u8]; 3]) -> Table {
    let seats = ["ada", "bob", "cyd"].into_iter().zip(hands);
    let seats = seats.map(|(id, dice)| Seat { id: id.into(), dice: dice.to_vec() }).collect();
    Table { seats, game: Some(Game { turn: 0, bid: None }) }
}

const EVERYONE: fn(&str) -> bool = |_| true;

#[test]
fn a_bid_is_of_more_dice_or_of_as_many_of_a_higher_face() {
    let standing = Some(bid(3, 4));
    for higher in [bid(3, 5), bid(4, 1), bid(15, 6)] {
        assert_eq!(check_bid(higher, standing, 15), Ok(()));
    }
    for lower in [bid(3, 4), bid(3, 3), bid(2, 6)] {
        assert_eq!(check_bid(lower, standing, 15), Err(Foul::TooLow { standing: bid(3, 4) }));
    }
}

#[test]
fn a_bid_is_of_faces_that_dice_have_and_of_dice_that_are_there() {
    for impossible in [bid(0, 3), bid(16, 3), bid(1, 0), bid(1, 7)] {
        assert_eq!(check_bid(impossible, None, 15), Err(Foul::NoSuchBid { dice: 15 }));
    }
}

#[test]
fn who_bid_too_many_loses_a_die() {
    let mut table = playing([&[2, 2], &[2, 5], &[6]]);
    table.bid(bid(4, 2)).unwrap();
    table.pass_to(1, EVERYONE);
    let Showdown { bidder, count, loser, seats, .. } = table.call().unwrap();
    assert_eq!((bidder, count, loser), (0, 3, 0));
    assert_eq!((seats[0].dice.len(), table.seats[0].dice.len()), (2, 1));
}

#[test]
fn who_calls_a_bid_that_is_true_loses_a_die() {
    let mut table = playing([&[2, 2], &[2, 5], &[6]]);
    table.bid(bid(3, 2)).unwrap();
    table.pass_to(1, EVERYONE);
    assert_eq!(table.call().unwrap().loser, 1);
    assert_eq!(table.dice(), 4);
    assert_eq!(table.call(), Err(Foul::NothingToCall), "the bid is gone");
}

#[test]
fn the_turn_skips_those_without_dice_and_those_who_are_gone() {
    let mut table = playing([&[1], &[], &[1]]);
    assert_eq!(table.pass_to(1, EVERYONE), Next::Turn);
    assert_eq!(table.game.as_ref().unwrap().turn, 2);
    let mut table = playing([&[1], &[1], &[1]]);
    assert_eq!(table.pass_to(1, |id| id != "bob"), Next::Turn);
    assert_eq!(table.game.as_ref().unwrap().turn, 2);
    assert_eq!(table.pass_to(3, EVERYONE), Next::Turn, "after the last comes the first");
    assert_eq!(table.game.as_ref().unwrap().turn, 0);
}

#[test]
fn a_game_ends_when_fewer_than_two_can_play() {
    assert_eq!(playing([&[], &[3], &[]]).pass_to(0, EVERYONE), Next::Won(1));
    assert_eq!(playing([&[1], &[1], &[1]]).pass_to(0, |id| id == "cyd"), Next::Won(2));
    assert_eq!(playing([&[1], &[1], &[1]]).pass_to(0, |_| false), Next::Deserted);
}

#[test]
fn the_clock_calls_or_bids_what_is_true() {
    let mut table = playing([&[4, 6], &[1], &[1]]);
    assert_eq!(table.move_of_the_clock(), Ok(Move::Bid(bid(1, 4))));
    table.bid(bid(1, 4)).unwrap();
    table.pass_to(1, EVERYONE);
    assert_eq!(table.move_of_the_clock(), Ok(Move::Call));
}

#[test]
fn a_game_begins_with_two_who_are_here_and_all_dice() {
    let mut table = playing([&[], &[], &[]]);
    assert_eq!(table.begin(EVERYONE), Err(Foul::Running));
    table.game = None;
    assert_eq!(table.clone().begin(|id| id == "ada"), Err(Foul::TooFew));
    table.begin(|id| id != "bob").unwrap();
    assert_eq!((table.seats.len(), table.dice()), (2, 2 * DICE));
    assert_eq!(table.seat_of("bob"), None);
}
