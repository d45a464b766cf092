//! ChaCha20-Poly1305 as a layer.

use super::numbers::{Numbers, told};
use super::window::Window;
use super::{Counts, KEY, SHIELDS, WINDOW, WINDOW_OFF, keys, secret, size};
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use simlab_core::{
    Arguments, BuildError, Entry, Env, Fields, Hops, Layer, Layered, NodeId, Part, Peeled,
};
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The layer.
pub const AEAD: Entry =
    Entry::layer("aead", "nobody reads, edits or replays a message (ChaCha20-Poly1305)", build)
        .parameters(&[KEY, WINDOW])
        .switches(&[WINDOW_OFF])
        .shields(SHIELDS)
        .peel(peel);

const TAG: usize = 16;
/// The number stands behind the tag, in clear.
const NUMBER: usize = 8;

fn build(arguments: &Arguments<'_>, layer: &Layered) -> Result<Box<dyn Layer>, BuildError> {
    Ok(Box::new(Aead::new(secret(layer)?, size(arguments, layer))))
}

/// Every frame sealed.
#[derive(Clone, Hash)]
pub struct Aead {
    secret: Vec<u8>,
    /// How many numbers are remembered of each sender.
    window: u64,
    numbers: Numbers,
    peers: BTreeMap<NodeId, Peer>,
    counts: Counts,
}

/// Shows no key.
impl fmt::Debug for Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Aead { window, counts, .. } = self;
        write!(f, "Aead {{ window: {window}, counts: {counts:?} }}")
    }
}

/// What is known of a node.
#[derive(Clone)]
struct Peer {
    key: keys::Key,
    cipher: ChaCha20Poly1305,
    window: Window,
}

impl Hash for Peer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.key, &self.window).hash(state);
    }
}

/// The nonce and the associated data of a frame.
///
/// Both directions of a pair have one key, and the same numbers: that the sender is part of the nonce keeps them
/// apart. That the receiver is part of the data keeps a frame from being taken for another's.
fn public(from: NodeId, to: NodeId, number: u64) -> ([u8; 12], [u8; 8]) {
    let (mut nonce, mut data) = ([0; 12], [0; 8]);
    nonce[..4].copy_from_slice(&from.0.to_be_bytes());
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    data[..4].copy_from_slice(&from.0.to_be_bytes());
    data[4..].copy_from_slice(&to.0.to_be_bytes());
    (nonce, data)
}

impl Aead {
    /// A layer with this secret, which remembers so many numbers of each sender, up to
    /// [`window::SIZE_MAX`](super::window::SIZE_MAX); 0 refuses no replay.
    #[must_use]
    pub fn new(secret: Vec<u8>, window: u64) -> Self {
        let (numbers, peers, counts) = <_>::default();
        Aead { secret, window, numbers, peers, counts }
    }

    fn peer(&mut self, me: NodeId, peer: NodeId) -> &mut Peer {
        let Aead { secret, window, peers, .. } = self;
        peers.entry(peer).or_insert_with(|| {
            let key = keys::of_pair(secret, AEAD.name, me, peer);
            let cipher = ChaCha20Poly1305::new(&key.into());
            Peer { key, cipher, window: Window::new(*window) }
        })
    }

    /// The message in a frame, and its number; `None` if nobody with the key has sealed it.
    fn open(&mut self, from: NodeId, frame: &[u8], me: NodeId) -> Option<(Vec<u8>, u64)> {
        let (rest, number) = frame.split_last_chunk::<NUMBER>()?;
        let (sealed, tag) = rest.split_last_chunk::<TAG>()?;
        let number = u64::from_be_bytes(*number);
        let (nonce, data) = public(from, me, number);
        let mut message = sealed.to_vec();
        let cipher = &self.peer(me, from).cipher;
        let opened = cipher.decrypt_inout_detached(
            &nonce.into(),
            &data,
            message.as_mut_slice().into(),
            &(*tag).into(),
        );
        opened.ok().map(|()| (message, number))
    }
}

impl Layer for Aead {
    fn down(&mut self, to: NodeId, frame: &mut Vec<u8>, _: &mut Hops, env: &mut Env<'_>) -> bool {
        let Some(number) = self.numbers.next(to, env) else {
            self.counts.unsent(to, env);
            return false;
        };
        let me = env.me();
        let (nonce, data) = public(me, to, number);
        let cipher = &self.peer(me, to).cipher;
        let bytes = frame.as_mut_slice().into();
        // It refuses only what is longer than 2^38 bytes.
        let Ok(tag) = cipher.encrypt_inout_detached(&nonce.into(), &data, bytes) else {
            self.counts.unsent(to, env);
            return false;
        };
        frame.extend_from_slice(&tag);
        frame.extend_from_slice(&number.to_be_bytes());
        true
    }

    fn up<'b>(
        &mut self,
        from: NodeId,
        frame: &'b [u8],
        hops: &mut Hops,
        env: &mut Env<'_>,
    ) -> Option<&'b [u8]> {
        let Some((message, number)) = self.open(from, frame, env.me()) else {
            self.counts.forged(from, env);
            return None;
        };
        let Aead { peers, counts, .. } = self;
        if counts.fresh(&mut peers.get_mut(&from)?.window, number, env) {
            hops.up(from, message);
        }
        None
    }

    fn inspect(&self, view: &mut Fields) {
        self.counts.inspect(view);
    }
}

fn peel(frame: &[u8]) -> Option<Peeled> {
    let (rest, number) = frame.split_last_chunk::<NUMBER>()?;
    let (sealed, _) = rest.split_last_chunk::<TAG>()?;
    let (len, end) = (sealed.len(), frame.len());
    let part = |name, value, bytes| Part { name, value, bytes };
    let parts = vec![
        part("number", told(u64::from_be_bytes(*number)), end - NUMBER..end),
        part("tag", format!("{TAG} bytes"), len..end - NUMBER),
        part("sealed", format!("{len} bytes"), 0..len),
    ];
    Some(Peeled { kind: "sealed", summary: format!("sealed, {len} bytes"), parts, inner: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::window::tests::hex;

    /// RFC 8439 §2.8.2: the example of sealing.
    #[test]
    fn it_seals_as_rfc_8439_shows() {
        let key: keys::Key = std::array::from_fn(|n| 0x80 + n as u8);
        let nonce = [7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47];
        let data = hex("50515253c0c1c2c3c4c5c6c7");
        let mut text =
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip \
            for the future, sunscreen would be it."
                .to_vec();
        let plain = text.clone();
        let cipher = ChaCha20Poly1305::new(&key.into());
        let sealed =
            cipher.encrypt_inout_detached(&nonce.into(), &data, text.as_mut_slice().into());
        let tag = sealed.expect("it is short enough");
        assert_eq!(
            text,
            hex("d31a8d34648e60db7b86afbc53ef7ec2 a4aded51296e08fea9e2b5a736ee62d6
                 3dbea45e8ca9671282fafb69da92728b 1a71de0a9e060b2905d6a5b67ecd3b36
                 92ddbd7f2d778b8c9803aee328091b58 fab324e4fad675945585808b4831d7bc
                 3ff4def08e4b7a9de576d26586cec64b 6116")
        );
        assert_eq!(tag.to_vec(), hex("1ae10b594f09e26a7e902ecbd0600691"));
        let opened =
            cipher.decrypt_inout_detached(&nonce.into(), &data, text.as_mut_slice().into(), &tag);
        assert!(opened.is_ok() && text == plain);
    }

    #[test]
    fn both_directions_and_all_lives_have_nonces_of_their_own() {
        let (a, b) = (NodeId(0), NodeId(1));
        let nonces = [(a, b, 0), (b, a, 0), (a, b, 1), (a, b, 1 << 32), (a, b, (1 << 32) + 1)];
        let nonces = nonces.map(|(from, to, number)| public(from, to, number).0);
        for (n, nonce) in nonces.iter().enumerate() {
            assert!(!nonces[n + 1..].contains(nonce), "{nonce:?}");
        }
    }
}
