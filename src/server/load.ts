import { systemClock } from "../kernel/clock.ts";
import { createRenderer } from "../templates/index.ts";

/** Loads all that a server runs, also what its threads run, and does nothing with it: so it is compiled, and Node can keep that. */
export async function loadServer(): Promise<void> {
  await import("./server.ts");
  const renderer = createRenderer({ clock: systemClock });
  try {
    await renderer.render({ name: "empty", text: "{# #}", values: {}, mode: "strict" });
  } finally {
    await renderer.close();
  }
}
