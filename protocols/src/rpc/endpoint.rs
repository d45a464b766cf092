//! A node that is called, and that may call others.

use super::client::{Client, Completed};
use super::directory::Announcer;
use super::message::Message;
use super::server::Server;
use super::server::context::Service;
use simlab_core::wire::Decode;
use simlab_core::{Env, Event, Fields};

/// A server and the client by which its procedures call others, at one port.
#[derive(Clone, Debug, Hash)]
pub struct Endpoint<S: Service> {
    /// Who calls.
    pub client: Client,
    /// Who executes.
    pub server: Server<S>,
    announcer: Option<Announcer>,
    malformed: u64,
}

impl<S: Service> Endpoint<S> {
    /// Both.
    #[must_use]
    pub const fn new(client: Client, server: Server<S>) -> Self {
        Endpoint { client, server, announcer: None, malformed: 0 }
    }

    /// Both, and a registry that is told of it.
    #[must_use]
    pub fn announced(self, announcer: Option<Announcer>) -> Self {
        Endpoint { announcer, ..self }
    }

    /// Handles an event of its port; `env` is that of the port. What comes back are calls of the parent's own that
    /// have ended.
    pub fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Vec<Completed> {
        let mut done = Vec::new();
        match event {
            Event::Start => {
                self.server.start(env);
                self.announce(env, &mut done);
            }
            Event::Timer { key, .. }
                if self.announcer.as_ref().is_some_and(|a| a.is_timer(key)) =>
            {
                self.announce(env, &mut done);
            }
            Event::Datagram { from, bytes } => match Message::from_bytes(bytes) {
                Ok(message) => {
                    if !self.server.hear(from, &message, &mut self.client, env) {
                        self.client.hear(from, &message, env, &mut done);
                    }
                }
                Err(_) => {
                    self.malformed += 1;
                    env.note("rpc.malformed", from.0.into(), self.malformed);
                }
            },
            Event::Timer { key, .. } => {
                if !self.server.timer(key, &mut self.client, env) {
                    self.client.timer(key, env, &mut done);
                }
            }
            Event::Synced { ticket, result, .. } => {
                self.server.synced(ticket, result.is_ok(), &mut self.client, env);
            }
            Event::Command { .. } => {}
        }
        if let Some(announcer) = &mut self.announcer {
            announcer.take(&mut done);
        }
        if !done.is_empty() {
            self.server.completed(&mut done, &mut self.client, env);
        }
        done
    }

    fn announce(&mut self, env: &mut Env<'_>, done: &mut Vec<Completed>) {
        if let Some(announcer) = &mut self.announcer {
            announcer.announce(Server::<S>::interface().name, &mut self.client, env, done);
        }
    }

    /// What it shows of itself.
    pub fn inspect(&self, view: &mut Fields) {
        self.server.inspect(view);
        view.int("malformed", self.malformed as i64);
        if let Some(announcer) = &self.announcer {
            announcer.inspect(view);
        }
    }
}
