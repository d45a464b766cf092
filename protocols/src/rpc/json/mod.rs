//! **JSON-RPC 2.0** (jsonrpc.org, specification of 2010, revised 2013): calls as text.
//!
//! A call is an object with a `method`, its `params` by place or by name, and an `id` that the answer has too. One
//! without an `id` is a *notification*, which is never answered. Several in a list are a *batch*; its answers are a
//! list as well, in any order (here: in that of the calls).

mod answer;
mod params;
mod request;

pub use answer::{Answer, Fault, respond};
pub use params::Params;
pub use request::{Asked, Id, Text, read};
pub use serde_json::Value as Json;

/// An object of JSON.
pub type Object = serde_json::Map<String, Json>;

/// The version that every message names.
const VERSION: &str = "2.0";
