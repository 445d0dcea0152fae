/** A verb as a module: it prints a greeting, as often as is wanted. */
export const verb = {
  name: "GREET",
  summary: "Prints a greeting",
  options: {
    times: { type: "integer", summary: "How often", default: 1, minimum: 1, maximum: 100 },
    loud: { type: "boolean", summary: "In capitals" },
  },
  text: { summary: "Who is greeted", required: true },
  safeToRepeat: true,

  plan({ options, text }) {
    return { changed: false, diff: "", message: `${text} would be greeted ${options.times} times` };
  },

  apply({ options, text, output }) {
    const greeting = `Hello, ${text}!`;
    for (let count = 0; count < options.times; count += 1) {
      output(`${options.loud ? greeting.toUpperCase() : greeting}\n`);
    }
    return { changed: false, greeting };
  },
};
