//! What `service!` says about definitions that are wrong.
//!
//! The words around its own are the compiler's, and may change with it:
//! `TRYBUILD=overwrite cargo test -p simlab-protocols --test macro_errors` writes them anew.

#[test]
fn mistakes_are_told_where_they_are() {
    trybuild::TestCases::new().compile_fail("tests/macro_errors/*.rs");
}
