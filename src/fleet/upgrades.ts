import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type Audit, type Principal, recordActor } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import { type ContentStore, grantContent, SERVER } from "./content.ts";
import { CONTENT_UNKNOWN, NODE_NOT_UPGRADABLE } from "./errors.ts";
import type { AgentRuntime } from "./fleet.ts";
import type { Node, Route } from "./model.ts";

/** How agents become the release that this server has: they fetch it as content, by its hash. */

export interface Upgrade {
  /** False: it is that release already. */
  readonly changed: boolean;
  /** Name of the release it starts next. It says itself, as a fact, which one it is, and which did not come up. */
  readonly release: string;
}

interface UpgradeParts {
  readonly database: Database;
  readonly audit: Audit;
  readonly content: ContentStore;
  runtime?(): Promise<AgentRuntime>;
  ask(tenantId: Id, route: Route, module: string, name: string, parameters: Json, milliseconds: number): Promise<Json>;
}

/** Milliseconds for fetching it: 120 MB over a slow line. */
const FETCH = 15 * 60 * 1000;

export function createUpgrades(parts: UpgradeParts) {
  const { database, content } = parts;
  /** Hash of Node's binary, by its path. */
  const hashes = new Map<string, Promise<string>>();

  /** Keeps what agents will fetch, unless it is kept already. */
  async function offered(tenantId: Id): Promise<{ readonly program: string; readonly node: string }> {
    const runtime = await parts.runtime?.();
    if (runtime === undefined) throw new GantryError(CONTENT_UNKNOWN, "this server hands out no runtime");
    const program = createHash("sha256").update(runtime.bundle).digest("hex");
    const hash = hashes.get(runtime.node) ?? hashOf(runtime.node);
    hashes.set(runtime.node, hash);
    const node = await hash;
    const has = new Set((await content.known(tenantId, SERVER, [program, node])).map(({ sha256 }) => sha256));
    if (!has.has(program)) await content.keep(tenantId, [runtime.bundle]);
    if (!has.has(node)) await content.keep(tenantId, createReadStream(runtime.node));
    return { program, node };
  }

  /**
   * Resolves when the agent has the release and is about to start it.
   * @param within seconds the release has to reach the server in, until the one before runs again
   * Errors: `node_not_upgradable`, `executor_not_connected`, `executor_answer_failed`, `executor_no_answer`.
   */
  return async function upgrade(actor: Principal, node: Node, within: number): Promise<Upgrade> {
    const { agentId, name } = node;
    if (agentId === null || agentId === undefined)
      throw new GantryError(
        NODE_NOT_UPGRADABLE,
        `${name} is a worker: it runs with the package that is installed there`,
      );
    const own = node.facts["agent"];
    // What it said last. Whether it can it knows itself, and is asked: this spares bringing what it will not take.
    if (isJsonObject(own ?? null) && (own as JsonObject)["upgradable"] === false)
      throw new GantryError(
        NODE_NOT_UPGRADABLE,
        `${name} runs with a program that it shares with others: in a container, or of an installation of all of Gantry`,
      );
    const { program, node: sha256 } = await offered(actor.tenantId);
    await database.transaction((tx) =>
      grantContent(tx, { id: node.id, tenantId: actor.tenantId }, SERVER, [program, sha256]),
    );
    const order = { program, node: { sha256, architecture: process.arch }, within };
    const answer = (await parts
      .ask(actor.tenantId, { agentId }, "agent", "upgrade", order, FETCH)
      .catch((error: unknown) => {
        throw refusalOf(error);
      })) as unknown as Upgrade;
    if (answer.changed)
      await database.transaction(async (tx) => {
        recordActor(tx, actor);
        const subject = { kind: "node", id: node.id, name };
        const data = { release: answer.release };
        await parts.audit.append(tx, [{ chain: actor.tenantId, action: "node.upgraded", subject, data }]);
      });
    return answer;
  };
}

/** Only the agent itself knows whether it can. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof GantryError) || error.details?.["code"] !== "agent_not_upgradable") return error;
  return new GantryError(NODE_NOT_UPGRADABLE, error.message, { cause: error });
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
