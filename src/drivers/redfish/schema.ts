import { z } from "zod";

/**
 * What is used of Redfish (DMTF DSP0266 and the schemas of DSP8010), as far as this driver relies on it. Services add members of their own at
 * will, so that objects are open; where to go from one to the other is always said by a link.
 */

export const linkSchema = z.looseObject({ "@odata.id": z.string().min(1).max(2048) });

export const rootSchema = z.looseObject({
  RedfishVersion: z.string().optional(),
  Systems: linkSchema.optional(),
  AccountService: linkSchema.optional(),
  UpdateService: linkSchema.optional(),
  Links: z.looseObject({ Sessions: linkSchema.optional() }).optional(),
});

export const collectionSchema = z.looseObject({
  Members: z.array(linkSchema),
  "Members@odata.nextLink": z.string().min(1).max(2048).optional(),
});

const text = z.string().nullish();

export const resetSchema = z.looseObject({
  target: z.string().min(1).max(2048),
  "ResetType@Redfish.AllowableValues": z.array(z.string()).optional(),
  "@Redfish.ActionInfo": z.string().min(1).max(2048).optional(),
});

export const actionInfoSchema = z.looseObject({
  Parameters: z.array(z.looseObject({ Name: z.string(), AllowableValues: z.array(z.string()).optional() })),
});

export const systemSchema = z.looseObject({
  Id: z.string(),
  PowerState: z.enum(["On", "Off", "PoweringOn", "PoweringOff", "Paused"]),
  UUID: text,
  Manufacturer: text,
  Model: text,
  SerialNumber: text,
  BiosVersion: text,
  Actions: z.looseObject({ "#ComputerSystem.Reset": resetSchema.optional() }).optional(),
  Boot: z
    .looseObject({ "BootSourceOverrideTarget@Redfish.AllowableValues": z.array(z.string()).optional() })
    .optional(),
  EthernetInterfaces: linkSchema.optional(),
});

export type System = z.output<typeof systemSchema>;

export const ethernetSchema = z.looseObject({
  Id: z.string(),
  MACAddress: text,
  PermanentMACAddress: text,
  IPv4Addresses: z.array(z.looseObject({ Address: text, SubnetMask: text, Gateway: text })).nullish(),
});

export type Ethernet = z.output<typeof ethernetSchema>;

export const accountServiceSchema = z.looseObject({ Accounts: linkSchema });

export const accountSchema = z.looseObject({ UserName: text });

export const updateServiceSchema = z.looseObject({ FirmwareInventory: linkSchema.optional() });

export const softwareSchema = z.looseObject({ Id: z.string(), Name: z.string().optional(), Version: text });

/** What a service says when it refuses. */
export const refusalSchema = z.looseObject({
  error: z.looseObject({
    message: z.string().optional(),
    "@Message.ExtendedInfo": z.array(z.looseObject({ Message: z.string().optional() })).optional(),
  }),
});
