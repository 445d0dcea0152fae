import { GantryError } from "../../kernel/errors.ts";
import type { Target } from "../driver.ts";
import { DOCKER_HOST_UNSUPPORTED } from "./errors.ts";

/** Where the engine listens. */
export type EngineAddress =
  | { readonly kind: "unix"; readonly path: string }
  /** `certificates`: the folder with ca.pem, cert.pem and key.pem; without it the connection is not encrypted. */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly certificates?: string };

const DEFAULT = "unix:///var/run/docker.sock";

/**
 * The engine's address as Docker's own client finds it: DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH.
 * Source: docs.docker.com/reference/cli/docker, environment variables. Throws `docker_host_unsupported`.
 */
export function engineAddress(environment: Readonly<Record<string, string | undefined>>): EngineAddress {
  const text = environment["DOCKER_HOST"] || DEFAULT;
  if (text.startsWith("unix:///")) return { kind: "unix", path: text.slice("unix://".length) };
  const match = /^tcp:\/\/(?:\[([0-9a-f:]+)\]|([^\s/:[\]]+))(?::(\d{1,5}))?\/?$/i.exec(text);
  const [, ipv6, name, port] = match ?? [];
  const host = ipv6 ?? name;
  if (host === undefined) {
    throw new GantryError(
      DOCKER_HOST_UNSUPPORTED,
      `the address of the engine is ${text}, and not unix:///PATH or tcp://HOST:PORT`,
    );
  }
  const secure = (environment["DOCKER_TLS_VERIFY"] ?? "") !== "";
  const certificates = environment["DOCKER_CERT_PATH"] || `${environment["HOME"] ?? ""}/.docker`;
  return {
    kind: "tcp",
    host,
    port: Number(port ?? (secure ? 2376 : 2375)),
    ...(secure ? { certificates } : {}),
  };
}

/** What stands for the address of the structure a foundation is placed on. */
const HOST = "{host}";

/** A way of writing an engine's address in the attributes. */
export const ENGINE_TEXT = /^(unix:\/\/\/\S+|tcp:\/\/(\{host\}|\[[0-9a-f:]+\]|[^\s/:[\]{}]+)(:\d{1,5})?\/?)$/i;

/**
 * The engine that a foundation names, `tcp://{host}:2375` being that of the structure it is placed on; undefined: it names none.
 * Throws `docker_host_unsupported`.
 */
export function namedEngine({ name, given, host }: Pick<Target, "name" | "given" | "host">): EngineAddress | undefined {
  const { engine, engine_certificates: certificates } = given;
  if (typeof engine !== "string" || engine === "") return undefined;
  const address = host?.address ?? null;
  if (engine.includes(HOST) && address === null)
    throw new GantryError(
      DOCKER_HOST_UNSUPPORTED,
      `the engine of foundation ${name} is ${engine}, and it is placed on no structure with an address`,
    );
  const there = address?.includes(":") === true ? `[${address}]` : (address ?? "");
  const secure = typeof certificates === "string" && { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: certificates };
  return engineAddress({ DOCKER_HOST: engine.replace(HOST, there), ...secure });
}

/** The address as a user writes it. */
export function addressText(address: EngineAddress): string {
  if (address.kind === "unix") return `unix://${address.path}`;
  return `tcp://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}
