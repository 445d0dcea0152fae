import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./edit-store.suite.ts";

storeSuite(openSqlite);
