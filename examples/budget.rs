//! A conversation of 60 turns in a window of 8,192 tokens: where the tokens of each request go, and what is done when
//! there are too many.
//!
//! `cargo run --example budget` talks to scripted models in this process: no key, no network. It prints a line for each
//! request and writes the same as `budget.json` and, drawn, as `budget.svg`; where to, it says at the end. Another folder
//! can be given: `cargo run --example budget -- some/folder`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use futures_util::StreamExt;
use plotters::prelude::*;
use runlet::budget::{ClearToolResults, ContextPolicy, CutToolResults, DropOldestTurns, DropReasoning, Summarize};
use runlet::event::EventKind;
use runlet::message::{Mark, SharedMessage};
use runlet::model::{Bill, BillPart, Capabilities};
use runlet::testing::ScriptedModel;
use runlet::{Agent, Message, Messages, Role, Runtime, tool};
use serde_json::{Value, json};

const TURNS: usize = 60;
const WINDOW: u64 = 8_192;

/// The parts that are told apart, from the bottom of the chart to its top, with their colours.
const PARTS: [(&str, RGBColor); 6] = [
    ("instructions and tools", RGBColor(68, 84, 106)),
    ("reserved output", RGBColor(165, 165, 165)),
    ("summaries", RGBColor(112, 173, 71)),
    ("user", RGBColor(68, 114, 196)),
    ("assistant", RGBColor(237, 125, 49)),
    ("tool results", RGBColor(255, 192, 0)),
];

/// Finds the pages of the handbook that say something of a subject.
#[tool(effect = read)]
async fn search_handbook(subject: String) -> String {
    let line = format!("The handbook says of {subject}: ask before you order, and keep the receipt. ");
    // Now and then there is much to say.
    line.repeat(if subject.len().is_multiple_of(5) { 60 } else { 6 })
}

/// One request: the tokens of each part, by the upper figure.
struct Row {
    turn: usize,
    tokens: [u64; PARTS.len()],
    limit: u64,
    compressed: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).map_or_else(|| PathBuf::from("target/budget"), PathBuf::from);
    let model = conversation();
    let policy = ContextPolicy::new()
        .reserved_output_tokens(1_024)
        .compress(DropReasoning::new())
        .compress(CutToolResults::to(400))
        .compress(ClearToolResults::older_than(6))
        .compress(Summarize::with(summaries()).max_tokens(300))
        .compress(DropOldestTurns::new());
    let agent: Agent = Agent::builder("clerk")
        .model(model.clone())
        .instructions("Answer questions about the handbook. Look a subject up before you say anything of it.")
        .tool(search_handbook {})
        .context(policy)
        .build()?;

    let mut rows = Vec::new();
    let mut history = Messages::from(vec![Message::user("My name is Robin, and my budget is 900 euros.").pinned()]);
    println!("{:>4} {:>8} {:>6} {:>6}  compressed by", "turn", "request", "limit", "free");
    for turn in 1..=TURNS {
        history.push(Message::user(format!("Question {turn}: what do I have to know about {}?", subject(turn))));
        let mut stream = Runtime::new().stream(&agent, (), history.clone());
        let mut compressed = Vec::new();
        while let Some(event) = stream.next().await {
            match event.kind {
                EventKind::ContextCompressed { compressor, freed_tokens, .. } => {
                    compressed.push(format!("{compressor} (-{freed_tokens})"));
                }
                EventKind::ContextBudgetChecked { bill } => {
                    rows.push((turn, bill, std::mem::take(&mut compressed)));
                }
                _ => {}
            }
        }
        // What was made smaller stays so: the next turn begins with the same bytes.
        history = stream.finish().await?.run().context().clone();
    }
    let requests = model.requests();
    let rows: Vec<Row> = rows
        .into_iter()
        .zip(&requests)
        .map(|((turn, bill, compressed), sent)| Row {
            turn,
            tokens: by_part(&bill, &sent.messages),
            limit: bill.limit(),
            compressed,
        })
        .collect();
    for Row { turn, tokens, limit, compressed } in &rows {
        let total: u64 = tokens.iter().sum();
        println!("{turn:>4} {total:>8} {limit:>6} {:>6}  {}", limit.saturating_sub(total), compressed.join(", "));
    }
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("budget.json"), serde_json::to_string_pretty(&as_json(&rows))?)?;
    draw(&folder.join("budget.svg"), &rows)?;
    println!("\n{} requests; written: budget.json and budget.svg in {}", rows.len(), folder.display());
    Ok(())
}

/// What the model does: it looks each subject up and answers.
fn conversation() -> ScriptedModel {
    let capabilities = Capabilities::new().context_window(WINDOW).with_tools();
    (1..=TURNS).fold(ScriptedModel::new().capabilities(capabilities), |model, turn| {
        let answer =
            format!("In short, for question {turn}: ask first, keep the receipt, and mind the date. ").repeat(3);
        model.tool_call("search_handbook", json!({ "subject": subject(turn) })).text(answer)
    })
}

/// The model that sums up. It has more answers than it will be asked for.
fn summaries() -> ScriptedModel {
    (0..TURNS).fold(ScriptedModel::new(), |model, _| {
        model.text("The user asked about subjects of the handbook; the answers were to ask first and keep the receipt.")
    })
}

fn subject(turn: usize) -> String {
    ["travel", "chairs", "licences", "training", "phones", "paper"][turn % 6].to_owned()
}

/// Adds up a bill by parts.
fn by_part(bill: &Bill, messages: &[SharedMessage]) -> [u64; PARTS.len()] {
    let mut tokens = [0; PARTS.len()];
    for item in bill.items() {
        let part = match item.part {
            BillPart::ReservedOutput => 1,
            // A message of several parts has a line for its frame and one for each part.
            BillPart::Message { index, .. } | BillPart::MessagePart { index, .. } => {
                match messages.get(index).map(|message| (message.mark, message.role)) {
                    Some((Mark::Summary, _)) => 2,
                    Some((_, Role::Assistant)) => 4,
                    Some((_, Role::Tool)) => 5,
                    _ => 3,
                }
            }
            _ => 0,
        };
        tokens[part] += item.tokens.upper;
    }
    tokens
}

fn as_json(rows: &[Row]) -> Value {
    let request = |row: &Row| {
        let parts = PARTS.iter().zip(row.tokens).map(|((name, _), tokens)| ((*name).to_owned(), json!(tokens)));
        let parts: serde_json::Map<String, Value> = parts.collect();
        json!({ "turn": row.turn, "tokens": parts, "limit": row.limit, "compressed": row.compressed })
    };
    json!({ "window": WINDOW, "requests": rows.iter().map(request).collect::<Vec<_>>() })
}

/// Draws the parts on top of each other, with the limit above them.
fn draw(path: &Path, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, (1_100, 520)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .caption("Tokens of each request", ("sans-serif", 20))
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0..rows.len(), 0..WINDOW * 5 / 4)?;
    chart.configure_mesh().x_desc("request").y_desc("tokens (upper figure)").draw()?;
    // The whole first, then ever fewer parts over it: each colour is left visible where its part stands.
    for (place, (name, colour)) in PARTS.iter().enumerate().rev() {
        let tops = rows.iter().enumerate().map(|(x, row)| (x, row.tokens[..=place].iter().sum::<u64>()));
        let series = AreaSeries::new(tops, 0, colour.filled());
        chart
            .draw_series(series)?
            .label(*name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled()));
    }
    let limit = rows.iter().enumerate().map(|(x, row)| (x, row.limit));
    let line = DashedLineSeries::new(limit, 6, 4, RED.stroke_width(2));
    chart.draw_series(line)?.label("limit").legend(|(x, y)| PathElement::new([(x, y), (x + 10, y)], RED));
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).background_style(WHITE).draw()?;
    area.present()?;
    Ok(())
}
