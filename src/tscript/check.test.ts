import { describe, expect, test } from "vitest";
import { problemText } from "../kernel/errors.ts";
import { check } from "./check.ts";
import type { Catalogue } from "./program-model.ts";

const CATALOGUE: Catalogue = {
  agent: { functions: { run: { parameters: { text: { required: true }, seconds: { required: false } } } } },
  structure: { functions: {}, values: { address: "r", state: "rw", password: "w" } },
};

function found(text: string, catalogue?: Catalogue): readonly string[] {
  return check(text, "f", catalogue).map((one) => problemText(one) + (one.hint === undefined ? "" : `; ${one.hint}`));
}

describe("without a catalogue", () => {
  test.each([
    ["goto ther\n:there", ['f:1:1: there is no label "ther" (tscript_unknown_label); did you mean "there"?']],
    [":here\n:here", ['f:2:1: the label "here" stands here again (tscript_duplicate_label)']],
    [
      "pause( mgs='x' )",
      [
        'f:1:1: "pause" needs the parameter "msg" (tscript_missing_parameter)',
        'f:1:8: "pause" has no parameter "mgs" (tscript_unknown_parameter); did you mean "msg"?',
      ],
    ],
    ["aa = lenn( array=[] )", ['f:1:6: there is no function "lenn" (tscript_unknown_function); did you mean "len"?']],
    ["aa = { bb=1, bb=2 }", ['f:1:14: "bb" is given twice (tscript_duplicate_name)']],
    ["break", ['f:1:1: "break" stands outside a loop (tscript_outside_loop)']],
    ["while True do if aa then break else continue", []],
    [
      "begin( max_time='x', description=1 )end",
      [
        'f:1:8: "max_time" must be a time such as 1:30 (tscript_block_option_type)',
        'f:1:22: "description" must be a text (tscript_block_option_type)',
      ],
    ],
    ["foo.bar( what=1 )\naa = foo.baz", []],
    ["foo.bar[ 1 ] = 2", ["f:1:1: an element of foo.bar cannot be set by itself (tscript_value_access)"]],
  ])("%s", (text, problems) => {
    expect(found(text)).toEqual(problems);
  });

  test("sorted by place, with the syntax errors among them", () => {
    const codes = check("aa = lenn( array=[] )\nbb = ]\ncc = popp( array=aa )\ngoto nowhere", "f").map(
      (one) => one.code,
    );
    // The label might stand in the line that could not be read.
    expect(codes).toEqual(["tscript_unknown_function", "tscript_syntax", "tscript_unknown_function"]);
  });
});

describe("with a catalogue", () => {
  test.each([
    ["agnet.run( text='x' )", ['f:1:1: there is no module "agnet" (tscript_unknown_module); did you mean "agent"?']],
    [
      "aa = agent.rum( text='x' )",
      ['f:1:6: there is no function "agent.rum" (tscript_unknown_function); did you mean "run"?'],
    ],
    [
      "agent.run( txt='x' )",
      [
        'f:1:1: "agent.run" needs the parameter "text" (tscript_missing_parameter)',
        'f:1:12: "agent.run" has no parameter "txt" (tscript_unknown_parameter); did you mean "text"?',
      ],
    ],
    [
      "agent.run( text=structure.adress )",
      ['f:1:17: there is no value "structure.adress" (tscript_unknown_value); did you mean "address"?'],
    ],
    ["structure.address = 1", ['f:1:1: "structure.address" can only be read (tscript_value_access)']],
    ["aa = structure.password", ['f:1:6: "structure.password" can be set, but not read (tscript_value_access)']],
    ["aa = exists( nowhere.nothing )", []],
    ["aa = agent.anything", []],
    ["structure.state = ( structure.state . 'x' )\nstructure.password = 'y'", []],
  ])("%s", (text, problems) => {
    expect(found(text, CATALOGUE)).toEqual(problems);
  });
});
