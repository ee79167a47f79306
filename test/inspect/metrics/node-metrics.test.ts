/** The metrics of nodes and clients, read as Prometheus would. */
import { describe, expect, test } from 'vitest';
import type { Pid } from '../../../src/actor/pid.ts';
import type { Process } from '../../../src/actor/process.ts';
import { childrenOf } from '../../../src/actor/tree.ts';
import { family } from '../../../src/inspect/metrics/exposition.ts';
import { Mailboxes } from '../../../src/inspect/metrics/mailboxes.ts';
import { metricsOf } from '../../../src/inspect/metrics/node-metrics.ts';
import { worker } from '../../../src/otp/supervisor.ts';
import { METRICS, PREFIX, type MetricName } from '../../../src/inspect/metrics/catalogue.ts';
import { NAMES } from '../../../src/mesh/events/call-statistics.ts';
import { err } from '../../../src/mesh/errors/rpc-error.ts';
import {
  closeAtEnd,
  contextOf,
  gate,
  meshWorld,
  pair,
  processesOf,
  processOf,
  runtimeOf,
} from '../../mesh-world.ts';
import { addressOf } from '../../mesh/peer/peer-world.ts';
import { natWorld } from '../../mesh/nat/nat-world.ts';
import { parsed, valueOf } from './prometheus.ts';

/** Those that have no sample until something happens. */
const LATER: readonly MetricName[] = ['rpc_calls_total', 'rpc_duration_seconds', 'dht_bucket_peers'];

describe('metrics()', () => {
  test('has every metric of the catalogue, of its kind, with its meaning and its labels, and no other', async () => {
    const world = meshWorld();
    const bootstrap = await world.node();
    const node = await world.node({ bootstrap: [bootstrap.url], station: true });
    closeAtEnd(world, node, bootstrap);
    await node.advertise('a.b', () => 1);
    await world.settle(Promise.all([node.ready(), node.call('a.b')]));
    const families = parsed(node.metrics());
    expect(families.map(({ name }) => name)).toEqual(Object.keys(METRICS).map((name) => PREFIX + name));
    for (const { name, type, help, metrics } of families) {
      const { labels = [], ...definition } = METRICS[name.slice(PREFIX.length) as MetricName] as {
        readonly labels?: readonly string[];
        readonly type: string;
        readonly meaning: string;
      };
      expect([name, type, help]).toEqual([name, definition.type.toUpperCase(), definition.meaning]);
      for (const metric of metrics)
        if (type !== 'HISTOGRAM') expect([name, Object.keys(metric.labels ?? {})]).toEqual([name, labels]);
      expect(name.endsWith('_total')).toBe(type === 'COUNTER');
    }
  });

  test('a client has them too, and a node that is closed tells what it was', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    await node.advertise('a.b', () => 1);
    await world.settle(client.call('a.b'));
    expect(valueOf(client.metrics(), ok('a.b', 'direct'))).toBe(1);
    await world.settle(client.disconnect());
    await world.settle(node.close());
    const text = node.metrics();
    expect(valueOf(text, 'espalier_actor_running')).toBe(0);
    expect(valueOf(text, ok('a.b', 'local'))).toBe(1);
    expect(parsed(text).map(({ name }) => name)).toContain('espalier_rpc_duration_seconds');
  });

  test('those without a sample are left out until something happens', async () => {
    const world = meshWorld();
    const node = await world.node({ dht: false });
    closeAtEnd(world, node);
    const names = parsed(node.metrics()).map(({ name }) => name.slice(PREFIX.length));
    expect(Object.keys(METRICS).filter((name) => !names.includes(name))).toEqual(LATER);
  });
});

describe('a scrape', () => {
  test('leaves the event loop its turns, whatever dies in them, and tells the same', async () => {
    const world = meshWorld();
    const children = Array.from({ length: 3_000 }, (_, at) =>
      worker(`child ${at}`, { init: () => 0 }, undefined, { restart: 'temporary' }),
    );
    const node = await world.node({ dht: false, children });
    closeAtEnd(world, node);
    const runtime = runtimeOf(node);
    const app = processOf(node, 'app');
    const [, ...doomed] = childrenOf(app);
    let [time, turns] = [0, 0];
    const clock = {
      now: () => (time += 10),
      later: (run: () => void) => {
        if (turns++ === 0) for (const child of doomed.slice(0, 300)) runtime.exit(child.pid, 'kill');
        setImmediate(run);
      },
    };
    const alive = runtime.alive;
    const text = await metricsOf(contextOf(node)).scrape(clock);
    const seen = valueOf(text, 'espalier_actor_running') ?? 0;
    // nobody is left out because somebody else has died
    expect(seen).toBeGreaterThanOrEqual(alive - 300);
    expect(seen).toBeLessThan(alive);
    expect(turns).toBeGreaterThan(3);
    const names = (of: string): readonly string[] => parsed(of).map(({ name }) => name);
    expect(names(text)).toEqual(names(node.metrics()));
  });

  test('takes no more than 64 actors, or one sample, in a step', async () => {
    const world = meshWorld();
    const children = Array.from({ length: 1_000 }, (_, at) =>
      worker(`child ${at}`, { init: () => 0 }, undefined),
    );
    const node = await world.node({ dht: false, children });
    closeAtEnd(world, node);
    const root = contextOf(node).scope.whereis('root') as Process;
    const steps = [...new Mailboxes().look(root)].length;
    expect(steps).toBe(Math.floor(runtimeOf(node).alive / 64));
    const samples = family('a', METRICS.actor_running, [{ value: 1 }, { value: 2 }]);
    expect([...samples]).toHaveLength(2);
  });
});

describe('actors', () => {
  test('running ones are counted, restarts and crashes by their kind, and letters to the dead', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const runtime = runtimeOf(node);
    await node.advertise('a.bad', () => {
      throw new Error('x');
    });
    await world.settle(node.tryCall('a.bad'));
    const router = processOf(node, 'router');
    runtime.exit(router, 'kill');
    await world.clock.settle();
    runtime.send(router, 'too late');
    const pids: Pid[] = [];
    await node.advertise('a.slow', (_args, { self }) => {
      pids.push(self.pid);
      return new Promise<void>(() => {});
    });
    const call = node.tryCall('a.slow');
    await world.clock.settle();
    for (const pid of pids) runtime.exit(pid, 'kill');
    await world.settle(call);
    const text = node.metrics();
    expect(valueOf(text, 'espalier_actor_crashes_total{kind="killed"}')).toBe(1);
    expect(valueOf(text, 'espalier_actor_running')).toBe(runtime.alive);
    expect(valueOf(text, 'espalier_actor_crashes_total{kind="error"}')).toBe(1);
    expect(valueOf(text, 'espalier_actor_restarts_total{strategy="restForOne"}')).toBe(
      runtime.tally.restarts.restForOne,
    );
    expect(sum(runtime.tally.restarts)).toBe(1);
    expect(valueOf(text, 'espalier_dead_letters_total')).toBe(runtime.tally.deadLetters);
  });

  test('mailboxes are looked at when somebody scrapes: the longest now, and all of them in buckets', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const runtime = runtimeOf(node);
    const router = processOf(node, 'router');
    const { lengths } = { lengths: 'espalier_mailbox_length' };
    router.suspended = true;
    for (let n = 0; n < 7; n++) runtime.send(router, n);
    const text = node.metrics();
    expect(valueOf(text, 'espalier_mailbox_length_max')).toBe(7);
    expect(valueOf(text, `${lengths}_count`)).toBe(runtime.alive);
    expect(valueOf(text, `${lengths}_bucket{le="10"}`)).toBe(runtime.alive);
    expect(valueOf(text, `${lengths}_bucket{le="5"}`)).toBe(runtime.alive - 1);
    router.suspended = false;
    runtime.scheduler.ready(router);
    await world.clock.settle();
    const next = node.metrics();
    expect(valueOf(next, 'espalier_mailbox_length_max')).toBe(0);
    expect(valueOf(next, `${lengths}_sum`)).toBe(7);
    expect(valueOf(next, `${lengths}_count`)).toBe(2 * runtime.alive);
  });
});

describe('calls', () => {
  test('are counted by procedure, route and outcome; those under way are a gauge', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    closeAtEnd(world, client, node);
    const held = gate();
    await node.advertise('a.slow', () => held.promise);
    await node.advertise('a.no', () => err('no'));
    const slow = client.call('a.slow');
    for (let n = 0; n < 3; n++) await world.settle(client.tryCall('a.no'));
    expect(valueOf(node.metrics(), 'espalier_rpc_inflight')).toBe(1);
    held.open();
    await world.settle(slow);
    const text = node.metrics();
    expect(valueOf(text, 'espalier_rpc_inflight')).toBe(0);
    expect(valueOf(text, ok('a.slow', 'local'))).toBe(1);
    expect(
      valueOf(text, 'espalier_rpc_calls_total{procedure="a.no",route="local",outcome="handler_error"}'),
    ).toBe(3);
    expect(valueOf(text, 'espalier_rpc_duration_seconds_count{procedure="a.no"}')).toBe(3);
    expect(valueOf(text, 'espalier_rpc_received_total')).toBe(4);
    expect(valueOf(client.metrics(), 'espalier_rpc_sent_total')).toBe(4);
  });

  test('10,000 names make 101 values of the label, and text of a size that does not grow', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    closeAtEnd(world, client, node);
    const call = async (from: number, to: number): Promise<void> => {
      for (let n = from; n < to; n += 50)
        await world.settle(
          Promise.all(Array.from({ length: 50 }, async (_, k) => node.tryCall(`name.n${n + k}`, {}, SOON))),
        );
    };
    await call(0, 5_000);
    const before = node.metrics();
    await call(5_000, 10_000);
    for (let n = 0; n < 50; n++) await world.settle(client.tryCall(`vain.n${n}`));
    const text = node.metrics();
    const labels = new Set(text.match(/procedure="[^"]*"/g));
    expect(labels.size).toBe(NAMES + 1);
    expect(labels).toContain('procedure="other"');
    expect(text.split('\n').length - before.split('\n').length).toBeLessThan(20);
    const calls = parsed(text).find(({ name }) => name === 'espalier_rpc_calls_total')?.metrics ?? [];
    expect(calls.reduce((all, { value }) => all + Number(value), 0)).toBe(10_050);
    expect(text).not.toContain('vain.');
  });
});

describe('the mesh', () => {
  test('lookups, records, buckets, connections, dials and the cache are counted where they happen', async () => {
    const world = meshWorld();
    const first = await world.node();
    const nodes = [first];
    for (let n = 0; n < 3; n++) nodes.push(await world.node({ bootstrap: [first.url] }));
    closeAtEnd(world, ...nodes.toReversed());
    const [, provider, caller] = nodes as [typeof first, typeof first, typeof first];
    for (const node of nodes) await world.settle(node.ready());
    const advertisement = await provider.advertise('a.far', () => 1);
    await world.clock.until(() => advertisement.state() === 'published', 60_000);
    await world.settle(caller.call('a.far'));
    await world.settle(caller.call('a.far'));
    const text = caller.metrics();
    const { counters, dht } = contextOf(caller);
    expect(valueOf(text, ok('a.far', 'dht'))).toBe(1);
    expect(valueOf(text, ok('a.far', 'cache'))).toBe(1);
    expect(valueOf(text, 'espalier_discovery_cache_hits_total')).toBe(1);
    expect(valueOf(text, 'espalier_discovery_cache_hit_ratio')).toBe(0.5);
    expect(valueOf(text, 'espalier_dht_lookup_seconds_count')).toBe(counters.lookups);
    expect(dht.hops.count).toBe(counters.lookups);
    expect(sum(families(text, 'espalier_dht_bucket_peers'))).toBe(3);
    expect(families(text, 'espalier_peer_connections')['ready']).toBe(contextOf(caller).standings.size);
    expect(valueOf(text, 'espalier_nat_attempts_total{method="direct",outcome="ok"}')).toBeGreaterThan(0);
    const records = nodes.map((node) => valueOf(node.metrics(), 'espalier_dht_records') ?? 0);
    expect(Math.max(...records)).toBeGreaterThan(0);
    const lost = valueOf(text, 'espalier_nat_attempts_total{method="direct",outcome="failed"}') ?? -1;
    const nobody = caller.peers.sendMessageAndWait('198.18.99.1:1', 'ping', undefined, { timeout: 4_000 });
    await world.failure(nobody);
    expect(valueOf(caller.metrics(), 'espalier_nat_attempts_total{method="direct",outcome="failed"}')).toBe(
      lost + 1,
    );
  });

  test('ways through a station, punches, and what the station passes on', async () => {
    const { world, station, behind } = await natWorld('metrics');
    const caller = await behind('caller', 'port');
    const provider = await behind('provider', 'port');
    const advertisement = await world.settle(provider.advertise('a.far', () => 1));
    await world.clock.until(() => advertisement.state() === 'published');
    await world.settle(caller.call('a.far'));
    const passing = station.metrics();
    expect(valueOf(passing, 'espalier_relay_tunnels')).toBe(1);
    const bytes = valueOf(passing, 'espalier_relay_bytes_total');
    expect(bytes).toBe(contextOf(station).relays.passed?.stats.bytes);
    expect(bytes).toBeGreaterThan(1_000);
    const attempt = (method: string, outcome: string): number | undefined =>
      valueOf(caller.metrics(), `espalier_nat_attempts_total{method="${method}",outcome="${outcome}"}`);
    expect(attempt('relay', 'ok')).toBe(1);
    // the station, at the start
    expect(attempt('direct', 'ok')).toBe(1);
    await world.clock.until(() => attempt('punch', 'ok') === 1);
    expect([attempt('punch', 'failed'), attempt('relay', 'failed')]).toEqual([0, 0]);
  });

  test('a punch that fails, and a node that no station leads to, are attempts that failed', async () => {
    const { world, station, behind } = await natWorld('metrics-failed');
    const caller = await behind('caller', 'port');
    const provider = await behind('provider', 'port');
    const advertisement = await world.settle(provider.advertise('a.far', () => 1));
    await world.clock.until(() => advertisement.state() === 'published');
    const attempt = (method: string, outcome: string): number | undefined =>
      valueOf(caller.metrics(), `espalier_nat_attempts_total{method="${method}",outcome="${outcome}"}`);
    const relayEndpoint = addressOf(station);
    const nobody = caller.peers.sendNatAware('ab'.repeat(32), 'ping', undefined, {
      timeout: 4_000,
      relayEndpoint,
    });
    await world.failure(nobody);
    expect([attempt('relay', 'ok'), attempt('relay', 'failed')]).toEqual([0, 1]);
    await world.settle(caller.call('a.far'));
    processesOf(caller)
      .filter(({ label }) => label === 'hole punch')
      .forEach((process) => runtimeOf(caller).exit(process, 'kill'));
    await world.clock.settle();
    expect([attempt('relay', 'ok'), attempt('punch', 'failed')]).toEqual([1, 1]);
  });
});

const SOON = { timeout: 1_000 };

const ok = (procedure: string, route: string): string =>
  `espalier_rpc_calls_total{procedure="${procedure}",route="${route}",outcome="ok"}`;

const sum = (numbers: Readonly<Record<string, number>>): number =>
  Object.values(numbers).reduce((all, number) => all + number, 0);

/** Values by their only label. */
const families = (text: string, name: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    (parsed(text).find((one) => one.name === name)?.metrics ?? []).map(({ labels = {}, value }) => [
      Object.values(labels)[0],
      Number(value),
    ]),
  );
