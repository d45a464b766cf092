//! What is asked.

use super::{Fault, Json, Object, Params, VERSION};

/// What an answer is known by.
#[derive(Clone, Debug, PartialEq)]
pub enum Id {
    /// A number; whole numbers are wiser.
    Number(serde_json::Number),
    /// A text.
    Text(String),
    /// Null: what an answer has if the id of the call could not be read.
    Null,
}

impl Id {
    /// It in JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Id::Number(number) => Json::Number(number.clone()),
            Id::Text(text) => Json::from(text.as_str()),
            Id::Null => Json::Null,
        }
    }

    /// `None` if this can be no id.
    #[must_use]
    pub fn from_json(json: &Json) -> Option<Id> {
        match json {
            Json::Number(number) => Some(Id::Number(number.clone())),
            Json::String(text) => Some(Id::Text(text.clone())),
            Json::Null => Some(Id::Null),
            _ => None,
        }
    }
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The procedure.
    pub method: String,
    /// Its parameters.
    pub params: Params,
    /// What the answer is known by; a notification has none, and no answer.
    pub id: Option<Id>,
}

impl Asked {
    /// Reads a call.
    ///
    /// # Errors
    /// With the id of the call, if there is one, if this is none.
    pub fn from_json(json: Json) -> Result<Asked, (Id, Fault)> {
        let Json::Object(mut object) = json else { return Err((Id::Null, Fault::invalid())) };
        // An id that is none cannot be echoed.
        let id = object.get("id").map(Id::from_json);
        let known = id.clone().flatten().unwrap_or(Id::Null);
        let invalid = || (known.clone(), Fault::invalid());
        if id == Some(None) || object.get("jsonrpc").and_then(Json::as_str) != Some(VERSION) {
            return Err(invalid());
        }
        let Some(Json::String(method)) = object.remove("method") else { return Err(invalid()) };
        let params = Params::of(object.remove("params")).ok_or_else(invalid)?;
        Ok(Asked { method, params, id: id.flatten() })
    }

    /// It in JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut object = Object::new();
        object.insert("jsonrpc".to_owned(), Json::from(VERSION));
        object.insert("method".to_owned(), Json::from(self.method.as_str()));
        match &self.params {
            Params::None => None,
            Params::Placed(list) => object.insert("params".to_owned(), Json::from(list.clone())),
            Params::Named(named) => object.insert("params".to_owned(), Json::from(named.clone())),
        };
        if let Some(id) = &self.id {
            object.insert("id".to_owned(), id.to_json());
        }
        Json::Object(object)
    }
}

/// A text that holds calls.
#[derive(Clone, Debug, PartialEq)]
pub enum Text {
    /// One.
    Single(Result<Asked, (Id, Fault)>),
    /// Several, one at least: [`Asked::from_json`] reads each.
    Batch(Vec<Json>),
}

/// Reads a text.
///
/// # Errors
/// If it is no JSON, or an empty batch.
pub fn read(text: &[u8]) -> Result<Text, Fault> {
    match serde_json::from_slice(text) {
        Ok(Json::Array(list)) if list.is_empty() => Err(Fault::invalid()),
        Ok(Json::Array(list)) => Ok(Text::Batch(list)),
        Ok(json) => Ok(Text::Single(Asked::from_json(json))),
        Err(_) => Err(Fault::parse()),
    }
}
