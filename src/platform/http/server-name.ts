/**
 * The name every server certificate of ours carries beside its addresses. A client that pins the CA checks this name, so that it may reach
 * the server by any address.
 */
export const SERVER_NAME = "gantry-server";
