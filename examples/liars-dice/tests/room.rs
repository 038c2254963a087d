//! What the room adds to the rules: who is who, who hears what, chance, and the clock.

mod support;

use std::time::Duration;

use dormouse::Upgrade;
use dormouse::testing::{MemoryHost, TestRoom, awake_and_asleep};
use liars_dice::messages::{Broadcast, Message, Wish};
use liars_dice::rules::{Bid, DICE, Game, SEATS, Table};
use liars_dice::{CLOCK, LiarsDice, TURN};
use serde_json::Value;
use support::{Client, Room, heard, join, upgrade};

const fn bid(count: u8, face: u8) -> Message {
    Message::Bid { count, face }
}

fn table(room: &Room) -> Table {
    room.state().expect("a table")
}

fn game(room: &Room) -> Game {
    table(room).game.expect("a game")
}

/// Whose turn it is.
fn turn(room: &Room) -> String {
    table(room).seats[game(room).turn].id.clone()
}

/// A game of these players that has just begun, with the turn of the first.
fn playing<const N: usize>(ids: [&str; N]) -> (Room, [Client; N]) {
    let begun = (0..).map(|seed| {
        let room = Room::on(MemoryHost::new().with_seed(seed), "green");
        let clients = ids.map(|id| join(&room, id, Wish::Play));
        clients[0].send(&Message::Start {});
        for client in &clients {
            client.received();
        }
        (room, clients)
    });
    let mut begun = begun.skip_while(|(room, _)| turn(room) != ids[0]);
    begun.next().expect("chance to begin with anybody")
}

/// The dice that a client was last told are its own.
fn dice(heard: &[Broadcast]) -> Option<&Vec<u8>> {
    heard.iter().rev().find_map(|message| match message {
        Broadcast::Yours { dice, .. } => Some(dice),
        _ => None,
    })
}

/// The code of the error that a client was told first, of what it has not looked at.
fn refused(client: &Client) -> String {
    let first = client.received().into_iter().next().expect("a frame").to_text().into_owned();
    let error: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(error["_tag"], "Error", "{first}");
    error["code"].as_str().unwrap().to_owned()
}

#[test]
fn everyone_sees_the_table_and_nobody_another_ones_dice() {
    let room = Room::new("green");
    let [ada, bob] = ["ada", "bob"].map(|id| join(&room, id, Wish::Play));
    let eve = join(&room, "eve", Wish::Watch);
    ada.send(&Message::Start {});
    for (client, id) in [(&ada, "ada"), (&bob, "bob")] {
        let heard = heard(client);
        let own = &table(&room).seats[table(&room).seat_of(id).unwrap()].dice;
        assert_eq!(dice(&heard), Some(own));
        assert!(heard.iter().all(|message| match message {
            Broadcast::Yours { id: whose, .. } => whose == id,
            message => !matches!(message, Broadcast::Shown { .. }),
        }));
    }
    let heard = heard(&eve);
    assert_eq!(dice(&heard), Some(&Vec::new()), "who watches has none");
    let Some(Broadcast::Table(view)) = heard.last() else { panic!("{heard:?}") };
    assert_eq!(view.seats, [("ada".to_owned(), DICE), ("bob".to_owned(), DICE)]);
    assert_eq!(view.until, Some(room.now() + TURN));
}

#[test]
fn dice_are_shown_by_a_call_and_then_rolled_anew() {
    let (room, [ada, bob]) = playing(["ada", "bob"]);
    let eve = join(&room, "eve", Wish::Watch);
    let before = table(&room).seats;
    ada.send(&bid(10, 6));
    eve.received();
    bob.send(&Message::Call {});
    let heard = heard(&eve);
    let Broadcast::Shown { by, bidder, loser, hands, count, .. } = &heard[0] else {
        panic!("{heard:?}")
    };
    assert_eq!((by.as_str(), bidder.as_str(), loser.as_str()), ("bob", "ada", "ada"));
    assert_eq!(hands, &before);
    assert_eq!(*count, before.iter().flat_map(|seat| &seat.dice).filter(|die| **die == 6).count());
    let after = table(&room).seats;
    assert_eq!((after[0].dice.len(), after[1].dice.len()), (DICE - 1, DICE));
    assert_ne!(after[1].dice, before[1].dice);
    assert_eq!(turn(&room), "ada", "who lost a die begins");
}

#[test]
fn the_rules_are_kept_by_the_server() {
    let (room, [ada, bob]) = playing(["ada", "bob"]);
    let eve = join(&room, "eve", Wish::Watch);
    eve.received();
    let before = table(&room);
    for (client, message, code) in [
        (&bob, bid(1, 1), "not_your_turn"),
        (&eve, bid(1, 1), "no_seat"),
        (&eve, Message::Start {}, "no_seat"),
        (&ada, Message::Start {}, "running"),
        (&ada, bid(11, 1), "no_such_bid"),
        (&ada, bid(1, 7), "no_such_bid"),
        (&ada, Message::Call {}, "nothing_to_call"),
        (&ada, Message::Say { text: "x".repeat(201) }, "text"),
    ] {
        client.send(&message);
        assert_eq!(refused(client), code);
        assert_eq!(table(&room), before, "{message:?}");
    }
    // Nobody can say whose dice or turn they mean.
    ada.send_text(r#"{"_tag":"Look","id":"bob"}"#);
    assert_eq!(refused(&ada), "invalid_event");
    assert_eq!(room.send(&Message::Look {}).unwrap_err().code(), "no_seat");
    ada.send(&bid(2, 3));
    bob.received();
    bob.send(&bid(2, 3));
    assert_eq!(refused(&bob), "too_low");
}

#[test]
fn who_is_refused_sees_the_table_as_it_is() {
    let (room, [_ada, bob]) = playing(["ada", "bob"]);
    bob.send(&Message::Call {});
    bob.receive_frame();
    let heard = heard(&bob);
    assert!(matches!(&heard[0], Broadcast::Table(view) if view.turn.as_deref() == Some("ada")));
    assert_eq!(dice(&heard), Some(&table(&room).seats[1].dice));
}

#[test]
fn who_does_not_move_in_time_is_moved_for() {
    let (room, [ada, bob]) = playing(["ada", "bob"]);
    let own = table(&room).seats[0].dice[0];
    room.advance(TURN - Duration::from_millis(1));
    assert_eq!(turn(&room), "ada");
    room.advance(Duration::from_millis(1));
    let late = Broadcast::Bid { by: "ada".into(), bid: Bid { count: 1, face: own }, late: true };
    assert_eq!(bob.receive(), late);
    assert_eq!(turn(&room), "bob");
    ada.received();
    room.advance(TURN);
    assert!(matches!(ada.receive(), Broadcast::Shown { by, late: true, .. } if by == "bob"));
}

#[test]
fn each_turn_moves_the_one_alarm() {
    let (room, [ada, _bob]) = playing(["ada", "bob"]);
    room.advance(TURN / 2);
    ada.send(&bid(1, 1));
    let ends = room.now() + TURN;
    room.read(|cx| assert_eq!(cx.alarm(CLOCK).unwrap().at, ends));
    assert_eq!(room.alarm(), Some(ends));
}

#[test]
fn who_comes_back_finds_the_own_seat_and_dice() {
    let (room, [ada, bob, _cyd]) = playing(["ada", "bob", "cyd"]);
    let own = table(&room).seats[1].dice.clone();
    bob.cut();
    room.hibernate();
    ada.send(&bid(1, 1));
    let bob = join(&room, "bob", Wish::Watch);
    assert_eq!(dice(&heard(&bob)), Some(&own));
    assert_eq!(table(&room).seats.len(), 3);
}

#[test]
fn who_is_gone_is_skipped_and_whose_turn_it_is_keeps_the_time() {
    let (room, [ada, bob, cyd]) = playing(["ada", "bob", "cyd"]);
    let ends = room.now() + TURN;
    room.advance(TURN / 3);
    bob.cut();
    room.read(|cx| assert_eq!(cx.alarm(CLOCK).unwrap().at, ends));
    ada.send(&bid(1, 1));
    assert_eq!(turn(&room), "cyd");
    cyd.received();
    ada.close(1000, "");
    assert!(matches!(heard(&cyd)[0], Broadcast::Over { winner: Some(ref id) } if id == "cyd"));
    assert_eq!(table(&room).seats.len(), 1, "their seats are free");
    assert_eq!(room.alarm(), None);
}

#[test]
fn when_who_has_the_turn_leaves_it_never_comes_to_who_has_the_bid() {
    let (room, [ada, bob, cyd]) = playing(["ada", "bob", "cyd"]);
    ada.send(&bid(1, 1));
    bob.cut();
    assert_eq!(turn(&room), "cyd");
    let _bob = join(&room, "bob", Wish::Play);
    cyd.cut();
    assert_eq!(turn(&room), "bob");
}

#[test]
fn who_loses_the_line_keeps_the_turn_for_twenty_seconds_and_then_is_skipped() {
    let (room, [ada, bob, _cyd]) = playing(["ada", "bob", "cyd"]);
    let protocol = Some("dormouse.1".to_owned());
    let page = room.try_connect(Upgrade { protocol, ..upgrade("bob", Wish::Play) }).unwrap();
    bob.close(1000, "");
    ada.send(&bid(1, 1));
    page.cut();
    room.sleep(Duration::from_secs(19));
    room.advance(Duration::ZERO);
    assert_eq!(turn(&room), "bob");
    room.advance(Duration::from_secs(1));
    assert_eq!(turn(&room), "cyd");
    assert_eq!(table(&room).seats[1].dice.len(), DICE, "the dice stay in the game");
}

#[test]
fn one_of_two_tabs_is_still_the_player() {
    let (room, [ada, _bob]) = playing(["ada", "bob"]);
    let tab = join(&room, "ada", Wish::Watch);
    tab.received();
    ada.cut();
    assert_eq!(heard(&tab), [], "nothing has changed");
    tab.send(&bid(1, 1));
    assert!(matches!(tab.receive(), Broadcast::Bid { by, .. } if by == "ada"));
}

#[test]
fn a_game_lasts_until_one_has_dice_and_then_another_may_begin() {
    let (room, [ada, _bob]) = playing(["ada", "bob"]);
    let mut rounds = 0;
    while table(&room).game.is_some() {
        room.advance(TURN);
        rounds += 1;
        assert!(rounds < 100);
    }
    let heard = heard(&ada);
    let shown = heard.iter().filter(|it| matches!(it, Broadcast::Shown { .. })).count();
    assert!((DICE..2 * DICE).contains(&shown), "{shown}");
    assert_eq!(
        heard.iter().filter(|it| matches!(it, Broadcast::Over { winner: Some(_) })).count(),
        1
    );
    assert_eq!(dice(&heard), Some(&Vec::new()));
    assert_eq!(table(&room).dice(), 0);
    ada.send(&Message::Start {});
    assert_eq!(table(&room).dice(), 2 * DICE);
}

#[test]
fn there_are_six_seats_and_none_while_a_game_runs() {
    let room = Room::new("green");
    let players: Vec<_> =
        (0..=SEATS).map(|n| join(&room, &format!("player {n}"), Wish::Play)).collect();
    assert_eq!(table(&room).seats.len(), SEATS);
    players[0].close(1000, "");
    players[1].send(&Message::Start {});
    let late = join(&room, "late", Wish::Play);
    late.received();
    late.send(&Message::Call {});
    assert_eq!(refused(&late), "no_seat");
    assert_eq!(table(&room).seats.len(), SEATS - 1);
}

#[test]
fn what_spectators_say_no_player_hears() {
    let (room, [ada, bob]) = playing(["ada", "bob"]);
    let [eve, fay] = ["eve", "fay"].map(|id| join(&room, id, Wish::Watch));
    for client in [&ada, &bob, &eve, &fay] {
        client.received();
    }
    eve.send(&Message::Say { text: "Bob lies".into() });
    ada.send(&Message::Say { text: "Well, Bob".into() });
    let said = |by: &str, text: &str| Broadcast::Said { by: by.into(), text: text.into() };
    assert_eq!(heard(&fay), [said("eve", "Bob lies")]);
    assert_eq!(heard(&bob), [said("ada", "Well, Bob")]);
}

#[test]
fn a_table_that_all_have_left_is_forgotten() {
    let (room, players) = playing(["ada", "bob"]);
    for client in players {
        client.close(1000, "");
    }
    assert_eq!(room.state(), None);
    assert_eq!(room.alarm(), None);
}

#[test]
fn it_is_the_same_game_awake_and_asleep() {
    awake_and_asleep(|room: &TestRoom<LiarsDice>| {
        let [ada, bob] = ["ada", "bob"].map(|id| join(room, id, Wish::Play));
        let eve = join(room, "eve", Wish::Watch);
        ada.send(&Message::Start {});
        for _ in 0..4 {
            for client in [&ada, &bob] {
                client.send(&bid(2, 4));
                client.send(&Message::Call {});
            }
            room.advance(TURN);
        }
        eve.send(&Message::Say { text: "well".into() });
        bob.cut();
        ada.send(&Message::Start {});
    });
}
