import type { Parts } from "./build.ts";
import type { Entry, Section } from "./schema.ts";
import type { Sections, Written } from "./sections.ts";

type Records = Pick<
  Parts,
  "fieldSchemas" | "zones" | "sites" | "networks" | "links" | "addressBlocks" | "groups" | "complexes" | "dependencies"
>;

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
    sites: each(entries.sites, ({ max_jobs: maxJobs, ...value }, name) => ({
      name,
      ...value,
      parent: value.parent ?? null,
      zone: value.zone ?? null,
      maxJobs,
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
    complexes: each(entries.complexes, ({ built_percentage: builtPercentage, ...value }, name) => ({
      name,
      ...value,
      members: [...new Set(value.members)],
      builtPercentage,
    })),
    dependencies: each(entries.dependencies, (value, name) => {
      const {
        script_structure: scriptStructure,
        create_script: createScript,
        destroy_script: destroyScript,
        ...rest
      } = value;
      return {
        name,
        ...rest,
        structure: value.structure ?? null,
        dependency: value.dependency ?? null,
        scriptStructure: scriptStructure ?? null,
        createScript,
        destroyScript,
      };
    }),
  };
}

function each<S extends Section, Data>(
  entries: ReadonlyMap<string, Written<S>>,
  make: (value: Entry<S>, name: string) => Data,
): Map<string, Data> {
  return new Map([...entries].map(([name, { value }]) => [name, make(value, name)]));
}
