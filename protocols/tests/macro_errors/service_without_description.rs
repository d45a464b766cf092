simlab_protocols::service! {
    pub service bank = "bank", versions 1..=1;

    procedures {
        /// What is left on the account.
        1 => balance(account: String) -> i64;
    }
}

fn main() {}
