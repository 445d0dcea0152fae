import { errorKind } from "../../kernel/errors.ts";

export const CUSTOM_VERB_WRONG = errorKind("custom_verb_wrong", {
  status: 400,
  summary: "A file is no verb, or describes itself in a way that cannot be used.",
  remedy: "`docs/custom-verbs.md` says what a verb of one's own must say of itself.",
});

export const CUSTOM_VERB_REFUSED = errorKind("custom_verb_refused", {
  status: 409,
  summary:
    "An agent refused a verb of somebody's own: it is not the one that the server signed, or the agent does not trust who signed it.",
  remedy: "Somebody changed the file in the agent's folder: find out who. The next run fetches it anew.",
});

export const CUSTOM_VERB_FAILED = errorKind("custom_verb_failed", {
  status: 500,
  summary: "A verb of somebody's own said that it failed, ended with an exit code other than 0, or by a signal.",
  remedy: "Read the message and the output: they are the verb's own.",
});
