//! What a tool gives back: any of a few plain types as [`ToolOutput`], any error in words as [`ToolError`].

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::ArgumentProblems;
use crate::message::{Media, Part};

/// The successful output of a tool call, as the model will see it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOutput {
    pub(crate) content: Vec<Part>,
}

impl ToolOutput {
    /// An output of one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: vec![Part::text(text)] }
    }

    /// An output of several parts: text and media.
    pub fn parts(content: Vec<Part>) -> Self {
        Self { content }
    }

    /// The parts.
    pub fn content(&self) -> &[Part] {
        &self.content
    }
}

/// What a `#[tool]` function may return.
///
/// `String`, `&'static str`, numbers, `bool`, `()`, [`serde_json::Value`], [`Json<T>`] for anything serializable,
/// [`ToolOutput`], and a `Result` of these with any error that can be displayed.
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "not an output of a tool",
    note = "return a `String`, a number, a `bool`, `()`, a `serde_json::Value`, or a `Result` of one of these",
    note = "a type that implements `serde::Serialize` is returned as `Json(value)` with the return type `runlet::Json<{Self}>`"
)]
pub trait IntoOutput {
    /// The value as the model will see it.
    fn into_output(self) -> Result<ToolOutput, ToolError>;
}

impl IntoOutput for ToolOutput {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(self)
    }
}

impl IntoOutput for String {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::text(self))
    }
}

impl IntoOutput for &'static str {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::text(self))
    }
}

impl IntoOutput for () {
    /// The model is told `ok`: some providers reject an empty result.
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::text("ok"))
    }
}

impl IntoOutput for Value {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Json(self).into_output()
    }
}

impl IntoOutput for Media {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::parts(vec![Part::Media(self)]))
    }
}

macro_rules! displayed_output {
    ($($type:ty)*) => {$(
        impl IntoOutput for $type {
            fn into_output(self) -> Result<ToolOutput, ToolError> {
                Ok(ToolOutput::text(self.to_string()))
            }
        }
    )*};
}

displayed_output! { bool i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

macro_rules! float_output {
    ($($type:ty)*) => {$(
        impl IntoOutput for $type {
            /// NaN and the infinities are not JSON: they fail the call instead of reaching the model as `null`.
            fn into_output(self) -> Result<ToolOutput, ToolError> {
                if self.is_finite() {
                    Ok(ToolOutput::text(self.to_string()))
                } else {
                    Err(ToolError::failed(format!("the result is not a finite number: {self}")))
                }
            }
        }
    )*};
}

float_output! { f32 f64 }

/// An output of any serializable type, given to the model as JSON.
///
/// ```
/// use runlet::{Json, tool};
///
/// #[derive(serde::Serialize)]
/// struct Order { id: u32, paid: bool }
///
/// #[tool]
/// async fn order(id: u32) -> Json<Order> {
///     Json(Order { id, paid: true })
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoOutput for Json<T> {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        match crate::json::to_finite_string(&self.0) {
            Ok(json) => Ok(ToolOutput::text(json)),
            Err(error) => Err(ToolError::failed(format!("the result cannot be written as JSON: {error}"))),
        }
    }
}

impl<T: IntoOutput, E: Into<ToolError>> IntoOutput for Result<T, E> {
    fn into_output(self) -> Result<ToolOutput, ToolError> {
        self.map_err(Into::into)?.into_output()
    }
}

/// Why a tool call gave no output, in the words the model will read.
///
/// Anything that can be displayed turns into a [failed](ToolErrorKind::Failed) call with `?`: the model reads the
/// displayed text, never a `Debug` dump. The constructors say more.
///
/// ```
/// use runlet::{ToolError, tool};
///
/// #[tool]
/// async fn halve(number: i64) -> Result<i64, ToolError> {
///     if number % 2 != 0 {
///         return Err(ToolError::retry("the number must be even"));
///     }
///     Ok(number / 2)
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ToolError {
    kind: ToolErrorKind,
    message: String,
    problems: Option<Arc<ArgumentProblems>>,
}

/// The kind of a [`ToolError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolErrorKind {
    /// The call failed; the model reads why and goes on.
    Failed,
    /// The call should be made again in another way; the model reads how.
    Retry,
    /// The arguments do not fit the schema; the model reads every problem.
    InvalidArguments,
    /// There is no tool of that name.
    UnknownTool,
    /// The call took too long.
    TimedOut,
    /// The tool panicked. The panic's own words are not shown.
    Panicked,
    /// A hook, a limit or a person said no.
    Denied,
    /// The run ended before the call did; what the call did is not known.
    Cancelled,
    /// The call ends the run.
    Fatal,
    /// The answer comes later: the run waits for it.
    Deferred,
}

impl ToolError {
    /// An error of a kind, with the words for the model.
    pub(crate) fn new(kind: ToolErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), problems: None }
    }

    /// The arguments of a call do not fit.
    pub(crate) fn invalid_arguments(problems: ArgumentProblems) -> Self {
        let message = problems.to_string();
        Self { kind: ToolErrorKind::InvalidArguments, message, problems: Some(Arc::new(problems)) }
    }

    /// The same error in other words.
    pub(crate) fn reworded(mut self, message: String) -> Self {
        self.message = message;
        self
    }

    /// The call failed. The model reads the words and goes on.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ToolErrorKind::Failed, message)
    }

    /// The call should be made again, in the way the words say.
    pub fn retry(hint: impl Into<String>) -> Self {
        Self::new(ToolErrorKind::Retry, hint)
    }

    /// The call ends the run with an error of kind [`ErrorKind::Tool`](crate::ErrorKind::Tool).
    pub fn fatal(message: impl Into<String>) -> Self {
        Self::new(ToolErrorKind::Fatal, message)
    }

    /// The answer comes later, from elsewhere: the other calls of the step end, and then the run is interrupted with this
    /// call pending. It goes on when it is [resumed](crate::Runtime::resume) with the answer as a
    /// [`Decision::Result`](crate::run::Decision::Result). The words are for whoever brings it, such as a ticket's number;
    /// the model does not read them.
    ///
    /// ```
    /// use runlet::{ToolError, tool};
    ///
    /// /// Asks the warehouse, which answers by mail.
    /// #[tool]
    /// async fn ask_warehouse(question: String) -> Result<String, ToolError> {
    ///     Err(ToolError::defer("mail 4711"))
    /// }
    /// ```
    pub fn defer(note: impl Into<String>) -> Self {
        Self::new(ToolErrorKind::Deferred, note)
    }

    /// The kind.
    pub fn kind(&self) -> ToolErrorKind {
        self.kind
    }

    /// The words for the model.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What is wrong with the arguments, where the kind is [`InvalidArguments`](ToolErrorKind::InvalidArguments) and the
    /// tool read them with a [`Definition`](super::Definition), as `#[tool]` does.
    pub fn argument_problems(&self) -> Option<&ArgumentProblems> {
        self.problems.as_deref()
    }
}

// `ToolError` is not `Display`, so that everything that is can become one.
impl<E: fmt::Display> From<E> for ToolError {
    fn from(error: E) -> Self {
        Self::failed(error.to_string())
    }
}

impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The problems are what the message says.
        f.debug_struct("ToolError").field("kind", &self.kind).field("message", &self.message).finish_non_exhaustive()
    }
}
