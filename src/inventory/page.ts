export { cursorAfter, decodeCursor, listQuery, pageOf } from "../platform/requests/index.ts";
