import { destination, pino, type DestinationStream, type Logger } from "pino";
import { openedSecrets } from "../redaction/index.ts";
import { withoutSecrets } from "./secrets.ts";

export type { Logger } from "pino";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One JSON record a line, on standard error. Messages are constant texts; what varies goes into fields, of which secrets are hidden. */
export function createLogger(level: LogLevel, stream: DestinationStream = destination({ fd: 2, sync: false })): Logger {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Errors are made records when their secrets are hidden.
      serializers: { err: (error: unknown) => error },
      formatters: { level: (label) => ({ level: label }), log: withoutSecrets },
    },
    // Values of secrets, wherever in a record they stand: also in the texts of errors.
    { write: (line) => stream.write(openedSecrets.text(line)) },
  );
  return hidingBindings(logger);
}

/** A logger that writes nothing, for tests. */
export function silentLogger(): Logger {
  return pino({ level: "silent" });
}

/** What a child logger adds to each of its lines passes no formatter, so its secrets are hidden when the child is made. */
function hidingBindings(logger: Logger): Logger {
  const { child } = logger;
  logger.child = function hidingChild(this: Logger, bindings, options) {
    return child.call(this, withoutSecrets(bindings), options) as never;
  };
  return logger;
}
