import { GantryError } from "../../kernel/errors.ts";
import type { VerbResult } from "../model.ts";
import { must, runTool } from "../tools.ts";
import { busyboxTools } from "./busybox.ts";
import { keysAfter } from "./decide.ts";
import { ACCOUNT_REFUSED } from "./errors.ts";
import type { UserParameters } from "./model.ts";
import { type AccountWorld, inHome, readKeys, readNode, userWork } from "./plan.ts";
import { shadowTools } from "./shadow.ts";

/** Safe to repeat: each step starts from what is there. */
export async function applyUser(parameters: UserParameters, world: AccountWorld): Promise<VerbResult> {
  const { steps, diff } = await userWork(parameters, world);
  const root = parameters.root === undefined ? undefined : world.path(parameters.root);
  const toolsFor = (await world.tools.has("useradd")) ? shadowTools : busyboxTools;
  for (const step of steps) {
    if (step.do === "keys") await writeKeys(parameters, step, world);
    else for (const tool of toolsFor(parameters.name, step, root)) await runTool(world.tools, tool);
  }
  const account = (await readNode(world, parameters.root)).users.find(({ name }) => name === parameters.name);
  return {
    changed: steps.length > 0,
    changes: [...diff],
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid, home: account.home, shell: account.shell }),
  };
}

const WRITE = `
umask 077 &&
mkdir -p .ssh &&
cat > .ssh/.authorized_keys.new &&
mv -f .ssh/.authorized_keys.new .ssh/authorized_keys
`.trim();

/** As the user: nothing that it could put into its home leads anywhere it may not write itself. */
async function writeKeys(
  parameters: UserParameters,
  { keys, only }: { readonly keys: readonly string[]; readonly only: boolean },
  world: AccountWorld,
): Promise<void> {
  const account = (await readNode(world, parameters.root)).users.find(({ name }) => name === parameters.name);
  if (account === undefined) throw new GantryError(ACCOUNT_REFUSED, `user ${parameters.name} was not made`);
  const after = keysAfter(keys, only, (await readKeys(account, parameters, world)) ?? []);
  const text = after.map((line) => `${line}\n`).join("");
  const tool = inHome(account, parameters, world, WRITE, text);
  const end = await world.tools.run(tool);
  must({ program: `writing ${account.home}/.ssh/authorized_keys`, arguments: [] }, end);
}
