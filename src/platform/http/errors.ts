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

export const REQUEST_HEAD_TOO_LARGE = errorKind("request_head_too_large", {
  status: 431,
  summary: "The path and the headers of a request are larger than the server reads.",
  remedy: "Send less in them: 16 KB hold every request there is.",
});

export const REQUEST_TOO_SLOW = errorKind("request_too_slow", {
  status: 408,
  summary: "A request did not arrive whole in time.",
  remedy: "Send it again over a faster connection, or in smaller parts.",
});

export const REQUEST_ENCODED = errorKind("request_encoded", {
  status: 415,
  summary: "The body of a request is compressed, which the server does not take: few bytes could become very many.",
  remedy: "Send it as it is, without the header Content-Encoding.",
});

export const RATE_LIMITED = errorKind("rate_limited", {
  status: 429,
  summary: "Too many requests came from one address or with one credential, or too many attempts were refused.",
  remedy:
    "Wait for the seconds that the header Retry-After says. The limits are settings of the server: `rate_per_address`, `rate_per_credential`, `refusals_per_minute`.",
});

export const TLS_NEEDED = errorKind("tls_needed", {
  status: 400,
  summary: "Plain HTTP was spoken to a port that takes HTTPS only.",
  remedy: "Write https:// instead of http:// in the address.",
});

export const AUTHORITY_ROTATING = errorKind("authority_rotating", {
  status: 409,
  summary: "The certificate authority was changed a while ago, and the one before it is still trusted.",
  remedy:
    "Wait until its time is over, or drop it: `gantry authority drop-former`. `gantry authority show` says until when, and who knows only the former one.",
});

export const AUTHORITY_SUPPLIED = errorKind("authority_supplied", {
  status: 409,
  summary: "The server shows a certificate that it was given (`tls_cert`): there is no authority of its own to change.",
  remedy: "Replace the files that `tls_cert` and `tls_key` name; the server takes them up by itself.",
});

export const AUTHORITY_FORMER_NONE = errorKind("authority_former_none", {
  status: 409,
  summary: "There is no former certificate authority that could be dropped.",
  remedy: "`gantry authority rotate` makes a new one, and the present one the former.",
});
