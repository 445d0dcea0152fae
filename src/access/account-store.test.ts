import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./account-store.suite.ts";

storeSuite(openSqlite);
