//! Connections that wait for another socket, and sessions that are over.

use std::rc::Rc;
use std::time::Duration;

use crate::engine::Turn;
use crate::engine::alarms::LEAVE;
use crate::engine::connections::{away_key, first_away};
use crate::engine::sessions::{At, Place, Session, Sessions, over_key};
use crate::host::host::Host;
use crate::room::close::Close;
use crate::room::connection::Handle;
use crate::room::limits;
use crate::room::resume::Resume;

/// A close whose commit was refused is tried again after this.
const PUT_OFF: Duration = Duration::from_secs(2);

impl Turn<'_> {
    /// Whether a connection waits for another socket after this close.
    pub(super) fn outlives(&self, connection: &Handle, close: &Close) -> bool {
        // Who leaves on purpose says 1000, or a code of its own.
        let is_lost = close.code != 1000 && close.code < 3000;
        self.engine.traits.resume.is_some() && connection.session().is_some() && is_lost
    }

    /// What is known of a connection's session; should the room have lost it, what can be known.
    pub(super) fn session_of(&mut self, connection: &Handle, name: &str) -> Session {
        let world = self.engine.changes.over(self.host);
        let known = self.engine.sessions.get(&world, name).cloned();
        known.unwrap_or_else(|| {
            Session::begin(connection.id().to_string(), self.last_said(), connection.tags())
        })
    }

    pub(super) fn put_session(&mut self, name: &str, session: Session, at: At<'_>) {
        let engine = &mut *self.engine;
        let (changes, connections) = (&mut engine.changes, &mut engine.connections);
        engine.sessions.put(changes, self.host, connections, name, session, at);
    }

    pub(super) fn remove_session(&mut self, name: &str) {
        let engine = &mut *self.engine;
        let (changes, connections) = (&mut engine.changes, &mut engine.connections);
        engine.sessions.remove(changes, self.host, connections, name);
    }

    /// A line is lost. The connection is away until its grace ends.
    pub(super) fn lose(&mut self, connection: &Handle) {
        let (Some(name), Some(Resume { grace, .. })) =
            (connection.session().cloned(), self.engine.traits.resume)
        else {
            return;
        };
        let session = self.session_of(connection, &name);
        let attachment = self.engine.connections.codec.attachment(connection, None);
        let attachment = attachment.unwrap_or_default();
        let grace = if self.engine.room.is_put_off() { PUT_OFF } else { grace };
        let until = self.host.now() + grace;
        self.put_session(&name, session, At::Away { connection, attachment: &attachment, until });
    }

    /// A connection has ended. What its client sent is still known for a while.
    pub(super) fn over(&mut self, connection: &Handle) {
        let (Some(name), Some(Resume { remember, .. })) =
            (connection.session().cloned(), self.engine.traits.resume)
        else {
            return;
        };
        // Of one that the room has forgotten, in a purge, say, nothing is known to be remembered.
        let world = self.engine.changes.over(self.host);
        let Some(mut session) = self.engine.sessions.get(&world, &name).cloned() else { return };
        // Whoever is gone wears nothing: what is said to a tag meanwhile is not for it.
        session.wear(self.last_said(), &[]);
        self.put_session(&name, session, At::Over { until: self.host.now() + remember });
    }

    /// The names under which those leave whose grace is over.
    pub(super) fn leaving(&self) -> Vec<String> {
        let first = first_away(&self.world(), limits::ALARMS_A_COMMIT);
        let due = first.into_iter().take_while(|(until, _)| *until <= self.host.now());
        due.map(|(_, session)| format!("{LEAVE}/{session}")).collect()
    }

    /// The grace of a connection is over.
    pub(super) fn leave(&mut self, name: &str) {
        let (world, now) = (self.engine.changes.over(self.host), self.host.now());
        let Some(session) = self.engine.sessions.get(&world, name) else {
            return self.forget_away(name);
        };
        if session.place != Place::Away || session.until > now {
            return;
        }
        let key = away_key(session.until, name);
        match self.engine.connections.stored_away(&world, &key) {
            Some(connection) => self.call_close(&connection, &Close::cut()),
            // No version after it can read what it was.
            None => self.remove_session(name),
        }
    }

    /// Somebody is away whose session this version cannot read: nothing is left that could come back.
    fn forget_away(&mut self, name: &str) {
        let due = first_away(&self.world(), limits::ALARMS_A_COMMIT).into_iter();
        for (until, _) in due.filter(|(_, session)| session == name) {
            self.engine.changes.drop_value(away_key(until, name));
        }
        self.remove_session(name);
    }

    /// After a crash nobody has a socket, and nothing said so: those who were here are away.
    pub(super) fn find_lost(&mut self) {
        if self.engine.traits.resume.is_none() || self.host.count() > 0 {
            return;
        }
        for (name, attachment) in
            self.engine.sessions.take_here(&mut self.engine.changes, self.host)
        {
            let none = crate::room::connection::SocketId::NONE;
            match self.engine.connections.codec.connection(none, &attachment) {
                Some(connection) => self.lose(&connection),
                None => self.remove_session(&name),
            }
        }
    }

    /// What the commit stores of sessions.
    pub(super) fn end_sessions(&mut self) {
        let is_empty = self.engine.changes.has_ended() && self.world().count() == 0;
        if is_empty {
            self.engine.connections.forget_retagged(&mut self.engine.changes, self.host);
        }
        if self.engine.traits.resume.is_none() {
            return;
        }
        let engine = &mut *self.engine;
        let world = engine.changes.over(self.host);
        for (socket, attachment) in engine.changes.attachments() {
            let connection = engine.connections.get(&world, *socket);
            if let Some(session) = connection.as_ref().and_then(|connection| connection.session()) {
                engine.sessions.carry(&world, session, attachment);
            }
        }
        if is_empty {
            self.engine.sessions.unmark_here(&mut self.engine.changes, self.host);
        }
        if self.engine.sessions.moved {
            self.forget_sessions();
            let next = first_away(&self.world(), 1).first().map(|(until, _)| *until);
            self.plan(LEAVE, next);
        }
        self.engine.sessions.store(&mut self.engine.changes, self.host);
    }

    /// Forgets sessions whose time is over, some for each that has ended, so that nothing has to wake a
    /// room for it; and the oldest where there are too many.
    fn forget_sessions(&mut self) {
        let ended = self.engine.sessions.ended;
        if ended == 0 {
            return;
        }
        let now = self.host.now();
        let first = Sessions::first_over(&self.world(), limits::SESSIONS + 2 * ended);
        let too_many = first.len().saturating_sub(limits::SESSIONS);
        for (nth, (until, name)) in first.iter().take(2 * ended).enumerate() {
            if *until <= now || nth < too_many {
                self.remove_session(name);
                // By the key that was listed: the session may be one that this version cannot read.
                self.engine.changes.drop_value(over_key(*until, name));
            }
        }
    }

    /// Those who are connected, for a room that forgets everything else.
    pub(super) fn all_sessions(&mut self) -> Vec<(Handle, Session)> {
        if self.engine.traits.resume.is_none() {
            return Vec::new();
        }
        let all = self.engine.connections.all(&self.world()).into_iter();
        let with_session = all.filter_map(|connection| {
            let name = connection.session().cloned()?;
            let session = self.session_of(&connection, &name);
            Some((connection, session))
        });
        with_session.collect()
    }

    /// The same connections in a room that has forgotten everything else.
    pub(super) fn keep_sessions(&mut self, all: Vec<(Handle, Session)>) {
        if self.engine.traits.resume.is_none() {
            return;
        }
        self.engine.sessions.purge();
        self.engine.connections.forget_away();
        for (connection, session) in all {
            let Some(name) = connection.session().map(Rc::clone) else { continue };
            let codec = self.engine.connections.codec;
            let attachment = codec.attachment(&connection, None).unwrap_or_default();
            let until = session.until;
            if connection.is_here() {
                self.put_session(&name, session.anew(), At::Here(&attachment));
                self.greet(&connection, &name, None, None, true);
            } else {
                let at = At::Away { connection: &connection, attachment: &attachment, until };
                self.put_session(&name, session.anew(), at);
            }
        }
    }
}
