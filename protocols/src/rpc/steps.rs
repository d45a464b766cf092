//! The steps of a call in the trace: Birrell and Nelson 1984, figure 1, one by one.

use super::message::CallId;
use simlab_core::Env;

/// A step of a call. Its note has the trace, which nested calls share, and the number of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The caller finds out who offers the service.
    LookUp,
    /// The caller asks the server which life it is in.
    Open,
    /// The caller writes the parameters.
    Marshal,
    /// The caller sends the request.
    Send,
    /// The server receives it.
    Receive,
    /// The server reads the parameters.
    Unmarshal,
    /// The server gives it to a worker.
    Dispatch,
    /// The worker executes the procedure.
    Execute,
    /// The server writes the result.
    MarshalReply,
    /// The server sends the reply.
    Return,
    /// The caller reads the result.
    UnmarshalReply,
    /// The call has ended.
    Close,
}

impl Step {
    /// The name of its note.
    #[must_use]
    pub const fn note(self) -> &'static str {
        match self {
            Step::LookUp => "rpc.look-up",
            Step::Open => "rpc.open",
            Step::Marshal => "rpc.marshal",
            Step::Send => "rpc.send",
            Step::Receive => "rpc.receive",
            Step::Unmarshal => "rpc.unmarshal",
            Step::Dispatch => "rpc.dispatch",
            Step::Execute => EXECUTE,
            Step::MarshalReply => "rpc.marshal-reply",
            Step::Return => "rpc.return",
            Step::UnmarshalReply => "rpc.unmarshal-reply",
            Step::Close => "rpc.close",
        }
    }
}

/// A worker begins to execute a procedure. `a`: the trace. `b`: the call.
pub(super) const EXECUTE: &str = "rpc.execute";
/// Nobody waits any more for what began a trace. `a`: the trace. `b`: the call.
pub(super) const DEADLINE: &str = "rpc.deadline";

pub(super) fn note(step: Step, trace: u64, call: CallId, env: &mut Env<'_>) {
    env.note(step.note(), trace, call.0);
}

pub(super) fn note_deadline(trace: u64, call: CallId, env: &mut Env<'_>) {
    env.note(DEADLINE, trace, call.0);
}
