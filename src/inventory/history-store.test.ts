import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./history-store.suite.ts";

storeSuite(openSqlite);
