import { parentPort } from "node:worker_threads";
import { invariant, messageOf } from "../../kernel/errors.ts";
import { makeAuthority, makeCrossCertificate, makeServerCertificate } from "./certificate-maker.ts";
import type { MakerAnswer, MakerCall } from "./certificate-thread.ts";

/** A thread that makes certificates. In what is published it is a bundle of its own. */

const port = parentPort;
invariant(port !== null, "this file is a thread's entry");

const MAKERS: Readonly<Record<MakerCall["name"], unknown>> = {
  makeAuthority,
  makeCrossCertificate,
  makeServerCertificate,
};

port.on("message", ({ id, name, parameters }: MakerCall) => {
  const make = MAKERS[name] as (...given: readonly unknown[]) => Promise<unknown>;
  make(...parameters).then(
    (value) => answer({ id, value }),
    (error: unknown) => answer({ id, failure: messageOf(error) }),
  );
});

function answer(said: MakerAnswer): void {
  port!.postMessage(said, []);
}
