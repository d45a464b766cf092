//! A node that is a server and nothing else.

use super::endpoint::Endpoint;
use super::server::context::Service;
use super::{Client, PORT, client};
use simlab_core::{Env, Event, Fields, Process};

/// A process around an [`Endpoint`].
#[derive(Clone, Debug, Hash)]
pub struct Host<S: Service> {
    rpc: Endpoint<S>,
}

impl<S: Service> Host<S> {
    /// A server that calls nobody.
    #[must_use]
    pub fn new(server: super::Server<S>) -> Self {
        Host::calling(Client::new(client::Config::default()), server)
    }

    /// A server whose procedures call others.
    #[must_use]
    pub const fn calling(client: Client, server: super::Server<S>) -> Self {
        Host { rpc: Endpoint::new(client, server) }
    }
}

impl<S: Service> Process for Host<S> {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event.peel() {
            (None, Event::Start) | (Some(PORT), _) => {
                let (_, event) = event.peel();
                self.rpc.on_event(event, &mut env.at(PORT));
            }
            (_, Event::Datagram { from, bytes }) => {
                env.note("bad datagram", from.0.into(), bytes.len() as u64);
            }
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        self.rpc.inspect(view);
        if S::CALLS {
            view.group("calls", |view| self.rpc.client.inspect(view));
        }
    }
}
