//! What a step costs is what is new in it: counted in work, not in time, so that it holds on every machine.
//!
//! Allocations are counted for the whole process, and so this is a program of its own with one test at a time.

use std::alloc::System;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use proptest::prelude::*;
use runlet::budget::{ContextPolicy, Ruler};
use runlet::message::{Message, Part, Role, TokenCount, ToolCall};
use runlet::model::{Capabilities, Model, ModelResponse, ModelStream, PreparedRequest, StopReason};
use runlet::provider::OpenAiChat;
use runlet::{Agent, RunPolicy, Runtime, tool};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Each of the tests counts, so one has to wait for the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Repeats a word.
#[tool(effect = read)]
async fn repeat(times: usize) -> String {
    "word ".repeat(times)
}

/// Counts the bytes that it is given to measure.
#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicUsize>);

impl Ruler for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn measure(&self, text: &str) -> TokenCount {
        self.0.fetch_add(text.len(), Ordering::Relaxed);
        TokenCount::exact(1)
    }
}

/// Asks for results of these lengths, in words, one turn after the other; notes what had been counted at each call.
struct Asking {
    turns: Vec<Vec<usize>>,
    counted: Counting,
    seen: Arc<Mutex<Vec<usize>>>,
}

impl Model for Asking {
    fn provider(&self) -> &'static str {
        "asking"
    }

    fn name(&self) -> &'static str {
        "m"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new().context_window(100_000_000).with_tools()
    }

    async fn complete(&self, _: PreparedRequest) -> runlet::Result<ModelResponse> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let step = seen.len();
        seen.push(self.counted.0.load(Ordering::Relaxed));
        let Some(turn) = self.turns.get(step) else {
            return Ok(ModelResponse::new(Message::assistant("done"), StopReason::EndTurn));
        };
        let calls = turn.iter().enumerate().map(|(index, times)| {
            let call = ToolCall::new(format!("call_{step}_{index}"), "repeat", format!("{{\"times\":{times}}}"));
            Part::tool_call(call)
        });
        Ok(ModelResponse::new(Message::new(Role::Assistant, calls.collect()), StopReason::ToolCalls))
    }

    async fn stream(&self, request: PreparedRequest) -> runlet::Result<ModelStream> {
        Ok(ModelStream::whole(self.complete(request).await?))
    }
}

fn policy(steps: usize) -> RunPolicy {
    let steps = u32::try_from(steps).expect("a number of steps");
    RunPolicy::new().max_steps(steps).max_identical_calls(0)
}

/// The bytes that were counted before each model call.
fn counted(turns: Vec<Vec<usize>>) -> Vec<usize> {
    let (counted, seen) = (Counting::default(), Arc::new(Mutex::new(Vec::new())));
    let steps = turns.len() + 1;
    let model = Asking { turns, counted: counted.clone(), seen: Arc::clone(&seen) };
    let agent: Agent = Agent::builder("work")
        .model(model)
        .tool(repeat {})
        .context(ContextPolicy::new().ruler(counted))
        .run_policy(policy(steps))
        .build()
        .expect("an agent");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(Runtime::new().run(&agent, (), "Repeat it.")).expect("an answer");
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.clone()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_step_counts_the_tokens_of_its_new_messages_alone(
        turns in prop::collection::vec(prop::collection::vec(0..200_usize, 1..4), 1..40),
    ) {
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counted(turns.clone());
        for (turn, pair) in turns.iter().zip(counts.windows(2)) {
            let new: usize = turn.iter().map(|times| "word ".len() * times).sum();
            // Names, ids and arguments of the calls are new as well, and no longer than this.
            let most = new + 120 * turn.len();
            let work = pair[1] - pair[0];
            prop_assert!((new..=most).contains(&work), "{work} bytes counted where {new} to {most} are new");
        }
    }
}

#[test]
fn the_tokens_counted_in_a_step_do_not_grow_with_the_steps_before() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let counts = counted(vec![vec![10]; 1_001]);
    let work = |step: usize| counts[step + 1] - counts[step];
    // An id is one digit longer or two.
    assert!(work(100) - work(10) <= 4 && work(1_000) - work(10) <= 8, "{} {} {}", work(10), work(100), work(1_000));
}

/// A server that answers every request on one connection and does not allocate meanwhile; it notes how many allocations
/// there had been at each request, and how long its body was.
fn serve(listener: &TcpListener, rounds: usize) -> Vec<(usize, usize)> {
    let (mut stream, _) = listener.accept().expect("a connection");
    let mut notes = Vec::with_capacity(rounds + 1);
    let mut buffer = vec![0; 1 << 20];
    let mut answer = Vec::with_capacity(1 << 12);
    for round in 0..=rounds {
        let length = read_request(&mut stream, &mut buffer);
        notes.push((ALLOCATOR.stats().allocations, length));
        answer.clear();
        if round < rounds {
            let call = r#""tool_calls":[{"id":"call_00000","type":"function","function":{"name":"repeat","arguments":"{\"times\":10}"}}]"#;
            write_answer(&mut answer, call, "tool_calls");
            let at = answer.windows(5).position(|window| window == b"00000").expect("the place of the number");
            for (place, digit) in answer[at..at + 5].iter_mut().zip([10_000, 1_000, 100, 10, 1]) {
                *place = b'0' + u8::try_from(round / digit % 10).expect("a digit");
            }
        } else {
            write_answer(&mut answer, r#""content":"done""#, "stop");
        }
        stream.write_all(&answer).expect("the answer is taken");
    }
    notes
}

fn write_answer(out: &mut Vec<u8>, said: &str, finish: &str) {
    const AROUND: usize = r#"{"choices":[{"index":0,"message":{"role":"assistant",},"finish_reason":""}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#.len();
    let length = AROUND + said.len() + finish.len();
    write!(out, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n").expect("room");
    write!(out, r#"{{"choices":[{{"index":0,"message":{{"role":"assistant",{said}}},"finish_reason":"{finish}"}}],"usage":{{"prompt_tokens":1,"completion_tokens":1}}}}"#).expect("room");
}

/// Reads a request and gives the length of its body.
fn read_request(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    let mut read = 0;
    loop {
        let more = stream.read(&mut buffer[read..]).expect("the request arrives");
        assert!(more > 0, "the connection stays open");
        read += more;
        let Some(head) = buffer[..read].windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head]).expect("a head");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        let length: usize = length.parse().expect("a number");
        if read == head + 4 + length {
            return length;
        }
    }
}

#[test]
fn a_step_allocates_and_writes_for_its_new_messages_alone() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let rounds = 1_010;
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || serve(&listener, rounds));
    let model = OpenAiChat::new("m").base_url(url).context_window(100_000_000);
    let agent: Agent =
        Agent::builder("work").model(model).tool(repeat {}).run_policy(policy(rounds + 1)).build().expect("an agent");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(Runtime::new().run(&agent, (), "Repeat it.")).expect("an answer");
    let notes = server.join().expect("the server ends");
    // Messages that are serialized anew cost allocations, each of them; growing lists cost one now and then.
    let work = |step: usize| (notes[step + 8].0 - notes[step].0) / 8;
    let first = work(10);
    for step in [100, 1_000] {
        assert!(work(step) <= first + 3, "{} allocations in step {step}, {first} in step 10", work(step));
    }
    let grown = |step: usize| notes[step + 1].1 - notes[step].1;
    assert_eq!(grown(10), grown(1_000), "a request is its predecessor and what is new");
}
