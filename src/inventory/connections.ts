import type { JsonObject } from "../kernel/json.ts";
import type { Described } from "./described.ts";

/** A layer 2 network: what an untagged port, or one VLAN, reaches. */
export interface NetworkData extends Described {
  readonly name: string;
  readonly site: string | null;
  readonly description: string;
  /** Bytes. Null: the devices' own. */
  readonly mtu: number | null;
  /** 1 to 4094. Null: untagged. */
  readonly vlan: number | null;
}

/** How ports of one kind are set up: speed, bonding, which networks they carry. */
export interface LinkData extends Described {
  readonly name: string;
  readonly site: string | null;
  readonly description: string;
  readonly mtu: number | null;
  /** `auto`, or megabits in a second as text: `10000`. */
  readonly speed: string | null;
  readonly bonding: { readonly mode: string; readonly parameters: JsonObject } | null;
  /** Whether frames are tagged, and on which networks. `native`: the untagged one. */
  readonly trunking: { readonly mode: "disabled" | "802.1q"; readonly native: string | null };
  readonly networks: readonly string[];
}

export type InterfaceType = "real" | "bonded" | "vlan" | "bridge";

/** A network interface of a foundation or a structure. Its name is `OWNER/DEVICE`. */
export interface InterfaceData extends Described {
  readonly name: string;
  /** Exactly one of these two owns it. */
  readonly foundation: string | null;
  readonly structure: string | null;
  /** As the operating system calls it: `eth0`. */
  readonly device: string;
  readonly type: InterfaceType;
  /** Lower case with colons: `52:54:00:12:34:56`. */
  readonly mac: string | null;
  readonly mtu: number | null;
  /** The tag of a `vlan`. */
  readonly vlan: number | null;
  /** Devices of the same owner: those bonded, those on the bridge, the one a VLAN runs over. */
  readonly members: readonly string[];
  readonly network: string | null;
  readonly link: string | null;
  /** What the switch calls the port on its end (LLDP): `MAC-SLOT-PORT` or `NAME-SLOT-PORT[-SUBPORT]`. */
  readonly linkName: string | null;
  /** Whether the machine starts from the network by it. */
  readonly provisioning: boolean;
  /** `slot 2 port 1`, or a PCI address. */
  readonly physicalLocation: string | null;
  /** For the operating system: a bond's mode and the like. */
  readonly parameters: JsonObject;
}

/** A record beside those that follow from the inventory. `name` is relative to the zone; empty: the zone itself. */
export interface ZoneRecord {
  readonly name: string;
  readonly type: "A" | "AAAA" | "CNAME" | "MX" | "NS" | "SRV" | "TXT";
  /** As in a zone file: `10 mail`, `0 5 5060 sip`, `web1.example.org.` A TXT record's text stands alone, without quotes. */
  readonly value: string;
  /** Seconds. Null: the zone's. */
  readonly ttl: number | null;
}

/** A DNS zone: names of structures in it, and what else is said in it. Its name is the domain, without a dot at the end. */
export interface ZoneData extends Described {
  readonly name: string;
  readonly description: string;
  /** The zone that delegates to it. */
  readonly parent: string | null;
  /** Mailbox in the form of a name: `hostmaster.example.org`. */
  readonly contact: string;
  /** Names of servers, relative or whole; the first is the primary. */
  readonly nameservers: readonly string[];
  /** Seconds, all five: as in the SOA record. `ttl` is that of records that say none. */
  readonly ttl: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
  readonly records: readonly ZoneRecord[];
  /** Names of views it is served in. None: to everybody the same. */
  readonly views: readonly string[];
}

/** What custom fields things of one kind have: a JSON Schema for each kind. Its name is the kind (`structure`, `site`). */
export interface FieldSchemaData extends Described {
  readonly name: string;
  readonly schema: JsonObject;
}
