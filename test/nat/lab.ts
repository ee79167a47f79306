/**
 * A NAT lab: two networks behind NATs of the kernel and a public one, in network namespaces of its own, and nodes in them.
 *
 * `natlab.sh` says what it is made of. It needs Linux, root, iproute2, nftables and conntrack (`apt-get install nftables conntrack`),
 * and compiled code; `missing` says what is not there, and the tests are skipped. `npm run test:nat` runs all of them, one lab
 * after the other, in five to eight minutes; `npx vitest run --project nat test/nat/matrix.test.ts -t "sym calls addr"` some. By hand:
 * `PFX=lab test/nat/natlab.sh up port sym`, then `PFX=lab test/nat/natlab.sh exec a node dist/src/cli/main.js …`, and `… down`.
 *
 * Each node is a process of its own with a hard limit; all end with the lab, and the lab with this process.
 */
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NodeOptions } from '../../src/mesh/client/options.ts';

const NATLAB = fileURLToPath(new URL('natlab.sh', import.meta.url));
const CHILD = fileURLToPath(new URL('lab-child.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export type NatType = 'none' | 'fullcone' | 'addr' | 'port' | 'sym' | 'symport' | 'blocked';
export type Place = 'a' | 'b' | 'pub' | 'natA' | 'natB';

/** Of the public network: the first is where stations are; the second is the other address of the same machine. */
export const STATION = '203.0.113.1';
export const OTHER_STATION = '203.0.113.4';
const PORT = 9443;
export const stationUrl = (host: string): string => `https://${host}:${PORT}`;
export const REALM = 'lab';

/** The first outside port after a rebind; 1,000 for each. */
const REBOUND = 20_000;

/** No process of a lab lives longer, milliseconds. */
const HARD_LIMIT = 100_000;
/** For the answer to one order, milliseconds. */
const PATIENCE = 65_000;

/** Why there can be no lab here; undefined when there can. */
export function missing(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root';
  for (const [command, args] of [
    ['ip', ['netns', 'list']],
    ['nft', ['list', 'tables']],
    ['conntrack', ['--version']],
  ] as const) {
    try {
      execFileSync(command, args, { stdio: 'ignore' });
    } catch {
      return `it needs \`${command} ${args.join(' ')}\` to work`;
    }
  }
  return undefined;
}

/** For `describe.skipIf`: says on the console what is skipped, and why. */
export function isSkipped(what: string): boolean {
  const why = missing();
  if (why !== undefined) console.log(`skipped: ${what}: ${why}`);
  return why !== undefined;
}

export interface PathSeen {
  readonly path: 'direct' | 'punched' | 'relayed';
  /** Hex id of a station; empty: none. */
  readonly via: string;
  readonly rtt: number;
}

export type Failed = Readonly<
  Record<
    string,
    {
      readonly count: number;
      /** When the first and the last ended, ms since the epoch. */
      readonly first: number;
      readonly last: number;
      /** How long one of them took at most, ms. */
      readonly longest: number;
    }
  >
>;

export const countOf = (failed: Failed): number =>
  Object.values(failed).reduce((sum, { count }) => sum + count, 0);

export interface Outcomes {
  readonly calls: number;
  /** By failure, as JSON. */
  readonly failed: Failed;
  /** The longest time without an answer, ms, and when it was over. */
  readonly gap: number;
  readonly gapEnded: number;
  readonly slowest: number;
}

export interface Until {
  readonly peer: string;
  readonly paths: readonly PathSeen['path'][];
  readonly via?: string;
  /** Milliseconds. */
  readonly within: number;
}

export interface LoadOptions {
  readonly name: string;
  /** Default 16. */
  readonly parallel?: number;
  /** Milliseconds between two calls of one of them, default 1. */
  readonly pause?: number;
  readonly idempotent?: boolean;
}

/** A node in a process of its own. */
export class LabNode {
  readonly process: ChildProcessWithoutNullStreams;
  id = '';
  url = '';
  /** Milliseconds from when it was up until its stations were connected. */
  attachedAfter = 0;
  readonly #exited: Promise<void>;
  readonly #waiting = new Map<number, { ok: (is: unknown) => void; failed: (why: Error) => void }>();
  #orders = 0;
  #errors = '';

  constructor(prefix: string, place: Place, options: NodeOptions) {
    // `ip netns exec` becomes the program, so the process is the node's own
    this.process = spawn(
      'ip',
      ['netns', 'exec', `${prefix}-${place}`, process.execPath, CHILD, JSON.stringify(options)],
      { stdio: 'pipe', timeout: HARD_LIMIT, killSignal: 'SIGKILL' },
    );
    const { stdin, stdout, stderr } = this.process;
    stdin.on('error', () => {});
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4_000);
    });
    createInterface({ input: stdout }).on('line', (line) => {
      const said = JSON.parse(line) as {
        id?: number;
        is?: unknown;
        failed?: string;
        ready?: string;
        url?: string;
      };
      const waiter = this.#waiting.get(said.id ?? 0);
      this.#waiting.delete(said.id ?? 0);
      if (said.ready !== undefined) [this.id, this.url] = [said.ready, said.url ?? ''];
      if (said.failed === undefined) waiter?.ok(said.is);
      else waiter?.failed(new Error(said.failed));
    });
    this.#exited = new Promise((resolve) => {
      this.process.once('close', () => {
        for (const { failed } of this.#waiting.values())
          failed(new Error(`the node at ${place} has ended: ${this.#errors}`));
        resolve();
      });
    });
  }

  /** It is up. */
  ready(): Promise<unknown> {
    return this.#answer(0);
  }

  do(what: 'serve', args: { readonly name: string }): Promise<void>;
  do(
    what: 'call',
    args: { readonly name: string; readonly timeout?: number },
  ): Promise<{ began: number; ms: number }>;
  do(what: 'path', args: { readonly peer: string }): Promise<PathSeen | undefined>;
  do(what: 'until', args: Until): Promise<(PathSeen & { readonly at: number }) | undefined>;
  do(what: 'load', args: LoadOptions): Promise<void>;
  do(what: 'mark'): Promise<void>;
  do(what: 'loaded' | 'end'): Promise<Outcomes>;
  do(what: 'events' | 'peers' | 'nat'): Promise<unknown>;
  do(what: string, args: object = {}): Promise<unknown> {
    const id = ++this.#orders;
    const answer = this.#answer(id);
    this.process.stdin.write(`${JSON.stringify({ id, do: what, ...args })}\n`);
    return answer;
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#exited;
  }

  /** What it has written on stderr lately. */
  get errors(): string {
    return this.#errors;
  }

  #answer(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`no answer within ${PATIENCE} ms: ${this.#errors}`));
      }, PATIENCE);
      const done =
        <T>(settle: (value: T) => void): ((value: T) => void) =>
        (value) => {
          clearTimeout(timer);
          settle(value);
        };
      this.#waiting.set(id, { ok: done(resolve), failed: done(reject) });
    });
  }
}

const labs = new Set<Lab>();
process.once('exit', () => {
  for (const lab of labs) lab.takeDown();
});
let count = 0;

export class Lab {
  /** Names of namespaces and interfaces begin with it. */
  readonly prefix: string;
  readonly #nodes: LabNode[] = [];
  readonly #types: readonly [NatType, NatType];
  #rebinds = 0;

  /** With a NAT of that type before each of both networks. */
  constructor(natA: NatType, natB: NatType) {
    this.prefix = `e${process.pid % 100_000}${String.fromCodePoint(97 + (count++ % 26))}`;
    this.#types = [natA, natB];
    labs.add(this);
    this.natlab('up', natA, natB);
    if (natA === 'none') this.#publish('a', '203.0.113.2', '198.51.100.2');
    if (natB === 'none') this.#publish('b', '203.0.113.3', '198.51.100.3');
  }

  /** The NAT forgets its mappings, and takes other outside ports from now on, as when it is started anew; not for `none`. */
  rebind(nat: 'natA' | 'natB'): void {
    const from = REBOUND + 1_000 * this.#rebinds++;
    const random = (nat === 'natA' ? this.#types[0] : this.#types[1]) === 'sym' ? ' fully-random' : '';
    const udp = `meta l4proto udp masquerade to :${from}-${from + 999}${random}`;
    this.nft(nat, `flush chain ip f postr; add rule ip f postr oifname "wan" ${udp}`);
    this.nft(nat, 'add rule ip f postr oifname "wan" masquerade');
    this.forget(nat);
  }

  /** The NAT forgets its mappings, and whom was sent to. */
  forget(nat: 'natA' | 'natB'): void {
    this.nft(nat, 'flush set ip f seen');
    this.natlab('rebind', nat);
  }

  /** No datagram passes between the two NATs any more; TCP does, and all to and from the public network. */
  cut(): void {
    const other = '203.0.113.3';
    this.nft(
      'natA',
      `table ip cut {
        chain in { type filter hook prerouting priority -300; ip saddr ${other} meta l4proto udp drop; }
        chain out { type filter hook postrouting priority -200; ip daddr ${other} meta l4proto udp drop; }
      }`,
    );
  }

  heal(): void {
    this.nft('natA', 'delete table ip cut');
  }

  /** A NAT of type `blocked` lets UDP through as `port` does. */
  unblock(nat: 'natA' | 'natB'): void {
    this.nft(nat, 'flush chain ip f fwdc; add rule ip f fwdc iifname "wan" oifname "lan" ct state new drop');
  }

  nft(place: Place, rules: string): void {
    this.natlab('exec', place, 'nft', rules);
  }

  /** Runs `natlab.sh`. */
  natlab(...args: readonly string[]): string {
    const env = { ...process.env, PFX: this.prefix };
    return execFileSync('bash', [NATLAB, ...args], { env, encoding: 'utf8', timeout: 10_000, stdio: 'pipe' });
  }

  /** Without a NAT a host has an address that is public also by its number: a private one is dialed by its neighbors only. */
  #publish(place: 'a' | 'b', router: string, address: string): void {
    const [nat, gateway] = place === 'a' ? (['natA', '10.1.0.1'] as const) : (['natB', '10.2.0.1'] as const);
    this.#ip(place, 'addr', 'add', `${address}/32`, 'dev', 'eth0');
    this.#ip(place, 'route', 'replace', 'default', 'via', gateway, 'src', address);
    this.#ip(nat, 'route', 'add', address, 'dev', 'lan');
    this.#ip('pub', 'route', 'add', address, 'via', router);
  }

  #ip(place: Place, ...args: readonly string[]): void {
    this.natlab('exec', place, 'ip', ...args);
  }

  /** A station in the public network, reached by both. */
  station(host: string = STATION, options: NodeOptions = {}): Promise<LabNode> {
    return this.node('pub', { listen: `${host}:${PORT}`, station: true, ...options });
  }

  /** A node that is attached to stations, and connected to each. */
  async behind(place: 'a' | 'b', stations: readonly LabNode[], options: NodeOptions = {}): Promise<LabNode> {
    const urls = stations.map(({ url }) => url);
    const node = await this.node(place, { listen: '0.0.0.0:0', bootstrap: urls, stations: urls, ...options });
    const since = performance.now();
    for (const station of stations) {
      const there = { peer: station.id, paths: ['direct', 'punched', 'relayed'], within: 40_000 } as const;
      if ((await node.do('until', there)) === undefined)
        throw new Error(`the node at ${place} is not connected to ${station.url}: ${node.errors}`);
    }
    node.attachedAfter = performance.now() - since;
    return node;
  }

  async node(place: Place, options: NodeOptions): Promise<LabNode> {
    const node = new LabNode(this.prefix, place, { realm: REALM, ...options });
    this.#nodes.push(node);
    await node.ready();
    return node;
  }

  /** Runs the command `espalier` to its end, whatever it ends with; gives its stdout. */
  async espalier(place: Place, ...args: readonly string[]): Promise<string> {
    const command = ['netns', 'exec', `${this.prefix}-${place}`, process.execPath, MAIN, ...args];
    const child = spawn('ip', command, {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 40_000,
      killSignal: 'SIGKILL',
    });
    let text = '';
    for await (const part of child.stdout.setEncoding('utf8')) text += part as string;
    return text;
  }

  /** Ends all nodes and takes the networks down. */
  async down(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()));
    this.takeDown();
  }

  takeDown(): void {
    if (!labs.delete(this)) return;
    for (const { process: child } of this.#nodes) child.kill('SIGKILL');
    this.natlab('down');
  }
}
