import { writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { IMAGE, useEngine } from "./support/containers.ts";
import { type Bench, createBench, fetchPage, ROOT } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";

/** Contractor's own scripts for containers, imported as they are, on a real engine. */

const BLUEPRINTS = resolve(ROOT, process.env["GANTRY_CONFORMANCE"] ?? "../shared/conformance", "tscript/blueprints");

const ADDRESS = "172.29.254.10";
const SERVE = `require("node:http").createServer((_, answer) => answer.end("hello")).listen(8080)`;

const FOUNDATION = {
  name: "web1",
  site: "lab",
  type: "docker",
  blueprint: "docker-container-base",
  attributes: {
    image: IMAGE,
    command: ["/node/node", "-e", SERVE],
    mounts: [{ source: dirname(process.execPath), target: "/node", read_only: true }],
    networks: [{ name: "gantry-scripts", subnet: "172.29.254.0/24" }],
    ports: ["127.0.0.1::8080"],
  },
};

const STRUCTURE = {
  name: "web1",
  site: "lab",
  blueprint: "linux-base",
  foundation: "web1",
  variables: { docker_check_port: 8080 },
  addresses: [{ block: "lab", address: ADDRESS }],
};

describeReal("docker", "Contractor's scripts for containers", () => {
  const engine = useEngine();
  let bench: Bench;

  beforeAll(() => {
    bench = createBench();
  });
  afterAll(async () => {
    expect(await bench.clear()).toEqual([]);
  });

  async function create(kind: string, thing: object): Promise<void> {
    const file = join(bench.folder, "thing.json");
    writeFileSync(file, JSON.stringify(thing));
    expect(await gantry("create", kind, "--file", file)).toMatchObject({ code: 0, error: "" });
  }

  /** Of web1; undefined when it is gone. */
  async function state(kind: string): Promise<string | undefined> {
    const { code, out } = await gantry("show", kind, "web1", "-o", "json");
    return code === 0 ? (JSON.parse(out) as { state: string }).state : undefined;
  }

  function gantry(...words: readonly string[]) {
    return bench.gantry(words, { DOCKER_HOST: engine.host });
  }

  test("are imported, build a container with a program that answers, and take it down again", async () => {
    const files = ["core-base_os.toml", "plugins-docker.toml"].map((name) => join(BLUEPRINTS, name));
    expect(await gantry("blueprint", "import", "--yes", "--name", "contractor", ...files)).toMatchObject({ code: 0 });
    await create("site", { name: "lab" });
    await create("address-block", { name: "lab", site: "lab", subnet: "172.29.254.0/24", gateway: "172.29.254.1" });
    await create("foundation", FOUNDATION);
    await create("structure", STRUCTURE);
    await expect.poll(() => state("structure"), { timeout: 60_000 }).toBe("built");
    expect(await fetchPage(ADDRESS, 8080)).toMatchObject({ status: 200, text: "hello" });
    const [container] = JSON.parse(await engine.ask("GET", "/containers/json")) as { Id: string }[];
    const shown = await gantry("show", "foundation", "web1", "-o", "json");
    expect(shown.out).toContain(`"docker_id": "${container?.Id}"`);
    expect(await gantry("delete", "structure", "web1", "--yes")).toMatchObject({ code: 0 });
    expect(await gantry("delete", "foundation", "web1", "--yes")).toMatchObject({ code: 0 });
    await expect.poll(() => state("foundation"), { timeout: 60_000 }).toBeUndefined();
    expect(JSON.parse(await engine.ask("GET", "/containers/json?all=1"))).toEqual([]);
  });
});
