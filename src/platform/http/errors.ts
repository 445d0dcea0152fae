import { errorKind } from "../../kernel/errors.ts";

export const REQUEST_INVALID = errorKind("request_invalid", {
  status: 400,
  summary: "A request does not have the form the endpoint asks for.",
  remedy: "Compare it with `docs/openapi.json`; each problem names its place in the request.",
});

export const REQUEST_TOO_LARGE = errorKind("request_too_large", {
  status: 413,
  summary: "The body of a request is larger than this endpoint takes.",
  remedy: "Send less at once.",
});

export const ENDPOINT_UNKNOWN = errorKind("endpoint_unknown", {
  status: 404,
  summary: "There is no such endpoint.",
  remedy: "`docs/openapi.json` lists the endpoints.",
});

export const ADDRESS_IN_USE = errorKind("address_in_use", {
  status: 503,
  summary: "The server cannot listen: another program uses the address and port, or the socket.",
  remedy: "End that program, or choose another with --listen ADDRESS:PORT.",
});

export const LISTEN_ADDRESS_NOT_USABLE = errorKind("listen_address_not_usable", {
  status: 503,
  summary: "The server cannot listen on this address: it is not one of this machine's, or the port needs privileges.",
  remedy: "Choose another with --listen ADDRESS:PORT.",
});

export const CERTIFICATE_INVALID = errorKind("certificate_invalid", {
  status: 503,
  summary: "The certificate or its key cannot be read, or they do not belong together.",
  remedy: "Give a PEM chain with --tls-cert and its PEM key with --tls-key, or leave both out.",
});

export const SERVER_CLOSING = errorKind("server_closing", {
  status: 503,
  summary: "The server is being stopped.",
  remedy: "Try again when it has started.",
});
