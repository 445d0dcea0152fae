import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./allocation-store.suite.ts";

storeSuite(openSqlite);
