/**
 * Two nodes that know nothing of each other but a name, and of the world but a dist relay: calls, and what the relay's end costs.
 *
 *   node examples/tunnel.mjs
 *
 * All of it is in one program here; in life each is on a machine of its own, and only the relay has to be reachable.
 */
import { createRuntime, reply, ServerRef, silentLogger, startServer } from 'espalier/otp';
import { startDistRelay, startDistribution, TunnelCarrier } from 'espalier/distribution';

const relay = await startDistRelay({ listen: '127.0.0.1:0' });
console.log(`a relay at ${relay.url}`);

const counter = {
  label: 'counter',
  init: (start) => start,
  handleCall: { add: (amount, total) => reply(total + amount, total + amount) },
};

/** A node that listens nowhere. Who knows the cookie is in the cluster; the relay does not know it. */
async function startNode(name) {
  // else it would warn of the relay that is lost
  const runtime = createRuntime({ logger: silentLogger });
  const tunnels = new TunnelCarrier(runtime, { relays: relay.url });
  const dist = await startDistribution(runtime, { name, cookie: 'lattice', carriers: [tunnels] });
  await startServer(runtime, counter, 40, { name: 'counter', scope: dist.names });
  await tunnels.client.ready();
  return { runtime, dist, tunnels };
}

const alpha = await startNode('alpha@mesh');
const beta = await startNode('beta@mesh');
console.log('at the relay:', relay.status().clients.join(', '));

alpha.dist.monitorNodes(({ tag, node }) => console.log(`${tag} ${node}`));
const there = new ServerRef(alpha.runtime, alpha.dist.whereis('counter', 'beta@mesh'));
console.log('the counter of beta:', await there.call('add', 2));
console.log('tunnels:', relay.status().tunnels);

// a cut stream of the distribution is never resumed: whoever calls again has a new one
const address = relay.url.replace('quic://', '');
await relay.close();
await until(() => alpha.dist.nodes().length === 0);
const again = await startDistRelay({ listen: address });
await until(() => again.status().clients.length === 2);
console.log('the counter of beta again:', await there.call('add', 2));

for (const { dist } of [alpha, beta]) await dist.close();
await again.close();

async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
