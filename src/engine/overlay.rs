//! What a batch has changed, lying over what the host has stored: itself a host to read from.

use std::collections::VecDeque;

use crate::engine::sorted::SortedMap;
use crate::engine::table::Table;
use crate::host::commit::{Output, Write};
use crate::host::host::Host;
use crate::room::alarm::ScheduledAlarm;
use crate::room::connection::SocketId;
use crate::room::history::Keep;
use crate::room::page::{Ends, Entry, Order, Page, Range, Side};
use crate::room::time::{Timestamp, millis};

/// What a batch has changed so far.
#[derive(Default)]
pub(crate) struct Changes {
    purged: bool,
    alarms: Table<Option<ScheduledAlarm>>,
    values: Table<Option<String>>,
    histories: SortedMap<&'static str, HistoryChange>,
    /// Sockets that were accepted, with the platform's tags.
    opened: SortedMap<SocketId, Vec<String>>,
    ended: SortedMap<SocketId, ()>,
    attachments: SortedMap<SocketId, String>,
}

/// What a batch has done to one history.
#[derive(Debug)]
struct HistoryChange {
    ends: Ends,
    appended: Vec<Entry<String>>,
    trimmed: bool,
}

/// Removes an entry. Of one that was never stored nothing is left to write.
fn remove<V>(changed: &mut Table<Option<V>>, key: &str, is_stored: impl FnOnce() -> bool) {
    if matches!(changed.get(key), Some(None)) {
        return;
    }
    if is_stored() {
        changed.insert(key.to_owned(), None);
    } else {
        changed.remove(key);
    }
}

impl Changes {
    pub(super) fn over<'a>(&'a self, host: &'a dyn Host) -> Overlay<'a> {
        Overlay { host, changes: self }
    }

    pub(super) const fn purged(&self) -> bool {
        self.purged
    }

    /// Everything stored is gone. Sockets stay.
    pub(super) fn purge(&mut self) {
        self.purged = true;
        self.alarms = Table::new();
        self.values = Table::new();
        self.histories = SortedMap::new();
    }

    pub(super) fn put_alarm(&mut self, alarm: ScheduledAlarm) {
        self.alarms.insert(alarm.name.clone(), Some(alarm));
    }

    /// Removes an alarm; one that is not there is no error.
    pub(super) fn remove_alarm(&mut self, host: &dyn Host, name: &str) {
        let is_stored = || !self.purged && host.stored_alarm(name).is_some();
        remove(&mut self.alarms, name, is_stored);
    }

    pub(super) fn has_alarms(&self) -> bool {
        self.purged || !self.alarms.is_empty()
    }

    pub(super) fn put_value(&mut self, key: String, value: String) {
        self.values.insert(key, Some(value));
    }

    /// What a batch does to a value is this from now on, nothing if `None`; gives what it did before.
    #[allow(clippy::option_option, reason = "no change, a removal, or a value")]
    pub(super) fn replace_value(
        &mut self,
        key: String,
        change: Option<Option<String>>,
    ) -> Option<Option<String>> {
        let before = self.values.remove(&key);
        if let Some(change) = change {
            self.values.insert(key, change);
        }
        before
    }

    /// Removes a value that is known to be there.
    pub(super) fn drop_value(&mut self, key: String) {
        self.values.insert(key, None);
    }

    /// Removes a value; one that is not there is no error.
    pub(super) fn remove_value(&mut self, host: &dyn Host, key: &str) {
        let is_stored = || !self.purged && host.value(key).is_some();
        remove(&mut self.values, key, is_stored);
    }

    fn history(&mut self, host: &dyn Host, name: &'static str) -> &mut HistoryChange {
        let ends = self.over(host).history_ends(name);
        self.histories.get_or_insert_with(name, || HistoryChange {
            ends,
            appended: Vec::new(),
            trimmed: false,
        })
    }

    /// Appends a row, and gives its number.
    pub(super) fn append(&mut self, host: &dyn Host, name: &'static str, row: String) -> u64 {
        let change = self.history(host, name);
        change.ends.last += 1;
        // The clock may have been set back; order is what a reader relies on.
        change.ends.last_at = change.ends.last_at.max(host.now());
        change.appended.push(Entry { seq: change.ends.last, at: change.ends.last_at, row });
        change.ends.last
    }

    pub(super) fn trim(&mut self, host: &dyn Host, name: &'static str, keep: Keep) {
        let world = self.over(host);
        let ends = world.history_ends(name);
        let by_count = keep.newest.map_or(0, |rows| ends.last.saturating_sub(rows));
        let by_age = keep.younger_than.map_or(0, |age| {
            let since = host.now().as_millis().saturating_sub(millis(age)) + 1;
            let first = world.history_since(name, Timestamp::from_millis(since));
            first.map_or(ends.last, |seq| seq - 1)
        });
        let through = by_count.max(by_age);
        if through > ends.trimmed {
            let change = self.history(host, name);
            change.ends.trimmed = through;
            change.trimmed = true;
            change.appended.retain(|entry| entry.seq > through);
        }
    }

    pub(super) fn open(&mut self, socket: SocketId, tags: Vec<String>, attachment: String) {
        self.opened.insert(socket, tags);
        self.attachments.insert(socket, attachment);
    }

    /// It was not accepted after all.
    pub(super) fn unopen(&mut self, socket: SocketId) {
        self.opened.remove(&socket);
        self.attachments.remove(&socket);
    }

    pub(super) fn end(&mut self, socket: SocketId) {
        self.attachments.remove(&socket);
        self.ended.insert(socket, ());
    }

    pub(super) fn is_over(&self, socket: SocketId) -> bool {
        self.ended.contains_key(&socket)
    }

    /// Whether a socket has ended in this batch.
    pub(super) fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    pub(super) fn attach(&mut self, socket: SocketId, attachment: String) {
        self.attachments.insert(socket, attachment);
    }

    pub(super) fn attachments(&self) -> impl Iterator<Item = &(SocketId, String)> {
        self.attachments.iter()
    }

    /// What is to be stored, and what sockets are to carry.
    pub(super) fn take(&mut self, writes: &mut Vec<Write>, outputs: &mut Vec<Output>) {
        let Self { alarms, values, histories, attachments, .. } = std::mem::take(self);
        writes.extend(alarms.into_entries().map(|(name, alarm)| match alarm {
            Some(alarm) => Write::Alarm(alarm),
            None => Write::RemoveAlarm(name),
        }));
        for (history, HistoryChange { ends, appended, trimmed }) in histories {
            if trimmed {
                writes.push(Write::Trim { history, through: ends.trimmed });
            }
            writes.extend(appended.into_iter().map(|entry| Write::Append { history, entry }));
            writes.push(Write::Ends { history, ends });
        }
        writes.extend(values.into_entries().map(|(key, value)| match value {
            Some(value) => Write::Value { key, value },
            None => Write::RemoveValue(key),
        }));
        let attach = |(socket, attachment)| Output::Attach { socket, attachment };
        outputs.extend(attachments.into_iter().map(attach));
    }
}

/// A key in the order of times: until when, and which session.
pub(super) fn timed_key(prefix: &str, until: Timestamp, session: &str) -> String {
    format!("{prefix}{:020}/{session}", until.as_millis())
}

/// The first such keys with a prefix.
pub(super) fn first_timed(
    world: &dyn Host,
    prefix: &str,
    limit: usize,
) -> Vec<(Timestamp, String)> {
    let keys = world.keys(prefix, None, limit).rows;
    let parsed = keys.iter().filter_map(|key| {
        let (until, session) = key.strip_prefix(prefix)?.split_once('/')?;
        Some((Timestamp::from_millis(until.parse().ok()?), session.to_owned()))
    });
    parsed.collect()
}

/// All keys with a prefix, a page at a time.
pub(super) fn each_key(world: &dyn Host, prefix: &str, mut look: impl FnMut(&str)) {
    const PAGE: usize = 4_096;
    let mut after: Option<String> = None;
    loop {
        let mut page = world.keys(prefix, after.as_deref(), PAGE);
        page.rows.iter().for_each(|key| look(key));
        after = page.rows.pop();
        if !page.more || after.is_none() {
            return;
        }
    }
}

/// All values whose keys have a prefix, a page at a time.
pub(super) fn each_value(world: &dyn Host, prefix: &str, mut look: impl FnMut(&str, String)) {
    const PAGE: usize = 256;
    let mut after: Option<String> = None;
    loop {
        let page = world.values(prefix, after.as_deref(), PAGE, Order::Forwards);
        after = page.rows.last().map(|(key, _)| key.clone());
        for (key, value) in page.rows {
            look(&key, value);
        }
        if !page.more || after.is_none() {
            return;
        }
    }
}

/// A host with a batch's changes over it.
#[derive(Clone, Copy)]
pub(crate) struct Overlay<'a> {
    host: &'a dyn Host,
    changes: &'a Changes,
}

impl Overlay<'_> {
    fn is_changed(&self, key: &str) -> bool {
        self.changes.values.contains_key(key)
    }
}

impl Host for Overlay<'_> {
    fn now(&self) -> Timestamp {
        self.host.now()
    }

    fn random(&self) -> u64 {
        self.host.random()
    }

    fn config(&self) -> String {
        self.host.config()
    }

    fn state(&self) -> Option<String> {
        self.host.state()
    }

    fn stored_alarm(&self, name: &str) -> Option<ScheduledAlarm> {
        match self.changes.alarms.get(name) {
            Some(change) => change.clone(),
            None if self.changes.purged => None,
            None => self.host.stored_alarm(name),
        }
    }

    fn alarms(&self, after: Option<(Timestamp, &str)>, limit: usize) -> Page<ScheduledAlarm> {
        let changed = self.changes.alarms.iter().filter_map(|(_, alarm)| alarm.as_ref());
        let changed = changed.filter(|it| !it.failed && after < Some(it.position()));
        let mut first: Vec<ScheduledAlarm> = Vec::new();
        for alarm in changed {
            // Each in its place: few are wanted.
            let place = first.partition_point(|other| other.position() < alarm.position());
            if place <= limit {
                first.insert(place, alarm.clone());
                first.truncate(limit.saturating_add(1));
            }
        }
        merged(
            limit,
            first,
            self.changes.purged,
            &|one, other| one.position() < other.position(),
            &|alarm| self.changes.alarms.contains_key(&alarm.name),
            &mut |last: Option<&ScheduledAlarm>, limit| {
                self.host.alarms(last.map(ScheduledAlarm::position).or(after), limit)
            },
        )
    }

    fn failed_alarms(&self) -> Vec<ScheduledAlarm> {
        let stored = if self.changes.purged { Vec::new() } else { self.host.failed_alarms() };
        let changed = &self.changes.alarms;
        let mut failed = stored;
        failed.retain(|alarm| !changed.contains_key(&alarm.name));
        for alarm in changed.iter().filter_map(|(_, it)| it.as_ref()).filter(|it| it.failed) {
            let place = failed.partition_point(|other| other.name < alarm.name);
            failed.insert(place, alarm.clone());
        }
        failed
    }

    fn value(&self, key: &str) -> Option<String> {
        match self.changes.values.get(key) {
            Some(change) => change.clone(),
            None if self.changes.purged => None,
            None => self.host.value(key),
        }
    }

    fn values(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        order: Order,
    ) -> Page<(String, String)> {
        let forwards = order == Order::Forwards;
        let changed = self
            .changes
            .values
            .with_prefix(prefix)
            .filter(|(key, _)| after.is_none_or(|it| (*key > it) == forwards && *key != it))
            .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)));
        let mut changed: Vec<_> = changed.collect();
        if !forwards {
            changed.reverse();
        }
        merged(
            limit,
            changed,
            self.changes.purged,
            &|(one, _), (other, _)| (one < other) == forwards,
            &|(key, _)| self.is_changed(key),
            &mut |last: Option<&(String, String)>, limit| {
                let after = last.map(|(key, _)| key.as_str()).or(after);
                self.host.values(prefix, after, limit, order)
            },
        )
    }

    fn keys(&self, prefix: &str, after: Option<&str>, limit: usize) -> Page<String> {
        let changed = self
            .changes
            .values
            .with_prefix(prefix)
            .filter(|(key, value)| value.is_some() && after.is_none_or(|it| *key > it))
            .map(|(key, _)| key.to_owned());
        merged(
            limit,
            changed.collect(),
            self.changes.purged,
            &|one, other| one < other,
            &|key| self.is_changed(key),
            &mut |last: Option<&String>, limit| {
                self.host.keys(prefix, last.map(String::as_str).or(after), limit)
            },
        )
    }

    fn history_ends(&self, name: &str) -> Ends {
        match self.changes.histories.get(name) {
            Some(change) => change.ends,
            None if self.changes.purged => Ends::default(),
            None => self.host.history_ends(name),
        }
    }

    fn history(&self, name: &str, range: Range) -> Page<Entry<String>> {
        let after = range.after.max(self.history_ends(name).trimmed);
        let appended = self.changes.histories.get(name).map_or(&[][..], |it| &it.appended);
        let inside = |entry: &&Entry<String>| entry.seq > after && entry.seq < range.before;
        let mut appended: Vec<_> = appended.iter().filter(inside).cloned().collect();
        let stored = |limit| {
            if self.changes.purged || limit == 0 {
                return Page::all(Vec::new());
            }
            self.host.history(name, Range { after, limit, ..range })
        };
        match range.side {
            Side::First => {
                let mut page = stored(range.limit);
                if !page.more {
                    page.rows.extend(appended);
                    page.more = page.rows.len() > range.limit;
                    page.rows.truncate(range.limit);
                }
                page
            }
            Side::Last => {
                appended.drain(..appended.len().saturating_sub(range.limit));
                let mut rows = stored(range.limit - appended.len()).rows;
                rows.append(&mut appended);
                // Numbers have no gaps.
                let more = rows.first().is_some_and(|first| first.seq > after + 1);
                Page { rows, more }
            }
        }
    }

    fn history_since(&self, name: &str, at: Timestamp) -> Option<u64> {
        let stored = if self.changes.purged { None } else { self.host.history_since(name, at) };
        if let Some(seq) = stored {
            return Some(seq.max(self.history_ends(name).trimmed + 1));
        }
        let appended = self.changes.histories.get(name)?.appended.iter();
        appended.filter(|entry| entry.at >= at).map(|entry| entry.seq).next()
    }

    fn sockets(&self, platform_tag: Option<&str>) -> Vec<SocketId> {
        let Changes { opened, ended, .. } = self.changes;
        let mut sockets = self.host.sockets(platform_tag);
        if !ended.is_empty() {
            sockets.retain(|socket| !ended.contains_key(socket));
        }
        let wears =
            |tags: &[String]| platform_tag.is_none_or(|it| tags.iter().any(|tag| tag == it));
        let opened =
            opened.iter().filter(|(socket, tags)| wears(tags) && !ended.contains_key(socket));
        sockets.extend(opened.map(|(socket, _)| *socket));
        sockets
    }

    fn count(&self) -> usize {
        // One that the host does not count can end too: it was closed before the object slept.
        (self.host.count() + self.changes.opened.len()).saturating_sub(self.changes.ended.len())
    }

    fn attachment(&self, socket: SocketId) -> Option<String> {
        match self.changes.attachments.get(&socket) {
            Some(attachment) => Some(attachment.clone()),
            None if self.changes.is_over(socket) => None,
            None => self.host.attachment(socket),
        }
    }

    fn last_answer(&self, socket: SocketId) -> Option<Timestamp> {
        self.host.last_answer(socket)
    }

    fn in_flight(&self, seq: u64) -> bool {
        self.host.in_flight(seq)
    }
}

/// What was changed and what is stored, in one order. Pages of what is stored grow, so that it takes
/// few of them however much of it was changed.
fn merged<T: Clone>(
    limit: usize,
    changed: Vec<T>,
    purged: bool,
    precedes: &dyn Fn(&T, &T) -> bool,
    is_changed: &dyn Fn(&T) -> bool,
    fetch: &mut dyn FnMut(Option<&T>, usize) -> Page<T>,
) -> Page<T> {
    let mut changed = VecDeque::from(changed);
    let (mut stored, mut last) = (VecDeque::new(), None);
    let (mut more, mut is_cut, mut ask) = (!purged, false, limit);
    let mut found = Vec::new();
    while found.len() < limit {
        if stored.is_empty() && more {
            if is_cut && !found.is_empty() {
                break;
            }
            let page = fetch(last.as_ref(), ask);
            is_cut = page.more && page.rows.len() < ask;
            more = page.more && !page.rows.is_empty();
            last = page.rows.last().cloned().or(last);
            stored.extend(page.rows.into_iter().filter(|row| !is_changed(row)));
            ask = ask.saturating_mul(2);
            continue;
        }
        let takes_changed = match (changed.front(), stored.front()) {
            (Some(changed), Some(stored)) => precedes(changed, stored),
            (changed, _) => changed.is_some(),
        };
        let from = if takes_changed { &mut changed } else { &mut stored };
        let Some(first) = from.pop_front() else { break };
        found.push(first);
    }
    let more = more || !changed.is_empty() || !stored.is_empty();
    Page { rows: found, more }
}
