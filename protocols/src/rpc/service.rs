//! The definition of a service, from which stubs and skeletons are made.

/// Defines a service: a module with what client and server need to speak of the same thing.
///
/// ```
/// simlab_protocols::service! {
///     /// A bank that keeps accounts.
///     pub service bank = "bank", versions 1..=2;
///
///     records {
///         /// What a customer asks for.
///         Order {
///             /// The account.
///             account: String,
///             /// How much.
///             cents: i64,
///         }
///     }
///
///     procedures {
///         /// What is left on the account.
///         1 => balance(account: String) -> i64;
///         /// Puts in, or takes out if negative; what is left.
///         2 => add(order: Order) -> i64;
///         /// Forgets all accounts.
///         3 since 2 => clear();
///     }
/// }
///
/// let order = bank::Order { account: "alice".to_owned(), cents: 100 };
/// let stub = bank::add(order);
/// ```
///
/// The module has: the records; `INTERFACE`; `Call` and `Reply`, one variant for each procedure; a *stub* for each
/// procedure, a function that makes a typed [`Request`](crate::rpc::Request); `Server`, the trait of who executes
/// them; `Skeleton`, which unmarshals for it; and `dissect`, which shows datagrams to people.
#[macro_export]
macro_rules! service {
    (
        $(#[doc = $summary:literal])+
        $vis:vis service $module:ident = $name:literal, versions $first:literal..=$last:literal;
        $(records {
            $(
                $(#[$rmeta:meta])*
                $record:ident { $( $(#[$fmeta:meta])* $field:ident: $ftype:ty ),* $(,)? }
            )*
        })?
        procedures {
            $(
                $(#[doc = $doc:literal])+
                $number:literal $(since $since:literal)? =>
                    $procedure:ident($( $parameter:ident: $type:ty ),* $(,)?) $(-> $result:ty)?;
            )+
        }
    ) => {
        // Every use of a type names it as `<$type as Value>`: an error of one that cannot be sent then stands where
        // the type is written, and only once.
        $(#[doc = $summary])+
        $vis mod $module {
            #[allow(unused_imports, reason = "a service may need nothing of what is around it")]
            use super::*;
            use $crate::rpc::service_parts as parts;

            $($(
                $(#[$rmeta])*
                #[derive(Clone, Debug, PartialEq, Eq, Hash)]
                pub struct $record { $( $(#[$fmeta])* pub $field: $ftype, )* }

                #[diagnostic::do_not_recommend]
                impl parts::Value for $record {
                    const TYPE: &'static str = stringify!($record);
                    const LEAST: usize = 0 $( + <$ftype as parts::Value>::LEAST )*;

                    fn put(&self, out: &mut Vec<u8>) {
                        let _ = &out;
                        $( <$ftype as parts::Value>::put(&self.$field, out); )*
                    }

                    fn take(reader: &mut parts::Reader<'_>) -> Result<Self, parts::WireError> {
                        let _ = &reader;
                        Ok($record { $( $field: <$ftype as parts::Value>::take(reader)?, )* })
                    }

                    fn to_json(&self) -> parts::Json {
                        #[allow(unused_mut, reason = "a list may be empty")]
                        let mut object = parts::Object::new();
                        $(
                            let value = <$ftype as parts::Value>::to_json(&self.$field);
                            object.insert(stringify!($field).to_owned(), value);
                        )*
                        parts::Json::Object(object)
                    }

                    fn from_json(json: &parts::Json) -> Option<Self> {
                        let fields = parts::Params::Named(json.as_object()?.clone());
                        let _names: &[&str] = &[ $( stringify!($field) ),* ];
                        fields.has_only(_names).then_some(())?;
                        Some($record { $(
                            $field: <$ftype as parts::Value>::given(
                                fields.at(0, stringify!($field)),
                            )?,
                        )* })
                    }
                }
            )*)?

            #[doc = concat!("What `", $name, "` offers.")]
            pub static INTERFACE: parts::Interface = {
                const INTERFACE: parts::Interface = parts::Interface {
                    name: $name,
                    summary: concat!($($summary),+),
                    versions: ($first, $last),
                    procedures: &[ $( parts::Procedure {
                        number: $number,
                        name: stringify!($procedure),
                        since: $crate::service!(@since $first $(, $since)?),
                        parameters: &[ $( (
                            stringify!($parameter),
                            <$type as parts::Value>::TYPE,
                        ) ),* ],
                        result: <$crate::service!(@result $($result)?) as parts::Value>::TYPE,
                    } ),+ ],
                };
                const _: () = INTERFACE.check();
                INTERFACE
            };

            /// A call of a procedure with its parameters.
            #[allow(non_camel_case_types, reason = "they are named as the procedures are")]
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            pub enum Call {
                $(
                    $(#[doc = $doc])+
                    $procedure {
                        $(
                            #[doc = concat!("`", stringify!($parameter), "`")]
                            $parameter: $type,
                        )*
                    },
                )+
            }

            impl parts::Call for Call {
                const INTERFACE: &'static parts::Interface = &INTERFACE;

                fn procedure(&self) -> u16 {
                    match self { $( Call::$procedure { .. } => $number, )+ }
                }

                fn put(&self, out: &mut Vec<u8>) {
                    match self { $(
                        Call::$procedure { $( $parameter ),* } => {
                            let _ = &out;
                            $( <$type as parts::Value>::put($parameter, out); )*
                        }
                    )+ }
                }

                fn take(procedure: u16, bytes: &[u8]) -> Result<Self, parts::WireError> {
                    #[allow(unused_mut, reason = "a list may be empty")]
                    let mut reader = parts::Reader::new(bytes);
                    let call = match procedure {
                        $( $number => Call::$procedure {
                            $( $parameter: <$type as parts::Value>::take(&mut reader)?, )*
                        }, )+
                        _ => return Err(parts::WireError::Range("procedure")),
                    };
                    reader.finish()?;
                    Ok(call)
                }

                fn to_json(&self) -> parts::Json {
                    #[allow(unused_mut, reason = "a list may be empty")]
                    let mut object = parts::Object::new();
                    match self { $(
                        Call::$procedure { $( $parameter ),* } => { $(
                            let value = <$type as parts::Value>::to_json($parameter);
                            object.insert(stringify!($parameter).to_owned(), value);
                        )* }
                    )+ }
                    parts::Json::Object(object)
                }

                fn from_json(procedure: u16, params: &parts::Params) -> Option<Self> {
                    match procedure {
                        $( $number => {
                            let names: &[&str] = &[ $( stringify!($parameter) ),* ];
                            let lists: &[bool] = &[ $( <$type as parts::Value>::LIST ),* ];
                            let _params = params.fitted(names, lists)?;
                            let mut _place = 0..;
                            Some(Call::$procedure { $(
                                $parameter: <$type as parts::Value>::given(
                                    _params.at(_place.next().unwrap_or(0), stringify!($parameter)),
                                )?,
                            )* })
                        } )+
                        _ => None,
                    }
                }
            }

            /// A result of a procedure.
            #[allow(non_camel_case_types, reason = "they are named as the procedures are")]
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            pub enum Reply {
                $(
                    #[doc = concat!("Of `", stringify!($procedure), "`.")]
                    $procedure($crate::service!(@result $($result)?)),
                )+
            }

            impl parts::Reply for Reply {
                fn procedure(&self) -> u16 {
                    match self { $( Reply::$procedure(_) => $number, )+ }
                }

                fn put(&self, out: &mut Vec<u8>) {
                    match self { $(
                        Reply::$procedure(value) => {
                            <$crate::service!(@result $($result)?) as parts::Value>::put(value, out);
                        }
                    )+ }
                }

                fn take(procedure: u16, bytes: &[u8]) -> Result<Self, parts::WireError> {
                    let mut reader = parts::Reader::new(bytes);
                    let reply = match procedure {
                        $( $number => {
                            <$crate::service!(@result $($result)?) as parts::Value>::take(&mut reader)
                                .map(Reply::$procedure)?
                        } )+
                        _ => return Err(parts::WireError::Range("procedure")),
                    };
                    reader.finish()?;
                    Ok(reply)
                }

                fn to_json(&self) -> parts::Json {
                    match self { $(
                        Reply::$procedure(value) => {
                            <$crate::service!(@result $($result)?) as parts::Value>::to_json(value)
                        }
                    )+ }
                }

                fn from_json(procedure: u16, json: &parts::Json) -> Option<Self> {
                    match procedure {
                        $( $number => {
                            <$crate::service!(@result $($result)?) as parts::Value>::from_json(json)
                                .map(Reply::$procedure)
                        } )+
                        _ => None,
                    }
                }
            }

            $(
                $(#[doc = $doc])+
                ///
                /// The stub: what it makes is sent by [`Client::call`]($crate::rpc::Client::call).
                #[must_use]
                pub fn $procedure(
                    $( $parameter: $type ),*
                ) -> parts::Request<$crate::service!(@result $($result)?)> {
                    parts::Request::new(&Call::$procedure { $( $parameter ),* })
                }
            )+

            /// Who executes the procedures.
            pub trait Server: Clone + std::fmt::Debug + std::hash::Hash + Send + 'static {
                /// What is kept of a call that waits for something: where to go on.
                type Job: Clone + std::fmt::Debug + std::hash::Hash + Send + 'static;

                /// Whether procedures call others
                /// ([`Service::CALLS`]($crate::rpc::server::context::Service::CALLS)).
                const CALLS: bool = false;

                $(
                    $(#[doc = $doc])+
                    fn $procedure(
                        &mut self,
                        $( $parameter: $type, )*
                        context: &mut parts::Context<'_, '_>,
                    ) -> parts::Step<$crate::service!(@result $($result)?), Self::Job>;
                )+

                /// Whether a caller, as the channel knows it, may call the procedure of this number.
                fn may(&self, _caller: parts::NodeId, _procedure: u16) -> bool {
                    true
                }

                /// Goes on with a call that has waited, and now need not any longer.
                fn resume(
                    &mut self,
                    job: Self::Job,
                    woken: parts::Woken,
                    context: &mut parts::Context<'_, '_>,
                ) -> parts::Step<Reply, Self::Job>;

                /// Does again what a call has done before a restart, as it was written down
                /// ([`Context::effect`]($crate::rpc::Context::effect)).
                fn redo(&mut self, effect: &[u8]);

                /// All that the effects so far come to, so that they need not be kept.
                fn snapshot(&self) -> Vec<u8>;

                /// Begins with a snapshot; whether it was one.
                fn restore(&mut self, snapshot: &[u8]) -> bool;

                /// What it shows of itself.
                fn inspect(&self, _: &mut parts::Fields) {}
            }

            /// A server with what unmarshals for it.
            #[derive(Clone, Debug, Hash)]
            pub struct Skeleton<S>(pub S);

            impl<S: Server> parts::Service for Skeleton<S> {
                type Call = Call;
                type Reply = Reply;
                type Job = S::Job;
                const CALLS: bool = S::CALLS;

                fn may(&self, caller: parts::NodeId, procedure: u16) -> bool {
                    self.0.may(caller, procedure)
                }

                fn start(
                    &mut self,
                    call: Call,
                    context: &mut parts::Context<'_, '_>,
                ) -> parts::Step<Reply, S::Job> {
                    match call { $(
                        Call::$procedure { $( $parameter ),* } => {
                            self.0.$procedure($( $parameter, )* context).map(Reply::$procedure)
                        }
                    )+ }
                }

                fn resume(
                    &mut self,
                    job: S::Job,
                    woken: parts::Woken,
                    context: &mut parts::Context<'_, '_>,
                ) -> parts::Step<Reply, S::Job> {
                    self.0.resume(job, woken, context)
                }

                fn redo(&mut self, effect: &[u8]) {
                    self.0.redo(effect);
                }

                fn snapshot(&self) -> Vec<u8> {
                    self.0.snapshot()
                }

                fn restore(&mut self, snapshot: &[u8]) -> bool {
                    self.0.restore(snapshot)
                }

                fn inspect(&self, view: &mut parts::Fields) {
                    self.0.inspect(view);
                }
            }

            /// Shows a datagram of this service to people.
            #[must_use]
            pub fn dissect(bytes: &[u8]) -> Option<parts::Dissection> {
                parts::dissect::<Call, Reply>(bytes)
            }
        }
    };
    (@since $first:literal) => { $first };
    (@since $first:literal, $since:literal) => { $since };
    (@result) => { () };
    (@result $result:ty) => { $result };
    // What follows finds out what is wrong with a definition that is none.
    (
        $(#[doc = $summary:literal])+
        $vis:vis service $module:ident = $name:literal, versions $first:literal..=$last:literal;
        $(records { $($records:tt)* })?
        procedures { $($procedures:tt)* }
    ) => {
        $crate::service!(@records { $($($records)*)? } @procedures $($procedures)*);
    };
    (
        @records {
            $(#[$rmeta:meta])*
            $record:ident { $( $(#[$fmeta:meta])* $field:ident: $ftype:ty ),* $(,)? }
            $($records:tt)*
        }
        $($rest:tt)*
    ) => {
        $crate::service!(@records { $($records)* } $($rest)*);
    };
    (@records {} $($rest:tt)*) => { $crate::service!($($rest)*); };
    (@records { $(#[$rmeta:meta])* $record:ident $($records:tt)* } $($rest:tt)*) => {
        compile_error!(concat!(
            "record `", stringify!($record), "`: expected `", stringify!($record), " { field: Type, … }`",
        ));
    };
    (@records $($rest:tt)*) => { compile_error!("expected records: `Name { field: Type, … }`"); };
    (
        @procedures
        $(#[doc = $doc:literal])+
        $number:literal $(since $since:literal)? =>
            $procedure:ident($( $parameter:ident: $type:ty ),* $(,)?) $(-> $result:ty)?;
        $($rest:tt)*
    ) => {
        $crate::service!(@procedures $($rest)*);
    };
    (@procedures $number:literal $(since $since:literal)? => $procedure:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "procedure `", stringify!($procedure), "` has no description: write `/// What it does.` before it",
        ));
    };
    (@procedures $(#[doc = $doc:literal])* $procedure:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "procedure `", stringify!($procedure), "` has no number: write `NUMBER => ",
            stringify!($procedure), "(…)`",
        ));
    };
    (
        @procedures
        $(#[doc = $doc:literal])+
        $number:literal $(since $since:literal)? => $procedure:ident $($rest:tt)*
    ) => {
        compile_error!(concat!(
            "procedure `", stringify!($procedure), "`: expected `", stringify!($procedure),
            "(parameter: Type, …) -> Type;`, or no `->` if it returns nothing",
        ));
    };
    (@procedures $($rest:tt)*) => {
        compile_error!(concat!(
            "expected a procedure: a description (`/// What it does.`) and then ",
            "`NUMBER => name(parameter: Type, …) -> Type;` or `NUMBER since VERSION => …;`",
        ));
    };
    ($(#[doc = $summary:literal])+ $vis:vis service $module:ident = $name:literal; $($rest:tt)*) => {
        compile_error!(concat!(
            "service `", stringify!($module), "` has no versions: write `= ", stringify!($name),
            ", versions 1..=1;`",
        ));
    };
    ($vis:vis service $module:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "service `", stringify!($module), "` has no description: write `/// What it is for.` before it",
        ));
    };
    ($($rest:tt)*) => {
        compile_error!(concat!(
            "expected a description (`/// What it is for.`) and then ",
            "`service NAME = \"name\", versions 1..=N; procedures { … }`",
        ));
    };
}
