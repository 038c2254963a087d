//! The turns of simulated objects: what runs is judged, then performed on a platform that can fail.

use super::Violation;
use super::place::{Place, Waits};
use super::platform::Platform;
use super::world::{Mail, Phase, World};
use crate::host::commit::Answer;
use crate::host::input::Input;
use crate::room::room::Room;
use crate::testing::object::{Performed, Ran, Ready, Stop, Turn};

impl<R: Room> World<'_, R> {
    pub(super) fn put(&mut self, room: usize, input: Input) -> Result<(), Violation> {
        self.objects[room].object.put(input);
        if self.is_gathering { Ok(()) } else { self.drain(room) }
    }

    pub(super) fn call(
        &mut self,
        room: usize,
        input: Input,
        waits: Waits,
    ) -> Result<(), Violation> {
        let place = &mut self.objects[room];
        let ticket = place.object.put(input);
        place.waits.insert(ticket, waits);
        if self.is_gathering { Ok(()) } else { self.drain(room) }
    }

    pub(super) fn drain_all(&mut self) -> Result<(), Violation> {
        (0..self.objects.len()).try_for_each(|room| self.drain(room))
    }

    pub(super) fn drain(&mut self, room: usize) -> Result<(), Violation> {
        loop {
            let object = &mut self.objects[room].object;
            object.settings.fuse = self.fuse.take();
            let ran = object.next();
            self.fuse = object.settings.fuse.take();
            match ran {
                None => return Ok(()),
                Some(Ran::Ready(ready)) => {
                    self.report.inputs += ready.batch.len();
                    self.judge_ready(room, &ready)?;
                    self.rehearse(room, &ready)?;
                    self.perform(room, ready)?;
                }
                Some(Ran::Trapped(trap)) => {
                    self.report.panics += 1;
                    if !trap.is_planned() && !self.rules.may_panic {
                        return Err(Violation::new("no handler panics", trap.message()));
                    }
                    // One instance has all the rooms.
                    for place in &mut self.objects {
                        place.object.lose_instance();
                    }
                }
                Some(Ran::GaveUp(turn)) => self.settle_turn(room, &turn)?,
            }
        }
    }

    pub(super) fn hibernate(&mut self, room: usize) -> Result<(), Violation> {
        if room >= self.objects.len() {
            return Ok(());
        }
        // Only what waits for nothing can fall asleep.
        self.drain(room)?;
        self.judge_sleep(room)?;
        self.report.hibernations += 1;
        let place = &mut self.objects[room];
        place.object.host.lose_letters();
        let numbers = place.object.hibernate();
        place.sockets = std::mem::take(&mut place.sockets)
            .into_iter()
            .filter_map(|(before, line)| Some((*numbers.get(&before)?, line)))
            .collect();
        for (&socket, &line) in &place.sockets {
            self.lines[line].socket = socket;
        }
        Ok(())
    }

    fn perform(&mut self, room: usize, mut ready: Ready) -> Result<(), Violation> {
        let calls = std::mem::take(&mut ready.calls);
        let before = self.before(room, &ready.commit);
        let (lines, refuse, crash) = (&self.lines, self.refusals > 0, self.crash);
        let (Place { object, sockets, .. }, rules) = (&mut self.objects[room], self.rules);
        let is_dead = |socket| {
            let line = sockets.get(&socket).map(|&line| lines[line].phase);
            matches!(line, None | Some(Phase::Vanished | Phase::Gone))
        };
        let (mut letters, mut was_early) = (Vec::new(), false);
        let performed = object.perform_with(ready, |host, commit| {
            let mut platform = Platform::new(host, &is_dead, refuse, crash);
            let result = (rules.perform)(&mut platform, commit);
            let Platform { sent, stored, .. } = &mut platform;
            let (heard, stored) = (std::mem::take(sent), *stored);
            for (socket, _) in heard.iter().filter(|(socket, _)| is_dead(*socket)) {
                platform.host.abort(*socket);
            }
            (letters, was_early) = (platform.host.take_letters(), platform.was_early);
            match result {
                Ok(()) => Ok(heard),
                Err(super::platform::Stop::Refused(refusal)) => Err(Stop::Refused(refusal)),
                Err(super::platform::Stop::Crashed) => Err(Stop::Crashed { stored, heard }),
            }
        });
        if was_early {
            let what = "a frame or a letter left before what caused it was stored";
            return Err(Violation::new("what is told is stored", what));
        }
        match performed {
            Performed::Refused(refusal, _) if !refusal.is_planned => {
                let rule = "the platform takes what the engine found good";
                Err(Violation::new(rule, refusal.to_string()))
            }
            Performed::Refused(_, gave_up) => {
                self.refusals -= 1;
                self.report.refusals += 1;
                gave_up.map_or(Ok(()), |turn| self.settle_turn(room, &turn))
            }
            Performed::Crashed { turn, stored } => {
                self.crash = None;
                if stored {
                    self.remember(room, &turn, &calls)?;
                }
                self.arrive(room, &turn.heard);
                self.fail_over();
                if stored { self.judge_stored(room) } else { Ok(()) }
            }
            Performed::Done(turn) => {
                Self::judge_sent(&before, &turn.heard)?;
                if !turn.commit.writes.is_empty() || turn.commit.alarm.is_some() {
                    self.report.commits += 1;
                }
                self.remember(room, &turn, &calls)?;
                let from = room;
                self.post.extend(letters.into_iter().map(|letter| Mail { from, letter }));
                self.settle_turn(room, &turn)?;
                self.judge_batch(room, &before, &turn, &calls)
            }
        }
    }

    /// Tells everyone who waits what came of a turn.
    fn settle_turn(&mut self, room: usize, turn: &Turn) -> Result<(), Violation> {
        let Turn { inputs, heard, answers, .. } = turn;
        self.arrive(room, heard);
        for entry in inputs {
            if let Input::Close { socket, .. } = entry.input
                && let Some(line) = self.objects[room].sockets.remove(&socket)
            {
                self.lines[line].phase = Phase::Gone;
            }
        }
        for (ticket, answer) in answers {
            match (self.objects[room].waits.remove(ticket), answer) {
                (Some(Waits::Client(line)), Answer::Ok(_)) => {
                    if self.lines[line].phase == Phase::Connecting {
                        self.lines[line].phase = Phase::Open;
                        self.clients[line].is_open = true;
                        self.report.connections += 1;
                    }
                }
                (Some(Waits::Client(line)), Answer::Error(_)) => {
                    self.report.refused += 1;
                    self.objects[room].sockets.remove(&self.lines[line].socket);
                    self.lines[line].phase = Phase::Gone;
                }
                (Some(waits @ Waits::Letter { .. }), answer) => {
                    let answer = match answer {
                        Answer::Ok(value) => Ok(value.clone()),
                        Answer::Error(failure) => Err(failure.error.to_string()),
                    };
                    self.settle_letter(&waits, answer)?;
                }
                (None, _) => {}
            }
        }
        Ok(())
    }
}
