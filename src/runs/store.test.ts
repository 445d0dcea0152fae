import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite(openSqlite);
