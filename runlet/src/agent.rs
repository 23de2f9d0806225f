//! Agents: a model, what it is told, and what it may do.

mod output;
mod policy;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use self::output::Output;
pub(crate) use self::output::{ANSWER_TOOL, OutputPlan, decode, decode_partial};
pub use self::policy::{Cost, Price, RunPolicy, ToolPolicy};

use crate::budget::{ContextManager, ContextPolicy};
use crate::error::{Error, ErrorKind, Result};
use crate::hook::{Guard, Hook, HookPolicy, Hooks};
use crate::model::{
    AnyModel, Capabilities, Model, ModelRequest, OutputFormat, ProviderOptions, ToolChoice, ToolDefinition,
};
use crate::tool::{Tool, Toolbox};

/// A model, what it is told, and what it may do, for runs whose dependencies are a `D` and whose answer is an `O`.
///
/// An agent is a plain value: it holds no conversation, and cloning shares it. [`agent!`](crate::agent!) declares one;
/// the builder does the same by hand:
///
/// ```
/// use runlet::testing::ScriptedModel;
/// use runlet::{Agent, tool};
///
/// /// Looks up an order.
/// #[tool]
/// async fn lookup(order_id: String) -> String {
///     format!("{order_id} is on its way")
/// }
///
/// let support: Agent = Agent::builder("support")
///     .model(ScriptedModel::new())
///     .instructions("Help users with orders.")
///     .tool(lookup {})
///     .build()?;
/// assert_eq!(support.name(), "support");
/// # Ok::<(), runlet::Error>(())
/// ```
pub struct Agent<D = (), O = String> {
    parts: Arc<Parts<D>>,
    output: PhantomData<fn() -> O>,
}

/// What an agent is made of.
pub(crate) struct Parts<D> {
    pub(crate) name: Arc<str>,
    pub(crate) model: AnyModel,
    pub(crate) capabilities: Capabilities,
    pub(crate) toolbox: Arc<Toolbox<D>>,
    pub(crate) hooks: Hooks,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) output: OutputPlan,
    /// Counts by the rules of the model.
    pub(crate) context: Arc<ContextManager>,
    pub(crate) run: RunPolicy,
    pub(crate) tools: ToolPolicy,
    /// The request every run begins from.
    pub(crate) template: ModelRequest,
    /// What is wrong with the agent, where it was declared by `agent!`, which cannot fail.
    problem: Option<Error>,
}

impl<D, O> Agent<D, O> {
    /// Begins an agent. The name is for events, traces and saved runs.
    pub fn builder(name: impl Into<Arc<str>>) -> AgentBuilder<D, O, NoModel>
    where
        D: Send + Sync + 'static,
        O: Output,
    {
        AgentBuilder {
            draft: Draft {
                name: name.into(),
                toolbox: Toolbox::new(),
                hooks: Hooks::default(),
                metadata: Map::new(),
                context: ContextPolicy::new(),
                run: RunPolicy::new(),
                tools: ToolPolicy::new(),
                template: ModelRequest::default(),
                plan: OutputPlan::of::<O>,
                problem: None,
            },
            model: NoModel,
            output: PhantomData,
        }
    }
}

impl<D, O> Agent<D, O> {
    /// The name.
    pub fn name(&self) -> &str {
        &self.parts.name
    }

    /// The model.
    pub fn model(&self) -> &AnyModel {
        &self.parts.model
    }

    /// The tools.
    pub fn toolbox(&self) -> &Toolbox<D> {
        &self.parts.toolbox
    }

    /// Whether the agent can run at all. [`build`](AgentBuilder::build) has checked it; for an agent declared by
    /// [`agent!`](crate::agent!) this is the place to learn of a problem before the first run does.
    ///
    /// # Errors
    /// [`ErrorKind::Config`]: two tools of one name, a name that no provider accepts, metadata that is no object, a
    /// context policy that makes no sense or does not suit the model, instructions and tools that leave no room (with a
    /// [`ContextOverflow`](crate::budget::ContextOverflow) as its detail).
    pub fn check(&self) -> Result<()> {
        self.parts.problem.clone().map_or(Ok(()), Err)
    }

    pub(crate) fn parts(&self) -> &Arc<Parts<D>> {
        &self.parts
    }
}

impl<D, O> Clone for Agent<D, O> {
    fn clone(&self) -> Self {
        Self { parts: Arc::clone(&self.parts), output: PhantomData }
    }
}

impl<D, O> fmt::Debug for Agent<D, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent")
            .field("name", &self.parts.name)
            .field("model", &self.parts.model)
            .field("tools", &self.parts.toolbox)
            .field("hooks", &self.parts.hooks)
            .finish_non_exhaustive()
    }
}

/// Builds an [`Agent`]. `M` says whether it has a model yet: without one there is nothing to build.
#[must_use = "a builder does nothing until `build`"]
pub struct AgentBuilder<D, O, M> {
    draft: Draft<D>,
    model: M,
    output: PhantomData<fn() -> O>,
}

struct Draft<D> {
    name: Arc<str>,
    toolbox: Toolbox<D>,
    hooks: Hooks,
    metadata: Map<String, Value>,
    context: ContextPolicy,
    run: RunPolicy,
    tools: ToolPolicy,
    template: ModelRequest,
    /// Asks for the output type's form. A pointer, so that the type's bound stands in one place only.
    plan: fn(&Capabilities) -> OutputPlan,
    problem: Option<Error>,
}

impl<D> Draft<D> {
    fn add(&mut self, add: impl FnOnce(&mut Toolbox<D>) -> Result<()>) {
        if let Err(problem) = add(&mut self.toolbox) {
            self.problem.get_or_insert(problem);
        }
    }
}

/// An [`AgentBuilder`] without a model.
#[derive(Clone, Copy, Debug)]
pub struct NoModel;

/// Says that an [`AgentBuilder`] has a model.
#[diagnostic::on_unimplemented(
    message = "this agent has no model",
    label = "no `model` was given",
    note = "add a model, such as `model: OpenAiResponses::new(\"gpt-5.5\")`"
)]
pub trait HasModel: sealed::Sealed {
    #[doc(hidden)]
    fn into_model(self) -> AnyModel;
}

impl HasModel for AnyModel {
    fn into_model(self) -> AnyModel {
        self
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::model::AnyModel {}
}

impl<D, O, M> AgentBuilder<D, O, M>
where
    D: Send + Sync + 'static,
{
    /// Sets the name.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.draft.name = name.into();
        self
    }

    /// Sets the model.
    pub fn model(self, model: impl Model) -> AgentBuilder<D, O, AnyModel> {
        AgentBuilder { draft: self.draft, model: AnyModel::new(model), output: PhantomData }
    }

    /// Sets what the model is told before everything else.
    pub fn instructions(mut self, instructions: impl Into<Arc<str>>) -> Self {
        self.draft.template.instructions = Some(instructions.into());
        self
    }

    /// Adds a tool.
    pub fn tool<T: Tool<D>>(mut self, tool: T) -> Self {
        self.draft.add(|toolbox| toolbox.add(tool));
        self
    }

    /// Adds tools that are shared already: those of a [`toolset`](macro@crate::toolset), or tools made at run time.
    ///
    /// ```
    /// use runlet::testing::ScriptedModel;
    /// use runlet::{agent, toolset};
    ///
    /// struct Files;
    ///
    /// #[toolset(prefix = "files_")]
    /// impl Files {
    ///     /// Reads a file.
    ///     #[tool(effect = read)]
    ///     async fn read(&self, path: String) -> String {
    ///         format!("what {path} holds")
    ///     }
    /// }
    ///
    /// let reader = agent!(reader { model: ScriptedModel::new(), toolset: Files::tools(Files) });
    /// assert!(reader.toolbox().get("files_read").is_some());
    /// ```
    pub fn toolset(mut self, tools: impl IntoIterator<Item = Arc<dyn Tool<D>>>) -> Self {
        for tool in tools {
            self.draft.add(|toolbox| toolbox.add_arc(tool));
        }
        self
    }

    /// Adds a tool that a provider runs itself, such as a web search.
    pub fn native_tool(mut self, tool: crate::message::Native) -> Self {
        self.draft.template = self.draft.template.tool(tool);
        self
    }

    /// Adds a hook that fails the run when it fails.
    pub fn hook(self, hook: impl Hook) -> Self {
        self.hook_with(hook, HookPolicy::new())
    }

    /// Adds a hook with a policy of its own.
    pub fn hook_with(mut self, hook: impl Hook, policy: HookPolicy) -> Self {
        self.draft.hooks.add(hook, policy);
        self
    }

    /// Adds a guard: a rule that must hold in all its runs, whatever breaks.
    pub fn guard(mut self, guard: impl Guard) -> Self {
        self.draft.hooks.add_guard(guard);
        self
    }

    /// Sets what every run of the agent carries along to hooks, tools and events: a JSON object.
    pub fn metadata(mut self, metadata: impl Into<Value>) -> Self {
        match metadata.into() {
            Value::Object(metadata) => self.draft.metadata = metadata,
            other => {
                let problem =
                    Error::new(ErrorKind::Config, format!("an agent's metadata must be a JSON object, not `{other}`"));
                self.draft.problem.get_or_insert(problem);
            }
        }
        self
    }

    /// Sets how much of the context window a request may take.
    pub fn context(mut self, policy: ContextPolicy) -> Self {
        self.draft.context = policy;
        self
    }

    /// Sets the limits of a run.
    pub fn run_policy(mut self, policy: RunPolicy) -> Self {
        self.draft.run = policy;
        self
    }

    /// Sets how tool calls are run.
    pub fn tool_policy(mut self, policy: ToolPolicy) -> Self {
        self.draft.tools = policy;
        self
    }

    /// Sets the most steps of a run: a step is a model call and the tool calls it asks for.
    pub fn max_steps(mut self, steps: u32) -> Self {
        self.draft.run.max_steps = steps;
        self
    }

    /// Sets the most tokens of one answer.
    pub fn max_output_tokens(mut self, tokens: u64) -> Self {
        self.draft.template.max_output_tokens = Some(tokens);
        self
    }

    /// Sets the sampling temperature.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.draft.template.temperature = Some(temperature);
        self
    }

    /// Sets whether the model may, must or must not call a tool in its first answer; later ones are left to it, so that
    /// a required call cannot go on for ever.
    pub fn tool_choice(mut self, choice: ToolChoice) -> Self {
        self.draft.template.tool_choice = Some(choice);
        self
    }

    /// Sets one option of one provider.
    pub fn option(mut self, provider: &str, key: &str, value: impl Into<Value>) -> Self {
        self.draft.template.options.set(provider, key, value);
        self
    }

    /// Sets the options of providers, by the provider's name.
    pub fn options(mut self, options: ProviderOptions) -> Self {
        self.draft.template.options = options;
        self
    }

    /// The agent.
    ///
    /// # Errors
    /// [`ErrorKind::Config`]: two tools of one name, a name that no provider accepts, metadata that is no object, a
    /// context policy that makes no sense or does not suit the model, instructions and tools that leave no room (with a
    /// [`ContextOverflow`](crate::budget::ContextOverflow) as its detail).
    pub fn build(self) -> Result<Agent<D, O>>
    where
        M: HasModel,
    {
        let agent = self.build_unchecked();
        agent.check().map(|()| agent)
    }

    /// The agent; a problem is reported by [`Agent::check`] and by its first run, before anything is sent.
    #[doc(hidden)]
    pub fn build_unchecked(self) -> Agent<D, O>
    where
        M: HasModel,
    {
        let model = self.model.into_model();
        let Draft { name, toolbox, hooks, metadata, context, run, tools, mut template, plan, mut problem } = self.draft;
        let capabilities = model.capabilities();
        let output = plan(&capabilities);
        let mut definitions: Vec<ToolDefinition> =
            toolbox.specs().iter().cloned().map(ToolDefinition::Function).collect();
        definitions.extend(template.tools.iter().cloned());
        match &output {
            OutputPlan::Text => {}
            OutputPlan::Native { format } => template.output = Some(OutputFormat::clone(format)),
            OutputPlan::Tool { spec } => {
                if toolbox.get(&spec.name).is_some() {
                    problem.get_or_insert(Error::new(
                        ErrorKind::Config,
                        format!("`{}` is the name of the tool that takes the agent's answer: rename yours", spec.name),
                    ));
                }
                definitions.push(ToolDefinition::Function(Arc::clone(spec)));
            }
        }
        template.tools = Arc::new(definitions);
        // What cannot fit however short the conversation is, no run need find out.
        let context = ContextManager::new(context).for_model(&model);
        problem = problem.or_else(|| context.check(&template, &capabilities).err());
        let parts = Parts {
            name,
            model,
            capabilities,
            toolbox: Arc::new(toolbox),
            hooks,
            metadata,
            output,
            context: Arc::new(context),
            run,
            tools,
            template,
            problem,
        };
        Agent { parts: Arc::new(parts), output: PhantomData }
    }
}

impl<D, O, M> fmt::Debug for AgentBuilder<D, O, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentBuilder").field("name", &self.draft.name).finish_non_exhaustive()
    }
}
