//! One client: a socket, and the messages that go over it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::Failure;
use crate::job::Job;

const CLOSE_PATIENCE: Duration = Duration::from_secs(10);

/// What a client says.
#[derive(Serialize)]
#[serde(tag = "_tag")]
pub enum Event<'a> {
    Echo { text: &'a str },
    Say { text: &'a str },
    Add { text: &'a str },
    Post { text: &'a str },
    Fill { rows: usize },
    Last {},
    Pad { bytes: usize },
    Plan { name: &'a str, at: u64 },
    Cancel { name: &'a str },
}

/// What it hears: exactly that, a field too many is an error.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "_tag", deny_unknown_fields)]
pub enum Heard {
    Echo { text: String },
    Said { from: String, text: String },
    Added { count: u64 },
    Posted { seq: u64 },
    Rows { rows: Vec<String> },
    Padded { bytes: usize },
    Planned { name: String },
    Cancelled { name: String },
    Fired { name: String },
}

pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub async fn connect(job: &Job, name: &str) -> Result<Self, Failure> {
        let url = format!("{}?name={name}", job.url.replace("{room}", &job.room));
        let (socket, _) = connect_async_with_config(url, None, true).await?;
        Ok(Self { socket })
    }

    /// So many, named `c0`, `c1` and so on, connected one after the other.
    pub async fn connect_all(job: &Job) -> Result<Vec<Self>, Failure> {
        let mut clients = Vec::with_capacity(job.clients);
        for n in 0..job.clients {
            clients.push(Self::connect(job, &format!("c{n}")).await?);
        }
        Ok(clients)
    }

    /// Puts a message on its way; it leaves with the next [`flush`](Self::flush).
    pub async fn put(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        Ok(self.socket.feed(Message::text(serde_json::to_string(event)?)).await?)
    }

    pub async fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.socket.flush().await?)
    }

    pub async fn send(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        self.put(event).await?;
        self.flush().await
    }

    /// The next frame, as it came.
    pub async fn frame(&mut self) -> Result<Utf8Bytes, Failure> {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => Ok(text),
            Some(Ok(other)) => Err(format!("not a text frame: {other:?}").into()),
            Some(Err(error)) => Err(error.into()),
            None => Err("the socket ended".into()),
        }
    }

    pub async fn hear(&mut self) -> Result<Heard, Failure> {
        let frame = self.frame().await?;
        serde_json::from_str(&frame).map_err(|error| format!("{error}: {frame}").into())
    }

    /// Says a thing and hears the answer.
    pub async fn ask(&mut self, event: &Event<'_>) -> Result<Heard, Failure> {
        self.send(event).await?;
        self.hear().await
    }

    /// Says that it goes, and waits until that is answered. With a code: some systems never answer
    /// a close without one.
    pub async fn close(mut self) -> Result<(), Failure> {
        let frame = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
        self.socket.close(Some(frame)).await?;
        let answered = async {
            while let Some(frame) = self.socket.next().await {
                frame?;
            }
            Ok(())
        };
        tokio::time::timeout(CLOSE_PATIENCE, answered)
            .await
            .map_err(|_| "a close was not answered")?
    }
}

/// Closes all, side by side.
pub async fn close_all(clients: Vec<Client>) -> Result<(), Failure> {
    futures_util::future::try_join_all(clients.into_iter().map(Client::close)).await?;
    Ok(())
}
