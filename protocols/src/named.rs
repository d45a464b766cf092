//! Things by name.

use std::collections::BTreeMap;

/// The thing of this name, a new one if there is none. Most often there is one, and then the name need
/// not be copied.
pub(crate) fn named<'a, T: Default>(map: &'a mut BTreeMap<String, T>, name: &str) -> &'a mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.get_mut(name).expect("it is there now")
}
