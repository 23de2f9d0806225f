//! Whole conversations: what the model answers goes back to it with what its tools said.
//!
//! A [`Conversation`] is what a [`Driver`] needs to have the recorded conversation again: the recorded answers are
//! queued at the server in order, and after each one the driver says what the recorded caller and its tools said. The
//! check then is that every request carries the items of the recorded one.

use std::collections::BTreeMap;

use runlet::message::Messages;
use runlet::model::ModelRequest;
use runlet::{Message, Part, Role};
use serde_json::Value;

use crate::api::Api;
use crate::checks::{ask, recorded_reply};
use crate::known_differences::{REWRITTEN, notations};
use crate::loopback::Loopback;
use crate::set::Exchange;
use crate::table::{Report, Row};

/// A recorded conversation of two or more turns.
pub(crate) struct Conversation<'a> {
    pub turns: Vec<Turn<'a>>,
}

/// One request and its answer.
pub(crate) struct Turn<'a> {
    pub exchange: &'a Exchange,
    /// The recorded request. Its messages are those of the recorded client: a driver brings its own.
    pub request: ModelRequest,
    /// What is new since the answer before: messages of the user, results of tools, by call.
    pub said: Vec<Message>,
}

/// Has a recorded conversation again.
pub(crate) trait Driver {
    /// Runs the conversation against the server, to which it gives the recorded answers. Gives the bodies of the
    /// requests that were sent, one for each turn, or what went wrong in words.
    async fn run(
        &self,
        api: &dyn Api,
        server: &Loopback,
        conversation: &Conversation<'_>,
    ) -> Result<Vec<Value>, String>;
}

/// The shortest loop over an adapter: ask, add the answer, add what was said, ask again.
pub(crate) struct HandLoop;

impl Driver for HandLoop {
    async fn run(
        &self,
        api: &dyn Api,
        server: &Loopback,
        conversation: &Conversation<'_>,
    ) -> Result<Vec<Value>, String> {
        let mut history = Messages::new();
        let mut sent = Vec::new();
        for turn in &conversation.turns {
            let called = history.last().map(|message| calls_of(message)).unwrap_or_default();
            history.extend(turn.said.iter().map(|message| answering(message.clone(), &called)));
            let mut request = turn.request.clone();
            request.messages = history.clone();
            let body = turn.exchange.recorded.response.body.clone().unwrap_or_default();
            let reply = recorded_reply(turn.exchange, vec![body.into_bytes()]);
            let (answer, body) = ask(api, server, turn.exchange, request, reply, api.is_stream(turn.exchange)).await;
            sent.push(body);
            match answer.result {
                Ok(response) => history.push(response.message),
                Err(_) if sent.len() == conversation.turns.len() => {}
                Err(error) => return Err(format!("turn {} failed: {error}", sent.len())),
            }
        }
        Ok(sent)
    }
}

fn calls_of(message: &Message) -> Vec<String> {
    message.tool_calls().map(|call| call.id.clone()).collect()
}

/// Lets results answer the calls that were made, in order, where the recorded client gave the calls other ids.
fn answering(mut message: Message, called: &[String]) -> Message {
    let results = message.parts.iter_mut().filter_map(|part| match part {
        Part::ToolResult(result) => Some(result),
        _ => None,
    });
    for (result, id) in results.zip(called) {
        if !called.contains(&result.call_id) {
            result.call_id.clone_from(id);
        }
    }
    message
}

/// Has all recorded conversations of two or more turns again.
pub(crate) async fn check(
    api: &dyn Api,
    server: &Loopback,
    exchanges: &[Exchange],
    driver: &impl Driver,
    row: &mut Row,
    report: &mut Report,
) {
    for conversation in conversations(api, exchanges, row) {
        let found = match driver.run(api, server, &conversation).await {
            Ok(sent) => compare(api, &conversation, &sent, report),
            Err(problem) => vec![problem],
        };
        row.conversations.count(found.is_empty());
        let place = conversation.turns.first().map_or("", |turn| &turn.exchange.place);
        report.problem(place, "conversation", found);
    }
}

/// Finds the conversations: the exchanges of a cassette, as far as each continues the one before.
fn conversations<'a>(api: &dyn Api, exchanges: &'a [Exchange], row: &mut Row) -> Vec<Conversation<'a>> {
    let mut cassettes = BTreeMap::<&str, Vec<&Exchange>>::new();
    for exchange in exchanges {
        if exchange.recorded.session.is_some_and(|session| session.turns > 1) {
            cassettes.entry(&exchange.cassette).or_default().push(exchange);
        }
    }
    let mut conversations = Vec::new();
    for mut exchanges in cassettes.into_values() {
        exchanges.sort_by_key(|exchange| exchange.recorded.session.map(|session| session.turn));
        let mut turns: Vec<Turn<'a>> = Vec::new();
        let mut finished = Vec::new();
        for exchange in exchanges {
            match next_turn(api, turns.last(), exchange) {
                Ok(turn) => turns.push(turn),
                Err(reason) => {
                    row.skip(&format!("conversation: {reason}"));
                    finished.push(std::mem::take(&mut turns));
                    turns.extend(next_turn(api, None, exchange));
                }
            }
        }
        finished.push(turns);
        conversations.extend(finished.into_iter().filter(|turns| turns.len() > 1).map(|turns| Conversation { turns }));
    }
    conversations
}

/// An exchange as the next turn of a conversation, or why it is none.
fn next_turn<'a>(api: &dyn Api, last: Option<&Turn<'_>>, exchange: &'a Exchange) -> Result<Turn<'a>, &'static str> {
    if let Some(reason) = api.no_request(exchange) {
        return Err(reason);
    }
    let body = &exchange.recorded.request.body;
    if let Some(reason) = api.no_turn(body) {
        return Err(reason);
    }
    let request = api.import(body).map_err(|_| "the request cannot be read")?;
    let Some(last) = last else {
        let said = request.messages.iter().map(|message| Message::clone(message)).collect();
        return Ok(Turn { exchange, request, said });
    };
    let place = |exchange: &Exchange| exchange.recorded.session.map(|session| session.turn);
    if place(last.exchange).map(|turn| turn + 1) != place(exchange) {
        return Err("the turn before is another API's");
    }
    let mut items = normalized(api, body);
    let before = normalized(api, &last.exchange.recorded.request.body);
    if items.len() <= before.len() || items[..before.len()] != before[..] {
        return Err("the turn does not continue the one before");
    }
    let news = items.split_off(before.len());
    let answered = last.exchange.recorded.response.body.as_deref().unwrap_or_default();
    let answered = normalized(api, &api.body_of(api.output(answered)));
    let is_known = |item: &Value| {
        api.is_empty(item) || answered.iter().any(|answer| carries(item, answer) || api.is_rewritten(item, answer))
    };
    if !news.iter().take_while(|item| api.is_models(item)).all(is_known) {
        return Err("the recorded client changed what the model said");
    }
    let said = news.iter().skip_while(|item| api.is_models(item));
    if said.clone().any(|item| api.is_models(item)) {
        return Err("an answer from elsewhere stands between the turns");
    }
    let said = said.cloned().collect();
    Ok(Turn { exchange, said: messages(api, &request, said)?, request })
}

/// Reads items as messages. Results carry the names of the calls that the whole request knows.
fn messages(api: &dyn Api, request: &ModelRequest, items: Vec<Value>) -> Result<Vec<Message>, &'static str> {
    let read = api.import(&api.body_of(items)).map_err(|_| "the new items cannot be read")?;
    let names: BTreeMap<&str, &str> = request
        .messages
        .iter()
        .flat_map(|message| message.tool_calls())
        .map(|call| (call.id.as_str(), call.name.as_str()))
        .collect();
    let mut messages: Vec<Message> = read.messages.iter().map(|message| Message::clone(message)).collect();
    for message in messages.iter_mut().filter(|message| message.role == Role::Tool) {
        for part in &mut message.parts {
            if let Part::ToolResult(result) = part {
                result.name = names.get(result.call_id.as_str()).copied().unwrap_or_default().to_owned();
            }
        }
    }
    Ok(messages)
}

/// The items of a request, all in the same notation.
fn normalized(api: &dyn Api, body: &Value) -> Vec<Value> {
    let mut body = body.clone();
    for notation in notations(api.name()) {
        (notation.normalize)(&mut body);
    }
    api.items(&body)
}

/// What the requests that were sent do not carry: of the model's answers, every item as the server gave it; of the
/// recorded requests, every item, those of the model perhaps rewritten by the recorded client.
fn compare(api: &dyn Api, conversation: &Conversation<'_>, sent: &[Value], report: &mut Report) -> Vec<String> {
    let mut found = Vec::new();
    let mut answered = Vec::new();
    for (number, (turn, sent)) in conversation.turns.iter().zip(sent).enumerate() {
        let sent = normalized(api, sent);
        let mut rest = sent.iter();
        if let Some(item) = answered.iter().find(|item| !rest.any(|sent| sent == *item)) {
            found.push(format!("turn {number}: the answer's {item} was not sent back as it came"));
        }
        let mut rest = sent.iter();
        for item in normalized(api, &turn.exchange.recorded.request.body) {
            let Some(sent) = rest.find(|sent| carries(&item, sent) || api.is_rewritten(&item, sent)) else {
                if !api.is_empty(&item) {
                    found.push(format!("turn {number}: nothing carries {item}"));
                    break;
                }
                report.known(api.name(), [REWRITTEN]);
                // It was nothing: what comes after it is looked for from where it was.
                rest = sent.iter();
                continue;
            };
            if !carries(&item, sent) {
                report.known(api.name(), [REWRITTEN]);
            }
        }
        let body = turn.exchange.recorded.response.body.as_deref().unwrap_or_default();
        answered.extend(normalized(api, &api.body_of(api.output(body))));
    }
    found
}

/// Whether what was sent holds all that was recorded. A recorded client may have left out fields of the model's items;
/// Runlet sends them as they came.
fn carries(recorded: &Value, sent: &Value) -> bool {
    match (recorded, sent) {
        (Value::Object(recorded), Value::Object(sent)) => {
            recorded.iter().all(|(name, value)| sent.get(name).is_some_and(|sent| carries(value, sent)))
        }
        (Value::Array(recorded), Value::Array(sent)) => {
            recorded.len() == sent.len() && recorded.iter().zip(sent).all(|(recorded, sent)| carries(recorded, sent))
        }
        (recorded, sent) => recorded == sent,
    }
}
