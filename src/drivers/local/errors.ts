import { errorKind } from "../../kernel/errors.ts";

export const LOCAL_ADDRESS_INVALID = errorKind("local_address_invalid", {
  status: 422,
  summary: "A structure on a local foundation has an address that is not in 127.0.0.0/8.",
  remedy: "Give its address block a subnet of 127.0.0.0/8, for example 127.80.0.0/24.",
});

export const LOCAL_NAME_TAKEN = errorKind("local_name_taken", {
  status: 409,
  summary: "The folder of a local foundation exists and belongs to another foundation, or to nobody Gantry knows.",
  remedy: "Look into the folder and remove it if nobody needs it, or give the foundation another name.",
});

export const LOCAL_FOLDER_FAILED = errorKind("local_folder_failed", {
  status: 500,
  summary: "The folder of a local foundation could not be made, written or removed.",
  remedy: "Check the free space and the permissions of Gantry's data folder.",
});

export const LOCAL_AGENT_ENDED = errorKind("local_agent_ended", {
  status: 502,
  summary: "The agent of a local foundation could not be started, or ended at once.",
  remedy: "Its last words stand in the message; the whole log is `agent.log` in the foundation's folder.",
});
