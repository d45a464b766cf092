//! What a service offers: procedures with numbers, names and types, in versions.

use super::json::{Json, Params};
use super::value::Value;
use simlab_core::wire::{Reader, WireError};
use std::fmt;

/// What a service offers, as client and server know it. [`service!`](crate::service) makes it.
#[derive(Debug)]
pub struct Interface {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in a line.
    pub summary: &'static str,
    /// The oldest and the newest version that this end speaks.
    pub versions: (u16, u16),
    /// What can be called.
    pub procedures: &'static [Procedure],
}

/// One of its procedures.
#[derive(Debug)]
pub struct Procedure {
    /// Its number on the wire.
    pub number: u16,
    /// Its name.
    pub name: &'static str,
    /// The version from which on it is there.
    pub since: u16,
    /// Its parameters: names and types.
    pub parameters: &'static [(&'static str, &'static str)],
    /// The type of its result.
    pub result: &'static str,
}

impl Interface {
    /// Its number on the wire: the FNV-1a hash of its name (Fowler, Noll, Vo), so that no two services
    /// need a common register.
    #[must_use]
    pub const fn number(&self) -> u32 {
        let name = self.name.as_bytes();
        let (mut hash, mut at) = (0x811c_9dc5_u32, 0);
        while at < name.len() {
            hash = (hash ^ name[at] as u32).wrapping_mul(0x0100_0193);
            at += 1;
        }
        hash
    }

    /// The procedure of this number.
    #[must_use]
    pub fn procedure(&self, number: u16) -> Option<&'static Procedure> {
        self.procedures.iter().find(|procedure| procedure.number == number)
    }

    /// The procedure of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&'static Procedure> {
        self.procedures.iter().find(|procedure| procedure.name == name)
    }

    /// Whether the numbers, names and versions fit together: [`service!`](crate::service) asks when it is
    /// compiled.
    ///
    /// # Panics
    /// If they do not.
    #[track_caller]
    pub const fn check(&self) {
        let (first, last) = self.versions;
        if first < 1 || first > last {
            complain(&[
                "service `",
                self.name,
                "`: its versions must begin with 1 or later and not go down",
            ]);
        }
        if self.name.is_empty() {
            complain(&["a service must have a name"]);
        }
        let mut at = 0;
        while at < self.procedures.len() {
            let Procedure { number, since, name, .. } = self.procedures[at];
            if number == 0 {
                complain(&["procedure `", name, "` has number 0: numbers begin with 1"]);
            }
            if since < 1 || since > last {
                complain(&["procedure `", name, "` is there since a version that there is not"]);
            }
            let mut before = 0;
            while before < at {
                let other = &self.procedures[before];
                if other.number == number {
                    complain(&[
                        "procedures `",
                        other.name,
                        "` and `",
                        name,
                        "` have the same number",
                    ]);
                }
                before += 1;
            }
            at += 1;
        }
    }
}

/// Panics with these words, also while it is compiled: there, nothing can be formatted.
#[track_caller]
const fn complain(words: &[&str]) -> ! {
    let (mut text, mut length, mut word) = ([0; 256], 0, 0);
    while word < words.len() {
        let (bytes, mut at) = (words[word].as_bytes(), 0);
        while at < bytes.len() && length < text.len() {
            text[length] = bytes[at];
            (at, length) = (at + 1, length + 1);
        }
        word += 1;
    }
    match std::str::from_utf8(text.split_at(length).0) {
        Ok(text) => panic!("{}", text),
        Err(_) => panic!("the definition of a service contradicts itself"),
    }
}

impl fmt::Display for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (at, (name, kind)) in self.parameters.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{name}: {kind}")?;
        }
        write!(f, ") -> {}", self.result)
    }
}

/// A call of one of its procedures, as [`service!`](crate::service) makes it.
pub trait Call: Sized {
    /// Of which service.
    const INTERFACE: &'static Interface;

    /// The number of the procedure.
    fn procedure(&self) -> u16;

    /// Appends the parameters.
    fn put(&self, out: &mut Vec<u8>);

    /// Reads the parameters of a procedure, which must fill the bytes.
    ///
    /// # Errors
    /// If there is no such procedure, or if these are not its parameters.
    fn take(procedure: u16, bytes: &[u8]) -> Result<Self, WireError>;

    /// The parameters by name.
    fn to_json(&self) -> Json;

    /// Reads the parameters of a procedure; `None` if these are not its parameters.
    fn from_json(procedure: u16, params: &Params) -> Option<Self>;
}

/// A result of one of its procedures.
pub trait Reply: Sized {
    /// The number of the procedure.
    fn procedure(&self) -> u16;

    /// Appends the result.
    fn put(&self, out: &mut Vec<u8>);

    /// Reads a result of a procedure, which must fill the bytes.
    ///
    /// # Errors
    /// If there is no such procedure, or if this is not its result.
    fn take(procedure: u16, bytes: &[u8]) -> Result<Self, WireError>;

    /// It in JSON.
    fn to_json(&self) -> Json;

    /// Reads a result of a procedure; `None` if this is not its result.
    fn from_json(procedure: u16, json: &Json) -> Option<Self>;
}

/// Reads one value that fills the bytes.
///
/// # Errors
/// If these are not the bytes of one.
pub fn whole<T: Value>(bytes: &[u8]) -> Result<T, WireError> {
    let mut reader = Reader::new(bytes);
    let value = T::take(&mut reader)?;
    reader.finish()?;
    Ok(value)
}
