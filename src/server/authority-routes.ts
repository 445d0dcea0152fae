import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { type Audit, needs, type Principal, SERVER_CHAIN } from "../access/index.ts";
import type { Fleet } from "../fleet/index.ts";
import type { CertificateKeeper, HttpServer } from "../platform/http/index.ts";

/** `/v1/authority`: whom the server's certificate comes from, another one in its place, and who has not heard of it. */

const DAY = 24 * 60 * 60;

const authority = z.object({
  /** SHA-256 of the certificate, hexadecimal: what join tokens pin. */
  fingerprint: z.string(),
  /** Epoch milliseconds. */
  notAfter: z.number(),
  /** PEM. */
  certificate: z.string(),
});

const state = z.object({
  /** `own`: the server made it; `supplied`: it shows the certificate that `tls_cert` names. */
  source: z.enum(["own", "supplied"]),
  present: authority,
  /** The one before, and until when it is good. */
  former: authority.extend({ until: z.number() }).nullable(),
  /** The certificate the server shows. */
  server: z.object({ notAfter: z.number(), names: z.array(z.string()) }),
  /** Workers and agents of the tenant that have not learned of the present one. */
  behind: z.array(z.string()),
});

type State = z.output<typeof state>;

export function authorityRoutes(
  { app }: HttpServer,
  keeper: CertificateKeeper,
  fleet: Pick<Fleet, "behind">,
  audit: Audit,
): void {
  async function shown(principal: Principal): Promise<State> {
    const { current, source } = keeper;
    const leaf = new X509Certificate(current.chain);
    return {
      source,
      present: authorityOf(current.authority, current.pin),
      former:
        current.former === undefined
          ? null
          : { ...authorityOf(current.former.authority, current.former.pin), until: current.former.until },
      server: { notAfter: leaf.validToDate.getTime(), names: namesOf(leaf) },
      behind: [...(await fleet.behind(principal.tenantId))],
    };
  }

  async function note(principal: Principal, action: string): Promise<void> {
    const fingerprint = keeper.current.pin;
    await audit.record(principal, [
      {
        chain: SERVER_CHAIN,
        action: `authority.${action}`,
        subject: { kind: "authority", id: null, name: fingerprint },
        data: { former: keeper.current.former?.pin ?? null, until: keeper.current.former?.until ?? null },
      },
    ]);
  }

  const response = { 200: state };
  app.get(
    "/v1/authority",
    {
      ...needs("server.read"),
      schema: {
        summary: "The certificate authority, the one before, and who trusts only that",
        tags: ["server"],
        response,
      },
    },
    (request) => shown(request.principal as Principal),
  );
  app.get(
    "/v1/authority/certificate",
    {
      ...needs("self"),
      schema: {
        summary: "Whom to trust from now on: for clients that trust the former authority, over a connection they trust",
        tags: ["server"],
        response: { 200: authority },
      },
    },
    async () => authorityOf(keeper.current.authority, keeper.current.pin),
  );
  app.post(
    "/v1/authority/rotate",
    {
      ...needs("server.manage"),
      schema: {
        summary: "Put another certificate authority in the place of the present one, which is good for a while yet",
        tags: ["server"],
        body: z.strictObject({
          /** Seconds. */
          overlap: z
            .int()
            .min(0)
            .max(365 * DAY)
            .default(30 * DAY),
        }),
        response,
      },
    },
    async (request) => {
      const principal = request.principal as Principal;
      await keeper.rotate(request.body.overlap * 1000);
      await note(principal, "rotated");
      return shown(principal);
    },
  );
  app.post(
    "/v1/authority/drop-former",
    {
      ...needs("server.manage"),
      schema: { summary: "Trust the former certificate authority no more, from now on", tags: ["server"], response },
    },
    async (request) => {
      const principal = request.principal as Principal;
      await keeper.dropFormer();
      await note(principal, "former_dropped");
      return shown(principal);
    },
  );
}

function authorityOf(certificate: string, fingerprint: string): z.output<typeof authority> {
  return { fingerprint, certificate, notAfter: new X509Certificate(certificate).validToDate.getTime() };
}

/** `DNS:localhost, IP Address:127.0.0.1` as a list of names. */
function namesOf(certificate: X509Certificate): string[] {
  return (certificate.subjectAltName ?? "").split(", ").map((name) => name.replace(/^[^:]*:/, ""));
}
