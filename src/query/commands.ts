// What commands use of this room: graphs for people, without the inventory behind the answers.

export { dotOf, type DotEdge, type DotNode } from "./dot.ts";
