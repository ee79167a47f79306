/**
 * A process with QUIC endpoints of its own, told what to do by its first argument; its results leave as JSON messages.
 *
 *     node --expose-gc quic-child.mjs cycles|many|listen|files|bulk [number]
 */
import { readdirSync } from 'node:fs';
import { constants, PerformanceObserver } from 'node:perf_hooks';

import { systemClock } from '../../dist/src/actor/clock.js';
import { systemRandom } from '../../dist/src/actor/random.js';
import { createIdentity } from '../../dist/src/identity/identity.js';
import { quicTransport } from '../../dist/src/transport/quic/transport.js';
import { CloseCode } from '../../dist/src/transport/transport.js';

const [, , task = '', argument = '0'] = process.argv;
const transport = quicTransport();
const timers = new Set();
/** The system clock, counting its timers. */
const clock = {
  ...systemClock,
  setTimer: (delay, run) => {
    const id = systemClock.setTimer(delay, () => {
      timers.delete(id);
      run();
    });
    timers.add(id);
    return id;
  },
  clear: (id) => {
    timers.delete(id);
    systemClock.clear(id);
  },
};

const quiet = (events = {}) => ({
  onOpen: () => undefined,
  onStream: () => ({ onData() {}, onEnd() {}, onReset() {}, onDrain() {} }),
  onCredit: () => undefined,
  onClose: () => undefined,
  onFault: (error) => {
    throw error;
  },
  ...events,
});

const open = (options = {}) =>
  transport.open({
    clock,
    random: systemRandom,
    identity: createIdentity(systemRandom, Date.now()),
    accept: ['macula'],
    onLink: () => quiet(),
    ...options,
  });

const until = async (condition) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
};

/** Dials, and resolves with the link once it is open. */
const dial = (from, to) =>
  new Promise((resolve, reject) => {
    from.dial(
      { address: to.local, protocol: 'macula' },
      quiet({ onOpen: resolve, onClose: (reason) => reject(new Error(JSON.stringify(reason))) }),
    );
  });

const descriptors = () => readdirSync('/proc/self/fd').length;
const memory = async () => {
  // links that were closed drain for a while
  for (let wait = 0; wait < 2_000 && timers.size > 0; wait++)
    await new Promise((resolve) => setTimeout(resolve, 1));
  for (let pass = 0; pass < 4; pass++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, rss, descriptors: descriptors(), timers: timers.size };
};
const tell = (message) => process.send?.(message);

const tasks = {
  /** Connects and closes so many times, and shows what is left after each third. */
  async cycles(count) {
    const server = await open();
    const client = await open();
    const looks = [];
    const round = async () => {
      const link = await dial(client, server);
      link.close(CloseCode.normal);
      await until(() => client.stats().links === 0 && server.stats().links === 0);
    };
    for (let warm = 0; warm < 200; warm++) await round();
    looks.push(await memory());
    for (let third = 0; third < 3; third++) {
      for (let index = 0; index < count / 3; index++) await round();
      looks.push(await memory());
    }
    tell({ looks });
    await client.close();
    await server.close();
    tell({ closed: await memory() });
  },

  /** Opens so many links to itself, lets them idle, and closes. */
  async many(count) {
    const server = await open();
    const client = await open();
    const before = await memory();
    const links = [];
    const since = performance.now();
    for (let index = 0; index < count; index++) links.push(await dial(client, server));
    await until(() => server.stats().halfOpen === 0 && server.stats().links === count);
    const opening = performance.now() - since;
    const after = await memory();
    const cpu = process.cpuUsage();
    const start = performance.now();
    // longer than a keep-alive of every link
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    const used = process.cpuUsage(cpu);
    const share = (used.user + used.system) / 1_000 / (performance.now() - start);
    const open_ = links.filter(({ state }) => state === 'open').length;
    tell({
      open: open_,
      opening,
      rssPerLink: (after.rss - before.rss) / count,
      heapPerLink: (after.heap - before.heap) / count,
      share,
    });
    await client.close();
    await server.close();
  },

  /** Listens, and pauses every stream. Reports its memory when it is asked. */
  async listen(idle) {
    const limits = idle > 0 ? { idleTimeout: idle, keepAlive: idle / 3 } : {};
    let bytes = 0;
    const server = await open({
      limits,
      onLink: () =>
        quiet({
          onStream: (stream) => {
            stream.pause();
            return { onData: (data) => (bytes += data.length), onEnd() {}, onReset() {}, onDrain() {} };
          },
        }),
    });
    const peak = { rss: 0 };
    setInterval(() => (peak.rss = Math.max(peak.rss, process.memoryUsage().rss)), 20);
    const look = async () =>
      tell({ ...(await memory()), peak: peak.rss, links: server.stats().links, bytes });
    process.on('message', () => {
      look().catch((error) => {
        throw error;
      });
    });
    tell({ local: server.local, before: (await memory()).rss });
  },

  /** Sends so many MiB to itself, and counts how often the whole heap is marked meanwhile. */
  async bulk(count) {
    let received = 0;
    const events = { onData: (data) => (received += data.length), onEnd() {}, onReset() {}, onDrain() {} };
    const server = await open({ onLink: () => quiet({ onStream: () => events }) });
    const client = await open();
    const link = await dial(client, server);
    // as after some time: V8 has seen how little lives
    await memory();
    let [marked, scavenged] = [0, 0];
    const observer = new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries())
        if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) marked++;
        else if (detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) scavenged++;
    });
    observer.observe({ entryTypes: ['gc'] });
    const body = new Uint8Array(65_536).fill(7);
    const stream = link.openStream(events);
    for (let sent = 0; sent < count * 16; sent++) {
      await until(() => link.queued < 4_194_304);
      stream.write(body);
    }
    await until(() => received === count * 1_048_576);
    await new Promise((resolve) => setTimeout(resolve, 50));
    tell({ marked, scavenged });
    await client.close();
    await server.close();
  },

  /** Opens endpoints until no descriptor is left, then some fewer. */
  async files() {
    const server = await open();
    const client = await open();
    await dial(client, server);
    const endpoints = [];
    const refused = [];
    for (let attempt = 0; attempt < 80; attempt++) {
      try {
        endpoints.push(await open());
      } catch (error) {
        refused.push({ name: error.name, tag: error.failure?.tag, code: error.failure?.code });
      }
    }
    // what was open goes on
    const link = await dial(client, server);
    for (const endpoint of endpoints.splice(0, 10)) await endpoint.close();
    const again = await open();
    await dial(again, server);
    tell({ opened: endpoints.length + 10, refused, state: link.state, again: again.local.port > 0 });
    for (const endpoint of [...endpoints, again, client, server]) await endpoint.close();
  },
};

await tasks[task]?.(Number(argument));
if (task !== 'listen') process.disconnect?.();
