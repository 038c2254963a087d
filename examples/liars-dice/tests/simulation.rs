//! Games that chance plays, with sleep, crashes and lost lines in between, and what always holds.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use dormouse::testing::{Dice, SimulatedClient, Simulation};
use dormouse::{Context, Frame, Tag};
use liars_dice::messages::{Broadcast, Message, Wish};
use liars_dice::rules::{DICE, SEATS};
use liars_dice::{CLOCK, LiarsDice, PLAYER};

fn message(dice: &mut Dice) -> Message {
    match dice.below(12) {
        0 => Message::Look {},
        1 => Message::Say { text: dice.text() },
        2 | 3 => Message::Start {},
        4..=6 => Message::Call {},
        _ => Message::Bid {
            count: *dice.one_of(&[1, 2, 3, 4, 5, 6, 7, 8]),
            face: *dice.one_of(&[0, 1, 2, 3, 4, 5, 6]),
        },
    }
}

/// What a client has heard of some kinds, in order. Only these are read: it is asked for very often.
fn heard<'a>(client: &'a SimulatedClient, kinds: &'a [&str]) -> impl Iterator<Item = Broadcast> {
    let texts = client.received().iter().map(Frame::to_text);
    let is_asked_for = |text: &str| {
        let rest = text.strip_prefix(r#"{"_tag":""#);
        rest.is_some_and(|rest| kinds.iter().any(|kind| rest.starts_with(kind)))
    };
    texts.filter(move |text| is_asked_for(text)).filter_map(|text| serde_json::from_str(&text).ok())
}

/// A game has one turn, of somebody with dice who does not face a bid of their own.
fn has_one_turn(cx: &Context<LiarsDice>) -> bool {
    let Some(table) = cx.state() else { return true };
    let with_dice = table.seats.iter().filter(|seat| !seat.dice.is_empty()).count();
    match &table.game {
        None => with_dice == 0,
        Some(game) => {
            let faces_another = game.bid.is_none_or(|(bidder, bid)| {
                bidder != game.turn && (1..=table.dice()).contains(&usize::from(bid.count))
            });
            with_dice >= 2 && !table.seats[game.turn].dice.is_empty() && faces_another
        }
    }
}

/// Everyone has at most five real dice, and one seat.
fn are_real(cx: &Context<LiarsDice>) -> bool {
    let Some(table) = cx.state() else { return true };
    table.seats.len() <= SEATS
        && table.seats.iter().enumerate().all(|(at, seat)| {
            let real = seat.dice.iter().all(|die| (1..=6).contains(die));
            real && seat.dice.len() <= DICE && table.seat_of(&seat.id) == Some(at)
        })
}

/// As a client sees it: a game begins with five dice a seat, each call takes one, nothing else any.
fn are_conserved(client: &SimulatedClient) -> bool {
    // None: no game was seen to run.
    let mut dice: Option<usize> = None;
    let mut is_first = true;
    heard(client, &["Table", "Shown", "Over"]).all(|message| match message {
        Broadcast::Table(view) => {
            let sum = view.seats.iter().map(|(_, dice)| dice).sum();
            let whole = DICE * view.seats.len();
            let holds = match (view.turn.is_some(), dice) {
                (false, _) => sum == 0,
                (true, Some(dice)) => sum == dice,
                // Who comes later sees what is left.
                (true, None) => sum == whole || is_first && sum < whole,
            };
            dice = view.turn.map(|_| sum);
            is_first = false;
            holds
        }
        Broadcast::Shown { hands, .. } => {
            let shown = hands.iter().map(|seat| seat.dice.len()).sum::<usize>();
            let holds = dice.is_none_or(|dice| dice == shown);
            dice = Some(shown - 1);
            holds
        }
        Broadcast::Over { .. } => {
            dice = None;
            true
        }
        _ => true,
    })
}

/// Nobody is told of dice under another cup, and who plays knows the own ones.
fn are_secret(cx: &Context<LiarsDice>, client: &SimulatedClient) -> bool {
    let id = client.id().expect("all have one");
    let told = heard(client, &["Yours"]).filter_map(|message| match message {
        Broadcast::Yours { id, dice } => Some((id, dice)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    let is_own = told.iter().all(|(whose, _)| whose == id);
    let seat = cx.state().and_then(|table| table.seats.iter().find(|seat| seat.id == id));
    let knows = match (seat, told.last()) {
        (Some(seat), Some((_, dice))) if client.is_open() && !client.speaks_protocol() => {
            dice == &seat.dice
        }
        _ => true,
    };
    is_own && knows
}

fn lives() -> Simulation<LiarsDice> {
    Simulation::<LiarsDice>::new()
        .messages(message)
        .upgrades(|dice| {
            let wish = if dice.percent(85) { Wish::Play } else { Wish::Watch };
            let id = *dice.one_of(&["ada", "bob", "cyd", "dan"]);
            support::upgrade(id, wish)
        })
        .invariant("a game has exactly one turn", |cx, _| has_one_turn(cx))
        .invariant("the clock runs if a game does", |cx, _| {
            let runs = cx.state().is_some_and(|table| table.game.is_some());
            cx.alarm(CLOCK).is_some() == runs
        })
        .invariant("dice are dice", |cx, _| are_real(cx))
        .invariant("dice are conserved", |_, clients| {
            // A client that comes back is told anew, and what it missed may be forgotten.
            clients.iter().filter(|client| !client.speaks_protocol()).all(are_conserved)
        })
        .invariant("nobody sees under another cup", |cx, clients| {
            clients.iter().all(|client| are_secret(cx, client))
        })
        .invariant("who is connected as a player has a seat", |cx, _| {
            let player = Tag::new(PLAYER).unwrap();
            cx.tagged(&player).iter().all(|connection| {
                cx.state().is_some_and(|table| table.seat_of(connection.id().as_str()).is_some())
            })
        })
}

#[test]
fn games_by_chance_keep_the_rules() {
    // The most that one client has heard of each: without that nothing was tested.
    let [shown, over] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let (most_shown, most_over) = (Arc::clone(&shown), Arc::clone(&over));
    let report = lives()
        .invariant("counts", move |_, clients| {
            for client in clients {
                shown.fetch_max(heard(client, &["Shown"]).count(), Relaxed);
                over.fetch_max(heard(client, &["Over"]).count(), Relaxed);
            }
            true
        })
        .run();
    let (shown, over) = (most_shown.load(Relaxed), most_over.load(Relaxed));
    println!("{report}; {shown} calls and {over} games over heard by one client");
    assert!(shown >= 5 && over >= 2, "{shown} calls, {over} games over");
}
