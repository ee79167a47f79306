import { describe, expect, test } from 'vitest';
import { memberOf, metadataOf } from '../../../src/dist/cluster/member-record.ts';

const found = (node: unknown, us: string): string | undefined => memberOf({ metadata: { node } }, us);

describe('memberOf', () => {
  test('a name is one that can be dialed, and not our own', () => {
    const us = '4433@10.0.0.1';
    expect(memberOf({ metadata: metadataOf('4433@10.0.0.2') }, us)).toBe('4433@10.0.0.2');
    const refused = [us, 'alice@10.0.0.2', '0@10.0.0.2', '70000@10.0.0.2', '04433@10.0.0.2', '4433@', ''];
    for (const name of [...refused, '4433@10.0.0.2@x', '4433@a b', 7, null, undefined, {}, ['4433@10.0.0.2']])
      expect(found(name, us)).toBeUndefined();
    expect(memberOf({ metadata: {} }, us)).toBeUndefined();
  });

  const NOWHERE = ['0.0.0.0', '0.1.2.3', '255.255.255.255', '224.0.0.1', '240.0.0.1', '169.254.1.1'];
  const NOWHERE_6 = ['[::]', '[ff02::1]', '[fe80::1]'];

  test.each(['10.0.0.1', '127.0.0.1', '192.0.2.1', '[2001:db8::1]', 'node.example'])(
    'seen from %s, no member is at an address that is nobody’s own',
    (host) => {
      for (const nowhere of [...NOWHERE, ...NOWHERE_6])
        expect(found(`4433@${nowhere}`, `1@${host}`)).toBeUndefined();
    },
  );

  test.each([
    // ours, theirs, believed
    ['192.0.2.1', '192.0.2.2', true],
    ['192.0.2.1', '[2001:db8::1]', true],
    ['192.0.2.1', '10.0.0.2', false],
    ['192.0.2.1', '127.0.0.1', false],
    ['10.0.0.1', '192.168.0.1', true],
    ['10.0.0.1', '192.0.2.1', true],
    ['10.0.0.1', '127.0.0.1', false],
    ['10.0.0.1', '[::1]', false],
    ['10.0.0.1', '[::ffff:127.0.0.1]', false],
    ['127.0.0.1', '127.0.0.2', true],
    ['127.0.0.1', '10.0.0.1', true],
    // a name of the DNS may lead anywhere: who needs none asks for none
    ['10.0.0.1', 'node.example', false],
    ['one.example', 'two.example', true],
    ['one.example', '10.0.0.1', true],
    ['one.example', '127.0.0.1', false],
    ['one.example', 'localhost', false],
    ['one.example', 'a.LOCALHOST', false],
    ['localhost', 'localhost', true],
    ['localhost', '127.0.0.1', true],
  ])('at %s, whether a member is at %s: %s', (ours, theirs, believed) => {
    const name = `4433@${theirs}`;
    expect(found(name, `1@${ours}`)).toBe(believed ? name : undefined);
  });
});
