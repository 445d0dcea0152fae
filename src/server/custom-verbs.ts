import {
  createCustomVerbService,
  customVerbRoutes,
  type CustomVerbParts,
  type CustomVerbService,
} from "../custom-verbs/index.ts";
import type { Fleet } from "../fleet/index.ts";
import type { CertificateKeeper, HttpServer } from "../platform/http/index.ts";

export interface CustomVerbWiring extends Omit<CustomVerbParts, "signer" | "keepContent" | "hasContent"> {
  readonly certificates: CertificateKeeper;
  readonly fleet: Pick<Fleet, "content">;
}

/** Verbs of one's own: signed with the key that agents know this server by, and put where they fetch content. */
export function composeCustomVerbs(http: HttpServer, parts: CustomVerbWiring): CustomVerbService {
  const { certificates, fleet } = parts;
  const verbs = createCustomVerbService({
    ...parts,
    signer: () => certificates.current,
    keepContent: (tenantId, bytes) => fleet.content.put(tenantId, bytes),
    hasContent: (sha256) =>
      fleet.content.find(sha256).then(
        () => true,
        () => false,
      ),
  });
  customVerbRoutes(http, verbs);
  return verbs;
}
