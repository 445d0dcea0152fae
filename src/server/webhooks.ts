import { accountPrincipal, type Holders } from "../access/index.ts";
import { createWebhooks, type Webhooks, type WebhooksParts } from "../webhooks/index.ts";
import { createEventSight, type EventPlaces } from "./event-places.ts";

interface WebhookWiring extends Omit<WebhooksParts, "mayShow"> {
  readonly holders: Pick<Holders, "starter">;
  readonly placeOfEvent: EventPlaces;
}

/** Wires the room `webhooks`: an event goes to a webhook when who made it may see it, and it is at one of the sites that are wanted. */
export function composeWebhooks({ holders, placeOfEvent, ...parts }: WebhookWiring): Webhooks {
  const sight = createEventSight(placeOfEvent);
  return createWebhooks({
    ...parts,
    async mayShow({ owner, tenantId, filter }, event) {
      if (filter.sites.length > 0) {
        const { sites } = await parts.snapshot(tenantId);
        const place = await placeOfEvent(event);
        if (!filter.sites.some((name) => place.sites.includes(sites.get(name)?.id ?? ""))) return false;
      }
      if (owner.accountId === null) return true;
      const holder = await holders.starter({ accountId: owner.accountId, tokenId: null });
      if (typeof holder === "string")
        return `the account of ${owner.name}, who made it, is disabled or gone: it waits until somebody else changes it`;
      return (await sight(accountPrincipal(holder, tenantId))?.(event)) ?? true;
    },
  });
}
