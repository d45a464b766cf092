//! HMAC-SHA-256 as a layer.

use super::numbers::{Numbers, told};
use super::window::Window;
use super::{Counts, KEY, SHIELDS, WINDOW, WINDOW_OFF, keys, secret, size};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use simlab_core::{
    Arguments, BuildError, Entry, Env, Fields, Hops, Layer, Layered, NodeId, Parameter,
    ParameterKind, Part, Peeled,
};
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The layer.
pub const HMAC_SHA_256: Entry =
    Entry::layer("hmac-sha-256", "nobody edits or replays a message (HMAC-SHA-256)", build)
        .parameters(&[KEY, TAG, WINDOW])
        .switches(&[WINDOW_OFF])
        .shields(SHIELDS)
        .peel(peel);

/// RFC 2104 §5 advises at least half of the hash, and not less than 80 bits.
const TAG: Parameter = Parameter {
    name: "tag",
    kind: ParameterKind::Count { min: 10, max: 32 },
    default: Some("16"),
    help: "how many bytes of the code are sent (RFC 2104 §5)",
};

/// The number and the length of the tag stand behind the tag.
const TAIL: usize = 9;

fn build(arguments: &Arguments<'_>, layer: &Layered) -> Result<Box<dyn Layer>, BuildError> {
    let tag = layer.count(TAG.name) as usize;
    Ok(Box::new(HmacSha256::new(secret(layer)?, tag, size(arguments, layer))))
}

/// A message authentication code behind every frame.
#[derive(Clone, Hash)]
pub struct HmacSha256 {
    secret: Vec<u8>,
    /// How many bytes of the code are sent.
    tag: usize,
    /// How many numbers are remembered of each sender.
    window: u64,
    numbers: Numbers,
    peers: BTreeMap<NodeId, Peer>,
    counts: Counts,
}

/// Shows no key.
impl fmt::Debug for HmacSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HmacSha256 { tag, window, counts, .. } = self;
        write!(f, "HmacSha256 {{ tag: {tag}, window: {window}, counts: {counts:?} }}")
    }
}

/// What is known of a node.
#[derive(Clone)]
struct Peer {
    key: keys::Key,
    /// HMAC that has taken in the key.
    ready: Hmac<Sha256>,
    window: Window,
}

impl Hash for Peer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.key, &self.window).hash(state);
    }
}

impl HmacSha256 {
    /// A layer with this secret, which sends so many bytes of the code, 10 to 32, and remembers so many numbers
    /// of each sender, up to [`window::SIZE_MAX`](super::window::SIZE_MAX); 0 refuses no replay.
    #[must_use]
    pub fn new(secret: Vec<u8>, tag: usize, window: u64) -> Self {
        let tag = tag.clamp(10, 32);
        let (numbers, peers, counts) = <_>::default();
        HmacSha256 { secret, tag, window, numbers, peers, counts }
    }

    fn peer(&mut self, me: NodeId, peer: NodeId) -> &mut Peer {
        let HmacSha256 { secret, window, peers, .. } = self;
        peers.entry(peer).or_insert_with(|| {
            let key = keys::of_pair(secret, HMAC_SHA_256.name, me, peer);
            Peer { key, ready: keys::hmac(&key), window: Window::new(*window) }
        })
    }
}

impl Peer {
    /// The code of a frame. Who sends it to whom is part of it, or a frame could be sent back to its sender.
    fn code(&self, from: NodeId, to: NodeId, number: u64, frame: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.ready.clone();
        mac.update(&from.0.to_be_bytes());
        mac.update(&to.0.to_be_bytes());
        mac.update(&number.to_be_bytes());
        mac.update(frame);
        mac
    }
}

/// A frame, its tag and its number, and how long it says that its tag is; `None` if it is too short for that.
fn split(frame: &[u8]) -> Option<(&[u8], &[u8], u64)> {
    let (rest, [tag]) = frame.split_last_chunk()?;
    let (rest, number) = rest.split_last_chunk()?;
    let (message, tag) = rest.split_at_checked(rest.len().checked_sub((*tag).into())?)?;
    Some((message, tag, u64::from_be_bytes(*number)))
}

impl Layer for HmacSha256 {
    fn down(&mut self, to: NodeId, frame: &mut Vec<u8>, _: &mut Hops, env: &mut Env<'_>) -> bool {
        let Some(number) = self.numbers.next(to, env) else {
            self.counts.unsent(to, env);
            return false;
        };
        let (me, tag) = (env.me(), self.tag);
        let code = self.peer(me, to).code(me, to, number, frame).finalize().into_bytes();
        frame.extend_from_slice(&code[..tag]);
        frame.extend_from_slice(&number.to_be_bytes());
        frame.push(tag as u8);
        true
    }

    fn up<'b>(
        &mut self,
        from: NodeId,
        frame: &'b [u8],
        _: &mut Hops,
        env: &mut Env<'_>,
    ) -> Option<&'b [u8]> {
        // Of a shorter tag than agreed on more can be guessed.
        let Some((message, tag, number)) = split(frame).filter(|(_, tag, _)| tag.len() == self.tag)
        else {
            self.counts.forged(from, env);
            return None;
        };
        let me = env.me();
        let code = self.peer(me, from).code(from, me, number, message);
        if code.verify_truncated_left(tag).is_err() {
            self.counts.forged(from, env);
            return None;
        }
        let HmacSha256 { peers, counts, .. } = self;
        let window = &mut peers.get_mut(&from)?.window;
        counts.fresh(window, number, env).then_some(message)
    }

    fn inspect(&self, view: &mut Fields) {
        self.counts.inspect(view);
    }
}

fn peel(frame: &[u8]) -> Option<Peeled> {
    let (message, tag, number) = split(frame)?;
    let (start, end) = (message.len(), frame.len());
    let part = |name, value, bytes| Part { name, value, bytes };
    let parts = vec![
        part("length of the tag", tag.len().to_string(), end - 1..end),
        part("number", told(number), end - TAIL..end - 1),
        part("tag", format!("{} bytes", tag.len()), start..end - TAIL),
    ];
    Some(Peeled { kind: "authentic", summary: String::new(), parts, inner: Some(start) })
}
