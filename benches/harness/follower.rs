//! Sockets that follow the log, and the token that opens them.

use std::net::SocketAddr;

use dutyline::app::App;
use dutyline::app::tokens::NewToken;
use dutyline::domain::access::{Access, Role};
use dutyline::domain::tenant::Tenant;
use dutyline::domain::token::TokenText;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async};

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A token that may do anything.
pub(crate) async fn owner(app: &App, tenant: &Tenant) -> TokenText {
    let name = "bench".parse().expect("a name");
    let new = NewToken { name, role: Role::Owner, rights: None, user: None, expires_at: None };
    app.issue_token(tenant, new).await.expect("issued").1
}

/// A socket that follows what `query` asks for, `&type=presence.*`; all, if it is empty.
pub(crate) async fn open(app: &App, access: &Access, address: SocketAddr, query: &str) -> Socket {
    let (ticket, _) = app.issue_ticket(access).await.expect("a ticket");
    let stream = TcpStream::connect(address).await.expect("a connection");
    let url = format!("ws://{address}/v1/ws?ticket={}{query}", ticket.expose_secret());
    client_async(url, stream).await.expect("a socket").0
}
