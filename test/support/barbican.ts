import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { freePort, until } from "./names.ts";
import type { RealPart } from "./real-part.ts";

/**
 * OpenStack's Barbican as Debian packages it: with SQLite, its simple crypto plug-in, and its pipeline without Keystone, in which the header
 * `X-Project-Id` says who asks.
 */
export const barbicanPart: RealPart = {
  name: "barbican",
  packages: ["barbican-api"],
  present: () => existsSync("/usr/lib/python3/dist-packages/barbican/api/app.py"),
};

export interface Barbican {
  readonly url: string;
  readonly project: string;
  /** Keeps a payload. Returns the UUID of the secret. */
  store(payload: string, type: "text/plain" | "application/octet-stream"): Promise<string>;
  stop(): Promise<void>;
}

const PIPELINES = `
[composite:main]
use = egg:Paste#urlmap
/v1: api

[pipeline:api]
pipeline = unauthenticated-context microversion apiapp

[app:apiapp]
paste.app_factory = barbican.api.app:create_main_app

[filter:unauthenticated-context]
paste.filter_factory = barbican.api.middleware.context:UnauthenticatedContextMiddleware.factory

[filter:microversion]
paste.filter_factory = barbican.api.middleware.microversion:MicroversionMiddleware.factory
`;

/** What Debian's service does by uWSGI: loads the pipelines and serves them. */
const SERVE = `
import sys
from wsgiref.simple_server import make_server
from paste import deploy
from barbican.common import config
settings, pipelines, port = sys.argv[1:]
config.parse_args(config.CONF, args=["--config-file", settings])
make_server("127.0.0.1", int(port), deploy.loadapp("config:" + pipelines)).serve_forever()
`;

function settingsOf(folder: string, port: number): string {
  return `
[DEFAULT]
sql_connection = sqlite:///${join(folder, "barbican.sqlite")}
db_auto_create = true
host_href = http://127.0.0.1:${port}
transport_url = fake://
log_file = ${join(folder, "log")}

[secretstore]
enabled_secretstore_plugins = store_crypto

[crypto]
enabled_crypto_plugins = simple_crypto

[simple_crypto_plugin]
kek = ${randomBytes(32).toString("base64")}
`;
}

/** Starts one; it ends with the test. */
export async function startBarbican(): Promise<Barbican> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-barbican-"));
  const port = await freePort();
  const files = { settings: join(folder, "barbican.conf"), pipelines: join(folder, "paste.ini") };
  writeFileSync(files.settings, settingsOf(folder, port), { mode: 0o600 });
  writeFileSync(files.pipelines, PIPELINES);
  const words = ["/usr/bin/python3", "-c", SERVE, files.settings, files.pipelines, String(port)];
  // Ends with the test run, also when that is killed.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...words], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-10_000)));
  const url = `http://127.0.0.1:${port}`;
  const project = "gantry";

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }

  onTestFinished(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`barbican ended: ${said}`);
      const answer = await fetch(`${url}/v1/secrets`, { headers: { "x-project-id": project } }).catch(() => undefined);
      return answer?.status;
    },
    (status) => status === 200,
  );
  return {
    url,
    project,
    async store(payload, type) {
      const encoding = type === "text/plain" ? {} : { payload_content_encoding: "base64" };
      const answer = await fetch(`${url}/v1/secrets`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-project-id": project },
        body: JSON.stringify({ name: "master key", payload, payload_content_type: type, ...encoding }),
      });
      const { secret_ref: reference } = (await answer.json()) as { readonly secret_ref: string };
      return reference.split("/").at(-1) ?? "";
    },
    stop,
  };
}
