import { showSize } from "../blueprints/index.ts";

/** What a machine is made of, in lines for people. */

export interface ShownFacts {
  readonly system: {
    readonly uuid: string | null;
    readonly vendor: string | null;
    readonly product: string | null;
    readonly serial: string | null;
  };
  readonly cpus: {
    readonly count: number;
    readonly cores: number;
    readonly threads: number;
    readonly model: string | null;
  };
  readonly memory: number;
  readonly disks: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly kind: string | null;
    readonly model: string | null;
  }[];
  readonly interfaces: readonly {
    readonly device: string;
    readonly mac: string | null;
    readonly speed: number | null;
    readonly lldp: {
      readonly mac: string | null;
      readonly name: string | null;
      readonly slot: number | null;
      readonly port: number | null;
    } | null;
    readonly addresses: readonly string[];
  }[];
  readonly pci: readonly object[];
  readonly firmware: Readonly<Record<string, string>>;
}

export function hardwareText({
  system,
  cpus,
  memory,
  disks,
  interfaces,
  pci,
  firmware,
}: ShownFacts): readonly string[] {
  const { vendor, product, serial, uuid } = system;
  const named = [vendor, product, serial === null ? null : `serial ${serial}`, uuid === null ? null : `uuid ${uuid}`];
  const sockets = `${cpus.count} ${cpus.count === 1 ? "socket" : "sockets"}, ${cpus.cores} cores, ${cpus.threads} threads`;
  return [
    `system      ${named.filter((one) => one !== null).join(", ") || "not known"}`,
    `processors  ${sockets}${cpus.model === null ? "" : `: ${cpus.model}`}`,
    `memory      ${showSize(memory)}`,
    ...disks.map(
      ({ name, bytes, kind, model }) => `disk        ${[name, showSize(bytes), kind, model].filter(Boolean).join(" ")}`,
    ),
    ...interfaces.map(
      ({ device, mac, speed, lldp, addresses }) =>
        `interface   ${[device, mac, speed === null ? null : `${speed} Mbit/s`, ...addresses, lldp === null ? null : `at ${lldp.name ?? lldp.mac ?? "a switch"} slot ${lldp.slot ?? "-"} port ${lldp.port ?? "-"}`].filter((one) => one !== null).join(" ")}`,
    ),
    `pci         ${pci.length} ${pci.length === 1 ? "device" : "devices"}`,
    ...Object.entries(firmware).map(([name, version]) => `firmware    ${name} ${version}`),
  ];
}
