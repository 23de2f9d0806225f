//! The dispatch of tool calls by rmcp's router, without a network. Prints JSON: figures by row.

use std::hint::black_box;
use std::sync::Arc;

use bed::TOOL_RESULT;
use bed::inproc::{CALL, Figures, asked, measure, names};
use rmcp::handler::server::router::tool::{ToolRoute, ToolRouter};
use rmcp::handler::server::tool::ToolCallContext;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolRequestParams, NumberOrString, Tool};
use rmcp::service::RequestContext;
use rmcp::{ServerHandler, ServiceExt};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    order_id: String,
}

struct Orders;

impl ServerHandler for Orders {}

fn lookup(Parameters(order): Parameters<Order>) -> String {
    assert_eq!(order.order_id, "123");
    TOOL_RESULT.to_owned()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut figures = Figures::new();
    for tools in [1, 100, 1_000] {
        dispatch(&mut figures, &runtime, tools);
    }
    println!("{}", serde_json::to_string_pretty(&figures).expect("JSON"));
}

fn dispatch(figures: &mut Figures, runtime: &tokio::runtime::Runtime, tools: usize) {
    let names = names(tools);
    let asked = asked(&names);
    let mut router = ToolRouter::<Orders>::new();
    for name in &names {
        let tool = Tool::new(name.clone(), bed::TOOL_DESCRIPTION, Arc::new(serde_json::Map::new()));
        router = router.with_route(ToolRoute::new(tool, lookup));
    }
    let (near, far) = tokio::io::duplex(1 << 16);
    let (server, client) = runtime.block_on(async { tokio::join!(Orders.serve(near), ().serve(far)) });
    let (server, _client) = (server.expect("a server"), client.expect("a client"));
    let peer = server.peer().clone();
    measure(figures, &format!("dispatch: rmcp ToolRouter, {tools}"), asked.len(), |calls| {
        runtime.block_on(async {
            for name in &asked[..calls] {
                let arguments = serde_json::from_str(CALL).expect("an object");
                let params = CallToolRequestParams::new((*name).to_owned()).with_arguments(arguments);
                let context = RequestContext::new(NumberOrString::Number(1), peer.clone());
                black_box(router.call(ToolCallContext::new(&Orders, params, context)).await.expect("an output"));
            }
        });
    });
}
