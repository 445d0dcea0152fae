export { cursorAfter, decodeCursor, listQuery } from "../platform/requests/index.ts";
