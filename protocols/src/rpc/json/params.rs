//! Parameters, by place or by name.

use super::{Json, Object};
use crate::rpc::value::Value;
use std::borrow::Cow;

/// The parameters of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Params {
    /// None were given.
    None,
    /// In the order in which the procedure has them.
    Placed(Vec<Json>),
    /// By name.
    Named(Object),
}

impl Params {
    /// The parameters of this member of a call; `None` if it is neither a list nor an object.
    #[must_use]
    pub fn of(json: Option<Json>) -> Option<Params> {
        match json {
            None => Some(Params::None),
            Some(Json::Array(list)) => Some(Params::Placed(list)),
            Some(Json::Object(object)) => Some(Params::Named(object)),
            Some(_) => None,
        }
    }

    /// Whether nothing is named but these.
    #[must_use]
    pub fn has_only(&self, names: &[&str]) -> bool {
        match self {
            Params::None => true,
            Params::Placed(list) => list.len() <= names.len(),
            Params::Named(object) => object.keys().all(|key| names.contains(&key.as_str())),
        }
    }

    /// These parameters for a procedure that has these, of which some are lists; `None` if there are others. Where
    /// a list is all that it has, what is given by place may be what is in the list.
    #[must_use]
    pub fn fitted(&self, names: &[&str], lists: &[bool]) -> Option<Cow<'_, Params>> {
        if let (Params::Placed(given), [true]) = (self, lists)
            && !matches!(&given[..], [Json::Array(_)])
        {
            return Some(Cow::Owned(Params::Placed(vec![Json::Array(given.clone())])));
        }
        self.has_only(names).then_some(Cow::Borrowed(self))
    }

    /// The parameter of this place and name; `None` if it is missing or of another type.
    #[must_use]
    pub fn take<T: Value>(&self, place: usize, name: &str) -> Option<T> {
        T::given(self.at(place, name))
    }

    /// What is given for the parameter of this place and name; `None` if it is left out.
    #[must_use]
    pub fn at(&self, place: usize, name: &str) -> Option<&Json> {
        match self {
            Params::None => None,
            Params::Placed(list) => list.get(place),
            Params::Named(object) => object.get(name),
        }
    }
}
