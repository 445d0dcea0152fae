import pg from "pg";

/** Object ids of the types that `pg` hands out as text because a number may not hold them. Ours do: counts, times, sums of both. */
const INT8 = 20;
const NUMERIC = 1700;

type Parser = (text: string) => unknown;

export function readNumbers(type: number, format?: "text" | "binary"): Parser {
  if (type === INT8 || type === NUMERIC) return number;
  return (pg.types.getTypeParser as (type: number, format?: string) => Parser)(type, format);
}

function number(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new Error(`the database answered ${text}, more than a number holds`);
  return value;
}
