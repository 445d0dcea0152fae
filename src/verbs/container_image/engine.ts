import { z } from "zod";
import { nodePath } from "../model.ts";
import { firstProgram, type Tool, type Tools } from "../tools.ts";

/** podman(1) or docker(1), whichever the node has. */

export const ENGINES = ["podman", "docker"] as const;
export type EngineName = (typeof ENGINES)[number];

/** Parameters of every verb that speaks to an engine. */
export const engineParameters = {
  engine: z.enum(ENGINES).optional().describe("Which engine; left out: podman where it is there, else docker"),
  socket: nodePath.optional().describe("Socket of the engine; left out: as the node is set up"),
};

export const ENGINE_OPTIONS = { engine: "value", "socket-path": "value" } as const;

export interface EngineChoice {
  readonly engine?: EngineName | undefined;
  readonly socket?: string | undefined;
}

export interface Engine {
  readonly name: EngineName;
  /** A call of the engine's program. */
  tool(words: readonly string[], more?: Pick<Tool, "input" | "quiet">): Tool;
}

/** Throws `program_missing`. */
export async function findEngine(choice: EngineChoice, tools: Tools, verb: string): Promise<Engine> {
  const names = choice.engine === undefined ? ENGINES : [choice.engine];
  const name = (await firstProgram(tools, names, verb)) as EngineName;
  return engineOf(name, choice.socket);
}

export function engineOf(name: EngineName, socket: string | undefined): Engine {
  const place =
    socket === undefined
      ? []
      : name === "docker"
        ? ["--host", `unix://${socket}`]
        : ["--remote", "--url", `unix://${socket}`];
  return {
    name,
    tool: (words, more = {}) => ({ program: name, arguments: [...place, ...words], ...more }),
  };
}
