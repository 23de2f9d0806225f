//! Whole conversations: what the model answers goes back to it with what its tools said.
//!
//! A [`Conversation`] is what [`driver`] needs to have the recorded conversation again, as runs of an agent: the recorded
//! answers, and what the recorded caller and its tools said to each. The check then is that every request carries the
//! items of the recorded one.

use std::collections::{BTreeMap, BTreeSet};

use runlet::model::ModelRequest;
use runlet::{Message, Part, Role};
use serde_json::Value;

use crate::api::Api;
use crate::driver;
use crate::known_differences::{FIELDS_OF_RESULTS, ORDER_OF_RESULTS, REPEATED_IDS, REWRITTEN, notations};
use crate::set::Exchange;
use crate::table::{Report, Row};

/// A recorded conversation of two or more turns.
pub(crate) struct Conversation<'a> {
    pub turns: Vec<Turn<'a>>,
}

/// One request and its answer.
pub(crate) struct Turn<'a> {
    pub exchange: &'a Exchange,
    /// The recorded request. Its messages are those of the recorded client: the driver brings its own.
    pub request: ModelRequest,
    /// What is new since the answer before: messages of the user, results of tools, by call.
    pub said: Vec<Message>,
}

/// Has all recorded conversations of two or more turns again.
pub(crate) async fn check(api: &dyn Api, exchanges: &[Exchange], row: &mut Row, report: &mut Report) {
    for conversation in conversations(api, exchanges, row) {
        let found = match driver::run(api, &conversation).await {
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
        // A run does the same with the history that it begins with.
        let history = request.messages.clone().joined_turns();
        if history.check_calls().is_err() {
            return Err("a call of the history has no result, and no run begins with that");
        }
        let said = history.iter().map(|message| Message::clone(message)).collect();
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
    if !answered.is_empty() && answered.iter().all(|item| api.is_empty(item)) {
        return Err("the answer before says nothing, which ends a run");
    }
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
            if let Part::ToolResult(result) = part
                && let Some(name) = names.get(result.call_id.as_str())
            {
                (*name).clone_into(&mut result.name);
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
    let first = conversation.turns.first();
    let mut ids: BTreeSet<String> = first.map(|turn| call_ids(&turn.request)).unwrap_or_default().into_iter().collect();
    let mut any_repeated = false;
    for (number, (turn, sent)) in conversation.turns.iter().zip(sent).enumerate() {
        let sent = normalized(api, sent);
        let mut rest = sent.iter();
        let mut is_lost = |(item, repeated): &&(Value, bool)| {
            !rest.any(|sent| sent == item || (*repeated && api.is_rewritten(item, sent)))
        };
        if let Some((item, _)) = answered.iter().find(&mut is_lost) {
            found.push(format!("turn {number}: the answer's {item} was not sent back as it came"));
        }
        let mut rest = sent.iter();
        for item in normalized(api, &turn.exchange.recorded.request.body) {
            let before = rest.clone();
            if let Some(sent) = rest.find(|sent| carries(&item, sent) || api.is_rewritten(&item, sent)) {
                report.known(api.name(), change(api, &item, sent, any_repeated));
                continue;
            }
            // What comes after it is looked for from where it was looked for.
            rest = before;
            if api.is_empty(&item) {
                report.known(api.name(), [REWRITTEN]);
            } else if is_result(api, &item) && sent.iter().any(|sent| carries(&item, sent) || carries(sent, &item)) {
                report.known(api.name(), [ORDER_OF_RESULTS]);
            } else {
                found.push(format!("turn {number}: nothing carries {item}"));
                break;
            }
        }
        // What failed is no part of the conversation.
        let body = turn.exchange.recorded.response.body.as_deref().filter(|_| !turn.exchange.is_error());
        for item in normalized(api, &api.body_of(api.output(body.unwrap_or_default()))) {
            let calls = api.import(&api.body_of(vec![item.clone()])).map(|item| call_ids(&item)).unwrap_or_default();
            let mut repeated = false;
            for id in calls {
                repeated |= id.is_empty() || !ids.insert(id);
            }
            any_repeated |= repeated;
            answered.push((item, repeated));
        }
    }
    found
}

fn call_ids(request: &ModelRequest) -> Vec<String> {
    request.messages.iter().flat_map(|message| message.tool_calls()).map(|call| call.id.clone()).collect()
}

fn is_result(api: &dyn Api, item: &Value) -> bool {
    let read = api.import(&api.body_of(vec![item.clone()]));
    read.is_ok_and(|read| read.messages.iter().all(|message| message.role == Role::Tool))
}

/// The kind of difference between a recorded item and the one that was sent for it, where there is one.
fn change(api: &dyn Api, recorded: &Value, sent: &Value, any_repeated: bool) -> Option<&'static str> {
    match () {
        () if carries(recorded, sent) => None,
        () if is_result(api, recorded) && carries(sent, recorded) => Some(FIELDS_OF_RESULTS),
        () if any_repeated => Some(REPEATED_IDS),
        () => Some(REWRITTEN),
    }
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
