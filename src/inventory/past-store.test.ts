import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./past-store.suite.ts";

storeSuite(openSqlite);
