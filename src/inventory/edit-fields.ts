import type { Draft } from "./edit-draft.ts";
import type { AnyRow, ProblemList } from "./edit-model.ts";
import { meant, stayingTouched } from "./edit-touched.ts";
import { CUSTOM_FIELDS_INVALID, FIELD_SCHEMA_INVALID, MEMBER_INVALID } from "./errors.ts";
import { fieldCheck, type FieldCheck } from "./fields.ts";
import { OWNED_RULES, TENANT_RULE, titleOf, type Kind, type KindRule } from "./kinds.ts";
import type { FieldSchema } from "./model.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";

/** Kinds that have custom fields. */
export const DESCRIBED_KINDS: readonly string[] = [TENANT_RULE, ...(OWNED_RULES as readonly KindRule[])]
  .filter(({ schema }) => Object.hasOwn(schema.shape, "fields"))
  .map(({ kind }) => kind);

/** Custom fields against the tenant's schemas: those of what was touched, and of everything of a kind whose schema was. */
export function checkFields(draft: Draft, problems: ProblemList): void {
  for (const { after, index } of stayingTouched<FieldSchema>(draft, "field_schema")) {
    const at = { index, kind: "field_schema", name: after.name } as const;
    if (!DESCRIBED_KINDS.includes(after.name)) {
      const hint = meant(after.name, DESCRIBED_KINDS) || `: ${DESCRIBED_KINDS.join(", ")}`;
      problems.add(MEMBER_INVALID, at, `field schema '${after.name}' must be named as the kind it is for${hint}`);
      continue;
    }
    try {
      fieldCheck(after.schema);
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      problems.add(FIELD_SCHEMA_INVALID, at, `field schema '${after.name}': ${messageOf(error)}`);
    }
  }
  if (problems.all.length > 0) return;
  checkTenant(draft, problems);
  for (const { kind } of OWNED_RULES) {
    const schema = draft.get("field_schema", kind) as FieldSchema | undefined;
    if (schema === undefined) continue;
    const check = fieldCheck(schema.schema);
    const changed = draft.touched("field_schema").get(kind);
    if (changed === undefined)
      for (const { after, index } of stayingTouched(draft, kind)) checkOne(check, kind, after, index, problems);
    else for (const row of draft.rows(kind)) checkOne(check, kind, row, changed.index, problems);
  }
}

function checkTenant(draft: Draft, problems: ProblemList): void {
  const schema = draft.get("field_schema", "tenant") as FieldSchema | undefined;
  const changed = draft.touched("field_schema").get("tenant");
  if (schema === undefined || (changed === undefined && draft.tenant === draft.snapshot.tenant)) return;
  checkOne(fieldCheck(schema.schema), "tenant", draft.tenant, changed?.index ?? 0, problems);
}

function checkOne(check: FieldCheck, kind: Kind, row: AnyRow, index: number, problems: ProblemList): void {
  if (problems.full || row.wanted === "absent") return;
  for (const wrong of check((row as unknown as { readonly fields: JsonObject }).fields))
    problems.add(CUSTOM_FIELDS_INVALID, { index, kind, name: row.name }, `${titleOf(kind)} '${row.name}': ${wrong}`);
}
