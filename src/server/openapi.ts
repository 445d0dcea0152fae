import { hashToken } from "../access/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import type { CertificateKeeper } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { compose } from "./compose.ts";

const unused = (): never => {
  throw new Error("nothing listens");
};

/** Of a server that does not listen. */
const NONE: CertificateKeeper = {
  current: { chain: "", key: "", authority: "", pin: "", former: undefined },
  source: "own",
  onChange: unused,
  rotate: unused,
  dropFormer: unused,
  look: unused,
  stop: unused,
};

/** The OpenAPI document of every route, without a server that listens. */
export async function openApiDocument(version = "1"): Promise<object> {
  const composition = await compose({
    clock: systemClock,
    random: systemRandom,
    log: silentLogger(),
    version,
    database: ":memory:",
    dataFolder: "",
    settings: {},
    administrator: hashToken("none"),
    certificates: NONE,
    heartbeat: 10_000,
    reachWithin: 0,
    keepEvents: 0,
    keepJobs: 0,
    git: { folder: "", local: false },
  });
  try {
    return await composition.http.openApi();
  } finally {
    await composition.close();
  }
}
