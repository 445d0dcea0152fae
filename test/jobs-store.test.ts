import { storeSuite } from "../src/jobs/store.suite.ts";
import { openSqlite } from "./support/databases.ts";

// The engine's suite dies at every durable step of many jobs: more than unit tests have time for.

storeSuite(openSqlite);
