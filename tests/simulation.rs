//! The bundled rooms, through lives that chance makes up.

#[path = "support/lives.rs"]
mod lives;

#[test]
fn echo() {
    lives::echo().run();
}

#[test]
fn lobby() {
    lives::lobby().run();
}

#[test]
fn chat() {
    lives::chat().run();
}

#[test]
fn reminders() {
    lives::reminders().run();
}

#[test]
fn history() {
    lives::history().run();
}
