import { join } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { type DriverOperations, notCreated, type Target } from "../driver.ts";
import { TEST_FAILED } from "./errors.ts";
import { type Changing, luckOf, type TestAttributes, testAttributes } from "./model.ts";
import { type Pretended, readPretended, removePretended, writePretended } from "./state.ts";

export interface TestOptions {
  /** Gantry's data folder. What is pretended is kept under `pretended/` in it. */
  readonly dataFolder: string;
}

export function createTestOperations({ dataFolder }: TestOptions): DriverOperations<TestAttributes> {
  const folder = join(dataFolder, "pretended");
  type Pretending = Target<TestAttributes>;

  async function stateOf(target: Pretending): Promise<Pretended> {
    const { id, name } = target;
    const exists = attributesOf(target).stands;
    return (await readPretended(folder, id)) ?? { name, exists, power: "off", calls: {} };
  }

  /** Does it with the luck of the draw. `after` is what there is when it is done. */
  async function luckily(
    name: Changing,
    target: Pretending,
    context: FunctionContext,
    after: (before: Pretended) => Pretended,
  ): Promise<Pretended> {
    const before = await stateOf(target);
    const result = after(before);
    const count = before.calls[name] ?? 0;
    const calls = { ...before.calls, [name]: count + 1 };
    const { delay, fails } = luckOf(attributesOf(target), { foundation: target.name, function: name, count });
    await writePretended(folder, target.id, { ...before, calls });
    await pause(delay, context);
    if (fails === "before") throw failure(name, target, "before anything was done");
    await writePretended(folder, target.id, { ...result, calls });
    if (fails === "not") return before;
    // A creation that fails removes what it made; what else was done stays done, and nobody was told.
    if (name === "create") await writePretended(folder, target.id, { ...before, calls });
    throw failure(name, target, name === "create" ? "and took back what was made" : "after it was done");
  }

  return {
    async create(target, context) {
      const { exists } = await luckily("create", target, context, (before) => ({ ...before, exists: true }));
      return { adopted: exists };
    },
    async destroy(target, context) {
      const { exists } = await stateOf(target);
      // Nothing is left to be unlucky with.
      if (exists) await luckily("destroy", target, context, (before) => ({ ...before, exists: false, power: "off" }));
      await removePretended(folder, target.id);
      return { removed: exists };
    },
    async powerOn(target, context) {
      const { power } = await luckily("power_on", target, context, (before) => {
        if (!before.exists) throw notCreated(target, "is not even pretended");
        return { ...before, power: "on" };
      });
      return { power: "on", adopted: power === "on" };
    },
    async powerOff(target, context) {
      if ((await stateOf(target)).exists)
        await luckily("power_off", target, context, (before) => ({ ...before, power: "off" }));
      return { power: "off" };
    },
    async interfaceMap(target) {
      if (!(await stateOf(target)).exists) throw notCreated(target, "is not even pretended");
      const addresses = target.addresses.map((address) => ({ address, prefix: address.includes(":") ? 64 : 24 }));
      return [{ name: "eth0", mac: null, addresses, network: null, gateway: null }];
    },
    async observe(target) {
      const { exists, power } = await stateOf(target);
      return { exists, power };
    },
  };
}

/** What was made with attributes that are not right any more is taken down without luck. */
function attributesOf(target: Target<TestAttributes>): TestAttributes {
  try {
    return target.attributes;
  } catch {
    return testAttributes.parse({});
  }
}

function failure(name: Changing, target: Target, when: string): GantryError {
  return new GantryError(TEST_FAILED, `${name} of ${target.name} failed as its attributes asked for, ${when}`);
}

function pause(milliseconds: number, { clock, signal }: FunctionContext): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    if (milliseconds === 0) return resolve();
    function stop(): void {
      cancel();
      reject(signal.reason as Error);
    }
    const cancel = clock.after(milliseconds, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
    return undefined;
  });
}
