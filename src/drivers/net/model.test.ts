import { expect, test } from "vitest";
import { answerProblem, httpCheckParameters, percentReceived, pingParameters } from "./model.ts";

test.each([
  ["4 packets transmitted, 3 received, 25% packet loss, time 604ms", 75],
  ["3 packets transmitted, 2 received, +1 errors, 33.3333% packet loss, time 402ms", 66.67],
  ["4 packets transmitted, 4 packets received, 0% packet loss", 100],
  ["ping: bad address", undefined],
])("%s", (printed, percent) => expect(percentReceived(printed)).toBe(percent));

test.each(["-f", "a b", "a;b", "$(id)", "", "http://x"])("%s is no target", (target) => {
  expect(pingParameters.safeParse({ target }).success).toBe(false);
});

test.each(["web1", "web1.example.org", "192.0.2.1", "::1", "fe80::1%eth0"])("%s is a target", (target) => {
  expect(pingParameters.safeParse({ target }).success).toBe(true);
});

test.each(["file:///etc/passwd", "ftp://x", "web1"])("%s is nothing to check", (url) => {
  expect(httpCheckParameters.safeParse({ url }).success).toBe(false);
});

test("an answer is judged by its status and its text", () => {
  const answer = { status: 301, text: "moved" };
  expect(answerProblem(answer, {})).toBeUndefined();
  expect(answerProblem({ ...answer, status: 404 }, {})).toBe("answered with status 404, not one below 400");
  expect(answerProblem(answer, { status: [200, 204] })).toBe("answered with status 301, not 200 or 204");
  expect(answerProblem(answer, { status: 301, contains: "found" })).toBe('answered without "found"');
  expect(answerProblem(answer, { status: 301, contains: "oved" })).toBeUndefined();
});
