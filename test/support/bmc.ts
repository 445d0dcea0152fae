import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Chassis } from "./chassis.ts";
import type { RealPart } from "./real-part.ts";

/** BMCs that speak IPMI (ipmi_sim of openipmi), each in front of a chassis. They need the part qemu for what they switch. */
export const bmcPart: RealPart = {
  name: "bmc",
  packages: ["openipmi", "ipmitool"],
  present: () => existsSync("/usr/bin/ipmi_sim") && existsSync("/usr/bin/ipmitool"),
};

export interface SimulatedBmc {
  readonly port: number;
  stop(): Promise<void>;
}

const EMULATION = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;

/** Its users are ADMIN (password secret) and factory (password factory). */
export async function startBmc(chassis: Chassis): Promise<SimulatedBmc> {
  const port = await freeDatagramPort();
  const state = join(chassis.folder, "bmc");
  mkdirSync(state, { recursive: true });
  writeFileSync(
    join(state, "lan.conf"),
    `name "bmc"
set_working_mc 0x20
startlan 1
  addr 127.0.0.1 ${port}
  priv_limit admin
  allowed_auths_admin none md2 md5 straight
  guid a123456789abcdefa123456789abcdef
  lan_config_program "${chassis.command} 0x20"
endlan
chassis_control "${chassis.command} 0x20"
user 2 true "ADMIN" "secret" admin 10 none md2 md5 straight
user 3 true "factory" "factory" admin 10 none md2 md5 straight
`,
  );
  writeFileSync(join(state, "emulation"), EMULATION);
  const words = ["-c", join(state, "lan.conf"), "-f", join(state, "emulation"), "-s", state, "-n"];
  // Ends with the test run, also when that is killed.
  const child: ChildProcess = spawn("setpriv", ["--pdeathsig", "KILL", "ipmi_sim", ...words], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  await answers(port, child);
  return {
    port,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Presence Ping of RMCP (ASF 2.0, 3.2.4.2). */
const PING = Buffer.from([0x06, 0x00, 0xff, 0x06, 0x00, 0x00, 0x11, 0xbe, 0x80, 0x00, 0x00, 0x00]);

/** Waits until the BMC answers a ping. */
async function answers(port: number, child: ChildProcess): Promise<void> {
  const socket = createSocket("udp4");
  const ping = setInterval(() => socket.send(PING, port, "127.0.0.1"), 20);
  socket.on("error", () => undefined);
  try {
    const ended = once(child, "exit").then(() => {
      throw new Error("ipmi_sim ended at once");
    });
    await Promise.race([once(socket, "message"), ended]);
  } finally {
    clearInterval(ping);
    socket.close();
  }
}

/** A port of the loopback that nobody has. */
export async function freeDatagramPort(): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
  return port;
}
