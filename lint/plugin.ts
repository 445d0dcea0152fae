import { constantLogMessage } from "./rules/constant-log-message.ts";
import { noShell } from "./rules/no-shell.ts";
import { noSleep } from "./rules/no-sleep.ts";
import { pure } from "./rules/pure.ts";
import { rooms } from "./rules/rooms.ts";
import { timeAndChance } from "./rules/time-and-chance.ts";

/** Our own rules for our own mistakes. The linter asks for a default export. */
export default {
  meta: { name: "gantry" },
  rules: {
    "constant-log-message": constantLogMessage,
    "no-shell": noShell,
    "no-sleep": noSleep,
    "pure-files": pure,
    rooms,
    "time-and-chance": timeAndChance,
  },
};
