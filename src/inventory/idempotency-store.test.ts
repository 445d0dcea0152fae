import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./idempotency-store.suite.ts";

storeSuite(openSqlite);
