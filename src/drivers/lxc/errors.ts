import { errorKind } from "../../kernel/errors.ts";

export const LXC_NEEDS_ROOT = errorKind("lxc_needs_root", {
  status: 403,
  summary: "A container of LXC was to be made by a worker that does not run as root.",
  remedy: "Run the worker beside LXC as root: `gantry worker --modules lxc`.",
});

export const LXC_ROOTFS_INVALID = errorKind("lxc_rootfs_invalid", {
  status: 422,
  summary: "What an LXC container is to be made from is not there, or is no root file system.",
  remedy:
    "Check the path or the name in the attributes on the machine of the worker: a tarball, a folder, or a stopped container.",
});

export const LXC_ROOTFS_UNFIT = errorKind("lxc_rootfs_unfit", {
  status: 422,
  summary: "A root file system lacks what the agent's Node needs: glibc and libstdc++.",
  remedy:
    "Use one with both, such as Debian's with the package libstdc++6; or set `agent: false` to run the container without an agent.",
});

export const LXC_NETWORK_INVALID = errorKind("lxc_network_invalid", {
  status: 422,
  summary: "A container was to be plugged into a bridge that is not there, is no bridge, or has other addresses.",
  remedy:
    "Correct the name or the subnet, or give the network a `subnet` and a name nobody uses: then it is made, and removed with its last container.",
});

export const LXC_ADDRESS_INVALID = errorKind("lxc_address_invalid", {
  status: 422,
  summary:
    "A container cannot have an address of the structures on it: it lies in none of its networks; or it has none, and an agent.",
  remedy:
    "Give the foundation a network with the subnet of the address block: `networks: [{ name: lab0, subnet: 172.30.80.0/24 }]`.",
});

export const LXC_LIMIT_UNAVAILABLE = errorKind("lxc_limit_unavailable", {
  status: 422,
  summary: "The machine of the worker cannot limit what an LXC container was to be limited in.",
  remedy: "Leave out the limit, or start that machine with the cgroup controller the message names.",
});

export const LXC_NAME_TAKEN = errorKind("lxc_name_taken", {
  status: 409,
  summary: "The folder of an LXC container exists and belongs to another foundation, or to nobody Gantry knows.",
  remedy: "Look into the folder and remove it if nobody needs it, or give the foundation another name.",
});

export const LXC_FAILED = errorKind("lxc_failed", {
  status: 502,
  summary: "A program of LXC, or one that LXC foundations need, failed, in its own words.",
  remedy: "Read its words in the message; `lxc.log` in the folder of the container says more.",
});

export const LXC_CONTAINER_ENDED = errorKind("lxc_container_ended", {
  status: 502,
  summary: "The program in an LXC container ended at once.",
  remedy: "Its last words stand in the message; `console.log` in the folder of the container has all of them.",
});
