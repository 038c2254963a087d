//! An engine, or one with a planted fault.

use crate::engine::Engine;
use crate::host::commit::Commit;
use crate::host::host::Host;
use crate::host::input::{Fault, Input};

pub(super) trait AnyRoom {
    fn handle(&mut self, host: &dyn Host, input: Input, fault: Fault);
    fn due(&mut self, host: &dyn Host) -> Vec<String>;
    fn commit(&mut self, host: &dyn Host) -> Commit;
    fn reset(&mut self);
}

impl AnyRoom for Engine {
    fn handle(&mut self, host: &dyn Host, input: Input, fault: Fault) {
        self.handle_again(host, input, fault);
    }

    fn due(&mut self, host: &dyn Host) -> Vec<String> {
        Engine::due(self, host)
    }

    fn commit(&mut self, host: &dyn Host) -> Commit {
        Engine::commit(self, host)
    }

    fn reset(&mut self) {
        Engine::reset(self);
    }
}
