//! What of a tool's output reaches the model: all of it, or its head and tail with a handle for the rest.
//!
//! Every result passes [`OutputCap::apply`] once, after the hooks and before it becomes part of the run. The whole text
//! of what is cut is kept with the run, up to [`ToolPolicy::max_recall_bytes`], and the model may read any piece of it
//! with the tool `recall`, which it is offered from the first cut on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::json;

use crate::agent::ToolPolicy;
use crate::budget::ContextManager;
use crate::message::{Part, ToolResult};
use crate::run::Outputs;
use crate::schema::Schema;
use crate::tool::{Effect, ToolError, ToolErrorKind, ToolOutput, ToolSpec};

/// The name of the tool that reads what was cut.
const RECALL: &str = "recall";

/// What a note around a piece of an output may take beyond the limit, in bytes.
const NOTE: usize = 256;

static SPEC: LazyLock<Arc<ToolSpec>> = LazyLock::new(|| {
    let schema = Schema::from_checked(json!({
        "type": "object",
        "properties": {
            "handle": { "type": "string", "description": "The handle that stands where the output was cut." },
            "offset": { "type": "integer", "minimum": 0, "description": "Where to begin, in bytes." },
            "length": { "type": "integer", "minimum": 1, "description": "How much to read, in bytes." },
        },
        "required": ["handle"],
        "additionalProperties": false,
    }));
    let description = "Reads what was left out of an earlier tool output.";
    let mut spec = ToolSpec::new(RECALL, description, schema);
    spec.effect = Effect::Read;
    Arc::new(spec)
});

/// What of the outputs of one run reaches the model.
pub(super) struct OutputCap {
    context: Arc<ContextManager>,
    /// The most tokens of one output, where the window is known.
    tokens: Option<u64>,
    /// The most bytes of one output.
    bytes: usize,
    /// How many bytes are kept for recall.
    keep: usize,
    /// How many messages there were before the first of the run's own: what was cut in earlier runs of a conversation
    /// still has its handles in the history.
    before: AtomicUsize,
    /// Whether there was something to read when the model was last asked. What is cut since then changes nothing for the
    /// calls of its answer, whichever of them ends first.
    offered: AtomicBool,
    outputs: Mutex<Outputs>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Piece {
    handle: String,
    #[serde(default)]
    offset: usize,
    length: Option<usize>,
}

impl OutputCap {
    /// For a run under a policy, whose model's window, or the caller's cap of it, is `window` tokens. With `recall`
    /// false nothing is kept: the agent has a tool of that name itself.
    pub(super) fn new(
        policy: &ToolPolicy,
        context: Arc<ContextManager>,
        window: Option<u64>,
        recall: bool,
        outputs: Outputs,
    ) -> Self {
        let share = |window: u64| window.saturating_mul(u64::from(policy.max_output_window_percent)) / 100;
        Self {
            context,
            tokens: window.map(share),
            bytes: policy.max_output_bytes,
            keep: if recall && policy.max_output_bytes > 0 { policy.max_recall_bytes } else { 0 },
            before: AtomicUsize::new(0),
            offered: AtomicBool::new(!outputs.is_empty()),
            outputs: Mutex::new(outputs),
        }
    }

    /// Says how many messages the run began with: its own of the caller, and what was said before.
    pub(super) fn begin_after(&self, messages: usize) {
        self.before.store(messages.saturating_sub(1), Ordering::Relaxed);
    }

    /// Cuts the text of an output where it is longer than it may be: no more than `limit` bytes, or the policy's limit,
    /// and no more than its share of the window.
    pub(super) fn apply(&self, (step, index): (u32, usize), limit: Option<usize>, content: &mut Vec<Part>) {
        self.cut(limit.unwrap_or(self.bytes), 0, content, |text, cap| {
            let turn = cap.before.load(Ordering::Relaxed).saturating_add(usize::try_from(step).unwrap_or(usize::MAX));
            let handle = format!("out_{turn}_{index}");
            cap.outputs().keep(&handle, text, cap.keep).then_some(handle)
        });
    }

    /// As [`apply`](Self::apply), for the output of `recall`: it is short enough but for what hooks add, and it is not
    /// kept a second time.
    pub(super) fn apply_to_recalled(&self, content: &mut Vec<Part>) {
        self.cut(self.bytes, NOTE, content, |_, _| None);
    }

    /// Whether what is cut can be kept.
    pub(super) fn keeps(&self) -> bool {
        self.keep > 0
    }

    /// Keeps a result that stood in the conversation whole; the words that tell the model how to read it.
    pub(super) fn keep(&self, result: &ToolResult) -> Option<String> {
        let text: String = result.content.iter().filter_map(text_of).collect();
        let mut outputs = self.outputs();
        let handle = outputs.next_handle();
        let kept = outputs.keep(&handle, text, self.keep);
        kept.then(|| format!("Call `{RECALL}` with handle `{handle}` to read it."))
    }

    fn cut(
        &self,
        limit: usize,
        slack: usize,
        content: &mut Vec<Part>,
        keep: impl FnOnce(String, &Self) -> Option<String>,
    ) {
        let limit = limit.saturating_add(slack);
        let total: usize = content.iter().filter_map(text_of).map(str::len).sum();
        let share = self.tokens.map(|tokens| tokens.saturating_add(u64::try_from(slack).unwrap_or(0)));
        // A token is a byte at least.
        if total <= limit && share.is_none_or(|share| u64::try_from(total).is_ok_and(|total| total <= share)) {
            return;
        }
        let text: String = content.iter().filter_map(text_of).collect();
        let fits = self.fitting(&text, limit, share);
        if fits == text.len() {
            return;
        }
        let (head, tail) = ends(&text, fits);
        let missing = text.len() - head.len() - tail.len();
        let (head, tail) = (head.to_owned(), tail.to_owned());
        let rest = match keep(text, self) {
            Some(handle) => {
                format!(": call `{RECALL}` with handle `{handle}` and offset {} to read them", head.len())
            }
            None => String::new(),
        };
        let shown = format!("{head}\n[.. {missing} bytes of this output are left out{rest} ..]\n{tail}");
        let place = content.iter().position(|part| text_of(part).is_some()).unwrap_or(0);
        content.retain(|part| text_of(part).is_none());
        content.insert(place.min(content.len()), Part::text(shown));
    }

    /// How many bytes of a text may be shown.
    fn fitting(&self, text: &str, limit: usize, share: Option<u64>) -> usize {
        let mut fits = text.len().min(limit);
        let Some(share) = share else { return fits };
        // Text is not equally dense, so what is in proportion may still be too much.
        while fits > 0 {
            let (head, tail) = ends(text, fits);
            let tokens = self.context.ruler().measure(head).upper + self.context.ruler().measure(tail).upper;
            if tokens <= share {
                break;
            }
            let in_proportion = u128::from(share) * u128::try_from(fits).unwrap_or(0) / u128::from(tokens.max(1));
            fits = usize::try_from(in_proportion).unwrap_or(0).min(fits - fits.div_ceil(32));
        }
        fits
    }

    /// What the model is told of `recall`, once there is something to read.
    pub(super) fn recall(&self) -> Option<&'static Arc<ToolSpec>> {
        (!self.outputs().is_empty()).then(|| &*SPEC)
    }

    /// The model is asked: what there is to read now is what its calls may read.
    pub(super) fn offer(&self) {
        self.offered.store(!self.outputs().is_empty(), Ordering::Relaxed);
    }

    /// The tool, where the calls of the last answer may be of it.
    pub(super) fn offered(&self) -> Option<&'static Arc<ToolSpec>> {
        self.offered.load(Ordering::Relaxed).then(|| &*SPEC)
    }

    /// The same, where a call of this name is meant for it.
    pub(super) fn recall_by_name(&self, name: &str) -> Option<&'static Arc<ToolSpec>> {
        (name == RECALL).then(|| self.offered()).flatten()
    }

    /// Whether a name is that of the tool that reads what was cut.
    pub(super) fn is_recall(name: &str) -> bool {
        name == RECALL
    }

    /// Reads a piece of what was cut.
    pub(super) fn read(&self, arguments: &str) -> Result<ToolOutput, ToolError> {
        let Piece { handle, offset, length } = serde_json::from_str(arguments)
            .map_err(|error| ToolError::new(ToolErrorKind::InvalidArguments, error.to_string()))?;
        let Some(text) = self.outputs().get(&handle) else {
            let known: Vec<String> = self.outputs().handles().map(|handle| format!("`{handle}`")).collect();
            return Err(ToolError::failed(format!(
                "No output is kept under this handle. There are: {}.",
                known.join(", ")
            )));
        };
        if offset >= text.len() {
            return Err(ToolError::failed(format!("The output has {} bytes: begin before its end.", text.len())));
        }
        let begin = text.floor_char_boundary(offset);
        let rest = text.get(begin..).unwrap_or_default();
        let asked = rest.len().min(length.unwrap_or(usize::MAX)).min(self.bytes);
        let asked = rest.get(..rest.floor_char_boundary(asked)).unwrap_or_default();
        let fits = asked.floor_char_boundary(self.fitting(asked, self.bytes, self.tokens));
        let piece = asked.get(..fits).unwrap_or_default();
        let end = begin + piece.len();
        Ok(ToolOutput::text(format!("{piece}\n[.. bytes {begin} to {end} of {} ..]", text.len())))
    }

    /// What is kept, for the run.
    pub(super) fn kept(&self) -> Outputs {
        self.outputs().clone()
    }

    fn outputs(&self) -> MutexGuard<'_, Outputs> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text_of(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => Some(&text.text),
        _ => None,
    }
}

/// The head and the tail of a text, `bytes` together and never more.
fn ends(text: &str, bytes: usize) -> (&str, &str) {
    if bytes >= text.len() {
        return (text, "");
    }
    let head_end = text.floor_char_boundary(bytes / 2);
    let tail_start = text.ceil_char_boundary(text.len() - (bytes - bytes / 2));
    (text.get(..head_end).unwrap_or_default(), text.get(tail_start..).unwrap_or_default())
}
