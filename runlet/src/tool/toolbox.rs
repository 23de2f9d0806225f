//! A set of tools with distinct names.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::{Tool, ToolSpec};
use crate::error::{Error, ErrorKind, Result};

/// The longest tool name that every provider accepts, in characters (OpenAI, Anthropic and Gemini all take 64).
pub(crate) const MAX_NAME: usize = 64;

/// A set of tools with distinct names, for agents whose dependencies are a `D`.
pub struct Toolbox<D: ?Sized> {
    tools: Vec<Arc<dyn Tool<D>>>,
    specs: Vec<Arc<ToolSpec>>,
    places: HashMap<String, usize>,
}

impl<D: ?Sized> Toolbox<D> {
    /// An empty set.
    pub fn new() -> Self {
        Self { tools: Vec::new(), specs: Vec::new(), places: HashMap::new() }
    }

    /// Adds a tool.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] where the name is taken or no provider would accept it.
    pub fn add(&mut self, tool: impl Tool<D>) -> Result<()> {
        let spec = Arc::new(tool.spec().clone());
        self.insert(spec, Arc::new(tool))
    }

    /// Adds a tool that is shared already, as those of a `#[runlet::toolset]` are.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_arc(&mut self, tool: Arc<dyn Tool<D>>) -> Result<()>
    where
        D: 'static,
    {
        let spec = Arc::new(tool.spec().clone());
        self.insert(spec, tool)
    }

    fn insert(&mut self, spec: Arc<ToolSpec>, tool: Arc<dyn Tool<D>>) -> Result<()> {
        check_name(&spec.name)?;
        if self.places.contains_key(spec.name.as_ref()) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("two tools are named `{}`: rename one with `#[tool(name = \"..\")]`", spec.name),
            ));
        }
        self.places.insert(spec.name.clone().into_owned(), self.tools.len());
        self.tools.push(tool);
        self.specs.push(spec);
        Ok(())
    }

    /// The tool of a name, spelled exactly so.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Tool<D>>> {
        self.places.get(name).and_then(|place| self.tools.get(*place))
    }

    /// What is known of the tool of a name.
    pub(crate) fn spec(&self, name: &str) -> Option<&Arc<ToolSpec>> {
        self.places.get(name).and_then(|place| self.specs.get(*place))
    }

    /// What the model is told of the tools, in the order they were added.
    pub fn specs(&self) -> &[Arc<ToolSpec>] {
        &self.specs
    }
}

/// Whether every provider accepts a name.
pub(super) fn check_name(name: &str) -> Result<()> {
    let legal = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
    if name.is_empty() || name.chars().count() > MAX_NAME || !name.chars().all(legal) {
        return Err(Error::new(
            ErrorKind::Config,
            format!("`{name}` cannot name a tool: a name is 1 to {MAX_NAME} of A-Z, a-z, 0-9, _ and -"),
        ));
    }
    Ok(())
}

impl<D: ?Sized> Default for Toolbox<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: ?Sized> Clone for Toolbox<D> {
    fn clone(&self) -> Self {
        Self { tools: self.tools.clone(), specs: self.specs.clone(), places: self.places.clone() }
    }
}

impl<D: ?Sized> fmt::Debug for Toolbox<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.specs.iter().map(|spec| &spec.name)).finish()
    }
}
