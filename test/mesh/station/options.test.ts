/** The options that make a node a station, judged whole. */
import { describe, expect, test } from 'vitest';
import type { NodeOptions } from '../../../src/mesh/client/options.ts';
import { startNode } from '../../../src/node.ts';
import { closeAtEnd, contextOf, meshWorld } from '../../mesh-world.ts';
import { rawPeer } from '../raw-peer.ts';

const URL = 'https://198.18.99.9:9443';

describe('what makes no sense', () => {
  test.each<[string, string, unknown]>([
    ['station', 'station', 'yes'],
    ['station', 'station', null],
    ['station.peers', 'station', { peers: URL }],
    ['station.peers', 'station', { peers: ['nonsense:'] }],
    ['station.peers', 'station', { peers: [7] }],
    ['station.peers', 'station', { peers: new Array(21).fill(URL) }],
    ['station.peer', 'station', { peer: [URL] }],
    ['stations', 'stations', URL],
    ['stations', 'stations', ['https://host:0']],
    ['stations', 'stations', new Array(9).fill(URL)],
  ])('is invalid_args that names %s', async (field, option, value) => {
    const world = meshWorld();
    const options = { realm: 'test', transport: world.network.transport(), [option]: value } as NodeOptions;
    expect(await world.failure(startNode(options))).toMatchObject({ tag: 'invalid_args', field });
  });

  test.each([{ station: { peers: [URL] } }, { stations: [URL] }])(
    'the open realm is not to be found beyond loopback: %j',
    async (options) => {
      const world = meshWorld();
      const transport = world.network.transport('127.0.0.1');
      expect(await world.failure(startNode({ ...options, transport }))).toMatchObject({
        tag: 'invalid_args',
        field: 'realm',
      });
    },
  );
});

describe('what is a station', () => {
  test.each<[NodeOptions, boolean]>([
    [{}, false],
    [{ station: false }, false],
    [{ station: true }, true],
    [{ station: {} }, true],
    [{ station: { peers: [URL] } }, true],
    [{ stations: [URL] }, false],
  ])('%j says so in its hello', async (options, is) => {
    const world = meshWorld();
    const node = await world.node(options);
    closeAtEnd(world, node);
    const { settings } = contextOf(node);
    expect(settings.station !== undefined).toBe(is);
    expect(settings.stations).toEqual(options.stations ?? []);
    const peer = await (await rawPeer(world, node)).greeted();
    const capabilities = peer.channels.control.of('connected')[0]?.capabilities ?? [];
    expect(capabilities.includes('station')).toBe(is);
  });

  test('whoever is connected to one knows it', async () => {
    const world = meshWorld();
    const station = await world.node({ station: true });
    const node = await world.node({ bootstrap: [station.url] });
    closeAtEnd(world, node, station);
    await world.clock.advance(1_000);
    expect(contextOf(node).standings.ready(station.id)?.isStation).toBe(true);
    expect(contextOf(station).standings.ready(node.id)?.isStation).toBe(false);
  });
});
