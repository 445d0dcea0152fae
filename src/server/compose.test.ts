import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testComposition, type TestComposition } from "./testing.ts";

/** Routes that answer without a credential of a person: health, and the door for agents and workers, who show a key or a join token. */
const OPEN = JSON.parse(readFileSync(join(import.meta.dirname, "../../test/open-endpoints.json"), "utf8")) as unknown;

let folder: string;
let made: TestComposition;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-compose-"));
  made = await testComposition(folder, "the right token");
  port = (await made.composition.http.listen({ host: "127.0.0.1", port: 0 }, made.keeper.current)).port!;
});
afterAll(async () => {
  await made.close();
  rmSync(folder, { recursive: true });
});

function statusOf(method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, ca: made.keeper.current.authority, method, path, headers, agent: false },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}

describe("every endpoint", () => {
  it("is on the list of open ones, or needs a credential", async () => {
    const routes = await made.composition.http.routes();
    expect(routes.length).toBeGreaterThan(30);
    expect(
      routes
        .filter((one) => one.open)
        .map((one) => one.route)
        .sort(),
    ).toEqual(OPEN);
    for (const { route, open } of routes) {
      if (open) continue;
      const [method = "", path = ""] = route.split(" ");
      const concrete = path.replaceAll(/:\w+/g, "x");
      expect([route, await statusOf(method, concrete)]).toEqual([route, 401]);
      expect([route, await statusOf(method, concrete, { authorization: "Bearer a wrong token" })]).toEqual([
        route,
        401,
      ]);
    }
    // Each of a hundred routes is asked twice over a connection of its own.
  }, 60_000);

  it("of the link refuses whoever shows neither key nor token", async () => {
    expect(await statusOf("GET", `/v1/link/content/${"0".repeat(64)}`)).toBe(401);
    expect(await statusOf("GET", "/v1/link/runtime/node")).toBe(401);
    expect(await statusOf("POST", "/v1/link/join")).toBe(400);
  });
});
