// Made from docs/openapi.json by `npm run client`. Changes here are lost.
import type { CallOptions, Listing, RunExportLine, RunLine } from "./model.ts";
export interface Secret {
readonly id: string;
readonly name: string;
readonly owner: {
readonly kind: "tenant" | "site" | "group" | "structure";
readonly id: string;
readonly name: string;
};
readonly kind: "text" | "pem" | "blob";
/** Bytes of the value */
readonly size: number;
readonly description: string;
readonly expiresAt: number | null;
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewSecret {
readonly name: string;
/** Who has it, by id or name; a tenant needs none: it is the one of the request */
readonly owner: {
readonly kind: "tenant" | "site" | "group" | "structure";
readonly name?: string | undefined;
};
readonly kind?: "text" | "pem" | "blob" | undefined;
/** At most 1 MiB; bytes that are no text in base64 */
readonly value: string;
/** What `value` is written in */
readonly encoding?: "utf8" | "base64" | undefined;
readonly description?: string | undefined;
/** Epoch milliseconds; from then on it is not opened */
readonly expiresAt?: number | null | undefined;
}
export interface Backend {
readonly name: string;
readonly kind: "files" | "gantry" | "netbox";
/** The truth of this site and of those below it lives there */
readonly site: string;
readonly settings: {
readonly [name: string]: unknown;
};
readonly id: string;
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewBackend {
readonly name: string;
readonly kind: "files" | "gantry" | "netbox";
/** The truth of this site and of those below it lives there */
readonly site: string;
/** As docs/backends.md says for each kind; tokens only by the path of a file */
readonly settings: {
readonly [name: string]: unknown;
};
}
export interface BootProfile {
readonly id: string;
readonly name: string;
readonly description: string;
readonly script: string;
readonly template: string;
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewBootProfile {
readonly name: string;
readonly description?: string | undefined;
/** iPXE; a template */
readonly script?: string | undefined;
/** For the installer; a template */
readonly template?: string | undefined;
}
export interface Hold {
readonly id: string;
readonly event: string;
readonly jobId: string;
readonly target: {
readonly kind: string;
readonly id: string | null;
readonly name: string;
};
readonly since: number;
readonly expiresAt: number;
readonly onTimeout: "fail" | "go_on";
}
export interface NewEvent {
/** `hardware.disk_failed` */
readonly type: string;
/** By id or name */
readonly foundation: string;
/** What is known of it; no secrets */
readonly data?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Event {
readonly id: string;
/** Epoch milliseconds */
readonly at: number;
readonly type: string;
readonly subject: {
readonly kind: string;
readonly id: string;
};
readonly data: unknown;
/** Where to read on behind it */
readonly cursor: string;
readonly tenantId: string;
}
export interface Webhook {
readonly id: string;
readonly name: string;
readonly url: string;
readonly types: readonly (string)[];
readonly subjects: readonly (string)[];
readonly sites: readonly (string)[];
readonly ca: string | null;
readonly active: boolean;
/** The name of the secret it signs by; null: one that the server made */
readonly secret: string | null;
/** It signs by the one before as well */
readonly formerSecret: boolean;
/** Whose sight of events it has */
readonly owner: string;
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly deliveredAt: number | null;
/** Failed tries of the event that is next */
readonly attempts: number;
/** When that is tried again */
readonly nextAt: number | null;
readonly lastError: string | null;
readonly deadLetters: number;
}
export interface NewWebhook {
readonly name: string;
/** As https://example.org/gantry, without user or password */
readonly url: string;
/** `job.finished`, `job.*`; none: all */
readonly types?: readonly (string)[] | undefined;
/** Kinds of what something happened to; none: all */
readonly subjects?: readonly (string)[] | undefined;
/** Names of sites: what happened there or below; none: all */
readonly sites?: readonly (string)[] | undefined;
/** PEM of the authority to trust; null: the system's */
readonly ca?: string | null | undefined;
readonly active?: boolean | undefined;
/** A secret of the tenant; null: one that the server makes */
readonly secret?: string | null | undefined;
}
export interface Verb {
readonly name: string;
readonly summary: string;
/** What it says of itself: options, text, whether it is safe to repeat */
readonly manifest: {
readonly [name: string]: unknown;
};
readonly file: string;
/** module: run by the agent's own Node; program: run as it is */
readonly kind: "module" | "program";
/** Of its file */
readonly sha256: string;
/** Bytes of its file */
readonly size: number;
readonly version: number;
/** Who registered it last */
readonly author: string;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewRun {
readonly text: string;
readonly plan?: boolean | undefined;
readonly ignoreCache?: boolean | undefined;
readonly restrict?: readonly (string)[] | undefined;
readonly targets?: readonly (string)[] | undefined;
readonly resume?: string | undefined;
readonly cache?: "use" | "none" | undefined;
readonly entries?: readonly ({
readonly name?: string | undefined;
readonly targets?: readonly (string)[] | undefined;
readonly vars?: {
readonly [name: string]: unknown;
} | undefined;
readonly async?: boolean | undefined;
readonly parallel?: number | undefined;
readonly batch?: number | string | undefined;
readonly maxFailures?: number | string | undefined;
readonly onFailure?: "stop" | "continue" | undefined;
readonly jobs: readonly ({
readonly verb: string;
readonly text: string;
readonly name?: string | undefined;
readonly vars?: {
readonly [name: string]: unknown;
} | undefined;
readonly where?: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | undefined;
readonly contents?: readonly ({
readonly from: string;
readonly sha256?: string | undefined;
readonly size: number;
readonly folder?: boolean | undefined;
readonly link?: string | undefined;
readonly name: string;
readonly mode: string;
})[] | undefined;
})[];
})[] | undefined;
}
export interface Run {
readonly id: string;
readonly text: string;
readonly status: "running" | "done" | "failed" | "cancelled";
readonly plan: boolean;
readonly resumes: string | null;
readonly starter: string;
readonly nodeCount: number;
readonly createdAt: number;
readonly finishedAt: number | null;
readonly error: {
readonly code: string;
readonly message: string;
} | null;
}
export interface Tenant {
readonly name: string;
readonly description: string;
readonly variables: {
readonly [name: string]: unknown;
};
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewTenant {
readonly name: string;
readonly description?: string | undefined;
readonly variables?: {
readonly [name: string]: unknown;
} | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface FieldSchema {
readonly name: string;
readonly schema: {
readonly [name: string]: unknown;
};
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewFieldSchema {
readonly name: string;
readonly schema: {
readonly [name: string]: unknown;
};
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Zone {
readonly name: string;
readonly description: string;
readonly parent: string | null;
readonly contact: string;
readonly nameservers: readonly (string)[];
readonly ttl: number;
readonly refresh: number;
readonly retry: number;
readonly expire: number;
readonly minimum: number;
readonly records: readonly ({
readonly name: string;
readonly type: "A" | "AAAA" | "CNAME" | "MX" | "NS" | "SRV" | "TXT";
readonly value: string;
readonly ttl: number | null;
})[];
readonly views: readonly (string)[];
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewZone {
readonly name: string;
readonly description?: string | undefined;
readonly parent?: string | null | undefined;
readonly contact?: string | undefined;
readonly nameservers?: readonly (string)[] | undefined;
readonly ttl?: number | undefined;
readonly refresh?: number | undefined;
readonly retry?: number | undefined;
readonly expire?: number | undefined;
readonly minimum?: number | undefined;
readonly records?: readonly ({
readonly name?: string | undefined;
readonly type: "A" | "AAAA" | "CNAME" | "MX" | "NS" | "SRV" | "TXT";
readonly value: string;
readonly ttl?: number | null | undefined;
})[] | undefined;
readonly views?: readonly (string)[] | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Site {
readonly name: string;
readonly kind: string;
readonly description: string;
readonly parent: string | null;
readonly variables: {
readonly [name: string]: unknown;
};
readonly zone: string | null;
readonly maxJobs: number | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewSite {
readonly name: string;
readonly kind?: string | undefined;
readonly description?: string | undefined;
readonly parent?: string | null | undefined;
readonly variables?: {
readonly [name: string]: unknown;
} | undefined;
readonly zone?: string | null | undefined;
readonly maxJobs?: number | null | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Network {
readonly name: string;
readonly site: string | null;
readonly description: string;
readonly mtu: number | null;
readonly vlan: number | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewNetwork {
readonly name: string;
readonly site?: string | null | undefined;
readonly description?: string | undefined;
readonly mtu?: number | null | undefined;
readonly vlan?: number | null | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Link {
readonly name: string;
readonly site: string | null;
readonly description: string;
readonly mtu: number | null;
readonly speed: string | null;
readonly bonding: {
readonly mode: string;
readonly parameters: {
readonly [name: string]: unknown;
};
} | null;
readonly trunking: {
readonly mode: "disabled" | "802.1q";
readonly native: string | null;
};
readonly networks: readonly (string)[];
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewLink {
readonly name: string;
readonly site?: string | null | undefined;
readonly description?: string | undefined;
readonly mtu?: number | null | undefined;
readonly speed?: string | null | undefined;
readonly bonding?: {
readonly mode: string;
readonly parameters?: {
readonly [name: string]: unknown;
} | undefined;
} | null | undefined;
readonly trunking?: {
readonly mode: "disabled" | "802.1q";
readonly native?: string | null | undefined;
} | undefined;
readonly networks?: readonly (string)[] | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface AddressBlock {
readonly name: string;
readonly site: string;
readonly subnet: string;
readonly gateway: string | null;
readonly reserved: readonly (string)[];
readonly dynamic: readonly (string)[];
readonly network: string | null;
readonly description: string;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewAddressBlock {
readonly name: string;
readonly site: string;
readonly subnet: string;
readonly gateway?: string | null | undefined;
readonly reserved?: readonly (string)[] | undefined;
readonly dynamic?: readonly (string)[] | undefined;
readonly network?: string | null | undefined;
readonly description?: string | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Blueprint {
readonly name: string;
readonly builds: "foundation" | "structure";
readonly description: string;
readonly parents: readonly (string)[];
readonly variables: {
readonly [name: string]: unknown;
};
readonly scripts: {
readonly [name: string]: string | {
readonly text: string;
readonly origin: {
readonly file: string;
readonly line: number;
readonly column: number;
readonly exact: boolean;
};
};
};
readonly templates: {
readonly [name: string]: string | {
readonly text: string;
readonly origin: {
readonly file: string;
readonly line: number;
readonly column: number;
readonly exact: boolean;
};
};
};
readonly foundationTypes: readonly (string)[];
readonly foundationBlueprints: readonly (string)[];
readonly interfaces: readonly (string)[];
readonly hardware: {
readonly [name: string]: unknown;
} | null;
readonly maxJobs: number | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewBlueprint {
readonly name: string;
readonly builds: "foundation" | "structure";
readonly description?: string | undefined;
readonly parents?: readonly (string)[] | undefined;
readonly variables?: {
readonly [name: string]: unknown;
} | undefined;
readonly scripts?: {
readonly [name: string]: string | {
readonly text: string;
readonly origin: {
readonly file: string;
readonly line: number;
readonly column: number;
readonly exact: boolean;
};
};
} | undefined;
readonly templates?: {
readonly [name: string]: string | {
readonly text: string;
readonly origin: {
readonly file: string;
readonly line: number;
readonly column: number;
readonly exact: boolean;
};
};
} | undefined;
readonly foundationTypes?: readonly (string)[] | undefined;
readonly foundationBlueprints?: readonly (string)[] | undefined;
readonly interfaces?: readonly (string)[] | undefined;
readonly hardware?: {
readonly [name: string]: unknown;
} | null | undefined;
readonly maxJobs?: number | null | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Foundation {
readonly name: string;
readonly site: string;
readonly type: string;
readonly blueprint: string;
readonly attributes: {
readonly [name: string]: unknown;
};
readonly variables: {
readonly [name: string]: unknown;
};
readonly complex: string | null;
readonly systemUuid: string | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly state: "planned" | "building" | "built" | "failed" | "destroying";
readonly stale: boolean;
readonly rebuild: boolean;
readonly jobId: string | null;
readonly failure: {
readonly role: string;
readonly message: string;
readonly jobId: string | null;
readonly at: number;
} | null;
/** When it was said which machine it is; epoch milliseconds */
readonly locatedAt: number | null;
/** The machine that it is */
readonly machineId: string | null;
/** How it is known elsewhere: `docker_id` … */
readonly identifiers: {
readonly [name: string]: unknown;
};
/** The structure of its complex that it was placed on */
readonly placedOn: string | null;
}
export interface NewFoundation {
readonly name: string;
readonly site: string;
readonly type?: string | undefined;
readonly blueprint: string;
readonly attributes?: {
readonly [name: string]: unknown;
} | undefined;
readonly variables?: {
readonly [name: string]: unknown;
} | undefined;
readonly complex?: string | null | undefined;
readonly systemUuid?: string | null | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Structure {
readonly name: string;
readonly hostname: string;
readonly site: string;
readonly blueprint: string | null;
readonly foundation: string | null;
readonly description: string;
readonly variables: {
readonly [name: string]: unknown;
};
readonly parent: string | null;
readonly role: string | null;
readonly managementAddress: string | null;
readonly groups: readonly (string)[];
readonly zone: string | null;
readonly addresses: readonly ({
readonly block: string;
readonly address: string;
readonly interface?: string | undefined;
})[];
readonly dependsOn: readonly (string)[];
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly state: "planned" | "building" | "built" | "failed" | "destroying";
readonly stale: boolean;
readonly rebuild: boolean;
readonly jobId: string | null;
readonly failure: {
readonly role: string;
readonly message: string;
readonly jobId: string | null;
readonly at: number;
} | null;
}
export interface NewStructure {
readonly name: string;
readonly hostname?: string | undefined;
readonly site: string;
readonly blueprint?: string | null | undefined;
readonly foundation?: string | null | undefined;
readonly description?: string | undefined;
readonly variables?: {
readonly [name: string]: unknown;
} | undefined;
readonly parent?: string | null | undefined;
readonly role?: string | null | undefined;
readonly managementAddress?: string | null | undefined;
readonly groups?: readonly (string)[] | undefined;
readonly zone?: string | null | undefined;
readonly addresses?: readonly ({
readonly block: string;
readonly address: string;
readonly interface?: string | undefined;
})[] | undefined;
readonly dependsOn?: readonly (string)[] | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Interface {
readonly name: string;
readonly foundation: string | null;
readonly structure: string | null;
readonly device: string;
readonly type: "real" | "bonded" | "vlan" | "bridge";
readonly mac: string | null;
readonly mtu: number | null;
readonly vlan: number | null;
readonly members: readonly (string)[];
readonly network: string | null;
readonly link: string | null;
readonly linkName: string | null;
readonly provisioning: boolean;
readonly physicalLocation: string | null;
readonly parameters: {
readonly [name: string]: unknown;
};
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewInterface {
readonly name?: string | undefined;
readonly foundation?: string | null | undefined;
readonly structure?: string | null | undefined;
readonly device: string;
readonly type?: "real" | "bonded" | "vlan" | "bridge" | undefined;
readonly mac?: string | null | undefined;
readonly mtu?: number | null | undefined;
readonly vlan?: number | null | undefined;
readonly members?: readonly (string)[] | undefined;
readonly network?: string | null | undefined;
readonly link?: string | null | undefined;
readonly linkName?: string | null | undefined;
readonly provisioning?: boolean | undefined;
readonly physicalLocation?: string | null | undefined;
readonly parameters?: {
readonly [name: string]: unknown;
} | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Complexe {
readonly name: string;
readonly site: string;
readonly description: string;
readonly type: string;
readonly members: readonly (string)[];
readonly builtPercentage: number;
readonly attributes: {
readonly [name: string]: unknown;
};
readonly capacity: {
readonly [name: string]: number;
};
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewComplexe {
readonly name: string;
readonly site: string;
readonly description?: string | undefined;
readonly type: string;
readonly members?: readonly (string)[] | undefined;
readonly builtPercentage?: number | undefined;
readonly attributes?: {
readonly [name: string]: unknown;
} | undefined;
readonly capacity?: {
readonly [name: string]: number;
} | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Dependencie {
readonly name: string;
readonly foundation: string;
readonly structure: string | null;
readonly dependency: string | null;
readonly link: "soft" | "hard";
readonly scriptStructure: string | null;
readonly createScript: string | null;
readonly destroyScript: string | null;
readonly description: string;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly state: "planned" | "building" | "built" | "failed" | "destroying";
readonly stale: boolean;
readonly rebuild: boolean;
readonly jobId: string | null;
readonly failure: {
readonly role: string;
readonly message: string;
readonly jobId: string | null;
readonly at: number;
} | null;
}
export interface NewDependencie {
readonly name: string;
readonly foundation: string;
readonly structure?: string | null | undefined;
readonly dependency?: string | null | undefined;
readonly link?: "soft" | "hard" | undefined;
readonly scriptStructure?: string | null | undefined;
readonly createScript?: string | null | undefined;
readonly destroyScript?: string | null | undefined;
readonly description?: string | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface NewBulk {
readonly edits: readonly ({
readonly action: "create";
readonly kind: string;
readonly data: {
readonly [name: string]: unknown;
};
} | {
readonly action: "replace";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
readonly data: {
readonly [name: string]: unknown;
};
} | {
readonly action: "merge";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
readonly patch: {
readonly [name: string]: unknown;
};
} | {
readonly action: "operations";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
readonly operations: readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[];
} | {
readonly action: "delete";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
})[];
readonly cascade?: boolean | undefined;
/** Only answer what would be done, and do nothing */
readonly preview?: boolean | undefined;
}
export interface Group {
readonly name: string;
readonly kind: string;
readonly description: string;
readonly parent: string | null;
readonly includes: readonly (string)[];
readonly priority: number;
readonly variables: {
readonly [name: string]: unknown;
};
readonly configuration: {
readonly url: string;
readonly revision: string;
readonly path: string;
} | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
/** True: it is a site, and is changed under /v1/sites */
readonly isSite: boolean;
}
export interface NewGroup {
readonly name: string;
readonly kind?: string | undefined;
readonly description?: string | undefined;
readonly parent?: string | null | undefined;
readonly includes?: readonly (string)[] | undefined;
readonly priority?: number | undefined;
readonly variables?: {
readonly [name: string]: unknown;
} | undefined;
readonly configuration?: {
readonly url: string;
readonly revision: string;
readonly path?: string | undefined;
} | null | undefined;
readonly labels?: {
readonly [name: string]: string;
} | undefined;
readonly assets?: readonly ({
readonly system: string;
readonly id: string;
readonly url?: string | null | undefined;
})[] | undefined;
readonly fields?: {
readonly [name: string]: unknown;
} | undefined;
}
export interface Account {
readonly id: string;
readonly kind: "person" | "service";
readonly name: string;
readonly displayName: string;
readonly email: string | null;
/** Who proves that somebody is the person: `local`, by a password, or a directory */
readonly source: "local" | "ldap" | "oidc";
/** Groups of the directory, as it named them at the last login */
readonly directoryGroups: readonly (string)[];
readonly disabledAt: number | null;
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewAccount {
readonly kind?: "person" | "service" | undefined;
readonly name: string;
readonly displayName?: string | undefined;
readonly email?: string | null | undefined;
}
export interface Token {
readonly id: string;
readonly name: string;
/** `session`: made by a login */
readonly kind: "personal" | "session";
/** What it allows at the most; null: all its account may do */
readonly permissions: readonly ("inventory.read" | "inventory.write" | "design.apply" | "secret.list" | "secret.read" | "secret.write" | "change.read" | "change.propose" | "change.approve" | "change.apply" | "job.read" | "job.control" | "run.read" | "run.start" | "fleet.read" | "fleet.manage" | "dns.manage" | "backend.manage" | "event.read" | "event.report" | "webhook.manage" | "audit.read" | "access.read" | "access.manage" | "tenant.manage" | "server.read" | "server.manage")[] | null;
/** The only tenant it opens; null: all its account has rights in */
readonly tenantId: string | null;
readonly expiresAt: number;
/** To the minute */
readonly lastUsedAt: number | null;
readonly createdAt: number;
}
export interface NewToken {
readonly name: string;
/** Seconds; at most 366 days, and 90 days when it is left out */
readonly expiresIn?: number | undefined;
/** What it allows at the most */
readonly permissions?: readonly (string)[] | undefined;
/** Id or name of the only tenant it opens */
readonly tenant?: string | undefined;
}
export interface Role {
readonly name: string;
readonly description: string;
readonly permissions: readonly ("inventory.read" | "inventory.write" | "design.apply" | "secret.list" | "secret.read" | "secret.write" | "change.read" | "change.propose" | "change.approve" | "change.apply" | "job.read" | "job.control" | "run.read" | "run.start" | "fleet.read" | "fleet.manage" | "dns.manage" | "backend.manage" | "event.read" | "event.report" | "webhook.manage" | "audit.read" | "access.read" | "access.manage" | "tenant.manage" | "server.read" | "server.manage")[];
readonly builtIn: boolean;
readonly version: number;
}
export interface NewRole {
readonly name: string;
readonly description?: string | undefined;
readonly permissions: readonly (string)[];
}
export interface RoleBinding {
readonly id: string;
readonly account: {
readonly id: string;
readonly kind: "person" | "service";
readonly name: string;
} | null;
readonly directoryGroup: string | null;
readonly role: string;
readonly scope: {
readonly kind: "server" | "tenant" | "site" | "group" | "project";
readonly id: string | null;
/** Null of a site or group that is gone: the binding then gives nothing */
readonly name: string | null;
};
readonly createdAt: number;
}
export interface NewRoleBinding {
/** Id or name */
readonly account?: string | undefined;
/** As the directory calls it */
readonly directoryGroup?: string | undefined;
readonly role: string;
readonly scope?: {
readonly kind: "server";
} | {
readonly kind: "tenant";
} | {
readonly kind: "site";
/** Id or name: the site and those below it */
readonly name: string;
} | {
readonly kind: "group";
/** Id or name: all structures in the group */
readonly name: string;
} | {
readonly kind: "project";
readonly name: string;
} | undefined;
}
export interface NewLogin {
readonly name: string;
readonly password: string;
/** Id or name of the only tenant the session opens; left out: all the account has rights in */
readonly tenant?: string | undefined;
}
export interface Design {
readonly id: string;
readonly name: string;
readonly version: number;
readonly wanted: "built" | "absent";
readonly appliedBy: string;
readonly createdAt: number;
readonly appliedAt: number;
}
export interface NewMachine {
readonly facts: {
readonly system?: {
readonly uuid?: string | null | undefined;
readonly vendor?: string | null | undefined;
readonly product?: string | null | undefined;
readonly serial?: string | null | undefined;
} | undefined;
readonly cpus?: {
readonly count?: number | undefined;
readonly cores?: number | undefined;
readonly threads?: number | undefined;
readonly model?: string | null | undefined;
} | undefined;
readonly memory?: number | undefined;
readonly disks?: readonly ({
readonly name: string;
readonly bytes: number;
readonly kind?: "ssd" | "hdd" | "nvme" | null | undefined;
readonly model?: string | null | undefined;
readonly serial?: string | null | undefined;
})[] | undefined;
readonly interfaces?: readonly ({
readonly device: string;
readonly mac?: string | null | undefined;
readonly speed?: number | null | undefined;
readonly lldp?: {
readonly mac?: string | null | undefined;
readonly name?: string | null | undefined;
readonly slot?: number | null | undefined;
readonly port?: number | null | undefined;
readonly subport?: number | null | undefined;
} | null | undefined;
readonly addresses?: readonly (string)[] | undefined;
})[] | undefined;
readonly pci?: readonly ({
readonly address: string;
readonly vendor: string;
readonly device: string;
readonly class: string;
})[] | undefined;
readonly firmware?: {
readonly [name: string]: string;
} | undefined;
};
}
export interface Machine {
readonly id: string;
/** The site it registered at */
readonly site: string;
readonly outcome: {
readonly state: "located" | "unmatched" | "ambiguous" | "conflict" | "unfit";
/** The foundation it is, or would be */
readonly foundation: string | null;
readonly by: "assignment" | "uuid" | "link" | "mac" | "address" | null;
readonly reason: string;
readonly problems: readonly ({
readonly path: string;
readonly want: string;
readonly have: string;
readonly message: string;
})[];
readonly nearest: {
readonly foundation: string;
readonly why: string;
} | null;
};
/** The foundation a person says it is */
readonly assigned: string | null;
readonly registeredAt: number;
readonly seenAt: number;
readonly facts: {
readonly [name: string]: unknown;
};
}
export interface MachineToken {
readonly id: string;
readonly site: string;
readonly description: string;
readonly createdAt: number;
readonly expiresAt: number | null;
/** When a machine registered with it last */
readonly usedAt: number | null;
}
export interface NewMachineToken {
readonly site: string;
readonly description?: string | undefined;
/** Seconds; left out: until it is revoked */
readonly expiresIn?: number | undefined;
}
export interface NewBlueprintImport {
/** Rows of the import are managed by `import:NAME` */
readonly name: string;
readonly bundle: {
readonly documents: readonly ({
readonly path: string;
readonly text: string;
})[];
readonly files?: {
readonly [name: string]: string;
} | undefined;
};
/** Of the plan that was shown: with another plan nothing is changed */
readonly fingerprint?: string | undefined;
}
export interface NewBlueprintCheck {
readonly bundle?: {
readonly documents: readonly ({
readonly path: string;
readonly text: string;
})[];
readonly files?: {
readonly [name: string]: string;
} | undefined;
} | undefined;
}
export interface ChangeSet {
readonly id: string;
readonly number: number;
readonly title: string;
readonly description: string;
readonly state: "open" | "applied" | "closed";
readonly kind: "changes" | "design";
readonly design: string | null;
/** Of what would change: approvals are of this */
readonly digest: string;
readonly author: {
readonly key: string;
readonly name: string;
};
/** Who gave it its content last */
readonly contentBy: {
readonly key: string;
readonly name: string;
};
readonly reverts: number | null;
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly endedBy: {
readonly key: string;
readonly name: string;
} | null;
readonly endedAt: number | null;
}
export interface NewChangeSet {
readonly title: string;
readonly description?: string | undefined;
/** Edits of the inventory, as /v1/bulk takes them */
readonly edits?: readonly ({
readonly action: "create";
readonly kind: string;
readonly data: {
readonly [name: string]: unknown;
};
} | {
readonly action: "replace";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
readonly data: {
readonly [name: string]: unknown;
};
} | {
readonly action: "merge";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
readonly patch: {
readonly [name: string]: unknown;
};
} | {
readonly action: "operations";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
readonly operations: readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[];
} | {
readonly action: "delete";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
})[] | undefined;
/** Whether what depends on something that is deleted goes with it */
readonly cascade?: boolean | undefined;
/** Documents of a design that is to be applied */
readonly design?: {
readonly documents: readonly ({
readonly path: string;
readonly text: string;
})[];
readonly files?: {
readonly [name: string]: string;
} | undefined;
} | undefined;
/** The name of a design that is to be taken down */
readonly destroy?: string | undefined;
}
export interface ChangeRule {
/** Null: the whole tenant */
readonly site: string | null;
/** How many people besides the author must approve */
readonly approvals: number;
/** Whether changes may be made without a change set */
readonly direct: boolean;
}
export interface NewJob {
readonly script: string;
readonly structure?: string | undefined;
readonly foundation?: string | undefined;
readonly group?: string | undefined;
}
export interface Job {
readonly id: string;
readonly host: string;
readonly program: {
readonly kind: "script" | "verbs";
readonly name: string;
readonly hash: string;
};
readonly target: {
readonly kind: "structure" | "foundation" | "dependency" | "node" | "none";
readonly id: string | null;
readonly name: string;
};
readonly run: string | null;
readonly status: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled";
readonly wish: "pause" | "cancel" | "retry" | "rollback" | "jump" | null;
readonly actions: readonly ("pause" | "resume" | "cancel" | "retry" | "rollback" | "jump")[];
readonly line: number | null;
readonly percent: number;
readonly progress: readonly ({
readonly percent: number;
readonly name: string;
readonly description?: string | undefined;
})[];
readonly message: string;
readonly failure: {
readonly message: string;
readonly line: number | null;
readonly where?: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | undefined;
readonly task?: string | undefined;
readonly call?: string | undefined;
readonly output?: string | undefined;
readonly code?: string | undefined;
} | null;
readonly wakeAt: number | null;
readonly remaining: number | null;
readonly createdAt: number;
readonly startedAt: number | null;
readonly finishedAt: number | null;
}
export interface Todo {
/** Of the task, or of the job that is paused */
readonly id: string;
readonly kind: "task" | "paused";
readonly job: string;
readonly script: string;
readonly target: {
readonly kind: "structure" | "foundation" | "dependency" | "node" | "none";
readonly id: string | null;
readonly name: string;
};
/** What to do */
readonly text: string;
/** What else helps: where it stands, whom to ask */
readonly details: {
readonly [name: string]: unknown;
};
readonly since: number;
/** When it fails if nobody answers; null: never */
readonly expiresAt: number | null;
}
export interface Audit {
readonly chain: string;
/** From 1, without gaps */
readonly seq: number;
/** Epoch milliseconds */
readonly time: number;
readonly actor: {
readonly kind: string;
readonly id: string | null;
readonly name: string;
readonly tokenId?: string | undefined;
};
readonly action: string;
readonly subject: {
readonly kind: string;
readonly id: string | null;
readonly name: string;
};
readonly data: {
readonly [name: string]: unknown;
};
readonly prev: string;
readonly hash: string;
}
export interface Node {
readonly id: string;
readonly name: string;
readonly kind: "agent" | "worker";
readonly state: "connected" | "away";
readonly version: string;
readonly modules: readonly (string)[];
readonly slots: {
readonly [name: string]: {
readonly limit: number;
readonly inUse: number;
};
};
readonly drain: "draining" | "drained" | null;
readonly foundationId: string | null;
readonly siteId: string | null;
readonly facts: {
readonly [name: string]: unknown;
};
readonly joinedAt: number;
readonly seenAt: number | null;
readonly missed: number | null;
readonly load: number | null;
readonly agentId: string | null;
}
export interface JoinToken {
readonly id: string;
readonly role: "agent" | "worker";
readonly name: string | null;
readonly siteId: string | null;
readonly foundationId: string | null;
readonly state: "open" | "used" | "expired";
readonly expiresAt: number;
readonly usedAt: number | null;
readonly nodeId: string | null;
}
export interface NewJoinToken {
readonly role: "agent" | "worker";
readonly name?: string | undefined;
readonly site?: string | undefined;
readonly expiresIn?: number | undefined;
}
export interface NewContentCheck {
readonly sha256: readonly (string)[];
}
export interface NewBackup {
/** 8 to 1,024 characters */
readonly passphrase?: string | undefined;
/** 32 bytes, base64; instead of a passphrase */
readonly key?: string | undefined;
readonly withMasterKey?: boolean | undefined;
}
export interface DnsTarget {
readonly name: string;
readonly kind: "bind" | "nsupdate" | "powerdns";
readonly settings: {
readonly [name: string]: unknown;
};
/** Zones it serves; none: all */
readonly zones: readonly (string)[];
/** The view it serves, beside zones without views */
readonly view: string | null;
readonly id: string;
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}
export interface NewDnsTarget {
readonly name: string;
readonly kind: "bind" | "nsupdate" | "powerdns";
/** As docs/dns.md says for each kind; keys only by the path of a file */
readonly settings: {
readonly [name: string]: unknown;
};
/** Zones it serves; none: all */
readonly zones?: readonly (string)[] | undefined;
/** The view it serves, beside zones without views */
readonly view?: string | null | undefined;
}
export interface DnsZone {
readonly name: string;
readonly view: string | null;
readonly reverse: boolean;
readonly parent: string | null;
readonly serial: number;
/** How many records it has */
readonly records: number;
}
export interface NewDnsPublish {
readonly target?: string | undefined;
readonly zone?: string | undefined;
readonly whole?: boolean | undefined;
}
export interface NewImport {
/** Rows of the import are managed by `import:NAME` */
readonly name: string;
/** Left out: guessed from the files */
readonly format?: "osa" | "osa-config" | "ansible" | "csv" | "netbox" | undefined;
/** Of structures for which the source says none; left out: a site named as the import */
readonly site?: string | undefined;
readonly files: readonly ({
readonly path: string;
readonly text: string;
})[];
/** Of the plan that was shown: with another plan nothing is changed */
readonly fingerprint?: string | undefined;
}
/** What the server can be asked, by what it is about. */
export interface Resources {
readonly accounts: {
/** Service accounts of the tenant and people with a role in it, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
readonly kind?: "person" | "service" | undefined;
} & CallOptions): Listing<Account>;
/** Create a service account of the tenant, or a person of the whole server (by who manages the server) */
create(body: NewAccount, options?: CallOptions): Promise<Account>;
/** One account, by id or name */
get(idOrName: string, options?: CallOptions): Promise<Account>;
/** Change an account; disabling it ends its tokens at once */
patch(idOrName: string, body: {
readonly displayName?: string | undefined;
readonly email?: string | null | undefined;
readonly disabled?: boolean | undefined;
}, options?: {
/** The version that was read; `*`: any */
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Account>;
/** Delete an account, with its tokens and role bindings */
delete(idOrName: string, options?: {
/** The version that was read; `*`: any */
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<void>;
/** The tokens of an account, with when they were used last */
tokens(idOrName: string, options?: CallOptions): Listing<Token>;
/** Make a token of an account; it is told once */
postTokens(idOrName: string, body: NewToken, options?: CallOptions): Promise<{
readonly id: string;
readonly name: string;
/** `session`: made by a login */
readonly kind: "personal" | "session";
/** What it allows at the most; null: all its account may do */
readonly permissions: readonly ("inventory.read" | "inventory.write" | "design.apply" | "secret.list" | "secret.read" | "secret.write" | "change.read" | "change.propose" | "change.approve" | "change.apply" | "job.read" | "job.control" | "run.read" | "run.start" | "fleet.read" | "fleet.manage" | "dns.manage" | "backend.manage" | "event.read" | "event.report" | "webhook.manage" | "audit.read" | "access.read" | "access.manage" | "tenant.manage" | "server.read" | "server.manage")[] | null;
/** The only tenant it opens; null: all its account has rights in */
readonly tenantId: string | null;
readonly expiresAt: number;
/** To the minute */
readonly lastUsedAt: number | null;
readonly createdAt: number;
/** Told here, and never again */
readonly token: string;
}>;
/** Revoke a token of an account, by id or name: it opens nothing from this moment on */
deleteTokens(idOrName: string, token: string, options?: CallOptions): Promise<void>;
/** Set the password of a person; ends the sessions there are */
replacePassword(idOrName: string, body: {
readonly password: string;
/** Needed for the own one */
readonly old?: string | undefined;
}, options?: CallOptions): Promise<void>;
};
readonly addressBlocks: {
/** Who has which address of a block, and how many are left */
addresses(idOrName: string, options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<{
readonly address: string;
readonly structure: string;
readonly structureId: string;
readonly interface: string | null;
readonly leaving: boolean;
}, {
readonly block: string;
readonly site: string;
readonly subnet: string;
readonly gateway: string | null;
readonly reserved: readonly ({
readonly first: string;
readonly last: string;
readonly reason: string;
})[];
readonly dynamic: readonly ({
readonly first: string;
readonly last: string;
readonly reason: string;
})[];
readonly counts: {
readonly size: string;
readonly held: string;
readonly reserved: string;
readonly dynamic: string;
readonly free: string;
};
readonly items: readonly ({
readonly address: string;
readonly structure: string;
readonly structureId: string;
readonly interface: string | null;
readonly leaving: boolean;
})[];
readonly next: string | null;
}>;
/** The lowest free addresses of a block; nothing is given out */
nextFree(idOrName: string, options?: {
readonly count?: number | undefined;
} & CallOptions): Promise<{
readonly block: string;
readonly addresses: readonly (string)[];
}>;
/** Give a structure free addresses of a block, or one that it names */
allocate(idOrName: string, body: {
readonly structure: string;
readonly interface?: string | undefined;
readonly count?: number | undefined;
readonly address?: string | undefined;
}, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<{
readonly structure: string;
readonly version: number;
readonly addresses: readonly ({
readonly block: string;
readonly address: string;
readonly interface?: string | undefined;
})[];
}>;
/** Take addresses of a block back: those that are named, or all of a structure */
release(idOrName: string, body: {
readonly addresses?: readonly (string)[] | undefined;
readonly structure?: string | undefined;
}, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<{
readonly items: readonly ({
readonly structure: string;
readonly version: number;
readonly addresses: readonly ({
readonly block: string;
readonly address: string;
readonly interface?: string | undefined;
})[];
})[];
}>;
/** Address blocks, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<AddressBlock, {
readonly items: readonly (AddressBlock)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create an address block */
create(body: NewAddressBlock, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<AddressBlock>;
/** An address block, by id or name */
get(idOrName: string, options?: {
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly site: string;
readonly subnet: string;
readonly gateway: string | null;
readonly reserved: readonly (string)[];
readonly dynamic: readonly (string)[];
readonly network: string | null;
readonly description: string;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace an address block: members left out take their defaults */
replace(idOrName: string, body: NewAddressBlock, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<AddressBlock>;
/** Change an address block: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<AddressBlock>;
/** Delete an address block; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly audit: {
/** Who did what, the newest first */
list(options?: {
/** `server`: what belongs to no tenant: persons, logins, backups, keys; needs `server.read` as well */
readonly chain?: "tenant" | "server" | undefined;
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Name or id of who acted */
readonly actor?: string | undefined;
/** `secret.read`, or `secret.*` for all of a room */
readonly action?: string | undefined;
/** `KIND`, or `KIND/NAME` by name or id */
readonly subject?: string | undefined;
/** RFC 3339 with a time zone, or epoch milliseconds; included */
readonly since?: string | undefined;
/** RFC 3339 with a time zone, or epoch milliseconds; included */
readonly until?: string | undefined;
} & CallOptions): Listing<Audit>;
/** Where the chain ends: written down elsewhere, it proves later that nothing before was taken away */
head(options?: {
/** `server`: what belongs to no tenant: persons, logins, backups, keys; needs `server.read` as well */
readonly chain?: "tenant" | "server" | undefined;
} & CallOptions): Promise<{
readonly seq: number;
readonly hash: string;
readonly chain: string;
readonly time: number;
}>;
/** Whether every entry is as it was written, and none is missing */
verify(body: {
/** `server`: what belongs to no tenant: persons, logins, backups, keys; needs `server.read` as well */
readonly chain?: "tenant" | "server" | undefined;
/** A head that was written down elsewhere */
readonly head?: {
readonly seq: number;
readonly hash: string;
} | undefined;
}, options?: CallOptions): Promise<{
readonly chain: string;
/** Entries that were found whole */
readonly entries: number;
readonly last: {
readonly seq: number;
readonly hash: string;
};
/** The first thing that is wrong; null: all is as it was written */
readonly damage: {
readonly seq: number;
readonly kind: "changed" | "missing" | "rewritten";
readonly message: string;
} | null;
}>;
/** Entries as lines of JSON, the oldest first, each with what its hash is made of */
export(options?: {
/** `server`: what belongs to no tenant: persons, logins, backups, keys; needs `server.read` as well */
readonly chain?: "tenant" | "server" | undefined;
/** From this entry on */
readonly from?: number | undefined;
/** RFC 3339 with a time zone, or epoch milliseconds; included */
readonly since?: string | undefined;
/** Go on with what is added */
readonly follow?: boolean | undefined;
} & CallOptions): Promise<AsyncIterable<Audit>>;
};
readonly authority: {
/** The certificate authority, the one before, and who trusts only that */
get(options?: CallOptions): Promise<{
readonly source: "own" | "supplied";
readonly present: {
readonly fingerprint: string;
readonly notAfter: number;
readonly certificate: string;
};
readonly former: {
readonly fingerprint: string;
readonly notAfter: number;
readonly certificate: string;
readonly until: number;
} | null;
readonly server: {
readonly notAfter: number;
readonly names: readonly (string)[];
};
readonly behind: readonly (string)[];
}>;
/** Whom to trust from now on: for clients that trust the former authority, over a connection they trust */
certificate(options?: CallOptions): Promise<{
readonly fingerprint: string;
readonly notAfter: number;
readonly certificate: string;
}>;
/** Put another certificate authority in the place of the present one, which is good for a while yet */
rotate(body: {
readonly overlap?: number | undefined;
}, options?: CallOptions): Promise<{
readonly source: "own" | "supplied";
readonly present: {
readonly fingerprint: string;
readonly notAfter: number;
readonly certificate: string;
};
readonly former: {
readonly fingerprint: string;
readonly notAfter: number;
readonly certificate: string;
readonly until: number;
} | null;
readonly server: {
readonly notAfter: number;
readonly names: readonly (string)[];
};
readonly behind: readonly (string)[];
}>;
/** Trust the former certificate authority no more, from now on */
dropFormer(options?: CallOptions): Promise<{
readonly source: "own" | "supplied";
readonly present: {
readonly fingerprint: string;
readonly notAfter: number;
readonly certificate: string;
};
readonly former: {
readonly fingerprint: string;
readonly notAfter: number;
readonly certificate: string;
readonly until: number;
} | null;
readonly server: {
readonly notAfter: number;
readonly names: readonly (string)[];
};
readonly behind: readonly (string)[];
}>;
};
readonly backends: {
/** Backends, by name: where the truth of sites lives when it is not here */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<Backend>;
/** Add a backend: its site is read from there from now on */
create(body: NewBackend, options?: CallOptions): Promise<Backend>;
/** One backend, by id or name */
get(idOrName: string, options?: CallOptions): Promise<Backend>;
/** Replace a backend */
replace(idOrName: string, body: NewBackend, options?: {
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Backend>;
/** Remove a backend; what it holds stays there, and is no longer shown here */
delete(idOrName: string, options?: {
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<void>;
/** Whether a backend can be read, what it holds, and what is left out of it */
status(idOrName: string, options?: CallOptions): Promise<{
readonly name: string;
readonly kind: "files" | "gantry" | "netbox";
readonly site: string;
readonly state: "reading" | "there" | "missing";
/** When it was last read well */
readonly readAt: number | null;
/** Since when it is missing */
readonly since: number | null;
readonly error: string | null;
readonly problems: readonly ({
readonly code: string;
readonly message: string;
readonly [name: string]: unknown;
})[];
/** How many of each kind it holds */
readonly rows: {
readonly [name: string]: number;
};
/** What is left out, because its name is taken: the first hundred */
readonly conflicts: readonly ({
readonly backend: string;
readonly kind: string;
readonly name: string;
readonly managedBy: string;
})[];
}>;
};
readonly backups: {
/** A backup of this moment: the database and the keys of the server, sealed */
create(body: NewBackup, options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
};
readonly blueprintChecks: {
/** What is wrong with the blueprints of files; without files, with those of the inventory */
create(body: NewBlueprintCheck, options?: CallOptions): Promise<{
readonly problems: readonly ({
readonly code: string;
readonly message: string;
readonly where?: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | undefined;
readonly hint?: string | undefined;
})[];
readonly warnings: readonly ({
readonly code: string;
readonly message: string;
readonly where?: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | undefined;
readonly hint?: string | undefined;
})[];
}>;
};
readonly blueprintImports: {
/** Import blueprints, native or in Contractor's form; with `plan=true`, only show what that would do */
create(body: NewBlueprintImport, options?: {
readonly plan?: boolean | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly changes: readonly ({
readonly action: "create" | "change" | "remove" | "conflict";
readonly kind: "site" | "network" | "link" | "address_block" | "group" | "blueprint" | "structure" | "interface" | "boot_profile";
readonly name: string;
readonly reason: string;
readonly fields: readonly ({
readonly path: string;
readonly from?: unknown | undefined;
readonly to?: unknown | undefined;
})[];
})[];
readonly counts: {
readonly create: number;
readonly change: number;
readonly remove: number;
readonly conflict: number;
};
readonly unchanged: number;
readonly fingerprint: string;
readonly text: string;
readonly empty: boolean;
readonly removes: boolean;
readonly warnings: readonly ({
readonly code: string;
readonly message: string;
readonly where?: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | undefined;
readonly hint?: string | undefined;
})[];
readonly notes: readonly ({
readonly code: string;
readonly message: string;
readonly where?: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | undefined;
readonly hint?: string | undefined;
})[];
}>;
};
readonly blueprints: {
/** Blueprints, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<Blueprint, {
readonly items: readonly (Blueprint)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a blueprint */
create(body: NewBlueprint, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Blueprint>;
/** A blueprint, by id or name */
get(idOrName: string, options?: {
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly builds: "foundation" | "structure";
readonly description: string;
readonly parents: readonly (string)[];
readonly variables: {
readonly [name: string]: unknown;
};
readonly scripts: {
readonly [name: string]: string | {
readonly text: string;
readonly origin: {
readonly file: string;
readonly line: number;
readonly column: number;
readonly exact: boolean;
};
};
};
readonly templates: {
readonly [name: string]: string | {
readonly text: string;
readonly origin: {
readonly file: string;
readonly line: number;
readonly column: number;
readonly exact: boolean;
};
};
};
readonly foundationTypes: readonly (string)[];
readonly foundationBlueprints: readonly (string)[];
readonly interfaces: readonly (string)[];
readonly hardware: {
readonly [name: string]: unknown;
} | null;
readonly maxJobs: number | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace a blueprint: members left out take their defaults */
replace(idOrName: string, body: NewBlueprint, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Blueprint>;
/** Change a blueprint: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Blueprint>;
/** Delete a blueprint; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly boot: {
/** What the machine is, and its variables */
configuration(options?: CallOptions): Promise<{
readonly foundation: string | null;
readonly structure: string | null;
readonly site: string | null;
readonly blueprint: string;
/** Resolved and rendered, with how the machine is connected */
readonly variables: {
readonly [name: string]: unknown;
};
}>;
/** What the machine is, and its variables; by the key in the path */
keysConfiguration(key: string, options?: CallOptions): Promise<{
readonly foundation: string | null;
readonly structure: string | null;
readonly site: string | null;
readonly blueprint: string;
/** Resolved and rendered, with how the machine is connected */
readonly variables: {
readonly [name: string]: unknown;
};
}>;
/** The boot script of the profile that is set, for iPXE */
script(options?: CallOptions): Promise<unknown>;
/** The boot script of the profile that is set, for iPXE; by the key in the path */
keysScript(key: string, options?: CallOptions): Promise<unknown>;
/** The template of that profile, for its installer */
template(options?: CallOptions): Promise<unknown>;
/** The template of that profile, for its installer; by the key in the path */
keysTemplate(key: string, options?: CallOptions): Promise<unknown>;
/** A template of the machine's blueprint */
templates(name: string, options?: CallOptions): Promise<unknown>;
/** A template of the machine's blueprint; by the key in the path */
keysTemplates(key: string, name: string, options?: CallOptions): Promise<unknown>;
/** The machine says that it is done, or that it failed; its key opens nothing more */
signal(body: {
readonly outcome?: "done" | "failed" | undefined;
readonly message?: string | undefined;
} | null, options?: CallOptions): Promise<void>;
/** The machine says that it is done, or that it failed; its key opens nothing more; by the key in the path */
keysSignal(key: string, body: {
readonly outcome?: "done" | "failed" | undefined;
readonly message?: string | undefined;
} | null, options?: CallOptions): Promise<void>;
};
readonly bootProfiles: {
/** Boot profiles, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<BootProfile>;
/** Create a boot profile */
create(body: NewBootProfile, options?: CallOptions): Promise<BootProfile>;
/** One boot profile, by id or name */
get(idOrName: string, options?: CallOptions): Promise<BootProfile>;
/** Replace a boot profile */
replace(idOrName: string, body: NewBootProfile, options?: {
/** The version that was read; `*`: any */
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<BootProfile>;
/** Remove a boot profile that no foundation boots next */
delete(idOrName: string, options?: {
/** The version that was read; `*`: any */
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<void>;
};
readonly bulk: {
/** Make many edits in one transaction: all of them, or none */
create(body: NewBulk, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly changeRules: {
/** What the tenant and its sites ask of changes */
list(options?: CallOptions): Listing<ChangeRule>;
/** Set the rule of the tenant or of a site */
replace(body: ChangeRule, options?: CallOptions): Promise<ChangeRule>;
/** Remove the rule of a site, or without one that of the tenant */
delete(options?: {
readonly site?: string | undefined;
} & CallOptions): Promise<void>;
};
readonly changeSets: {
/** Change sets, the newest first */
list(options?: {
readonly state?: "open" | "applied" | "closed" | "all" | undefined;
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<ChangeSet>;
/** Propose changes: edits of the inventory, a design that is to be applied, or one to be taken down */
create(body: NewChangeSet, options?: CallOptions): Promise<ChangeSet>;
/** A change set: what it would change, who said what of it, and what it lacks */
get(number: string, options?: CallOptions): Promise<{
readonly id: string;
readonly number: number;
readonly title: string;
readonly description: string;
readonly state: "open" | "applied" | "closed";
readonly kind: "changes" | "design";
readonly design: string | null;
/** Of what would change: approvals are of this */
readonly digest: string;
readonly author: {
readonly key: string;
readonly name: string;
};
/** Who gave it its content last */
readonly contentBy: {
readonly key: string;
readonly name: string;
};
readonly reverts: number | null;
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly endedBy: {
readonly key: string;
readonly name: string;
} | null;
readonly endedAt: number | null;
readonly changes: readonly ({
readonly kind: string;
readonly name: string;
readonly action: "create" | "change" | "delete";
readonly members: readonly ({
readonly path: string;
readonly before?: unknown | undefined;
readonly after?: unknown | undefined;
})[];
})[];
/** Changes where the caller may read nothing */
readonly hidden: number;
/** Of a design */
readonly plan: string | null;
/** The truth has moved since: it must be brought up to date */
readonly moved: boolean;
readonly conflicts: readonly ({
readonly kind: string;
readonly name: string;
readonly path: string;
readonly before?: unknown | undefined;
readonly proposed?: unknown | undefined;
readonly now?: unknown | undefined;
})[];
readonly comments: readonly ({
readonly id: string;
readonly author: {
readonly key: string;
readonly name: string;
};
readonly text: string;
readonly createdAt: number;
})[];
readonly approvals: readonly ({
readonly author: {
readonly key: string;
readonly name: string;
};
readonly vote: "approve" | "reject";
readonly covers: readonly (string)[];
readonly createdAt: number;
})[];
readonly rejections: readonly ({
readonly author: {
readonly key: string;
readonly name: string;
};
readonly vote: "approve" | "reject";
readonly covers: readonly (string)[];
readonly createdAt: number;
})[];
/** Changes that lack approvals */
readonly lacking: readonly ({
readonly key: string;
readonly needs: number;
readonly has: number;
})[];
}>;
/** Give a change set of one's own another title, description or content; approvals lapse with the content */
patch(number: string, body: {
readonly title?: string | undefined;
readonly description?: string | undefined;
/** Edits of the inventory, as /v1/bulk takes them */
readonly edits?: readonly ({
readonly action: "create";
readonly kind: string;
readonly data: {
readonly [name: string]: unknown;
};
} | {
readonly action: "replace";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
readonly data: {
readonly [name: string]: unknown;
};
} | {
readonly action: "merge";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
readonly patch: {
readonly [name: string]: unknown;
};
} | {
readonly action: "operations";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
readonly operations: readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[];
} | {
readonly action: "delete";
readonly kind: string;
readonly name: string;
readonly version?: number | null | undefined;
})[] | undefined;
/** Whether what depends on something that is deleted goes with it */
readonly cascade?: boolean | undefined;
/** Documents of a design that is to be applied */
readonly design?: {
readonly documents: readonly ({
readonly path: string;
readonly text: string;
})[];
readonly files?: {
readonly [name: string]: string;
} | undefined;
} | undefined;
/** The name of a design that is to be taken down */
readonly destroy?: string | undefined;
}, options?: CallOptions): Promise<ChangeSet>;
/** Say something of a change set */
comments(number: string, body: {
readonly text: string;
}, options?: CallOptions): Promise<{
readonly id: string;
readonly author: {
readonly key: string;
readonly name: string;
};
readonly text: string;
readonly createdAt: number;
}>;
/** Approve or reject a change set of somebody else; a later vote replaces an earlier one */
votes(number: string, body: {
readonly vote: "approve" | "reject";
/** Of what was looked at: refused when it has changed since */
readonly digest?: string | undefined;
}, options?: CallOptions): Promise<{
readonly author: {
readonly key: string;
readonly name: string;
};
readonly vote: "approve" | "reject";
readonly covers: readonly (string)[];
readonly createdAt: number;
}>;
/** Bring a change set to the truth as it is now */
rebase(number: string, options?: CallOptions): Promise<ChangeSet>;
/** Make what was approved: all of it, or nothing */
apply(number: string, options?: CallOptions): Promise<ChangeSet>;
/** Give a change set up */
close(number: string, options?: CallOptions): Promise<ChangeSet>;
/** Propose a new change set that takes an applied one back */
revert(number: string, options?: CallOptions): Promise<ChangeSet>;
};
readonly complexes: {
/** Complexes, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<Complexe, {
readonly items: readonly (Complexe)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a complex */
create(body: NewComplexe, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Complexe>;
/** A complex, by id or name */
get(idOrName: string, options?: {
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly site: string;
readonly description: string;
readonly type: string;
readonly members: readonly (string)[];
readonly builtPercentage: number;
readonly attributes: {
readonly [name: string]: unknown;
};
readonly capacity: {
readonly [name: string]: number;
};
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace a complex: members left out take their defaults */
replace(idOrName: string, body: NewComplexe, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Complexe>;
/** Change a complex: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Complexe>;
/** Delete a complex; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly content: {
/** The bytes of content (application/octet-stream): files that GET brought, for instance */
get(sha256: string, options?: {
/** Bytes to leave out */
readonly from?: number | undefined;
} & CallOptions): Promise<AsyncIterable<Uint8Array>>;
/** Bring a file's bytes (application/octet-stream) for nodes to fetch by their hash */
replace(sha256: string, body: AsyncIterable<Uint8Array> | Uint8Array | string, options: {
/** Bytes of all of it */
readonly size: number;
/** Bytes the server has of it already: this request goes on behind them */
readonly from?: number | undefined;
} & CallOptions): Promise<{
readonly sha256: string;
readonly size: number;
}>;
};
readonly contentChecks: {
/** Which of these files the server has from who asks: those need not be sent */
create(body: NewContentCheck, options?: CallOptions): Promise<{
readonly known: readonly ({
readonly sha256: string;
readonly size: number;
})[];
}>;
};
readonly dependencies: {
/** Dependencies, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<Dependencie, {
readonly items: readonly (Dependencie)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a dependency */
create(body: NewDependencie, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Dependencie>;
/** A dependency, by id or name */
get(idOrName: string, options?: {
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly foundation: string;
readonly structure: string | null;
readonly dependency: string | null;
readonly link: "soft" | "hard";
readonly scriptStructure: string | null;
readonly createScript: string | null;
readonly destroyScript: string | null;
readonly description: string;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly state: "planned" | "building" | "built" | "failed" | "destroying";
readonly stale: boolean;
readonly rebuild: boolean;
readonly jobId: string | null;
readonly failure: {
readonly role: string;
readonly message: string;
readonly jobId: string | null;
readonly at: number;
} | null;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace a dependency: members left out take their defaults */
replace(idOrName: string, body: NewDependencie, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Dependencie>;
/** Change a dependency: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Dependencie>;
/** Delete a dependency; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly designs: {
/** What applying these documents would do */
plan(body: {
readonly bundle: {
readonly documents: readonly ({
readonly path: string;
readonly text: string;
})[];
readonly files?: {
readonly [name: string]: string;
} | undefined;
};
}, options?: CallOptions): Promise<{
readonly design: string;
readonly actions: readonly ({
readonly kind: "create" | "change" | "replace" | "repair" | "retry" | "destroy" | "conflict";
readonly target: "tenant" | "field_schema" | "zone" | "site" | "network" | "link" | "address_block" | "group" | "blueprint" | "complex" | "foundation" | "structure" | "dependency" | "interface";
readonly name: string;
readonly reason: string;
readonly fields: readonly ({
readonly path: string;
readonly from?: unknown | undefined;
readonly to?: unknown | undefined;
})[];
})[];
readonly unchanged: number;
readonly underway: number;
readonly fingerprint: string;
readonly text: string;
readonly empty: boolean;
readonly destroys: boolean;
readonly warnings: readonly ({
readonly code: string;
readonly message: string;
readonly where?: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | undefined;
readonly hint?: string | undefined;
})[];
}>;
/** Apply the plan that was shown */
apply(body: {
readonly bundle: {
readonly documents: readonly ({
readonly path: string;
readonly text: string;
})[];
readonly files?: {
readonly [name: string]: string;
} | undefined;
};
readonly fingerprint: string;
}, options?: CallOptions): Promise<{
readonly design: string;
readonly actions: readonly ({
readonly kind: "create" | "change" | "replace" | "repair" | "retry" | "destroy" | "conflict";
readonly target: "tenant" | "field_schema" | "zone" | "site" | "network" | "link" | "address_block" | "group" | "blueprint" | "complex" | "foundation" | "structure" | "dependency" | "interface";
readonly name: string;
readonly reason: string;
readonly fields: readonly ({
readonly path: string;
readonly from?: unknown | undefined;
readonly to?: unknown | undefined;
})[];
})[];
readonly unchanged: number;
readonly underway: number;
readonly fingerprint: string;
readonly text: string;
readonly empty: boolean;
readonly destroys: boolean;
readonly warnings: readonly ({
readonly code: string;
readonly message: string;
readonly where?: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | undefined;
readonly hint?: string | undefined;
})[];
}>;
/** Take a design down: with `plan`, only show what that would do */
destroy(name: string, body: {
readonly plan?: boolean | undefined;
readonly fingerprint?: string | undefined;
}, options?: CallOptions): Promise<{
readonly design: string;
readonly actions: readonly ({
readonly kind: "create" | "change" | "replace" | "repair" | "retry" | "destroy" | "conflict";
readonly target: "tenant" | "field_schema" | "zone" | "site" | "network" | "link" | "address_block" | "group" | "blueprint" | "complex" | "foundation" | "structure" | "dependency" | "interface";
readonly name: string;
readonly reason: string;
readonly fields: readonly ({
readonly path: string;
readonly from?: unknown | undefined;
readonly to?: unknown | undefined;
})[];
})[];
readonly unchanged: number;
readonly underway: number;
readonly fingerprint: string;
readonly text: string;
readonly empty: boolean;
readonly destroys: boolean;
readonly warnings: readonly ({
readonly code: string;
readonly message: string;
readonly where?: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | undefined;
readonly hint?: string | undefined;
})[];
}>;
/** Designs that were applied */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<Design>;
/** One design */
get(name: string, options?: CallOptions): Promise<Design>;
/** The documents a design was last applied with */
documents(name: string, options?: CallOptions): Promise<{
readonly documents: readonly ({
readonly path: string;
readonly text: string;
})[];
readonly files: {
readonly [name: string]: string;
};
}>;
/** How far a design is */
status(name: string, options?: CallOptions): Promise<{
readonly settled: boolean;
readonly items: readonly ({
readonly name: string;
readonly kind: "structure" | "foundation" | "dependency";
readonly blueprint: string;
readonly addresses: readonly (string)[];
readonly state: "planned" | "waiting" | "building" | "built" | "changing" | "paused" | "failed" | "destroying";
readonly step: string;
readonly percent: number;
readonly failure: {
readonly jobId: string;
readonly message: string;
readonly place: string | null;
readonly output: string;
} | null;
readonly milliseconds: number | null;
})[];
}>;
};
readonly dnsPublish: {
/** Publish now what waits; with `whole` also what the servers are thought to have */
create(body: NewDnsPublish, options?: CallOptions): Promise<{
/** How many are to be published */
readonly zones: number;
}>;
};
readonly dnsStatus: {
/** How far every zone is on every target, and what is left out of DNS */
get(options?: CallOptions): Promise<{
readonly zones: readonly ({
readonly target: string;
readonly zone: string;
readonly view: string | null;
readonly state: "waiting" | "published" | "removing";
readonly serial: number | null;
readonly wantedSerial: number | null;
readonly attempt: number;
readonly lastError: string | null;
readonly publishedAt: number | null;
})[];
readonly problems: readonly ({
readonly code: string;
readonly message: string;
readonly zone: string | null;
readonly [name: string]: unknown;
})[];
}>;
};
readonly dnsTargets: {
/** DNS targets, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<DnsTarget>;
/** Add a DNS target: a name server that is told */
create(body: NewDnsTarget, options?: CallOptions): Promise<DnsTarget>;
/** One DNS target, by id or name */
get(idOrName: string, options?: CallOptions): Promise<DnsTarget>;
/** Replace a DNS target; zones it no longer serves are removed from the server */
replace(idOrName: string, body: NewDnsTarget, options?: {
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<DnsTarget>;
/** Remove a DNS target; what the server has stays there */
delete(idOrName: string, options?: {
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<void>;
};
readonly dnsZones: {
/** Zones as they are published, each view for itself, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<DnsZone>;
/** One zone with every record */
get(zone: string, options?: {
readonly view?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly view: string | null;
readonly reverse: boolean;
readonly parent: string | null;
readonly serial: number;
readonly records: readonly ({
readonly name: string;
readonly type: string;
readonly ttl: number;
readonly value: string;
})[];
}>;
/** One zone as a zone file */
file(zone: string, options?: {
readonly view?: string | undefined;
} & CallOptions): Promise<AsyncIterable<Uint8Array>>;
};
readonly events: {
/** Report what happened to hardware */
create(body: NewEvent, options?: CallOptions): Promise<{
readonly type: string;
readonly foundation: string;
}>;
/** What happened; with `Accept: text/event-stream` as server-sent events that go on */
list(options?: {
/** A cursor, or `now`: only what comes from here on */
readonly cursor?: string | undefined;
readonly limit?: number | undefined;
/** `job.finished`, or `job.*` for all of a room; may be repeated */
readonly type?: string | readonly (string)[] | undefined;
/** What it happened to: `structure`, or `structure/ID` */
readonly subject?: string | undefined;
/** Go on as it happens, one event a line (NDJSON); without `cursor` from now on */
readonly follow?: boolean | undefined;
} & CallOptions): Listing<Event>;
/** One event */
get(id: string, options?: CallOptions): Promise<Event>;
};
readonly fieldSchemas: {
/** Field schemas, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<FieldSchema, {
readonly items: readonly (FieldSchema)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a field schema */
create(body: NewFieldSchema, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<FieldSchema>;
/** A field schema, by id or name */
get(idOrName: string, options?: {
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly schema: {
readonly [name: string]: unknown;
};
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace a field schema: members left out take their defaults */
replace(idOrName: string, body: NewFieldSchema, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<FieldSchema>;
/** Change a field schema: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<FieldSchema>;
/** Delete a field schema; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly foundations: {
/** What a foundation boots next */
boot(idOrName: string, options?: CallOptions): Promise<{
readonly foundation: string;
/** What it boots next, by interface; the one set last is first */
readonly settings: readonly ({
readonly interface: string;
readonly profile: string;
readonly jobId: string | null;
readonly setAt: number;
})[];
readonly signal: {
readonly name: string;
readonly resetAt: number;
/** Null: the machine has said nothing since the reset */
readonly outcome: "done" | "failed" | null;
readonly message: string;
readonly signalledAt: number | null;
} | null;
/** When the key of the machine ends; null: it has none */
readonly keyExpiresAt: number | null;
}>;
/** Make a key for a machine that is booted by hand; it is told once, and those before it end */
bootKey(idOrName: string, options?: CallOptions): Promise<{
readonly key: string;
readonly expiresAt: number;
}>;
/** Foundations, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<Foundation, {
readonly items: readonly (Foundation)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a foundation */
create(body: NewFoundation, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Foundation>;
/** A foundation, by id or name */
get(idOrName: string, options?: {
/** With `resolved`: every variable's value, where it comes from, and what it overrode */
readonly explain?: boolean | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly site: string;
readonly type: string;
readonly blueprint: string;
readonly attributes: {
readonly [name: string]: unknown;
};
readonly variables: {
readonly [name: string]: unknown;
};
readonly complex: string | null;
readonly systemUuid: string | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly state: "planned" | "building" | "built" | "failed" | "destroying";
readonly stale: boolean;
readonly rebuild: boolean;
readonly jobId: string | null;
readonly failure: {
readonly role: string;
readonly message: string;
readonly jobId: string | null;
readonly at: number;
} | null;
/** When it was said which machine it is; epoch milliseconds */
readonly locatedAt: number | null;
/** The machine that it is */
readonly machineId: string | null;
/** How it is known elsewhere: `docker_id` … */
readonly identifiers: {
readonly [name: string]: unknown;
};
/** The structure of its complex that it was placed on */
readonly placedOn: string | null;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace a foundation: members left out take their defaults */
replace(idOrName: string, body: NewFoundation, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Foundation>;
/** Change a foundation: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Foundation>;
/** Delete a foundation; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
/** The variables of a foundation; with `explain`, where each comes from */
variables(idOrName: string, options?: {
/** With `resolved`: every variable's value, where it comes from, and what it overrode */
readonly explain?: boolean | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly values: {
readonly [name: string]: unknown;
};
readonly explain?: {
readonly [name: string]: unknown;
} | undefined;
readonly deleted?: {
readonly [name: string]: unknown;
} | undefined;
}>;
/** Say that a foundation is there, without a machine that registered */
locate(idOrName: string, options?: CallOptions): Promise<void>;
/** Say that it is not known any more which machine a foundation is */
unlocate(idOrName: string, options?: CallOptions): Promise<void>;
};
readonly groups: {
/** Groups of a tenant, by name; with `kind`, also its sites of this kind */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<Group, {
readonly items: readonly (Group)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a group */
create(body: NewGroup, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly kind: string;
readonly description: string;
readonly parent: string | null;
readonly includes: readonly (string)[];
readonly priority: number;
readonly variables: {
readonly [name: string]: unknown;
};
readonly configuration: {
readonly url: string;
readonly revision: string;
readonly path: string;
} | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}>;
/** A group, by id or name; else the site of this id or name */
get(idOrName: string, options?: {
/** With `resolved`: every variable's value, where it comes from, and what it overrode */
readonly explain?: boolean | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly kind: string;
readonly description: string;
readonly parent: string | null;
readonly includes: readonly (string)[];
readonly priority: number;
readonly variables: {
readonly [name: string]: unknown;
};
readonly configuration: {
readonly url: string;
readonly revision: string;
readonly path: string;
} | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
/** True: it is a site, and is changed under /v1/sites */
readonly isSite: boolean;
readonly resolved?: {
readonly [name: string]: unknown;
} | undefined;
}>;
/** Replace a group: members left out take their defaults */
replace(idOrName: string, body: NewGroup, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly kind: string;
readonly description: string;
readonly parent: string | null;
readonly includes: readonly (string)[];
readonly priority: number;
readonly variables: {
readonly [name: string]: unknown;
};
readonly configuration: {
readonly url: string;
readonly revision: string;
readonly path: string;
} | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}>;
/** Change a group: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly kind: string;
readonly description: string;
readonly parent: string | null;
readonly includes: readonly (string)[];
readonly priority: number;
readonly variables: {
readonly [name: string]: unknown;
};
readonly configuration: {
readonly url: string;
readonly revision: string;
readonly path: string;
} | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
}>;
/** Delete a group, and with `cascade` those below it */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly history: {
/** What was done to a thing, by whom, and what it changed; the newest first */
getOf(kind: string, idOrName: string, options?: {
/** RFC 3339 with a time zone, or epoch milliseconds */
readonly since?: string | undefined;
} & CallOptions): Promise<{
readonly kind: string;
readonly id: string | null;
/** The one it has, or had last */
readonly name: string;
/** There are older ones than these 1,000: `GET /v1/audit?subject=KIND/ID` has all */
readonly more: boolean;
readonly items: readonly ({
/** The entry of the audit */
readonly seq: number;
/** Epoch milliseconds */
readonly time: number;
readonly actor: {
readonly kind: string;
readonly id: string | null;
readonly name: string;
};
readonly action: string;
readonly subject: {
readonly kind: string;
readonly id: string | null;
readonly name: string;
};
readonly changes: readonly ({
/** Members joined by dots; a dot in a name is written `\.` */
readonly path: string;
/** Left out: there was none */
readonly before?: unknown | undefined;
/** Left out: there is none any more */
readonly after?: unknown | undefined;
})[];
})[];
}>;
};
readonly holds: {
/** What waits for a receiver, oldest first */
list(options?: CallOptions): Listing<Hold>;
/** Answer in the place of the receiver */
answer(id: string, body: {
readonly outcome: "done" | "refused";
/** For people: shown with the job */
readonly note?: string | undefined;
}, options?: CallOptions): Promise<void>;
};
readonly imports: {
/** Import an inventory; with `plan=true`, only show what that would do */
create(body: NewImport, options?: {
readonly plan?: boolean | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly changes: readonly ({
readonly action: "create" | "change" | "remove" | "conflict";
readonly kind: "site" | "network" | "link" | "address_block" | "group" | "blueprint" | "structure" | "interface" | "boot_profile";
readonly name: string;
readonly reason: string;
readonly fields: readonly ({
readonly path: string;
readonly from?: unknown | undefined;
readonly to?: unknown | undefined;
})[];
})[];
readonly counts: {
readonly create: number;
readonly change: number;
readonly remove: number;
readonly conflict: number;
};
readonly unchanged: number;
readonly fingerprint: string;
readonly text: string;
readonly empty: boolean;
readonly removes: boolean;
readonly warnings: readonly ({
readonly code: string;
readonly message: string;
readonly where?: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | undefined;
readonly hint?: string | undefined;
})[];
}>;
};
readonly interfaces: {
/** Interfaces, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<Interface, {
readonly items: readonly (Interface)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create an interface */
create(body: NewInterface, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Interface>;
/** An interface, by id or name */
get(idOrName: string, options?: {
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly foundation: string | null;
readonly structure: string | null;
readonly device: string;
readonly type: "real" | "bonded" | "vlan" | "bridge";
readonly mac: string | null;
readonly mtu: number | null;
readonly vlan: number | null;
readonly members: readonly (string)[];
readonly network: string | null;
readonly link: string | null;
readonly linkName: string | null;
readonly provisioning: boolean;
readonly physicalLocation: string | null;
readonly parameters: {
readonly [name: string]: unknown;
};
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace an interface: members left out take their defaults */
replace(idOrName: string, body: NewInterface, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Interface>;
/** Change an interface: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Interface>;
/** Delete an interface; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly inventory: {
/** An Ansible inventory: `GROUP.tgz`, `GROUP.zip` or `GROUP.json`, of a group (id or name) or `all` */
get(bundle: string, options?: {
/** Structures of this site, or one below it */
readonly site?: string | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** `PATH:JSON`: structures whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** Structures of this name; may be given several times */
readonly host?: string | readonly (string)[] | undefined;
/** A bundle for each host, in one archive */
readonly each?: boolean | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
/** Whether hosts get the built-in variables (`_id`, `_site` …) */
readonly builtin?: boolean | undefined;
} & CallOptions): Promise<AsyncIterable<Uint8Array>>;
};
readonly jobs: {
/** Start a script of a blueprint, on one thing or on each structure of a group */
create(body: NewJob, options?: CallOptions): Promise<{
readonly items: readonly ({
readonly id: string;
readonly script: string;
readonly target: {
readonly kind: "structure" | "foundation";
readonly id: string;
readonly name: string;
};
readonly status: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled";
})[];
}>;
/** Jobs, newest first */
list(options?: {
readonly status?: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled" | undefined;
readonly target?: string | undefined;
readonly run?: string | undefined;
readonly cursor?: string | undefined;
readonly limit?: number | undefined;
} & CallOptions): Listing<Job>;
/** One job */
get(id: string, options?: CallOptions): Promise<Job>;
/** A job's log, oldest line first */
log(id: string, options?: {
readonly cursor?: number | undefined;
readonly limit?: number | undefined;
} & CallOptions): Listing<{
readonly sequence: number;
readonly at: number;
readonly kind: "created" | "started" | "call" | "attempt" | "result" | "message" | "undo" | "jumped" | "paused" | "resumed" | "retried" | "cancelled" | "failed" | "done";
readonly line: number | null;
readonly text: string;
readonly task: string | null;
}>;
/** What a job's tasks wrote, task by task */
output(id: string, options?: {
readonly cursor?: string | undefined;
readonly limit?: number | undefined;
} & CallOptions): Listing<{
readonly task: string;
readonly attempt: number;
readonly stream: "stdout" | "stderr";
readonly item: number | null;
readonly at: number;
readonly data: string;
readonly droppedBefore: number;
}>;
/** A job's tasks, in the order they were made */
tasks(id: string, options?: {
readonly cursor?: string | undefined;
readonly limit?: number | undefined;
} & CallOptions): Listing<{
readonly id: string;
readonly module: string;
readonly function: string;
readonly undoOf: string | null;
readonly status: "ready" | "leased" | "started" | "done" | "failed" | "interrupted" | "cancelled" | "unreachable";
readonly attempt: number;
readonly value: unknown;
readonly error: {
readonly message: string;
readonly code?: string | undefined;
} | null;
readonly createdAt: number;
readonly startedAt: number | null;
readonly settledAt: number | null;
}>;
/** Let a paused or failed job go on at a label of its script */
jump(id: string, body: {
readonly label: string;
}, options?: CallOptions): Promise<Job>;
/** Let a job rest: what is out ends, nothing new begins */
pause(id: string, options?: CallOptions): Promise<Job>;
/** Let a paused job go on */
resume(id: string, options?: CallOptions): Promise<Job>;
/** End a job: what is out is stopped, and what can be taken back is taken back, the latest first */
cancel(id: string, options?: CallOptions): Promise<Job>;
/** Make a failed job's call again, or begin its program anew */
retry(id: string, options?: CallOptions): Promise<Job>;
/** Stop and take back the call a job stands at; it is then paused before that call */
rollback(id: string, options?: CallOptions): Promise<Job>;
};
readonly joinTokens: {
/** Join tokens, the newest last; never what they say */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<JoinToken>;
/** Make a one-time token with which a worker or an agent joins; it is shown only in this answer */
create(body: NewJoinToken, options?: CallOptions): Promise<{
readonly id: string;
readonly token: string;
readonly expiresAt: number;
}>;
/** Make a join token worthless; who has joined with it stays */
revoke(id: string, options?: CallOptions): Promise<void>;
};
readonly links: {
/** Links, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<Link, {
readonly items: readonly (Link)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a link */
create(body: NewLink, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Link>;
/** A link, by id or name */
get(idOrName: string, options?: {
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly site: string | null;
readonly description: string;
readonly mtu: number | null;
readonly speed: string | null;
readonly bonding: {
readonly mode: string;
readonly parameters: {
readonly [name: string]: unknown;
};
} | null;
readonly trunking: {
readonly mode: "disabled" | "802.1q";
readonly native: string | null;
};
readonly networks: readonly (string)[];
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace a link: members left out take their defaults */
replace(idOrName: string, body: NewLink, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Link>;
/** Change a link: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Link>;
/** Delete a link; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly login: {
/** Begin a login by the issuer, in a browser that comes back to a program on its own machine */
postOidc(body: {
/** Of that program */
readonly redirect: string;
}, options?: CallOptions): Promise<{
/** The secret of this login, told when it was begun */
readonly flow: string;
/** What to open in the browser */
readonly url: string;
}>;
/** Send a browser to the issuer */
oidc(options?: CallOptions): Promise<void>;
/** End a login by the issuer with what the browser came back with */
oidcFinish(body: {
/** The secret of this login, told when it was begun */
readonly flow: string;
/** All that stood behind the question mark */
readonly query: string;
/** Id or name of the only tenant the session opens; left out: all the account has rights in */
readonly tenant?: string | undefined;
}, options?: CallOptions): Promise<{
/** Told here, and never again */
readonly token: string;
readonly expiresAt: number;
readonly account: {
readonly id: string;
readonly name: string;
readonly displayName: string;
};
}>;
/** Where the issuer sends the browser back to */
oidcCallback(options?: {
readonly type?: unknown | undefined;
readonly propertyNames?: string | undefined;
readonly additionalProperties?: unknown | undefined;
} & CallOptions): Promise<{
/** Told here, and never again */
readonly token: string;
readonly expiresAt: number;
readonly account: {
readonly id: string;
readonly name: string;
readonly displayName: string;
};
}>;
/** Begin a login that is confirmed on another device */
device(options?: CallOptions): Promise<{
/** The secret of this login, told when it was begun */
readonly flow: string;
readonly userCode: string;
readonly verificationUri: string;
/** The same with the code in it */
readonly verificationUriComplete: string | null;
/** Seconds between two questions */
readonly interval: number;
/** Seconds */
readonly expiresIn: number;
}>;
/** Ask whether a login was confirmed on the other device */
devicePoll(body: {
/** The secret of this login, told when it was begun */
readonly flow: string;
/** Id or name of the only tenant the session opens; left out: all the account has rights in */
readonly tenant?: string | undefined;
}, options?: CallOptions): Promise<{
/** Null: not yet */
readonly session: {
/** Told here, and never again */
readonly token: string;
readonly expiresAt: number;
readonly account: {
readonly id: string;
readonly name: string;
readonly displayName: string;
};
} | null;
/** Seconds to wait before asking again */
readonly interval: number;
}>;
/** Log in with name and password, here or in the directory; gives the token of a session */
create(body: NewLogin, options?: CallOptions): Promise<{
/** Told here, and never again */
readonly token: string;
readonly expiresAt: number;
readonly account: {
readonly id: string;
readonly name: string;
readonly displayName: string;
};
}>;
};
readonly machineTokens: {
/** Registration tokens, without what makes them open anything */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<MachineToken>;
/** Make a registration token of a site, for a boot image; it is told once */
create(body: NewMachineToken, options?: CallOptions): Promise<{
readonly id: string;
readonly site: string;
readonly description: string;
readonly createdAt: number;
readonly expiresAt: number | null;
/** When a machine registered with it last */
readonly usedAt: number | null;
readonly token: string;
}>;
/** Revoke a registration token */
delete(id: string, options?: CallOptions): Promise<void>;
};
readonly machines: {
/** Register a machine by what it is made of; the credential is a registration token of its site */
create(body: NewMachine, options?: CallOptions): Promise<{
readonly state: "located" | "waiting";
readonly foundation: string | null;
readonly hostname: string | null;
readonly site: string;
readonly id: string;
readonly secret: string;
}>;
/** Machines that registered, and which foundation each is, or why it is none */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
readonly state?: "located" | "unmatched" | "ambiguous" | "conflict" | "unfit" | undefined;
readonly site?: string | undefined;
} & CallOptions): Listing<Machine>;
/** What a machine is to be, for itself: the credential is the secret it was given when it registered */
assignment(id: string, options?: CallOptions): Promise<{
readonly state: "located" | "waiting";
readonly foundation: string | null;
readonly hostname: string | null;
readonly site: string;
}>;
/** A machine that registered */
get(id: string, options?: CallOptions): Promise<Machine>;
/** Forget a machine; it may register again */
delete(id: string, options?: CallOptions): Promise<void>;
/** Say which foundation a machine is; `null`: let it be found out */
assign(id: string, body: {
readonly foundation: string | null;
}, options?: CallOptions): Promise<Machine>;
};
readonly networks: {
/** Networks, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<Network, {
readonly items: readonly (Network)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a network */
create(body: NewNetwork, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Network>;
/** A network, by id or name */
get(idOrName: string, options?: {
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly site: string | null;
readonly description: string;
readonly mtu: number | null;
readonly vlan: number | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace a network: members left out take their defaults */
replace(idOrName: string, body: NewNetwork, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Network>;
/** Change a network: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Network>;
/** Delete a network; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly nodes: {
/** Workers and agents */
list(options?: {
readonly cursor?: string | undefined;
readonly limit?: number | undefined;
readonly kind?: "agent" | "worker" | undefined;
} & CallOptions): Listing<Node>;
/** One worker or agent */
get(idOrName: string, options?: CallOptions): Promise<Node>;
/** Forget a worker or an agent that is gone; it may join again by a token */
delete(idOrName: string, options?: CallOptions): Promise<void>;
/** What an agent remembers: results that stand in for later commands, and names of arguments and variables */
cache(idOrName: string, options?: CallOptions): Promise<{
readonly results: readonly ({
readonly key: string;
readonly verb: string;
readonly text: string;
readonly at: number;
readonly bytes: number;
})[];
readonly arguments: readonly (string)[];
readonly environment: readonly (string)[];
}>;
/** Shut a worker or an agent out for good: its connection ends, its tasks are lost, its key is worth nothing */
revoke(idOrName: string, options?: CallOptions): Promise<void>;
/** Give a worker nothing new; what it has goes on, and then it is drained */
drain(idOrName: string, options?: CallOptions): Promise<Node>;
/** Give a worker tasks again */
resume(idOrName: string, options?: CallOptions): Promise<Node>;
/** Make an agent the release that this server has; it goes back by itself when that does not come up */
upgrade(idOrName: string, body: {
/** Seconds the new release has to connect in */
readonly within?: number | undefined;
}, options?: CallOptions): Promise<{
readonly changed: boolean;
readonly release: string;
}>;
};
readonly password: {
/** Change the own password; ends all other sessions */
replace(body: {
readonly password: string;
/** The one there was */
readonly old: string;
}, options?: CallOptions): Promise<void>;
};
readonly query: {
/** How many structures there are, told apart by site, blueprint … */
count(options?: {
/** Made by it, or by one that builds upon it */
readonly blueprint?: string | undefined;
/** In it, or below it */
readonly site?: string | undefined;
readonly role?: string | undefined;
readonly state?: string | undefined;
readonly by?: "site" | "blueprint" | "role" | "state" | "type" | readonly ("site" | "blueprint" | "role" | "state" | "type")[] | undefined;
} & CallOptions): Promise<{
readonly total: number;
readonly items: readonly ({
readonly values: {
readonly [name: string]: string | null;
};
readonly count: number;
})[];
}>;
/** What is affected when things go down, and why */
affected(options: {
/** `foundation:rack1-7`, `site:vienna`; may be repeated */
readonly thing: string | readonly (string)[];
readonly limit?: number | undefined;
} & CallOptions): Promise<{
readonly asked: readonly ({
readonly kind: "site" | "network" | "address_block" | "complex" | "dependency" | "foundation" | "structure";
/** Empty: something you may not see */
readonly name: string;
})[];
/** Of all, not only of those shown */
readonly total: number;
readonly down: number;
readonly impaired: number;
readonly items: readonly ({
readonly thing: {
readonly kind: "site" | "network" | "address_block" | "complex" | "dependency" | "foundation" | "structure";
/** Empty: something you may not see */
readonly name: string;
readonly site: string | null;
/** A foundation's type, a structure's blueprint */
readonly type: string | null;
readonly state: string | null;
};
readonly effect: "down" | "impaired";
readonly because: {
/** `stands on`, `depends on` … */
readonly relation: string;
readonly thing: {
readonly kind: "site" | "network" | "address_block" | "complex" | "dependency" | "foundation" | "structure";
/** Empty: something you may not see */
readonly name: string;
};
};
readonly distance: number;
})[];
}>;
/** What things, or all structures of a group, blueprint or role, stand on and use */
uses(options?: {
/** `foundation:rack1-7`, `site:vienna`; may be repeated */
readonly thing?: string | readonly (string)[] | undefined;
readonly group?: string | undefined;
readonly blueprint?: string | undefined;
readonly role?: string | undefined;
readonly limit?: number | undefined;
} & CallOptions): Promise<{
readonly asked: readonly ({
readonly kind: "site" | "network" | "address_block" | "complex" | "dependency" | "foundation" | "structure";
/** Empty: something you may not see */
readonly name: string;
})[];
readonly total: number;
readonly totals: {
readonly machine: number;
readonly vm: number;
readonly container: number;
readonly other: number;
};
readonly items: readonly ({
readonly thing: {
readonly kind: "site" | "network" | "address_block" | "complex" | "dependency" | "foundation" | "structure";
/** Empty: something you may not see */
readonly name: string;
readonly site: string | null;
/** A foundation's type, a structure's blueprint */
readonly type: string | null;
readonly state: string | null;
};
readonly by: {
/** `stands on`, `depends on` … */
readonly relation: string;
readonly thing: {
readonly kind: "site" | "network" | "address_block" | "complex" | "dependency" | "foundation" | "structure";
/** Empty: something you may not see */
readonly name: string;
};
};
readonly distance: number;
})[];
}>;
/** What is not as designed */
differences(options?: {
readonly site?: string | undefined;
/** Ask drivers and agents what really is there; what does not answer is left out */
readonly look?: boolean | undefined;
readonly limit?: number | undefined;
} & CallOptions): Promise<{
readonly total: number;
readonly items: readonly ({
readonly kind: string;
readonly name: string;
readonly site: string | null;
readonly difference: "failed" | "drifted" | "missing" | "outdated" | "unwanted" | "edited" | "unlocated" | "working";
readonly message: string;
})[];
}>;
};
readonly roleBindings: {
/** Role bindings of the tenant and of the whole server, oldest first */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this account, by id or name */
readonly account?: string | undefined;
readonly directoryGroup?: string | undefined;
readonly role?: string | undefined;
} & CallOptions): Listing<RoleBinding>;
/** Bind a role to an account or to a group of the directory */
create(body: NewRoleBinding, options?: CallOptions): Promise<RoleBinding>;
/** One role binding */
get(id: string, options?: CallOptions): Promise<RoleBinding>;
/** Take a role away again */
delete(id: string, options?: CallOptions): Promise<void>;
};
readonly roles: {
/** Roles, built-in and custom, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<Role>;
/** Create a role */
create(body: NewRole, options?: CallOptions): Promise<Role>;
/** One role */
get(name: string, options?: CallOptions): Promise<Role>;
/** Replace a role, for everybody it is bound to */
replace(name: string, body: NewRole, options?: {
/** The version that was read; `*`: any */
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Role>;
/** Delete a role that is bound to nobody */
delete(name: string, options?: {
/** The version that was read; `*`: any */
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<void>;
};
readonly runs: {
/** Run verbs on nodes */
create(body: NewRun, options?: CallOptions): Promise<{
readonly id: string;
readonly text: string;
readonly status: "running" | "done" | "failed" | "cancelled";
readonly plan: boolean;
readonly resumes: string | null;
readonly starter: string;
readonly nodeCount: number;
readonly createdAt: number;
readonly finishedAt: number | null;
readonly error: {
readonly code: string;
readonly message: string;
} | null;
readonly counts: {
readonly ok: number;
readonly changed: number;
readonly failed: number;
readonly skipped: number;
readonly interrupted: number;
readonly unreachable: number;
};
readonly verbCount: number;
readonly entries: readonly ({
readonly name: string | null;
readonly async: boolean;
readonly nodeCount: number;
readonly failed: number;
readonly stages: readonly ({
readonly from: number;
readonly to: number;
readonly total: number;
readonly begun: number;
readonly ended: number;
readonly startedAt: number | null;
readonly finishedAt: number | null;
})[];
})[];
readonly nodes: readonly ({
readonly name: string;
readonly state: "waiting" | "running" | "done" | "failed" | "cancelled" | "skipped" | "unreachable";
readonly counts: {
readonly ok: number;
readonly changed: number;
readonly failed: number;
readonly skipped: number;
readonly interrupted: number;
readonly unreachable: number;
};
readonly jobs: readonly (string)[];
readonly exitCode: number | null;
readonly message: string | null;
})[];
}>;
/** Runs, the newest first */
list(options?: {
readonly cursor?: string | undefined;
readonly limit?: number | undefined;
} & CallOptions): Listing<Run>;
/** One run, and what became of it on each node */
get(id: string, options?: CallOptions): Promise<{
readonly id: string;
readonly text: string;
readonly status: "running" | "done" | "failed" | "cancelled";
readonly plan: boolean;
readonly resumes: string | null;
readonly starter: string;
readonly nodeCount: number;
readonly createdAt: number;
readonly finishedAt: number | null;
readonly error: {
readonly code: string;
readonly message: string;
} | null;
readonly counts: {
readonly ok: number;
readonly changed: number;
readonly failed: number;
readonly skipped: number;
readonly interrupted: number;
readonly unreachable: number;
};
readonly verbCount: number;
readonly entries: readonly ({
readonly name: string | null;
readonly async: boolean;
readonly nodeCount: number;
readonly failed: number;
readonly stages: readonly ({
readonly from: number;
readonly to: number;
readonly total: number;
readonly begun: number;
readonly ended: number;
readonly startedAt: number | null;
readonly finishedAt: number | null;
})[];
})[];
readonly nodes: readonly ({
readonly name: string;
readonly state: "waiting" | "running" | "done" | "failed" | "cancelled" | "skipped" | "unreachable";
readonly counts: {
readonly ok: number;
readonly changed: number;
readonly failed: number;
readonly skipped: number;
readonly interrupted: number;
readonly unreachable: number;
};
readonly jobs: readonly (string)[];
readonly exitCode: number | null;
readonly message: string | null;
})[];
}>;
/** Remove a run that ended */
delete(id: string, options?: CallOptions): Promise<void>;
/** Stop what a run has out, and begin nothing more */
cancel(id: string, options?: CallOptions): Promise<{
readonly id: string;
readonly text: string;
readonly status: "running" | "done" | "failed" | "cancelled";
readonly plan: boolean;
readonly resumes: string | null;
readonly starter: string;
readonly nodeCount: number;
readonly createdAt: number;
readonly finishedAt: number | null;
readonly error: {
readonly code: string;
readonly message: string;
} | null;
readonly counts: {
readonly ok: number;
readonly changed: number;
readonly failed: number;
readonly skipped: number;
readonly interrupted: number;
readonly unreachable: number;
};
readonly verbCount: number;
readonly entries: readonly ({
readonly name: string | null;
readonly async: boolean;
readonly nodeCount: number;
readonly failed: number;
readonly stages: readonly ({
readonly from: number;
readonly to: number;
readonly total: number;
readonly begun: number;
readonly ended: number;
readonly startedAt: number | null;
readonly finishedAt: number | null;
})[];
})[];
readonly nodes: readonly ({
readonly name: string;
readonly state: "waiting" | "running" | "done" | "failed" | "cancelled" | "skipped" | "unreachable";
readonly counts: {
readonly ok: number;
readonly changed: number;
readonly failed: number;
readonly skipped: number;
readonly interrupted: number;
readonly unreachable: number;
};
readonly jobs: readonly (string)[];
readonly exitCode: number | null;
readonly message: string | null;
})[];
}>;
/** The verbs of a run */
verbs(id: string, options?: {
readonly cursor?: string | undefined;
readonly limit?: number | undefined;
} & CallOptions): Listing<{
readonly job: number;
readonly id: string;
readonly entry: number;
readonly verb: string;
readonly text: string | null;
readonly name: string | null;
readonly where: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | null;
}>;
/** Every verb of a run on every node */
results(id: string, options?: {
readonly cursor?: string | undefined;
readonly limit?: number | undefined;
readonly state?: "ok" | "changed" | "failed" | "skipped" | "interrupted" | "unreachable" | "waiting" | "running" | undefined;
readonly node?: string | undefined;
} & CallOptions): Listing<{
readonly node: string;
readonly job: number;
readonly entry: number;
readonly stage: number;
readonly state: "ok" | "changed" | "failed" | "skipped" | "interrupted" | "unreachable" | "waiting" | "running";
readonly jobId: string | null;
readonly exitCode: number | null;
readonly message: string | null;
readonly startedAt: number | null;
readonly milliseconds: number | null;
readonly value: unknown;
}>;
/** Where the time of a run went, in milliseconds */
analysis(id: string, options?: CallOptions): Promise<{
readonly verbs: readonly ({
readonly verb: {
readonly job: number;
readonly id: string;
readonly entry: number;
readonly verb: string;
readonly text: string | null;
readonly name: string | null;
readonly where: {
readonly file: string;
readonly line?: number | undefined;
readonly column?: number | undefined;
} | null;
};
readonly nodes: number;
readonly total: number;
readonly mean: number;
readonly longest: number;
readonly slowest: string;
})[];
readonly nodes: readonly ({
readonly node: string;
readonly execution: number;
readonly waiting: number;
readonly roundTrip: number;
readonly verbs: number;
})[];
readonly total: {
readonly execution: number;
readonly waiting: number;
readonly roundTrip: number;
readonly verbs: number;
};
}>;
/** A run, its verbs, and every result (NDJSON) */
export(id: string, options?: CallOptions): Promise<AsyncIterable<RunExportLine>>;
/** What the nodes write, as it comes (NDJSON), how each ended, and at last the run */
output(id: string, options?: CallOptions): Promise<AsyncIterable<RunLine>>;
};
readonly secrets: {
/** Secrets, by name, without their values */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
readonly ownerKind?: "tenant" | "site" | "group" | "structure" | undefined;
/** Its id or name; with `ownerKind` */
readonly owner?: string | undefined;
readonly name?: string | undefined;
} & CallOptions): Listing<Secret>;
/** Keep a secret */
create(body: NewSecret, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Secret>;
/** Whether secrets can be opened, by which keys, and how far sealing anew is */
status(options?: CallOptions): Promise<{
/** locked: nothing can be opened or written; lists work */
readonly state: "open" | "locked";
/** Why it is locked */
readonly reason: string | null;
/** The master key that is in use, or needed. Null: there has never been one */
readonly masterKey: {
readonly id: string;
/** Told to who holds server.manage */
readonly source: string | null;
readonly since: number;
} | null;
/** The newest one of the tenant */
readonly dataKey: {
readonly generation: number;
readonly since: number | null;
};
readonly secrets: number;
/** How many are still to be sealed by the newest data key */
readonly left: number;
}>;
/** Look for the master key now, where the server looks for it */
unlock(options?: CallOptions): Promise<{
/** locked: nothing can be opened or written; lists work */
readonly state: "open" | "locked";
/** Why it is locked */
readonly reason: string | null;
/** The master key that is in use, or needed. Null: there has never been one */
readonly masterKey: {
readonly id: string;
/** Told to who holds server.manage */
readonly source: string | null;
readonly since: number;
} | null;
/** The newest one of the tenant */
readonly dataKey: {
readonly generation: number;
readonly since: number | null;
};
readonly secrets: number;
/** How many are still to be sealed by the newest data key */
readonly left: number;
}>;
/** Give the tenant a new data key; its secrets are sealed by it in the background */
rotateData(options?: CallOptions): Promise<{
/** locked: nothing can be opened or written; lists work */
readonly state: "open" | "locked";
/** Why it is locked */
readonly reason: string | null;
/** The master key that is in use, or needed. Null: there has never been one */
readonly masterKey: {
readonly id: string;
/** Told to who holds server.manage */
readonly source: string | null;
readonly since: number;
} | null;
/** The newest one of the tenant */
readonly dataKey: {
readonly generation: number;
readonly since: number | null;
};
readonly secrets: number;
/** How many are still to be sealed by the newest data key */
readonly left: number;
}>;
/** Wrap all data keys by a new master key */
rotateMaster(body: {
/** Left out: the place that the configuration names */
readonly source?: string | undefined;
}, options?: CallOptions): Promise<{
readonly before: string;
readonly id: string;
readonly source: string;
readonly dataKeys: number;
/** False: the configuration names another place, and should name this one */
readonly configured: boolean;
}>;
/** A secret, without its value */
get(id: string, options?: CallOptions): Promise<Secret>;
/** Replace the value of a secret, and what is said of it */
replace(id: string, body: {
readonly kind?: "text" | "pem" | "blob" | undefined;
/** At most 1 MiB; bytes that are no text in base64 */
readonly value: string;
/** What `value` is written in */
readonly encoding?: "utf8" | "base64" | undefined;
readonly description?: string | undefined;
/** Epoch milliseconds; from then on it is not opened */
readonly expiresAt?: number | null | undefined;
}, options?: {
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Secret>;
/** Remove a secret */
delete(id: string, options?: {
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<void>;
/** A secret with its value. Each reading is audited */
value(id: string, options?: CallOptions): Promise<{
readonly id: string;
readonly name: string;
readonly owner: {
readonly kind: "tenant" | "site" | "group" | "structure";
readonly id: string;
readonly name: string;
};
readonly kind: "text" | "pem" | "blob";
/** Bytes of the value */
readonly size: number;
readonly description: string;
readonly expiresAt: number | null;
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly value: string;
readonly encoding: "utf8" | "base64";
}>;
};
readonly server: {
/** The process lives */
healthz(options?: CallOptions): Promise<unknown>;
/** The server can do its work */
readyz(options?: CallOptions): Promise<unknown>;
/** Metrics, for Prometheus */
metrics(options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
};
readonly session: {
/** Log out: ends the session that asks */
delete(options?: CallOptions): Promise<void>;
};
readonly sites: {
/** Sites, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<Site, {
readonly items: readonly (Site)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a site */
create(body: NewSite, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Site>;
/** A site, by id or name */
get(idOrName: string, options?: {
/** With `resolved`: every variable's value, where it comes from, and what it overrode */
readonly explain?: boolean | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly kind: string;
readonly description: string;
readonly parent: string | null;
readonly variables: {
readonly [name: string]: unknown;
};
readonly zone: string | null;
readonly maxJobs: number | null;
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace a site: members left out take their defaults */
replace(idOrName: string, body: NewSite, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Site>;
/** Change a site: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Site>;
/** Delete a site; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly structures: {
/** Structures, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<Structure, {
readonly items: readonly (Structure)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a structure */
create(body: NewStructure, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Structure>;
/** A structure, by id or name */
get(idOrName: string, options?: {
/** With `resolved`: every variable's value, where it comes from, and what it overrode */
readonly explain?: boolean | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly hostname: string;
readonly site: string;
readonly blueprint: string | null;
readonly foundation: string | null;
readonly description: string;
readonly variables: {
readonly [name: string]: unknown;
};
readonly parent: string | null;
readonly role: string | null;
readonly managementAddress: string | null;
readonly groups: readonly (string)[];
readonly zone: string | null;
readonly addresses: readonly ({
readonly block: string;
readonly address: string;
readonly interface?: string | undefined;
})[];
readonly dependsOn: readonly (string)[];
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly state: "planned" | "building" | "built" | "failed" | "destroying";
readonly stale: boolean;
readonly rebuild: boolean;
readonly jobId: string | null;
readonly failure: {
readonly role: string;
readonly message: string;
readonly jobId: string | null;
readonly at: number;
} | null;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace a structure: members left out take their defaults */
replace(idOrName: string, body: NewStructure, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Structure>;
/** Change a structure: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Structure>;
/** Delete a structure; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
/** The variables of a structure; with `explain`, where each comes from */
variables(idOrName: string, options?: {
/** With `resolved`: every variable's value, where it comes from, and what it overrode */
readonly explain?: boolean | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly values: {
readonly [name: string]: unknown;
};
readonly explain?: {
readonly [name: string]: unknown;
} | undefined;
readonly deleted?: {
readonly [name: string]: unknown;
} | undefined;
}>;
/** Structures that should be members of this one's service */
members(idOrName: string, options?: {
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
readonly role?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
readonly state?: string | undefined;
/** Go on: all members, one list a line (NDJSON), now and each time they are others */
readonly follow?: boolean | undefined;
} & CallOptions): Promise<{
readonly items: readonly ({
readonly id: string;
readonly name: string;
readonly fqdn: string;
readonly address: string | null;
readonly addresses: readonly (string)[];
readonly site: string;
readonly role: string | null;
readonly state: string;
})[];
readonly reported: {
readonly missing: readonly (string)[];
readonly at: number;
} | null;
}>;
/** Report which members are missing; none when all are there */
postMembers(idOrName: string, body: {
readonly missing: readonly (string)[];
}, options?: CallOptions): Promise<{
readonly missing: readonly (string)[];
readonly at: number;
}>;
/** Tokens of a structure, without what makes them open anything */
tokens(idOrName: string, options?: CallOptions): Listing<{
readonly id: string;
readonly description: string;
readonly createdAt: number;
}>;
/** Issue a token by which the structure asks for its members; it is told once */
postTokens(idOrName: string, body: {
readonly description?: string | undefined;
}, options?: CallOptions): Promise<{
readonly id: string;
readonly description: string;
readonly createdAt: number;
readonly token: string;
}>;
/** Revoke a token of a structure */
deleteTokens(idOrName: string, tokenId: string, options?: CallOptions): Promise<void>;
};
readonly supportBundle: {
/** What helps to find a fault, as a .tgz, without anything secret */
get(options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
};
readonly tenants: {
/** Tenants, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<Tenant, {
readonly items: readonly (Tenant)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a tenant */
create(body: NewTenant, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Tenant>;
/** A tenant, by id or name */
get(idOrName: string, options?: {
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<Tenant>;
/** Replace a tenant; another name renames it */
replace(idOrName: string, body: NewTenant, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Tenant>;
/** Change a tenant: by a merge patch or a JSON Patch; another name renames it */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Tenant>;
/** Delete a tenant that owns nothing */
delete(idOrName: string, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
readonly todos: {
/** What people are asked to do, the oldest first */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<Todo>;
/** Say that it is done: its job goes on */
done(id: string, body: {
/** For the job's log */
readonly note?: string | undefined;
readonly value?: unknown | undefined;
}, options?: CallOptions): Promise<Todo>;
/** Say that it cannot be done: its job fails there, and can be tried again */
failed(id: string, body: {
/** Why */
readonly note: string;
}, options?: CallOptions): Promise<Todo>;
};
readonly tokens: {
/** The tokens of one's own account, with when they were used last */
list(options?: CallOptions): Listing<Token>;
/** Make a token of one's own account; it is told once */
create(body: NewToken, options?: CallOptions): Promise<{
readonly id: string;
readonly name: string;
/** `session`: made by a login */
readonly kind: "personal" | "session";
/** What it allows at the most; null: all its account may do */
readonly permissions: readonly ("inventory.read" | "inventory.write" | "design.apply" | "secret.list" | "secret.read" | "secret.write" | "change.read" | "change.propose" | "change.approve" | "change.apply" | "job.read" | "job.control" | "run.read" | "run.start" | "fleet.read" | "fleet.manage" | "dns.manage" | "backend.manage" | "event.read" | "event.report" | "webhook.manage" | "audit.read" | "access.read" | "access.manage" | "tenant.manage" | "server.read" | "server.manage")[] | null;
/** The only tenant it opens; null: all its account has rights in */
readonly tenantId: string | null;
readonly expiresAt: number;
/** To the minute */
readonly lastUsedAt: number | null;
readonly createdAt: number;
/** Told here, and never again */
readonly token: string;
}>;
/** Revoke a token of one's own account, by id or name: it opens nothing from this moment on */
delete(token: string, options?: CallOptions): Promise<void>;
};
readonly verbs: {
/** Verbs of one's own, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<Verb>;
/** One verb of one's own */
get(name: string, options?: CallOptions): Promise<Verb>;
/** Register a verb, or replace it: runs that begin from now on use it */
replace(name: string, body: {
readonly manifest: {
/** In capitals, as in an orchestration */
readonly name: string;
readonly summary: string;
readonly options?: {
readonly [name: string]: {
/** boolean: given or not, without a value */
readonly type?: "string" | "integer" | "number" | "boolean" | undefined;
readonly summary?: string | undefined;
readonly required?: boolean | undefined;
/** May be given again and again; the verb gets a list */
readonly many?: boolean | undefined;
readonly choices?: readonly (string | number)[] | undefined;
readonly minimum?: number | undefined;
readonly maximum?: number | undefined;
readonly default?: string | number | boolean | readonly (string | number | boolean)[] | undefined;
};
} | undefined;
/** What stands behind the options; left out: it takes none */
readonly text?: {
readonly summary?: string | undefined;
readonly required?: boolean | undefined;
} | undefined;
/** May run again when a crash left it unknown whether it had run */
readonly safeToRepeat?: boolean | undefined;
/** An earlier good result of the same call may stand in */
readonly cacheable?: boolean | undefined;
/** It can say what it would change, and changes nothing then */
readonly plan?: boolean | undefined;
};
/** Name of its file: .mjs, .js and .ts are modules, all else is run as it is */
readonly file: string;
/** The bytes of its file, base64 */
readonly program: string;
}, options?: {
/** The version that was read, or * */
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Verb>;
/** Remove a verb; runs that have begun go on with it */
delete(name: string, options?: {
/** The version that was read, or * */
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<void>;
};
readonly webhooks: {
/** A receiver answers what waits for it, by the token that it was sent: `Authorization: Bearer TOKEN` */
replies(body: {
readonly outcome: "done" | "refused";
/** For people: shown with the job */
readonly note?: string | undefined;
}, options?: CallOptions): Promise<void>;
/** Webhooks, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<Webhook>;
/** Create a webhook: events from now on */
create(body: NewWebhook, options?: CallOptions): Promise<{
readonly id: string;
readonly name: string;
readonly url: string;
readonly types: readonly (string)[];
readonly subjects: readonly (string)[];
readonly sites: readonly (string)[];
readonly ca: string | null;
readonly active: boolean;
/** The name of the secret it signs by; null: one that the server made */
readonly secret: string | null;
/** It signs by the one before as well */
readonly formerSecret: boolean;
/** Whose sight of events it has */
readonly owner: string;
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
/** Told once; null: none was made */
readonly signingSecret: string | null;
}>;
/** One webhook, and how far it has come */
get(idOrName: string, options?: CallOptions): Promise<Webhook>;
/** Replace a webhook; from then on it sees what who replaces it may see */
replace(idOrName: string, body: {
readonly name: string;
/** As https://example.org/gantry, without user or password */
readonly url: string;
/** `job.finished`, `job.*`; none: all */
readonly types?: readonly (string)[] | undefined;
/** Kinds of what something happened to; none: all */
readonly subjects?: readonly (string)[] | undefined;
/** Names of sites: what happened there or below; none: all */
readonly sites?: readonly (string)[] | undefined;
/** PEM of the authority to trust; null: the system's */
readonly ca?: string | null | undefined;
readonly active?: boolean | undefined;
/** A secret of the tenant; null: one that the server makes */
readonly secret?: string | null | undefined;
/** Sign by a new secret as well, made by the server */
readonly rotateSecret?: boolean | undefined;
/** Sign no more by the one before */
readonly dropFormerSecret?: boolean | undefined;
}, options?: {
/** The version that was read; `*`: any */
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly id: string;
readonly name: string;
readonly url: string;
readonly types: readonly (string)[];
readonly subjects: readonly (string)[];
readonly sites: readonly (string)[];
readonly ca: string | null;
readonly active: boolean;
/** The name of the secret it signs by; null: one that the server made */
readonly secret: string | null;
/** It signs by the one before as well */
readonly formerSecret: boolean;
/** Whose sight of events it has */
readonly owner: string;
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
/** Told once; null: none was made */
readonly signingSecret: string | null;
}>;
/** Remove a webhook */
delete(idOrName: string, options?: {
/** The version that was read; `*`: any */
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<void>;
/** Send an event to try the receiver */
test(idOrName: string, options?: CallOptions): Promise<{
readonly delivered: boolean;
readonly status: number | null;
readonly error: string | null;
}>;
/** Events that a receiver did not take, oldest first */
deadLetters(idOrName: string, options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
} & CallOptions): Listing<{
/** Of the event */
readonly id: string;
readonly type: string;
readonly at: number;
readonly subject: {
readonly kind: string;
readonly id: string;
};
readonly attempts: number;
readonly error: string;
readonly gaveUpAt: number;
readonly waitsForReplay: boolean;
}>;
/** Send dead letters once more */
replay(idOrName: string, body: {
/** Left out: all */
readonly ids?: readonly (string)[] | undefined;
}, options?: CallOptions): Promise<{
readonly replayed: number;
}>;
};
readonly whoami: {
/** Who asks, and what that may do */
get(options?: CallOptions): Promise<{
readonly kind: "administrator" | "person" | "service" | "structure" | "machine" | "server";
readonly name: string;
readonly account: {
readonly id: string;
readonly displayName: string;
readonly email: string | null;
readonly source: string;
} | null;
/** The tenant that is meant, here or by Gantry-Tenant */
readonly tenant: {
readonly id: string;
readonly name: string;
};
/** In this tenant; none of who is the administrator without being an account */
readonly roles: readonly ({
readonly role: string;
readonly scope: {
readonly kind: "server" | "tenant" | "site" | "group" | "project";
readonly name: string | null;
};
/** By which group of the directory; null: bound to the account */
readonly directoryGroup: string | null;
})[];
readonly permissions: {
/** In the whole tenant */
readonly everywhere: readonly ("inventory.read" | "inventory.write" | "design.apply" | "secret.list" | "secret.read" | "secret.write" | "change.read" | "change.propose" | "change.approve" | "change.apply" | "job.read" | "job.control" | "run.read" | "run.start" | "fleet.read" | "fleet.manage" | "dns.manage" | "backend.manage" | "event.read" | "event.report" | "webhook.manage" | "audit.read" | "access.read" | "access.manage" | "tenant.manage" | "server.read" | "server.manage")[];
/** At some of its places only */
readonly somewhere: readonly ("inventory.read" | "inventory.write" | "design.apply" | "secret.list" | "secret.read" | "secret.write" | "change.read" | "change.propose" | "change.approve" | "change.apply" | "job.read" | "job.control" | "run.read" | "run.start" | "fleet.read" | "fleet.manage" | "dns.manage" | "backend.manage" | "event.read" | "event.report" | "webhook.manage" | "audit.read" | "access.read" | "access.manage" | "tenant.manage" | "server.read" | "server.manage")[];
};
readonly token: {
readonly id: string;
readonly name: string;
readonly kind: string;
readonly expiresAt: number;
readonly permissions: readonly ("inventory.read" | "inventory.write" | "design.apply" | "secret.list" | "secret.read" | "secret.write" | "change.read" | "change.propose" | "change.approve" | "change.apply" | "job.read" | "job.control" | "run.read" | "run.start" | "fleet.read" | "fleet.manage" | "dns.manage" | "backend.manage" | "event.read" | "event.report" | "webhook.manage" | "audit.read" | "access.read" | "access.manage" | "tenant.manage" | "server.read" | "server.manage")[] | null;
} | null;
}>;
};
readonly zones: {
/** Zones, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
/** Of this site or one below it */
readonly site?: string | undefined;
/** In this group, one below it, or one it includes */
readonly group?: string | undefined;
/** `KEY` or `KEY=VALUE`; may be given several times */
readonly label?: string | readonly (string)[] | undefined;
/** Made by this blueprint, or by one that builds upon it */
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
readonly role?: string | undefined;
/** Directly below this one; empty: below none */
readonly parent?: string | undefined;
/** Of sites and groups: region, rack … */
readonly kind?: string | undefined;
/** Of foundations: offered by this complex; of structures: standing on one */
readonly complex?: string | undefined;
/** Of structures, interfaces and dependencies: those of this foundation */
readonly foundation?: string | undefined;
/** `PATH:JSON`: those whose resolved variables hold this value there; may be given several times */
readonly vars?: string | readonly (string)[] | undefined;
/** A member; `-MEMBER` for the other way round */
readonly sort?: string | undefined;
/** Members to show, joined by commas; all when left out */
readonly fields?: string | undefined;
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Listing<Zone, {
readonly items: readonly (Zone)[];
readonly next: string | null;
/** Backends that cannot be read: what they hold is not in the list. Left out: none */
readonly missing?: readonly ({
readonly backend: string;
readonly site: string;
readonly since: number;
readonly error: string;
})[] | undefined;
}>;
/** Create a zone */
create(body: NewZone, options?: {
readonly idempotencyKey?: string | undefined;
} & CallOptions): Promise<Zone>;
/** A zone, by id or name */
get(idOrName: string, options?: {
/** As it was then: RFC 3339 with a time zone, or epoch milliseconds. Left out: as it is */
readonly at?: string | undefined;
} & CallOptions): Promise<{
readonly name: string;
readonly description: string;
readonly parent: string | null;
readonly contact: string;
readonly nameservers: readonly (string)[];
readonly ttl: number;
readonly refresh: number;
readonly retry: number;
readonly expire: number;
readonly minimum: number;
readonly records: readonly ({
readonly name: string;
readonly type: "A" | "AAAA" | "CNAME" | "MX" | "NS" | "SRV" | "TXT";
readonly value: string;
readonly ttl: number | null;
})[];
readonly views: readonly (string)[];
readonly labels: {
readonly [name: string]: string;
};
readonly assets: readonly ({
readonly system: string;
readonly id: string;
readonly url: string | null;
})[];
readonly fields: {
readonly [name: string]: unknown;
};
readonly id: string;
/** `design:NAME`, `import:NAME`, `backend:NAME` or `person` */
readonly managedBy: string;
readonly wanted: "built" | "absent";
readonly version: number;
readonly createdAt: number;
readonly updatedAt: number;
readonly resolved?: {
readonly values: {
readonly [name: string]: unknown;
};
readonly explain: {
readonly [name: string]: unknown;
};
readonly deleted: {
readonly [name: string]: unknown;
};
} | undefined;
}>;
/** Replace a zone: members left out take their defaults */
replace(idOrName: string, body: NewZone, options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Zone>;
/** Change a zone: by a merge patch or a JSON Patch */
patch(idOrName: string, body: {
readonly [name: string]: unknown;
} | readonly ({
readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
readonly path: string;
readonly from?: string | undefined;
readonly value?: unknown | undefined;
})[], options?: {
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<Zone>;
/** Delete a zone; what is built is taken down first */
delete(idOrName: string, options?: {
/** Also what depends on it; without, that is answered as a list (409) */
readonly cascade?: boolean | undefined;
readonly idempotencyKey?: string | undefined;
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly results: readonly ({
readonly kind: string;
readonly name: string;
readonly id: string;
readonly version: number;
/** leaving: it is taken down first, or something still needs it */
readonly action: "created" | "changed" | "removed" | "leaving" | "unchanged";
readonly fields: readonly (string)[];
})[];
}>;
};
}
