import { errorKind } from "../kernel/errors.ts";

export const SYNTAX = errorKind("tscript_syntax", {
  status: 422,
  summary: "A script does not follow the grammar of TScript.",
  remedy: "Correct the script at the place the message names; docs/tscript.md describes the language.",
});

export const BLOCK_OPTION = errorKind("tscript_block_option", {
  status: 422,
  summary: "A block of a script has an option that does not exist.",
  remedy: "Use description, expected_time or max_time.",
});

export const BLOCK_OPTION_TYPE = errorKind("tscript_block_option_type", {
  status: 422,
  summary: "An option of a block of a script has a value of the wrong type.",
  remedy: "Give a text for description, and a time such as 1:30 for expected_time and max_time.",
});

export const LABEL_IN_BLOCK = errorKind("tscript_label_in_block", {
  status: 422,
  summary: "A label of a script stands inside a block, a loop or a condition.",
  remedy: "Move the label to the outermost list of statements.",
});

export const UNKNOWN_LABEL = errorKind("tscript_unknown_label", {
  status: 422,
  summary: "A goto, or a jump asked for from outside, names a label the script does not have.",
  remedy: "Name a label that stands in the outermost list of statements.",
});

export const DUPLICATE_LABEL = errorKind("tscript_duplicate_label", {
  status: 422,
  summary: "A script has the same label twice.",
  remedy: "Rename one of the two labels.",
});

export const DUPLICATE_NAME = errorKind("tscript_duplicate_name", {
  status: 422,
  summary: "A call, a map or the options of a block of a script give the same name twice.",
  remedy: "Remove one of the two.",
});

export const NUMBER_RANGE = errorKind("tscript_number_range", {
  status: 422,
  summary: "A number in a script is too large to be exact.",
  remedy: "Use an integer between -9007199254740991 and 9007199254740991.",
});

export const TOO_DEEP = errorKind("tscript_too_deep", {
  status: 422,
  summary: "Blocks, conditions or brackets of a script are nested too deeply.",
  remedy: "Nest at most 100 levels; use a variable for the inner part of an expression.",
});

export const TOO_LARGE = errorKind("tscript_too_large", {
  status: 422,
  summary: "A script is longer than 1 MiB.",
  remedy: "Split the script.",
});

export const OUTSIDE_LOOP = errorKind("tscript_outside_loop", {
  status: 422,
  summary: "A script has break or continue outside a loop.",
  remedy: "Use them in the body of a while only.",
});

export const UNKNOWN_MODULE = errorKind("tscript_unknown_module", {
  status: 422,
  summary: "A script uses a module that does not exist.",
  remedy: "Correct the name, or start a worker that offers the module.",
});

export const UNKNOWN_FUNCTION = errorKind("tscript_unknown_function", {
  status: 422,
  summary: "A script calls a function that does not exist.",
  remedy: "Correct the name of the function.",
});

export const UNKNOWN_VALUE = errorKind("tscript_unknown_value", {
  status: 422,
  summary: "A script uses a value that its module does not have.",
  remedy: "Correct the name of the value.",
});

export const UNKNOWN_PARAMETER = errorKind("tscript_unknown_parameter", {
  status: 422,
  summary: "A script gives a function a parameter it does not take.",
  remedy: "Correct the name of the parameter.",
});

export const MISSING_PARAMETER = errorKind("tscript_missing_parameter", {
  status: 422,
  summary: "A script calls a function without a parameter it needs.",
  remedy: "Add the parameter.",
});

export const VALUE_ACCESS = errorKind("tscript_value_access", {
  status: 422,
  summary: "A script sets a value that can only be read, or reads one that can only be set.",
  remedy: "Use another value or a function of the module.",
});

export const STATE = errorKind("tscript_state", {
  status: 409,
  summary:
    "A stored script state does not belong to this script, or was written by another version of the interpreter.",
  remedy: "Start the job anew.",
});

export const NOT_RESUMABLE = errorKind("tscript_not_resumable", {
  status: 409,
  summary: "A script was to be resumed or retried, and its state does not allow it.",
  remedy: "Resume what is paused, retry what failed at a call to a worker; otherwise start the job anew.",
});

export const SCRIPT_FAILED = errorKind("tscript_failed", {
  status: 422,
  summary: "A script that was run by hand came to an error.",
  remedy: "The message names the line of the script.",
});

export const VARIABLE_OPTION = errorKind("tscript_variable_option", {
  status: 400,
  summary: "A --variable of gantry tscript run is not NAME=VALUE.",
  remedy: "Write --variable name=value; a value that is JSON (a number, true, null, a list) is taken as such.",
});

export const SCRIPT_FILE = errorKind("tscript_file", {
  status: 400,
  summary: "A script file cannot be read.",
  remedy: "Check the path and its permissions.",
});
