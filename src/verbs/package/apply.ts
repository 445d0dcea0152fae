import type { VerbResult } from "../model.ts";
import { changesBetween } from "./managers.ts";
import type { PackageParameters } from "./model.ts";
import { type PackageWorld, patiently, readInstalled, withPackageWork } from "./plan.ts";

/** What the manager did is what differs between two looks at what is installed, not what it said that it would do. */
export function applyPackages(parameters: PackageParameters, world: PackageWorld): Promise<VerbResult> {
  return withPackageWork(parameters, world, async ({ manager, request, installed, steps }) => {
    for (const { real } of steps) await patiently(manager, real, request, world);
    const after = steps.length === 0 ? installed : await readInstalled(manager, world.tools);
    const packages = changesBetween(installed, after);
    return { changed: packages.length > 0, manager: manager.name, packages: packages.map((one) => ({ ...one })) };
  });
}
