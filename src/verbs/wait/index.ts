export { waitFunction } from "./apply.ts";
export { parseWait } from "./model.ts";
