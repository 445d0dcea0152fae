import { describe, expect, it } from "vitest";
import { engineOf } from "../container_image/index.ts";
import { parseVerb } from "../parse.ts";
import { execTool, simpleTools, wouldChange } from "./decide.ts";
import { dockerRuns, labelled, readKube } from "./kube.ts";
import { podParameters } from "./model.ts";

const file = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", labels: { app: "web" } },
  spec: {
    restartPolicy: "OnFailure",
    volumes: [
      { name: "data", hostPath: { path: "/srv/web" } },
      { name: "cache", emptyDir: {} },
    ],
    containers: [
      {
        name: "server",
        image: "nginx:1",
        ports: [{ containerPort: 80, hostPort: 8080 }],
        volumeMounts: [{ name: "data", mountPath: "/usr/share/nginx", readOnly: true }],
      },
      {
        name: "helper",
        image: "helper",
        command: ["/bin/helper", "-v"],
        args: ["a b"],
        env: [{ name: "A", value: 1 }],
        ports: [{ containerPort: 53, hostPort: 53, protocol: "UDP", hostIP: "127.0.0.1" }],
        volumeMounts: [{ name: "cache", mountPath: "/cache" }],
        securityContext: { privileged: true, runAsUser: 7 },
      },
    ],
  },
};

describe("the text of POD", () => {
  it.each([
    ["--play /etc/web.yaml", { action: "play", file: "/etc/web.yaml" }],
    ["--kill web --kill-signal SIGTERM", { action: "kill", name: "web", signal: "SIGTERM" }],
    ["--rm web --force", { action: "rm", name: "web", force: true }],
    ["--exec-run web --command ls -l 'a b'", { action: "exec-run", name: "web", command: ["ls", "-l", "a b"] }],
    ["--exec-run web --env A=1 env", { action: "exec-run", name: "web", command: ["env"], environment: { A: "1" } }],
  ])("%s", (text, parameters) => {
    expect(parseVerb("POD", text).parameters).toEqual(parameters);
  });

  it.each([
    ["web", /needs one of --start/],
    ["--start a --stop a", /needs one of --start/],
    ["--start web now", /has nothing to do with now/],
    ["--exec-run web", /needs a command/],
    ["--stop web --force", /force goes with rm/],
    ["--start -web", /is not the name of a pod/],
  ])("refuses %s", (text, message) => {
    expect(() => parseVerb("POD", text)).toThrow(message);
  });
});

describe("a pod's file", () => {
  const pod = readKube(file, "web.yaml");

  it("becomes containers of docker in one network", () => {
    expect(dockerRuns(pod, "web.yaml").map((words) => words.join(" "))).toEqual([
      `run --detach --name web-server --label io.gantry.pod=web --label io.gantry.pod.hash=${pod.hash} --restart on-failure ` +
        "--hostname web --publish 8080:80/tcp --publish 127.0.0.1:53:53/udp --volume /srv/web:/usr/share/nginx:ro nginx:1",
      `run --detach --name web-helper --label io.gantry.pod=web --label io.gantry.pod.hash=${pod.hash} --restart on-failure ` +
        "--network container:web-server --env A=1 --volume web-cache:/cache --privileged --user 7 --entrypoint /bin/helper helper -v a b",
    ]);
  });

  it("is known again by its hash, which podman keeps as a label", () => {
    expect(labelled(pod)["metadata"]).toEqual({ name: "web", labels: { app: "web", "io.gantry.pod.hash": pod.hash } });
    expect(readKube({ ...file, extra: 1 }, "web.yaml").hash).not.toBe(pod.hash);
  });

  it("says what is wrong with it, and where", () => {
    expect(() => readKube({ kind: "Deployment" }, "web.yaml")).toThrow(/web\.yaml: kind/);
    const wrong = { ...file, spec: { ...file.spec, containers: [{ name: "a", image: "b", lifecycle: {} }] } };
    expect(() => dockerRuns(readKube(wrong, "web.yaml"), "web.yaml")).toThrow(/spec\.containers\.0.*lifecycle/);
    const missing = { ...file, spec: { ...file.spec, volumes: [] } };
    expect(() => dockerRuns(readKube(missing, "web.yaml"), "web.yaml")).toThrow(/there is no data/);
  });
});

describe("what is done to a pod", () => {
  const view = { running: 1, all: 2, hash: undefined, containers: ["a", "b"], said: null };
  const parameters = podParameters.parse({ action: "rm", name: "web", force: true });

  it("changes something only where it is not so already", () => {
    expect(wouldChange("start", view)).toBe(true);
    expect(wouldChange("start", { ...view, running: 2 })).toBe(false);
    expect(wouldChange("stop", { ...view, running: 0 })).toBe(false);
    expect(wouldChange("rm", undefined)).toBe(false);
  });

  it("is one call of podman; with docker containers come down in the other order", () => {
    const [podman, docker] = [engineOf("podman", undefined), engineOf("docker", undefined)];
    expect(simpleTools("rm", parameters, view, podman)[0]?.arguments).toEqual(["pod", "rm", "--force", "web"]);
    expect(simpleTools("rm", parameters, view, docker)[0]?.arguments).toEqual(["rm", "--force", "--volumes", "b", "a"]);
    expect(simpleTools("start", parameters, view, docker)[0]?.arguments).toEqual(["start", "a", "b"]);
    const exec = podParameters.parse({ action: "exec-run", name: "c", command: ["ls"], privileged: true });
    expect(execTool({ ...exec, environment: { A: "b c" } }, docker).arguments).toEqual([
      "exec",
      "--privileged",
      "--env",
      "A=b c",
      "c",
      "ls",
    ]);
  });
});
