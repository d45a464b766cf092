simlab_protocols::service! {
    /// A bank that keeps accounts.
    pub service bank = "bank", versions 1..=2;

    procedures {
        /// What is left on the account.
        1 => balance(account: String) -> i64;
        /// Forgets all accounts.
        2 since 3 => clear();
    }
}

fn main() {}
