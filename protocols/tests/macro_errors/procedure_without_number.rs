simlab_protocols::service! {
    /// A bank that keeps accounts.
    pub service bank = "bank", versions 1..=1;

    procedures {
        /// What is left on the account.
        balance(account: String) -> i64;
    }
}

fn main() {}
