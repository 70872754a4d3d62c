//! Has the carrier call the telephone system, and commands dialled to it. The carrier's address is the operator's word
//! and leads wherever they say; still nobody is sent elsewhere by a redirect, with the account's secret in hand.

use std::sync::OnceLock;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded::Serializer;

use super::courier::{builder, read, silence};
use crate::domain::dial_command::{Command, Keys};
use crate::domain::event::Event;
use crate::domain::webhook::answer::{Answer, Silence};

/// How the carrier is asked for a call.
#[derive(Debug, Clone)]
pub struct Carrier {
    /// Where calls are asked for.
    pub url: String,
    pub user: String,
    pub password: SecretString,
    /// The form in which it wants to be asked.
    pub form: fn(&Command) -> Vec<(&'static str, String)>,
}

#[derive(Debug)]
pub(super) struct Telephone {
    carrier: Carrier,
    /// Made when there is a call.
    client: OnceLock<Result<Client, String>>,
}

impl Telephone {
    pub(super) fn new(carrier: Carrier) -> Self {
        Self { carrier, client: OnceLock::new() }
    }

    pub(super) async fn dial(&self, command: &Command) -> Answer {
        let Carrier { url, user, password, form } = &self.carrier;
        let client = self.client.get_or_init(|| builder().build().map_err(|why| why.to_string()));
        let client = match client {
            Ok(client) => client,
            Err(why) => return Answer::Nothing(Silence::Unreachable(why.clone())),
        };
        let asked = client
            .post(url)
            .basic_auth(user, Some(password.expose_secret()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Serializer::new(String::new()).extend_pairs(form(command)).finish())
            .send();
        match asked.await {
            Ok(response) => read(response).await,
            Err(error) => Answer::Nothing(silence(&error)),
        }
    }
}

/// What is dialled to tell a telephone system of an event, if it is told of it.
#[expect(clippy::wildcard_enum_match_arm, reason = "commands are made of one type alone")]
pub(super) fn keys(event: &Event) -> Option<Keys> {
    match event {
        Event::LabelChosen(chosen) => chosen.keys(),
        _ => None,
    }
}
