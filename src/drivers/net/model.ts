import { z } from "zod";

/** A name or an address; never what a program could take for an option. */
const target = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/, "is neither a name nor an address")
  .describe("Name or address, IPv4 or IPv6");

const port = z.int().min(1).max(65535);

export const pingParameters = z.strictObject({
  target,
  count: z.int().min(1).max(100).default(4).describe("Packets that are sent, one each quarter of a second"),
  timeout: z.number().positive().max(60).default(2).describe("Seconds to wait for an answer to the last one"),
});

export const waitForPortParameters = z.strictObject({
  target,
  port,
  timeout: z.number().positive().optional().describe("Seconds after which it is an error. Left out: none"),
});

export const httpCheckParameters = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: "is not an address that begins with http:// or https://" }),
  status: z
    .union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)])
    .optional()
    .describe("The status it must have, or those it may have. Left out: any below 400"),
  contains: z.string().min(1).optional().describe("Text that must stand in the first 1,048,576 bytes of the answer"),
  timeout: z.number().positive().max(600).default(10).describe("Seconds until it must have answered"),
  verify: z.boolean().default(true).describe("Whether the certificate of an https address must be good"),
});

/** Percent of the packets that were answered, from what `ping` (iputils, busybox, inetutils) printed; undefined when it does not say. */
export function percentReceived(printed: string): number | undefined {
  const lost = /([0-9]+(?:\.[0-9]+)?)% packet loss/.exec(printed)?.[1];
  return lost === undefined ? undefined : Math.round((100 - Number(lost)) * 100) / 100;
}

/** What is wrong with an answer, as the end of a sentence; undefined when nothing is. */
export function answerProblem(
  answer: { readonly status: number; readonly text: string },
  wanted: { readonly status?: number | readonly number[] | undefined; readonly contains?: string | undefined },
): string | undefined {
  const { status, contains } = wanted;
  const right = status === undefined ? answer.status < 400 : [status].flat().includes(answer.status);
  if (!right) {
    const allowed = status === undefined ? "one below 400" : [status].flat().join(" or ");
    return `answered with status ${answer.status}, not ${allowed}`;
  }
  return contains === undefined || answer.text.includes(contains)
    ? undefined
    : `answered without ${JSON.stringify(contains)}`;
}
