//! Letters from other rooms, each handled once.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::Turn;
use crate::engine::alarms::FORGET;
use crate::engine::overlay::each_value;
use crate::engine::sight::About;
use crate::host::host::Host;
use crate::host::letter::Letter;
use crate::room::audience::Audience;
use crate::room::error::{Error, Result};
use crate::room::frame::{Frame, to_json};
use crate::room::letter::Errand;
use crate::room::limits;
use crate::room::object_name::ObjectName;
use crate::room::page::Order;
use crate::room::time::Timestamp;

/// Keys of what is remembered of senders.
const FROM: &str = "\u{1}from/";

/// What is remembered of one sender: the numbers that came, from its floor on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Received {
    floor: u64,
    /// Numbers that came, as first and last of each run.
    seen: Vec<(u64, u64)>,
    /// When the last one came.
    at: Timestamp,
}

impl Received {
    fn has(&self, seq: u64) -> bool {
        seq < self.floor || self.seen.iter().any(|(first, last)| (*first..=*last).contains(&seq))
    }

    /// # Errors
    /// [`Error::TooManyLetters`].
    fn remember(&mut self, letter: &Letter, now: Timestamp) -> Result<()> {
        self.at = now;
        self.floor = self.floor.max(letter.floor);
        let (floor, seq) = (self.floor, letter.seq);
        self.seen.retain(|(_, last)| *last >= floor);
        let place = self.seen.partition_point(|(first, _)| *first < seq);
        self.seen.insert(place, (seq, seq));
        self.seen.dedup_by(|next, run| {
            let joins = run.1.checked_add(1) == Some(next.0);
            if joins {
                run.1 = next.1;
            }
            joins
        });
        let (limit, count) = (limits::LETTER_GAPS, self.seen.len());
        if count > limit { Err(Error::TooManyLetters { limit, count }) } else { Ok(()) }
    }
}

impl Turn<'_> {
    /// A letter from another room: handled once, however often it comes.
    pub(super) fn receive(&mut self, from: &ObjectName, letter: &Letter) -> Result<Value> {
        self.load()?;
        if let Errand::State { .. } = letter.errand {
            // A letter that cannot be read comes as one of these.
            self.engine.room.has_failed()?;
            return self.read_state();
        }
        let key = format!("{FROM}{from}");
        let stored = self.world().value(&key);
        let mut received = match &stored {
            // To begin anew would be to handle letters twice.
            Some(json) => serde_json::from_str::<Received>(json)
                .map_err(|error| Error::ValueUnreadable { reason: error.to_string() })?,
            None => Received::default(),
        };
        if received.has(letter.seq) {
            return Ok(Value::Null);
        }
        received.remember(letter, self.host.now())?;
        // Before the handler: a purge keeps what was received, this letter too.
        let received = to_json("what was received", &received)?;
        let before = self.engine.changes.replace_value(key.clone(), Some(Some(received)));
        if let Err(error) = self.carry_out(from, letter) {
            self.engine.changes.replace_value(key, before);
            return Err(error);
        }
        if stored.is_none() {
            self.plan_forgetting();
        }
        Ok(Value::Null)
    }

    fn carry_out(&mut self, from: &ObjectName, letter: &Letter) -> Result<()> {
        self.engine.batch.hops = letter.hops.saturating_add(1);
        let frame = match &letter.errand {
            Errand::Message { json, .. } => {
                return self.told(json, About { sibling: Some(from), ..About::default() });
            }
            Errand::Text { frame, .. } => Frame::Text(frame.clone()),
            Errand::Binary { frame, .. } => Frame::Binary(frame.clone()),
            Errand::State { .. } | Errand::Call { .. } => {
                return Err(Error::execution("a call is not for a room"));
            }
        };
        self.engine.room.has_failed()?;
        let row = self.row(&Audience::everyone(), &frame)?;
        self.send(&Audience::everyone(), frame, row);
        Ok(())
    }

    /// Everything that is remembered of senders.
    pub(super) fn received(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        each_value(&self.world(), FROM, |key, value| all.push((key.to_owned(), value)));
        all
    }

    /// Has senders forgotten of whom nothing came for long. A few are no reason to wake a room.
    pub(super) fn plan_forgetting(&mut self) {
        let many = limits::SENDERS;
        if self.world().keys(FROM, None, many + 1).rows.len() > many
            && self.world().stored_alarm(FORGET).is_none()
        {
            self.plan(FORGET, Some(self.host.now() + limits::SENDER_AGE));
        }
    }

    /// Forgets senders: a part of them at a time.
    pub(super) fn forget_senders(&mut self) {
        const PART: usize = 256;
        let now = self.host.now();
        let Some(alarm) = self.world().stored_alarm(FORGET).filter(|it| it.at <= now) else {
            return;
        };
        let after: Option<String> = serde_json::from_str(&alarm.payload).ok().flatten();
        let page = self.world().values(FROM, after.as_deref(), PART, Order::Forwards);
        for (key, json) in &page.rows {
            // What cannot be read is kept: its letters may come again.
            let Ok(received) = serde_json::from_str::<Received>(json) else { continue };
            if now - received.at >= limits::SENDER_AGE {
                self.engine.changes.remove_value(self.host, key);
            }
        }
        let at = if page.more { now } else { now + limits::SENDER_AGE };
        let rest = page.rows.last().filter(|_| page.more).map(|(key, _)| key);
        let many = limits::SENDERS;
        let is_over = !page.more && self.world().keys(FROM, None, many + 1).rows.len() <= many;
        self.plan(FORGET, (!is_over).then_some(at));
        if let Some(mut alarm) = self.world().stored_alarm(FORGET) {
            alarm.payload = serde_json::to_string(&rest).unwrap_or_default();
            self.engine.changes.put_alarm(alarm);
        }
    }
}
