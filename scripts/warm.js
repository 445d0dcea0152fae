// Loads the program, the server, the agent and the thread that renders templates, once, after an installation: Node then keeps them
// compiled, and the first `gantry up` does not have to.
process.argv.splice(2, Infinity, "--version");
await import("../src/cli/main.js");
const { systemClock } = await import("../src/kernel/clock.ts");
const { createRenderer } = await import("../src/templates/index.ts");
const parts = [
  "cli/up/up.ts",
  "cli/server/run.ts",
  "cli/daemons.ts",
  "server/server.ts",
  "server/openapi.ts",
  "agent/index.ts",
  "executor/bundle.ts",
];
await Promise.all(parts.map((part) => import(`../src/${part}`)));
const renderer = createRenderer({ clock: systemClock });
await renderer.render({ name: "warm", text: "{{ text }}", values: { text: "" }, mode: "strict" });
await renderer.close();
