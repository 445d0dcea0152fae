import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { JOB_STATUSES, type Job } from "../jobs/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { JobStarts } from "./starts.ts";

const request = z
  .strictObject({
    script: z.string().min(1).max(200),
    structure: z.string().min(1).optional(),
    foundation: z.string().min(1).optional(),
    group: z.string().min(1).optional(),
  })
  .refine(({ structure, foundation, group }) => [structure, foundation, group].filter(Boolean).length === 1, {
    message: "name exactly one of structure, foundation and group",
  });

const answer = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      script: z.string(),
      target: z.object({ kind: z.enum(["structure", "foundation"]), id: z.string(), name: z.string() }),
      status: z.enum(JOB_STATUSES),
    }),
  ),
});

/** `POST /v1/jobs`: starts a script of a blueprint. */
export function jobStartRoutes({ app }: HttpServer, starts: JobStarts): void {
  app.post(
    "/v1/jobs",
    {
      ...needs("job.control", "place"),
      schema: {
        summary: "Start a script of a blueprint, on one thing or on each structure of a group",
        tags: ["jobs"],
        body: request,
        response: { 201: answer },
      },
    },
    async ({ principal, body }, reply) => {
      const jobs = await starts.start(principal as Principal, body);
      const items = jobs.map(shownStart);
      return reply.code(201).send({ items });
    },
  );
}

function shownStart({ id, programName: script, target, status }: Job): z.input<typeof answer>["items"][number] {
  const kind = target.kind === "foundation" ? target.kind : "structure";
  return { id, script, target: { kind, id: target.id ?? "", name: target.name }, status };
}
