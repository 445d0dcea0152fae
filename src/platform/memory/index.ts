export { type Frugality, keepMemorySmall } from "./frugal.ts";
