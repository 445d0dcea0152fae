import { restoreSuite } from "./restore.suite.ts";

const file = { name: "SQLite", url: async () => undefined };

restoreSuite(file, file);
