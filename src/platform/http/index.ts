export { type CertificateKeeper, keepOwnCertificates, keepSuppliedCertificates } from "./certificate-keeper.ts";
export { ensureCertificates, pinOf, readCertificates, type Certificates } from "./certificates.ts";
export { SERVER_NAME } from "./server-name.ts";
export {
  createHttpServer,
  type App,
  type HttpServer,
  type HttpServerParts,
  type RequestCredentials,
} from "./server.ts";
export { ADDRESS_IN_USE, CERTIFICATE_INVALID } from "./errors.ts";
export type { Listener, UpgradeHandler } from "./listeners.ts";
export { problemDocument, type ProblemDocument } from "./problem.ts";
export { sendEvents, sendLines, type ServerSentEvent } from "./stream.ts";
export { requestValidator } from "./validation.ts";
export { jsonParser } from "./json-body.ts";
export { LINK_COST, type RateLimits } from "./limits.ts";
