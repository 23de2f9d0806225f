//! The suite that every provider passes, for providers of one's own too.
//!
//! A provider has to do the right thing when a server does not: when a stream is cut, split in the middle of a letter,
//! garbled or silent, or an error in disguise. [`provider_conformance!`](crate::testing::provider_conformance) writes a
//! test for each of these cases; they run against a server on this machine that answers as it is told. What they need to
//! know of the wire format stands in one [`Wire`]: how an answer is written, and how an error.
//!
//! ```no_run
//! use runlet::testing::conformance::{Answer, Fault, Stream, Wire};
//! # use runlet::model::{Capabilities, Model, ModelResponse, ModelStream, PreparedRequest};
//! # use runlet::Result;
//! # struct MyModel;
//! # impl MyModel {
//! #     fn new(_: &str, _: &str) -> Self { Self }
//! #     fn time_limit(self, _: std::time::Duration) -> Self { self }
//! # }
//! # impl Model for MyModel {
//! #     fn provider(&self) -> &str { "mine" }
//! #     fn name(&self) -> &str { "mine-1" }
//! #     fn capabilities(&self) -> Capabilities { Capabilities::new() }
//! #     async fn complete(&self, _: PreparedRequest) -> Result<ModelResponse> { unimplemented!() }
//! #     async fn stream(&self, _: PreparedRequest) -> Result<ModelStream> { unimplemented!() }
//! # }
//!
//! struct MyWire;
//!
//! impl Wire for MyWire {
//!     type Model = MyModel;
//!
//!     fn model(&self, base_url: &str, key: &str) -> MyModel {
//!         MyModel::new(base_url, key)
//!     }
//!
//!     fn impatient(&self, base_url: &str, key: &str) -> MyModel {
//!         MyModel::new(base_url, key).time_limit(std::time::Duration::from_millis(50))
//!     }
//!
//!     fn whole(&self, answer: &Answer) -> Option<String> {
//!         // This format knows no tools.
//!         answer.calls.is_empty().then(|| serde_json::json!({ "say": answer.text.concat() }).to_string())
//!     }
//!
//!     fn stream(&self, answer: &Answer) -> Option<Stream> {
//!         let event = |text: &String| format!("data: {}\n\n", serde_json::json!({ "say": text }));
//!         let begin = answer.text.iter().map(event).collect();
//!         answer.calls.is_empty().then(|| Stream { begin, end: vec!["data: {\"done\":true}\n\n".into()] })
//!     }
//!
//!     fn error(&self, fault: Fault) -> String {
//!         serde_json::json!({ "error": { "type": format!("{fault:?}"), "message": "no" } }).to_string()
//!     }
//!
//!     fn error_event(&self, fault: Fault) -> String {
//!         format!("data: {}\n\n", self.error(fault))
//!     }
//! }
//!
//! runlet::testing::provider_conformance!(mine, MyWire);
//! # fn main() {}
//! ```

#[doc(hidden)]
pub mod rows;

pub use super::loopback::{End, Loopback, Received, Reply};
use crate::model::{Model, StopReason};

/// What the suite has to know of a wire format.
pub trait Wire: Send + Sync + 'static {
    /// The model under test.
    type Model: Model;

    /// A model at an address such as `http://127.0.0.1:1234`, with a key that must never show. It does not retry and has
    /// time limits of seconds at least.
    fn model(&self, base_url: &str, key: &str) -> Self::Model;

    /// The same model with time limits of 50 ms or so: for an answer, its first event, and the pause between two.
    fn impatient(&self, base_url: &str, key: &str) -> Self::Model;

    /// The body of a whole answer; `None` where the format cannot say it.
    fn whole(&self, answer: &Answer) -> Option<String>;

    /// The answer as server-sent events; `None` where the format cannot say it.
    fn stream(&self, answer: &Answer) -> Option<Stream>;

    /// The body of an error.
    fn error(&self, fault: Fault) -> String;

    /// An error in the middle of a stream, as one event with its empty line.
    fn error_event(&self, fault: Fault) -> String;

    /// An event that the provider does not have yet, with its empty line.
    fn unknown_event(&self) -> String {
        "event: novelty\ndata: {\"type\":\"novelty\",\"novelty\":[1]}\n\n".to_owned()
    }

    /// The event that ends a stream and says nothing of why, where the format has one, such as `data: [DONE]`.
    fn end_marker(&self) -> Option<String> {
        None
    }
}

/// An answer to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The text, in the pieces in which a stream is to bring it. No pieces: an answer without text.
    pub text: Vec<String>,
    /// The tool calls after it.
    pub calls: Vec<Call>,
    /// Whether a stream is to bring the calls' arguments in turns.
    pub interleaved: bool,
    /// Why the model stopped; [`StopReason::Other`] is a word that no provider knows.
    pub stop: Option<StopReason>,
    /// The tokens of the input and of the output; `None` leaves them out.
    pub usage: Option<(u64, u64)>,
}

/// A tool call to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The id, where the format has one.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as the model wrote them, which need not be JSON, in the pieces in which a stream is to bring them.
    pub arguments: Vec<String>,
}

/// A streamed answer as server-sent events, each with its empty line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The events that say what the answer says. A stream that ends after them is cut short.
    pub begin: Vec<String>,
    /// The events that say that it is complete, from the first one that does.
    pub end: Vec<String>,
}

/// What a provider reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// It has no capacity for now.
    Overloaded,
    /// Too many requests.
    RateLimited,
    /// The request is longer than the context window.
    ContextOverflow,
    /// The request is wrong.
    InvalidRequest,
}

impl Answer {
    /// A text in pieces, after which the model was done.
    pub fn text(pieces: &[&str]) -> Self {
        let text = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        Self { text, stop: Some(StopReason::EndTurn), usage: Some((7, 5)), ..Self::default() }
    }

    /// Tool calls: ids, names and pieces of the arguments.
    pub fn calls(calls: &[(&str, &str, &[&str])]) -> Self {
        let calls = calls.iter().map(|(id, name, arguments)| Call {
            id: (*id).to_owned(),
            name: (*name).to_owned(),
            arguments: arguments.iter().map(|piece| (*piece).to_owned()).collect(),
        });
        Self { calls: calls.collect(), stop: Some(StopReason::ToolCalls), usage: Some((7, 5)), ..Self::default() }
    }

    /// Sets why the model stopped.
    pub fn stop(mut self, stop: StopReason) -> Self {
        self.stop = Some(stop);
        self
    }
}

/// Writes the tests that a provider has to pass, into a module: `provider_conformance!(name, wire)`, where `wire` is an
/// expression that gives a [`Wire`](crate::testing::conformance::Wire). The tests' names begin with the number of the case.
#[doc(hidden)]
#[macro_export]
macro_rules! __provider_conformance {
    ($module:ident, $wire:expr) => {
        $crate::__provider_conformance! { @rows $module, $wire;
            row_01_a_byte_order_mark_is_stripped
            row_02_any_line_end_will_do
            row_02_and_05_a_stream_may_be_split_anywhere
            row_03_data_may_stand_on_several_lines
            row_04_comments_are_passed_over
            row_06_invalid_utf8_fails_the_stream
            row_07_invalid_utf8_in_a_comment_is_passed_over
            row_08_an_oversize_event_fails_the_stream
            row_09_and_10_a_stream_without_its_end_is_truncated
            row_11_an_end_marker_alone_is_no_end
            row_12_another_content_type_is_no_stream
            row_13_an_error_with_status_200_is_an_error
            row_14_an_error_in_a_stream_is_typed
            row_15_unknown_events_and_fields_are_passed_over
            row_16_a_malformed_event_fails_the_stream
            row_17_no_compressed_answer_is_asked_for
            row_18_a_long_error_body_is_cut
            row_19_a_reset_at_any_byte_is_never_success
            row_20_a_silent_server_times_out
            row_21_a_redirect_is_not_followed
            row_23_35_and_36_bad_arguments_come_through_as_they_are
            row_24_an_answer_cut_short_says_so
            row_26_and_45_stop_reasons_are_one_enum
            row_29_and_30_repeated_and_empty_call_ids_lose_no_call
            row_31_to_33_calls_are_put_together_from_their_pieces
            row_34_empty_arguments_stay_a_call
            row_44_an_empty_answer_is_no_text
            row_46_parts_keep_their_order
            row_49_unknown_usage_is_not_zero
            row_51_a_prompt_that_is_too_long_is_a_context_overflow
            an_error_status_is_typed_and_shows_no_secret
        }
    };
    (@rows $module:ident, $wire:expr; $($row:ident)*) => {
        mod $module {
            #[allow(unused_imports, reason = "the expression may name what stands around it")]
            use super::*;
            $(
                #[test]
                fn $row() -> ::std::result::Result<(), ::std::string::String> {
                    $crate::testing::conformance::rows::run(&$wire, |wire| {
                        ::std::boxed::Box::pin($crate::testing::conformance::rows::$row(wire))
                    })
                }
            )*
        }
    };
}
