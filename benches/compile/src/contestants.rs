//! The same tools in every contestant's own words.

use std::fmt::Write as _;

/// A way of declaring tools.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) dependencies: &'static str,
    head: &'static str,
    /// One tool; `{i}` is its number.
    tool: &'static str,
    /// How one tool gets into the list of all.
    registration: &'static str,
    /// What stands around the registrations, and around all tools where they are methods.
    tail: &'static str,
}

/// Runlet first: the others are compared with it.
pub(crate) const CONTESTANTS: [Contestant; 4] = [
    Contestant {
        name: "runlet",
        title: "Runlet",
        dependencies: "runlet = { path = \"{runlet}\" }\n",
        head: "use runlet::tool;\nuse runlet::tool::Toolbox;\n",
        tool: r#"
/// Does job {i} for an order.
#[tool]
pub async fn job_{i}(
    /** The number on the receipt. */ order_id: String,
    /** How many. */ count: u32,
    /** What the customer wrote. */ note: Option<String>,
) -> Result<String, std::num::ParseIntError> {
    let number: u64 = order_id.parse()?;
    Ok(format!("{i} {number} {count} {note:?}"))
}
"#,
        registration: "    tools.add(job_{i} {})?;\n",
        tail: "\npub fn tools() -> runlet::Result<Toolbox<()>> {\n    let mut tools = Toolbox::new();\n{all}    Ok(tools)\n}\n",
    },
    Contestant {
        name: "hand",
        title: "by hand: serde, schemars",
        dependencies: "schemars = \"1\"\nserde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\n",
        head: r#"use std::future::Future;
use std::pin::Pin;
use schemars::JsonSchema;
use serde::Deserialize;

pub type Called = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

pub struct Tool {
    pub name: &'static str,
    pub description: &'static str,
    pub schema: schemars::Schema,
    pub call: fn(&str) -> Called,
}
"#,
        tool: r#"
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Job{i} {
    /// The number on the receipt.
    order_id: String,
    /// How many.
    count: u32,
    /// What the customer wrote.
    note: Option<String>,
}

pub async fn job_{i}(
    order_id: String,
    count: u32,
    note: Option<String>,
) -> Result<String, std::num::ParseIntError> {
    let number: u64 = order_id.parse()?;
    Ok(format!("{i} {number} {count} {note:?}"))
}

fn call_{i}(arguments: &str) -> Called {
    let read = serde_json::from_str::<Job{i}>(arguments);
    Box::pin(async move {
        let Job{i} { order_id, count, note } = read.map_err(|error| error.to_string())?;
        job_{i}(order_id, count, note).await.map_err(|error| error.to_string())
    })
}
"#,
        registration: "    tools.push(Tool { name: \"job_{i}\", description: \"Does job {i} for an order.\", schema: schemars::schema_for!(Job{i}), call: call_{i} });\n",
        tail: "\npub fn tools() -> Vec<Tool> {\n    let mut tools = Vec::new();\n{all}    tools\n}\n",
    },
    Contestant {
        name: "rmcp",
        title: "rmcp 3.11",
        dependencies: "rmcp = { version = \"=3.11.0\", default-features = false, features = [\"server\", \"macros\", \"schemars\"] }\nschemars = \"1\"\nserde = { version = \"1\", features = [\"derive\"] }\n",
        head: "use rmcp::handler::server::wrapper::Parameters;\nuse rmcp::{tool, tool_router};\n\npub struct Jobs;\n",
        tool: r#"
#[derive(serde::Deserialize, schemars::JsonSchema)]
pub struct Job{i} {
    /// The number on the receipt.
    order_id: String,
    /// How many.
    count: u32,
    /// What the customer wrote.
    note: Option<String>,
}
"#,
        registration: r#"
    /// Does job {i} for an order.
    #[tool]
    pub async fn job_{i}(
        &self,
        Parameters(Job{i} { order_id, count, note }): Parameters<Job{i}>,
    ) -> Result<String, String> {
        let number: u64 = order_id.parse().map_err(|error: std::num::ParseIntError| error.to_string())?;
        Ok(format!("{i} {number} {count} {note:?}"))
    }
"#,
        tail: "\n#[tool_router(vis = \"pub\")]\nimpl Jobs {\n{all}}\n",
    },
    Contestant {
        name: "rig",
        title: "rig 0.44",
        dependencies: "rig-core = { version = \"=0.44.0\", default-features = false, features = [\"derive\"] }\nrig-agent = { version = \"=0.44.0\", default-features = false, features = [\"derive\"] }\nschemars = \"1\"\nserde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\n",
        head: "use rig_agent::tool::ToolSet;\nuse rig_core::tool::ToolExecutionError;\n",
        tool: r#"
/// Does job {i} for an order.
#[rig_agent::rig_tool]
pub async fn job_{i}(
    /// The number on the receipt.
    order_id: String,
    /// How many.
    count: u32,
    /// What the customer wrote.
    note: Option<String>,
) -> Result<String, ToolExecutionError> {
    let number: u64 = order_id.parse().map_err(ToolExecutionError::from_error)?;
    Ok(format!("{i} {number} {count} {note:?}"))
}
"#,
        registration: "    tools.add_tool(Job{i});\n",
        tail: "\npub fn tools() -> ToolSet {\n    let mut tools = ToolSet::default();\n{all}    tools\n}\n",
    },
];

impl Contestant {
    /// The source of a crate of so many tools.
    pub(crate) fn source(&self, tools: usize) -> String {
        let mut source = self.head.to_owned();
        let mut all = String::new();
        for tool in 0..tools {
            let number = tool.to_string();
            source += &self.tool.replace("{i}", &number);
            let _ = write!(all, "{}", self.registration.replace("{i}", &number));
        }
        source + &self.tail.replace("{all}", &all)
    }
}
