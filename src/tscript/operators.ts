import { badParameter, fatal } from "./fault.ts";
import type { InfixOperator } from "./model.ts";
import { float, integer, kindOf, MAX_VALUE_BYTES, numberOf, textOf, truth } from "./values.ts";
import type { Value, ValueMap } from "./values.ts";

/** Both operands are always evaluated, also those of `and` and `or`, which give True or False. */
export function infix(op: InfixOperator, left: Value, right: Value): Value {
  switch (op) {
    case ".":
      return joined(left, right);
    case "and":
      return truth(left) && truth(right);
    case "or":
      return truth(left) || truth(right);
    case "==":
      return equal(left, right);
    case "!=":
      return !equal(left, right);
    case "<":
      return order(left, right) < 0;
    case ">":
      return order(left, right) > 0;
    case "<=":
      return order(left, right) <= 0;
    case ">=":
      return order(left, right) >= 0;
    case "&":
    case "|":
      return bits(op, left, right);
    default:
      return arithmetic(op, left, right);
  }
}

function joined(left: Value, right: Value): string {
  const first = textOf(left);
  const second = textOf(right);
  if (first.length + second.length > MAX_VALUE_BYTES) throw fatal("the text is too large");
  return first + second;
}

type Arithmetic = "^" | "*" | "/" | "%" | "+" | "-";

/** Two integers (or booleans, as 0 and 1) give an integer, but `/` and a negative power always a float. */
function arithmetic(op: Arithmetic, left: Value, right: Value): Value {
  const a = number(left, "left", op);
  const b = number(right, "right", op);
  const exact = typeof left !== "object" && typeof right !== "object";
  const give = exact ? integer : float;
  switch (op) {
    case "+":
      return give(a + b);
    case "-":
      return give(a - b);
    case "*":
      return give(a * b);
    case "/":
      if (b === 0) throw badParameter("right", "division by zero");
      return float(a / b);
    case "%":
      if (b === 0) throw badParameter("right", "division by zero");
      return give(remainder(a, b));
    case "^":
      if (a === 0 && b < 0) throw badParameter("right", "zero has no negative power");
      if (a < 0 && !Number.isInteger(b)) throw badParameter("left", "a negative number has no such power");
      return exact && b >= 0 ? integer(power(a, b)) : float(a ** b);
  }
}

function number(value: Value, side: "left" | "right", op: string): number {
  const found = numberOf(value);
  if (found === undefined) throw badParameter(side, `the ${side} operand of ${op} is ${article(value)}, not a number`);
  return found;
}

function article(value: Value): string {
  const kind = kindOf(value);
  if (kind === "none") return "none";
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

/** Has the sign of the divisor, as in Python. */
function remainder(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** Multiplies, and stops as soon as the result is no longer exact: `**` rounds before that can be seen. */
function power(base: number, exponent: number): number {
  if (base === 0 || base === 1) return exponent === 0 ? 1 : base;
  if (base === -1) return exponent % 2 === 0 ? 1 : -1;
  let result = 1;
  for (let count = 0; count < exponent && Number.isSafeInteger(result); count += 1) result *= base;
  return result;
}

function bits(op: "&" | "|", left: Value, right: Value): Value {
  if (typeof left === "boolean" && typeof right === "boolean") return op === "&" ? left && right : left || right;
  const a = wholeNumber(left, "left", op);
  const b = wholeNumber(right, "right", op);
  return Number(op === "&" ? BigInt(a) & BigInt(b) : BigInt(a) | BigInt(b));
}

function wholeNumber(value: Value, side: "left" | "right", op: string): number {
  if (typeof value === "number" || typeof value === "boolean") return Number(value);
  throw badParameter(side, `the ${side} operand of ${op} is ${article(value)}, not an integer`);
}

/** Numbers and booleans by their number, everything else by kind and parts. */
export function equal(left: Value, right: Value): boolean {
  if (left === right) return true;
  const a = numberOf(left);
  const b = numberOf(right);
  if (a !== undefined || b !== undefined) return a === b;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item: Value, index) => equal(item, right[index]!));
  }
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  const other = right as ValueMap;
  return keys.every((key) => Object.hasOwn(other, key) && equal((left as ValueMap)[key]!, other[key]!));
}

/** Negative, zero or positive. Numbers with numbers, texts, durations and datetimes with their like. */
function order(left: Value, right: Value): number {
  const a = numberOf(left);
  const b = numberOf(right);
  if (a !== undefined && b !== undefined) return a - b;
  const kind = kindOf(left);
  const pair = a === undefined && kind === kindOf(right);
  if (pair && kind === "text") return compare(left as string, right as string);
  if (pair && kind === "duration") return secondsOf(left) - secondsOf(right);
  if (pair && kind === "datetime") return momentOf(left) - momentOf(right);
  const comparable = a !== undefined || kind === "text" || kind === "duration" || kind === "datetime";
  const side = comparable ? "right" : "left";
  throw badParameter(side, `${article(left)} and ${article(right)} have no order`);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function secondsOf(value: Value): number {
  return (value as { readonly $seconds: number }).$seconds;
}

function momentOf(value: Value): number {
  return Date.parse((value as { readonly $datetime: string }).$datetime);
}
