//! Numbers that a room keeps: asleep or awake, they are the same.

use dormouse::testing::{Dice, TestRoom};
use dormouse::{Context, Effects, Never, Result, Room};

/// Keeps the last number it was sent.
struct Scale;

impl Room for Scale {
    const NAME: &'static str = "scale";
    type State = f64;
    type Connection = ();
    type Upgrade = ();
    type Message = f64;
    type Broadcast = f64;
    type Alarm = Never;
    type Reply = Never;

    fn handle_message(cx: &Context<Self>, number: f64) -> Result<Effects<Self>> {
        let before = cx.state().copied().unwrap_or_default();
        Ok(Effects::new().save(number).broadcast(before))
    }
}

#[test]
fn a_fraction_is_stored_and_read_to_its_last_bit() {
    let room = TestRoom::<Scale>::new("kitchen");
    let ada = room.connect("ada");
    let mut dice = Dice::new(0);
    for _ in 0..1_000 {
        // Without the two bits in front it is neither infinite nor no number.
        let number = f64::from_bits(dice.number() >> 2);
        ada.send(&number);
        ada.receive_frame();
        room.hibernate();
        assert_eq!(room.state().map(f64::to_bits), Some(number.to_bits()), "{number:?}");
    }
}
