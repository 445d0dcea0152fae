// oxlint-disable gantry/no-shell -- the shell a user logs in with
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestAgent, type TestAgent } from "../src/verbs/testing.ts";
import { describeReal } from "./support/real.ts";

// USER and GROUP with the real tools, on systems in folders: this machine's own accounts stay as they are.

const HASH = "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFc1aSzAbuX7Q5gYW9zA0Hq2S6uF0G5R8h0y3rB8Gk1D";

let folder: string;
let root: string;
let agent: TestAgent;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-accounts-"));
  // Those who own a home must be able to get to it.
  chmodSync(folder, 0o755);
  root = join(folder, "root");
  mkdirSync(join(root, "etc"), { recursive: true });
  mkdirSync(join(root, "home"));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\nwheel:x:10:\naudio:x:29:\n");
  writeFileSync(join(root, "etc/shadow"), "root:*:19000:0:99999:7:::\n");
  writeFileSync(join(root, "etc/gshadow"), "root:*::\nwheel:!::\naudio:!::\n");
  writeFileSync(
    join(root, "etc/login.defs"),
    "UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\nENCRYPT_METHOD SHA512\n",
  );
  agent = await createTestAgent();
});
afterEach(async () => {
  await agent.remove();
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string): string => readFileSync(join(root, "etc", name), "utf8");

function user(parameters: object, shared?: { plan: true }) {
  const all = { name: "ada", root, ...parameters };
  return agent.call("user", all as never, shared === undefined ? {} : { shared }) as Promise<Record<string, unknown>>;
}

function group(parameters: object, shared?: { plan: true }) {
  const all = { name: "web", root, ...parameters };
  return agent.call("group", all as never, shared === undefined ? {} : { shared }) as Promise<Record<string, unknown>>;
}

describeReal([], "GROUP with groupadd and its like", () => {
  it("is there with its number, changes it, and goes; each once", async () => {
    expect(await group({ gid: 4000 }, { plan: true })).toEqual({ changed: true, diff: "+group web\n+gid 4000\n" });
    expect(file("group")).not.toMatch(/web/);
    expect(await group({ gid: 4000 })).toMatchObject({ changed: true, gid: 4000 });
    expect(await group({ gid: 4000 })).toMatchObject({ changed: false });
    expect(await group({ gid: 4001 })).toMatchObject({ changed: true, changes: ["-gid 4000", "+gid 4001"] });
    expect(await group({ state: "absent" })).toMatchObject({ changed: true });
    expect(await group({ state: "absent" })).toMatchObject({ changed: false });
    expect(file("group")).not.toMatch(/web/);
  });

  it("refuses a number that is taken, and to remove a user's own group", async () => {
    await expect(group({ gid: 10 })).rejects.toMatchObject({
      code: "account_refused",
      message: "group wheel has the number 10 already",
    });
    await expect(group({ name: "root", state: "absent" })).rejects.toMatchObject({ code: "account_refused" });
  });
});

describeReal([], "USER with useradd and its like", () => {
  it("is planned, made as wanted, and made once", async () => {
    const wanted = { uid: 4100, groups: ["wheel"], shell: "/bin/bash", comment: "Ada L.", create_home: true };
    expect(await user(wanted, { plan: true })).toEqual({
      changed: true,
      diff: "+user ada\n+uid 4100\n+groups wheel\n+shell /bin/bash\n+comment Ada L.\n",
    });
    expect(file("passwd")).not.toMatch(/ada/);
    expect(await user(wanted)).toMatchObject({ changed: true, uid: 4100, home: "/home/ada", shell: "/bin/bash" });
    expect(file("passwd")).toMatch(/^ada:x:4100:\d+:Ada L\.:\/home\/ada:\/bin\/bash$/m);
    expect(file("group")).toMatch(/^wheel:x:10:ada$/m);
    expect(statSync(join(root, "home/ada")).uid).toBe(4100);
    expect(await user(wanted)).toMatchObject({ changed: false, changes: [] });
  });

  it("changes what differs, and nothing else", async () => {
    await user({ uid: 4100, groups: ["wheel"], shell: "/bin/bash" });
    expect(await user({ shell: "/bin/sh", groups: ["audio"] })).toMatchObject({
      changed: true,
      changes: ["-shell /bin/bash", "+shell /bin/sh", "-in group wheel", "+in group audio"],
    });
    expect(await user({ groups: ["wheel"], append: true })).toMatchObject({ changes: ["+in group wheel"] });
    expect(file("group")).toMatch(/^wheel:x:10:ada\naudio:x:29:ada$/m);
    expect(await user({ groups: [] })).toMatchObject({ changes: ["-in group audio", "-in group wheel"] });
  });

  it("keeps keys as the user, so that a link in its home leads nowhere else", async () => {
    await user({ uid: 4100 });
    expect(await user({ keys: [`${KEY} ada@desk`] }, { plan: true })).toMatchObject({
      changed: true,
      diff: "+key ssh-ed25519 …8h0y3rB8Gk1D ada@desk\n",
    });
    expect(await user({ keys: [`${KEY} ada@desk`] })).toMatchObject({ changed: true });
    const path = join(root, "home/ada/.ssh/authorized_keys");
    expect(readFileSync(path, "utf8")).toBe(`${KEY} ada@desk\n`);
    expect([statSync(path).uid, statSync(path).mode & 0o777]).toEqual([4100, 0o600]);
    expect(await user({ keys: [`${KEY} ada@desk`] })).toMatchObject({ changed: false });
    // What only root may read or write is out of its reach.
    const secret = join(folder, "secret");
    writeFileSync(secret, `${KEY.replace("Gk1D", "Gk1E")} of-root\n`, { mode: 0o600 });
    rmSync(path);
    symlinkSync(secret, path);
    expect(await user({ keys: [`${KEY} ada@desk`] })).toMatchObject({ changed: true });
    expect(readFileSync(secret, "utf8")).toMatch(/of-root\n$/);
    expect(lstatSync(path).isSymbolicLink()).toBe(false);
    expect(readFileSync(path, "utf8")).toBe(`${KEY} ada@desk\n`);
  });

  it("is refused what cannot be", async () => {
    await expect(user({ uid: 0 })).rejects.toMatchObject({ message: "user root has the number 0 already" });
    await expect(user({ groups: ["weel"] })).rejects.toMatchObject({
      code: "account_refused",
      message: expect.stringMatching(/did you mean wheel\?/),
    });
    expect(file("passwd")).not.toMatch(/ada/);
  });

  it("goes with its home where that is wanted, and goes once", async () => {
    await user({ uid: 4100 });
    const absent = { state: "absent", remove_home: true };
    expect(await user(absent, { plan: true })).toEqual({ changed: true, diff: "-user ada (4100)\n" });
    expect(await user(absent)).toMatchObject({ changed: true });
    expect(existsSync(join(root, "home/ada"))).toBe(false);
    expect(await user(absent)).toMatchObject({ changed: false });
  });
});

describe("the password of a user", () => {
  it("reaches its tool on the standard input, and no diff", async () => {
    const programs = join(folder, "programs");
    mkdirSync(programs);
    writeFileSync(join(programs, "chpasswd"), `#!/bin/sh\necho "$@" > ${folder}/words; cat > ${folder}/input\n`);
    chmodSync(join(programs, "chpasswd"), 0o755);
    await user({ uid: 4100 });
    const wanted = { password: HASH, environment: { PATH: `${programs}:${process.env["PATH"]}` } };
    expect(await user(wanted, { plan: true })).toEqual({ changed: true, diff: "~password\n" });
    expect(JSON.stringify(await user(wanted))).not.toMatch(/IxDD3/);
    expect(readFileSync(join(folder, "words"), "utf8")).toBe(`--root ${root} --encrypted\n`);
    expect(readFileSync(join(folder, "input"), "utf8")).toBe(`ada:${HASH}\n`);
  });

  it("is a hash", async () => {
    await expect(user({ password: "secret" })).rejects.toThrow(/is not the hash of a password/);
  });
});
