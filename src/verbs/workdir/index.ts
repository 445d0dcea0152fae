export { workdirFunction } from "./apply.ts";
export { parseWorkdir } from "./model.ts";
