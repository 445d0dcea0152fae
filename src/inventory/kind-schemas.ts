import { z } from "zod";
import { hardwareSchema } from "../blueprints/index.ts";
import { checkVariables } from "../variables/index.ts";
import { isPrintable, valueProblem } from "./bounds.ts";
import { ansibleNameProblem, deviceProblem, domainProblem, interfaceNameProblem } from "./kind-names.ts";
import { nameProblem, templateNameProblem } from "./names.ts";
import { VALUE_TOO_LARGE } from "./errors.ts";

/** What a person may write of each kind of thing, member by member. Members that are left out take the defaults that stand here. */

type NameRule = (name: string) => string | undefined;

function named(rule: NameRule): z.ZodString {
  return z.string().check((context) => {
    const wrong = rule(context.value);
    if (wrong !== undefined) context.issues.push({ code: "custom", input: context.value, message: wrong });
  });
}

/** A text of one line, for a column: no control characters. */
function line(most: number): z.ZodString {
  return z
    .string()
    .max(most)
    .check((context) => {
      if (!isPrintable(context.value))
        context.issues.push({
          code: "custom",
          input: context.value,
          message: "holds characters that cannot be printed",
        });
    });
}

/** A text of several lines. PostgreSQL keeps no character 0. */
const description = z
  .string()
  .max(10_000)
  .check((context) => {
    if (context.value.includes("\0") || !context.value.isWellFormed())
      context.issues.push({ code: "custom", input: context.value, message: "is not a text" });
  })
  .default("");

/** Any JSON object, within bounds. */
const values = z.record(z.string(), z.unknown()).check((context) => {
  const wrong = valueProblem(context.value);
  if (wrong !== undefined)
    context.issues.push({
      code: "custom",
      input: context.value,
      message: wrong,
      params: { code: VALUE_TOO_LARGE.code },
    });
});

const variables = values
  .check((context) => {
    if (context.issues.length > 0) return;
    for (const { code, message } of checkVariables(context.value as never))
      context.issues.push({ code: "custom", input: context.value, message, params: { code } });
  })
  .default({});

const label = z.string().regex(/^[^\s=,]{1,63}$/u, "must be a label: 1 to 63 characters, no blanks, no = and no ,");

const described = {
  labels: z
    .record(label, line(255))
    .refine((labels) => Object.keys(labels).length <= 1000, "holds more than 1000 labels")
    .default({}),
  assets: z
    .array(
      z.strictObject({
        system: line(100).min(1),
        id: line(255).min(1),
        url: line(2048)
          .regex(/^https?:\/\//, "must begin with http:// or https://")
          .nullable()
          .default(null),
      }),
    )
    .max(100)
    .default([]),
  fields: values.default({}),
};

/** A reference: whether it is of something is looked up later. */
const reference = z.string().min(1).max(300);
const optionalReference = reference.nullable().default(null);
const mtu = z.int().min(68).max(65_536).nullable().default(null);
const vlan = z.int().min(1).max(4094).nullable().default(null);
const address = z.string().max(60);
const ranges = z.array(z.string().max(120)).max(10_000).default([]);
const maxJobs = z.int().min(1).max(1_000_000).nullable().default(null);
const seconds = z.int().min(0).max(2_147_483_647);

export const TENANT_SCHEMA = z.strictObject({ name: named(nameProblem), description, variables, ...described });

export const SITE_SCHEMA = z.strictObject({
  name: named(nameProblem),
  kind: line(63).default(""),
  description,
  parent: optionalReference,
  variables,
  zone: optionalReference,
  maxJobs,
  ...described,
});

export const GROUP_SCHEMA = z.strictObject({
  name: named(ansibleNameProblem),
  kind: line(63).default(""),
  description,
  parent: optionalReference,
  includes: z.array(named(ansibleNameProblem)).max(100_000).default([]),
  priority: z.int().min(-1_000_000).max(1_000_000).default(0),
  variables,
  configuration: z
    .strictObject({ url: line(2048).min(1), revision: line(255).min(1), path: line(1024).default("") })
    .nullable()
    .default(null),
  ...described,
});

export const NETWORK_SCHEMA = z.strictObject({
  name: named(nameProblem),
  site: optionalReference,
  description,
  mtu,
  vlan,
  ...described,
});

export const LINK_SCHEMA = z.strictObject({
  name: named(nameProblem),
  site: optionalReference,
  description,
  mtu,
  speed: z
    .string()
    .regex(/^(auto|[1-9][0-9]{0,8})$/, "must be auto, or megabits in a second: 10000")
    .nullable()
    .default(null),
  bonding: z
    .strictObject({ mode: line(63).min(1), parameters: values.default({}) })
    .nullable()
    .default(null),
  trunking: z
    .strictObject({ mode: z.enum(["disabled", "802.1q"]), native: optionalReference })
    .default({ mode: "disabled", native: null }),
  networks: z.array(reference).max(4096).default([]),
  ...described,
});

export const INTERFACE_SCHEMA = z.strictObject({
  /** Left out: made of its owner and device. */
  name: named(interfaceNameProblem).optional(),
  foundation: optionalReference,
  structure: optionalReference,
  device: named(deviceProblem),
  type: z.enum(["real", "bonded", "vlan", "bridge"]).default("real"),
  mac: z
    .string()
    .regex(/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/, "must be a MAC address: 52:54:00:12:34:56")
    .nullable()
    .default(null),
  mtu,
  vlan,
  members: z.array(named(deviceProblem)).max(1000).default([]),
  network: optionalReference,
  link: optionalReference,
  linkName: line(255).min(1).nullable().default(null),
  provisioning: z.boolean().default(false),
  physicalLocation: line(255).nullable().default(null),
  parameters: values.default({}),
  ...described,
});

export const ZONE_SCHEMA = z.strictObject({
  name: named(domainProblem),
  description,
  parent: optionalReference,
  /** Left out: `hostmaster` in the zone. */
  contact: line(255).min(1).optional(),
  nameservers: z.array(line(255).min(1)).max(100).default([]),
  ttl: seconds.default(3600),
  refresh: seconds.default(3600),
  retry: seconds.default(600),
  expire: seconds.default(604_800),
  minimum: seconds.default(300),
  records: z
    .array(
      z.strictObject({
        name: line(255).default(""),
        type: z.enum(["A", "AAAA", "CNAME", "MX", "NS", "SRV", "TXT"]),
        value: line(4096).min(1),
        ttl: seconds.nullable().default(null),
      }),
    )
    .max(100_000)
    .default([]),
  views: z.array(line(63).min(1)).max(100).default([]),
  ...described,
});

export const FIELD_SCHEMA_SCHEMA = z.strictObject({ name: z.string(), schema: values, ...described });

export const ADDRESS_BLOCK_SCHEMA = z.strictObject({
  name: named(nameProblem),
  site: reference,
  subnet: address,
  gateway: address.nullable().default(null),
  reserved: ranges,
  dynamic: ranges,
  network: optionalReference,
  description,
  ...described,
});

const sourceText = z.union([
  z.string().max(1024 * 1024),
  z.strictObject({
    text: z.string().max(1024 * 1024),
    origin: z.strictObject({ file: line(1024), line: z.int(), column: z.int(), exact: z.boolean() }),
  }),
]);

export const BLUEPRINT_SCHEMA = z.strictObject({
  name: named(nameProblem),
  builds: z.enum(["foundation", "structure"]),
  description,
  parents: z.array(reference).max(1000).default([]),
  variables,
  /** Scripts by name: the text alone, or with where it stands. */
  scripts: z.record(named(nameProblem), sourceText).default({}),
  templates: z.record(named(templateNameProblem), sourceText).default({}),
  foundationTypes: z.array(named(nameProblem)).max(1000).default([]),
  foundationBlueprints: z.array(reference).max(1000).default([]),
  interfaces: z.array(named(deviceProblem)).max(1000).default([]),
  hardware: values.pipe(hardwareSchema).nullable().default(null),
  maxJobs,
  ...described,
});

export const FOUNDATION_SCHEMA = z.strictObject({
  name: named(nameProblem),
  site: reference,
  /** Left out: that of its complex. */
  type: named(nameProblem).optional(),
  blueprint: reference,
  attributes: values.default({}),
  variables,
  complex: optionalReference,
  systemUuid: z
    .string()
    .regex(
      /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
      "must be a UUID: 4c4c4544-0042-3510-8056-b4c04f4d3732",
    )
    .nullable()
    .default(null),
  ...described,
});

export const STRUCTURE_SCHEMA = z.strictObject({
  name: named(ansibleNameProblem),
  /** Left out: the name. */
  hostname: named(ansibleNameProblem).optional(),
  site: reference,
  blueprint: optionalReference,
  foundation: optionalReference,
  description,
  variables,
  parent: optionalReference,
  role: line(255).min(1).nullable().default(null),
  managementAddress: line(255).min(1).nullable().default(null),
  groups: z.array(reference).max(10_000).default([]),
  zone: optionalReference,
  addresses: z
    .array(z.strictObject({ block: reference, address, interface: reference.optional() }))
    .max(10_000)
    .default([]),
  dependsOn: z.array(reference).max(10_000).default([]),
  ...described,
});

export const COMPLEX_SCHEMA = z.strictObject({
  name: named(nameProblem),
  site: reference,
  description,
  type: named(nameProblem),
  members: z.array(reference).max(10_000).default([]),
  builtPercentage: z.int().min(1).max(100).default(90),
  attributes: values.default({}),
  capacity: z
    .record(z.string().min(1).max(63), z.number().min(0))
    .refine((capacity) => Object.keys(capacity).length <= 100, "holds more than 100 names")
    .default({}),
  ...described,
});

export const DEPENDENCY_SCHEMA = z.strictObject({
  name: named(nameProblem),
  foundation: reference,
  structure: optionalReference,
  dependency: optionalReference,
  link: z.enum(["soft", "hard"]).default("soft"),
  scriptStructure: optionalReference,
  createScript: named(nameProblem).nullable().default(null),
  destroyScript: named(nameProblem).nullable().default(null),
  description,
  ...described,
});
