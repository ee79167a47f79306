/**
 * One procedure, several providers: two clients of one node, and a third at another node.
 *
 *   node examples/weather.mjs
 *
 *   north ── advertise ─┐
 *   south ── advertise ─┴─ node 1 ── DHT ── node 2 ── advertise ── west
 *                            └── consumer: call
 *
 * Callers name the procedure, never a provider. Providers come and go; a call that may run twice says `idempotent`, and
 * survives the loss of the one it was sent to.
 */
import { connect, startNode } from 'espalier';

const open = { listen: '127.0.0.1:0' };
const first = await startNode(open);
const second = await startNode({ ...open, bootstrap: [first.url] });

/** A weather station: a client with one handler. */
async function station(name, url) {
  const client = await connect(url);
  const handler = ({ city }) => ({ city, celsius: 7, station: name });
  const advertisement = await client.advertise('weather.get', handler, { metadata: { station: name } });
  return { client, advertisement };
}

const north = await station('north', first.url);
const south = await station('south', first.url);
const west = await station('west', second.url);

const consumer = await connect(first.url);
const ask = async () =>
  (await consumer.call('weather.get', { city: 'Brussels' }, { idempotent: true })).station;

/** Who answers, when asked so many times. */
async function answers(times) {
  const seen = new Set();
  for (let i = 0; i < times; i++) seen.add(await ask());
  return [...seen].toSorted((a, b) => a.localeCompare(b)).join(', ');
}

// who serves at the caller's own node is preferred: no further hop
console.log('at its node:', await answers(60));

// one leaves in good order: its calls end, no new one comes
await south.client.disconnect();
console.log('without south:', await answers(20));

// nobody is left there: the DHT knows another one
await north.client.disconnect();
console.log('through the DHT:', await answers(20));

for (const one of [consumer, west.client]) await one.disconnect();
await second.close();
await first.close();
