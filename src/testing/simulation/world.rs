//! A simulated world: rooms, their clients, what is on its way between them, and time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::dice::Dice;
use super::place::{Place, Waits};
use super::speaker::Speaker;
use super::step::{CrashAt, Fate, Step};
use super::{Report, Simulation, Violation};
use crate::host::host::Host as _;
use crate::host::input::Input;
use crate::host::letter::{Delivered, Letter};
use crate::room::close::Close;
use crate::room::connection::SocketId;
use crate::room::frame::Frame;
use crate::room::letter::Errand;
use crate::room::object_name::ObjectName;
use crate::room::room::Room;
use crate::room::time::Timestamp;
use crate::room::upgrade::Upgrade;
use crate::testing::host::{Delivery, MemoryHost};
use crate::testing::object::Object;

/// How many come after a long rest.
pub(super) const VISITS: usize = 8;

/// A client of a simulated room, as an invariant sees it.
///
/// ```
/// use dormouse::rooms::Echo;
/// use dormouse::testing::Simulation;
/// use dormouse::Frame;
///
/// // Nothing is as long as what nobody is allowed to say.
/// Simulation::<Echo>::new()
///     .invariant("short", |_, clients| {
///         clients.iter().flat_map(|client| client.received()).all(|it| it.as_bytes().len() < 100)
///     })
///     .seeds(0..5)
///     .run();
/// ```
// Each is a thing that a test asks about.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug)]
pub struct SimulatedClient {
    pub(super) number: usize,
    pub(super) room: usize,
    pub(super) id: Option<String>,
    pub(super) sent: Vec<Frame>,
    pub(super) received: Vec<Frame>,
    pub(super) closed: Option<Close>,
    pub(super) is_open: bool,
    pub(super) speaks_protocol: bool,
    pub(super) came_from: Option<usize>,
    pub(super) has_missed: bool,
    pub(super) is_forger: bool,
}

impl SimulatedClient {
    /// Its number in the trace.
    ///
    /// ```
    /// # use dormouse::{rooms::Echo, testing::Simulation};
    /// # let simulation = Simulation::<Echo>::new().seeds(0..2);
    /// simulation.invariant("numbered", |_, clients| clients.iter().all(|it| it.number() < 1_000)).run();
    /// ```
    pub fn number(&self) -> usize {
        self.number
    }

    /// The number of its room.
    ///
    /// ```
    /// # use dormouse::{rooms::Echo, testing::Simulation};
    /// # let simulation = Simulation::<Echo>::new().seeds(0..2);
    /// simulation.invariant("one room", |_, clients| clients.iter().all(|it| it.room() == 0)).run();
    /// ```
    pub fn room(&self) -> usize {
        self.room
    }

    /// The id it asked for.
    ///
    /// ```
    /// # use dormouse::{rooms::Echo, testing::Simulation};
    /// # let simulation = Simulation::<Echo>::new().seeds(0..2);
    /// simulation.invariant("known", |_, clients| clients.iter().all(|it| it.id() != Some("eve"))).run();
    /// ```
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// All that it sent.
    ///
    /// ```
    /// # use dormouse::{rooms::Echo, testing::Simulation};
    /// # let simulation = Simulation::<Echo>::new().seeds(0..2);
    /// simulation.invariant("quiet", |_, clients| clients.iter().all(|it| it.sent().len() < 500)).run();
    /// ```
    pub fn sent(&self) -> &[Frame] {
        &self.sent
    }

    /// All that it received.
    ///
    /// ```
    /// # use dormouse::{rooms::Echo, testing::Simulation};
    /// # let simulation = Simulation::<Echo>::new().seeds(0..2);
    /// simulation.invariant("quiet", |_, clients| clients.iter().all(|it| it.received().len() < 500)).run();
    /// ```
    pub fn received(&self) -> &[Frame] {
        &self.received
    }

    /// Whether its socket is open: accepted, and neither side has closed nor is the line cut.
    ///
    /// ```
    /// # use dormouse::{rooms::Echo, testing::Simulation};
    /// # let simulation = Simulation::<Echo>::new().seeds(0..2);
    /// simulation.invariant("some", |_, clients| clients.iter().filter(|it| it.is_open()).count() < 500).run();
    /// ```
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether it speaks the protocol `dormouse.1`, and may be another that has come back. What it sends
    /// and receives is told here as a plain client's.
    ///
    /// ```
    /// # use dormouse::{rooms::Echo, testing::Simulation};
    /// # let simulation = Simulation::<Echo>::new().seeds(0..2);
    /// simulation.invariant("no RESUME", |_, clients| clients.iter().all(|it| !it.speaks_protocol())).run();
    /// ```
    pub fn speaks_protocol(&self) -> bool {
        self.speaks_protocol
    }

    /// Whom it goes on from, if it has come back: the number that it had.
    ///
    /// ```
    /// # use dormouse::{rooms::Echo, testing::Simulation};
    /// # let simulation = Simulation::<Echo>::new().seeds(0..2);
    /// simulation.invariant("no RESUME", |_, clients| clients.iter().all(|it| it.came_from().is_none())).run();
    /// ```
    pub fn came_from(&self) -> Option<usize> {
        self.came_from
    }

    /// Whether it was told that it may have missed something.
    ///
    /// ```
    /// # use dormouse::{rooms::Echo, testing::Simulation};
    /// # let simulation = Simulation::<Echo>::new().seeds(0..2);
    /// simulation.invariant("no RESUME", |_, clients| clients.iter().all(|it| !it.has_missed())).run();
    /// ```
    pub fn has_missed(&self) -> bool {
        self.has_missed
    }

    /// The room's close frame, when it has come; 1006 if the machine failed.
    ///
    /// ```
    /// # use dormouse::{rooms::Echo, testing::Simulation};
    /// # let simulation = Simulation::<Echo>::new().seeds(0..2);
    /// simulation
    ///     .invariant("no trap", |_, clients| {
    ///         clients.iter().all(|it| it.closed().is_none_or(|close| close.code != 1011))
    ///     })
    ///     .run();
    /// ```
    pub fn closed(&self) -> Option<&Close> {
        self.closed.as_ref()
    }
}

/// The client's end of a socket.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) socket: SocketId,
    pub(super) phase: Phase,
    /// Its connection was accepted, in a commit that is stored.
    pub(super) was_accepted: bool,
    /// What it knows, if it speaks the protocol.
    pub(super) speaker: Option<Speaker>,
    upgrade: Upgrade,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Connecting,
    Open,
    /// A close frame is under way, or the platform has told of a cut.
    Closing,
    /// Cut, and nobody has noticed.
    Vanished,
    Gone,
}

/// A connection, by what outlives its sockets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Staying {
    Session(String),
    Line(usize),
}

/// A letter on its way.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) from: usize,
    pub(super) letter: Letter,
}

pub(super) struct World<'a, R: Room> {
    pub(super) rules: &'a Simulation<R>,
    pub(super) objects: Vec<Place>,
    pub(super) clients: Vec<SimulatedClient>,
    pub(super) lines: Vec<Line>,
    pub(super) post: Vec<Mail>,
    pub(super) is_gathering: bool,
    pub(super) fuse: Option<usize>,
    pub(super) refusals: usize,
    pub(super) crash: Option<CrashAt>,
    /// How often a letter was handled, by who sent it, to whom, and its number.
    pub(super) handled: BTreeMap<(String, usize, u64), usize>,
    pub(super) batches: usize,
    /// The connections that began, and whose `handle_close` has not run: by room, and by session or line.
    pub(super) staying: BTreeSet<(usize, Staying)>,
    pub(super) report: Report,
}

impl<'a, R: Room> World<'a, R> {
    pub(super) fn new(rules: &'a Simulation<R>, seed: u64) -> Self {
        let mut world = Self {
            rules,
            objects: Vec::new(),
            clients: Vec::new(),
            lines: Vec::new(),
            post: Vec::new(),
            is_gathering: false,
            fuse: None,
            refusals: 0,
            crash: None,
            handled: BTreeMap::new(),
            batches: 0,
            staying: BTreeSet::new(),
            report: Report::default(),
        };
        for room in 0..rules.rooms {
            let name = ObjectName::new(R::NAME, &format!("room-{room}")).expect("a room id");
            world.add(&name, seed);
        }
        world
    }

    /// Adds an object, if its room is one that there is.
    fn add(&mut self, name: &ObjectName, seed: u64) -> Option<usize> {
        let (rules, number) = (self.rules, self.objects.len());
        let seed = seed.wrapping_add(number as u64);
        let host = MemoryHost::new().with_seed(seed).with_config(&rules.config);
        let mut object = if name.room() == R::NAME {
            Object::new::<R>(host, name.id()).among(rules.siblings)
        } else {
            Object::open(rules.siblings?, host, &name.to_string()).ok()?
        };
        object.settings.is_quiet = rules.may_panic;
        object.settings.plant = rules.plant;
        if let Some(first) = self.objects.first() {
            object.host.be_at(first.object.host.now());
        }
        self.objects.push(Place::new(object));
        Some(number)
    }

    pub(super) fn apply(&mut self, step: &Step) -> Result<(), Violation> {
        self.report.steps += 1;
        match step {
            Step::Connect { client, room, upgrade } => {
                let speaker = upgrade.protocol.as_ref().map(|_| Speaker::default());
                self.connect(*client, *room, upgrade, speaker, None)
            }
            Step::Resume { client, from, forged } => self.resume(*client, *from, *forged),
            Step::Oversize { client } => match self.line(*client, &[Phase::Open]) {
                Some(line) => {
                    let (socket, room) = (self.lines[line].socket, self.clients[line].room);
                    self.put(room, Input::Oversize { socket, size: R::MAX_FRAME_BYTES + 1 })
                }
                None => Ok(()),
            },
            Step::Clock { jump } => {
                for place in &mut self.objects {
                    let now = place.object.host.now().as_millis().saturating_add_signed(*jump);
                    place.object.host.be_at(Timestamp::from_millis(now));
                }
                Ok(())
            }
            Step::Text { client, text } => self.frame(*client, Frame::Text(text.clone())),
            Step::Binary { client, bytes } => self.frame(*client, Frame::Binary(bytes.clone())),
            Step::Close { client, code, reason } => {
                let code = code.unwrap_or(1005);
                self.leave(*client, Close { code, reason: reason.clone(), was_clean: true })
            }
            Step::Vanish { client } => {
                if let Some(line) = self.line(*client, &[Phase::Open]) {
                    self.lines[line].phase = Phase::Vanished;
                    self.clients[line].is_open = false;
                }
                Ok(())
            }
            Step::Cut { client } => self.leave(*client, Close::cut()),
            Step::Send { room, json } => self.call_api(*room, Input::Send { json: json.clone() }),
            Step::Broadcast { room, json } => {
                self.call_api(*room, Input::Broadcast { json: json.clone(), tag: None })
            }
            Step::Gather {} => {
                self.is_gathering = true;
                Ok(())
            }
            Step::Drain {} => {
                self.is_gathering = false;
                self.drain_all()
            }
            Step::Wait { millis } => {
                self.advance(Duration::from_millis(*millis));
                Ok(())
            }
            Step::Alarm { room, late } => self.alarm(*room, *late),
            Step::StrayAlarm { room } => self.stray_alarm(*room),
            Step::Hibernate { room } => self.hibernate(*room),
            Step::Panic { after } => {
                self.fuse = Some(*after);
                Ok(())
            }
            Step::RefuseWrites { times } => {
                self.refusals = *times;
                Ok(())
            }
            Step::Crash { at } => {
                self.crash = Some(*at);
                Ok(())
            }
            Step::Letter { letter, fate } => self.letter(*letter, *fate),
        }
    }

    /// Lets what is under way come to its end, with no more faults: what is due happens, what is on
    /// its way arrives.
    pub(super) fn settle(&mut self) -> Result<(), Violation> {
        const ROUNDS: usize = 400;
        (self.fuse, self.refusals, self.crash) = (None, 0, None);
        self.is_gathering = false;
        self.drain_all()?;
        for client in 0..self.clients.len() {
            if self.lines[client].phase == Phase::Vanished {
                self.leave(self.clients[client].number, Close::cut())?;
            }
        }
        self.come_back()?;
        self.judge_finally()?;
        for _ in 0..ROUNDS {
            while !self.post.is_empty() {
                self.letter(0, Fate::Delivered)?;
            }
            let next = |(room, it): (usize, &Place)| Some((it.object.host.alarm()?, room));
            let Some((_, room)) = self.objects.iter().enumerate().filter_map(next).min() else {
                break;
            };
            self.alarm(room, 0)?;
        }
        self.judge_end()?;
        self.judge_rest()
    }

    /// Whoever speaks the protocol and lost the line comes back.
    fn come_back(&mut self) -> Result<(), Violation> {
        let is_over = |client: &SimulatedClient| {
            let is_final = |close: &Close| !matches!(close.code, 1001 | 1005 | 1006 | 1011 | 1012);
            client.closed.as_ref().is_some_and(is_final)
        };
        let went_on: BTreeSet<_> = self.clients.iter().filter_map(|it| it.came_from).collect();
        let lost = self.lines.iter().zip(&self.clients).filter(|(line, client)| {
            line.phase == Phase::Gone
                && line.speaker.as_ref().is_some_and(Speaker::is_greeted)
                && !is_over(client)
                && !went_on.contains(&client.number)
        });
        let lost: Vec<_> = lost.map(|(_, client)| client.number).collect();
        for from in lost {
            let number = self.clients.iter().map(|client| client.number + 1).max().unwrap_or(0);
            self.resume(number, from, None)?;
        }
        Ok(())
    }

    /// All leave, and a year passes.
    pub(super) fn rest(&mut self) -> Result<(), Violation> {
        for client in 0..self.clients.len() {
            let close = Close { code: 1000, reason: String::new(), was_clean: true };
            self.leave(self.clients[client].number, close)?;
        }
        self.advance(Duration::from_secs(365 * 24 * 3_600));
        for _ in 0..100 {
            for room in 0..self.objects.len() {
                if self.objects[room].object.host.alarm().is_some() {
                    self.alarm(room, 0)?;
                }
            }
            while !self.post.is_empty() {
                self.letter(0, Fate::Delivered)?;
            }
        }
        // What is over is forgotten when somebody else has been there.
        if R::RESUME.is_some() {
            for visit in 0..VISITS * self.rules.rooms {
                let number = self.clients.iter().map(|client| client.number + 1).max().unwrap_or(0);
                let mut upgrade = (self.rules.upgrades)(&mut Dice::new(number as u64));
                upgrade.protocol = Some("dormouse.1".to_owned());
                let speaker = Some(Speaker::default());
                self.connect(number, visit % self.rules.rooms, &upgrade, speaker, None)?;
                let close = Close { code: 1000, reason: String::new(), was_clean: true };
                self.leave(number, close)?;
            }
        }
        Ok(())
    }

    pub(super) fn advance(&mut self, time: Duration) {
        for place in &mut self.objects {
            place.object.host.advance(time);
        }
    }

    fn connect(
        &mut self,
        number: usize,
        room: usize,
        upgrade: &Upgrade,
        speaker: Option<Speaker>,
        came_from: Option<usize>,
    ) -> Result<(), Violation> {
        if room >= self.rules.rooms || self.clients.iter().any(|client| client.number == number) {
            return Ok(());
        }
        let socket = self.objects[room].object.host.new_socket();
        let line = self.lines.len();
        self.objects[room].sockets.insert(socket, line);
        self.lines.push(Line {
            socket,
            phase: Phase::Connecting,
            was_accepted: false,
            speaker,
            upgrade: upgrade.clone(),
        });
        self.clients.push(SimulatedClient {
            number,
            room,
            id: upgrade.id.clone(),
            sent: Vec::new(),
            received: Vec::new(),
            closed: None,
            is_open: false,
            speaks_protocol: self.lines[line].speaker.is_some(),
            came_from,
            has_missed: false,
            is_forger: false,
        });
        let input = Input::Connect { socket, upgrade: upgrade.clone() };
        self.call(room, input, Waits::Client(line))
    }

    fn resume(&mut self, number: usize, from: usize, forged: Option<u64>) -> Result<(), Violation> {
        let Some(line) = self.clients.iter().position(|client| client.number == from) else {
            return Ok(());
        };
        let Some(before) = &self.lines[line].speaker else { return Ok(()) };
        let (header, speaker) = Speaker::back(before, forged);
        let upgrade = Upgrade { protocol: Some(header), ..self.lines[line].upgrade.clone() };
        self.report.resumed += 1;
        // It listens to its old line no more.
        if matches!(self.lines[line].phase, Phase::Open | Phase::Connecting) {
            self.lines[line].phase = Phase::Vanished;
            self.clients[line].is_open = false;
        }
        let (known, room) = (self.clients.len(), self.clients[line].room);
        let is_forger = forged.is_some() || self.clients[line].is_forger;
        self.connect(number, room, &upgrade, Some(speaker), Some(from))?;
        if let Some(client) = self.clients.get_mut(known) {
            client.is_forger = is_forger;
        }
        Ok(())
    }

    /// The line of a client, if it is in one of some phases.
    fn line(&self, number: usize, phases: &[Phase]) -> Option<usize> {
        let line = self.clients.iter().position(|client| client.number == number)?;
        phases.contains(&self.lines[line].phase).then_some(line)
    }

    fn frame(&mut self, client: usize, frame: Frame) -> Result<(), Violation> {
        let Some(line) = self.line(client, &[Phase::Open]) else { return Ok(()) };
        let (socket, room) = (self.lines[line].socket, self.clients[line].room);
        self.clients[line].sent.push(frame.clone());
        if let (Some(pair), Frame::Text(text)) = (R::AUTO_RESPONSE, &frame)
            && text == pair.request()
        {
            self.objects[room].object.host.answer(socket);
            self.clients[line].received.push(Frame::Text(pair.response().to_owned()));
            return Ok(());
        }
        let frames = match &mut self.lines[line].speaker {
            Some(speaker) => speaker.say(&frame),
            None => vec![frame],
        };
        for frame in frames {
            self.put(room, Input::Message { socket, frame })?;
        }
        Ok(())
    }

    fn leave(&mut self, client: usize, close: Close) -> Result<(), Violation> {
        let is_cut = !close.was_clean;
        let phases: &[Phase] =
            if is_cut { &[Phase::Open, Phase::Vanished] } else { &[Phase::Open] };
        let Some(line) = self.line(client, phases) else { return Ok(()) };
        self.lines[line].phase = Phase::Closing;
        self.clients[line].is_open = false;
        let (socket, room) = (self.lines[line].socket, self.clients[line].room);
        self.put(room, Input::Close { socket, close })
    }

    fn call_api(&mut self, room: usize, input: Input) -> Result<(), Violation> {
        if room < self.rules.rooms { self.put(room, input) } else { Ok(()) }
    }

    fn alarm(&mut self, room: usize, late: u64) -> Result<(), Violation> {
        let Some(at) = self.objects.get(room).and_then(|it| it.object.host.alarm()) else {
            return Ok(());
        };
        let wait = at - self.objects[room].object.host.now();
        self.advance(wait + Duration::from_millis(late));
        self.stray_alarm(room)
    }

    fn stray_alarm(&mut self, room: usize) -> Result<(), Violation> {
        let Some(place) = self.objects.get_mut(room) else { return Ok(()) };
        place.object.fire_alarm();
        if self.is_gathering { Ok(()) } else { self.drain(room) }
    }

    /// What is to be delivered arrives, or does not.
    fn letter(&mut self, letter: usize, fate: Fate) -> Result<(), Violation> {
        if self.post.is_empty() {
            return Ok(());
        }
        let at = letter % self.post.len();
        let mail = if fate == Fate::Doubled { self.post[at].clone() } else { self.post.remove(at) };
        let Mail { from, letter } = mail;
        if fate == Fate::Lost {
            self.objects[from].object.host.landed(letter.seq);
            return Ok(());
        }
        if let Errand::Call { function, argument } = &letter.errand {
            let delivered = match (self.rules.calls)(function, argument) {
                Ok(value) => Delivered::Ok(value),
                Err(message) => Delivered::Error { message, is_final: false },
            };
            return self.answer_letter(from, letter.seq, delivered, fate);
        }
        let to = ObjectName::parse(letter.errand.to()).ok().and_then(|name| {
            let known = self.objects.iter().position(|it| *it.object.name() == name);
            known.or_else(|| self.add(&name, letter.seq))
        });
        let Some(to) = to else {
            let message = "there is no such room in this simulation".to_owned();
            let delivered = Delivered::Error { message, is_final: true };
            return self.answer_letter(from, letter.seq, delivered, fate);
        };
        let seq = letter.seq;
        let input = Input::Receive { from: self.objects[from].object.name().clone(), letter };
        self.call(to, input, Waits::Letter { from, seq, fate })
    }

    pub(super) fn answer_letter(
        &mut self,
        from: usize,
        seq: u64,
        delivered: Delivered,
        fate: Fate,
    ) -> Result<(), Violation> {
        if fate == Fate::AnswerLost {
            self.objects[from].object.host.landed(seq);
            return Ok(());
        }
        self.put(from, Input::Delivered { seq, delivered })
    }

    pub(super) fn settle_letter(
        &mut self,
        waits: &Waits,
        answer: Result<Value, String>,
    ) -> Result<(), Violation> {
        let Waits::Letter { from, seq, fate } = waits else { return Ok(()) };
        let delivered = match answer {
            Ok(value) => Delivered::Ok(value),
            Err(message) => Delivered::Error { message, is_final: false },
        };
        self.answer_letter(*from, *seq, delivered, *fate)
    }

    /// What was sent reaches those who are there.
    pub(super) fn arrive(&mut self, room: usize, sent: &[(SocketId, Delivery)]) {
        for (socket, delivery) in sent {
            let Some(&line) = self.objects[room].sockets.get(socket) else { continue };
            let phase = self.lines[line].phase;
            match delivery {
                Delivery::Frame(frame) => {
                    if matches!(phase, Phase::Open | Phase::Connecting) {
                        self.report.frames += 1;
                        let heard = match &mut self.lines[line].speaker {
                            Some(speaker) => {
                                let heard = speaker.hear(frame);
                                self.clients[line].has_missed |= speaker.has_missed();
                                heard
                            }
                            None => Some(frame.clone()),
                        };
                        self.clients[line].received.extend(heard);
                    }
                }
                Delivery::Close { code, reason } => {
                    let close = Close { code: *code, reason: reason.clone(), was_clean: true };
                    if phase != Phase::Vanished {
                        self.clients[line].closed.get_or_insert_with(|| close.clone());
                    }
                    if matches!(phase, Phase::Open | Phase::Connecting) {
                        // The client answers, and so the platform tells of the close in its turn.
                        self.lines[line].phase = Phase::Closing;
                        self.clients[line].is_open = false;
                        self.objects[room].object.put(Input::Close { socket: *socket, close });
                    }
                }
            }
        }
    }

    /// The machine is gone, and another takes over with what is stored.
    pub(super) fn fail_over(&mut self) {
        self.report.crashes += 1;
        // Nobody tells of plain lines that went with the machine.
        self.staying.retain(|(_, it)| matches!(it, Staying::Session(_)));
        self.post.clear();
        for place in &mut self.objects {
            place.crash();
        }
        for (line, client) in self.lines.iter_mut().zip(&mut self.clients) {
            if line.phase != Phase::Gone {
                line.phase = Phase::Gone;
                client.is_open = false;
                client.closed.get_or_insert_with(Close::cut);
            }
        }
    }
}
