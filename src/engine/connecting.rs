//! How a connection begins, or goes on with another socket.

use serde_json::Value;

use crate::engine::Turn;
use crate::engine::check::check_tags;
use crate::engine::envelope::{self, PROTOCOL};
use crate::engine::handlers::Call;
use crate::engine::sessions::{Admitted, At, Place, Session};
use crate::engine::sight::About;
use crate::host::calling;
use crate::host::commit::Output;
use crate::host::host::Host;
use crate::room::close::CloseCode;
use crate::room::connection::{Handle, Moment, SocketId};
use crate::room::error::{Error, Result};
use crate::room::limits;
use crate::room::upgrade::{Admission, OnDuplicate, Upgrade};

/// A session that a client claims, and may.
struct Claimed {
    name: String,
    session: Session,
    /// Where the client was in the log, if it is still the same.
    from: Option<u64>,
    /// The connection, if it has not ended.
    connection: Option<Handle>,
}

impl Turn<'_> {
    pub(super) fn connect(&mut self, socket: SocketId, upgrade: &Upgrade) -> Result<Value> {
        self.load()?;
        let offer = upgrade.protocol.as_deref().and_then(envelope::offer);
        let speaks = offer.is_some();
        let claimed = offer.and_then(|offer| self.claimed(&offer.claim?));
        // The id that was made up for it the first time.
        let made_up = claimed.as_ref().map(|claimed| claimed.session.id.clone());
        let upgrade = &Upgrade { id: upgrade.id.clone().or(made_up), ..upgrade.clone() };
        let was = claimed.as_ref().and_then(|claimed| claimed.connection.clone());
        let was = was.filter(|was| upgrade.id.as_deref() == Some(was.id().as_str()));
        let about = About { sender: was.as_ref(), ..About::default() };
        let admission = self.engine.room.admit(&self.sight(about), upgrade)?;
        let Admission { id, tags, state } = admission;
        let tags = check_tags(tags, speaks)?;
        let admitted = Admitted { upgrade: fingerprint(upgrade), tags };
        // Whoever has a session has it under its id alone.
        let claimed = claimed.filter(|claimed| claimed.session.id == id.as_str());
        let protocol = if speaks { PROTOCOL.into() } else { Value::Null };
        if let Some(Claimed { name, session, from, connection: Some(was) }) = claimed {
            self.take_over(socket, &was, &name, session, from, admitted, state)?;
            return Ok(protocol);
        }
        let replaced = self.settle_duplicates(id.as_str(), upgrade.on_duplicate)?;

        let moment = Moment { at: self.host.now(), nth: socket.0 };
        let is_new = claimed.is_none();
        let (name, session, from) = match claimed {
            Some(Claimed { name, session, from, .. }) => (name, session, from),
            None => (self.new_session(speaks), Session::default(), None),
        };
        let session_name = speaks.then(|| name.as_str().into());
        let tags = admitted.tags.clone().into();
        let connection = Handle::new(socket, id, tags, moment, session_name, state);
        // Whoever replaces a socket takes no further place.
        let begun = self.check_room();
        let begun = begun.and_then(|()| self.begin(&connection, &name, session, admitted));
        let joined = begun.and_then(|()| self.call((&connection).into(), Call::Connect(upgrade)));
        match joined {
            Ok(steps) => {
                let tags = connection.platform_tags();
                self.engine.batch.outputs.push(Output::Accept { socket, tags });
                if speaks {
                    let known = (!is_new).then(|| self.session_of(&connection, &name));
                    let handled = known.map(|session| session.handled);
                    self.greet(&connection, &name, from, handled, false);
                }
                self.tell_came(&connection);
                self.plan_sweep();
                self.perform(steps);
                Ok(protocol)
            }
            Err(error) => {
                self.engine.connections.unopen(&mut self.engine.changes, socket);
                if is_new {
                    self.engine.sessions.unbegin(&name);
                } else {
                    self.over(&connection);
                }
                // The replaced connection is to stay after all.
                if replaced {
                    let nth = self.engine.batch.inputs.len();
                    self.engine.batch.redo.get_or_insert((nth, error.clone()));
                }
                Err(error)
            }
        }
    }

    fn claimed(&mut self, claim: &envelope::Claim<'_>) -> Option<Claimed> {
        self.engine.traits.resume?;
        let world = self.engine.changes.over(self.host);
        let session = self.engine.sessions.get(&world, claim.session)?.clone();
        let connection = match session.place {
            Place::Over => None,
            Place::Here | Place::Away => {
                let (id, attachment) = (&session.id, session.attachment());
                self.engine.connections.of_session(&world, claim.session, id, attachment)
            }
        };
        let epoch = self.engine.sessions.epoch(&mut self.engine.changes, self.host);
        // One that was before it came is forged.
        let from = (claim.epoch == epoch && claim.offset >= session.since).then_some(claim.offset);
        Some(Claimed { name: claim.session.to_owned(), session, from, connection })
    }

    /// The name of a new session, a secret; empty where the room keeps none.
    fn new_session(&self, speaks: bool) -> String {
        if speaks && self.engine.traits.resume.is_some() {
            format!("{:016x}{:016x}", self.host.random(), self.host.random())
        } else {
            String::new()
        }
    }

    fn check_room(&self) -> Result<()> {
        let limit = limits::CONNECTIONS;
        if self.world().count() < limit { Ok(()) } else { Err(Error::TooManyConnections { limit }) }
    }

    /// Another socket takes a connection over. What the Worker and `admit` say now counts if it is
    /// something else than at first; if not, the connection is as it was.
    #[allow(clippy::too_many_arguments, reason = "what was, and what is")]
    fn take_over(
        &mut self,
        socket: SocketId,
        was: &Handle,
        name: &str,
        mut session: Session,
        from: Option<u64>,
        admitted: Admitted,
        state: Box<dyn std::any::Any>,
    ) -> Result<()> {
        let mut connection = was.on(socket);
        if session.admitted != admitted {
            connection = connection.with_state(state).with_tags(admitted.tags.clone());
            session.wear(self.last_said(), connection.tags());
            session.admitted = admitted;
        }
        if !was.is_here() {
            self.check_room()?;
        }
        let rate = self.engine.traits.rate_limit;
        let attachment = self.engine.connections.codec.attachment(&connection, rate)?;
        if was.is_here() {
            let (socket, code) = (was.socket(), CloseCode::RESTART);
            self.engine.connections.end(&mut self.engine.changes, socket);
            let reason = "taken over by a newer socket".to_owned();
            self.engine.batch.outputs.push(Output::Close { socket, code, reason });
        }
        let handled = Some(session.handled);
        self.engine.connections.open(&mut self.engine.changes, &connection, attachment.clone());
        self.put_session(name, session, At::Here(&attachment));
        let tags = connection.platform_tags();
        self.engine.batch.outputs.push(Output::Accept { socket, tags });
        self.greet(&connection, name, from, handled, true);
        self.plan_sweep();
        Ok(())
    }

    fn begin(
        &mut self,
        connection: &Handle,
        name: &str,
        mut session: Session,
        admitted: Admitted,
    ) -> Result<()> {
        let rate = self.engine.traits.rate_limit;
        let attachment = self.engine.connections.codec.attachment(connection, rate)?;
        self.engine.connections.open(&mut self.engine.changes, connection, attachment.clone());
        if connection.session().is_some() {
            let last = self.last_said();
            if session.id.is_empty() {
                session.since = last;
            }
            session.id = connection.id().to_string();
            session.wear(last, connection.tags());
            session.admitted = admitted;
            self.put_session(name, session, At::Here(&attachment));
        }
        Ok(())
    }

    /// What becomes of other connections of an id. Whether any was replaced.
    fn settle_duplicates(&mut self, id: &str, rule: OnDuplicate) -> Result<bool> {
        if rule == OnDuplicate::Allow {
            return Ok(false);
        }
        let duplicates = self.engine.connections.with_id(&self.world(), id);
        if duplicates.is_empty() {
            return Ok(false);
        }
        if rule == OnDuplicate::Reject {
            return Err(Error::DuplicateConnection { id: id.to_owned() });
        }
        for duplicate in duplicates {
            self.end(duplicate, CloseCode::RESTART, "replaced by a newer connection");
        }
        self.finish_closing();
        Ok(true)
    }
}

/// What the Worker gave with an upgrade, in short: whether it is the same as before.
fn fingerprint(upgrade: &Upgrade) -> u64 {
    let upgrade = Upgrade { id: None, protocol: None, ..upgrade.clone() };
    calling::fingerprint(&serde_json::to_string(&upgrade).unwrap_or_default())
}
