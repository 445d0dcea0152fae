export type {
  BroughtFile,
  FunctionAdvert,
  FunctionContext,
  Module,
  ModuleAdvert,
  ModuleFunction,
  OutputStream,
} from "./module.ts";
export { type Silence, watchSilence } from "./silence.ts";
export { advertHash, moduleFunction } from "./module.ts";
export type {
  Ending,
  ExecutorMessage,
  Failure,
  HeldTask,
  ItemEnding,
  ProofMessage,
  QueryMessage,
  ReliableMessage,
  ServerMessage,
  TaskEnding,
  TaskMessage,
  TaskRef,
} from "./messages.ts";
export { executorMessage, inPieces, LINK_VERSION, serverMessage } from "./messages.ts";
export type { FrameWriter } from "./frames.ts";
export { encodeMessage, frameWriter, OUTPUT_CHUNK, parseFrame } from "./frames.ts";
export { isPlainReport } from "./hot-messages.ts";
export type { CloseReason, Connection } from "./connection.ts";
export { memoryPair } from "./connection.ts";
export type { KeyPair } from "./identity.ts";
export {
  createKeyPair,
  EXECUTOR_HEADER,
  hashSecret,
  JOIN_SECRET_BYTES,
  joinTokenText,
  parseJoinToken,
  parseRequestProof,
  pinOf,
  requestProofText,
  signChallenge,
  signJoin,
  signRequest,
  verifyChallenge,
  verifyJoin,
  verifyRequest,
} from "./identity.ts";
export { acceptWebSockets } from "./websocket.ts";
export { CONNECTION_HEADER } from "./poll.ts";
export { acceptPolls } from "./poll-server.ts";
export type { Transport } from "./connect.ts";
export { connect, LINK_PATHS } from "./connect.ts";
export { openRequest, SERVER_NAME, trustingAgent } from "./request.ts";
export { canDownload, openDownload } from "./download.ts";
export { inLargePieces } from "./pieces.ts";
export type { JoinRequest } from "./join.ts";
export { fetchAuthority, join, joinAnswer, joinRequest } from "./join.ts";
export { joinByKey } from "./join-shared.ts";
export { serverUrl } from "./server-url.ts";
export type { SharedJoinRequest } from "./shared-key.ts";
export {
  agentProof,
  deriveSharedKey,
  sameProof,
  serverProof,
  sharedChallenge,
  sharedJoinAnswer,
  sharedJoinRequest,
  SHORT_KEY,
} from "./shared-key.ts";
export type { LinkSession, SessionHandlers, SessionLog } from "./session.ts";
export { startSession } from "./session.ts";
export { backoffDelay } from "./backoff.ts";
export {
  FUNCTION_NOT_UNDOABLE,
  LINK_MESSAGE_MALFORMED,
  LINK_PROOF_WRONG,
  LINK_SILENT,
  LINK_STOPPING,
  LINK_SUPERSEDED,
  LINK_UNREACHABLE,
  LINK_VERSION_UNSUPPORTED,
  SHARED_KEY_DIFFERS,
} from "./errors.ts";
