import { describe, expect, it } from "vitest";
import { withoutTexts } from "./shown-text.ts";

describe("what somebody typed", () => {
  it("is shown without what is sensitive", () => {
    expect(withoutTexts("RUN echo pw (1+1)", ["echo pw (1+1)"])).toBe("RUN (sensitive)");
    expect(withoutTexts("a bc, bcd", ["bc", "bcd"])).toBe("a (sensitive), (sensitive)");
    expect(withoutTexts("web.yaml", ["RUN x", ""])).toBe("web.yaml");
  });

  it("does not grow by what stands instead, however many are sensitive", () => {
    expect(withoutTexts("es", Array<string>(1000).fill("e"))).toBe("(sensitive)s");
    expect(withoutTexts("es", ["e", "s", "i", "n"])).toBe("(sensitive)(sensitive)");
  });
});
