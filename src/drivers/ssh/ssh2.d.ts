/** As much of ssh2 as this folder uses: its own types would bring those of another Node. */
declare module "ssh2" {
  import type { EventEmitter } from "node:events";
  import type { Duplex, Readable } from "node:stream";

  interface ConnectConfig {
    readonly host: string;
    readonly port: number;
    readonly username: string;
    readonly password?: string | undefined;
    readonly privateKey?: string | undefined;
    readonly passphrase?: string | undefined;
    readonly tryKeyboard?: boolean;
    /** Socket of an agent that holds keys. */
    readonly agent?: string;
    /** Ways to prove who one is, in this order. */
    readonly authHandler?: readonly (
      | { readonly type: "agent"; readonly username: string; readonly agent: string }
      | { readonly type: "publickey"; readonly username: string; readonly key: string }
    )[];
    /** Milliseconds until the handshake must be over. */
    readonly readyTimeout: number;
    /** Milliseconds between signs of life that are asked for, and how many may be missed. */
    readonly keepaliveInterval: number;
    readonly keepaliveCountMax: number;
    /** In the order of preference. */
    readonly algorithms?: { readonly serverHostKey?: readonly string[] };
    /** The key as it goes over the wire. */
    hostVerifier(key: Buffer): boolean;
  }

  interface ClientChannel extends Duplex {
    readonly stderr: Readable;
    signal(name: string): void;
    close(): void;
  }

  interface Stats {
    readonly mode: number;
    readonly size: number;
    isFile(): boolean;
  }

  type Done = (error?: Error | null) => void;

  interface Sftp extends EventEmitter {
    open(
      path: string,
      flags: string,
      attributes: { readonly mode?: number },
      done: (error: Error | undefined, handle: Buffer) => void,
    ): void;
    open(path: string, flags: string, done: (error: Error | undefined, handle: Buffer) => void): void;
    close(handle: Buffer, done: Done): void;
    write(handle: Buffer, data: Buffer, offset: number, length: number, position: number, done: Done): void;
    read(
      handle: Buffer,
      target: Buffer,
      offset: number,
      length: number,
      position: number,
      done: (error: Error | undefined, bytes: number) => void,
    ): void;
    fstat(handle: Buffer, done: (error: Error | undefined, stats: Stats) => void): void;
    fchmod(handle: Buffer, mode: number, done: Done): void;
    unlink(path: string, done: Done): void;
    ext_openssh_rename(from: string, to: string, done: Done): void;
    ext_openssh_fsync(handle: Buffer, done: Done): void;
  }

  class Client extends EventEmitter {
    connect(config: ConnectConfig): this;
    /** `agentForward`: what is run may use the agent for connections of its own. */
    exec(
      command: string,
      options: { readonly agentForward: boolean },
      done: (error: Error | undefined, channel: ClientChannel) => void,
    ): boolean;
    exec(command: string, done: (error: Error | undefined, channel: ClientChannel) => void): boolean;
    sftp(done: (error: Error | undefined, sftp: Sftp) => void): boolean;
    end(): this;
    destroy(): this;
  }

  const ssh2: {
    readonly Client: typeof Client;
    readonly utils: { parseKey(key: string, passphrase?: string): Error | object };
  };
  export default ssh2;
  export type { Client, ClientChannel, ConnectConfig, Sftp, Stats };
}
