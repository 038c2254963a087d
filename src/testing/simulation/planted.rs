//! Engines and hosts with one fault each: the simulation finds every one of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::platform::{self, Perform, Platform, Stop};
use super::{Dice, Simulation};
use crate::host::commit::{Answer, Commit, Output, Write};
use crate::host::input::{Fault, Input};
use crate::room::alarm::When;
use crate::room::close::Close;
use crate::room::connection::SocketId;
use crate::room::context::Context;
use crate::room::effects::Effects;
use crate::room::error::{Error, Result};
use crate::room::room::{Never, Room};
use crate::testing::host::MemoryHost;
use crate::testing::object::{Plant, Planting};

/// A room that uses most of what there is: it counts, schedules, tells its sibling, and refuses.
struct Busy;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    count: u64,
    told: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Message {
    Count,
    Later(u64),
    Tell,
    Told,
    Refuse,
}

impl Room for Busy {
    const NAME: &'static str = "busy";
    type State = State;
    type Connection = ();
    type Upgrade = ();
    type Message = Message;
    type Broadcast = String;
    type Alarm = ();
    type Reply = Never;

    fn handle_connect(_: &Context<Self>, (): &()) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast("hello".to_owned()))
    }

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        let mut state = cx.state().cloned().unwrap_or_default();
        match message {
            Message::Count => {
                state.count += 1;
                let count = format!("{}", state.count);
                Ok(Effects::new().save(state).broadcast(count.clone()).broadcast(count + "!"))
            }
            Message::Later(millis) => {
                let when = When::after(std::time::Duration::from_millis(millis));
                Ok(Effects::new().schedule(format!("at {millis}"), when, ()))
            }
            Message::Tell => {
                let other = if cx.id() == "room-0" { "room-1" } else { "room-0" };
                Ok(Effects::new().tell::<Self>(other, &Message::Told))
            }
            Message::Told => {
                state.told += 1;
                Ok(Effects::new().save(state))
            }
            Message::Refuse => Err(Error::refuse("no", "not that")),
        }
    }

    fn handle_close(_: &Context<Self>, _: &Close) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast("bye".to_owned()))
    }

    fn handle_alarm(_: &Context<Self>, (): ()) -> Result<Effects<Self>> {
        Ok(Effects::new().broadcast("ding".to_owned()))
    }
}

fn message(dice: &mut Dice) -> Message {
    match dice.below(8) {
        0..3 => Message::Count,
        3 | 4 => Message::Later(1 + dice.number() % 5_000),
        5 => Message::Tell,
        6 => Message::Told,
        _ => Message::Refuse,
    }
}

fn busy() -> Simulation<Busy> {
    Simulation::<Busy>::new().rooms(2).messages(message)
}

/// What is wrong in front of an engine or behind it.
struct Faulty {
    fault: Planted,
    due: Vec<String>,
    known: BTreeSet<SocketId>,
    letters: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Planted {
    RemovesDueAlarmsFirst,
    ForgetsSessionsAsleep,
    KeepsWhatAFailedHandlerDid,
    IgnoresCuts,
    HandlesLettersAgain,
    LosesTheAlarm,
    LeavesClosesUnanswered,
}

impl Faulty {
    fn of(fault: Planted) -> Box<dyn Plant> {
        Box::new(Self { fault, due: Vec::new(), known: BTreeSet::new(), letters: 0 })
    }
}

impl Plant for Faulty {
    fn input(&mut self, _: &MemoryHost, input: &mut Input, _: &mut Fault) -> bool {
        match (self.fault, input) {
            (Planted::RemovesDueAlarmsFirst, Input::Alarm { name }) => self.due.push(name.clone()),
            (Planted::ForgetsSessionsAsleep, Input::Connect { socket, .. }) => {
                self.known.insert(*socket);
            }
            (Planted::ForgetsSessionsAsleep, Input::Message { socket, .. }) => {
                return self.known.contains(socket);
            }
            (Planted::IgnoresCuts, Input::Close { close, .. }) => return close.was_clean,
            (Planted::HandlesLettersAgain, Input::Receive { letter, .. }) => {
                self.letters += 1;
                letter.seq += self.letters;
            }
            _ => {}
        }
        true
    }

    fn commit(&mut self, commit: &mut Commit) {
        let due = std::mem::take(&mut self.due);
        match self.fault {
            Planted::RemovesDueAlarmsFirst => {
                for write in &mut commit.writes {
                    if let Write::Alarm(alarm) = write
                        && due.contains(&alarm.name)
                    {
                        *write = Write::RemoveAlarm(alarm.name.clone());
                    }
                }
                commit.alarm = None;
            }
            Planted::KeepsWhatAFailedHandlerDid
                if commit.answers.iter().any(|answer| matches!(answer, Answer::Error(_))) =>
            {
                commit.writes.push(Write::State(r#"{"count":7,"told":0}"#.to_owned()));
            }
            Planted::LosesTheAlarm => commit.alarm = None,
            Planted::LeavesClosesUnanswered => {
                commit.outputs.retain(|output| !matches!(output, Output::Close { .. }));
            }
            _ => {}
        }
    }
}

const ENGINES: [(Planted, Planting); 7] = [
    (Planted::RemovesDueAlarmsFirst, || Faulty::of(Planted::RemovesDueAlarmsFirst)),
    (Planted::ForgetsSessionsAsleep, || Faulty::of(Planted::ForgetsSessionsAsleep)),
    (Planted::KeepsWhatAFailedHandlerDid, || Faulty::of(Planted::KeepsWhatAFailedHandlerDid)),
    (Planted::IgnoresCuts, || Faulty::of(Planted::IgnoresCuts)),
    (Planted::HandlesLettersAgain, || Faulty::of(Planted::HandlesLettersAgain)),
    (Planted::LosesTheAlarm, || Faulty::of(Planted::LosesTheAlarm)),
    (Planted::LeavesClosesUnanswered, || Faulty::of(Planted::LeavesClosesUnanswered)),
];

fn sends_before_it_stores(platform: &mut Platform, commit: &Commit) -> Result<(), Stop> {
    for output in &commit.outputs {
        platform.output(output)?;
    }
    platform.store(commit)
}

fn stops_at_the_first_dead_peer(platform: &mut Platform, commit: &Commit) -> Result<(), Stop> {
    platform.store(commit)?;
    for output in &commit.outputs {
        let Output::Broadcast { tag, except, frame, to } = output else {
            platform.output(output)?;
            continue;
        };
        let open = platform.open(tag.as_ref(), *to);
        for socket in open.into_iter().filter(|socket| !except.contains(socket)) {
            if !platform.send(socket, frame) {
                break;
            }
        }
    }
    Ok(())
}

fn sends_out_of_order(platform: &mut Platform, commit: &Commit) -> Result<(), Stop> {
    platform.store(commit)?;
    let (last, first): (Vec<_>, Vec<_>) =
        commit.outputs.iter().partition(|output| matches!(output, Output::Broadcast { .. }));
    first.into_iter().chain(last.into_iter().rev()).try_for_each(|it| platform.output(it))
}

fn sends_to_the_closed(platform: &mut Platform, commit: &Commit) -> Result<(), Stop> {
    platform::perform(platform, commit)?;
    let closed = commit.outputs.iter().find_map(|output| match output {
        Output::Close { socket, .. } => Some(*socket),
        _ => None,
    });
    if let Some(socket) = closed {
        platform.send(socket, &crate::room::frame::Frame::Text("one more thing".to_owned()));
    }
    Ok(())
}

const HOSTS: [(&str, Perform); 4] = [
    ("SendsBeforeItStores", sends_before_it_stores),
    ("StopsAtTheFirstDeadPeer", stops_at_the_first_dead_peer),
    ("SendsOutOfOrder", sends_out_of_order),
    ("SendsToTheClosed", sends_to_the_closed),
];

/// A line of the table that `cargo test planted -- --nocapture` prints.
fn find(name: &str, simulation: impl Fn() -> Simulation<Busy>) {
    const SEEDS: u64 = 50;
    let found = simulation().seeds(0..SEEDS).failing().len();
    let failure = simulation().seeds(0..SEEDS).check().expect_err(name);
    let (steps, shortest, rule) = (failure.steps, failure.trace.len(), failure.rule);
    println!("| {name} | {found} of {SEEDS} | {steps} → {shortest} | {rule} |");
    assert!(found > 25, "{name} was found in {found} of {SEEDS} lives alone");
    assert!(shortest <= 8, "{name} takes {shortest} steps to show");
}

#[test]
fn a_sound_engine_on_a_sound_host_passes() {
    let report = busy().run();
    assert!(report.commits > 1_000 && report.panics > 100, "{report}");
}

#[test]
fn faulty_engines_are_found() {
    for (planted, plant) in ENGINES {
        find(&format!("{planted:?}"), || Simulation { plant: Some(plant), ..busy() });
    }
}

#[test]
fn faulty_hosts_are_found() {
    for (name, perform) in HOSTS {
        find(name, || Simulation { perform, ..busy() });
    }
}
