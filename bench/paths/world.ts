/**
 * The processes of one scenario: stations, nodes, clients, proxies. All end with it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeOptions } from '../../src/index.ts';
import type { Started } from './messages.ts';
import { Member } from './member.ts';
import { freePort, HOST } from './proxies.ts';

export interface Placed {
  readonly member: Member;
  readonly id: string;
  readonly port: number;
  readonly url: string;
  /** When it was up, ms since the epoch. */
  readonly at: number;
}

export interface StationPlan {
  readonly name?: string;
  /** Of one that was killed: the same place and the same key. */
  readonly port?: number;
  /** `host:port` under which it is known, if it is not its own. */
  readonly known?: string;
  readonly options?: NodeOptions;
  readonly unlimited?: boolean;
}

export class World {
  readonly #deadline: number;
  readonly #members = new Set<Member>();
  #folder: Promise<string> | undefined;

  /** @param deadline monotonic ms after which nothing is waited for. */
  constructor(deadline: number) {
    this.#deadline = deadline;
  }

  member(name: string): Member {
    const made = new Member(name, this.#deadline);
    this.#members.add(made);
    return made;
  }

  async station({ name = 'station', port, known, options, unlimited }: StationPlan = {}): Promise<Placed> {
    const at = port ?? (await freePort());
    this.#folder ??= mkdtemp(join(tmpdir(), 'espalier-bench-'));
    const identity = { file: join(await this.#folder, `${name}.key`) };
    return this.node(name, at, {
      options: {
        station: true,
        identity,
        ...(known === undefined ? {} : { announce: [known] }),
        ...options,
      },
      ...(unlimited === undefined ? {} : { unlimited }),
    });
  }

  /** @param port 0: any. */
  async node(
    name: string,
    port: number,
    { options, unlimited }: { readonly options: NodeOptions; readonly unlimited?: boolean },
  ): Promise<Placed> {
    const member = this.member(name);
    const order = { options: { listen: `${HOST}:${port}`, ...options } };
    const started: Started = await member.ask(
      'node',
      unlimited === undefined ? order : { ...order, unlimited },
    );
    const { id, url, at } = started;
    return { member, id, url, port: Number(new URL(url).port), at };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.close()));
    if (this.#folder !== undefined) await rm(await this.#folder, { recursive: true, force: true });
  }
}

export const addressAt = (port: number): string => `${HOST}:${port}`;
export const urlAt = (port: number): string => `https://${addressAt(port)}`;
