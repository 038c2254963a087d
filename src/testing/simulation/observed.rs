//! A room in a glass case: does what the room does, and tells which handlers ran and how they ended.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::time::Duration;

use serde_json::Value;

use crate::room::close::Close;
use crate::room::connection::SocketId;
use crate::room::context::Context;
use crate::room::effect::Effect;
use crate::room::effects::Effects;
use crate::room::error::{Error, Result};
use crate::room::frame::Frame;
use crate::room::handler::Handler;
use crate::room::letter::Answer;
use crate::room::liveness::AutoResponse;
use crate::room::rate::RateLimit;
use crate::room::resume::Resume;
use crate::room::room::Room;
use crate::room::upgrade::{Admission, Newcomer};

pub(super) struct Observed<R>(PhantomData<R>);

/// A call of a handler.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) pass: u32,
    pub(super) nth: usize,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) handler: Handler,
    /// Which input of the batch it was for.
    pub(super) turn: Turn,
    pub(super) socket: Option<SocketId>,
    pub(super) is_from_sibling: bool,
    pub(super) ended: Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With effects that change what is stored or who is connected.
    Changing,
    /// With frames at most.
    Telling,
    Failed,
}

/// What a planned panic carries, to be told from a room's own.
pub(super) struct Planned;

#[derive(Default)]
struct Glass {
    is_watching: bool,
    calls: Vec<Call>,
    /// How many handlers run before one panics.
    fuse: Option<usize>,
}

thread_local! {
    // Handlers are functions without a self: this is the only place to watch them from.
    static GLASS: RefCell<Glass> = RefCell::default();
}

/// Begins to watch the handlers of this thread; `fuse` says how many run before one panics.
pub(super) fn watch(fuse: Option<usize>) {
    GLASS.with_borrow_mut(|glass| {
        glass.is_watching = true;
        glass.calls.clear();
        glass.fuse = fuse;
    });
}

/// What the engine called for the last run of the batch, and the fuse if it has not burnt.
pub(super) fn seen() -> (Vec<Call>, Option<usize>) {
    GLASS.with_borrow_mut(|glass| {
        glass.is_watching = false;
        let mut calls = std::mem::take(&mut glass.calls);
        let last = calls.iter().map(|call| call.turn.pass).max();
        calls.retain(|call| Some(call.turn.pass) == last);
        (calls, glass.fuse.take())
    })
}

fn observe<R: Room>(
    handler: Handler,
    cx: &Context<Observed<R>>,
    run: impl FnOnce(&Context<R>) -> Result<Effects<R>>,
) -> Result<Effects<Observed<R>>> {
    burn();
    let result = run(&inside(cx));
    GLASS.with_borrow_mut(|glass| {
        if glass.is_watching {
            let ended = match &result {
                Ok(effects) if effects.are_told_only() => Ended::Telling,
                Ok(_) => Ended::Changing,
                Err(_) => Ended::Failed,
            };
            let (pass, nth) = cx.view.turn();
            let turn = Turn { pass, nth };
            let socket = cx.sender().map(crate::room::connection::Connection::socket);
            let is_from_sibling = cx.sibling().is_some();
            glass.calls.push(Call { handler, turn, socket, is_from_sibling, ended });
        }
    });
    result.map(outside)
}

fn burn() {
    let is_burnt = GLASS.with_borrow_mut(|glass| match &mut glass.fuse {
        Some(0) => {
            glass.fuse = None;
            true
        }
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    });
    if is_burnt {
        // Not `panic!`: the hook that prints it is for panics that nobody planned.
        std::panic::resume_unwind(Box::new(Planned));
    }
}

fn inside<'a, R: Room>(cx: &Context<'a, Observed<R>>) -> Context<'a, R> {
    Context::new(cx.view, cx.state)
}

fn outside<R: Room>(effects: Effects<R>) -> Effects<Observed<R>> {
    effects.cast(|effect| match effect {
        Effect::Save(state) => Effect::Save(state),
        Effect::Update(update) => Effect::Update(update),
        Effect::Send { to, message } => Effect::Send { to, message },
        Effect::SendError { to, code, message } => Effect::SendError { to, code, message },
        Effect::SetConnection { connection, state } => Effect::SetConnection { connection, state },
        Effect::Close { connections, code, reason } => Effect::Close { connections, code, reason },
        Effect::SetTags { connection, tags } => Effect::SetTags { connection, tags },
        Effect::Schedule { name, when, alarm } => Effect::Schedule { name, when, alarm },
        Effect::Cancel { name } => Effect::Cancel { name },
        Effect::Append { history, row } => Effect::Append { history, row },
        Effect::Trim { history, keep } => Effect::Trim { history, keep },
        Effect::Put { key, value } => Effect::Put { key, value },
        Effect::Delete { key } => Effect::Delete { key },
        Effect::Post { errand, about } => Effect::Post { errand, about },
        Effect::Purge => Effect::Purge,
    })
}

impl<R: Room> Room for Observed<R> {
    const NAME: &'static str = R::NAME;
    const MAX_FRAME_BYTES: usize = R::MAX_FRAME_BYTES;
    const AUTO_RESPONSE: Option<AutoResponse> = R::AUTO_RESPONSE;
    const PRESUMED_GONE_AFTER: Option<Duration> = R::PRESUMED_GONE_AFTER;
    const RATE_LIMIT: Option<RateLimit> = R::RATE_LIMIT;
    const RESUME: Option<Resume> = R::RESUME;
    type State = R::State;
    type Connection = R::Connection;
    type Upgrade = R::Upgrade;
    type Message = R::Message;
    type Broadcast = R::Broadcast;
    type Alarm = R::Alarm;
    type Reply = R::Reply;

    fn migrate_state(stored: Value) -> Option<Self::State> {
        R::migrate_state(stored)
    }

    fn migrate_connection(stored: Value) -> Option<Self::Connection> {
        R::migrate_connection(stored)
    }

    fn migrate_alarm(stored: Value) -> Option<Self::Alarm> {
        R::migrate_alarm(stored)
    }

    fn migrate_reply(stored: Value) -> Option<Self::Reply> {
        R::migrate_reply(stored)
    }

    fn admit(
        cx: &Context<Self>,
        newcomer: Newcomer<Self::Upgrade>,
    ) -> Result<Admission<Self::Connection>> {
        burn();
        R::admit(&inside(cx), newcomer)
    }

    fn handle_connect(cx: &Context<Self>, upgrade: &Self::Upgrade) -> Result<Effects<Self>> {
        observe(Handler::Connect, cx, |cx| R::handle_connect(cx, upgrade))
    }

    fn handle_message(cx: &Context<Self>, event: Self::Message) -> Result<Effects<Self>> {
        observe(Handler::Message, cx, |cx| R::handle_message(cx, event))
    }

    fn handle_close(cx: &Context<Self>, close: &Close) -> Result<Effects<Self>> {
        observe(Handler::Close, cx, |cx| R::handle_close(cx, close))
    }

    fn handle_alarm(cx: &Context<Self>, alarm: Self::Alarm) -> Result<Effects<Self>> {
        observe(Handler::Alarm, cx, |cx| R::handle_alarm(cx, alarm))
    }

    fn handle_reply(
        cx: &Context<Self>,
        about: Self::Reply,
        answer: Answer,
    ) -> Result<Effects<Self>> {
        observe(Handler::Reply, cx, |cx| R::handle_reply(cx, about, answer))
    }

    fn handle_invalid(cx: &Context<Self>, frame: &Frame, error: &Error) -> Effects<Self> {
        hook(cx, |cx| R::handle_invalid(cx, frame, error))
    }

    fn error_message(cx: &Context<Self>, error: &Error) -> Option<Self::Broadcast> {
        R::error_message(&inside(cx), error)
    }

    fn takes_token(message: &Self::Message) -> bool {
        R::takes_token(message)
    }

    fn handle_limited(cx: &Context<Self>, wait: Duration) -> Effects<Self> {
        hook(cx, |cx| R::handle_limited(cx, wait))
    }

    fn handle_error(cx: &Context<Self>, during: Handler, error: &Error) -> Effects<Self> {
        hook(cx, |cx| R::handle_error(cx, during, error))
    }
}

fn hook<R: Room>(
    cx: &Context<Observed<R>>,
    run: impl FnOnce(&Context<R>) -> Effects<R>,
) -> Effects<Observed<R>> {
    observe(Handler::Error, cx, |cx| Ok(run(cx))).unwrap_or_default()
}
