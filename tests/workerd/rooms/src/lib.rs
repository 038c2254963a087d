//! Rooms that misbehave on purpose, for the tests in workerd.

mod exact;
mod faulty;
mod mirror;
mod quiet;
mod relay;

use exact::Exact;
use faulty::Faulty;
use mirror::Mirror;
use quiet::Quiet;
use relay::Relay;

dormouse::rooms![Exact, Faulty, Mirror, Quiet, Relay];
