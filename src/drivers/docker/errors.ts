import { errorKind } from "../../kernel/errors.ts";

export const DOCKER_HOST_UNSUPPORTED = errorKind("docker_host_unsupported", {
  status: 422,
  summary: "The address of the Docker engine (DOCKER_HOST, or `engine` of a foundation) is not one Gantry can use.",
  remedy: "Use unix:///PATH or tcp://HOST:PORT; for TLS set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.",
});

export const DOCKER_UNREACHABLE = errorKind("docker_unreachable", {
  status: 503,
  summary: "The Docker engine does not answer, or went away in the middle of an operation.",
  remedy:
    "Start the engine, then run the same again: what was begun is finished or removed. To use its socket you must be root or in its group.",
});

export const DOCKER_TOO_OLD = errorKind("docker_too_old", {
  status: 422,
  summary: "Gantry and the Docker engine have no version of the Engine API in common.",
  remedy: "Use Docker 20.10 or newer; when the engine is the newer one, update Gantry.",
});

export const DOCKER_REFUSED = errorKind("docker_refused", {
  status: 502,
  summary: "The Docker engine refused something, in its own words.",
  remedy: "Read the engine's words in the message; its log says more.",
});

export const DOCKER_ANSWER_UNKNOWN = errorKind("docker_answer_unknown", {
  status: 502,
  summary: "What answers at the address of the Docker engine does not answer like one.",
  remedy: "Check DOCKER_HOST, and whether a proxy stands between.",
});

export const DOCKER_IMAGE_MISSING = errorKind("docker_image_missing", {
  status: 422,
  summary: "The engine does not have an image, and could not pull it.",
  remedy:
    "Check the name of the image; load it into the engine (docker pull, docker load, docker import), or log the engine's machine in to its registry.",
});

export const DOCKER_IMAGE_UNFIT = errorKind("docker_image_unfit", {
  status: 422,
  summary: "An image lacks what the agent's Node needs: glibc and libstdc++.",
  remedy:
    "Use an image with both, such as debian, ubuntu, fedora or rockylinux, or add libstdc++ to yours; or set `agent: false` to run it without an agent.",
});

export const DOCKER_NETWORK_MISSING = errorKind("docker_network_missing", {
  status: 422,
  summary: "A container was to be plugged into a network the engine does not have.",
  remedy:
    "Correct the name, or give the network a `subnet` in the attributes: then it is made, and removed with its last container.",
});

export const DOCKER_NETWORK_DIFFERS = errorKind("docker_network_differs", {
  status: 409,
  summary: "A network of this name exists and has another subnet than the attributes say.",
  remedy: "Give the network in the attributes another name or the subnet it has, or remove the one in the engine.",
});

export const DOCKER_ADDRESS_INVALID = errorKind("docker_address_invalid", {
  status: 422,
  summary:
    "A container cannot have an address of the structures on it: it lies in none of its networks, or two lie in the same.",
  remedy:
    "Give the foundation a network with the subnet of the address block: `networks: [{ name: lab, subnet: 172.30.80.0/24 }]`.",
});

export const DOCKER_NAME_TAKEN = errorKind("docker_name_taken", {
  status: 409,
  summary: "A container with the name Gantry would use exists and is not Gantry's.",
  remedy: "Remove or rename that container, or give the foundation another name.",
});

export const DOCKER_PORT_TAKEN = errorKind("docker_port_taken", {
  status: 409,
  summary: "A port that a container publishes is in use on the engine's machine.",
  remedy: "Publish another port, or stop what uses it.",
});

export const DOCKER_CONTAINER_ENDED = errorKind("docker_container_ended", {
  status: 502,
  summary: "The agent in a container ended at once.",
  remedy: "Its last words stand in the message; `docker logs` shows all of them.",
});
