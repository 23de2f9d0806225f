//! What counting costs: the bill of each new step by the length of the conversation, and how fast texts are measured.
//!
//! `cargo run --release --manifest-path benches/budget/Cargo.toml`. Each figure is the median of its passes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use runlet::Message;
use runlet::budget::{ContextManager, ContextPolicy, Encoding, ExactRuler, Ledger, Ruler, Utf8Ruler};
use runlet::message::Messages;
use runlet::model::{Capabilities, ModelRequest};

fn main() {
    steps();
    rulers();
}

/// The cost of a step at a length: one new message of 40 words, counted, billed and sealed.
fn steps() {
    println!(
        "{:>10} {:>22} {:>22} {:>22}",
        "messages", "all at once, us", "a new message, us", "its bill as a table, us"
    );
    let window = Capabilities::new().context_window(1 << 50);
    for length in [10_usize, 100, 1_000, 10_000] {
        let manager = ContextManager::new(ContextPolicy::new());
        let whole = median(9, || {
            let mut request = ModelRequest::default();
            request.messages = (0..length).map(message).collect();
            timed(|| drop(black_box(manager.prepare(request, &window))))
        });
        let mut ledger = Ledger::default();
        let mut messages: Messages = (0..length).map(message).collect();
        let mut next = |messages: &mut Messages| {
            messages.push(message(messages.len()));
            let mut request = ModelRequest::default();
            request.messages = messages.clone();
            timed(|| drop(black_box(manager.prepare_next(&mut ledger, request, &window))))
        };
        next(&mut messages);
        let step = median(301, || next(&mut messages));
        let mut request = ModelRequest::default();
        request.messages = messages.clone();
        let prepared = manager.prepare(request, &window).expect("it fits");
        let shown = median(9, || timed(|| drop(black_box(prepared.bill().map(ToString::to_string)))));
        println!("{length:>10} {:>22.1} {:>22.2} {:>22.1}", micros(whole), micros(step), micros(shown));
    }
}

fn message(number: usize) -> Message {
    let words = ["order", "shipped", "the", "customer", "asked", "refund", "address", "was", "changed", "after"];
    let text: Vec<String> =
        (0..40).map(|word| format!("{}{}", words[(number + word * 7) % words.len()], number % 97)).collect();
    Message::user(text.join(" "))
}

/// Megabytes of text measured in a second: of one long text, and of messages of about 1 kB.
fn rulers() {
    let texts = [
        ("English", "The harbour was quiet when the last ferry came in, and nobody waited on the pier. ".to_owned()),
        (
            "code",
            "fn parse(input: &str) -> Result<Vec<u32>, Error> {\n    input.split(',').map(str::parse).collect()\n}\n"
                .to_owned(),
        ),
        (
            "JSON",
            r#"{"id":48213,"name":"Ada","tags":["a1","b2"],"price":12.75,"when":"2026-08-13T10:21:07Z"},"#.to_owned(),
        ),
        ("Chinese", "今天早上我们在公园里散步，看到许多老人正在打太极拳。".to_owned()),
        ("base64", "aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBsb25nIHRleHQgaW4gYmFzZTY0IHdpdGhvdXQgc3BhY2Vz".to_owned()),
    ];
    let rulers: [(&str, Box<dyn Ruler>); 3] = [
        ("Utf8Ruler", Box::new(Utf8Ruler::default())),
        ("ExactRuler o200k", Box::new(ExactRuler::new(Encoding::O200kBase))),
        ("ExactRuler cl100k", Box::new(ExactRuler::new(Encoding::Cl100kBase))),
    ];
    println!("\n{:<20} {:>12} {:>12} {:>12}", "ruler", "text", "1 MB, MB/s", "1 kB, MB/s");
    for (name, ruler) in &rulers {
        let load = timed(|| _ = black_box(ruler.measure("first")));
        println!("{name:<20} {:>12} {:>9.1} ms", "first use", micros(load) / 1e3);
        for (kind, unit) in &texts {
            // Numbered, so that no two messages are the same.
            let long: String = (0..)
                .map(|n| format!("{n} {unit}"))
                .scan(0, |len, piece| {
                    *len += piece.len();
                    (*len < 1_000_000).then_some(piece)
                })
                .collect();
            let whole = median(5, || timed(|| _ = black_box(ruler.measure(&long))));
            let pieces = pieces(&long);
            let short = median(5, || timed(|| pieces.iter().for_each(|piece| _ = black_box(ruler.measure(piece)))));
            println!("{name:<20} {kind:>12} {:>12.0} {:>12.0}", speed(&long, whole), speed(&long, short));
        }
    }
}

/// A text in pieces of about 1 kB.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let end = (1_000..1_004).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len()).min(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn median(passes: usize, mut pass: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..passes).map(|_| pass()).collect();
    times.sort();
    times[times.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn speed(text: &str, time: Duration) -> f64 {
    text.len() as f64 / 1e6 / time.as_secs_f64()
}
