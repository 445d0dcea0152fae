import { errorKind } from "../kernel/errors.ts";

export const TEMPLATE_SYNTAX = errorKind("template_syntax", {
  status: 422,
  summary: "A template does not parse.",
  remedy: "Correct the template at the place named. The dialect is Jinja2.",
});

export const TEMPLATE_UNDEFINED_NAME = errorKind("template_undefined_name", {
  status: 422,
  summary: "A template asks for a name that has no value.",
  remedy: "Correct the name, set the variable, or write NAME | default(…) where it may be missing.",
});

export const TEMPLATE_FAILED = errorKind("template_failed", {
  status: 422,
  summary:
    "A template asks for something that cannot be done: an unknown filter or test, an operator on wrong types, an include.",
  remedy: "Correct the template at the place named.",
});

export const TEMPLATE_NEVER_SETTLES = errorKind("template_never_settles", {
  status: 422,
  summary: "Variables refer to each other in a circle, so that rendering them never ends.",
  remedy: "Take one of the variables named out of the circle.",
});

export const TEMPLATE_TOO_LARGE = errorKind("template_too_large", {
  status: 422,
  summary: "A template, its values, its output, or a value made on the way is larger than a rendering may use.",
  remedy: "Make the template do less: a file of many megabytes is better copied than rendered.",
});

export const TEMPLATE_TOOK_TOO_LONG = errorKind("template_took_too_long", {
  status: 422,
  summary: "A template did not end within the steps or the time a rendering may take.",
  remedy: "Look for loops within loops, and for calls that go round.",
});

export const TEMPLATE_ENGINE_FAILED = errorKind("template_engine_failed", {
  status: 500,
  summary: "The template engine could not be started, or broke off.",
  remedy: "Install again if files are missing; else report the template that did it.",
});

export const TEMPLATE_RENDERER_CLOSED = errorKind("template_renderer_closed", {
  status: 503,
  summary: "Rendering was asked for while the program was stopping.",
  remedy: "Try again after the start.",
});
