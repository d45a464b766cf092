//! The lessons, compiled in, so that they run from any folder.

use crate::Source;

/// The lessons as (name, text), in the order in which they are best taken.
pub const LESSONS: &[(&str, &str)] = &[
    ("cap_partition", include_str!("../cap_partition.toml")),
    ("cap_no_majority", include_str!("../cap_no_majority.toml")),
    ("lossy_link", include_str!("../lossy_link.toml")),
];

/// The lesson of this name.
#[must_use]
pub fn lesson(name: &str) -> Option<Source> {
    let (name, text) = LESSONS.iter().find(|(known, _)| *known == name)?;
    Some(Source::new(*name, *text))
}
