simlab_protocols::service! {
    /// A bank that keeps accounts.
    pub service bank = "bank", versions 1..=1;

    procedures {
        /// What is left on the account.
        1 => balance(account: String) -> i64;
        /// Forgets all accounts.
        1 => clear();
    }
}

fn main() {}
