import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide as decideAll } from "./decide.ts";
import type {
  Buildable,
  ComplexView,
  DependencyView,
  ForemanStep,
  ForemanView,
  FoundationView,
  StructureView,
} from "./model.ts";

const planned = {
  state: "planned",
  wanted: "built",
  stale: false,
  rebuild: false,
  jobId: null,
  failed: false,
  holds: [],
  takes: [],
  since: 0,
  limits: [],
} as const;

const found = { located: true, complexId: null, placedOn: null, size: {} } as const;

type Part = Partial<ForemanView>;

function whole(part: Part): ForemanView {
  return { foundations: [], structures: [], dependencies: [], complexes: [], limits: new Map(), ...part };
}

function decide(view: Part): readonly ForemanStep[] {
  return decideAll(whole(view)).steps;
}

function foundation(id: string, structures: string[], more: Partial<FoundationView> = {}): FoundationView {
  return { id, name: id, ...planned, ...found, structures, ...more };
}

function dependency(
  id: string,
  foundationId: string,
  needs: string,
  more: Partial<DependencyView> = {},
): DependencyView {
  return { id, name: id, ...planned, foundationId, needs, runsOn: null, link: "soft", ...more };
}

function structure(
  id: string,
  foundationId: string,
  dependsOn: string[] = [],
  more: Partial<Buildable> = {},
): StructureView {
  return { id, name: id, ...planned, foundationId, dependsOn, ...more };
}

function text(steps: readonly ForemanStep[]): string[] {
  return steps.map((step) => (step.kind === "start" ? `${step.role} ${step.id}` : `${step.kind} ${step.id}`));
}

describe("what the foreman starts", () => {
  it("builds a foundation first, then what stands on it, then what depends on that", () => {
    const fresh: Part & { foundations: FoundationView[] } = {
      foundations: [foundation("f1", ["web"]), foundation("f2", ["balancer"])],
      structures: [structure("web", "f1"), structure("balancer", "f2", ["web"])],
    };
    expect(text(decide(fresh))).toEqual(["create f1", "create f2"]);
    const foundationsBuilt = {
      ...fresh,
      foundations: fresh.foundations.map((one) => ({ ...one, state: "built" as const })),
    };
    expect(text(decide(foundationsBuilt))).toEqual(["create web"]);
    const webBuilt = {
      ...foundationsBuilt,
      structures: [structure("web", "f1", [], { state: "built" }), structure("balancer", "f2", ["web"])],
    };
    expect(text(decide(webBuilt))).toEqual(["create balancer"]);
  });

  it("waits for a dependency that must be brought up to date first", () => {
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [foundation("f", ["a", "b"], { state: "built" })],
      structures: [
        structure("a", "f", [], { state: "built", stale: true }),
        structure("b", "f", ["a"], { state: "built", stale: true }),
      ],
    };
    expect(text(decide(view))).toEqual(["update a"]);
  });

  it("destroys in reverse: dependents, then what they depend on, then the foundation", () => {
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [foundation("f", ["a", "b"], gone)],
      structures: [structure("a", "f", [], gone), structure("b", "f", ["a"], gone)],
    };
    expect(text(decide(view))).toEqual(["destroy b"]);
    const bGone = { ...view, structures: [structure("a", "f", [], gone)] };
    expect(text(decide(bGone))).toEqual(["destroy a"]);
    expect(text(decide({ ...view, structures: [] }))).toEqual(["destroy f"]);
    expect(text(decide({ structures: [], foundations: [foundation("f", [], { wanted: "absent" })] }))).toEqual([
      "remove f",
    ]);
  });

  it("replaces a foundation by taking its structures off first", () => {
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [foundation("f", ["a"], { state: "built", rebuild: true })],
      structures: [structure("a", "f", [], { state: "built" })],
    };
    expect(text(decide(view))).toEqual(["destroy a"]);
    const off = { ...view, structures: [structure("a", "f")] };
    expect(text(decide(off))).toEqual(["destroy f"]);
  });

  it("cancels what builds something that is to go away, and lets a destruction end", () => {
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [
        foundation("f", [], { jobId: "j", state: "building", wanted: "absent" }),
        foundation("g", [], { jobId: "k", state: "destroying", wanted: "absent" }),
      ],
      structures: [],
    };
    expect(decide(view)).toEqual([{ kind: "cancel", target: "foundation", id: "f", jobId: "j" }]);
  });

  it("creates nothing with an address that what is on its way out still holds", () => {
    const old = { state: "built", wanted: "absent", holds: ["127.0.0.1"], takes: ["127.0.0.1"] } as const;
    const fresh = { takes: ["127.0.0.1"] };
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [
        foundation("f", ["a"], old),
        foundation("g", ["b"], fresh),
        foundation("h", ["c"], { takes: ["127.0.0.2"] }),
      ],
      structures: [
        structure("a", "f", [], old),
        structure("b", "g", [], fresh),
        structure("c", "h", [], { takes: ["127.0.0.2"] }),
      ],
    };
    expect(text(decide(view))).toEqual(["create h", "destroy a"]);
    const aGone = { ...view, structures: view.structures.slice(1) };
    expect(text(decide(aGone))).toEqual(["destroy f", "create h"]);
    const destroyed = {
      ...aGone,
      foundations: [foundation("f", [], { ...old, state: "planned" }), ...view.foundations.slice(1)],
    };
    expect(text(decide(destroyed))).toEqual(["remove f", "create g", "create h"]);
  });

  it("lets two foundations exchange their addresses", () => {
    const swap = (state: "built" | "planned", holds: string, takes: string): Partial<Buildable> => ({
      state,
      rebuild: state === "built",
      holds: [holds],
      takes: [takes],
    });
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [foundation("f", [], swap("built", "1", "2")), foundation("g", [], swap("built", "2", "1"))],
      structures: [],
    };
    expect(text(decide(view))).toEqual(["destroy f", "destroy g"]);
    expect(
      text(decide({ ...view, foundations: [foundation("f", [], swap("planned", "1", "2")), view.foundations[1]!] })),
    ).toEqual(["destroy g"]);
  });

  it("leaves alone what has a job or has failed", () => {
    const view: Part & { foundations: FoundationView[]; structures: StructureView[] } = {
      foundations: [foundation("f", [], { jobId: "j" }), foundation("g", [], { state: "failed", failed: true })],
      structures: [],
    };
    expect(decide(view)).toEqual([]);
  });
});

function complex(members: string[], more: Partial<ComplexView> = {}): ComplexView {
  const all = members.map((id) => ({ id, name: id }));
  return { id: "pool", name: "pool", members: all, needed: members.length, capacity: {}, ...more };
}

const built = { state: "built" } as const;
const gone = { state: "built", wanted: "absent" } as const;

describe("machines that have to be found", () => {
  it("are not started before it is known which they are, and are taken down all the same", () => {
    const unknown = foundation("f", [], { located: false });
    const decision = decideAll(whole({ foundations: [unknown] }));
    expect(decision).toEqual({ steps: [], waiting: new Map([["f", { for: "location" }]]) });
    expect(text(decide({ foundations: [{ ...unknown, located: true }] }))).toEqual(["create f"]);
    expect(text(decide({ foundations: [foundation("f", [], { ...gone, located: false })] }))).toEqual(["destroy f"]);
  });
});

describe("dependencies", () => {
  const server = foundation("server", ["web"]);
  const view = (link: "soft" | "hard", more: Part = {}): Part => ({
    foundations: [foundation("rack", ["switch"], built), server],
    structures: [structure("switch", "rack"), structure("web", "server")],
    dependencies: [dependency("port", "server", "switch", { link, runsOn: "switch" })],
    ...more,
  });

  it("are built when what they need is, and what waits for them then", () => {
    const first = decideAll(whole(view("soft")));
    expect(text(first.steps)).toEqual(["create switch"]);
    expect(first.waiting.get("server")).toEqual({ for: "dependencies", names: ["port"] });
    const switchBuilt = { structures: [structure("switch", "rack", [], built), structure("web", "server")] };
    expect(text(decide(view("soft", switchBuilt)))).toEqual(["create port"]);
    const port = dependency("port", "server", "switch", { ...built, runsOn: "switch" });
    expect(text(decide(view("soft", { ...switchBuilt, dependencies: [port] })))).toEqual(["create server"]);
  });

  it("need other dependencies as well, and nothing where nobody builds what is needed", () => {
    const chain = [
      dependency("first", "server", "switch"),
      dependency("second", "server", "first"),
      dependency("known", "server", "", { needs: null }),
    ];
    const structures = [structure("switch", "rack", [], built)];
    const foundations = [foundation("rack", ["switch"], built), foundation("server", [])];
    expect(text(decide({ foundations, structures, dependencies: chain }))).toEqual(["create first", "create known"]);
    const firstBuilt = [{ ...chain[0]!, ...built }, chain[1]!, chain[2]!];
    expect(text(decide({ foundations, structures, dependencies: firstBuilt }))).toEqual([
      "create second",
      "create known",
    ]);
  });

  const standing = (link: "soft" | "hard", switchRow: StructureView): Part => ({
    foundations: [foundation("rack", ["switch"], built), foundation("server", ["web"], built)],
    structures: [switchRow, structure("web", "server", [], built)],
    dependencies: [dependency("port", "server", "switch", { ...built, link, runsOn: "switch" })],
  });
  const leaving = structure("switch", "rack", [], { ...built, rebuild: true });

  it("that are soft go before what they need, and leave their foundation", () => {
    expect(text(decide(standing("soft", leaving)))).toEqual(["destroy port"]);
    const without = { ...standing("soft", leaving), dependencies: [dependency("port", "server", "switch")] };
    expect(text(decide(without))).toEqual(["destroy switch"]);
  });

  it("that are hard take their foundation and all on it down first, in reverse", () => {
    const all = whole(standing("hard", leaving));
    expect(text(decide(all))).toEqual(["destroy web"]);
    const webGone = { ...all, structures: [leaving, structure("web", "server")] };
    expect(text(decide(webGone))).toEqual(["destroy server"]);
    const serverGone = { ...webGone, foundations: [all.foundations[0]!, foundation("server", ["web"])] };
    expect(text(decide(serverGone))).toEqual(["destroy port"]);
    const portGone = { ...serverGone, dependencies: [dependency("port", "server", "switch", { link: "hard" })] };
    expect(text(decide(portGone))).toEqual(["destroy switch"]);
    const switchGone = { ...portGone, structures: [structure("switch", "rack"), structure("web", "server")] };
    expect(text(decide(switchGone))).toEqual(["create switch"]);
  });

  it("go after the foundation they are for, and their rows first", () => {
    const all: Part = {
      foundations: [foundation("server", [], gone)],
      structures: [structure("switch", "rack", [], built)],
      dependencies: [dependency("port", "server", "switch", gone)],
    };
    expect(text(decide(all))).toEqual(["destroy server"]);
    const planned = { wanted: "absent" } as const;
    expect(text(decide({ ...all, foundations: [foundation("server", [], planned)] }))).toEqual(["destroy port"]);
    const rows = {
      foundations: [foundation("server", [], planned)],
      dependencies: [dependency("port", "server", "switch", planned)],
    };
    expect(text(decide({ ...all, ...rows }))).toEqual(["remove port"]);
    expect(text(decide({ ...all, ...rows, dependencies: [] }))).toEqual(["remove server"]);
  });
});

describe("complexes", () => {
  const host = (id: string, more: Partial<Buildable> = {}): StructureView =>
    structure(id, `f-${id}`, [], { ...built, ...more });
  const offered = (id: string, more: Partial<FoundationView> = {}): FoundationView =>
    foundation(id, [], { complexId: "pool", size: { memory: 4 }, ...more });
  const below = (...ids: string[]): FoundationView[] => ids.map((id) => foundation(`f-${id}`, [id], built));
  const places = (steps: readonly ForemanStep[]): string[] =>
    steps.flatMap((step) =>
      step.kind === "start" && step.placedOn !== undefined ? [`${step.id} on ${step.placedOn}`] : [],
    );

  it("offer foundations when enough of their members are built, the least loaded first", () => {
    const hosts = [host("h1"), host("h2"), host("h3", { state: "planned" })];
    const part = { foundations: [...below("h1", "h2"), offered("a"), offered("b"), offered("c")], structures: hosts };
    const early = decideAll(whole({ ...part, complexes: [complex(["h1", "h2", "h3"])] }));
    expect(places(early.steps)).toEqual([]);
    expect(early.waiting.get("a")).toEqual({ for: "complex", name: "pool", built: 2, needed: 3 });
    const enough = [complex(["h1", "h2", "h3"], { needed: 2 })];
    expect(places(decide({ ...part, complexes: enough }))).toEqual(["a on h1", "b on h2", "c on h1"]);
    const busy = [...below("h1", "h2"), offered("a", { ...built, placedOn: "h1" }), offered("b")];
    expect(places(decide({ ...part, foundations: busy, complexes: enough }))).toEqual(["b on h2"]);
  });

  it("never give more than a member has", () => {
    const part = {
      foundations: [...below("h1", "h2"), ...["a", "b", "c", "d", "e"].map((id) => offered(id))],
      structures: [host("h1"), host("h2")],
      complexes: [complex(["h1", "h2"], { capacity: { memory: 8, foundations: 9 } })],
    };
    const { steps, waiting } = decideAll(whole(part));
    expect(places(steps)).toEqual(["a on h1", "b on h2", "c on h1", "d on h2"]);
    expect(waiting.get("e")).toEqual({ for: "room", name: "pool" });
  });

  it("keep the room of what failed half-way, and try it where it was", () => {
    const part = {
      foundations: [...below("h1"), offered("a"), offered("b", { placedOn: "h1" })],
      structures: [host("h1")],
      complexes: [complex(["h1"], { capacity: { foundations: 1 } })],
    };
    const { steps, waiting } = decideAll(whole(part));
    expect(places(steps)).toEqual(["b on h1"]);
    expect(waiting.get("a")).toEqual({ for: "room", name: "pool" });
  });

  it("lose the foundations of a member before it is taken down, and place them elsewhere then", () => {
    const part = {
      foundations: [...below("h1", "h2"), offered("a", { ...built, placedOn: "h1" })],
      structures: [host("h1", { rebuild: true }), host("h2")],
      complexes: [complex(["h1", "h2"], { needed: 1 })],
    };
    expect(text(decide(part))).toEqual(["destroy a"]);
    const off = { ...part, foundations: [...below("h1", "h2"), offered("a")] };
    expect(text(decide(off))).toEqual(["create a", "destroy h1"]);
    expect(places(decide(off))).toEqual(["a on h2"]);
  });
});

describe("limits", () => {
  const limited = (id: string, more: Partial<FoundationView> = {}): FoundationView =>
    foundation(id, [], { limits: ["site lab", "driver docker"], ...more });

  it("let no more jobs run than they say, whoever started them; who waits longest comes first", () => {
    const foundations = [
      limited("a", { since: 3 }),
      limited("b", { since: 1 }),
      limited("c", { since: 2 }),
      limited("d", { ...built, jobId: "by hand" }),
      foundation("free", []),
    ];
    const limits = new Map([
      ["site lab", 3],
      ["driver docker", 2],
    ]);
    const { steps, waiting } = decideAll(whole({ foundations, limits }));
    expect(text(steps)).toEqual(["create b", "create free"]);
    const why = { for: "limit", limit: "driver docker", most: 2 };
    expect([waiting.get("a"), waiting.get("c"), waiting.has("b")]).toEqual([why, why, false]);
    expect(decideAll(whole({ foundations, limits }))).toEqual({ steps, waiting });
  });

  it("of one thing after the other leave the rest to come to its end first", () => {
    const limits = new Map([["site lab", 1]]);
    const foundations = [limited("a", built), limited("b")];
    const structures = [{ ...structure("web", "a"), limits: ["site lab"] }];
    expect(text(decide({ foundations, structures, limits }))).toEqual(["create web"]);
  });
});

interface Row {
  kind: "foundation" | "structure";
  id: string;
  state: Buildable["state"];
  wanted: "built" | "absent";
  stale: boolean;
  rebuild: boolean;
  jobId: string | null;
  role?: string;
  on?: string;
  dependsOn: string[];
  /** The address it gets, and those of what is there. */
  address: string;
  holds: string[];
}

function viewOf(rows: ReadonlyMap<string, Row>): Part {
  const all = [...rows.values()];
  return {
    foundations: all
      .filter((row) => row.kind === "foundation")
      .map((row) => ({
        ...shown(row),
        ...found,
        structures: all.filter((other) => other.on === row.id).map((other) => other.id),
      })),
    structures: all
      .filter((row) => row.kind === "structure")
      .map((row) => ({ ...shown(row), foundationId: row.on ?? "", dependsOn: row.dependsOn })),
  };
}

function shown(row: Row): Buildable {
  return { ...planned, ...row, name: row.id, failed: false, takes: [row.address] };
}

/** Ends a job as the service would. */
function finish(rows: Map<string, Row>, row: Row): void {
  row.jobId = null;
  row.rebuild = false;
  if (row.role === "destroy") {
    row.state = "planned";
    row.holds = [];
  } else {
    row.state = "built";
    row.stale = false;
  }
  rows.set(row.id, row);
}

const rowState = fc.record({
  state: fc.constantFrom("planned" as const, "built" as const),
  wanted: fc.constantFrom("built" as const, "absent" as const),
  stale: fc.boolean(),
  rebuild: fc.boolean(),
  held: fc.nat(8),
});

const world = fc.array(
  fc.record({ foundation: rowState, structure: rowState, depends: fc.array(fc.nat(8), { maxLength: 3 }) }),
  {
    minLength: 1,
    maxLength: 8,
  },
);

describe("the foreman from any inventory", () => {
  it("converges, in an order in which nothing stands on what is not there", () => {
    fc.assert(
      fc.property(world, fc.infiniteStream(fc.nat()), (machines, choice) => {
        const rows = new Map<string, Row>();
        machines.forEach((machine, index) => {
          const absent = machine.structure.wanted === "absent";
          const dependsOn = [...new Set(machine.depends.filter((other) => other < index))].map((other) => `s${other}`);
          // A design never keeps what stands on something it takes away.
          const keeps = dependsOn.every((id) => rows.get(id)!.wanted === "built");
          const wanted = absent || !keeps ? "absent" : "built";
          const state = machine.structure.state;
          // What stays as it is has the address it should have; what goes or is made anew may have anybody's.
          const address = String(index);
          const onFoundation = wanted === "built" ? "built" : machine.foundation.wanted;
          const held = (goes: boolean, other: number): string[] => [goes ? String(other) : address];
          rows.set(`f${index}`, {
            kind: "foundation",
            id: `f${index}`,
            jobId: null,
            dependsOn: [],
            ...machine.foundation,
            wanted: onFoundation,
            state: state === "built" ? "built" : machine.foundation.state,
            address,
            holds: held(machine.foundation.rebuild || onFoundation === "absent", machine.foundation.held),
          });
          const goes = machine.structure.rebuild || machine.foundation.rebuild || wanted === "absent";
          const holds = held(goes, machine.structure.held);
          rows.set(`s${index}`, {
            kind: "structure",
            id: `s${index}`,
            jobId: null,
            on: `f${index}`,
            dependsOn,
            ...machine.structure,
            wanted,
            address,
            holds,
          });
        });
        for (let round = 0; ; round += 1) {
          expect(round).toBeLessThan(200);
          const steps = decide(viewOf(rows));
          for (const step of steps) {
            const row = rows.get(step.id)!;
            if (step.kind === "cancel") throw new Error("nothing here loses its purpose while it is built");
            if (step.kind === "remove") {
              expect(
                [...rows.values()].some(
                  (other) => other.on === row.id || (other.dependsOn.includes(row.id) && other.state !== "planned"),
                ),
              ).toBe(false);
              rows.delete(step.id);
              for (const other of rows.values()) other.dependsOn = other.dependsOn.filter((id) => id !== step.id);
              continue;
            }
            expect(row.jobId).toBeNull();
            if (step.role === "create" && row.kind === "structure") {
              expect(rows.get(row.on!)!.state).toBe("built");
              for (const id of row.dependsOn) expect(rows.get(id)!.state).toBe("built");
            }
            if (step.role === "destroy" && row.kind === "foundation") {
              for (const other of rows.values()) if (other.on === row.id) expect(other.state).toBe("planned");
            }
            if (step.role === "create") {
              for (const other of rows.values()) {
                const same = other === row || other.on === row.id || row.on === other.id;
                if (!same && other.state !== "planned") expect(other.holds).not.toContain(row.address);
              }
              row.holds = [row.address];
            }
            row.jobId = "job";
            row.role = step.role;
            row.state = step.role === "destroy" ? "destroying" : "building";
          }
          const running = [...rows.values()].filter((row) => row.jobId !== null);
          if (running.length === 0 && steps.length === 0) break;
          if (running.length > 0) finish(rows, running[choice.next().value! % running.length]!);
        }
        expect(decide(viewOf(rows))).toEqual([]);
        for (const row of rows.values()) {
          expect([row.id, row.wanted, row.state, row.stale]).toEqual([row.id, "built", "built", false]);
          expect(row.rebuild).toBe(false);
        }
      }),
    );
  });
});
