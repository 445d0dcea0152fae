import { errorKind } from "../../kernel/errors.ts";

export const POD_UNKNOWN = errorKind("pod_unknown", {
  status: 404,
  summary: "The node's container engine has no pod or container of that name.",
  remedy: "Make it first: `POD --play FILE`.",
});

export const POD_FILE_WRONG = errorKind("pod_file_wrong", {
  status: 400,
  summary:
    "The file of a pod cannot be read, is no pod of Kubernetes, or says something that the node's engine cannot do.",
  remedy: "The message names the place in the file. What only podman can do needs podman on the node.",
});
