//! Named alarms over the one that an object has.

use crate::engine::Turn;
use crate::host::commit::ObjectAlarm;
use crate::host::host::Host;
use crate::room::alarm::ScheduledAlarm;
use crate::room::limits;
use crate::room::time::Timestamp;

// The engine's own: a room's names have no control character in front. A slash and what it is about
// make one of them a single input.

/// Looks for sockets whose peer is gone.
pub(crate) const SWEEP: &str = "\u{1}sweep";
/// Tries letters again.
pub(crate) const POST: &str = "\u{1}post";
/// Ends the grace of connections that are away.
pub(crate) const LEAVE: &str = "\u{1}leave";
/// Forgets senders of letters.
pub(crate) const FORGET: &str = "\u{1}forget";

/// What is known of where the object's alarm stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stands {
    /// Nothing, as after waking.
    #[default]
    Unknown,
    At(Timestamp),
    Nowhere,
}

impl From<Option<Timestamp>> for Stands {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Nowhere, Self::At)
    }
}

/// The object's alarm as the engine knows it.
#[derive(Debug, Default)]
pub(super) struct Clock {
    stands: Stands,
    /// Whether it must be held against the alarms at the commit.
    unsure: bool,
}

impl Clock {
    /// It went off. Whether it stands is not known: the input may have waited, and a commit have set it
    /// anew meanwhile.
    pub(super) fn fired(&mut self) {
        self.stands = Stands::Unknown;
        self.unsure = true;
    }

    /// Where the platform says that it stands, if nothing better is known.
    pub(super) fn stands(&mut self, at: Option<Timestamp>) {
        if self.stands == Stands::Unknown {
            self.stands = at.into();
            self.unsure = true;
        }
    }

    /// What the commit does to it.
    pub(super) fn set(&mut self, world: &dyn Host, changed: bool) -> Option<ObjectAlarm> {
        if !changed && !self.unsure {
            return None;
        }
        // One that an older version stored may be at a time that the platform does not take.
        let first = Timestamp::from_millis(1);
        let next = world.alarms(None, 1).rows.pop();
        let next = next.map(|alarm| alarm.at.clamp(first, Timestamp::MAX));
        let differs = self.stands != next.into();
        self.stands = next.into();
        self.unsure = false;
        differs.then(|| next.map_or(ObjectAlarm::Delete, ObjectAlarm::Set))
    }
}

/// The first pending alarm that a room planned.
pub(super) fn next_of_room(world: &dyn Host) -> Option<ScheduledAlarm> {
    const PAGE: usize = 8;
    let mut after: Option<ScheduledAlarm> = None;
    loop {
        let page = world.alarms(after.as_ref().map(ScheduledAlarm::position), PAGE);
        let is_own = |alarm: &ScheduledAlarm| alarm.name.starts_with(char::is_control);
        let more = page.more;
        after = page.rows.last().cloned();
        let first = page.rows.into_iter().find(|alarm| !is_own(alarm));
        if first.is_some() || !more || after.is_none() {
            return first;
        }
    }
}

impl Turn<'_> {
    /// The names of what is due, in the order of their turns. The engine's own work is a name for each
    /// connection and each letter that it is about.
    pub(super) fn due(&self) -> Vec<String> {
        let (world, now, limit) = (self.world(), self.host.now(), limits::ALARMS_A_COMMIT);
        let mut due = Vec::new();
        let mut after: Option<(Timestamp, String)> = None;
        'pages: loop {
            let position = after.as_ref().map(|(at, name)| (*at, name.as_str()));
            let page = world.alarms(position, limit - due.len());
            after = page.rows.last().map(|alarm| (alarm.at, alarm.name.clone()));
            for alarm in page.rows {
                if alarm.at > now {
                    break 'pages;
                }
                due.push(alarm.name);
            }
            if !page.more || due.len() >= limit || after.is_none() {
                break;
            }
        }
        let expand = |name: String| match name.as_str() {
            SWEEP => self.silent().into_iter().chain([name]).collect(),
            LEAVE => self.leaving(),
            POST => self.unanswered(),
            _ => vec![name],
        };
        due.into_iter().flat_map(expand).collect()
    }

    /// Has one of the engine's own alarms stand at a time, or not at all.
    pub(super) fn plan(&mut self, name: &str, at: Option<Timestamp>) {
        let planned = self.world().stored_alarm(name);
        match at {
            Some(at) if planned.is_none_or(|planned| planned.at != at) => {
                self.engine.changes.put_alarm(ScheduledAlarm::once(name, at, "null"));
            }
            Some(_) => {}
            None => self.engine.changes.remove_alarm(self.host, name),
        }
    }
}
