export { createBoot, type Boot, type BootParts } from "./boot.ts";
export { DHCP_DESCRIPTION } from "./dhcp.ts";
export { SIGNALING_DESCRIPTION } from "./signaling.ts";
export { bootMigrations } from "./tables.ts";
