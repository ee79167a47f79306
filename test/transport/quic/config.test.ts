/** Every setting of a connection, written down by a stand-in for the native library. */
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../../src/actor/random.ts';
import { createIdentity } from '../../../src/identity/identity.ts';
import type { Quiche } from '../../../src/transport/quic/binding.ts';
import { createConfigs, type Configs } from '../../../src/transport/quic/config.ts';

type Calls = Map<string, readonly unknown[]>;

/** Configs whose every setter is recorded: `calls` has one map per native config that was made. */
function recording(): { configs: Configs; calls: Calls[] } {
  const calls: Calls[] = [];
  const withBoringSslCtx = (...context: unknown[]): unknown => {
    const made: Calls = new Map([['withBoringSslCtx', context]]);
    calls.push(made);
    return new Proxy(
      {},
      {
        get:
          (_, name) =>
          (...values: unknown[]) =>
            made.set(String(name), values),
      },
    );
  };
  const configs = createConfigs({ Config: { withBoringSslCtx } } as unknown as Quiche, {
    identity: createIdentity(seededRandom(1), 1_772_323_200_000),
    idleTimeout: 30_000,
    streams: 100,
    accept: ['macula', 'macula-dist'],
  });
  return { configs, calls };
}

const SETTLED = {
  setMaxIdleTimeout: [30_000],
  setMaxRecvUdpPayloadSize: [65_527],
  setInitialMaxData: [1_048_576],
  setInitialMaxStreamDataBidiLocal: [262_144],
  setInitialMaxStreamDataBidiRemote: [262_144],
  setInitialMaxStreamDataUni: [0],
  // three are for nudges: a sender keeps them back
  setInitialMaxStreamsBidi: [103],
  setInitialMaxStreamsUni: [0],
  setMaxConnectionWindow: [8_388_608],
  setMaxStreamWindow: [2_097_152],
  setActiveConnectionIdLimit: [2],
  setDisableActiveMigration: [true],
  enableDgram: [false, 0, 0],
  enablePacing: [false],
  setCcAlgorithmName: ['bbr'],
  grease: [false],
};

describe('createConfigs', () => {
  test('every configuration has the settled values, and nothing else is set', () => {
    const { configs, calls } = recording();
    for (const kind of ['loopback', 'private', 'public'] as const) {
      configs.accepting(kind);
      configs.dialing('macula', kind);
      configs.dialing('macula-dist', kind);
    }
    expect(calls).toHaveLength(9);
    for (const made of calls) {
      const { withBoringSslCtx, setApplicationProtos, setMaxSendUdpPayloadSize, ...rest } =
        Object.fromEntries(made);
      expect(rest).toEqual(SETTLED);
      expect([
        withBoringSslCtx?.length,
        setApplicationProtos?.length,
        setMaxSendUdpPayloadSize?.length,
      ]).toEqual([6, 1, 1]);
    }
  });

  test('both roles ask for a certificate, judge it themselves, and name ed25519', () => {
    const { configs, calls } = recording();
    configs.accepting('public');
    configs.dialing('macula', 'public');
    for (const made of calls) {
      const [verifyPeer, allowFail, authorities, keys, certificates, signatures] = made.get(
        'withBoringSslCtx',
      ) as [boolean, boolean, undefined, Buffer[], Buffer[], string];
      expect([verifyPeer, allowFail, authorities, signatures]).toEqual([true, true, undefined, 'ed25519']);
      expect(keys.map(String)).toEqual([expect.stringContaining('BEGIN PRIVATE KEY')]);
      expect(certificates.map(String)).toEqual([expect.stringContaining('BEGIN CERTIFICATE')]);
    }
  });

  test('datagrams are large only where the network is near', () => {
    const { configs, calls } = recording();
    for (const kind of ['loopback', 'private', 'public'] as const) configs.dialing('macula', kind);
    expect(calls.map((made) => made.get('setMaxSendUdpPayloadSize'))).toEqual([[16_384], [16_384], [1_350]]);
  });

  test('a dialer offers the protocol it dials, an acceptor all it accepts; each is made once', () => {
    const { configs, calls } = recording();
    configs.dialing('macula-relay', 'public');
    configs.accepting('public');
    expect(configs.dialing('macula-relay', 'public')).toBe(configs.dialing('macula-relay', 'public'));
    expect(calls.map((made) => made.get('setApplicationProtos'))).toEqual([
      [['macula-relay']],
      [['macula', 'macula-dist']],
    ]);
  });
});
