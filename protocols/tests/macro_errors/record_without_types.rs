simlab_protocols::service! {
    /// A bank that keeps accounts.
    pub service bank = "bank", versions 1..=1;

    records {
        /// Where the account is.
        Branch { city: String }
        /// What a customer asks for.
        Order { branch, cents }
    }

    procedures {
        /// Puts in.
        1 => add(order: Order) -> i64;
    }
}

fn main() {}
