import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./keys-store.suite.ts";

storeSuite(openSqlite);
