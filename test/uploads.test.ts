import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../src/kernel/json.ts";
import { testComposition, type TestComposition } from "../src/server/testing.ts";

// Every door that takes a body, from the OpenAPI document and the routes: what is too large, too deep, too wide, or grows when it is unpacked
// is refused, and leaves nothing behind.

const MIB = 1024 * 1024;

let folder: string;
let made: TestComposition;
let doors: Door[];

interface Door {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** Bytes. */
  readonly limit: number;
  /** Of its body; undefined: bytes. */
  readonly schema: JsonObject | undefined;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-uploads-"));
  made = await testComposition(folder, "token", { database: join(folder, "test.db") });
  const { http } = made.composition;
  await http.listenOnSocket(join(folder, "s"));
  const document = (await http.openApi()) as OpenApi;
  doors = (await http.routes())
    .filter(({ route }) => /^(POST|PUT|PATCH|DELETE) /.test(route))
    .map(({ route, bodyLimit }) => {
      const [method = "", path = ""] = route.split(" ");
      const described = document.paths[path.replaceAll(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
      return {
        name: route,
        method,
        // Where the tenant is in the path, it must be one there is.
        path: path.replace(/:tenant\w*|(?<=^\/v1\/tenants\/):\w+/, "default").replaceAll(/:\w+/g, "1"),
        limit: bodyLimit,
        schema: described?.requestBody?.content["application/json"]?.schema,
      };
    });
});
afterAll(async () => {
  await made.close();
  rmSync(folder, { recursive: true });
});

interface OpenApi {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          { readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: JsonObject }>> } }
        >
      >
    >
  >;
}

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly size: number;
}

/** `declared`: what Content-Length says; null: it is not said, the body comes in chunks. */
function send(
  door: Pick<Door, "method" | "path">,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  declared: number | null = Buffer.byteLength(body),
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const outgoing = request(
      {
        socketPath: join(folder, "s"),
        agent: false,
        method: door.method,
        path: door.path,
        headers: {
          "content-type": "application/json",
          "if-match": "*",
          ...(declared === null ? { "transfer-encoding": "chunked" } : { "content-length": declared }),
          ...headers,
        },
      },
      (answer) => {
        answered = true;
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          outgoing.destroy();
          const text = Buffer.concat(chunks).toString();
          const code = text.startsWith("{") ? (JSON.parse(text) as { code?: string }).code : undefined;
          resolve({ status: answer.statusCode!, code, size: text.length });
        });
      },
    );
    // A server that has read enough closes while more is being sent.
    outgoing.on("error", (error) => {
      if (!answered) reject(error);
    });
    if (declared !== null && declared > Buffer.byteLength(body)) outgoing.write(body);
    else outgoing.end(body);
  });
}

/** Rows of every table that people's requests write. */
function rows(): Record<string, number> {
  const database = new DatabaseSync(join(folder, "test.db"), { readOnly: true });
  try {
    const tables = database.prepare("select name from sqlite_schema where type = 'table'").all();
    return Object.fromEntries(
      tables.map(({ name }) => [
        String(name),
        Number(database.prepare(`select count(*) as count from "${String(name)}"`).get()?.["count"]),
      ]),
    );
  } finally {
    database.close();
  }
}

/** The doors, each tried; what was there before is there after, and nothing else. */
async function atEvery(some: readonly Door[], attempt: (door: Door) => Promise<void>): Promise<void> {
  expect(some.length).toBeGreaterThan(0);
  const before = rows();
  for (const door of some) await attempt(door);
  expect(rows()).toEqual(before);
}

const LARGE_ANSWER = 64 * 1024;

/** No honest body: the door says so shortly. */
function expectRefused(
  door: Door,
  answer: Answer,
  statuses: readonly number[] = [400, 404, 409, 412, 413, 415, 422],
): void {
  expect([door.name, statuses.includes(answer.status), answer]).toEqual([door.name, true, answer]);
  expect([door.name, answer.size < LARGE_ANSWER, answer.size]).toEqual([door.name, true, answer.size]);
}

/** These read their bodies themselves, in frames of the link: src/fleet/fleet.test.ts and test/link.test.ts throw theirs at it. */
const LINK = /\/v1\/link\/poll$/;
/** Bytes are written down as they come, and never held. */
const STREAMED = /^PUT \/v1\/(link\/)?content\/:sha256$/;
const ofJson = (): Door[] => doors.filter(({ schema }) => schema !== undefined);

describe("every door that takes a body", () => {
  it("has a limit, and refuses one byte more, whether its length is said or not", async () => {
    await atEvery(
      doors.filter(({ name }) => !LINK.test(name)),
      async (door) => {
        expect([door.name, STREAMED.test(door.name) || door.limit <= 512 * MIB]).toEqual([door.name, true]);
        const said = await send(door, "{", {}, door.limit + 1);
        expect([door.name, said.status]).toEqual([door.name, 413]);
        if (door.limit > MIB) return;
        const counted = await send(door, " ".repeat(door.limit + 1), {}, null);
        expect([door.name, counted.status]).toEqual([door.name, 413]);
        const whole = await send(door, `{${" ".repeat(door.limit - 1)}`);
        expect([door.name, whole.status === 413]).toEqual([door.name, false]);
      },
    );
  }, 120_000);

  it("takes nothing compressed", async () => {
    const bomb = gzipSync(Buffer.alloc(10 * MIB, "[1,"));
    expect(bomb.length).toBeLessThan(MIB / 16);
    await atEvery(
      doors.filter(({ name }) => !LINK.test(name)),
      async (door) => {
        const answer = await send(door, bomb, { "content-encoding": "gzip" });
        expect([door.name, answer.status, answer.code]).toEqual([door.name, 415, "request_encoded"]);
      },
    );
  }, 60_000);
});

describe("every door that takes JSON", () => {
  it.each<[string, (room: number) => string]>([
    ["nests without end", (room) => `${"[".repeat(room / 2)}${"]".repeat(room / 2)}`],
    ["nests in maps without end", (room) => `${'{"a":'.repeat(room / 8)}1${"}".repeat(room / 8)}`],
    ["nests and never ends", (room) => "[".repeat(room)],
    ["changes what objects are", () => '{"__proto__":{"admin":true}}'],
    ["changes how objects are made", () => '{"constructor":{"prototype":{"admin":true}}}'],
    ["has ever more members", (room) => wide(Math.floor(room / 48))],
    ["is a list of nothing", (room) => `[${"0,".repeat(room / 2 - 2)}0]`],
    ["is a number with too many digits", (room) => "9".repeat(room)],
    ["is one long text", (room) => `"${"x".repeat(room - 2)}"`],
    ["is no UTF-8", (room) => `{"name":"${"\u00ff".repeat(room / 4)}"`],
  ])(
    "refuses what %s",
    async (_name, make) => {
      expect.hasAssertions();
      await atEvery(ofJson(), async (door) => {
        const answer = await send(door, Buffer.from(make(Math.min(door.limit, MIB / 2)), "latin1"));
        expectRefused(door, answer);
      });
    },
    120_000,
  );

  it("refuses lists and texts without end where its lists and texts stand", async () => {
    expect.hasAssertions();
    // Who fails to log in is written down, each time. What an installer is told may be long: up to 256 Ki characters.
    const some = ofJson().filter(({ name }) => !name.startsWith("POST /v1/login") && name !== "POST /v1/boot-profiles");
    await atEvery(some, async (door) => {
      const count = Math.min(door.limit, MIB) / 32;
      for (const filler of [
        Array.from({ length: count }, () => 1),
        "-.".repeat(count / 2),
        `${"a".repeat(count / 2)}!`,
      ])
        for (const body of filledWith(door.schema!, filler)) {
          const text = JSON.stringify(body);
          if (text.length <= door.limit) expectRefused(door, await send(door, text), [...REFUSED_OR_DRY]);
        }
    });
  }, 300_000);
});

const REFUSED_OR_DRY = [400, 404, 409, 412, 413, 415, 422, 428, 503] as const;

function wide(count: number): string {
  return `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join(",")}}`;
}

/** An object of the schema's members, each in turn with the filler. */
function filledWith(schema: JsonObject, filler: Json): Json[] {
  const properties = (schema["properties"] ?? {}) as JsonObject;
  return Object.keys(properties).map((name) => ({ [name]: filler, ...(name === "name" ? {} : { name: "x" }) }));
}

/** Documents whose aliases grow by ten with each line. */
function yamlBomb(): string {
  const lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  const names = "abcdefghi";
  for (let at = 1; at < names.length; at += 1)
    lines.push(`${names[at]}: &${names[at]} [${Array.from({ length: 10 }, () => `*${names[at - 1]}`).join(", ")}]`);
  return `${lines.join("\n")}\n`;
}

/** In both forms blueprints may have. */
function blueprintBombs(): JsonObject[] {
  const of = (path: string, text: string): JsonObject => ({ documents: [{ path, text }] });
  return [
    of("b.yaml", yamlBomb()),
    of("b.yaml", DEEP_YAML),
    of("b.toml", `${"a.".repeat(200_000)}a = 1`),
    of("b.toml", `a = ${"[".repeat(200_000)}`),
    of("b.toml", `a = ${"{b=".repeat(200_000)}`),
    of("b.toml", "[[a]]\n".repeat(200_000)),
  ];
}

const DEEP_YAML = "- ".repeat(200_000);
const documents = (text: string): JsonObject => ({ bundle: { documents: [{ path: "site.yaml", text }] } });
const files = (path: string, text: string): JsonObject => ({ name: "bomb", files: [{ path, text }] });
const manyEdits = `{"edits":[${"{},".repeat(100_000)}{}]}`;

/** Doors that take more than usual, or read texts within what they take: what is thrown at each, besides what is thrown at all. */
const BOMBS: Readonly<Record<string, () => readonly (string | Uint8Array)[]>> = {
  "POST /v1/designs/plan": () => [yamlBomb(), DEEP_YAML].map((text) => JSON.stringify(documents(text))),
  "POST /v1/designs/apply": () =>
    [yamlBomb(), DEEP_YAML].map((text) => JSON.stringify({ ...documents(text), fingerprint: "x" })),
  "POST /v1/change-sets": () => [
    ...[yamlBomb(), DEEP_YAML].map((text) => JSON.stringify({ title: "bomb", design: documents(text) })),
    `{"title":"bomb",${manyEdits.slice(1)}`,
  ],
  "PATCH /v1/change-sets/:number": () => [`{"title":"bomb",${manyEdits.slice(1)}`],
  "POST /v1/imports": () => [
    JSON.stringify(files("hosts.yaml", yamlBomb())),
    JSON.stringify(files("openstack_user_config.yml", yamlBomb())),
    JSON.stringify(files("hosts.yaml", DEEP_YAML)),
    JSON.stringify(files("devices.json", "[".repeat(500_000))),
    JSON.stringify(files("../../etc/passwd", "all: {}")),
    JSON.stringify(files("hosts", `[all]\nweb[0:999999999]\n`)),
    `{"name":"bomb","files":[${'{"path":"a","text":""},'.repeat(300_000)}{"path":"a","text":""}]}`,
    "[".repeat(10 * MIB),
  ],
  "POST /v1/bulk": () => [
    manyEdits,
    `{"edits":[${"{},".repeat(4_000_000)}{}]}`,
    `{"edits":[${"{},".repeat(20_000_000)}{}]}`,
    `{"edits":${"[".repeat(5 * MIB)}`,
  ],
  "POST /v1/blueprint-checks": () => blueprintBombs().map((bundle) => JSON.stringify({ bundle })),
  "POST /v1/blueprint-imports": () => [
    ...blueprintBombs().map((bundle) => JSON.stringify({ name: "bomb", bundle })),
    `{"name":"bomb","bundle":{"documents":[${'{"path":"a","text":""},'.repeat(300_000)}{"path":"a","text":""}]}}`,
  ],
  "POST /v1/runs": () => [`{"entries":[${"{},".repeat(1_000_000)}{}]}`],
  "PUT /v1/verbs/:name": () => [
    `{"manifest":{"summary":"x","options":{${'"a":{},'.repeat(500_000)}"b":{}}},"file":"a.mjs","program":""}`,
    `{"manifest":${"[".repeat(2 * MIB)}`,
    `{"manifest":{"summary":"x"},"file":"../../etc/passwd","program":"AAAA"}`,
    `{"manifest":{"summary":"x"},"file":"a.mjs","program":"${"A".repeat(12 * MIB)}"}`,
  ],
  "POST /v1/secrets": () => [`{"name":"bomb","value":"${"\\u0000".repeat(100_000)}`],
  "PUT /v1/secrets/:id": () => [`{"value":"${"\\u0000".repeat(100_000)}`],
  // Bytes are kept as they are, and nobody unpacks them here: only their number counts (src/fleet/store.suite.ts).
  "PUT /v1/content/:sha256": () => [],
  "PUT /v1/link/content/:sha256": () => [],
};

describe("a door for more than the usual megabyte", () => {
  it("has bombs of its own on the list above", () => {
    const unusual = doors.filter(({ name, limit }) => limit > MIB && !LINK.test(name)).map(({ name }) => name);
    const raw = doors.filter(({ schema, name }) => STREAMED.test(name) && schema === undefined);
    expect(Object.keys(BOMBS).sort()).toEqual([...new Set([...unusual, ...raw.map(({ name }) => name)])].sort());
  });

  it.each(Object.keys(BOMBS))(
    "survives them: %s",
    async (name) => {
      expect.hasAssertions();
      const door = doors.filter((one) => one.name === name);
      await atEvery(door, async (one) => {
        // A check answers with what is wrong.
        const statuses = name === "POST /v1/blueprint-checks" ? [200, 422] : undefined;
        for (const bomb of BOMBS[name]!()) expectRefused(one, await send(one, bomb), statuses);
      });
    },
    120_000,
  );
});

describe("a tar archive, or whatever else is unpacked", () => {
  it("is unpacked by nobody on the server: no door takes one", async () => {
    const document = (await made.composition.http.openApi()) as OpenApi;
    const types = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).flatMap((one) => Object.keys(one.requestBody?.content ?? {})),
    );
    expect([...new Set(types)].sort()).toEqual([
      "application/json",
      "application/json-patch+json",
      "application/merge-patch+json",
    ]);
  });
});
