//! What a customer of a shop sends, made by hand.

use simlab_core::wire::Encode;
use simlab_core::{Call, Time};
use simlab_protocols::rpc::PORT;
use simlab_protocols::rpc::govern::shed::Class;
use simlab_protocols::rpc::message::{CallId, Codec, Header, Message, Semantics};
use simlab_protocols::rpc::service_parts::Call as _;
use simlab_protocols::shop::shop;

/// A request of this number to this life of a replica, in a call of the same number.
pub(crate) fn request(life: u32, number: u64, settled: u64, product: &str, call: Call) -> Vec<u8> {
    let product = product.to_owned();
    let call = match call {
        Call::Sell(units) => shop::Call::sell { number, settled, product, units },
        Call::TakeBack(units) => shop::Call::take_back { number, settled, product, units },
        Call::Read => shop::Call::read { product },
        other => panic!("a shop has no procedure for {other}"),
    };
    let mut body = Vec::new();
    call.put(&mut body);
    let header = Header {
        call: CallId(number),
        settled: CallId(0),
        life,
        deadline: Time::NEVER,
        trace: 0,
        interface: shop::INTERFACE.number(),
        version: 1,
        procedure: call.procedure(),
        semantics: Semantics::AtLeastOnce,
        codec: Codec::Binary,
        class: Class::Critical,
    };
    let mut bytes = Message::Request { header, body: &body }.to_bytes();
    bytes.push(PORT.0.get());
    bytes
}
