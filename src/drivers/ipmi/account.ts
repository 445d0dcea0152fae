import { GantryError } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import type { FunctionContext } from "../../link/index.ts";
import type { IpmiAttributes } from "./attributes.ts";
import type { Bmc } from "./client.ts";
import { IPMI_LOGIN_REFUSED, IPMI_REFUSED } from "./errors.ts";
import { passwordCommand, placeFor, readUsers } from "./model.ts";

/** Has a BMC take the user and the password of the attributes. */

const PRIVILEGES = { operator: 3, administrator: 4 } as const;

/**
 * Nothing is done where they are taken already. Else `factory` lets in: the user is made when there is none of that name, and gets the password
 * and the privilege. Throws what `Bmc` throws, and `ipmi_login_refused` when they are not taken afterwards.
 */
export async function setAccount(
  attributes: IpmiAttributes,
  own: Bmc,
  factory: { readonly bmc: Bmc; readonly user: string },
  context: FunctionContext,
): Promise<Json> {
  try {
    await own.power(context);
    return { changed: false, user: attributes.user };
  } catch (error) {
    if (!(error instanceof GantryError) || error.kind !== IPMI_LOGIN_REFUSED) throw error;
  }
  const { user, password, channel, privilege } = attributes;
  const users = readUsers(await factory.bmc.ask(["-c", "user", "list", String(channel)], context));
  const found = placeFor(users, user);
  if (found === undefined)
    throw new GantryError(IPMI_REFUSED, `the BMC at ${attributes.address} has no place left for a user ${user}`);
  const place = String(found.place);
  context.message(`${found.taken ? "changing" : "making"} user ${user} of the BMC at ${attributes.address}`);
  if (!found.taken) await factory.bmc.ask(["user", "set", "name", place, user], context);
  await factory.bmc.askSealed(passwordCommand(found.place, password), context);
  const access = ["callin=on", "ipmi=on", "link=on", `privilege=${PRIVILEGES[privilege]}`];
  // A user who changed himself is let in by his new password only.
  const last = user === factory.user ? own : factory.bmc;
  await last.ask(["channel", "setaccess", String(channel), place, ...access], context);
  await last.ask(["user", "enable", place], context);
  await own.power(context);
  return { changed: true, user };
}
