import { GantryError } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import type { FunctionContext } from "../../link/index.ts";
import type { RedfishAttributes } from "./attributes.ts";
import { type Login, type ServiceOptions, withService } from "./client.ts";
import { REDFISH_LOGIN_REFUSED, REDFISH_UNSUPPORTED } from "./errors.ts";
import { accountSchema, accountServiceSchema } from "./schema.ts";
import { findSystem } from "./system.ts";

/** Has a BMC take the user and the password of the attributes. */

/**
 * Nothing is done where they are taken already. Else `factory` lets in: the user is made when there is none of that name (in an empty place,
 * where a service has such), and gets the password. Throws what `withService` throws, and `redfish_login_refused` when they are not taken
 * afterwards.
 */
export async function setAccount(
  attributes: RedfishAttributes,
  factory: Login,
  options: ServiceOptions,
  context: FunctionContext,
): Promise<Json> {
  const { address, user, password } = attributes;
  // With Basic, the first thing that is not there for everybody says whether we are let in.
  const tryOwn = () => withService(attributes, options, context, (service) => findSystem(service, attributes));
  try {
    await tryOwn();
    return { changed: false, user };
  } catch (error) {
    if (!(error instanceof GantryError) || error.kind !== REDFISH_LOGIN_REFUSED) throw error;
  }
  await withService(
    attributes,
    options,
    context,
    async (service) => {
      const link = service.root.AccountService?.["@odata.id"];
      if (link === undefined)
        throw new GantryError(REDFISH_UNSUPPORTED, `the Redfish service at ${address} has no accounts`);
      const accounts = (await service.read(link, accountServiceSchema)).value.Accounts["@odata.id"];
      const found = await service.members(accounts, accountSchema);
      const own = found.find(({ value }) => value.UserName === user);
      const empty = found.find(({ value }) => value.UserName === "");
      context.message(`${own === undefined ? "making" : "changing"} user ${user} of ${address}`);
      const account = { UserName: user, Password: password, RoleId: "Administrator", Enabled: true };
      if (own !== undefined) await service.change(own.link, { Password: password, Enabled: true }, own.etag);
      else if (empty !== undefined) await service.change(empty.link, account, empty.etag);
      else await service.post(accounts, account);
    },
    factory,
  );
  await tryOwn();
  return { changed: true, user };
}
