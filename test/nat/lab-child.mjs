/**
 * A node of the NAT lab, on compiled code: node lab-child.mjs OPTIONS, where OPTIONS are those of `startNode` as JSON.
 *
 * It says `{ ready, url }`, then answers one line of JSON with one: `{ id, do, … }` with `{ id, is }` or `{ id, failed }`. It
 * ends with its stdin, so that nothing is left of a test that was killed. Times are milliseconds since the epoch, with
 * fractions: all processes of a lab share the machine's clock.
 */
import { createInterface } from 'node:readline';
import { startNode } from '../../dist/src/index.js';

const now = () => performance.timeOrigin + performance.now();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const node = await startNode(JSON.parse(process.argv[2]));
const events = [];
for (const name of ['path.changed', 'punch.failed', 'connection.closed'])
  node.events.addEventListener(name, ({ detail }) => events.push({ at: now(), name, ...detail }));

/** Calls without a pause between, so many at a time, until it is ended. */
class Load {
  outcomes = { calls: 0, failed: {}, gap: 0, gapEnded: 0, slowest: 0 };
  #last = now();
  #over = false;
  #workers;

  constructor({ name, parallel, pause, idempotent }) {
    this.#workers = Array.from({ length: parallel }, () => this.#work(name, pause, idempotent));
  }

  async end() {
    this.#over = true;
    await Promise.all(this.#workers);
    return this.outcomes;
  }

  /** Gaps before are forgotten. */
  mark() {
    this.outcomes = { ...this.outcomes, gap: 0, gapEnded: 0, slowest: 0 };
  }

  async #work(name, pause, idempotent) {
    for (let n = 1; !this.#over; n++) {
      const began = now();
      const result = await node.tryCall(name, { n }, { timeout: 10_000, idempotent });
      const { outcomes } = this;
      const ended = now();
      outcomes.calls++;
      outcomes.slowest = Math.max(outcomes.slowest, ended - began);
      if (!result.ok || result.value !== 2 * n) {
        const why = result.ok ? `${result.value} for ${n}` : JSON.stringify(result.error.failure);
        const known = (outcomes.failed[why] ??= { count: 0, first: ended, last: ended, longest: 0 });
        known.count++;
        known.last = ended;
        known.longest = Math.max(known.longest, ended - began);
      } else {
        if (ended - this.#last > outcomes.gap) {
          outcomes.gap = ended - this.#last;
          outcomes.gapEnded = ended;
        }
        this.#last = ended;
      }
      await sleep(pause);
    }
  }
}

const pathTo = (peer) => {
  const found = node.peers.list().find(({ nodeId }) => nodeId === peer);
  return found === undefined ? undefined : { path: found.path, via: found.via, rtt: found.rtt };
};

let load;
const orders = {
  /** Serves a procedure that doubles; found by others when this is answered. */
  serve: async ({ name }) => {
    const advertisement = await node.advertise(name, ({ n }) => 2 * n);
    while (advertisement.state() !== 'published') await sleep(5);
  },
  call: async ({ name, timeout = 10_000 }) => {
    const began = now();
    const result = await node.tryCall(name, { n: 21 }, { timeout, idempotent: false });
    if (!result.ok || result.value !== 42) throw new Error(JSON.stringify(result.error?.failure));
    return { began, ms: now() - began };
  },
  peers: () => node.peers.list(),
  path: ({ peer }) => pathTo(peer),
  /** When packets to the peer go on such a path, or undefined when they do not within so many ms. */
  until: async ({ peer, paths, via, within }) => {
    const over = now() + within;
    for (;;) {
      const there = pathTo(peer);
      if (there !== undefined && paths.includes(there.path) && (via === undefined || via === there.via))
        return { at: now(), ...there };
      if (now() >= over) return undefined;
      await sleep(2);
    }
  },
  load: (options) => {
    load = new Load({ parallel: 16, pause: 1, idempotent: false, ...options });
  },
  mark: () => load.mark(),
  loaded: () => load.outcomes,
  end: () => load.end(),
  nat: () => node.nat({ force: true, timeout: 10_000 }),
  events: () => events,
};

say({ ready: node.id, url: node.url });
const obey = async (line) => {
  const { id, do: what, ...rest } = JSON.parse(line);
  try {
    say({ id, is: await orders[what](rest) });
  } catch (error) {
    say({ id, failed: String(error?.stack ?? error) });
  }
};
createInterface({ input: process.stdin })
  .on('line', (line) => {
    obey(line).catch(() => process.exit(1));
  })
  .on('close', () => process.exit(0));
