import type { Blueprint } from "../blueprints/index.ts";
import type {
  AddressBlockData,
  ComplexData,
  DependencyData,
  FieldSchemaData,
  FoundationData,
  GroupData,
  InterfaceData,
  LinkData,
  NetworkData,
  OwnedKind,
  SiteData,
  ZoneData,
} from "../inventory/index.ts";
import { kindOf, type Kind } from "./members.ts";
import type { DesignStructure, DesignTenant } from "./model.ts";

/** What each kind of thing consists of, for comparing and merging. */

const DESCRIBED = { labels: "labels", assets: "assets", fields: "labels" } as const;

/** Several designs say something of the one tenant, so nothing in it is one design's alone. */
export const TENANT = kindOf<DesignTenant>({ description: "said", variables: "labels", ...DESCRIBED });

export const FIELD_SCHEMA = kindOf<FieldSchemaData>({ schema: "whole", ...DESCRIBED });

export const SITE = kindOf<SiteData>({
  kind: "whole",
  description: "whole",
  parent: "whole",
  variables: "each",
  zone: "said",
  maxJobs: "said",
  ...DESCRIBED,
});

export const GROUP = kindOf<GroupData>({
  kind: "whole",
  description: "whole",
  parent: "whole",
  includes: "names",
  priority: "whole",
  variables: "each",
  configuration: "said",
  ...DESCRIBED,
});

export const NETWORK = kindOf<NetworkData>({
  site: "whole",
  description: "whole",
  mtu: "whole",
  vlan: "whole",
  ...DESCRIBED,
});

export const LINK = kindOf<LinkData>({
  site: "whole",
  description: "whole",
  mtu: "whole",
  speed: "whole",
  bonding: "whole",
  trunking: "whole",
  networks: "list",
  ...DESCRIBED,
});

export const INTERFACE = kindOf<InterfaceData>({
  foundation: "whole",
  structure: "whole",
  device: "whole",
  type: "whole",
  // Often read from the machine, not written.
  mac: "said",
  mtu: "whole",
  vlan: "whole",
  members: "list",
  network: "whole",
  link: "whole",
  linkName: "said",
  provisioning: "whole",
  physicalLocation: "said",
  parameters: "each",
  ...DESCRIBED,
});

export const ZONE = kindOf<ZoneData>({
  description: "whole",
  parent: "whole",
  contact: "whole",
  nameservers: "whole",
  ttl: "whole",
  refresh: "whole",
  retry: "whole",
  expire: "whole",
  minimum: "whole",
  records: "records",
  views: "list",
  ...DESCRIBED,
});

export const ADDRESS_BLOCK = kindOf<AddressBlockData>({
  site: "whole",
  subnet: "whole",
  gateway: "whole",
  reserved: "whole",
  dynamic: "said",
  network: "said",
  description: "said",
  ...DESCRIBED,
});

export const BLUEPRINT = kindOf<Blueprint>({
  builds: "whole",
  description: "whole",
  parents: "whole",
  foundationTypes: "whole",
  foundationBlueprints: "whole",
  interfaces: "whole",
  hardware: "said",
  maxJobs: "said",
  variables: "each",
  scripts: "texts",
  templates: "texts",
});

export const FOUNDATION = kindOf<FoundationData>({
  site: "whole",
  type: "whole",
  blueprint: "whole",
  attributes: "each",
  variables: "each",
  complex: "whole",
  systemUuid: "said",
  ...DESCRIBED,
});

export const COMPLEX = kindOf<ComplexData>({
  site: "whole",
  description: "whole",
  type: "whole",
  members: "list",
  builtPercentage: "whole",
  attributes: "each",
  capacity: "each",
  ...DESCRIBED,
});

export const DEPENDENCY = kindOf<DependencyData>({
  foundation: "whole",
  structure: "whole",
  dependency: "whole",
  link: "whole",
  scriptStructure: "whole",
  createScript: "whole",
  destroyScript: "whole",
  description: "whole",
  ...DESCRIBED,
});

const structure = kindOf<DesignStructure>({
  site: "whole",
  blueprint: "whole",
  foundation: "whole",
  description: "whole",
  addresses: "addresses",
  dependsOn: "list",
  variables: "each",
  parent: "said",
  role: "said",
  managementAddress: "said",
  groups: "names",
  zone: "said",
  hostname: "said",
  ...DESCRIBED,
});

/** A hostname that is the name says nothing of its own. */
export const STRUCTURE: Kind<DesignStructure> = {
  ...structure,
  fields(data) {
    const fields = structure.fields(data);
    return data.hostname === data.name ? new Map([...fields].filter(([path]) => path !== "hostname")) : fields;
  },
};

/** All that a tenant owns, by what the inventory calls it. */
export const OWNED_KINDS = {
  field_schema: FIELD_SCHEMA,
  zone: ZONE,
  site: SITE,
  group: GROUP,
  network: NETWORK,
  link: LINK,
  address_block: ADDRESS_BLOCK,
  blueprint: BLUEPRINT,
  complex: COMPLEX,
  foundation: FOUNDATION,
  dependency: DEPENDENCY,
  structure: STRUCTURE,
  interface: INTERFACE,
} as const satisfies Readonly<Record<OwnedKind, unknown>>;
