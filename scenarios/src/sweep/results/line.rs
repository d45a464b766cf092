//! Lines that end with the hash of their text and of the line before, so that one that was changed,
//! moved or left out is noticed.

use serde_json::Value;
use simlab_core::Digest;

/// The longest line in bytes. What a run showed needs some hundred, and the header as much as its
/// scenario.
pub(super) const LINE_MAX: u64 = 32 << 20;

/// How the hash begins, at the end of an object.
const HASH: &str = ",\"hash\":\"";

/// An object as a line, and its end; `rolling` is the hash of the line before.
pub(super) fn seal(object: &Value, rolling: &mut u64) -> String {
    let mut line = object.to_string();
    line.pop();
    *rolling = hash(&line, *rolling);
    line.push_str(&format!("{HASH}{rolling:016x}\"}}\n"));
    line
}

/// The object of a line without its end, or what is wrong with it.
pub(super) fn open(line: &[u8], rolling: &mut u64) -> Result<Value, &'static str> {
    let text = std::str::from_utf8(line).map_err(|_| "it is no text")?;
    let (body, found) = text.rsplit_once(HASH).ok_or("it has no hash")?;
    let found = found.strip_suffix("\"}").ok_or("it has no end")?;
    let expected = hash(body, *rolling);
    if found != format!("{expected:016x}") {
        return Err("its hash is another");
    }
    *rolling = expected;
    serde_json::from_str(text).map_err(|_| "it is no JSON")
}

fn hash(body: &str, rolling: u64) -> u64 {
    let mut digest = Digest::new();
    digest.word(rolling);
    digest.bytes(body.as_bytes());
    digest.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_change_of_a_line_is_noticed() {
        let object = json!({ "seed": 7, "words": "a, \"b\"" });
        let line = seal(&object, &mut 5);
        let line = line.trim_end().as_bytes();
        let mut rolling = 5;
        let mut read = open(line, &mut rolling).expect("as it was written");
        let hash = read.as_object_mut().and_then(|object| object.remove("hash"));
        assert_eq!((read, hash), (object, Some(json!(format!("{rolling:016x}")))));
        assert_eq!(open(line, &mut 6), Err("its hash is another"), "another line came before");
        for at in 0..line.len() {
            let mut changed = line.to_vec();
            changed[at] ^= 1;
            assert!(open(&changed, &mut 5).is_err(), "byte {at}");
            assert!(open(&line[..at], &mut 5).is_err(), "{at} bytes");
        }
    }
}
