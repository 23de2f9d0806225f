// A server of the package @copilotkit/aimock that has the model look up two orders at once and then answer. Writes its
// address, and ends with its input.
import { LLMock } from "@copilotkit/aimock";

const call = (order) => ({ name: "lookup", arguments: JSON.stringify({ order_id: order }) });
const server = new LLMock({ port: 0 });
server.on({ hasToolResult: false }, { content: "Looking.", toolCalls: [call("123"), call("124")] });
server.on({ hasToolResult: true, toolResultContains: "on its way" }, { content: "Both are on their way. 🚚" });
await server.start();
console.log(server.url);
process.stdin.resume().on("end", () => server.stop().then(() => process.exit(0)));
