/**
 * A node with many actors, looked at or not.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { startNode, type Node } from '../../src/index.ts';
import {
  createRuntime,
  noReply,
  silentLogger,
  supervisor,
  worker,
  type GenServer,
  type Pid,
} from '../../src/otp.ts';
import type { Order, Word } from './messages.ts';

const counter: GenServer<undefined, { count: number }> = {
  label: 'counter',
  init: (_none, self) => {
    actors.push(self.pid);
    return { count: 0 };
  },
  handleInfo: (_message, state) => {
    state.count++;
    return noReply(state);
  },
};

/** Messages to each before the loop has its turn. */
const EACH = 4;

const runtime = createRuntime({ logger: silentLogger });
let node: Node;
const actors: Pid[] = [];
let busy = 0;

const say = (word: Word): void => {
  process.send?.(word);
};

process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order) => {
  obey(order).then(say, (error: unknown) => {
    say({ tag: 'failed', reason: error instanceof Error ? error.message : String(error) });
  });
});

async function obey(order: Order): Promise<Word> {
  switch (order.do) {
    case 'start':
      return start(order.busy, order.idle);
    case 'work':
      await work(order.warm);
      return { tag: 'worked', micros: await work(order.window) };
    case 'look':
      return look();
  }
}

async function start(working: number, idle: number): Promise<Word> {
  const children = Array.from({ length: working + idle }, (_, at) =>
    worker(`counter ${at}`, counter, undefined),
  );
  node = await startNode({
    listen: '127.0.0.1:0',
    inspector: true,
    runtime,
    children: [supervisor('counters', { strategy: 'oneForOne', children })],
  });
  busy = working;
  const { address, token } = node.inspector!;
  return { tag: 'started', address, token };
}

/** Gives CPU µs per message. */
async function work(limit: number): Promise<number> {
  const working = actors.slice(0, busy);
  const from = process.cpuUsage();
  const begin = performance.now();
  let messages = 0;
  while (performance.now() - begin < limit) {
    for (let each = 0; each < EACH; each++) for (const pid of working) runtime.send(pid, each);
    messages += EACH * working.length;
    await turn();
  }
  const { user, system } = process.cpuUsage(from);
  return (user + system) / messages;
}

/** All actors once, while something else would like to run. */
async function look(): Promise<Word> {
  let over = false;
  let longest = 0;
  const watched = (async () => {
    for (let last = performance.now(); !over;) {
      await turn();
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
  })();
  const begin = performance.now();
  const changes = node.observe();
  const { value } = (await changes.next()) as { readonly value: { readonly added: readonly unknown[] } };
  const ms = performance.now() - begin;
  over = true;
  await watched;
  await changes.return?.();
  return { tag: 'looked', actors: value.added.length, ms, longest };
}
