import { createHash } from "node:crypto";
import { z } from "zod";
import { GantryError } from "../../kernel/errors.ts";
import { canonicalJson, type Json, type JsonObject } from "../../kernel/json.ts";
import { POD_FILE_WRONG } from "./errors.ts";

/** A pod of Kubernetes: what podman is handed, and the part of it that containers of docker can be made of. Pure. */

export const POD_LABEL = "io.gantry.pod";
export const HASH_LABEL = "io.gantry.pod.hash";

const quantity = z.union([z.string(), z.number(), z.boolean()]);

const containerSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/),
  image: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$/),
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).optional(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  workingDir: z.string().optional(),
  env: z
    .array(z.strictObject({ name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), value: quantity.optional() }))
    .optional(),
  ports: z
    .array(
      z.strictObject({
        containerPort: z.int().min(1).max(65_535),
        hostPort: z.int().min(1).max(65_535).optional(),
        hostIP: z.string().optional(),
        protocol: z.enum(["TCP", "UDP"]).optional(),
        name: z.string().optional(),
      }),
    )
    .optional(),
  volumeMounts: z
    .array(
      z.strictObject({ name: z.string(), mountPath: z.string().startsWith("/"), readOnly: z.boolean().optional() }),
    )
    .optional(),
  securityContext: z.strictObject({ privileged: z.boolean().optional(), runAsUser: z.int().optional() }).optional(),
});

const podSchema = z.strictObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Pod"),
  metadata: z.looseObject({ name: z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/) }),
  spec: z.strictObject({
    hostname: z.string().optional(),
    hostNetwork: z.boolean().optional(),
    restartPolicy: z.enum(["Always", "OnFailure", "Never"]).optional(),
    containers: z.array(containerSchema).min(1).max(50),
    volumes: z
      .array(
        z.strictObject({
          name: z.string(),
          hostPath: z.strictObject({ path: z.string().startsWith("/"), type: z.string().optional() }).optional(),
          emptyDir: z.strictObject({}).optional(),
        }),
      )
      .optional(),
  }),
});
type Pod = z.output<typeof podSchema>;

export interface ReadPod {
  readonly name: string;
  /** Of all that the file says. */
  readonly hash: string;
  readonly document: JsonObject;
}

/** What every engine must know. Throws `pod_file_wrong`. */
export function readKube(document: Json, file: string): ReadPod {
  const result = z
    .looseObject({ kind: z.literal("Pod"), metadata: z.looseObject({ name: z.string().min(1) }) })
    .safeParse(document);
  if (!result.success) throw wrongFile(file, result.error.issues);
  return {
    name: result.data.metadata.name,
    hash: createHash("sha256").update(canonicalJson(document)).digest("hex").slice(0, 32),
    document: document as JsonObject,
  };
}

/** The document with a label by which it is known whether a later one is the same. */
export function labelled({ document, hash }: ReadPod): JsonObject {
  const metadata = (document["metadata"] ?? {}) as JsonObject;
  const labels = (metadata["labels"] ?? {}) as JsonObject;
  return { ...document, metadata: { ...metadata, labels: { ...labels, [HASH_LABEL]: hash } } };
}

/**
 * `docker run` for each container, in order. The first one owns the network: the others join it, as they do in a pod. Throws
 * `pod_file_wrong` for what takes podman.
 */
export function dockerRuns({ name, hash, document }: ReadPod, file: string): (readonly string[])[] {
  const result = podSchema.safeParse(document);
  if (!result.success) throw wrongFile(file, result.error.issues);
  const { spec } = result.data;
  const [first] = spec.containers;
  const ports = spec.containers.flatMap((container) => container.ports ?? []).flatMap(publish);
  const network = spec.hostNetwork === true ? ["--network", "host"] : [];
  return spec.containers.map((container) => [
    "run",
    "--detach",
    "--name",
    `${name}-${container.name}`,
    "--label",
    `${POD_LABEL}=${name}`,
    "--label",
    `${HASH_LABEL}=${hash}`,
    "--restart",
    RESTARTS[spec.restartPolicy ?? "Always"],
    ...(container === first
      ? ["--hostname", spec.hostname ?? name, ...network, ...(spec.hostNetwork === true ? [] : ports)]
      : spec.hostNetwork === true
        ? network
        : ["--network", `container:${name}-${first?.name ?? ""}`]),
    ...containerOptions(container, spec, name, file),
  ]);
}

const RESTARTS = { Always: "always", OnFailure: "on-failure", Never: "no" } as const;

type PodContainer = z.output<typeof containerSchema>;

function containerOptions(container: PodContainer, spec: Pod["spec"], pod: string, file: string): string[] {
  const { command, args = [], workingDir, env = [], volumeMounts = [], securityContext: rights } = container;
  const [program, ...rest] = command ?? [];
  return [
    ...(container.imagePullPolicy === "Always" ? ["--pull", "always"] : []),
    ...(container.imagePullPolicy === "Never" ? ["--pull", "never"] : []),
    ...(workingDir === undefined ? [] : ["--workdir", workingDir]),
    ...env.flatMap(({ name, value }) => ["--env", `${name}=${String(value ?? "")}`]),
    ...volumeMounts.flatMap((mount) => volume(mount, spec, pod, file)),
    ...(rights?.privileged === true ? ["--privileged"] : []),
    ...(rights?.runAsUser === undefined ? [] : ["--user", String(rights.runAsUser)]),
    ...(program === undefined ? [] : ["--entrypoint", program]),
    container.image,
    ...rest,
    ...args,
  ];
}

function volume(
  mount: NonNullable<PodContainer["volumeMounts"]>[number],
  spec: Pod["spec"],
  pod: string,
  file: string,
): string[] {
  const found = spec.volumes?.find(({ name }) => name === mount.name);
  if (found === undefined) throw wrongFile(file, [{ path: ["spec", "volumes"], message: `there is no ${mount.name}` }]);
  const source = found.hostPath?.path ?? `${pod}-${found.name}`;
  return ["--volume", `${source}:${mount.mountPath}${mount.readOnly === true ? ":ro" : ""}`];
}

function publish({ containerPort, hostPort, hostIP, protocol = "TCP" }: NonNullable<PodContainer["ports"]>[number]) {
  if (hostPort === undefined) return [];
  const host = hostIP === undefined ? "" : `${hostIP}:`;
  return ["--publish", `${host}${hostPort}:${containerPort}/${protocol.toLowerCase()}`];
}

function wrongFile(
  file: string,
  issues: readonly {
    readonly path: readonly PropertyKey[];
    readonly message: string;
    readonly code?: string | undefined;
  }[],
): GantryError {
  const text = issues.slice(0, 5).map(({ path, message }) => `${path.map(String).join(".") || "the file"}: ${message}`);
  return new GantryError(POD_FILE_WRONG, `${file}: ${text.join("; ")}`);
}
