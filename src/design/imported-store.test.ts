import { openSqlite } from "../../test/support/databases.ts";
import { storeSuite } from "./imported-store.suite.ts";

storeSuite(openSqlite);
