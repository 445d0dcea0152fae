/** Rendering Jinja templates, bounded and off the main thread: what other rooms may import. */
export type { Renderer, Template, TemplateLimits, TemplateMode } from "./model.ts";
export { DEFAULT_LIMITS } from "./model.ts";
export type { RendererOptions } from "./service.ts";
export { createRenderer } from "./service.ts";
export { checkTemplate } from "./check.ts";
export {
  TEMPLATE_ENGINE_FAILED,
  TEMPLATE_FAILED,
  TEMPLATE_NEVER_SETTLES,
  TEMPLATE_RENDERER_CLOSED,
  TEMPLATE_SYNTAX,
  TEMPLATE_TOO_LARGE,
  TEMPLATE_TOOK_TOO_LONG,
  TEMPLATE_UNDEFINED_NAME,
} from "./errors.ts";
