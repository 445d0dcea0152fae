import { inspect } from "node:util";
import { textOf } from "./model.ts";

/** An opened value. It shows itself as `[secret NAME]` wherever it is printed, joined or made JSON; only `reveal` and `text` give it away. */
export class SecretValue {
  readonly name: string;
  readonly #bytes: Buffer;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.#bytes = Buffer.from(bytes);
  }

  /** The value itself: a copy, so that who got it can wipe it. */
  reveal(): Buffer {
    return Buffer.from(this.#bytes);
  }

  /** The value as UTF-8; undefined when it is not. */
  text(): string | undefined {
    return textOf(this.#bytes);
  }

  toString(): string {
    return `[secret ${this.name}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.toPrimitive](): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
