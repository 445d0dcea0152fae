export { check } from "./check.ts";
export { UNKNOWN_MODULE } from "./errors.ts";
export { checkFiles, runFile } from "./by-hand.ts";
export { parse } from "./parse.ts";
export { tscript } from "./program.ts";
export { ANY_MODULE } from "./program-model.ts";
export type {
  AdvanceInput,
  AdvanceOutput,
  Catalogue,
  CompiledScript,
  FunctionDescription,
  ModuleDescription,
  ParameterDescription,
  ProgressEntry,
  ScriptCall,
  ScriptProgram,
  ScriptResult,
  ScriptStatus,
  ScriptWrite,
  StartOptions,
  ValueAccess,
  ValueAnswer,
  ValueLookup,
} from "./program-model.ts";
