//! What a tool is, as one `static`: the spec is built from it once, every call is read by it.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use super::reader::Reader;
use super::{ArgumentProblems, ArgumentSpec};
use crate::schema::ObjectSchema;
use crate::tool::{Arguments, Effect, ToolSpec};

/// What a tool is, apart from its function: name, description, arguments and settings, in one `static`.
///
/// ```
/// use runlet::Context;
/// use runlet::tool::{Arg, Arguments, Definition, Tool, ToolFuture, ToolOutput, ToolSpec, arg};
///
/// static TEXT: Arg<String> = arg::<String>("text", "What to say.");
/// static SHOUT: Definition = Definition::new("shout", "Says it loudly.", &[TEXT.spec()]).title("Shout");
///
/// struct Shout;
///
/// impl<D: Send + Sync + 'static> Tool<D> for Shout {
///     fn spec(&self) -> &ToolSpec {
///         SHOUT.spec()
///     }
///
///     fn call<'a>(&'a self, _: &'a Context<D>, arguments: Arguments<'a>) -> ToolFuture<'a> {
///         Box::pin(async move {
///             let mut reader = SHOUT.read(arguments);
///             let text = reader.take(&TEXT);
///             reader.finish()?;
///             Ok(ToolOutput::text(text?.to_uppercase()))
///         })
///     }
/// }
/// ```
pub struct Definition {
    name: &'static str,
    description: &'static str,
    arguments: &'static [&'static ArgumentSpec],
    settings: Settings,
    spec: OnceLock<ToolSpec>,
}

#[derive(Clone, Copy)]
struct Settings {
    title: Option<&'static str>,
    effect: Effect,
    sequential: bool,
    blocking: bool,
    approval: bool,
    timeout: Option<Duration>,
    retries: u32,
    max_output: Option<usize>,
}

impl Definition {
    /// A tool with a name, a description and arguments; everything else by default.
    pub const fn new(
        name: &'static str,
        description: &'static str,
        arguments: &'static [&'static ArgumentSpec],
    ) -> Self {
        let settings = Settings {
            title: None,
            effect: Effect::Write,
            sequential: false,
            blocking: false,
            approval: false,
            timeout: None,
            retries: 0,
            max_output: None,
        };
        Self { name, description, arguments, settings, spec: OnceLock::new() }
    }

    /// A name for people.
    #[must_use]
    pub const fn title(mut self, title: &'static str) -> Self {
        self.settings.title = Some(title);
        self
    }

    /// What a call does to the world.
    #[must_use]
    pub const fn effect(mut self, effect: Effect) -> Self {
        self.settings.effect = effect;
        self
    }

    /// Calls run alone.
    #[must_use]
    pub const fn sequential(mut self) -> Self {
        self.settings.sequential = true;
        self
    }

    /// Its calls block their thread.
    #[must_use]
    pub const fn blocking(mut self) -> Self {
        self.settings.blocking = true;
        self
    }

    /// A person has to approve each call.
    #[must_use]
    pub const fn approval(mut self) -> Self {
        self.settings.approval = true;
        self
    }

    /// How long a call may take.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// How often a failed call is tried again.
    #[must_use]
    pub const fn retries(mut self, retries: u32) -> Self {
        self.settings.retries = retries;
        self
    }

    /// The longest output the model is shown, in bytes.
    #[must_use]
    pub const fn max_output(mut self, bytes: usize) -> Self {
        self.settings.max_output = Some(bytes);
        self
    }

    /// What the model and the runtime are told of the tool; built on first use.
    pub fn spec(&self) -> &ToolSpec {
        self.spec.get_or_init(|| {
            let mut parameters = ObjectSchema::new();
            for argument in self.arguments {
                parameters.property(argument.name, |generator| argument.property(generator));
            }
            let settings = self.settings;
            let mut spec = ToolSpec::new(self.name, self.description, parameters.finish());
            spec.title = settings.title.map(Into::into);
            spec.effect = settings.effect;
            spec.sequential = settings.sequential;
            spec.blocking = settings.blocking;
            spec.approval = settings.approval;
            spec.timeout = settings.timeout;
            spec.retries = settings.retries;
            spec.max_output = settings.max_output;
            spec
        })
    }

    /// Begins to read the arguments of a call.
    pub fn read<'a>(&'static self, arguments: Arguments<'a>) -> Reader<'a> {
        Reader::new(self, arguments.json())
    }

    pub(super) fn arguments(&self) -> &'static [&'static ArgumentSpec] {
        self.arguments
    }

    /// The schema of an argument as JSON text, a definition that it only refers to written out.
    pub(super) fn fragment(&self, argument: &str) -> Option<String> {
        self.spec().parameters.property(argument)
    }

    pub(super) fn problems(&self) -> ArgumentProblems {
        ArgumentProblems::new(self.name)
    }
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definition").field("name", &self.name).finish_non_exhaustive()
    }
}
