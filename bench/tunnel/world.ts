/**
 * The processes of one scenario: relays, bridges, processes of ours, Erlang nodes. All end with it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../harness/child.ts';
import { Member } from './member.ts';
import { Program } from './program.ts';

export interface PlacedRelay {
  readonly program: Program;
  readonly url: string;
  readonly port: number;
}

const HOST = '127.0.0.1';
const PIPE = new URL('pipe.js', import.meta.url);
/** Milliseconds until a pipe listens. */
const START = 20_000;

export class World {
  readonly #closers: (() => Promise<void>)[] = [];
  #folder: Promise<string> | undefined;

  member(name: string): Member {
    const made = new Member(name);
    this.#closers.push(() => made.close());
    return made;
  }

  /** One that listens; at a port of 0 anywhere. One that was killed comes back at its port with its key. */
  async relay(port: number, flags: readonly string[] = []): Promise<PlacedRelay> {
    const key = port === 0 ? [] : ['--identity', await this.#keyOf(port)];
    const program = this.#program(['relay', '--listen', `${HOST}:${port}`, ...key, ...flags]);
    const { url = '' } = await program.ready();
    return { program, url, port: Number(url.slice(url.lastIndexOf(':') + 1)) };
  }

  /** Gives its EPMD port. */
  async bridge(relay: string, name: string, flags: readonly string[] = []): Promise<number> {
    const args = ['dist', 'bridge', '--relay', relay, '--name', name, '--epmd-port', '0'];
    const { epmdPort = 0 } = await this.#program([...args, ...flags]).ready();
    return epmdPort;
  }

  /** What comes to the port that it gives goes to another. */
  async pipe(target: number): Promise<number> {
    const child = new Child<never, { readonly port: number }>('pipe', PIPE, [String(target)]);
    this.#closers.push(() => child.close());
    const { port } = await child.receive(START);
    return port;
  }

  /** Something else that ends with it. */
  owns(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    await Promise.all(this.#closers.map((close) => close()));
    if (this.#folder !== undefined) await rm(await this.#folder, { recursive: true, force: true });
  }

  async #keyOf(port: number): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'espalier-bench-'));
    return join(await this.#folder, `relay-${port}.key`);
  }

  #program(args: readonly string[]): Program {
    const program = new Program(args);
    this.#closers.push(() => program.close());
    return program;
  }
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
