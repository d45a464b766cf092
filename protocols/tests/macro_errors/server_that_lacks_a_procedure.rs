use simlab_protocols::rpc::{Context, Step, Woken};
use std::convert::Infallible;

simlab_protocols::service! {
    /// A bank that keeps accounts.
    pub service bank = "bank", versions 1..=1;

    procedures {
        /// What is left on the account.
        1 => balance(account: String) -> i64;
        /// Forgets all accounts.
        2 => clear();
    }
}

#[derive(Clone, Debug, Hash)]
struct Bank;

impl bank::Server for Bank {
    type Job = Infallible;

    fn balance(&mut self, _: String, _: &mut Context<'_, '_>) -> Step<i64, Infallible> {
        Step::returns(0)
    }

    fn resume(
        &mut self,
        job: Infallible,
        _: Woken,
        _: &mut Context<'_, '_>,
    ) -> Step<bank::Reply, Infallible> {
        match job {}
    }

    fn redo(&mut self, _: &[u8]) {}

    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> bool {
        true
    }
}

fn main() {}
