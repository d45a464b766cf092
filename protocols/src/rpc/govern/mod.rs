//! What keeps a service from more load than it can bear, and its callers from one that is ill.
//!
//! | where | what | against |
//! |---|---|---|
//! | [`bucket`] | so many calls a second from each caller | one caller that takes all |
//! | [`shed`] | what has waited too long, or matters least, is refused | a queue of calls nobody waits for any more |
//! | [`breaker`] | a server that fails is left alone for a while | callers that wait for what cannot come |
//!
//! How much may be sent again is bounded by [`reliable::budget`](crate::reliable::budget).

pub mod breaker;
pub mod bucket;
pub mod shed;
