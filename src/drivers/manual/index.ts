import { z } from "zod";
import { foundationType } from "../driver.ts";

const text = z.string().min(1);

/** What a document may say of a machine that a person deals with: shown to whoever is asked. */
const manualAttributes = z.strictObject({
  /** Where it stands. */
  location: text.optional(),
  /** Whom to ask, or who is asked. */
  contact: text.optional(),
  notes: text.optional(),
});

/** The type `manual`. What its functions do is asked of a person, by `src/todo`: there is no module of it for workers. */
export const manualFoundations = foundationType("manual", manualAttributes);
