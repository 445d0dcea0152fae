import { errorKind } from "../../kernel/errors.ts";

export const CONFIGURATION_INVALID = errorKind("configuration_invalid", {
  status: 422,
  summary: "A setting is unknown or has a value that does not fit.",
  remedy: "`docs/configuration.md` lists the settings and where they may be given.",
});
