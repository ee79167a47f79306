/**
 * A process of the bench: a station, a node, clients, or proxies, as it is told over IPC. It ends when the channel closes.
 */
import type { Order, Word } from './messages.ts';
import * as ours from './ours.ts';
import { echoSocket, openProxy, ping, proxyAt } from './proxies.ts';

const say = (word: Word): void => {
  process.send?.(word);
};

const fail = (error: unknown): void => {
  say({ tag: 'failed', reason: error instanceof Error ? error.message : String(error) });
};

process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order) => {
  obey(order).then((is) => say({ tag: 'done', is }), fail);
});

const now = (): number => performance.timeOrigin + performance.now();

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'node':
      return ours.start(order.of);
    case 'clients':
      return ours.connectClients(order.of.urls, order.of.names);
    case 'serve':
      return ours.serve();
    case 'find':
      return ours.find();
    case 'part':
      return ours.part(order.of.peer);
    case 'reach':
      return ours.reach(order.of.peer, order.of.relay, order.of.endpoint);
    case 'until':
      return ours.untilOn(order.of.peer, order.of.ways, order.of.within, order.of.since);
    case 'call':
      return ours.call(order.of.target, order.of.times);
    case 'run':
      return ours.run(order.of);
    case 'begin':
      ours.begin(order.of);
      return undefined;
    case 'mark':
      return ours.mark();
    case 'told':
      return ours.running().told;
    case 'end':
      return ours.running().end();
    case 'answered':
      return ours.answered(order.of.names, order.of.within);
    case 'uplink':
      return ours.uplink();
    case 'socket':
      return echoSocket();
    case 'ping':
      return ping(order.of.port, order.of.times);
    case 'proxy':
      return openProxy(order.of.target, order.of.delay);
    case 'hole':
      proxyAt(order.of.proxy).blackHole(order.of.on);
      return now();
    case 'rebind':
      await proxyAt(order.of.proxy).rebind();
      return now();
  }
}
