import { errorKind } from "../kernel/errors.ts";

export const TODO_NOT_FOUND = errorKind("todo_not_found", {
  status: 404,
  summary: "Nobody is asked to do this: it was answered, its job has ended, or there never was such a thing.",
  remedy: "`gantry todo` lists what people are asked.",
});

export const TODO_ANSWER_REFUSED = errorKind("todo_answer_refused", {
  status: 422,
  summary: "An answer is not one that what is asked can take.",
  remedy: "Say only `done` of a paused job, which then goes on; end it by `gantry job cancel`.",
});

export const MANUAL_CALL_INVALID = errorKind("manual_call_invalid", {
  status: 422,
  summary: "A script asked a person for something that cannot be asked like this.",
  remedy: "Call `manual.ask( text='…' )`, or a function that every driver has.",
});
