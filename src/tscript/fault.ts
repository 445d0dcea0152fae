/** Why a script cannot go on. Thrown inside one advance only; what comes out of an advance is data (see `Outcome`). */

export type Failure =
  | { readonly kind: "fatal"; readonly message: string }
  /** `parameter`: name of an argument, `left` or `right` of an operation, `target` of an assignment or of a value read. */
  | { readonly kind: "parameter"; readonly parameter: string; readonly message: string }
  /** `module` is there when the module exists and the name in it does not. */
  | { readonly kind: "not_defined"; readonly name: string; readonly module?: string; readonly message: string };

export class ScriptFault extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = "ScriptFault";
    this.failure = failure;
  }
}

export function fatal(message: string): ScriptFault {
  return new ScriptFault({ kind: "fatal", message });
}

export function badParameter(parameter: string, message: string): ScriptFault {
  return new ScriptFault({ kind: "parameter", parameter, message });
}

export function notDefined(what: string, name: string, module?: string): ScriptFault {
  const message = module === undefined ? `${what} "${name}" is not defined` : `"${module}" has no ${what} "${name}"`;
  return new ScriptFault({ kind: "not_defined", name, ...(module === undefined ? {} : { module }), message });
}
