import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./audit-store.suite.ts";

storeSuite(openSqlite);
