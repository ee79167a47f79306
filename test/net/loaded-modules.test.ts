/**
 * What importing a subpath loads, asked of Node itself: every module, native addon and package, in a fresh process and
 * from the compiled code.
 */
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Child, ROOT } from '../cli/process.ts';

/** The parts of the package that a program with no network has no use for. */
const NETWORK = ['codec', 'identity', 'transport', 'mesh', 'dist', 'inspect', 'cli'];

interface Loaded {
  /** URLs of all modules but Node's own. */
  readonly modules: readonly string[];
  /** Native addons. */
  readonly addons: readonly string[];
}

const compiled = (subpath: string): string => resolve(ROOT, `dist/src/${subpath}.js`);

async function loadedBy(what: string): Promise<Loaded> {
  const child = new Child([resolve(ROOT, 'test/net/loaded-modules.mjs'), what]);
  const { code, stdout, stderr } = await child.ended;
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Loaded;
}

/** The packages that modules belong to. */
const packagesOf = ({ modules }: Loaded): readonly string[] => [
  ...new Set(modules.map((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]).filter(isText)),
];

/** The folders and files below `src` that modules belong to. */
const partsOf = ({ modules }: Loaded): readonly string[] => [
  ...new Set(modules.map((url) => /\/dist\/src\/([^/]+)/.exec(url)?.[1]).filter(isText)),
];

const isText = (value: string | undefined): value is string => value !== undefined;

describe('importing', () => {
  test('espalier/otp loads nothing of the network, no package at all (effect, xstate, cbor-x, …), no addon', async () => {
    const loaded = await loadedBy(compiled('otp'));
    expect(partsOf(loaded)).toEqual(expect.arrayContaining(['actor', 'otp']));
    const above = [...NETWORK, 'isolation', 'xstate', 'effect'];
    expect(partsOf(loaded).filter((part) => above.includes(part))).toEqual([]);
    expect(packagesOf(loaded)).toEqual([]);
    expect(loaded.addons).toEqual([]);
    // the probe sees what is there
    expect(loaded.modules.length).toBeGreaterThan(20);
  });

  test('espalier/isolation loads nothing of the network and no package', async () => {
    const loaded = await loadedBy(compiled('isolation'));
    expect(partsOf(loaded)).toContain('isolation');
    expect(partsOf(loaded).filter((part) => [...NETWORK, 'xstate', 'effect'].includes(part))).toEqual([]);
    expect(packagesOf(loaded)).toEqual([]);
    expect(loaded.addons).toEqual([]);
  });

  test('espalier/xstate loads xstate besides, and no effect', async () => {
    const loaded = await loadedBy(compiled('xstate'));
    expect(packagesOf(loaded)).toEqual(['xstate']);
    expect(partsOf(loaded).filter((part) => NETWORK.includes(part))).toEqual([]);
    expect(loaded.addons).toEqual([]);
  });

  test('espalier/effect loads effect, module by module, and of the mesh only its errors', async () => {
    const loaded = await loadedBy(compiled('effect'));
    expect(packagesOf(loaded)).toEqual(['effect']);
    expect(loaded.modules.filter((url) => url.endsWith('/effect/dist/index.js'))).toEqual([]);
    const parts = partsOf(loaded).filter((part) => NETWORK.includes(part));
    expect(parts).toEqual(['mesh']);
    const mesh = loaded.modules.filter((url) => url.includes('/dist/src/mesh/'));
    for (const url of mesh) expect(url).toContain('/mesh/errors/');
    expect(loaded.addons).toEqual([]);
  });

  test('espalier/distribution loads neither QUIC nor effect nor a decoder of the mesh, and nothing of its calls', async () => {
    const loaded = await loadedBy(compiled('distribution'));
    expect(packagesOf(loaded)).toContain('xstate');
    for (const name of ['effect', 'cbor-x', '@matrixai/quic', 'commander'])
      expect(packagesOf(loaded)).not.toContain(name);
    const mesh = loaded.modules.filter((url) => url.includes('/dist/src/mesh/'));
    // what clients of dist relays have in common with the mesh: URLs, memberships, and what is said of wrong ones
    const light =
      /\/mesh\/(events\/|connection\/|errors\/|url\.js|identity\/closed-realm\.js|peer\/(backoff|endpoint-text)\.js)/;
    expect(mesh.filter((url) => !light.test(url))).toEqual([]);
    // relays and bridges are for those who start one
    expect(loaded.modules.filter((url) => /\/dist\/src\/dist\/(bridge|relay\/server)\//.test(url))).toEqual(
      [],
    );
    expect(loaded.addons).toEqual([]);
  });

  test('espalier loads neither QUIC nor xstate nor effect nor a decoder before a node or client is made', async () => {
    const loaded = await loadedBy(compiled('index'));
    expect(packagesOf(loaded)).toEqual([]);
    expect(loaded.addons).toEqual([]);
  });

  test('the probe sees packages and native addons where there are some', async () => {
    const loaded = await loadedBy('@matrixai/quic/native/quiche.js');
    expect(packagesOf(loaded)).toContain('@matrixai/quic');
    expect(loaded.addons.join()).toContain('.node');
  });
});
