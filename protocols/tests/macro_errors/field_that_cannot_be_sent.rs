simlab_protocols::service! {
    /// A bank that keeps accounts.
    pub service bank = "bank", versions 1..=1;

    records {
        /// What a customer asks for.
        Order {
            /// The sign of the currency.
            currency: char,
        }
    }

    procedures {
        /// Puts in.
        1 => add(order: Order) -> i64;
    }
}

fn main() {}
