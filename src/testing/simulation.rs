//! A room's whole life by chance: every order of events, every sleep, every crash.

mod dice;
mod generate;
mod judge;
mod place;
#[cfg(test)]
mod planted;
mod platform;
mod shrink;
mod speaker;
mod step;
#[cfg(test)]
mod town;
mod turns;
mod world;

use std::any::type_name;
use std::fmt::{self, Write as _};
use std::ops::{AddAssign, Range};
use std::thread;

use serde::Serialize;
use serde_json::Value;

pub use dice::Dice;
pub use step::{CrashAt, Fate, Step};
pub use world::SimulatedClient;

use super::object::Planting;
use crate::registry::Registry;
use crate::room::context::Context;
use crate::room::frame::Frame;
use crate::room::room::Room;
use crate::room::upgrade::Upgrade;
use platform::Perform;
use world::World;

/// Runs a room through lives that chance makes up, and judges whether it keeps its promises.
///
/// Clients come, send what the room takes and what it does not, close in every way, vanish, come twice;
/// the room sleeps, its handlers panic, its storage refuses, its machine fails before a commit and after
/// it, its alarm is early, late or double, its letters are lost and doubled. Whatever happens, for every
/// room:
///
/// - a room that slept does what one that was awake does: nothing that counts is kept in memory, and
///   the same input has the same effects each time;
/// - a handler that fails changes nothing;
/// - what is told is stored before;
/// - everyone gets what was meant for them, in order, and nobody else anything;
/// - `handle_close` runs once for each connection that was accepted, and every close is answered;
/// - the object's alarm stands at the earliest alarm, and an alarm stays until it is handled;
/// - a letter from a sibling is handled once;
/// - no handler panics, unless that is [allowed](Simulation::allow_panics).
///
/// What else must hold the room's author says with [`invariant`](Simulation::invariant). A life that
/// breaks a rule is shortened to the fewest steps that still break it, and printed as a test.
///
/// ```
/// use dormouse::rooms::Chat;
/// use dormouse::rooms::chat::Message;
/// use dormouse::testing::Simulation;
///
/// Simulation::<Chat>::new().messages(|dice| Message::Say { text: dice.text() }).run();
/// ```
///
/// `DORMOUSE_SEEDS=5000` in the environment runs so many lives, `DORMOUSE_SEED=17` that one alone.
///
/// What it cannot see: a `static` of the whole process that no second run changes. A `thread_local!`
/// and everything that counts it does.
pub struct Simulation<R: Room> {
    seeds: Range<u64>,
    steps: usize,
    rooms: usize,
    config: String,
    frames: Box<dyn Fn(&mut Dice) -> Frame + Sync>,
    upgrades: Box<dyn Fn(&mut Dice) -> Upgrade + Sync>,
    calls: Box<Calls>,
    invariants: Vec<Invariant<R>>,
    /// What must hold when those who lost their line are back.
    ends: Vec<Invariant<R>>,
    siblings: Option<Registry>,
    may_panic: bool,
    clock_jumps: bool,
    /// Every batch is run again on a thread of its own.
    is_thorough: bool,
    plant: Option<Planting>,
    perform: Perform,
}

type Calls = dyn Fn(&str, &str) -> Result<Value, String> + Sync;

struct Invariant<R: Room> {
    name: String,
    holds: Box<Holds<R>>,
}

type Holds<R> = dyn Fn(&Context<'_, R>, &[SimulatedClient]) -> bool + Sync;

impl<R: Room> Default for Simulation<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Room> Simulation<R> {
    /// A hundred lives of 200 steps, whose clients know no message and send hostile frames. Tell
    /// them more with [`messages`](Self::messages) or [`frames`](Self::frames).
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// let report = Simulation::<Echo>::new().run();
    /// assert_eq!(report.lives, 100);
    /// ```
    pub fn new() -> Self {
        Self {
            seeds: 0..100,
            steps: 200,
            rooms: 1,
            config: "{}".to_owned(),
            frames: Box::new(|dice| Frame::Text(generate::hostile(dice))),
            upgrades: Box::new(generate::upgrade),
            calls: Box::new(|function, _| {
                Err(format!("the simulation has no function {function:?}"))
            }),
            invariants: Vec::new(),
            ends: Vec::new(),
            siblings: None,
            may_panic: false,
            clock_jumps: false,
            is_thorough: false,
            plant: None,
            perform: platform::perform,
        }
    }

    /// The same with clients that send such messages, as JSON. Now and then they send something else all
    /// the same.
    ///
    /// # Panics
    /// While it runs, if a message cannot be written as JSON.
    ///
    /// ```
    /// use dormouse::rooms::chat::Message;
    /// use dormouse::{rooms::Chat, testing::Simulation};
    /// Simulation::<Chat>::new().messages(|_| Message::Typing {}).seeds(0..5).run();
    /// ```
    pub fn messages(self, message: impl Fn(&mut Dice) -> R::Message + Sync + 'static) -> Self
    where
        R::Message: Serialize,
    {
        self.frames(move |dice| {
            Frame::Text(serde_json::to_string(&message(dice)).expect("a message as JSON"))
        })
    }

    /// The same with clients that send such frames.
    ///
    /// ```
    /// use dormouse::{Frame, rooms::Reminders, testing::Simulation};
    /// Simulation::<Reminders>::new()
    ///     .frames(|dice| Frame::Text(format!("/remind {} tea", dice.below(100))))
    ///     .seeds(0..5)
    ///     .run();
    /// ```
    pub fn frames(self, frame: impl Fn(&mut Dice) -> Frame + Sync + 'static) -> Self {
        Self { frames: Box::new(frame), ..self }
    }

    /// The same with clients for whom the Worker gives such upgrades.
    ///
    /// ```
    /// use dormouse::{Upgrade, rooms::Echo, testing::Simulation};
    /// Simulation::<Echo>::new()
    ///     .upgrades(|dice| Upgrade { id: Some(dice.below(3).to_string()), ..Upgrade::default() })
    ///     .seeds(0..5)
    ///     .run();
    /// ```
    pub fn upgrades(self, upgrade: impl Fn(&mut Dice) -> Upgrade + Sync + 'static) -> Self {
        Self { upgrades: Box::new(upgrade), ..self }
    }

    /// The same with so many rooms of the type, named `room-0`, `room-1` and so on.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// Simulation::<Echo>::new().rooms(2).seeds(0..5).run();
    /// ```
    pub fn rooms(self, rooms: usize) -> Self {
        Self { rooms: rooms.max(1), ..self }
    }

    /// The same among other room types, to which letters can go.
    ///
    /// ```
    /// use dormouse::{rooms::{Echo, ROOMS}, testing::Simulation};
    /// Simulation::<Echo>::new().among(ROOMS).seeds(0..5).run();
    /// ```
    pub fn among(self, siblings: Registry) -> Self {
        Self { siblings: Some(siblings), ..self }
    }

    /// The same in a Worker with these functions: given a name and an argument as JSON.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// Simulation::<Echo>::new().calls(|_, _| Ok("done".into())).seeds(0..5).run();
    /// ```
    pub fn calls(
        self,
        call: impl Fn(&str, &str) -> Result<Value, String> + Sync + 'static,
    ) -> Self {
        Self { calls: Box::new(call), ..self }
    }

    /// The same in a Worker with this configuration, as JSON.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// Simulation::<Echo>::new().config(r#"{"LIMIT":7}"#).seeds(0..5).run();
    /// ```
    pub fn config(self, json: impl Into<String>) -> Self {
        Self { config: json.into(), ..self }
    }

    /// What must hold after each commit. It is asked of what is stored, as a room would see it that
    /// has just woken, and of all clients there have been.
    ///
    /// ```
    /// use dormouse::rooms::chat::Message;
    /// use dormouse::{rooms::Chat, testing::Simulation};
    ///
    /// Simulation::<Chat>::new()
    ///     .messages(|dice| Message::Say { text: dice.text() })
    ///     .invariant("nobody has said more than was heard", |cx, clients| {
    ///         let sent = clients.iter().map(|client| client.sent().len() as u64).sum::<u64>();
    ///         cx.state().is_none_or(|state| state.message_count <= sent + 200)
    ///     })
    ///     .run();
    /// ```
    pub fn invariant(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(&Context<'_, R>, &[SimulatedClient]) -> bool + Sync + 'static,
    ) -> Self {
        self.invariants.push(Invariant { name: name.into(), holds: Box::new(holds) });
        self
    }

    /// What must hold at the end of a life, when those who had lost their line are back.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// Simulation::<Echo>::new()
    ///     .frames(|_| dormouse::Frame::Text("hi".into()))
    ///     .finally("nobody heard more than was said", |_, clients| {
    ///         let said = clients.iter().map(|client| client.sent().len()).sum::<usize>();
    ///         clients.iter().all(|client| client.received().len() <= 200 + 3 * said)
    ///     })
    ///     .run();
    /// ```
    pub fn finally(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(&Context<'_, R>, &[SimulatedClient]) -> bool + Sync + 'static,
    ) -> Self {
        self.ends.push(Invariant { name: name.into(), holds: Box::new(holds) });
        self
    }

    /// The same with other lives, one for each seed.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// assert_eq!(Simulation::<Echo>::new().seeds(7..9).run().lives, 2);
    /// ```
    pub fn seeds(self, seeds: Range<u64>) -> Self {
        Self { seeds, ..self }
    }

    /// The same with longer or shorter lives.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// assert_eq!(Simulation::<Echo>::new().seeds(0..2).steps(50).run().steps, 100);
    /// ```
    pub fn steps(self, steps: usize) -> Self {
        Self { steps, ..self }
    }

    /// The same for a room whose handlers may panic of themselves.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// Simulation::<Echo>::new().allow_panics().seeds(0..2).run();
    /// ```
    pub fn allow_panics(self) -> Self {
        Self { may_panic: true, ..self }
    }

    /// The same with a clock that is set, back and ahead. A room that compares times wants this tried.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// Simulation::<Echo>::new().clock_jumps().seeds(0..2).run();
    /// ```
    pub fn clock_jumps(self) -> Self {
        Self { clock_jumps: true, ..self }
    }

    /// Runs all lives.
    ///
    /// # Panics
    /// If a rule is broken, with the shortest life that breaks it; or if no client was ever accepted,
    /// so that nothing was tested.
    ///
    /// ```should_panic
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// Simulation::<Echo>::new().invariant("nobody comes", |_, clients| clients.is_empty()).run();
    /// ```
    pub fn run(self) -> Report {
        match self.check() {
            Ok(report) => report,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Runs all lives until a rule is broken.
    ///
    /// # Errors
    /// The rule, with the shortest life that breaks it.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// let nobody = Simulation::<Echo>::new().invariant("nobody comes", |_, it| it.is_empty());
    /// let failure = nobody.check().unwrap_err();
    /// assert_eq!(failure.rule, "nobody comes");
    /// assert_eq!(failure.trace.len(), 1);
    /// ```
    pub fn check(mut self) -> Result<Report, Box<Failure>> {
        let mut report = Report::default();
        for seed in self.wanted_seeds() {
            match self.life(seed) {
                Ok((_, lived)) => report += lived,
                Err((trace, violation)) => return Err(self.failure(seed, trace, violation)),
            }
        }
        if report.connections == 0 && report.lives > 0 {
            let rule = "someone is accepted";
            let detail = "every connect was refused: give upgrades that the room takes";
            let violation = Violation::new(rule, detail);
            return Err(self.failure(self.seeds.start, Vec::new(), violation));
        }
        Ok(report)
    }

    /// The seeds of the lives that break a rule. A planted fault should be found by many.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// let nobody = Simulation::<Echo>::new().seeds(0..5).invariant("nobody comes", |_, it| it.is_empty());
    /// assert_eq!(nobody.failing().len(), 5);
    /// ```
    pub fn failing(&self) -> Vec<u64> {
        self.wanted_seeds().filter(|seed| self.life(*seed).is_err()).collect()
    }

    /// The steps of a life: to be done elsewhere, in the runtime itself, say.
    ///
    /// # Panics
    /// If the life breaks a rule.
    ///
    /// ```
    /// use dormouse::{rooms::Echo, testing::Simulation};
    /// assert_eq!(Simulation::<Echo>::new().steps(20).trace(7).len(), 20);
    /// ```
    #[track_caller]
    pub fn trace(&self, seed: u64) -> Vec<Step> {
        match self.life(seed) {
            Ok((trace, _)) => trace,
            Err((_, violation)) => panic!("{violation}"),
        }
    }

    /// Runs one life again, step by step: a trace as [`Failure`] prints it, a step a line.
    ///
    /// # Panics
    /// If a rule is broken, or a line is no step.
    ///
    /// ```
    /// use dormouse::{rooms::Chat, testing::Simulation};
    /// let report = Simulation::<Chat>::new().replay(
    ///     r#"
    ///     {"connect":{"client":0,"upgrade":{"id":"ada"}}}
    ///     {"hibernate":{}}
    ///     {"text":{"client":0,"text":"{\"_tag\":\"Typing\"}"}}
    ///     "#,
    /// );
    /// assert_eq!((report.steps, report.hibernations), (3, 1));
    /// ```
    pub fn replay(mut self, trace: &str) -> Report {
        let steps: Vec<Step> = trace
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| match serde_json::from_str(line) {
                Ok(step) => step,
                Err(error) => panic!("{line} is not a step: {error}"),
            })
            .collect();
        self.is_thorough = true;
        match self.live(self.seeds.start, &steps) {
            Ok(report) => report,
            Err(violation) => panic!("{violation}"),
        }
    }

    fn wanted_seeds(&self) -> Range<u64> {
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        match (number("DORMOUSE_SEED"), number("DORMOUSE_SEEDS")) {
            (Some(seed), _) => seed..seed + 1,
            (None, Some(seeds)) => self.seeds.start..self.seeds.start + seeds,
            (None, None) => self.seeds.clone(),
        }
    }

    /// A life that chance makes up: its steps, and what came of them.
    fn life(&self, seed: u64) -> Result<(Vec<Step>, Report), (Vec<Step>, Violation)> {
        alone(|| {
            let mut dice = Dice::new(seed);
            let mut world = World::new(self, seed);
            let mut trace = Vec::with_capacity(self.steps);
            let mut live = || {
                for _ in 0..self.steps {
                    let step = world.next(&mut dice);
                    trace.push(step);
                    world.apply(&trace[trace.len() - 1])?;
                }
                world.settle()
            };
            match live() {
                Ok(()) => Ok((trace, Report { lives: 1, ..world.report })),
                Err(violation) => Err((trace, violation)),
            }
        })
    }

    fn live(&self, seed: u64, trace: &[Step]) -> Result<Report, Violation> {
        alone(|| {
            let mut world = World::new(self, seed);
            trace.iter().try_for_each(|step| world.apply(step))?;
            world.settle()?;
            Ok(Report { lives: 1, ..world.report })
        })
    }

    fn breaks(&self, rule: &str, seed: u64, trace: &[Step]) -> bool {
        self.live(seed, trace).is_err_and(|violation| violation.rule == rule)
    }

    #[allow(clippy::unnecessary_box_returns, reason = "it is the error of `check`")]
    fn failure(&mut self, seed: u64, trace: Vec<Step>, violation: Violation) -> Box<Failure> {
        let steps = trace.len();
        let rule = violation.rule.clone();
        // What a fresh machine shows is seldom looked for, but now it is, and so it shows at once.
        self.is_thorough = true;
        self.is_thorough = self.breaks(&rule, seed, &trace);
        let fails = |trace: &[Step]| self.breaks(&rule, seed, trace);
        let trace = if fails(&trace) { shrink::shrink(trace, fails) } else { trace };
        let violation = self.live(seed, &trace).err().unwrap_or(violation);
        Box::new(Failure {
            rule: violation.rule,
            detail: violation.detail,
            seed,
            steps,
            trace,
            room: type_name::<R>(),
        })
    }
}

/// On a thread of its own: what a room keeps in `thread_local!` must not reach from life to life.
fn alone<T: Send>(life: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| match scope.spawn(life).join() {
        Ok(lived) => lived,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// What happened in the lives of a room.
///
/// ```
/// use dormouse::{rooms::Echo, testing::Simulation};
/// let report = Simulation::<Echo>::new().run();
/// assert!(report.hibernations > 0 && report.crashes > 0 && report.panics > 0);
/// println!("{report}");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many lives there were.
    pub lives: usize,
    /// Steps of the traces.
    pub steps: usize,
    /// Inputs that were handled.
    pub inputs: usize,
    /// Commits that stored something.
    pub commits: usize,
    /// Connections that were accepted.
    pub connections: usize,
    /// Connections that were refused.
    pub refused: usize,
    /// How often a client of the protocol came back.
    pub resumed: usize,
    /// Frames that reached clients.
    pub frames: usize,
    /// How often a room fell asleep.
    pub hibernations: usize,
    /// How often a machine failed.
    pub crashes: usize,
    /// How often a handler panicked.
    pub panics: usize,
    /// How often a transaction was refused.
    pub refusals: usize,
}

impl AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        self.lives += other.lives;
        self.steps += other.steps;
        self.inputs += other.inputs;
        self.commits += other.commits;
        self.connections += other.connections;
        self.refused += other.refused;
        self.resumed += other.resumed;
        self.frames += other.frames;
        self.hibernations += other.hibernations;
        self.crashes += other.crashes;
        self.panics += other.panics;
        self.refusals += other.refusals;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lives, steps, inputs, commits, connections, refused, frames, .. } = self;
        let Self { resumed, hibernations, crashes, panics, refusals, .. } = self;
        write!(
            f,
            "{lives} lives, {steps} steps: {inputs} inputs, {commits} commits, {connections} connections \
             and {refused} refused, {resumed} came back, {frames} frames; {hibernations} sleeps, {crashes} \
             crashes, {panics} panics, {refusals} refused transactions"
        )
    }
}

/// A rule that is broken, and the shortest life that breaks it. Printed, it is a test.
///
/// ```
/// use dormouse::{rooms::Echo, testing::Simulation};
/// let nobody = Simulation::<Echo>::new().invariant("nobody comes", |_, it| it.is_empty());
/// let failure = nobody.check().unwrap_err();
/// assert!(failure.to_string().contains(r#"{"connect":{"client":0"#));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The rule.
    pub rule: String,
    /// How it is broken.
    pub detail: String,
    /// The seed of the life.
    pub seed: u64,
    /// How many steps it had before it was shortened.
    pub steps: usize,
    /// What is left of it.
    pub trace: Vec<Step>,
    room: &'static str,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, detail, seed, steps, trace, room } = self;
        let mut lines = String::new();
        for step in trace {
            let line = serde_json::to_string(step).map_err(|_| fmt::Error)?;
            writeln!(lines, "        {line}")?;
        }
        write!(
            f,
            "broken: {rule}\n{detail}\n\nseed {seed}, {steps} steps, shortened to {}. As a test, with the \
             simulation's own upgrades and invariants:\n\n\
             #[test]\nfn seed_{seed}() {{\n    Simulation::<{room}>::new().seeds({seed}..{}).replay(\n        r#\"\n{lines}        \
             \"#,\n    );\n}}\n",
            trace.len(),
            seed + 1,
        )
    }
}

impl std::error::Error for Failure {}

/// A rule that is broken.
#[derive(Clone, Debug)]
struct Violation {
    rule: String,
    detail: String,
}

impl Violation {
    fn new(rule: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { rule: rule.into(), detail: detail.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}\n{}", self.rule, self.detail)
    }
}
