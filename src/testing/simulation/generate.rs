//! What happens next, by chance.

use super::dice::Dice;
use super::step::{CrashAt, Fate, Step};
use super::world::{Phase, World};
use crate::room::frame::Frame;
use crate::room::liveness::AutoResponse;
use crate::room::room::Room;
use crate::room::upgrade::{OnDuplicate, Upgrade};

/// How many clients are open at a time, at most.
const CLIENTS: usize = 6;

impl<R: Room> World<'_, R> {
    pub(super) fn next(&self, dice: &mut Dice) -> Step {
        let room = dice.below(self.rules.rooms);
        match dice.below(1_000) {
            0..380 => self.say(dice),
            380..500 => self.arrival(dice, room),
            500..570 => self.departure(dice),
            570..630 => Step::Send { room, json: self.json(dice) },
            630..640 => Step::Broadcast { room, json: self.json(dice) },
            640..700 if self.is_gathering => Step::Drain {},
            640..700 => Step::Gather {},
            700..780 => {
                Step::Wait { millis: *dice.one_of(&[1, 20, 300, 5_000, 60_000, 90_000_000]) }
            }
            780..830 => Step::Alarm { room, late: *dice.one_of(&[0, 0, 1, 5_000]) },
            830..840 => Step::StrayAlarm { room },
            840..900 => Step::Hibernate { room: dice.below(self.objects.len()) },
            900..920 => Step::Panic { after: dice.below(5) },
            920..940 => Step::RefuseWrites { times: 1 + dice.below(2) },
            940..950 => Step::Crash { at: *dice.one_of(&CRASHES) },
            950..955 if self.rules.clock_jumps => {
                Step::Clock { jump: *dice.one_of(&[-7_200_000, -1_000, 3_600_000]) }
            }
            955..960 => match self.client(dice, &[Phase::Open]) {
                Some(client) => Step::Oversize { client },
                None => self.arrival(dice, room),
            },
            _ if self.post.is_empty() => self.say(dice),
            _ => Step::Letter { letter: dice.below(self.post.len()), fate: *dice.one_of(&FATES) },
        }
    }

    fn client(&self, dice: &mut Dice, phases: &[Phase]) -> Option<usize> {
        let there = self.lines.iter().zip(&self.clients);
        let there = there.filter(|(line, _)| phases.contains(&line.phase));
        let nth = dice.below(there.clone().count());
        there.map(|(_, client)| client.number).nth(nth)
    }

    fn say(&self, dice: &mut Dice) -> Step {
        let Some(client) = self.client(dice, &[Phase::Open]) else {
            return self.arrival(dice, 0);
        };
        match self.any_frame(dice) {
            Frame::Text(text) => Step::Text { client, text },
            Frame::Binary(bytes) => Step::Binary { client, bytes },
        }
    }

    fn any_frame(&self, dice: &mut Dice) -> Frame {
        let frame = (self.rules.frames)(dice);
        match dice.below(40) {
            0 => Frame::Text(hostile(dice)),
            1 => {
                Frame::Binary((0..dice.below(12)).map(|_| dice.number().to_le_bytes()[0]).collect())
            }
            // Every frame of text may as well come as bytes.
            2 => Frame::Binary(frame.as_bytes().to_vec()),
            3 => Frame::Text(damaged(dice, &frame.to_text())),
            4 => Frame::Text(
                R::AUTO_RESPONSE
                    .as_ref()
                    .map_or_else(String::new, |pair: &AutoResponse| pair.request().to_owned()),
            ),
            _ => frame,
        }
    }

    fn json(&self, dice: &mut Dice) -> String {
        let text = self.any_frame(dice).to_text().into_owned();
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        // A room of plain texts is called with a JSON string.
        if is_json { text } else { serde_json::Value::String(text).to_string() }
    }

    fn arrival(&self, dice: &mut Dice, room: usize) -> Step {
        let open = self.lines.iter().filter(|line| line.phase != Phase::Gone).count();
        if open >= CLIENTS {
            return self.departure(dice);
        }
        let client = self.clients.iter().map(|client| client.number + 1).max().unwrap_or(0);
        let mut upgrade = (self.rules.upgrades)(dice);
        if R::RESUME.is_some() {
            let spoke = self.lines.iter().zip(&self.clients).filter(|(it, _)| it.speaker.is_some());
            let spoke: Vec<_> = spoke.map(|(_, client)| client.number).collect();
            if !spoke.is_empty() && dice.percent(50) {
                let forged = dice.percent(12).then_some(0);
                return Step::Resume { client, from: *dice.one_of(&spoke), forged };
            }
            if dice.percent(50) {
                upgrade.protocol = Some("dormouse.1".to_owned());
            }
        }
        Step::Connect { client, room, upgrade }
    }

    fn departure(&self, dice: &mut Dice) -> Step {
        let open = self.client(dice, &[Phase::Open]);
        let vanished = self.client(dice, &[Phase::Vanished]);
        match (open, vanished, dice.below(6)) {
            (_, Some(client), 0..2) | (None, Some(client), _) | (Some(client), None, 0) => {
                Step::Cut { client }
            }
            (Some(client), None, 1) => Step::Vanish { client },
            (Some(client), _, 2) => Step::Close { client, code: None, reason: String::new() },
            (Some(client), _, _) => {
                let code = Some(*dice.one_of(&[1000, 1001, 3000, 4999]));
                Step::Close { client, code, reason: dice.text() }
            }
            (None, None, _) => Step::Wait { millis: 1 },
        }
    }
}

const CRASHES: [CrashAt; 4] = [
    CrashAt::BeforeCommit,
    CrashAt::AfterOutputs(0),
    CrashAt::AfterOutputs(1),
    CrashAt::AfterOutputs(2),
];

const FATES: [Fate; 6] = [
    Fate::Delivered,
    Fate::Delivered,
    Fate::Delivered,
    Fate::AnswerLost,
    Fate::Lost,
    Fate::Doubled,
];

/// Some of a few people, with every rule for those who come twice.
pub(super) fn upgrade(dice: &mut Dice) -> Upgrade {
    let id = (!dice.percent(10)).then(|| (*dice.one_of(&["ada", "bob", "cyd"])).to_owned());
    let tags = if dice.percent(20) { vec!["red".to_owned()] } else { Vec::new() };
    let rules = [OnDuplicate::Allow, OnDuplicate::Allow, OnDuplicate::Replace, OnDuplicate::Reject];
    Upgrade { id, tags, on_duplicate: *dice.one_of(&rules), ..Upgrade::default() }
}

/// What clients send that mean no good, or know no better.
pub(super) fn hostile(dice: &mut Dice) -> String {
    let whole = [
        "",
        "null",
        "{}",
        "[]",
        "0",
        "\"\"",
        "{\"_tag\":null}",
        "{\"type\":\"__proto__\"}",
        "[[[[[[[[[[",
        "1e999",
        "-0",
        "18446744073709551616",
        "\u{0}",
        "NaN",
        "{\"a\":1,\"a\":2}",
        "\"\\ud800\"",
    ];
    if dice.percent(80) { (*dice.one_of(&whole)).to_owned() } else { dice.text() }
}

/// A text with something missing.
fn damaged(dice: &mut Dice, text: &str) -> String {
    let missing = dice.below(text.chars().count());
    text.chars().enumerate().filter(|(at, _)| *at != missing).map(|(_, it)| it).collect()
}
