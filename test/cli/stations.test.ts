/**
 * What the command says and takes of stations: flags, several URLs, the path to a peer.
 */
import { CommanderError, type Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { peerTable } from '../../src/cli/commands/peers.ts';
import { createProgram } from '../../src/cli/program.ts';
import type { PeerInfo } from '../../src/mesh/peer/pool-view.ts';
import { contextOf } from '../mesh-world.ts';
import { natWorld, pathTo } from '../mesh/nat/nat-world.ts';

/** A subcommand that does nothing but parse. */
function command(name: string): Command {
  const found = createProgram().commands.find((each) => each.name() === name);
  if (found === undefined) throw new Error(`no command ${name}`);
  return found
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action(() => undefined);
}

const parsed = (name: string, ...args: readonly string[]): Command =>
  command(name).parse(args, { from: 'user' });

const A = 'https://203.0.113.1:9443';
const B = 'https://203.0.113.4:9443';

describe('node', () => {
  test('is no station, peered with none and attached to none unless it is told so', () => {
    const { station, peer, attach } = parsed('node').opts();
    expect([station, peer, attach]).toEqual([undefined, undefined, undefined]);
  });

  test('takes a list of peers and of stations to attach to, with commas, repeated, or both', () => {
    const flags = parsed('node', '--station', '--peer', `${A},${B}`, '--attach', A, '--attach', B).opts();
    expect(flags).toMatchObject({ station: true, peer: [A, B], attach: [A, B] });
    for (const flag of ['--peer', '--attach'])
      expect(() => parsed('node', flag, `${A},`), flag).toThrow(CommanderError);
  });

  test('takes them from the environment too', () => {
    const { options } = command('node');
    const named = ['ESPALIER_STATION', 'ESPALIER_PEER', 'ESPALIER_ATTACH'];
    expect(options.flatMap(({ envVar }) => envVar ?? []).filter((name) => named.includes(name))).toEqual(
      named,
    );
  });
});

describe('several URLs', () => {
  test('are several stations of a client, in their order', () => {
    expect(parsed('call', `${A},${B}`, 'a.b').processedArgs[0]).toEqual([A, B]);
    expect(parsed('advertise', `${A}, ${B}`, './services.mjs').processedArgs[0]).toEqual([A, B]);
    expect(parsed('doctor', '--nat', `${A},${B}`).opts()).toMatchObject({ nat: [A, B] });
    for (const name of ['call', 'advertise'])
      expect(() => parsed(name, `${A},,${B}`, 'x'), name).toThrow(CommanderError);
  });
});

describe('peers', () => {
  const peer: PeerInfo = {
    nodeId: 'ab'.repeat(32),
    address: '203.0.113.9:40112',
    direction: 'out',
    kind: 'node',
    dht: false,
    path: 'direct',
    via: '',
    tls: false,
    rtt: 0,
    inFlight: 0,
    age: 0,
    unused: 0,
    suspect: false,
  };
  const cells = (info: PeerInfo): readonly string[] => (peerTable([info])[1] ?? '').split(/ {2,}/);

  test('show on which path packets go, and through which station', () => {
    expect(peerTable([peer])[0]?.split(/ {2,}/).slice(0, 4)).toEqual(['id', 'address', 'kind', 'path']);
    expect(cells(peer)[3]).toBe('direct');
    expect(cells({ ...peer, path: 'punched' })[3]).toBe('punched');
    expect(cells({ ...peer, path: 'relayed', via: 'cd'.repeat(32) })[3]).toBe('relayed by cdcdcdcdcdcdcdcd');
  });

  test('a peer behind a NAT is relayed by the station, then punched', async () => {
    const { world, station, behind, nats } = await natWorld('peers-table');
    const caller = await behind('caller', 'port');
    const provider = await behind('provider', 'port');
    await world.settle(provider.advertise('math.twice', ({ n }: { n: number }) => 2 * n));
    const { publications } = contextOf(provider).discovery;
    await world.clock.until(() => publications.get('math.twice')?.state === 'published');
    expect(await world.settle(caller.call('math.twice', { n: 4 }))).toBe(8);
    const row = (): readonly string[] => {
      const info = caller.peers.list().find(({ nodeId }) => nodeId === provider.id);
      return info === undefined ? [] : cells(info).slice(1, 5);
    };
    expect(row()).toEqual(['203.0.113.1:9443', 'node', `relayed by ${station.id.slice(0, 16)}`, 'by it']);
    await world.clock.until(() => pathTo(caller, provider)?.kind === 'punched', 1_000);
    expect(row()).toEqual([`${nats.get('provider')?.host}:9443`, 'node', 'punched', 'by it']);
  });
});
