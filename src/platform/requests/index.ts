export { CURSOR_UNKNOWN, VERSION_MISMATCH, VERSION_REQUIRED } from "./errors.ts";
export { cursorAfter, decodeCursor, listQuery, pageOf } from "./page.ts";
export { timeOf } from "./time.ts";
export { requireVersion, versionOf } from "./version.ts";
