simlab_protocols::service! {
    /// A bank that keeps accounts.
    pub service bank = "bank", versions 1..=1;

    procedures {}
}

fn main() {}
