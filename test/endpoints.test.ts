import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBench, type Bench, type Ended } from "./support/gantry.ts";

// People log in to a server elsewhere, each with a file of endpoints of his own, and work there over TLS.

let bench: Bench;
let url: string;

function file(name: string, content: string): string {
  const path = join(bench.folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

/** As somebody on another machine: no data folder, own endpoints. */
function as(person: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return bench.gantry(args, { GANTRY_DATA: "", XDG_CONFIG_HOME: join(bench.folder, person), ...more });
}

async function done(ended: Promise<Ended>): Promise<Ended> {
  const result = await ended;
  expect(result.code, `${result.out}${result.error}`).toBe(0);
  return result;
}

const endpointsOf = (person: string): string => join(bench.folder, person, "gantry/endpoints.json");

beforeAll(async () => {
  bench = createBench();
  await done(bench.gantry(["server", "start"]));
  const status = await done(bench.gantry(["server", "status", "--output", "json"]));
  url = (JSON.parse(status.out) as { urls: string[] }).urls[0]!;
  file("word", "a long enough one\n");
  for (const name of ["alice", "bob"]) {
    await done(bench.gantry(["account", "create", name, "--person"]));
    await done(bench.gantry(["account", "set-password", name, "--password-file", join(bench.folder, "word")]));
    await done(bench.gantry(["binding", "create", "designer", "--account", name]));
  }
});
afterAll(async () => {
  expect(await bench.clear()).toEqual([]);
});

const ca = (): string => join(bench.dataFolder, "tls/ca.pem");
const logIn = (person: string): Promise<Ended> =>
  as(person, [
    "login",
    "prod",
    "--url",
    url,
    "--ca",
    ca(),
    "--user",
    person,
    "--password-file",
    join(bench.folder, "word"),
  ]);

describe("gantry login", () => {
  it("trusts no authority that nobody named, and takes one by its fingerprint", async () => {
    const words = ["login", "prod", "--url", url, "--user", "alice", "--password-file", join(bench.folder, "word")];
    const unknown = await as("carol", words);
    expect([unknown.code, unknown.error]).toEqual([2, expect.stringContaining("server_not_trusted")]);
    const fingerprint = /^ {2}((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/m.exec(unknown.error)?.[1] ?? "";
    const other = await as("carol", [...words, "--fingerprint", fingerprint.replace(/^../, "00").replace(/..$/, "00")]);
    expect(other.code).toBe(2);
    await done(as("carol", [...words, "--fingerprint", fingerprint]));
    await done(as("carol", ["whoami"]));
  });

  it("keeps the endpoint for its user alone, asks it from then on, and forgets it with the session; a new one ends the former", async () => {
    await done(logIn("alice"));
    expect(statSync(endpointsOf("alice")).mode & 0o777).toBe(0o600);
    const shown = await done(as("alice", ["whoami"]));
    expect(shown.out).toContain(`prod (${url})`);
    const token = /"token": "([^"]+)"/.exec(readFileSync(endpointsOf("alice"), "utf8"))?.[1] ?? "";
    await done(as("alice", ["logout"]));
    expect(readFileSync(endpointsOf("alice"), "utf8")).not.toContain(token);
    expect((await as("alice", ["whoami"])).error).toContain("nobody is logged in to endpoint 'prod'");
    const GANTRY_CA = ca();
    await done(logIn("alice"));
    const second = /"token": "([^"]+)"/.exec(readFileSync(endpointsOf("alice"), "utf8"))?.[1] ?? "";
    await done(logIn("alice"));
    const replaced = await as("alice", ["whoami"], { GANTRY_URL: url, GANTRY_TOKEN: second, GANTRY_CA });
    expect(replaced.error).toContain("unauthenticated");
    const revoked = await as("alice", ["whoami"], { GANTRY_URL: url, GANTRY_TOKEN: token, GANTRY_CA });
    expect(revoked.error).toContain("unauthenticated");
  });

  it("is refused with a wrong password, and asks nobody where there is no terminal", async () => {
    const wrong = file("wrong", "not the right one");
    const words = ["login", "prod", "--url", url, "--ca", ca(), "--user", "alice"];
    expect((await as("dave", [...words, "--password-file", wrong])).error).toContain("login_refused");
    const nobody = await as("dave", words);
    expect([nobody.code, nobody.error]).toEqual([2, expect.stringContaining("give --password-file FILE")]);
  });

  it("uses no file that others may read, or in a folder that others may write", async () => {
    await done(
      logIn("erin").then(() =>
        as("erin", [
          "login",
          "x",
          "--url",
          url,
          "--ca",
          ca(),
          "--user",
          "bob",
          "--password-file",
          join(bench.folder, "word"),
        ]),
      ),
    );
    chmodSync(endpointsOf("erin"), 0o640);
    expect((await as("erin", ["whoami"])).error).toContain("file_not_private");
    chmodSync(endpointsOf("erin"), 0o600);
    chmodSync(join(bench.folder, "erin/gantry"), 0o777);
    expect((await as("erin", ["whoami"])).error).toContain("folder_not_private");
    chmodSync(join(bench.folder, "erin/gantry"), 0o700);
    await done(as("erin", ["whoami"]));
  });

  it("says what is wrong with a file it has not written, without quoting it", async () => {
    mkdirSync(join(bench.folder, "frank/gantry"), { recursive: true });
    const bad: readonly (readonly [string, string])[] = [
      ['{"endpoints": ["secret-token"', "is no JSON"],
      ['{"endpoints":{"prod":{"url":"https://a","id":"b","tokn":"secret-token"}}}', "`tokn` is not known"],
      ['{"endpoints":{"prod":{"url":"https://a"}}}', "needs `url` and `id`"],
      ['{"current":"gone"}', "there is no endpoint 'gone'"],
    ];
    for (const [text, message] of bad) {
      writeFileSync(endpointsOf("frank"), text, { mode: 0o600 });
      const { code, error } = await as("frank", ["whoami"]);
      expect([code, error]).toEqual([2, expect.stringContaining(message)]);
      expect(error).not.toContain("secret-token");
    }
  });
});

describe("gantry use", () => {
  it("says which server is asked; a flag and the environment come before it", async () => {
    await done(logIn("alice"));
    expect((await done(as("alice", ["use"]))).out).toMatch(/^prod +yes +https:\S+ +alice +yes$/m);
    await done(as("alice", ["use", "--local"]));
    expect((await as("alice", ["whoami"])).error).toContain("server_not_running");
    await done(as("alice", ["whoami", "--endpoint", "prod"]));
    const token = /"token": "([^"]+)"/.exec(readFileSync(endpointsOf("alice"), "utf8"))?.[1] ?? "";
    const given = { GANTRY_URL: url, GANTRY_TOKEN_FILE: file("token", `${token}\n`), GANTRY_CA: ca() };
    expect((await done(as("grace", ["whoami"], given))).out).toContain("alice");
    expect((await as("grace", ["whoami"], { GANTRY_URL: url })).error).toContain("neither GANTRY_TOKEN nor");
    const local = await done(as("alice", ["whoami", "--data", bench.dataFolder]));
    expect(local.out).toContain("administrator (socket)");
    await done(as("alice", ["use", "prod"]));
    expect((await as("alice", ["use", "prd"])).error).toContain("did you mean 'prod'?");
    const down = await as("alice", ["down", "--endpoint", "prod"]);
    expect([down.code, down.error]).toEqual([2, expect.stringContaining("takes no --endpoint")]);
  });
});

describe("two people on one server", () => {
  it("propose and approve: nobody alone", async () => {
    await done(logIn("alice"));
    await done(logIn("bob"));
    await done(bench.gantry(["create", "site", "lab"]));
    await done(bench.gantry(["create", "structure", "web1", "site=lab", "variables.port=80"]));
    await done(as("alice", ["set", "structure", "web1", "variables.port=8080", "--propose", "Another port"]));
    expect((await as("alice", ["change", "approve", "1"])).code).not.toBe(0);
    await done(as("bob", ["change", "approve", "1"]));
    await done(as("bob", ["change", "apply", "1"]));
    const web = await done(as("alice", ["get", "structures", "--output", "json"]));
    expect(web.out).toContain("8080");
  });

  it("change their own passwords with the ones they had", async () => {
    await done(logIn("bob"));
    const next = file("next", "another long enough one\n");
    const without = await as("bob", ["account", "set-password", "bob", "--password-file", next]);
    expect(without.error).toContain("--old-password-file");
    const old = ["--old-password-file", join(bench.folder, "word")];
    await done(as("bob", ["account", "set-password", "bob", "--password-file", next, ...old]));
    expect((await logIn("bob")).error).toContain("login_refused");
  });
});
