//! A room that uses all there is, and keeps account of what it said to whom.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Dice, SimulatedClient, Simulation};
use crate::host::commit::{Commit, Output, Write};
use crate::host::host::Host as _;
use crate::host::input::{Fault, Input};
use crate::host::letter::Letter;
use crate::room::alarm::When;
use crate::room::audience::Audience;
use crate::room::close::{Close, CloseCode};
use crate::room::connection::Connection;
use crate::room::context::Context;
use crate::room::effects::Effects;
use crate::room::error::{Error, Result};
use crate::room::frame::Frame;
use crate::room::function::Function;
use crate::room::history::Keep;
use crate::room::letter::Answer;
use crate::room::rate::RateLimit;
use crate::room::resume::Resume;
use crate::room::room::Room;
use crate::room::tag::Tag;
use crate::room::upgrade::{Admission, Newcomer};
use crate::testing::host::MemoryHost;
use crate::testing::object::{Plant, Planting};

/// Says numbers, each to some of those who are there or may come back.
pub(super) struct Town;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Account {
    /// What was said, from number 1: the kind of its audience, and the marks of those it was for.
    said: Vec<(Kind, Vec<u64>)>,
    told: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    /// Everyone, but perhaps for some.
    Broad,
    /// Those with a tag, or some.
    Narrow,
    /// One person.
    Person(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Message {
    All,
    Red,
    NotMe,
    NotAway,
    OnlyAway,
    Mine,
    Kick,
    KickAway,
    Paint,
    Later(u64),
    Tell,
    Told,
    Call(String),
    Purge,
    Refuse,
}

const SEVEN: Function<u32, u32> = Function::new("f");

type Who<'a> = &'a dyn Fn(&Connection<u64>) -> bool;

/// The next number, to an audience, and the account of whom it was for.
fn say(
    cx: &Context<Town>,
    account: &mut Account,
    kind: Kind,
    to: Audience,
    who: Who<'_>,
) -> Effects<Town> {
    let due = cx.connections().filter(|it| who(it)).map(|it| *it.state()).collect();
    account.said.push((kind, due));
    Effects::new().broadcast_to(to, account.said.len().to_string())
}

fn red() -> Result<Tag> {
    Tag::new("red")
}

impl Room for Town {
    const NAME: &'static str = "town";
    const MAX_FRAME_BYTES: usize = 200;
    const RESUME: Option<Resume> =
        Some(Resume::keeping(Keep::newest(400)).grace(Duration::from_secs(20)));
    const PRESUMED_GONE_AFTER: Option<Duration> = Some(Duration::from_secs(3_600));
    const RATE_LIMIT: Option<RateLimit> = Some(RateLimit::new(20, Duration::from_millis(100)));
    type State = Account;
    /// A mark of its own for each connection.
    type Connection = u64;
    type Upgrade = ();
    type Message = Message;
    type Broadcast = String;
    type Alarm = ();
    type Reply = String;

    fn admit(cx: &Context<Self>, who: Newcomer<()>) -> Result<Admission<u64>> {
        let state = cx.random() >> 12;
        Ok(Admission { id: who.id_or_uuid(cx), tags: who.tags.clone(), state })
    }

    fn handle_connect(cx: &Context<Self>, (): &()) -> Result<Effects<Self>> {
        let mark = cx.sender().map(|sender| *sender.state()).unwrap_or_default();
        Ok(Effects::new().send(cx.sender(), format!("mark {mark}")))
    }

    fn handle_message(cx: &Context<Self>, message: Message) -> Result<Effects<Self>> {
        let mut account = cx.state().cloned().unwrap_or_default();
        let state = &mut account;
        let everyone = Audience::everyone;
        let me = cx.sender().map(|sender| *sender.state());
        let away = || cx.connections().filter(|it| !it.is_here()).collect::<Vec<_>>();
        let effects = Effects::new();
        let effects = match message {
            Message::All => say(cx, state, Kind::Broad, everyone(), &|_| true),
            Message::Red => {
                let tag = red()?;
                say(cx, state, Kind::Narrow, Audience::tagged(tag.clone()), &|it| it.has_tag(&tag))
            }
            Message::NotMe => {
                let to = everyone().except(cx.sender());
                say(cx, state, Kind::Broad, to, &|it| Some(*it.state()) != me)
            }
            Message::NotAway => {
                say(cx, state, Kind::Broad, everyone().except(away()), &Connection::is_here)
            }
            Message::OnlyAway => {
                say(cx, state, Kind::Narrow, Audience::only(away()), &|it| !it.is_here())
            }
            Message::Mine => match cx.sender_id() {
                Some(id) => {
                    let kind = Kind::Person(id.to_string());
                    say(cx, state, kind, Audience::id(id), &|it| it.id() == id)
                }
                None => effects,
            },
            Message::Kick => {
                let others = cx.connections().filter(|it| Some(*it.state()) != me).take(1);
                effects.close(others.collect::<Vec<_>>(), CloseCode::new(4000)?, "out")
            }
            Message::KickAway => effects.close(away(), CloseCode::new(4000)?, "out"),
            Message::Paint => cx.connections().fold(effects, |effects, it| {
                let tags = if it.has_tag(&red().expect("a tag")) {
                    vec![]
                } else {
                    red().into_iter().collect()
                };
                effects.set_tags(&it, tags)
            }),
            Message::Later(millis) => effects.schedule(
                format!("{millis}"),
                When::after(Duration::from_millis(millis)),
                (),
            ),
            Message::Tell => {
                let other = if cx.id() == "room-0" { "room-1" } else { "room-0" };
                (0..3).fold(effects, |effects, _| effects.tell::<Self>(other, &Message::Told))
            }
            Message::Told => {
                state.told += 1;
                effects
            }
            Message::Call(reply) => effects.call(&SEVEN, &1, reply),
            Message::Purge => effects.purge(),
            Message::Refuse => return Err(Error::refuse("no", "not that")),
        };
        Ok(effects.save(account))
    }

    fn handle_close(cx: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        let is_bob = cx.sender_id().is_some_and(|id| id.as_str() == "bob");
        assert!(close.code != 1006 || !is_bob, "it did not think of that");
        let mut account = cx.state().cloned().unwrap_or_default();
        let gone = cx.sender().map(|sender| *sender.state());
        let effects = say(cx, &mut account, Kind::Broad, Audience::everyone(), &|it| {
            Some(*it.state()) != gone
        });
        Ok(effects.save(account))
    }

    fn handle_alarm(cx: &Context<Self>, (): ()) -> Result<Effects<Self>> {
        let mut account = cx.state().cloned().unwrap_or_default();
        let effects = say(cx, &mut account, Kind::Broad, Audience::everyone(), &|_| true);
        Ok(effects.save(account))
    }

    fn handle_reply(_: &Context<Self>, about: String, _: Answer) -> Result<Effects<Self>> {
        assert!(about != "panic", "it did not think of that either");
        Ok(Effects::new())
    }
}

fn message(dice: &mut Dice) -> Message {
    match dice.below(24) {
        0..4 => Message::All,
        4..7 => Message::Red,
        7 => Message::NotMe,
        8 | 9 => Message::NotAway,
        10 => Message::OnlyAway,
        11 => Message::Mine,
        12 => Message::Kick,
        13 => Message::KickAway,
        14 | 15 => Message::Paint,
        16 => Message::Later(1 + dice.number() % 5_000),
        17 | 18 => Message::Tell,
        19 => Message::Told,
        20 => Message::Call((*dice.one_of(&["r", "panic"])).to_owned()),
        21 => Message::Purge,
        _ => Message::Refuse,
    }
}

pub(super) const EXACTLY: &str = "everyone gets exactly what was for them";

pub(super) fn town() -> Simulation<Town> {
    Simulation::<Town>::new()
        .rooms(2)
        .messages(message)
        .calls(|_, _| Ok(7.into()))
        .allow_panics()
        .clock_jumps()
        .finally(EXACTLY, |cx, clients| {
            let nothing = Account::default();
            let said = &cx.state().unwrap_or(&nothing).said;
            let went_on: Vec<_> = clients.iter().filter_map(SimulatedClient::came_from).collect();
            let last = clients.iter().filter(|client| !went_on.contains(&client.number()));
            // Two that go on from one are one session, and take it from each other.
            let is_one = |client: &&SimulatedClient| {
                went_on.iter().filter(|it| **it == client.number()).count() <= 1
            };
            let lines = last.map(|client| line_of(clients, client));
            lines.into_iter().all(|line| !line.iter().all(is_one) || is_exact(said, &line))
        })
}

/// A client, and those whom it goes on from, the first in front.
fn line_of<'a>(
    clients: &'a [SimulatedClient],
    last: &'a SimulatedClient,
) -> Vec<&'a SimulatedClient> {
    let mut line = vec![last];
    while let Some(before) = line[0].came_from()
        && let Some(before) = clients.iter().find(|client| client.number() == before)
    {
        line.insert(0, before);
    }
    line
}

fn is_exact(said: &[(Kind, Vec<u64>)], line: &[&SimulatedClient]) -> bool {
    let Some(last) = line.last() else { return true };
    let is_forger = last.is_forger;
    let has_missed = line.iter().any(|client| client.has_missed());
    // What was heard under each mark.
    let mut heard: Vec<(u64, Vec<usize>)> = vec![(0, Vec::new())];
    for frame in line.iter().flat_map(|client| client.received()) {
        let Some(text) = text(frame) else { continue };
        if let Some(mark) = text.strip_prefix("mark ").and_then(|mark| mark.parse().ok()) {
            // One who tells lies hears the same again.
            if !heard.iter().any(|(known, _)| *known == mark) {
                heard.push((mark, Vec::new()));
            }
        } else if let Ok(number) = text.parse() {
            heard.last_mut().expect("the first").1.push(number);
        }
    }
    let newest = heard.len() - 1;
    let is_due = |mark: u64, number: &usize| said[number - 1].1.contains(&mark);
    heard.iter().enumerate().all(|(nth, (mark, numbers))| {
        let due: Vec<_> = (1..=said.len()).filter(|number| is_due(*mark, number)).collect();
        // Whoever comes anew in the same session is told what all were told meanwhile.
        let is_meanwhile = |number: &&usize| {
            let is_for_her = match &said[**number - 1].0 {
                Kind::Broad => true,
                Kind::Narrow => false,
                Kind::Person(id) => last.id() == Some(id),
            };
            nth < newest && is_for_her && !is_due(*mark, number)
        };
        if is_forger {
            return numbers.iter().all(|number| is_due(*mark, number) || is_meanwhile(&number));
        }
        let own: Vec<_> = numbers.iter().filter(|it| !is_meanwhile(it)).copied().collect();
        let is_whole = nth == newest && last.is_open();
        match (has_missed, is_whole) {
            (true, _) => {
                own.is_sorted_by(|one, other| one < other) && own.iter().all(|it| due.contains(it))
            }
            (false, true) => own == due,
            (false, false) => due.starts_with(&own),
        }
    })
}

fn text(frame: &Frame) -> Option<String> {
    serde_json::from_str(&frame.to_text()).ok()
}

#[test]
fn a_town_keeps_its_promises() {
    let report = town().run();
    println!("{report}");
    assert!(report.resumed > 200 && report.crashes > 20, "{report}");
}

/// A fault in what an engine takes or gives, of those that were once found in it.
struct Flawed {
    flaw: Flaw,
    delivered: Option<Letter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    LogsWithoutTheTag,
    LogsWithoutExceptions,
    SendsAgainWhatIsOnItsWay,
    ForgetsLettersAtAPurge,
    KeepsLettersThatEnded,
    KeepsARowForEver,
    ReadsAllForEach,
    LeavesOutTheLastThatWasMissed,
    LetsNobodyLeave,
}

impl Flawed {
    fn of(flaw: Flaw) -> Box<dyn Plant> {
        Box::new(Self { flaw, delivered: None })
    }
}

fn without(json: &str, field: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(json).expect("JSON");
    value.as_object_mut().map(|object| object.remove(field));
    value.to_string()
}

impl Plant for Flawed {
    fn input(&mut self, host: &MemoryHost, input: &mut Input, _: &mut Fault) -> bool {
        match (self.flaw, input) {
            (Flaw::ReadsAllForEach, _) => {
                for _ in 0..500 {
                    host.count();
                    host.value("");
                }
            }
            (Flaw::LetsNobodyLeave, Input::Alarm { name }) => {
                return !name.starts_with("\u{1}leave/");
            }
            _ => {}
        }
        true
    }

    fn commit(&mut self, commit: &mut Commit) {
        for write in &mut commit.writes {
            match (self.flaw, write) {
                (Flaw::LogsWithoutTheTag, Write::Append { entry, .. }) => {
                    entry.row = without(&entry.row, "tag");
                }
                (Flaw::LogsWithoutExceptions, Write::Append { entry, .. }) => {
                    entry.row = without(&entry.row, "except");
                }
                _ => {}
            }
        }
        let is_letter = |key: &str| key.starts_with("\u{1}letter/");
        match self.flaw {
            Flaw::ForgetsLettersAtAPurge if commit.writes.contains(&Write::Purge) => {
                commit.writes.retain(
                    |it| !matches!(it, Write::Value { key, .. } if key.starts_with("\u{1}from/")),
                );
            }
            Flaw::KeepsLettersThatEnded => {
                commit.writes.retain(|it| !matches!(it, Write::RemoveValue(key) if is_letter(key)));
            }
            Flaw::KeepsARowForEver => {
                let last = commit.writes.iter().rev().find_map(|write| match write {
                    Write::Append { entry, .. } => Some(entry.seq),
                    _ => None,
                });
                commit.writes.extend(last.map(|seq| Write::Value {
                    key: format!("\u{1}from/{seq}"),
                    value: "{}".to_owned(),
                }));
            }
            Flaw::SendsAgainWhatIsOnItsWay => {
                let again = self.delivered.clone();
                let sent = commit.outputs.iter().find_map(|output| match output {
                    Output::Deliver(letter) => Some(letter.clone()),
                    _ => None,
                });
                self.delivered = sent.or(self.delivered.take());
                commit.outputs.extend(again.map(Output::Deliver));
            }
            Flaw::LeavesOutTheLastThatWasMissed
                if commit.outputs.iter().any(|it| matches!(it, Output::Accept { .. })) =>
            {
                let is_told = |it: &Output| match it {
                    Output::Send { frame, .. } => frame.to_text().starts_with('m'),
                    _ => false,
                };
                if let Some(at) = commit.outputs.iter().rposition(is_told) {
                    commit.outputs.remove(at);
                }
            }
            _ => {}
        }
    }
}

const FLAWS: [(Flaw, Planting, &str); 9] = [
    (Flaw::LogsWithoutTheTag, || Flawed::of(Flaw::LogsWithoutTheTag), EXACTLY),
    (Flaw::LogsWithoutExceptions, || Flawed::of(Flaw::LogsWithoutExceptions), EXACTLY),
    (
        Flaw::SendsAgainWhatIsOnItsWay,
        || Flawed::of(Flaw::SendsAgainWhatIsOnItsWay),
        "what is on its way is not started again",
    ),
    (
        Flaw::ForgetsLettersAtAPurge,
        || Flawed::of(Flaw::ForgetsLettersAtAPurge),
        "a letter is handled once",
    ),
    (
        Flaw::KeepsLettersThatEnded,
        || Flawed::of(Flaw::KeepsLettersThatEnded),
        "in the end everything is handled",
    ),
    (Flaw::KeepsARowForEver, || Flawed::of(Flaw::KeepsARowForEver), "nothing grows for ever"),
    (Flaw::ReadsAllForEach, || Flawed::of(Flaw::ReadsAllForEach), "what is read follows what came"),
    (
        Flaw::LeavesOutTheLastThatWasMissed,
        || Flawed::of(Flaw::LeavesOutTheLastThatWasMissed),
        EXACTLY,
    ),
    (
        Flaw::LetsNobodyLeave,
        || Flawed::of(Flaw::LetsNobodyLeave),
        "in the end everything is handled",
    ),
];

/// `cargo test planted -- --nocapture` prints in how many lives each is found, by which rules, and the
/// shortest life.
#[test]
fn planted_flaws_are_found_in_a_town() {
    const SEEDS: u64 = 20;
    // Lives that break a rule with nothing planted show nothing.
    let sound: Vec<_> = (0..SEEDS).filter(|seed| town().life(*seed).is_ok()).collect();
    println!("nothing planted: {} of {SEEDS} lives break no rule", sound.len());
    for (flaw, plant, rule) in FLAWS {
        let simulation = Simulation { plant: Some(plant), ..town() };
        let mut found = std::collections::BTreeMap::<String, Vec<u64>>::new();
        for &seed in &sound {
            if let Err((_, violation)) = simulation.life(seed) {
                found.entry(violation.rule).or_default().push(seed);
            }
        }
        let by_rule: Vec<_> =
            found.iter().map(|(rule, seeds)| format!("{rule}: {}", seeds.len())).collect();
        let seed = found.get(rule).and_then(|seeds| seeds.first());
        let seed = seed.unwrap_or_else(|| panic!("{flaw:?} is not found: {by_rule:?}"));
        let failure = simulation.seeds(*seed..seed + 1).check().expect_err("it was found");
        let (steps, shortest) = (failure.steps, failure.trace.len());
        println!(
            "| {flaw:?} | {} of {} | {steps} → {shortest} | {rule} |",
            found[rule].len(),
            sound.len()
        );
        assert!(shortest <= 16, "{flaw:?} takes {shortest} steps to show");
    }
}
