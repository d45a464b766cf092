//! Both ends of a stub: what it asks, and how what comes back is read.

use super::error::{CallError, Unknown};
use super::interface::{Call, Interface, whole};
use super::json::{Answer, Asked, Id, Json, Object, Params};
use super::message::{CallId, Codec};
use super::value::Value;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// A call of a procedure that returns an `R`, ready to be sent.
pub struct Request<R> {
    pub(super) asked: Plain,
    result: PhantomData<fn() -> R>,
}

/// A call of a procedure, whatever it returns.
#[derive(Clone)]
pub(super) struct Plain {
    pub(super) interface: &'static Interface,
    pub(super) procedure: u16,
    /// The parameters in network byte order.
    params: Vec<u8>,
    to_json: fn(u16, &[u8]) -> Option<Json>,
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.interface.name, self.procedure)
    }
}

// Where a function lies in memory is no part of what a call is.
impl Hash for Plain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.interface.number(), self.procedure, &self.params).hash(state);
    }
}

impl<R> fmt::Debug for Request<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.asked.fmt(f)
    }
}

impl<R> Request<R> {
    /// For [`service!`](crate::service).
    #[must_use]
    pub fn new<C: Call>(call: &C) -> Self {
        let mut params = Vec::new();
        call.put(&mut params);
        let to_json = |procedure, bytes: &[u8]| C::take(procedure, bytes).ok().map(|c| c.to_json());
        let (interface, procedure) = (C::INTERFACE, call.procedure());
        let asked = Plain { interface, procedure, params, to_json };
        Request { asked, result: PhantomData }
    }
}

impl Plain {
    /// The parameters as they are on the wire. JSON-RPC has the name of the procedure and the number of the
    /// call in its text as well.
    pub(super) fn marshalled(&self, codec: Codec, call: CallId) -> Vec<u8> {
        match codec {
            Codec::Binary => self.params.clone(),
            Codec::Json => {
                let params = match (self.to_json)(self.procedure, &self.params) {
                    Some(Json::Object(params)) => params,
                    _ => Object::new(),
                };
                let procedure = self.interface.procedure(self.procedure);
                let method = procedure.map_or("", |procedure| procedure.name).to_owned();
                let params = if params.is_empty() { Params::None } else { Params::Named(params) };
                let id = Some(Id::Number(call.0.into()));
                Asked { method, params, id }.to_json().to_string().into_bytes()
            }
        }
    }
}

/// What is marshalled for a call of one number, or came of it, for the same under another: JSON-RPC has the number in its
/// text. What is not of the first number stays as it is.
pub(super) fn renumbered(bytes: &[u8], codec: Codec, from: CallId, to: CallId) -> Vec<u8> {
    let number = |call: CallId| Json::from(call.0);
    let json = (codec == Codec::Json).then(|| serde_json::from_slice(bytes).ok()).flatten();
    match json {
        Some(Json::Object(mut object)) if object.get("id") == Some(&number(from)) => {
            object.insert("id".to_owned(), number(to));
            Json::Object(object).to_string().into_bytes()
        }
        _ => bytes.to_vec(),
    }
}

/// A call that was made, of a procedure that returns an `R`.
pub struct Handle<R> {
    /// Which.
    pub call: CallId,
    codec: Codec,
    result: PhantomData<fn() -> R>,
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Handle<R> {}

impl<R> PartialEq for Handle<R> {
    fn eq(&self, other: &Self) -> bool {
        self.call == other.call
    }
}

impl<R> Eq for Handle<R> {}

impl<R> PartialOrd for Handle<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<R> Ord for Handle<R> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.call.cmp(&other.call)
    }
}

impl<R> Hash for Handle<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.call, self.codec).hash(state);
    }
}

impl<R> fmt::Debug for Handle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {}", self.call)
    }
}

impl<R: Value> Handle<R> {
    pub(super) const fn new(call: CallId, codec: Codec) -> Self {
        Handle { call, codec, result: PhantomData }
    }

    /// The same call under another number.
    pub(super) const fn under(self, call: CallId) -> Self {
        Handle { call, ..self }
    }

    /// Unmarshals what came of the call.
    ///
    /// # Errors
    /// If nothing was returned, or nothing that makes sense.
    pub fn read(&self, result: &Result<Vec<u8>, CallError>) -> Result<R, CallError> {
        let bytes = result.as_ref().map_err(Clone::clone)?;
        let unreadable = CallError::Indeterminate(Unknown::Unreadable);
        match self.codec {
            Codec::Binary => whole(bytes).map_err(|_| unreadable),
            Codec::Json => {
                let json: Option<Json> = serde_json::from_slice(bytes).ok();
                let answer = json.as_ref().and_then(Answer::from_json);
                let of_call = |answer: &Answer| answer.id == Id::Number(self.call.0.into());
                let answer = answer.filter(of_call).ok_or(unreadable.clone())?;
                match answer.result {
                    Ok(result) => R::from_json(&result).ok_or(unreadable),
                    Err(fault) => {
                        let (code, message) = (fault.code, fault.message);
                        Err(CallError::Application { code, message })
                    }
                }
            }
        }
    }
}
