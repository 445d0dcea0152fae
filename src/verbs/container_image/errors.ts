import { errorKind } from "../../kernel/errors.ts";

export const IMAGE_UNKNOWN = errorKind("container_image_unknown", {
  status: 404,
  summary: "The node's container engine has no image of that name.",
  remedy: "Get it first: `CONTAINER_IMAGE --pull NAME`.",
});
