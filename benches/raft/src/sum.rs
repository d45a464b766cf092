//! The state machine of all rows: it adds up numbers.

use simlab_core::Digest;
use simlab_protocols::raft::machine::Machine;

/// A sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sum(pub u64);

/// The bytes of a command: a number, and as many more as a small command of a real service has.
pub const COMMAND: usize = 32;

/// A command.
pub fn command(number: u64) -> Vec<u8> {
    let mut bytes = vec![7; COMMAND];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// The number of a command.
pub fn number(command: &[u8]) -> u64 {
    command.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

impl Machine for Sum {
    type Answer = u64;

    fn apply(&mut self, _: u64, command: &[u8]) -> u64 {
        self.0 = self.0.wrapping_add(number(command));
        self.0
    }

    fn digest(&self) -> u64 {
        Digest::of(&self.0.to_be_bytes())
    }

    fn snapshot(&self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }

    fn restore(&mut self, snapshot: &[u8]) -> bool {
        let read = snapshot.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
        self.0 = read.unwrap_or(self.0);
        read.is_some()
    }
}
