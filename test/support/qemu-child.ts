import { callContext } from "../../src/drivers/conformance.ts";
import { createQemuModule } from "../../src/drivers/qemu/index.ts";

/**
 * Stands in for a worker that dies: calls one function of the qemu driver, and kills itself where it is told to.
 * Arguments: data folder, function, parameters as JSON, and `message` (at the first line for the log) or the name of a file that appears.
 */
const [dataFolder = "", name = "", parameters = "{}", where = ""] = process.argv.slice(2);
const called = createQemuModule({ dataFolder }).functions[name];
if (called === undefined) throw new Error(`there is no function ${name}`);
if (where !== "message") {
  const { existsSync } = await import("node:fs");
  setInterval(() => existsSync(where) && process.kill(process.pid, "SIGKILL"), 1);
}
await called.run(
  called.parameters.parse(JSON.parse(parameters)),
  callContext({ message: () => where === "message" && process.kill(process.pid, "SIGKILL") }),
);
