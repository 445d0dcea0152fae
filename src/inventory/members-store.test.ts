import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./members-store.suite.ts";

storeSuite(openSqlite);
