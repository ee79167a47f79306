/**
 * A process of ours in the bench: a node, or clients of relays, as it is told over IPC. It ends when the channel closes.
 */
import * as clients from './clients.ts';
import * as flood from './flood.ts';
import type { Order, Word } from './messages.ts';
import * as node from './node.ts';
import { Visitor } from './visitor.ts';

const say = (word: Word): void => {
  process.send?.(word);
};

const fail = (error: unknown): void => {
  say({ tag: 'failed', reason: error instanceof Error ? error.message : String(error) });
};

process.on('disconnect', () => process.exit(0));
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);
process.on('message', (order: Order) => {
  obey(order).then((is) => say({ tag: 'done', is }), fail);
});

let visitor: Visitor | undefined;

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'node':
      return node.start(order.of);
    case 'run':
      return node.run(order.of);
    case 'clients':
      return clients.start(order.of, { echo: clients.echo, count: flood.count }[order.of.serve]);
    case 'watch':
      clients.watch();
      return undefined;
    case 'back':
      return clients.back(order.of.within);
    case 'settled':
      return clients.settled(order.of.within);
    case 'active':
      return clients.first().status().activeRelay ?? '';
    case 'visit':
      return clients.visit(order.of.target);
    case 'begin': {
      const { target } = order.of;
      visitor = new Visitor(() => clients.visit(target));
      return undefined;
    }
    case 'mark':
      visiting().mark();
      return undefined;
    case 'told':
      return visiting().told;
    case 'end':
      return visiting().end();
    case 'flood':
      return flood.begin(order.of.targets, order.of.each);
    case 'received':
      return flood.received();
    case 'stall':
      flood.stall(order.of.tunnels);
      return undefined;
  }
}

function visiting(): Visitor {
  if (visitor === undefined) throw new Error('nothing has begun');
  return visitor;
}
