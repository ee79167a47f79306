/**
 * A node of ours among Erlang's: serves, and calls as it is told over IPC. It ends when the channel closes.
 */
import { TcpCarrier } from '../../src/distribution.ts';
import { load, type Call } from '../harness/load.ts';
import type { NodeOrder, NodeWord } from './messages.ts';
import { callsTo, startPlainNode } from './node.ts';

const say = (word: NodeWord): void => {
  process.send?.(word);
};

const fail = (error: unknown): void => {
  say({ tag: 'failed', reason: error instanceof Error ? error.message : String(error) });
};

process.on('disconnect', () => process.exit(0));
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);
process.on('message', (order: NodeOrder) => {
  obey(order).then(say, fail);
});

let epmd = 0;
/** By node. */
const calls = new Map<string, Promise<Call>>();

async function obey(order: NodeOrder): Promise<NodeWord> {
  if (order.tag === 'start') {
    epmd = order.epmd;
    await startPlainNode(order.name, new TcpCarrier({ epmd: { port: epmd } }));
    return { tag: 'started' };
  }
  const { node, lanes, size, phase } = order;
  const bytes = new Uint8Array(size).fill(7);
  const options = { ...phase, lanes, timed: false, mark: () => {} };
  const { answered, elapsed, failed, failure } = await load(await callOf(node), bytes, options);
  return { tag: 'ran', perSecond: elapsed > 0 ? (answered / elapsed) * 1_000 : 0, failed, failure };
}

/** Calls go from a node of their own: the one that serves is Erlang's to connect to. */
function callOf(node: string): Promise<Call> {
  const found = calls.get(node) ?? connected(node);
  calls.set(node, found);
  return found;
}

async function connected(node: string): Promise<Call> {
  const carrier = new TcpCarrier({ epmd: { port: epmd }, dialOnly: true });
  return callsTo(await startPlainNode('caller@127.0.0.1', carrier), node);
}
