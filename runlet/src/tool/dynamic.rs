//! A tool made at run time: a JSON schema and a closure.

use std::fmt;
use std::future::Future;

use serde_json::Value;

use super::arg::Checked;
use super::toolbox::check_name;
use super::{Arguments, IntoOutput, Tool, ToolFuture, ToolSpec};
use crate::context::Context;
use crate::error::Result;

/// A tool whose schema is only known at run time, such as one that a server or a configuration file lists.
///
/// The closure takes the call's [`Context`] and the arguments as JSON that fits the schema, and gives what a `#[tool]`
/// function may return. It runs only where the arguments fit: otherwise the model reads every problem of the call at
/// once, in the words it would read of a `#[tool]`.
///
/// Two things are stricter than JSON Schema. A key may stand only once in an object. And an argument that the root does
/// not declare is refused, as it most likely is a misspelt one: a root that has `properties` and should take others too
/// says `additionalProperties`. (A root that combines schemas, by `allOf` or `$ref` for example, is left to say itself.)
/// The `format`s that [`Arg::format`](super::Arg::format) enforces are enforced as there. Where the schema has references,
/// a value may nest 24 levels deep: what refers to itself takes more time with every level.
///
/// ```
/// use runlet::schema::Schema;
/// use runlet::testing::ScriptedModel;
/// use runlet::tool::{DynamicTool, Effect, ToolSpec};
/// use runlet::{Agent, Runtime};
/// use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
/// let mut spec = ToolSpec::new("weather", "The weather in a city.", Schema::from_value(schema)?);
/// spec.effect = Effect::Read;
/// let weather = DynamicTool::new(spec, |_, arguments| async move { format!("sunny in {}", arguments["city"]) })?;
///
/// let model = ScriptedModel::new().tool_call("weather", json!({ "city": "Rome" })).text("It is sunny.");
/// let agent: Agent = Agent::builder("guide").model(model).tool(weather).build()?;
/// assert_eq!(Runtime::new().run(&agent, (), "Is it raining in Rome?").await.unwrap().output, "It is sunny.");
/// # Ok::<(), runlet::Error>(()) }).unwrap();
/// ```
pub struct DynamicTool<D: ?Sized> {
    spec: ToolSpec,
    arguments: Checked,
    run: Box<Run<D>>,
}

type Run<D> = dyn Fn(Context<D>, Value) -> ToolFuture<'static> + Send + Sync;

impl<D: ?Sized> DynamicTool<D> {
    /// Makes a tool of what the model is told of it and of the closure that runs a call.
    ///
    /// The schema is compiled here, once. It has to be self-contained: no reference is ever followed to another document.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where no provider would accept the name, where the parameters are
    /// no valid JSON Schema, or where their root does not say `"type": "object"`. For schemas with types such as `dict`
    /// or `OBJECT` there is [`Schema::from_dialect`](crate::schema::Schema::from_dialect).
    pub fn new<F, R>(spec: ToolSpec, run: F) -> Result<Self>
    where
        F: Fn(Context<D>, Value) -> R + Send + Sync + 'static,
        R: Future<Output: IntoOutput> + Send + 'static,
    {
        check_name(&spec.name)?;
        let arguments = Checked::new(&spec.name, &spec.parameters)?;
        let run = move |context: Context<D>, arguments: Value| -> ToolFuture<'static> {
            let output = run(context, arguments);
            Box::pin(async move { output.await.into_output() })
        };
        Ok(Self { spec, arguments, run: Box::new(run) })
    }
}

impl<D: ?Sized + Send + Sync + 'static> Tool<D> for DynamicTool<D> {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call<'a>(&'a self, context: &'a Context<D>, arguments: Arguments<'a>) -> ToolFuture<'a> {
        Box::pin(async move {
            let arguments = self.arguments.read(&self.spec.name, arguments.json())?;
            (self.run)(context.clone(), arguments).await
        })
    }
}

impl<D: ?Sized> fmt::Debug for DynamicTool<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicTool").field("spec", &self.spec).finish_non_exhaustive()
    }
}
