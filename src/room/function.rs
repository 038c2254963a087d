//! Functions of the Worker that a room can call.

use std::marker::PhantomData;

/// A function of the Worker, by its name: it takes an `A` and gives a `T`.
///
/// The Worker lists it in `calls` when it makes its rooms' object. A room [calls](crate::Effects::call)
/// it, and what it gives comes to [`handle_reply`](crate::Room::handle_reply).
///
/// ```
/// use dormouse::testing::TestRoom;
/// use dormouse::{Answer, Context, Effects, Function, Never, Result, Room, Text};
/// use serde::{Deserialize, Serialize};
///
/// const TRANSLATE: Function<String, String> = Function::new("translate");
///
/// /// What an answer is about; it is stored until the answer comes.
/// #[derive(Serialize, Deserialize)]
/// enum Asked { Translation { of: String } }
///
/// struct Interpreter;
///
/// impl Room for Interpreter {
///     # const NAME: &'static str = "interpreter";
///     # type State = ();
///     # type Connection = ();
///     # type Upgrade = ();
///     # type Message = Text;
///     # type Broadcast = Text;
///     # type Alarm = Never;
///     // …
///     type Reply = Asked;
///
///     fn handle_message(cx: &Context<Self>, Text(of): Text) -> Result<Effects<Self>> {
///         Ok(cx.effects().call(&TRANSLATE, &of, Asked::Translation { of: of.clone() }))
///     }
///
///     fn handle_reply(cx: &Context<Self>, about: Asked, answer: Answer) -> Result<Effects<Self>> {
///         let Asked::Translation { of } = about;
///         let line = match answer.of(&TRANSLATE) {
///             Ok(translation) => format!("{of}: {translation}"),
///             Err(_) => format!("nobody knows {of}"),
///         };
///         Ok(cx.effects().broadcast(Text(line)))
///     }
/// }
///
/// let room = TestRoom::<Interpreter>::new("embassy");
/// let ada = room.connect("ada");
/// ada.send_text("chat");
/// let letter = room.take_letters().remove(0);
/// room.delivered(letter.seq, dormouse::Delivered::Ok("cat".into()));
/// assert_eq!(ada.receive_text(), "chat: cat");
/// ```
#[derive(Debug)]
pub struct Function<A, T> {
    name: &'static str,
    types: PhantomData<fn(A) -> T>,
}

impl<A, T> Function<A, T> {
    /// The function of a name: 1 to 64 of the letters A to Z and a to z, digits, `-`, `.` and `_`.
    ///
    /// # Panics
    /// With another name; as a constant it does not compile.
    ///
    /// ```compile_fail
    /// const BEST: dormouse::Function<u8, u8> = dormouse::Function::new("best move");
    /// BEST.name();
    /// ```
    pub const fn new(name: &'static str) -> Self {
        crate::room::name::check(name);
        Self { name, types: PhantomData }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}
