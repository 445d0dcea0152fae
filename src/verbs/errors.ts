import { errorKind } from "../kernel/errors.ts";

export const VERB_UNKNOWN = errorKind("verb_unknown", {
  status: 400,
  summary: "There is no verb of that name.",
  remedy: "`docs/verbs.md` lists the verbs.",
});

export const VERB_TEXT_WRONG = errorKind("verb_text_wrong", {
  status: 400,
  summary: "The text of a verb cannot be read: an unknown option, an option without its value, or something missing.",
  remedy: "Options stand in front of the text: gantry exec --verb RUN '--timeout 10 uptime'.",
});

export const RUN_FAILED = errorKind("run_failed", {
  status: 500,
  summary: "A command ended with an exit code other than 0, or by a signal.",
  remedy: "Read its output: gantry job log shows it.",
});

export const COMMAND_NOT_STARTED = errorKind("command_not_started", {
  status: 500,
  summary: "A program could not be started: it is missing, may not be run, or its folder does not exist.",
  remedy: "Check the path of the program and of the folder on the node.",
});

export const COMMAND_FAILED = errorKind("command_failed", {
  status: 500,
  summary: "A program that a verb needs ended with an exit code other than 0, or by a signal.",
  remedy: "Read its output: it stands in the job's log.",
});

export const USER_REFUSED = errorKind("user_refused", {
  status: 403,
  summary: "A verb was to be done as another user of the node, and the agent cannot become that user.",
  remedy: "Run the agent as root, on a node with setpriv or su; or leave --user out.",
});

export const SENSITIVE_FAILED = errorKind("sensitive_failed", {
  status: 500,
  summary: "A verb that is marked as sensitive failed; of what it said, nothing is kept.",
  remedy: "Run it without --sensitive where its text and output may be seen.",
});

export const ARGUMENT_UNDEFINED = errorKind("argument_undefined", {
  status: 400,
  summary:
    "A text asks for an argument nobody has set on this node, or has an expression in {{ }} that cannot be read.",
  remedy: "Set it first with ARG or --stdout-arg. To write braces as they are: {{ '{{' }}.",
});

export const ARGUMENTS_DAMAGED = errorKind("arguments_damaged", {
  status: 500,
  summary: "The file with the node's arguments in the agent's state folder cannot be read.",
  remedy: "Remove the file and set the arguments again.",
});

export const LINK_REFUSED = errorKind("link_refused", {
  status: 409,
  summary: "A path on a node leads through a link that another user made, to something that is not that user's.",
  remedy: "Write to where the link leads, if that is meant; else remove the link, and look who made it.",
});

export const TEMPLATE_WRONG = errorKind("template_wrong", {
  status: 400,
  summary:
    "A template cannot be filled in on a node: its syntax is wrong, something is undefined, or it becomes too long.",
  remedy: "Correct the line that the message names, or set the argument or variable.",
});

export const LINE_FAILED = errorKind("line_failed", {
  status: 500,
  summary: "A line could not be put into a file on a node, or taken out of it.",
  remedy:
    "Look at the message: with `--create` a missing file is made; a file that is no text cannot be changed by lines.",
});

export const GET_FAILED = errorKind("get_failed", {
  status: 500,
  summary: "Files could not be fetched from a node.",
  remedy: "Check the path on the node, and `--limit` when they are large.",
});

export const ADD_FAILED = errorKind("add_failed", {
  status: 500,
  summary: "A file could not be put in its place; the old one, if there is one, is as it was.",
  remedy: "Check that the folder exists (WORKDIR makes it) and that the agent may write there.",
});

export const SOURCE_MISSING = errorKind("add_source_missing", {
  status: 400,
  summary: "ADD names a file, or a pattern for files, of which there is none.",
  remedy: "Check the path; it counts from the folder the command runs in.",
});

export const OWNER_UNKNOWN = errorKind("owner_unknown", {
  status: 400,
  summary: "The node has no user or group of that name.",
  remedy: "Make the user or the group first, or give its number.",
});

export const WORKDIR_FAILED = errorKind("workdir_failed", {
  status: 500,
  summary: "A folder could not be made, or its owner or mode not be set.",
  remedy: "Check what stands in its way and whether the agent may write there.",
});

export const FACT_UNKNOWN = errorKind("fact_unknown", {
  status: 404,
  summary: "A node has no fact of that name.",
  remedy: "FACTS without a name shows all of them.",
});

export const CACHEFILE_WRONG = errorKind("cachefile_wrong", {
  status: 400,
  summary: "The file of CACHEFILE does not exist on the node, cannot be read, or is no mapping in YAML or JSON.",
  remedy: "Check the path and the content: names and their values, as in `who: world`.",
});

export const WAIT_TIMED_OUT = errorKind("wait_timed_out", {
  status: 504,
  summary: "What WAIT or QUERY_WAIT waited for did not come true in time.",
  remedy: "Look at why; or give it more seconds.",
});

export const SERVICE_UNKNOWN = errorKind("service_unknown", {
  status: 404,
  summary: "There is no service of that name on the node, and no command was given to make it.",
  remedy: "Give the command, or check the name.",
});

export const SERVICE_FAILED = errorKind("service_failed", {
  status: 500,
  summary: "A service ended as soon as it was started.",
  remedy: "Read the end of its log in the message.",
});

export const SERVICE_DAMAGED = errorKind("service_damaged", {
  status: 500,
  summary: "The record of a service in the agent's state folder cannot be read.",
  remedy: "Set the service to absent, then make it again.",
});

export const PROGRAM_MISSING = errorKind("node_program_missing", {
  status: 500,
  summary: "The node has none of the programs that a verb needs for its work.",
  remedy: "Install one of those the message names: RUN or PACKAGE can do that.",
});
