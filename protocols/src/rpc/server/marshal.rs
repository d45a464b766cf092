//! Parameters and results as they are on the wire.

use super::context::Failure;
use crate::rpc::error::Verdict;
use crate::rpc::interface::{Call, Reply};
use crate::rpc::json::{Answer, Asked, Fault, Id, Json};
use crate::rpc::message::{Codec, Header};

/// The call of a request; `None` if the parameters are not those of the procedure.
pub(super) fn unmarshalled<C: Call>(header: &Header, body: &[u8]) -> Option<C> {
    match header.codec {
        Codec::Binary => C::take(header.procedure, body).ok(),
        Codec::Json => {
            let json: Json = serde_json::from_slice(body).ok()?;
            let asked = Asked::from_json(json).ok()?;
            let named = C::INTERFACE.named(&asked.method)?;
            (named.number == header.procedure).then_some(())?;
            C::from_json(header.procedure, &asked.params)
        }
    }
}

pub(super) fn marshalled<R: Reply>(header: &Header, result: Result<R, Failure>) -> Verdict {
    match (header.codec, result) {
        (Codec::Binary, Ok(reply)) => {
            let mut bytes = Vec::new();
            reply.put(&mut bytes);
            Verdict::Returned(bytes)
        }
        (Codec::Binary, Err(Failure { code, message })) => Verdict::Failed { code, message },
        (Codec::Json, result) => {
            let result = result.map(|reply| reply.to_json());
            let result = result.map_err(|failure| Fault::new(failure.code, failure.message));
            let answer = Answer { id: Id::Number(header.call.0.into()), result };
            Verdict::Returned(answer.to_json().to_string().into_bytes())
        }
    }
}
