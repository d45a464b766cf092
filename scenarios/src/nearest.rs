//! "Did you mean": the known name nearest to an unknown one.

use crate::diagnostic::clip;

/// Longer names are not compared: the distance costs the product of the lengths.
const LENGTH_MAX: usize = 64;
/// More known names than these are not compared.
const KNOWN_MAX: usize = 2_000;
/// More known names than these are not listed.
const LISTED_MAX: usize = 20;

/// Lines of advice on an unknown name: the nearest known one, and what is known.
#[must_use]
pub fn advice<'k>(
    unknown: &str,
    plural: &str,
    known: impl Iterator<Item = &'k str>,
) -> Vec<String> {
    let mut known: Vec<&str> = known.take(KNOWN_MAX).collect();
    known.sort_unstable();
    known.dedup();
    let mut lines = Vec::new();
    if let Some(name) = nearest(unknown, &known) {
        lines.push(format!("did you mean `{name}`?"));
    }
    match known.len() {
        0 => lines.push(format!("there are no {plural} here")),
        n => {
            let names: Vec<String> =
                known.iter().take(LISTED_MAX).map(|k| format!("`{}`", clip(k))).collect();
            let rest = if n > LISTED_MAX { ", …" } else { "" };
            lines.push(format!("known {plural}: {}{rest}", names.join(", ")));
        }
    }
    lines
}

/// The nearest of the known names, if one is near: a third of the letters may differ. A transposed
/// pair counts as one difference, and capitals do not count. Else the shortest that begins or ends with it and has
/// a hyphen there: `quorum-of-half` of `raft-quorum-of-half`.
#[must_use]
pub fn nearest<'k>(unknown: &str, known: &[&'k str]) -> Option<&'k str> {
    let length = unknown.chars().count();
    if length > LENGTH_MAX {
        return None;
    }
    let folded = unknown.to_lowercase();
    let distance = |name: &str| match name.chars().count() {
        n if n.abs_diff(length) > n.max(length) / 3 || n > LENGTH_MAX => usize::MAX,
        n => match strsim::damerau_levenshtein(&folded, &name.to_lowercase()) {
            d if d <= (n.max(length) / 3).max(1) && d < n => d,
            _ => usize::MAX,
        },
    };
    let best = known.iter().map(|name| (distance(name), *name)).min_by_key(|(d, _)| *d)?;
    if best.0 != usize::MAX {
        return Some(best.1);
    }
    let (head, tail) = (format!("{folded}-"), format!("-{folded}"));
    let part = known.iter().filter(|name| name.starts_with(&head) || name.ends_with(&tail));
    part.min_by_key(|name| name.len()).filter(|_| length > 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_or_none() {
        let known = ["beijing", "hangzhou", "shanghai", "a"];
        assert_eq!(nearest("bejing", &known), Some("beijing"));
        assert_eq!(nearest("Shanghia", &known), Some("shanghai"));
        assert_eq!(nearest("guangzhou", &known), Some("hangzhou"));
        assert_eq!(nearest("lhasa", &known), None);
        assert_eq!(nearest("b", &known), None);
        let switches = ["raft-quorum-of-half", "raft-no-pre-vote"];
        assert_eq!(nearest("quorum-of-half", &switches), Some("raft-quorum-of-half"));
        assert_eq!(nearest("no-pre", &switches), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), &known), None);
    }
}
