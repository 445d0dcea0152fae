export type { AttributeProblem, FoundationType } from "./driver.ts";
