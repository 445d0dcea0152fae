import { callFunction } from "../../src/drivers/conformance.ts";
import { createLxcModule } from "../../src/drivers/lxc/index.ts";

// A worker's driver in a process of its own, which a test kills: calls one function, and says when it has begun and when it has ended.

const [, , dataFolder = "", name = "", parameters = "{}"] = process.argv;
const driver = createLxcModule({
  dataFolder,
  runtime: async () => ({
    node: process.execPath,
    bundle: Buffer.from("setInterval(() => undefined, 1e6);"),
    hash: "feedfeedfeedfeed",
  }),
  joinTimeout: 100,
});
process.send?.("begun");
await callFunction(driver, name, JSON.parse(parameters));
process.send?.("ended");
process.disconnect?.();
