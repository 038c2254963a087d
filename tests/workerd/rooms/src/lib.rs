//! Rooms that misbehave on purpose, for the tests in workerd.

mod faulty;
mod mirror;

use faulty::Faulty;
use mirror::Mirror;

dormouse::rooms![Faulty, Mirror];
