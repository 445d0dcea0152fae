// Made from docs/openapi.json by `npm run client`. Changes here are lost.
import type { CallOptions, Listing, OperationTable, RunLine } from "./model.ts";
/** What the server can be asked, by what it is about. */
export interface Resources {
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
}, options?: CallOptions): Promise<{
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
}, options?: CallOptions): Promise<{
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
readonly site?: string | undefined;
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
} & CallOptions): Listing<{
readonly id: string;
readonly name: string;
readonly managedBy: string;
readonly version: number;
readonly [name: string]: unknown;
}>;
/** Address blocks: one of them, by id or name */
get(idOrName: string, options?: CallOptions): Promise<{
readonly id: string;
readonly name: string;
readonly managedBy: string;
readonly version: number;
readonly [name: string]: unknown;
}>;
};
readonly blueprints: {
/** Blueprints, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
readonly site?: string | undefined;
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
} & CallOptions): Listing<{
readonly id: string;
readonly name: string;
readonly managedBy: string;
readonly version: number;
readonly [name: string]: unknown;
}>;
/** Blueprints: one of them, by id or name */
get(idOrName: string, options?: CallOptions): Promise<{
readonly id: string;
readonly name: string;
readonly managedBy: string;
readonly version: number;
readonly [name: string]: unknown;
}>;
};
readonly content: {
/** Keep a file's bytes (application/octet-stream) for nodes to fetch by their hash */
create(body: AsyncIterable<Uint8Array> | Uint8Array | string, options?: CallOptions): Promise<{
readonly sha256: string;
readonly size: number;
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
readonly target: "site" | "address_block" | "blueprint" | "foundation" | "structure";
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
readonly target: "site" | "address_block" | "blueprint" | "foundation" | "structure";
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
readonly target: "site" | "address_block" | "blueprint" | "foundation" | "structure";
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
} & CallOptions): Listing<{
readonly id: string;
readonly name: string;
readonly version: number;
readonly wanted: "built" | "absent";
readonly appliedBy: string;
readonly createdAt: number;
readonly appliedAt: number;
}>;
/** One design */
get(name: string, options?: CallOptions): Promise<{
readonly id: string;
readonly name: string;
readonly version: number;
readonly wanted: "built" | "absent";
readonly appliedBy: string;
readonly createdAt: number;
readonly appliedAt: number;
}>;
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
readonly kind: "structure" | "foundation";
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
readonly events: {
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
} & CallOptions): Listing<{
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
}>;
/** One event */
get(id: string, options?: CallOptions): Promise<{
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
}>;
};
readonly foundations: {
/** Foundations, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
readonly site?: string | undefined;
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
} & CallOptions): Listing<{
readonly id: string;
readonly name: string;
readonly managedBy: string;
readonly version: number;
readonly [name: string]: unknown;
}>;
/** Foundations: one of them, by id or name */
get(idOrName: string, options?: CallOptions): Promise<{
readonly id: string;
readonly name: string;
readonly managedBy: string;
readonly version: number;
readonly [name: string]: unknown;
}>;
/** The variables of a foundation; with `explain`, where each comes from */
variables(idOrName: string, options?: {
readonly explain?: boolean | undefined;
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
};
readonly jobs: {
/** Jobs, newest first */
list(options?: {
readonly status?: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled" | undefined;
readonly target?: string | undefined;
readonly run?: string | undefined;
readonly cursor?: string | undefined;
readonly limit?: number | undefined;
} & CallOptions): Listing<{
readonly id: string;
readonly host: string;
readonly program: {
readonly kind: "script" | "verbs";
readonly name: string;
readonly hash: string;
};
readonly target: {
readonly kind: "structure" | "foundation" | "node" | "none";
readonly id: string | null;
readonly name: string;
};
readonly run: string | null;
readonly status: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled";
readonly wish: "pause" | "cancel" | "retry" | null;
readonly actions: readonly ("pause" | "resume" | "cancel" | "retry")[];
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
readonly createdAt: number;
readonly startedAt: number | null;
readonly finishedAt: number | null;
}>;
/** One job */
get(id: string, options?: CallOptions): Promise<{
readonly id: string;
readonly host: string;
readonly program: {
readonly kind: "script" | "verbs";
readonly name: string;
readonly hash: string;
};
readonly target: {
readonly kind: "structure" | "foundation" | "node" | "none";
readonly id: string | null;
readonly name: string;
};
readonly run: string | null;
readonly status: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled";
readonly wish: "pause" | "cancel" | "retry" | null;
readonly actions: readonly ("pause" | "resume" | "cancel" | "retry")[];
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
readonly createdAt: number;
readonly startedAt: number | null;
readonly finishedAt: number | null;
}>;
/** A job's log, oldest line first */
log(id: string, options?: {
readonly cursor?: number | undefined;
readonly limit?: number | undefined;
} & CallOptions): Listing<{
readonly sequence: number;
readonly at: number;
readonly kind: "created" | "started" | "call" | "attempt" | "result" | "message" | "paused" | "resumed" | "retried" | "cancelled" | "failed" | "done";
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
/** Let a job rest: what is out ends, nothing new begins */
pause(id: string, options?: CallOptions): Promise<{
readonly id: string;
readonly host: string;
readonly program: {
readonly kind: "script" | "verbs";
readonly name: string;
readonly hash: string;
};
readonly target: {
readonly kind: "structure" | "foundation" | "node" | "none";
readonly id: string | null;
readonly name: string;
};
readonly run: string | null;
readonly status: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled";
readonly wish: "pause" | "cancel" | "retry" | null;
readonly actions: readonly ("pause" | "resume" | "cancel" | "retry")[];
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
readonly createdAt: number;
readonly startedAt: number | null;
readonly finishedAt: number | null;
}>;
/** Let a paused job go on */
resume(id: string, options?: CallOptions): Promise<{
readonly id: string;
readonly host: string;
readonly program: {
readonly kind: "script" | "verbs";
readonly name: string;
readonly hash: string;
};
readonly target: {
readonly kind: "structure" | "foundation" | "node" | "none";
readonly id: string | null;
readonly name: string;
};
readonly run: string | null;
readonly status: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled";
readonly wish: "pause" | "cancel" | "retry" | null;
readonly actions: readonly ("pause" | "resume" | "cancel" | "retry")[];
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
readonly createdAt: number;
readonly startedAt: number | null;
readonly finishedAt: number | null;
}>;
/** End a job: what is out is stopped */
cancel(id: string, options?: CallOptions): Promise<{
readonly id: string;
readonly host: string;
readonly program: {
readonly kind: "script" | "verbs";
readonly name: string;
readonly hash: string;
};
readonly target: {
readonly kind: "structure" | "foundation" | "node" | "none";
readonly id: string | null;
readonly name: string;
};
readonly run: string | null;
readonly status: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled";
readonly wish: "pause" | "cancel" | "retry" | null;
readonly actions: readonly ("pause" | "resume" | "cancel" | "retry")[];
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
readonly createdAt: number;
readonly startedAt: number | null;
readonly finishedAt: number | null;
}>;
/** Make a failed job's call again, or begin its program anew */
retry(id: string, options?: CallOptions): Promise<{
readonly id: string;
readonly host: string;
readonly program: {
readonly kind: "script" | "verbs";
readonly name: string;
readonly hash: string;
};
readonly target: {
readonly kind: "structure" | "foundation" | "node" | "none";
readonly id: string | null;
readonly name: string;
};
readonly run: string | null;
readonly status: "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled";
readonly wish: "pause" | "cancel" | "retry" | null;
readonly actions: readonly ("pause" | "resume" | "cancel" | "retry")[];
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
readonly createdAt: number;
readonly startedAt: number | null;
readonly finishedAt: number | null;
}>;
};
readonly joinTokens: {
/** Make a one-time token with which a worker or an agent joins; it is shown only in this answer */
create(body: {
readonly role: "agent" | "worker";
readonly name?: string | undefined;
readonly site?: string | undefined;
readonly expiresIn?: number | undefined;
}, options?: CallOptions): Promise<{
readonly id: string;
readonly token: string;
readonly expiresAt: number;
}>;
};
readonly nodes: {
/** Workers and agents */
list(options?: {
readonly cursor?: string | undefined;
readonly limit?: number | undefined;
} & CallOptions): Listing<{
readonly id: string;
readonly name: string;
readonly kind: "agent" | "worker";
readonly state: "connected" | "away";
readonly version: string;
readonly modules: readonly (string)[];
readonly foundationId: string | null;
readonly siteId: string | null;
readonly facts: {
readonly [name: string]: unknown;
};
readonly joinedAt: number;
readonly seenAt: number | null;
readonly agentId: string | null;
}>;
/** One worker or agent */
get(idOrName: string, options?: CallOptions): Promise<{
readonly id: string;
readonly name: string;
readonly kind: "agent" | "worker";
readonly state: "connected" | "away";
readonly version: string;
readonly modules: readonly (string)[];
readonly foundationId: string | null;
readonly siteId: string | null;
readonly facts: {
readonly [name: string]: unknown;
};
readonly joinedAt: number;
readonly seenAt: number | null;
readonly agentId: string | null;
}>;
};
readonly runs: {
/** Run verbs on nodes */
create(body: {
readonly text: string;
readonly targets?: readonly (string)[] | undefined;
readonly runOnce?: boolean | undefined;
readonly calls: readonly ({
readonly function: string;
readonly parameters: {
readonly [name: string]: unknown;
};
})[];
}, options?: CallOptions): Promise<{
readonly id: string;
readonly text: string;
readonly createdAt: number;
readonly jobs: readonly ({
readonly id: string;
readonly node: string;
readonly status: string;
})[];
}>;
/** One run and its jobs */
get(id: string, options?: CallOptions): Promise<{
readonly id: string;
readonly text: string;
readonly createdAt: number;
readonly jobs: readonly ({
readonly id: string;
readonly node: string;
readonly status: string;
})[];
}>;
/** What the nodes write, as it comes (NDJSON), and how each ended */
output(id: string, options?: CallOptions): Promise<AsyncIterable<RunLine>>;
};
readonly server: {
/** The process lives */
healthz(options?: CallOptions): Promise<unknown>;
/** The server can do its work */
readyz(options?: CallOptions): Promise<unknown>;
/** Metrics, for Prometheus */
metrics(options?: CallOptions): Promise<unknown>;
};
readonly sites: {
/** Sites, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
readonly site?: string | undefined;
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
} & CallOptions): Listing<{
readonly id: string;
readonly name: string;
readonly managedBy: string;
readonly version: number;
readonly [name: string]: unknown;
}>;
/** Sites: one of them, by id or name */
get(idOrName: string, options?: CallOptions): Promise<{
readonly id: string;
readonly name: string;
readonly managedBy: string;
readonly version: number;
readonly [name: string]: unknown;
}>;
};
readonly structures: {
/** Structures, by name */
list(options?: {
readonly limit?: number | undefined;
readonly cursor?: string | undefined;
readonly site?: string | undefined;
readonly blueprint?: string | undefined;
readonly state?: string | undefined;
} & CallOptions): Listing<{
readonly id: string;
readonly name: string;
readonly managedBy: string;
readonly version: number;
readonly [name: string]: unknown;
}>;
/** Structures: one of them, by id or name */
get(idOrName: string, options?: CallOptions): Promise<{
readonly id: string;
readonly name: string;
readonly managedBy: string;
readonly version: number;
readonly [name: string]: unknown;
}>;
/** Change a structure's variables or description */
patch(idOrName: string, body: {
readonly variables?: {
readonly [name: string]: unknown;
} | undefined;
readonly description?: string | undefined;
}, options?: {
readonly ifMatch?: number | "*" | undefined;
} & CallOptions): Promise<{
readonly id: string;
readonly name: string;
readonly managedBy: string;
readonly version: number;
readonly [name: string]: unknown;
}>;
/** The variables of a structure; with `explain`, where each comes from */
variables(idOrName: string, options?: {
readonly explain?: boolean | undefined;
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
};
}
export const OPERATIONS: OperationTable = {
addressBlocks: {
addresses: {"method":"GET","path":"/v1/address-blocks/{idOrName}/addresses","answer":"page","largestPage":1000},
nextFree: {"method":"GET","path":"/v1/address-blocks/{idOrName}/next-free","answer":"json"},
allocate: {"method":"POST","path":"/v1/address-blocks/{idOrName}/allocate","answer":"json","body":"json"},
release: {"method":"POST","path":"/v1/address-blocks/{idOrName}/release","answer":"json","body":"json"},
list: {"method":"GET","path":"/v1/address-blocks","answer":"page","largestPage":1000},
get: {"method":"GET","path":"/v1/address-blocks/{idOrName}","answer":"json"},
},
blueprints: {
list: {"method":"GET","path":"/v1/blueprints","answer":"page","largestPage":1000},
get: {"method":"GET","path":"/v1/blueprints/{idOrName}","answer":"json"},
},
content: {
create: {"method":"POST","path":"/v1/content","answer":"json","body":"bytes"},
},
designs: {
plan: {"method":"POST","path":"/v1/designs/plan","answer":"json","body":"json"},
apply: {"method":"POST","path":"/v1/designs/apply","answer":"json","body":"json"},
destroy: {"method":"POST","path":"/v1/designs/{name}/destroy","answer":"json","body":"json"},
list: {"method":"GET","path":"/v1/designs","answer":"page","largestPage":1000},
get: {"method":"GET","path":"/v1/designs/{name}","answer":"json"},
documents: {"method":"GET","path":"/v1/designs/{name}/documents","answer":"json"},
status: {"method":"GET","path":"/v1/designs/{name}/status","answer":"json"},
},
events: {
list: {"method":"GET","path":"/v1/events","answer":"page","largestPage":1000},
get: {"method":"GET","path":"/v1/events/{id}","answer":"json"},
},
foundations: {
list: {"method":"GET","path":"/v1/foundations","answer":"page","largestPage":1000},
get: {"method":"GET","path":"/v1/foundations/{idOrName}","answer":"json"},
variables: {"method":"GET","path":"/v1/foundations/{idOrName}/variables","answer":"json"},
},
jobs: {
list: {"method":"GET","path":"/v1/jobs","answer":"page","largestPage":500},
get: {"method":"GET","path":"/v1/jobs/{id}","answer":"json"},
log: {"method":"GET","path":"/v1/jobs/{id}/log","answer":"page","largestPage":500},
output: {"method":"GET","path":"/v1/jobs/{id}/output","answer":"page","largestPage":500},
tasks: {"method":"GET","path":"/v1/jobs/{id}/tasks","answer":"page","largestPage":500},
pause: {"method":"POST","path":"/v1/jobs/{id}/pause","answer":"json"},
resume: {"method":"POST","path":"/v1/jobs/{id}/resume","answer":"json"},
cancel: {"method":"POST","path":"/v1/jobs/{id}/cancel","answer":"json"},
retry: {"method":"POST","path":"/v1/jobs/{id}/retry","answer":"json"},
},
joinTokens: {
create: {"method":"POST","path":"/v1/join-tokens","answer":"json","body":"json"},
},
nodes: {
list: {"method":"GET","path":"/v1/nodes","answer":"page","largestPage":1000},
get: {"method":"GET","path":"/v1/nodes/{idOrName}","answer":"json"},
},
runs: {
create: {"method":"POST","path":"/v1/runs","answer":"json","body":"json"},
get: {"method":"GET","path":"/v1/runs/{id}","answer":"json"},
output: {"method":"GET","path":"/v1/runs/{id}/output","answer":"lines"},
},
server: {
healthz: {"method":"GET","path":"/healthz","answer":"json"},
readyz: {"method":"GET","path":"/readyz","answer":"json"},
metrics: {"method":"GET","path":"/metrics","answer":"json"},
},
sites: {
list: {"method":"GET","path":"/v1/sites","answer":"page","largestPage":1000},
get: {"method":"GET","path":"/v1/sites/{idOrName}","answer":"json"},
},
structures: {
list: {"method":"GET","path":"/v1/structures","answer":"page","largestPage":1000},
get: {"method":"GET","path":"/v1/structures/{idOrName}","answer":"json"},
patch: {"method":"PATCH","path":"/v1/structures/{idOrName}","answer":"json","body":"json","headers":{"ifMatch":"if-match"}},
variables: {"method":"GET","path":"/v1/structures/{idOrName}/variables","answer":"json"},
},
};
