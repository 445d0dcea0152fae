import { questionOf, recordQuery, structures, type Structure } from "../inventory/index.ts";
import type { Call, Job, Prepared } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { CALL_INVALID } from "./errors.ts";
import type { HostParts } from "./host.ts";
import type { Scene } from "./scene.ts";

/** `inventory.structures( … )`: what was asked is remembered, so that what is built with the answer follows when it changes. */
export async function prepareInventoryCall(parts: HostParts, job: Job, call: Call, scene: Scene): Promise<Prepared> {
  if (call.function !== "structures")
    throw new GantryError(CALL_INVALID, `there is no function inventory.${call.function}`);
  const question = questionOf(call.parameters);
  if (typeof question === "string") throw new GantryError(CALL_INVALID, question);
  const answer = structures(scene.resolver, question);
  // The whole answer is what may change: whether it did is nobody's to see.
  await parts.store.keepQuestion(job.id, recordQuery(question, answer));
  const mayRead = await parts.mayRead?.(job, scene.snapshot);
  const shown =
    mayRead === undefined
      ? answer
      : answer.filter(({ name }) => mayRead(scene.snapshot.structures.get(String(name)) as Structure));
  return { kind: "value", value: shown as Json };
}
