//! The rows.

use super::Row;

/// A row that every adapter has to pass.
const fn wire(number: u32, fault: &'static str, behaviour: &'static str) -> Row {
    Row { number, fault, behaviour, adapters: true }
}

/// A row of the loop, whatever the model.
const fn run(number: u32, fault: &'static str, behaviour: &'static str) -> Row {
    Row { number, fault, behaviour, adapters: false }
}

/// Every row, by number.
pub(super) const TABLE: [Row; 75] = [
    wire(1, "a byte order mark before the first event", "it is passed over"),
    wire(
        2,
        "lines end with CR, LF or CRLF, also split between two pieces",
        "any end of line counts, however the bytes are split",
    ),
    wire(3, "an event's data stands on several lines, or without a space", "the lines are joined by a line feed"),
    wire(4, "comments, pings, events without data", "they count as a sign of life and give nothing"),
    wire(5, "a letter is split between two pieces", "it is put together"),
    wire(6, "an event is not UTF-8", "the stream fails with a protocol error; nothing is guessed"),
    wire(7, "a comment is not UTF-8", "it is passed over"),
    wire(
        8,
        "an event or a stream without end",
        "`size_limits` (8 MiB an event, 64 MiB an answer) end it with a protocol error, in linear time",
    ),
    wire(9, "the stream ends within an event", "`truncated`, with what had come; never an answer"),
    wire(10, "the stream ends without its provider's end marker", "`truncated`; never an answer"),
    wire(11, "an end marker without a reason for stopping", "`truncated`, as in row 10"),
    wire(12, "HTML or JSON where a stream was asked for", "a protocol error, or the error that the body holds"),
    wire(13, "an error with status 200", "it is the error that it is"),
    wire(
        14,
        "an error in the middle of a stream",
        "a typed error, by its code and not by the status; what was shown stays",
    ),
    wire(15, "events and fields that are new", "they are passed over"),
    wire(
        16,
        "one event of a stream is not JSON",
        "the stream fails, as a lost piece may change a call; `lenient` passes over it",
    ),
    wire(17, "a compressed answer that is far larger than it looks", "none is asked for"),
    wire(18, "an error's body without end", "it is read to 64 KiB and quoted shortly"),
    wire(
        19,
        "the connection breaks at any byte",
        "an error or the whole answer, for every byte of an answer; never silence",
    ),
    wire(20, "a server that says nothing any more", "time limits for an answer, for its first event and between two"),
    wire(21, "a redirect", "it is not followed, so key and body go nowhere else"),
    wire(
        22,
        "a proxy in the environment",
        "it is used for other machines only; `no_proxy`, or a client of the caller's own, rules it out",
    ),
    wire(
        23,
        "arguments that are not JSON",
        "the call has an error result that says where; after `max_bad_steps` (3) such steps in a row the run fails",
    ),
    wire(24, "the answer is cut off within its calls", "none of its calls is run; each is answered so"),
    run(
        25,
        "a cut-off answer under another name",
        "all output tokens used, or the last call's arguments end inside: as row 24",
    ),
    wire(26, "many names for one reason to stop", "one enum; a name that nobody knows is kept"),
    run(
        27,
        "a tool that does not exist",
        "an error result with the names that do, at most 20, and an event `tool.unknown`",
    ),
    run(
        28,
        "a tool's name with another case, a space or a prefix",
        "only the exact name is the tool's; anything else is row 27",
    ),
    wire(
        29,
        "two calls with one id",
        "each runs once and has its own result; the second id is made new, the same way every time",
    ),
    wire(30, "a call without an id", "it gets `call_{step}_{place}`"),
    wire(
        31,
        "calls numbered oddly: all 0, from 7, not at all",
        "calls are told apart by id, then by number, then by order",
    ),
    wire(32, "pieces of two calls in turns", "each piece finds its call"),
    wire(33, "a name in pieces, or after its arguments", "it is put together"),
    wire(34, "empty arguments", "`{}`, which then has to fit the schema"),
    wire(35, "arguments that are a string or an array", "an error result; nothing is unpacked twice"),
    wire(36, "something after the arguments", "an error result"),
    run(37, "arguments nested without end", "an error result; outputs are bounded too"),
    run(38, "NaN and infinity", "an error result on the way in; a failed call on the way out, never a silent `null`"),
    run(
        39,
        "a number that no machine type holds",
        "arguments stay the model's text, digit for digit, until a typed argument reads them: then an error result",
    ),
    run(40, "`3.0` or `\"3\"` for an integer", "an error result that names the argument"),
    run(
        41,
        "a key stands twice",
        "refused before any person is asked, so that nobody approves another value than the one that runs",
    ),
    run(42, "half a surrogate pair", "an error result; what is sent is always UTF-8"),
    run(
        43,
        "control and bidirectional characters in arguments",
        "the tool gets them; `PendingCall::prompt` writes them out for the person who decides",
    ),
    wire(44, "an answer of nothing", "it is asked for once more, then the run fails with `empty_response`"),
    wire(
        45,
        "a refusal, a filter, a pause",
        "a refusal or a filter ends the run as refused and is not tried again; a pause goes on",
    ),
    wire(46, "text, reasoning and calls in one answer", "parts keep their order; signatures go back byte for byte"),
    run(
        47,
        "200 calls in one answer",
        "`max_tool_calls_per_step` (32) are run, 8 at a time; the others are answered so",
    ),
    run(48, "the same for ever", "`max_steps` (20), and `max_identical_calls` for a call that is made again and again"),
    wire(
        49,
        "usage is missing or in part",
        "`unknown` or `partial`, never zero; limits count the request's upper figure instead",
    ),
    wire(
        50,
        "text that looks like a role, a call or a result",
        "text is text: messages are typed parts, and no words change a request's form",
    ),
    wire(
        51,
        "the server finds the prompt too long, against the estimate",
        "a typed overflow; the compressors run once with what was learnt, then the run fails",
    ),
    wire(
        52,
        "nobody knows the model's window",
        "a configuration error unless the caller sets a cap; no window is made up",
    ),
    run(
        53,
        "a result larger than the window",
        "head, tail and a note, by bytes and by share of the window; `recall` reads the rest piece by piece",
    ),
    run(54, "a message larger than the window", "refused with both figures before anything is sent"),
    run(55, "instructions and tools larger than the window", "refused when the agent is built; the largest are named"),
    run(56, "the reserve fills the window", "a configuration error when the agent is built"),
    run(
        57,
        "compression tears a call from its result",
        "it works on whole steps, and what it leaves is checked before it is sent",
    ),
    run(58, "results in another order", "results are in call order; the adapter groups them as its provider asks"),
    run(59, "a hook adds to a counted request", "the budget counts after the hooks, last"),
    run(60, "a tool panics", "a failed result; what the panic said reaches nobody"),
    run(
        61,
        "a tool never ends",
        "its time limit (60 s), the cancellation, a grace (2 s), the end: the result says that the effect is unknown",
    ),
    run(
        62,
        "a tool blocks its thread",
        "`blocking` tools have threads of their own; one that ignores its end is left behind and reported",
    ),
    run(63, "an output of 50 MB", "cut to `max_output_bytes` (256 KiB), head and tail"),
    run(64, "one of several calls fails", "the others go on; each has its result"),
    run(
        65,
        "an error for the model, or one that ends everything",
        "typed: retry, failed, fatal; a fatal one ends the run after its siblings",
    ),
    run(66, "`run()` is dropped at any point", "no further request; tools are cancelled and have their grace"),
    run(67, "the stream is dropped at any point", "as row 66"),
    run(68, "tools that run agents that run tools", "`max_depth` (8); what they spend is spent by the outer run too"),
    wire(
        69,
        "a result with instructions in it",
        "it stays a tool's result, typed as such to the provider, and is never read for calls",
    ),
    run(
        71,
        "a hook fails, panics or hangs",
        "its policy says whether the run fails; a guard always closes; deadlines and panics count as failures",
    ),
    run(
        72,
        "a hook rewrites a call",
        "before a person sees it: what is approved is what runs; a person's own edit stands beside the result as a note",
    ),
    run(
        73,
        "a slow observer",
        "a queue of 1,024 per observer; pieces of streams are dropped first and the gap is an event; durable ones slow the run, to a limit",
    ),
    run(74, "a failing observer", "counted; it fails no run unless it is required"),
    run(
        84,
        "secrets in arguments and outputs",
        "redacted in traces by name and by shape; content only where asked for",
    ),
    run(
        85,
        "retries around retries",
        "`Error::is_retryable` says what another try may cure; the adapter alone tries again, before anything was shown",
    ),
];
