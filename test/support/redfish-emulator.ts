import { randomBytes, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { systemClock } from "../../src/kernel/clock.ts";
import { type Certificates, ensureCertificates, pinOf } from "../../src/platform/http/index.ts";
import type { Chassis } from "./chassis.ts";

/**
 * A BMC that speaks Redfish, in front of a chassis: no such service is in Debian. As strict as the strictest: every path but the root's is made
 * up anew and only said by links, changes need the ETag of what was read, and there are few sessions.
 */
export interface RedfishEmulator {
  readonly url: string;
  /** SHA-256 of its certificate. */
  readonly fingerprint: string;
  /** PEM of its certificate's authority. */
  readonly authority: string;
  /** Users and their passwords. */
  readonly accounts: Map<string, string>;
  /** Sessions that are open now. */
  sessions(): number;
  /** Kinds of reset it was asked for. */
  readonly resets: string[];
  /** Kinds of reset it allows. */
  allowed: readonly string[];
  /** Where its systems are, more than one of them if need be. */
  systems: readonly string[];
  /** Gets every request first; true: it has answered. */
  interfere: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  stop(): Promise<void>;
}

const MOST_SESSIONS = 4;

/** Made once for all of them. */
let certificates: Promise<Certificates> | undefined;

async function makeCertificates(): Promise<Certificates> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-redfish-"));
  try {
    return await ensureCertificates(folder, ["127.0.0.1"], systemClock);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function startRedfish(chassis: Chassis): Promise<RedfishEmulator> {
  certificates ??= makeCertificates();
  const { chain, key, authority } = await certificates;
  const secret = () => `/redfish/v1/${randomBytes(6).toString("hex")}`;
  const at = {
    systems: secret(),
    more: secret(),
    reset: secret(),
    resetInfo: secret(),
    interfaces: secret(),
    card: secret(),
    sessions: secret(),
    accountService: secret(),
    accounts: secret(),
    update: secret(),
    inventory: secret(),
    software: secret(),
  };
  const systemPaths = new Map<string, string>();
  const tokens = new Map<string, string>();
  let version = 1;
  let boot: Record<string, unknown> = { BootSourceOverrideTarget: "None", BootSourceOverrideEnabled: "Disabled" };

  const emulator: { -readonly [Member in keyof RedfishEmulator]: RedfishEmulator[Member] } = {
    url: "",
    fingerprint: pinOf(new X509Certificate(chain)),
    authority,
    accounts: new Map([
      ["ADMIN", "secret"],
      ["factory", "factory"],
    ]),
    sessions: () => tokens.size,
    resets: [],
    allowed: ["On", "ForceOff", "GracefulShutdown"],
    systems: ["System.1"],
    interfere: undefined,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };

  function pathOf(id: string): string {
    const known = systemPaths.get(id) ?? secret();
    systemPaths.set(id, known);
    return known;
  }

  function isLetIn(request: IncomingMessage): boolean {
    const token = request.headers["x-auth-token"];
    if (typeof token === "string") return [...tokens.values()].includes(token);
    const [, basic = ""] = /^Basic (.*)$/.exec(request.headers.authorization ?? "") ?? [];
    const [, user = "", password] = /^([^:]*):(.*)$/s.exec(Buffer.from(basic, "base64").toString()) ?? [];
    return password !== undefined && emulator.accounts.get(user) === password;
  }

  const link = (path: string) => ({ "@odata.id": path });

  async function system(id: string): Promise<object> {
    return {
      ...link(pathOf(id)),
      Id: id,
      PowerState: (await chassis.get("power")) === "1" ? "On" : "Off",
      UUID: "01890000-0000-7000-8000-0000000000AB",
      Manufacturer: "Example",
      Model: "R1",
      SerialNumber: "4711",
      BiosVersion: "1.2.3",
      Boot: { ...boot, "BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Pxe", "Hdd"] },
      EthernetInterfaces: link(at.interfaces),
      Actions: { "#ComputerSystem.Reset": { target: at.reset, "@Redfish.ActionInfo": at.resetInfo } },
    };
  }

  async function read(path: string): Promise<object | undefined> {
    const one = emulator.systems.find((id) => pathOf(id) === path);
    if (one !== undefined) return system(one);
    const account = [...emulator.accounts.keys()].find((name) => path === `${at.accounts}/${name}`);
    if (account !== undefined) return { ...link(path), Id: account, UserName: account, Password: null };
    switch (path) {
      case at.systems: {
        const [first, ...rest] = emulator.systems.map((id) => link(pathOf(id)));
        return {
          Members: first === undefined ? [] : [first],
          ...(rest.length === 0 ? {} : { "Members@odata.nextLink": at.more }),
        };
      }
      case at.more:
        return { Members: emulator.systems.slice(1).map((id) => link(pathOf(id))) };
      case at.resetInfo:
        return { Parameters: [{ Name: "ResetType", AllowableValues: emulator.allowed }] };
      case at.interfaces:
        return { Members: [link(at.card)] };
      case at.card:
        return {
          Id: "NIC.1",
          MACAddress: "52:54:00:18:00:20",
          IPv4Addresses: [{ Address: "10.18.0.20", SubnetMask: "255.255.255.0", Gateway: "10.18.0.1" }],
        };
      case at.accountService:
        return { Accounts: link(at.accounts) };
      case at.accounts:
        return { Members: [...emulator.accounts.keys()].map((name) => link(`${at.accounts}/${name}`)) };
      case at.update:
        return { FirmwareInventory: link(at.inventory) };
      case at.inventory:
        return { Members: [link(at.software)] };
      case at.software:
        return { Id: "BMC", Name: "BMC Firmware", Version: "7.0.1" };
      default:
        return undefined;
    }
  }

  const root = {
    ...link("/redfish/v1/"),
    RedfishVersion: "1.15.0",
    Systems: link(at.systems),
    AccountService: link(at.accountService),
    UpdateService: link(at.update),
    Links: { Sessions: link(at.sessions) },
  };

  async function post(path: string, body: Record<string, unknown>, response: ServerResponse): Promise<void> {
    if (path === at.reset) {
      const type = String(body["ResetType"]);
      if (!emulator.allowed.includes(type)) return refuse(response, 400, `ResetType ${type} is not allowed`);
      emulator.resets.push(type);
      if (boot["BootSourceOverrideEnabled"] === "Once" && type === "On")
        boot = { ...boot, BootSourceOverrideEnabled: "Disabled" };
      if (type === "GracefulShutdown") await chassis.set("shutdown", "1");
      else await chassis.set("power", type.endsWith("On") ? "1" : "0");
      return answer(response, 204);
    }
    if (path === at.accounts) {
      emulator.accounts.set(String(body["UserName"]), String(body["Password"]));
      return answer(response, 201, {});
    }
    refuse(response, 405, "nothing can be made here");
  }

  async function patch(
    path: string,
    body: Record<string, unknown>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const etag = request.headers["if-match"];
    if (etag === undefined) return refuse(response, 428, "If-Match is needed");
    if (etag !== `"${version}"`) return refuse(response, 412, "somebody else changed it");
    version += 1;
    if (path.startsWith(`${at.accounts}/`)) {
      emulator.accounts.set(path.slice(at.accounts.length + 1), String(body["Password"]));
    } else {
      boot = { ...boot, ...(body["Boot"] as object) };
      await chassis.set("boot", boot["BootSourceOverrideTarget"] === "Pxe" ? "pxe" : "default");
    }
    answer(response, 200, {});
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "" } = request;
    if (emulator.interfere?.(request, response) === true) return;
    if (method === "GET" && path === "/redfish/v1/") return answer(response, 200, root);
    const body = method === "GET" ? {} : (JSON.parse((await text(request)) || "{}") as Record<string, unknown>);
    if (method === "POST" && path === at.sessions) {
      if (emulator.accounts.get(String(body["UserName"])) !== body["Password"])
        return refuse(response, 401, "wrong user or password");
      if (tokens.size >= MOST_SESSIONS) return refuse(response, 503, "too many sessions");
      const token = randomBytes(12).toString("hex");
      const location = `${at.sessions}/${tokens.size}${token.slice(0, 4)}`;
      tokens.set(location, token);
      response.setHeader("X-Auth-Token", token).setHeader("Location", location);
      return answer(response, 201, {});
    }
    if (!isLetIn(request)) return refuse(response, 401, "log in first");
    if (method === "DELETE" && tokens.delete(path)) return answer(response, 204);
    if (method === "POST") return post(path, body, response);
    const found = await read(path);
    if (found === undefined) return refuse(response, 404, `there is no ${path}`);
    if (method === "PATCH") return patch(path, body, request, response);
    response.setHeader("ETag", `"${version}"`);
    answer(response, 200, found);
  }

  const server = createServer({ cert: chain, key }, (request, response) => {
    serve(request, response).catch((error: unknown) => refuse(response, 500, String(error)));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  emulator.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return emulator;
}

function answer(response: ServerResponse, status: number, body?: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (status === 503) response.setHeader("Retry-After", "0");
  const info = [{ MessageId: "Base.1.0.GeneralError", Message: message }];
  answer(response, status, {
    error: { code: "Base.1.0.GeneralError", message: "see extended info", "@Message.ExtendedInfo": info },
  });
}
