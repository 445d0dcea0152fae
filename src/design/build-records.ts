import type { Parts } from "./build.ts";
import type { Entry, Section } from "./schema.ts";
import type { Sections, Written } from "./sections.ts";

type Records = Pick<Parts, "fieldSchemas" | "zones" | "sites" | "networks" | "links" | "addressBlocks" | "groups">;

/** Plain things of the sections nothing is built from: what is left out takes its place as null. */
export function buildRecords(entries: Sections["entries"]): Records {
  return {
    fieldSchemas: each(entries.field_schemas, (value, name) => ({ name, ...value })),
    zones: each(entries.zones, (value, name) => ({
      name,
      ...value,
      parent: value.parent ?? null,
      contact: value.contact ?? `hostmaster.${name}`,
    })),
    sites: each(entries.sites, (value, name) => ({
      name,
      ...value,
      parent: value.parent ?? null,
      zone: value.zone ?? null,
    })),
    networks: each(entries.networks, (value, name) => ({ name, ...value, site: value.site ?? null })),
    links: each(entries.links, (value, name) => ({ name, ...value, site: value.site ?? null })),
    addressBlocks: each(entries.address_blocks, (value, name) => ({
      name,
      ...value,
      gateway: value.gateway ?? null,
      network: value.network ?? null,
    })),
    groups: each(entries.groups, (value, name) => ({
      name,
      ...value,
      parent: value.parent ?? null,
      includes: [...new Set(value.includes)],
    })),
  };
}

function each<S extends Section, Data>(
  entries: ReadonlyMap<string, Written<S>>,
  make: (value: Entry<S>, name: string) => Data,
): Map<string, Data> {
  return new Map([...entries].map(([name, { value }]) => [name, make(value, name)]));
}
