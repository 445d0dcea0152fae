// oxlint-disable gantry/no-shell -- the shell a user logs in with
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { VerbPlan } from "../model.ts";
import type { Tool, Tools } from "../tools.ts";
import type { NodeUser } from "../users.ts";
import { type Account, type Accounts, readAccounts } from "./accounts.ts";
import { decideUser, type UserWork } from "./decide.ts";
import type { UserParameters } from "./model.ts";

/** What the verb uses of the world. */
export interface AccountWorld {
  readonly tools: Tools;
  /** Whether the agent is root, and may do things as others. */
  readonly isRoot: boolean;
  /** Absolute path on the node. */
  path(path: string): string;
}

export async function planUser(parameters: UserParameters, world: AccountWorld): Promise<VerbPlan> {
  const { steps, diff } = await userWork(parameters, world);
  return { changed: steps.length > 0, diff: diff.map((line) => `${line}\n`).join("") };
}

/** Throws `account_refused`. */
export async function userWork(parameters: UserParameters, world: AccountWorld): Promise<UserWork> {
  const accounts = await readNode(world, parameters.root);
  const now = accounts.users.find(({ name }) => name === parameters.name);
  const keys = parameters.keys === undefined || now === undefined ? undefined : await readKeys(now, parameters, world);
  return decideUser(parameters, accounts, keys);
}

/** The accounts of the node, or of the system in a folder. */
export async function readNode(world: Pick<AccountWorld, "path">, root: string | undefined): Promise<Accounts> {
  const folder = root === undefined ? "/" : world.path(root);
  const [passwd = "", group = "", shadow = ""] = await Promise.all(
    ["passwd", "group", "shadow"].map((name) => readFile(join(folder, "etc", name), "utf8").catch(() => "")),
  );
  return readAccounts({ passwd, group, shadow });
}

/** The lines of its authorized_keys; undefined when there is none. Read as the user: a link in its home leads no further than it may go. */
export async function readKeys(
  account: Account,
  parameters: Pick<UserParameters, "root">,
  world: AccountWorld,
): Promise<readonly string[] | undefined> {
  const end = await world.tools.run(inHome(account, parameters, world, "cat .ssh/authorized_keys"));
  return end.code === 0 ? end.stdout.split("\n").filter((line) => line.trim() !== "") : undefined;
}

/** A script of the shell in the user's home, run as that user. */
export function inHome(
  account: Account,
  parameters: Pick<UserParameters, "root">,
  world: AccountWorld,
  script: string,
  input?: string,
): Tool {
  const home = parameters.root === undefined ? account.home : join(world.path(parameters.root), account.home);
  const user: NodeUser = { ...account, groups: [account.gid], home, shell: "/bin/sh" };
  return {
    program: "/bin/sh",
    arguments: ["-c", `cd "$1" && ${script}`, "sh", home],
    cwd: "/",
    quiet: true,
    ...(input === undefined ? {} : { input }),
    ...(world.isRoot && account.uid !== 0 ? { user } : {}),
  };
}
