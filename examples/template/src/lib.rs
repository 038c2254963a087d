//! What is for lunch? Everyone sees the votes come in, and may change their mind.

use std::collections::BTreeMap;

use dormouse::{Context, Effects, Error, Keep, Never, Result, Resume, Room};
use serde::{Deserialize, Serialize};

/// A vote on lunch.
pub struct Lunch;

/// What can be voted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Dish {
    Soup,
    Pasta,
    Salad,
}

/// How many want which dish.
pub type Votes = BTreeMap<Dish, u32>;

/// What comes in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "_tag")]
pub enum Message {
    Vote { dish: Dish },
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "_tag")]
pub enum Broadcast {
    Votes { votes: Votes },
}

impl Room for Lunch {
    const NAME: &'static str = "lunch";
    // A page whose line breaks comes back, and gets what it missed.
    const RESUME: Option<Resume> = Some(Resume::keeping(Keep::newest(100)));

    type State = Votes; // the room remembers
    type Connection = Option<Dish>; // a connection remembers: its own vote
    type Upgrade = (); // what the Worker says of a new connection
    type Message = Message;
    type Broadcast = Broadcast;
    type Alarm = Never; // nothing is scheduled
    type Reply = Never; // nothing is asked of others

    fn handle_connect(cx: &Context<Self>, (): &()) -> Result<Effects<Self>> {
        let votes = cx.state().cloned().unwrap_or_default();
        Ok(cx.effects().send(cx.sender(), Broadcast::Votes { votes }))
    }

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        let Message::Vote { dish } = message;
        let Some(voter) = cx.sender() else {
            return Err(Error::refuse("not_here", "Only who is here can vote"));
        };
        let mut votes = cx.state().cloned().unwrap_or_default();
        if let Some(before) = voter.state() {
            votes.entry(*before).and_modify(|count| *count -= 1);
        }
        *votes.entry(dish).or_default() += 1;
        Ok(cx
            .effects()
            .save(votes.clone())
            .set_connection(voter, Some(dish))
            .broadcast(Broadcast::Votes { votes }))
    }
}

dormouse::rooms![Lunch];
dormouse::typescript!["types/rooms.d.ts"; Lunch];

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse::testing::{Simulation, TestRoom};

    #[test]
    fn who_votes_again_has_changed_their_mind() {
        let room = TestRoom::<Lunch>::new("today");
        let (ada, bob) = (room.connect("ada"), room.connect("bob"));
        ada.send(&Message::Vote { dish: Dish::Soup });
        bob.send(&Message::Vote { dish: Dish::Soup });
        room.hibernate();
        ada.send(&Message::Vote { dish: Dish::Pasta });
        let votes = Votes::from([(Dish::Soup, 1), (Dish::Pasta, 1)]);
        assert_eq!(room.state().as_ref(), Some(&votes));
        assert_eq!(
            bob.received().last().unwrap().to_text(),
            r#"{"_tag":"Votes","votes":{"soup":1,"pasta":1}}"#
        );
    }

    #[test]
    fn nobody_votes_twice_whatever_happens() {
        Simulation::<Lunch>::new()
            .messages(|dice| Message::Vote {
                dish: *dice.one_of(&[Dish::Soup, Dish::Pasta, Dish::Salad]),
            })
            .invariant("everyone has one vote at most", |cx, clients| {
                let votes: u32 = cx.state().map_or(0, |votes| votes.values().sum());
                votes as usize <= clients.len()
            })
            .run();
    }
}
