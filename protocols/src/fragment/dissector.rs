//! A fragment in words.

use super::frame::{Fragment, Frame, HEADER, WHOLE_HEADER};
use simlab_core::{Part, Peeled};

/// Reads what is behind a frame.
pub(super) fn peel(frame: &[u8]) -> Option<Peeled> {
    let fragment = match Frame::read(frame).ok()? {
        Frame::Whole(message) => {
            let parts = vec![part("frame", "in one piece", message.len(), WHOLE_HEADER)];
            let inner = Some(message.len());
            return Some(Peeled { kind: "whole", summary: String::new(), parts, inner });
        }
        Frame::Fragment(fragment) => fragment,
    };
    let Fragment { message, index, count, total, bytes } = fragment;
    let (life, number) = (message >> 32, message & u64::from(u32::MAX));
    let which = u32::from(index) + 1;
    let summary = match life {
        0 => format!("fragment {which} of {count} of message {number}"),
        _ => format!("fragment {which} of {count} of message {number} of life {life}"),
    };
    let at = bytes.len();
    let parts = vec![
        part("frame", "fragment", at + HEADER - 1, 1),
        part("sender's life", life, at + 8, 4),
        part("message", number, at + 12, 4),
        part("length of the message", total, at + 4, 4),
        part("fragments", count, at + 2, 2),
        part("fragment", format!("{index}, the first being 0"), at, 2),
        part("bytes of the message", at, 0, at),
    ];
    Some(Peeled { kind: "fragment", summary, parts, inner: None })
}

fn part(name: &'static str, value: impl ToString, from: usize, len: usize) -> Part {
    Part { name, value: value.to_string(), bytes: from..from + len }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{cut, seal_whole};
    use super::*;

    #[test]
    fn a_fragment_says_which_of_how_many_it_is() {
        let told = |message| {
            let fragment = cut(message, &[0; 500], 100).nth(1).expect("one of five");
            let mut frame = fragment.bytes.to_vec();
            fragment.seal(&mut frame);
            let Peeled { summary, parts, inner, .. } = peel(&frame).expect("a fragment");
            assert_eq!(inner, None);
            // Every byte is told of once.
            let mut bytes: Vec<usize> = parts.into_iter().flat_map(|part| part.bytes).collect();
            bytes.sort_unstable();
            assert_eq!(bytes, (0..frame.len()).collect::<Vec<_>>());
            summary
        };
        assert_eq!(told(7), "fragment 2 of 5 of message 7");
        assert_eq!(told(3 << 32 | 7), "fragment 2 of 5 of message 7 of life 3");
        let mut whole = b"short".to_vec();
        seal_whole(&mut whole);
        assert_eq!(peel(&whole).and_then(|peeled| peeled.inner), Some(5));
        assert_eq!(peel(b"none of these"), None);
    }
}
