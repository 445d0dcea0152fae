import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createGitReader } from "../src/exchange/git.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { startGitServer, type GitServer } from "./support/git.ts";
import { processesOf } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";

describeReal("git", "the configuration of groups in git", () => {
  let folder: string;
  let server: GitServer;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "gantry-clone-"));
    server = await startGitServer();
  });

  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function reader(change: Partial<Parameters<typeof createGitReader>[0]> = {}) {
    return createGitReader({ clock: systemClock, folder: join(folder, "git"), local: false, ...change });
  }

  function from(url: string, revision = "main", path = "vars") {
    return { url, revision, path };
  }

  it("is read at a branch, a tag and a commit, and kept by its commit", async () => {
    const first = server.commit({
      "vars/b.yml": "b: 1\n",
      "vars/a.yaml": "a: 1\n",
      "vars/no.txt": "",
      "one.yml": "x: 1\n",
    });
    server.tag("v1");
    const second = server.commit({ "vars/b.yml": "b: 2\n", "vars/deeper/c.yml": "c: 1\n" });
    const git = reader();
    expect(await git.read(from(server.url))).toEqual({
      commit: second,
      files: [
        { path: "vars/a.yaml", text: "a: 1\n" },
        { path: "vars/b.yml", text: "b: 2\n" },
      ],
    });
    expect((await git.read(from(server.url, "v1"))).commit).toBe(first);
    expect((await git.read(from(server.url, "v1", "one.yml"))).files).toEqual([{ path: "one.yml", text: "x: 1\n" }]);
    expect((await git.read(from(server.url, "v1", ""))).files).toHaveLength(1);
    await server.stop();
    expect((await git.read(from(server.url, first))).files.at(-1)?.text).toBe("b: 1\n");
    await expect(git.read(from(server.url))).rejects.toMatchObject({ code: "git_failed" });
  });

  it("is read by a commit that no branch names any more", async () => {
    const first = server.commit({ "vars/b.yml": "b: 1\n" });
    server.commit({ "vars/b.yml": "b: 2\n" });
    expect((await reader().read(from(server.url, first))).files[0]?.text).toBe("b: 1\n");
  });

  it("that is not there is told", async () => {
    server.commit({ "vars/b.yml": "b: 1\n", "docs/x": "" });
    const git = reader();
    await expect(git.read(from(server.url, "nowhere"))).rejects.toMatchObject({
      code: "git_failed",
      message: expect.stringContaining("at nowhere") as string,
    });
    for (const path of ["nothing", "docs"])
      await expect(git.read(from(server.url, "main", path))).rejects.toMatchObject({
        code: "configuration_file_invalid",
        message: expect.stringContaining("there is no YAML file") as string,
      });
  });

  it("from a path of this machine is refused, unless that is allowed", async () => {
    const commit = server.commit({ "vars/b.yml": "b: 1\n" });
    for (const url of [server.folder, `file://${server.folder}`]) {
      await expect(reader().read(from(url))).rejects.toMatchObject({ code: "git_url_not_allowed" });
      expect((await reader({ local: true }).read(from(url))).commit).toBe(commit);
    }
  });

  it("runs no program that a URL names", async () => {
    const mark = join(folder, "mark");
    for (const url of [
      `ext::sh -c touch% ${mark}`,
      `--upload-pack=touch ${mark}`,
      `ssh://-oProxyCommand=touch%20${mark}/x`,
    ])
      await expect(reader({ local: true }).read(from(url))).rejects.toMatchObject({ code: "git_url_not_allowed" });
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(mark)).toBe(false);
  });

  it("that is too large is refused and not kept", async () => {
    const largest = 1024 * 1024;
    const small = server.commit({ "vars/b.yml": "b: 1\n" });
    const git = reader({ largest });
    expect((await git.read(from(server.url, small))).commit).toBe(small);
    // What is random cannot be packed.
    server.commit({ "blob.bin": randomBytes(2 * largest).toString("base64") });
    await expect(git.read(from(server.url))).rejects.toMatchObject({
      code: "git_failed",
      message: `${server.url} at main: the repository is larger than 1 MiB`,
    });
    expect(readdirSync(join(folder, "git"))).toEqual([]);
    expect((await git.read(from(server.url, small))).commit).toBe(small);
  });

  it("that never answers is given up, and named", async () => {
    const silent = await new Promise<Server>((resolve) => {
      const made: Server = createServer(() => {}).listen(0, "127.0.0.1", () => resolve(made));
    });
    const { port } = silent.address() as { readonly port: number };
    const url = `git://127.0.0.1:${port}/x.git`;
    await expect(reader({ patience: 500 }).read(from(url))).rejects.toMatchObject({
      code: "git_failed",
      message: expect.stringContaining(`${url} at main: git did not answer within`) as string,
    });
    expect(processesOf(folder)).toEqual([]);
    silent.close();
  });
});
