simlab_protocols::service! {
    /// A bank that keeps accounts.
    pub service bank = "bank";

    procedures {
        /// What is left on the account.
        1 => balance(account: String) -> i64;
    }
}

fn main() {}
