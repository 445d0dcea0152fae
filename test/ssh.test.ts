import { execFile } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callFunction } from "../src/drivers/conformance.ts";
import { createSshModule } from "../src/drivers/ssh/index.ts";
import type { FunctionContext } from "../src/link/index.ts";
import { createRedactor } from "../src/platform/redaction/index.ts";
import { createBench } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";
import { type SshServer, startSshServer } from "./support/sshd.ts";

// The module `ssh` against a server of OpenSSH, with keys of its own.

const program = promisify(execFile);
let server: SshServer;
let folder: string;
const knownHosts: string[] = [];
const ssh = createSshModule({ knownHostsFiles: knownHosts });
const redactor = createRedactor();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-ssh-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function login(more: object = {}): Record<string, unknown> {
  return { target: "127.0.0.1", port: server.port, user: server.user, private_key: server.key, ...more };
}

/** As the executor gives it to a task whose parameters hold secrets. */
function context(changes: Partial<FunctionContext> = {}): Partial<FunctionContext> {
  return { hiding: () => redactor.stream(), ...changes };
}

function hostKey(): string {
  return readFileSync(server.knownHosts, "utf8").trim().split(" ").slice(1).join(" ");
}

describeReal("sshd", "the module ssh", () => {
  beforeAll(async () => {
    server = await startSshServer();
    redactor.add("key", Buffer.from(server.key));
    knownHosts.push(server.knownHosts);
    await program("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "stranger")]);
  });
  afterAll(() => server.stop());

  it("runs a command as the shell gets it, with its output live and its exit code", async () => {
    const chunks: string[] = [];
    const output = (stream: string, chunk: Uint8Array) =>
      void chunks.push(`${stream}: ${Buffer.from(chunk).toString()}`);
    const command = 'echo "a  b" | tr a-z A-Z; cat; echo error >&2';
    const answer = await callFunction(ssh, "execute", login({ command, input: "given\n" }), context({ output }));
    expect(answer).toEqual({ exit_code: 0, stdout: "A  B\ngiven\n", stderr: "error\n" });
    expect(chunks.filter((one) => one.startsWith("stdout")).join("")).toContain("A  B");
    expect(chunks).toContain("stderr: error\n");
    await expect(callFunction(ssh, "execute", login({ command: "exit 7" }), context())).rejects.toMatchObject({
      code: "ssh_command_failed",
      message: "the command ended with exit code 7",
      details: { exit_code: 7 },
    });
    const allowed = login({ command: "exit 7", codes: [0, 7] });
    expect(await callFunction(ssh, "execute", allowed, context())).toMatchObject({ exit_code: 7 });
    await expect(callFunction(ssh, "execute", login({ command: "kill -9 $$" }), context())).rejects.toMatchObject({
      code: "ssh_command_failed",
      details: { signal: "SIGKILL" },
    });
  });

  it("passes a long output on whole, and keeps its end", async () => {
    let bytes = 0;
    const output = (_stream: string, chunk: Uint8Array) => void (bytes += chunk.length);
    const answer = await callFunction(ssh, "execute", login({ command: "seq 1 300000" }), context({ output }));
    expect(bytes).toBe(1_988_895);
    const { stdout } = answer as { stdout: string };
    expect(stdout.endsWith("\n300000\n")).toBe(true);
    expect(stdout.length).toBeLessThanOrEqual(65_536);
  });

  it("stops when its time is up, and when it is cancelled", async () => {
    const late = login({ command: "sleep 60", timeout: 0.3 });
    await expect(callFunction(ssh, "execute", late, context())).rejects.toMatchObject({ code: "function_timed_out" });
    const stop = new AbortController();
    const output = () => stop.abort(new Error("cancelled"));
    const running = login({ command: "echo begun; sleep 60" });
    await expect(callFunction(ssh, "execute", running, context({ output, signal: stop.signal }))).rejects.toThrow(
      "cancelled",
    );
  });

  it("speaks to a host that is known alone", async () => {
    const command = "true";
    const run = (more: object) => callFunction(ssh, "execute", login({ command, ...more }), context());
    const good = { exit_code: 0 };
    expect(await run({ host_key: hostKey() })).toMatchObject(good);
    const printed = await program("ssh-keygen", ["-lf", server.knownHosts]);
    const fingerprint = /SHA256:\S+/.exec(printed.stdout)?.[0] ?? "";
    expect(await run({ host_key: fingerprint })).toMatchObject(good);
    const hashed = join(folder, "hashed");
    writeFileSync(hashed, readFileSync(server.knownHosts));
    await program("ssh-keygen", ["-q", "-H", "-f", hashed]);
    expect(readFileSync(hashed, "utf8")).toContain("|1|");
    expect(await run({ known_hosts: readFileSync(hashed, "utf8") })).toMatchObject(good);

    await expect(run({ known_hosts: "# nobody\n" })).rejects.toMatchObject({
      code: "ssh_host_unknown",
      message: expect.stringContaining(fingerprint),
    });
    const stranger = readFileSync(join(folder, "stranger.pub"), "utf8");
    await expect(run({ host_key: stranger })).rejects.toMatchObject({ code: "ssh_host_differs" });
    await expect(run({ host_key: "SHA256:nothing" })).rejects.toMatchObject({ code: "ssh_known_hosts_wrong" });
    await program("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", join(folder, "other-type")]);
    const otherType = readFileSync(join(folder, "other-type.pub"), "utf8");
    await expect(run({ host_key: otherType })).rejects.toMatchObject({ code: "ssh_host_differs" });
    // Nothing was learned of it.
    expect(readFileSync(server.knownHosts, "utf8").trim().split("\n")).toHaveLength(1);
  });

  it("takes a key that is a secret, and no other", async () => {
    const command = "true";
    await expect(callFunction(ssh, "execute", login({ command }))).rejects.toMatchObject({ code: "ssh_not_secret" });
    const plain = login({ command, password: "plain text" });
    await expect(callFunction(ssh, "execute", plain, context())).rejects.toMatchObject({ code: "ssh_not_secret" });
    const stranger = readFileSync(join(folder, "stranger"), "utf8");
    redactor.add("stranger", Buffer.from(stranger));
    const refused = login({ command, private_key: stranger });
    await expect(callFunction(ssh, "execute", refused, context())).rejects.toMatchObject({ code: "ssh_refused" });
    redactor.add("rubbish", Buffer.from("no key at all"));
    const rubbish = login({ command, private_key: "no key at all" });
    await expect(callFunction(ssh, "execute", rubbish, context())).rejects.toMatchObject({ code: "ssh_key_wrong" });
  });

  it("says when nobody listens", async () => {
    const nobody = login({ command: "true", port: 1 });
    await expect(callFunction(ssh, "execute", nobody, context())).rejects.toMatchObject({ code: "ssh_unreachable" });
  });

  it("puts files in one step, with their mode, and reads them", async () => {
    const path = join(folder, "config");
    const file = (more: object) => callFunction(ssh, "file", login({ path, ...more }), context());
    await expect(file({})).rejects.toMatchObject({ code: "ssh_file_failed", message: `there is no file ${path}` });
    expect(await file({ content: "grün\n", mode: "0640" })).toEqual({ changed: true });
    expect(readFileSync(path, "utf8")).toBe("grün\n");
    expect((statSync(path).mode & 0o7777).toString(8)).toBe("640");
    const before = statSync(path).ino;
    expect(await file({ content: "grün\n" })).toEqual({ changed: false });
    expect(statSync(path).ino).toBe(before);
    // A new file takes the place of the old one, and has its mode.
    expect(await file({ content: "blau\n" })).toEqual({ changed: true });
    expect(statSync(path).ino).not.toBe(before);
    expect((statSync(path).mode & 0o7777).toString(8)).toBe("640");
    expect(await file({})).toEqual({ content: "blau\n", mode: "0640" });
    expect(await file({ encoding: "base64" })).toEqual({ content: "YmxhdQo=", mode: "0640" });
    const large = Buffer.alloc(200_000, 7);
    expect(await file({ content: large.toString("base64"), encoding: "base64" })).toEqual({ changed: true });
    expect(readFileSync(path).equals(large)).toBe(true);
    expect(((await file({ encoding: "base64" })) as { content: string }).content).toBe(large.toString("base64"));
  });

  it("leaves nothing of a file that could not be put, and reads no more than it can answer with", async () => {
    const file = (path: string, more: object = {}) => callFunction(ssh, "file", login({ path, ...more }), context());
    const inside = join(folder, "full");
    writeFileSync(join(folder, "here"), "x".repeat(300_000));
    await expect(file(join(folder, "here"))).rejects.toMatchObject({ code: "ssh_file_too_large" });
    await expect(file(join(inside, "deep"), { content: "x" })).rejects.toMatchObject({ code: "ssh_file_failed" });
    await expect(file(folder, { content: "x" })).rejects.toMatchObject({ code: "ssh_file_failed" });
    // A file without an end.
    symlinkSync("/dev/zero", join(folder, "endless"));
    await expect(file(join(folder, "endless"))).rejects.toMatchObject({ code: "ssh_file_failed" });
    expect(existsSync(inside)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes(".gantry-"))).toEqual([]);
  });

  it("is used by scripts with a key that is kept as a secret, and no log shows it", async () => {
    const bench = createBench();
    try {
      writeFileSync(join(folder, "user-key"), server.key);
      const site = join(bench.folder, "site.yaml");
      const variables = { key: { $secret: "ssh-key" }, host_key: hostKey(), port: server.port, user: server.user };
      const script = [
        "answer = ssh.execute( target='127.0.0.1', port=config.port, user=config.user, private_key=config.key, host_key=config.host_key, command='cat; echo seen', input=config.key )",
        "message( msg=answer )",
        "up = iputils.wait_for_port( target='127.0.0.1', port=config.port )",
      ];
      const machine = { builds: "foundation", foundation_types: ["test"], scripts: { create: "foundation.create()" } };
      writeFileSync(
        site,
        JSON.stringify({
          design: "ssh",
          sites: { lab: { kind: "lab" } },
          blueprints: { machine, look: { builds: "structure", scripts: { create: script.join("\n") } } },
          structures: {
            one: { site: "lab", blueprint: "look", variables, foundation: { type: "test", blueprint: "machine" } },
          },
        }),
      );
      const first = join(bench.folder, "first.yaml");
      writeFileSync(first, JSON.stringify({ design: "ssh", sites: { lab: { kind: "lab" } } }));
      expect(await bench.gantry(["up", first, "--yes"])).toMatchObject({ code: 0 });
      const key = join(folder, "user-key");
      expect(await bench.gantry(["secret", "set", "ssh-key", "--site", "lab", "--value-file", key])).toMatchObject({
        code: 0,
      });
      expect(await bench.gantry(["up", site, "--yes"])).toMatchObject({ code: 0 });
      const jobs = JSON.parse((await bench.gantry(["get", "jobs", "--output", "json"])).out) as { id: string }[];
      const logs = await Promise.all(jobs.map(({ id }) => bench.gantry(["job", "log", id])));
      const said = logs.map(({ out }) => out).join("");
      expect(said).toContain("seen");
      for (const line of server.key.trim().split("\n").slice(1, -1)) expect(said).not.toContain(line);
    } finally {
      expect(await bench.clear()).toEqual([]);
    }
  });
});
