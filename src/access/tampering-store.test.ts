import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./tampering-store.suite.ts";

storeSuite(openSqlite);
