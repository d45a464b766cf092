//! Why a call came to nothing, and what that says of whether it was executed.

use super::json::Fault;
use simlab_core::wire::{Encode, Reader, WireError, put_bytes};
use std::fmt;

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallError {
    /// The server says that it does not execute it.
    Refused(Refusal),
    /// No server was asked.
    Unavailable(Unavailable),
    /// The time is over; whether a server was asked.
    Deadline(Executed),
    /// The procedure was executed, and this is what it says.
    Application {
        /// Its own code.
        code: i64,
        /// One sentence.
        message: String,
    },
    /// It may have been executed, and nobody will ever say.
    Indeterminate(Unknown),
}

/// Why a server refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// It does not have the service.
    Service,
    /// It does not speak that version, but those from the first to the last of these.
    Version(u16, u16),
    /// It does not have the procedure.
    Procedure,
    /// These are not the parameters of the procedure.
    Parameters,
    /// Its queue is full.
    Busy,
    /// The caller may not.
    Denied,
    /// It has more to do than it can, and this matters least.
    Shed,
    /// The caller has asked more often than it may.
    Rate,
    /// The caller has taken it back.
    Cancelled,
}

/// Why no server was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unavailable {
    /// No server is known.
    NoServer,
    /// The circuit breaker is open.
    BreakerOpen,
    /// Too many calls are under way.
    TooMany,
    /// The call does not fit into a message.
    TooLong,
}

/// Why nobody will ever know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unknown {
    /// The server was asked, and has restarted without knowing what it did.
    Restarted,
    /// The server has forgotten the call.
    Forgotten,
    /// What was answered makes no sense.
    Unreadable,
    /// The caller has stopped waiting, or asked another server, which has not executed it.
    Abandoned,
}

/// Whether a call was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Executed {
    /// It was not, and will not be.
    No,
    /// It was, or is, or will be, or not.
    Unknown,
    /// It was.
    Yes,
}

impl CallError {
    /// Whether no copy of the call was executed or ever will be, whatever links have doubled: each would be told the same, or
    /// none was sent. Damaged copies are for a layer.
    #[must_use]
    pub const fn is_certainly_not_executed(&self) -> bool {
        matches!(
            self,
            CallError::Unavailable(_)
                | CallError::Refused(
                    Refusal::Service
                        | Refusal::Version(..)
                        | Refusal::Procedure
                        | Refusal::Parameters
                )
        )
    }

    /// Whether the call was executed, if no copy of it is executed after another was refused: where the server
    /// knows duplicates.
    #[must_use]
    pub const fn executed(&self) -> Executed {
        match self {
            CallError::Refused(_) | CallError::Unavailable(_) => Executed::No,
            CallError::Deadline(executed) => *executed,
            CallError::Application { .. } => Executed::Yes,
            CallError::Indeterminate(_) => Executed::Unknown,
        }
    }

    /// The same of a call that another server was asked for before, which may execute it: that the last one has not
    /// done so says nothing of the call.
    pub(super) fn after_another(self) -> Self {
        match (self.executed(), self) {
            (Executed::No, CallError::Deadline(_)) => CallError::Deadline(Executed::Unknown),
            (Executed::No, _) => CallError::Indeterminate(Unknown::Abandoned),
            (_, error) => error,
        }
    }

    /// The word for its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            CallError::Refused(_) => "refused",
            CallError::Unavailable(_) => "unavailable",
            CallError::Deadline(_) => "deadline",
            CallError::Application { .. } => "application",
            CallError::Indeterminate(_) => "indeterminate",
        }
    }

    /// It as JSON-RPC has it. What that does not know has a code of the range for servers.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let code = match self {
            CallError::Refused(Refusal::Procedure | Refusal::Service) => return Fault::method(),
            CallError::Refused(Refusal::Parameters) => return Fault::params(),
            CallError::Application { code, message } => return Fault::new(*code, message.clone()),
            CallError::Refused(_) => -32_001,
            CallError::Unavailable(_) => -32_002,
            CallError::Deadline(_) => -32_003,
            CallError::Indeterminate(_) => -32_004,
        };
        Fault::new(code, self.to_string())
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Refused(why) => write!(f, "refused: {why}"),
            CallError::Unavailable(why) => write!(f, "unavailable: {why}"),
            CallError::Deadline(Executed::No) => f.write_str("deadline: it was not begun in time"),
            CallError::Deadline(_) => f.write_str("deadline: nobody answered in time"),
            CallError::Application { code, message } => write!(f, "error {code}: {message}"),
            CallError::Indeterminate(why) => write!(f, "indeterminate: {why}"),
        }
    }
}

impl std::error::Error for CallError {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Service => "there is no such service",
            Refusal::Version(first, last) if first == last => {
                return write!(f, "it speaks version {first}");
            }
            Refusal::Version(first, last) => {
                return write!(f, "it speaks versions {first} to {last}");
            }
            Refusal::Procedure => "there is no such procedure",
            Refusal::Parameters => "these are not the parameters",
            Refusal::Busy => "the queue is full",
            Refusal::Denied => "the caller may not",
            Refusal::Shed => "there is too much to do",
            Refusal::Rate => "the caller asks too often",
            Refusal::Cancelled => "it was cancelled",
        })
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unavailable::NoServer => "no server is known",
            Unavailable::BreakerOpen => "the breaker is open",
            Unavailable::TooMany => "too many calls are under way",
            Unavailable::TooLong => "the call is too long for a message",
        })
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unknown::Restarted => "the server has restarted",
            Unknown::Forgotten => "the server has forgotten it",
            Unknown::Unreadable => "the answer makes no sense",
            Unknown::Abandoned => "the caller stopped waiting",
        })
    }
}

/// What a server says of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// What the procedure returned, marshalled.
    Returned(Vec<u8>),
    /// What the procedure complains of.
    Failed {
        /// Its own code.
        code: i64,
        /// One sentence.
        message: String,
    },
    /// Why it is not executed.
    Refused(Refusal),
    /// Its time was over before it was begun.
    TooLate,
    /// It is one of those that were forgotten.
    Forgotten,
}

impl Verdict {
    /// What a caller makes of it.
    ///
    /// # Errors
    /// If nothing was returned.
    pub fn into_result(self) -> Result<Vec<u8>, CallError> {
        match self {
            Verdict::Returned(bytes) => Ok(bytes),
            Verdict::Failed { code, message } => Err(CallError::Application { code, message }),
            Verdict::Refused(why) => Err(CallError::Refused(why)),
            Verdict::TooLate => Err(CallError::Deadline(Executed::No)),
            Verdict::Forgotten => Err(CallError::Indeterminate(Unknown::Forgotten)),
        }
    }

    /// The word for its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Verdict::Returned(_) => "returned",
            Verdict::Failed { .. } => "failed",
            Verdict::Refused(_) => "refused",
            Verdict::TooLate => "too late",
            Verdict::Forgotten => "forgotten",
        }
    }

    /// Reads one that fills what is left.
    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            0 => Verdict::Returned(reader.take(reader.rest().len())?.to_vec()),
            1 => Verdict::Failed { code: reader.i64()?, message: reader.str()?.to_owned() },
            2 => Verdict::Refused(match reader.u8()? {
                0 => Refusal::Service,
                1 => Refusal::Version(reader.u16()?, reader.u16()?),
                2 => Refusal::Procedure,
                3 => Refusal::Parameters,
                4 => Refusal::Busy,
                5 => Refusal::Denied,
                6 => Refusal::Shed,
                7 => Refusal::Rate,
                8 => Refusal::Cancelled,
                tag => return Err(WireError::Tag { what: "refusal", tag }),
            }),
            3 => Verdict::TooLate,
            4 => Verdict::Forgotten,
            tag => return Err(WireError::Tag { what: "verdict", tag }),
        })
    }
}

impl Encode for Verdict {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Verdict::Returned(bytes) => {
                out.push(0);
                out.extend(bytes);
            }
            Verdict::Failed { code, message } => {
                out.push(1);
                out.extend(code.to_be_bytes());
                put_bytes(out, message.as_bytes());
            }
            Verdict::Refused(why) => {
                out.push(2);
                out.push(match why {
                    Refusal::Service => 0,
                    Refusal::Version(..) => 1,
                    Refusal::Procedure => 2,
                    Refusal::Parameters => 3,
                    Refusal::Busy => 4,
                    Refusal::Denied => 5,
                    Refusal::Shed => 6,
                    Refusal::Rate => 7,
                    Refusal::Cancelled => 8,
                });
                if let Refusal::Version(first, last) = why {
                    out.extend(first.to_be_bytes());
                    out.extend(last.to_be_bytes());
                }
            }
            Verdict::TooLate => out.push(3),
            Verdict::Forgotten => out.push(4),
        }
    }
}
