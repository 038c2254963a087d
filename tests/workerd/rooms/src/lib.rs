//! Rooms that misbehave on purpose, for the tests in workerd.

mod faulty;
mod mirror;
mod quiet;
mod relay;

use faulty::Faulty;
use mirror::Mirror;
use quiet::Quiet;
use relay::Relay;

dormouse::rooms![Faulty, Mirror, Quiet, Relay];
