import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack, type Header } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../src/kernel/clock.ts";
import { GantryError, problemText } from "../src/kernel/errors.ts";
import { readArchive } from "../src/exchange/import-archive.ts";
import { loadSource } from "../src/exchange/import-files.ts";
import { listAnsible } from "../src/exchange/import-listing.ts";
import { createImportReader } from "../src/exchange/import-reader.ts";
import { readSource } from "../src/exchange/import-format.ts";
import type { ImportFormat } from "../src/exchange/import-model.ts";

/** What a broken, a large and a hostile source come to: a coded error with its place, and nothing else. */

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-import-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "nothing was wrong",
    (error: unknown) => (error instanceof GantryError ? `${error.code}: ${error.message}` : String(error)),
  );
}

function problemsOf(format: ImportFormat, text: string): readonly string[] {
  try {
    readSource({ name: "x", site: "x", format, files: [{ path: "f", text }] });
    return [];
  } catch (error) {
    return error instanceof GantryError ? error.problems.map(problemText) : [String(error)];
  }
}

const osa = (hosts: Record<string, object>): string =>
  JSON.stringify({ web: { hosts: Object.keys(hosts) }, _meta: { hostvars: hosts } }, null, 1);

describe("a text", () => {
  it("that ends too early is told with its end", () => {
    const text = osa({ web1: { a: 1 } });
    expect(problemsOf("osa", text.slice(0, 40))).toEqual(["f:6:2: the JSON ends too early (import_syntax)"]);
    expect(problemsOf("osa", text.replace(":", " "))).toEqual([
      "f:2:9: not JSON: Expected ':' after property name in JSON (import_syntax)",
    ]);
  });

  it("that is not UTF-8 is told with the first wrong byte", async () => {
    const path = write("latin.csv", Buffer.from("name,description\nweb1,caf\xe9\n", "latin1"));
    const error = await loadSource(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "import_not_text", where: { file: path, line: 2, column: 9 } });
  });

  it("that nests without end is refused before it is walked", () => {
    expect(problemsOf("osa", `{"web":${"[".repeat(100_000)}`)).toEqual([
      "f:1:73: nested more than 66 levels deep (import_too_deep)",
    ]);
    expect(problemsOf("osa-config", `global_overrides: ${"[".repeat(100_000)}`)[0]).toMatch(/import_too_deep/);
    expect(
      problemsOf("osa-config", Array.from({ length: 3000 }, (_, at) => `${" ".repeat(at)}a:`).join("\n"))[0],
    ).toMatch(/import_too_deep/);
  });

  it("whose aliases expand without end is refused", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
    for (let at = 1; at < 12; at += 1) lines.push(`a${at}: &a${at} [${`*a${at - 1}, `.repeat(9)}]`);
    expect(problemsOf("osa-config", `global_overrides:\n  ${lines.join("\n  ")}\n`)[0]).toMatch(/import_too_deep/);
  });

  it("with a number that cannot be kept exactly is refused, and one that can is kept", () => {
    expect(problemsOf("osa", '{"a": {"hosts": [],\n "vars": {"n": 12345678901234567890}}}')).toEqual([
      "f:2:16: the number 12345678901234567890 of 'n' cannot be kept exactly: write it in quotes (import_shape)",
    ]);
    expect(
      problemsOf("osa", '{"a": {"hosts": [], "vars": {"n": 9007199254740991, "t": "a 12345678901234567890"}}}'),
    ).toEqual([]);
  });

  it("of the wrong format is told so", () => {
    expect(problemsOf("osa", "[1]")).toEqual(["f:1:1: an inventory is a map of groups (import_syntax)"]);
    expect(problemsOf("osa-config", "a: [")[0]).toMatch(/import_syntax/);
    expect(problemsOf("netbox", "3")).toEqual(["f: the file is neither a list nor has `results` (import_syntax)"]);
  });
});

describe("hosts and groups", () => {
  const rowsOf = (hosts: Record<string, object>) =>
    new Map(
      readSource({ name: "x", site: "x", format: "osa", files: [{ path: "f", text: osa(hosts) }] }).rows.map((row) => [
        row.name,
        row.data,
      ]),
    );

  it("may stand on themselves: a machine names itself as its physical host", () => {
    const rows = rowsOf({ m1: { physical_host: "m1" }, "m1-api-0a1b2c3d": { physical_host: "m1", component: "api" } });
    expect(rows.get("m1")).toMatchObject({ parent: null, labels: {} });
    expect(rows.get("m1-api-0a1b2c3d")).toMatchObject({
      parent: "m1",
      role: "api",
      labels: { component: "api", container_uuid: "0a1b2c3d" },
    });
  });

  it("are reached by the names their release uses", () => {
    const rows = rowsOf({
      a: { ansible_host: "10.0.0.1", container_address: "10.0.0.9" },
      b: { ansible_ssh_host: "10.0.0.2" },
      c: { container_address: "10.0.0.3" },
      d: { management_address: "10.0.0.4" },
      e: { ansible_host: "{{ address }}" },
    });
    expect(["a", "b", "c", "d", "e"].map((name) => rows.get(name)?.["managementAddress"])).toEqual([
      "10.0.0.1",
      "10.0.0.2",
      "10.0.0.3",
      "10.0.0.4",
      null,
    ]);
  });

  it("that stand on each other are refused", () => {
    const text = osa({ a: { physical_host: "b" }, b: { physical_host: "a" } });
    expect(problemsOf("osa", text)).toEqual(["f:11:22: hosts stand on each other: a → b → a (import_circle)"]);
  });

  it("that contain each other are refused", () => {
    const text = '{"a": {"children": ["b"]}, "b": {"children": ["c"]}, "c": {"children": ["a"]}}';
    expect(problemsOf("ansible", text)).toEqual(["f:1:21: groups contain each other: a → b → c → a (import_circle)"]);
  });

  it("lose, with a warning, what our inventory has no place for", () => {
    const text =
      '{"web": {"hosts": ["web1"]}, "_meta": {"hostvars": {"web1": {"_x": 1, ">y": 2, "_site": 4, "z": 3}, "ghost": {}}}}';
    const { rows, warnings } = readSource({ name: "x", site: "x", files: [{ path: "f", text }] });
    expect(rows.find(({ name }) => name === "web1")?.data["variables"]).toEqual({ z: 3 });
    expect(warnings.map(problemText).map((line) => line.slice(0, 60))).toEqual(
      [
        "f:1:110: host 'ghost' has variables but is in no group: Ansible does n",
        'f:1:68: variable "_x" of host web1 is left out: names begin with a let',
        'f:1:77: variable ">y" of host web1 is left out: names begin with a let',
      ].map((line) => line.slice(0, 60)),
    );
  });
});

describe("a file that is too large", () => {
  it("is refused before it is read, with the limit", async () => {
    const path = write("openstack_inventory.json", "");
    truncateSync(path, 300 * 1024 * 1024);
    expect(await codeOf(loadSource(path))).toBe(
      `import_too_large: '${path}' has 314572800 bytes, and at most 268435456 are read`,
    );
  });

  it("takes no more memory and no more time than an import may", async () => {
    const hosts = Object.fromEntries(
      Array.from({ length: 30_000 }, (_, at) => [`host${at}`, { a: "x".repeat(100), at }]),
    );
    const body = (): Uint8Array =>
      new TextEncoder().encode(JSON.stringify({ name: "x", files: [{ path: "f", text: osa(hosts) }] }));
    const small = createImportReader(systemClock, { megabytes: 12, milliseconds: 60_000 });
    expect(await codeOf(small.read(body()))).toBe("import_too_large: reading it needs more than 12 MB of memory");
    const short = createImportReader(systemClock, { megabytes: 1024, milliseconds: 1 });
    expect(await codeOf(short.read(body()))).toBe("import_too_large: reading it took more than 0.001 s");
    // The next one is served.
    expect((await createImportReader(systemClock).read(body())).document.rows).toHaveLength(30_002);
  }, 60_000);
});

describe("a request", () => {
  it.each([
    ["nothing", "", "the JSON ends too early"],
    ["no files", '{"name": "x", "files": []}', "'files' must be a list of at least one {path, text}"],
    ["a bad name", '{"name": "a/b", "files": []}', "'name' must be 1 to 63 letters"],
    ["an unknown member", '{"name": "x", "fils": []}', "there is no 'fils' in an import; did you mean 'files'?"],
    [
      "an unknown format",
      '{"name": "x", "format": "osaa", "files": []}',
      "there is no format 'osaa'; did you mean 'osa'?",
    ],
    ["bytes that are no text", "\xff", "'request' is not UTF-8 text"],
  ])("with %s is refused", async (_title, body, message) => {
    const error = await createImportReader(systemClock)
      .read(Buffer.from(body, "latin1"))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GantryError);
    const { problems, message: whole } = error as GantryError;
    expect((problems[0]?.message ?? whole).slice(0, message.length)).toBe(message);
  });
});

describe("an archive", () => {
  async function archive(
    ...entries: readonly (readonly [Partial<Header> & { name: string }, string?])[]
  ): Promise<string> {
    const packed = pack();
    for (const [header, content = ""] of entries) packed.entry(header, content);
    packed.finalize();
    const chunks: Uint8Array[] = [];
    for await (const chunk of packed) chunks.push(chunk as Uint8Array);
    return write("a.tgz", gzipSync(Buffer.concat(chunks)));
  }

  it("is read in memory, with or without one folder around everything", async () => {
    const path = await archive([{ name: "out/machines.csv" }, "name\nweb1\n"], [{ name: "out/README" }, "x"]);
    expect(await loadSource(path)).toEqual({
      name: "a",
      format: "csv",
      files: [{ path: `${path}/out/machines.csv`, text: "name\nweb1\n" }],
    });
  });

  it.each([
    ["a path that leads up", { name: "a/../../etc/passwd" }, '"a/../../etc/passwd" leads out of the archive'],
    ["a path from the root", { name: "/etc/passwd" }, '"/etc/passwd" leads out of the archive'],
    [
      "a symbolic link",
      { name: "a", type: "symlink", linkname: "/etc/passwd" },
      '"a" is a symlink, and only files and folders are taken',
    ],
    ["a hard link", { name: "a", type: "link", linkname: "b" }, '"a" is a link, and only files and folders are taken'],
    [
      "a device",
      { name: "a", type: "character-device", devmajor: 1 },
      '"a" is a character-device, and only files and folders are taken',
    ],
  ] as const)("with %s is refused, and nothing is written", async (_title, header, message) => {
    const path = await archive([header]);
    expect(await codeOf(loadSource(path))).toBe(`import_file: the archive '${path}' is not taken: ${message}`);
    expect(readdirSync(folder)).toEqual(["a.tgz"]);
  });

  it("that unpacks to more than an import may hold is stopped there", async () => {
    const packed = pack();
    const size = 300 * 1024 * 1024;
    const path = join(folder, "bomb.tgz");
    const zeros = Buffer.alloc(size);
    packed.entry({ name: "a.csv", size }, zeros);
    packed.finalize();
    const chunks: Uint8Array[] = [];
    for await (const chunk of packed) chunks.push(chunk as Uint8Array);
    writeFileSync(path, gzipSync(Buffer.concat(chunks), { level: 1 }));
    expect(await codeOf(readArchive(path))).toBe(
      `import_too_large: the archive '${path}' holds more than 268435456 bytes`,
    );
  }, 60_000);

  it("that is cut off, or none at all, is told", async () => {
    const path = await archive([{ name: "machines.csv" }, "name\nweb1\n".repeat(1000)]);
    const whole = await archive([{ name: "machines.csv" }, "name\n"]);
    expect(whole).toBe(path);
    truncateSync(path, 60);
    expect(await codeOf(loadSource(path))).toMatch(/^import_file: the archive .* cannot be read: /);
    expect(await codeOf(loadSource(write("b.tgz", "no archive")))).toMatch(
      /^import_file: the archive .* cannot be read: /,
    );
  });
});

describe("a path", () => {
  it("that is not there, or is of no format, is told", async () => {
    expect(await codeOf(loadSource(join(folder, "nowhere")))).toBe(
      `import_file: '${join(folder, "nowhere")}' is not there`,
    );
    mkdirSync(join(folder, "empty"));
    expect(await codeOf(loadSource(join(folder, "empty"), "netbox"))).toMatch(
      /^import_format_unknown: .* holds no file of the format netbox/,
    );
    symlinkSync(join(folder, "nowhere"), join(folder, "link"));
    expect(await codeOf(loadSource(join(folder, "link")))).toMatch(/^import_file/);
  });

  it("for Ansible says what to install where Ansible is not there, and when it takes too long", async () => {
    const path = write("hosts", "[web]\nweb1\n");
    expect(await codeOf(listAnsible(path, { program: join(folder, "no-ansible") }))).toBe(
      `ansible_missing: '${path}' is an Ansible inventory, and ansible-inventory is not installed here`,
    );
    const slow = write("slow", "#!/bin/sh\nexec sleep 60\n");
    const { chmodSync } = await import("node:fs");
    chmodSync(slow, 0o755);
    expect(await codeOf(listAnsible(path, { program: slow, milliseconds: 50 }))).toBe(
      `ansible_failed: ansible-inventory took more than 0.05 s for '${path}'`,
    );
  });
});
