import { createRedactor, type Redactor } from "./redactor.ts";

export { createRedactor, type RedactedStream, type Redactor } from "./redactor.ts";

/** The one of this process: whichever part opened a secret, no part may tell it. Logs, events, the audit and answers pass through it. */
export const openedSecrets: Redactor = createRedactor();
