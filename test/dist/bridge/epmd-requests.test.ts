import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  aliveAnswer,
  aliveRefused,
  farPortAnswer,
  LONGEST_REQUEST,
  namesAnswer,
  portAnswer,
  portUnknown,
  RequestReader,
  type EpmdRequest,
} from '../../../src/dist/bridge/epmd-requests.ts';
import { aliveRequest, request } from './epmd-bytes.ts';

const read = (bytes: Uint8Array): EpmdRequest | undefined => new RequestReader().take(bytes);
const text = (code: number, rest: string): Buffer =>
  request(Buffer.concat([Buffer.of(code), Buffer.from(rest)]));
const malformed = { tag: 'malformed' };

describe('RequestReader', () => {
  test('reads what an Erlang node of OTP 25 sends to register', () => {
    const bytes = Buffer.from('001578ac4d4d0000060005000872656331353434330000', 'hex');
    const node = { name: 'rec15443', port: 44_109, hidden: false, highest: 6, lowest: 5 };
    expect(read(bytes)).toEqual({ tag: 'alive', node });
    expect(aliveRequest('rec15443', 44_109, { lowest: 5 })).toEqual(bytes);
  });

  test('knows a hidden node by its type, and lets go what a node wants others to know', () => {
    expect(read(aliveRequest('a', 1, { type: 72, extra: 'more' }))).toMatchObject({
      tag: 'alive',
      node: { name: 'a', port: 1, hidden: true },
    });
  });

  test('reads questions for a port and for all names', () => {
    expect(read(text(122, 'b-1'))).toEqual({ tag: 'port_please', name: 'b-1' });
    expect(read(text(110, ''))).toEqual({ tag: 'names' });
  });

  test("says unknown of EPMD's own requests and of any other code", () => {
    for (const code of [0, 100, 107, 115, 121, 255])
      expect(read(text(code, ''))).toEqual({ tag: 'unknown', code });
  });

  test('a length of none, or of more than there may be, is refused before a body comes', () => {
    expect(read(Buffer.of(0, 0))).toMatchObject(malformed);
    expect(read(Buffer.of(0xff, 0xff))).toMatchObject(malformed);
    const head = Buffer.alloc(2);
    head.writeUInt16BE(LONGEST_REQUEST + 1);
    expect(read(head)).toMatchObject(malformed);
    head.writeUInt16BE(LONGEST_REQUEST);
    expect(read(head)).toBeUndefined();
    expect(read(Buffer.concat([head, Buffer.alloc(LONGEST_REQUEST, 7)]))).toEqual({
      tag: 'unknown',
      code: 7,
    });
  });

  test('a registration whose lengths do not add up is refused', () => {
    const whole = aliveRequest('node', 4_000, { extra: 'xy' });
    for (let length = 1; length < whole.length - 2; length++) {
      const cut = request(whole.subarray(2, 2 + length));
      expect(read(cut)).toMatchObject(malformed);
    }
    expect(read(request(Buffer.concat([whole.subarray(2), Buffer.of(0)])))).toMatchObject(malformed);
  });

  test('port 0 and names that no node has are refused', () => {
    expect(read(aliveRequest('a', 0))).toMatchObject(malformed);
    for (const name of ['', 'a b', 'a\n', 'a@b', 'a\0', 'ä', 'a/b', 'a'.repeat(254)]) {
      expect(read(aliveRequest(name, 1))).toMatchObject(malformed);
      expect(read(text(122, name))).toMatchObject(malformed);
    }
    expect(read(aliveRequest('a'.repeat(253), 1))).toMatchObject({ tag: 'alive' });
  });

  test('gives one request, whatever comes behind it', () => {
    const reader = new RequestReader();
    expect(reader.take(Buffer.concat([text(110, ''), text(122, 'a')]))).toEqual({ tag: 'names' });
    expect(reader.take(text(122, 'a'))).toBeUndefined();
  });

  test('takes a request in any pieces', () => {
    const requests = [
      text(110, ''),
      text(122, 'abc'),
      aliveRequest('abc', 99, { extra: 'e' }),
      text(9, 'junk'),
    ];
    for (const bytes of requests) {
      for (let size = 1; size < bytes.length; size++) {
        const reader = new RequestReader();
        const answers: (EpmdRequest | undefined)[] = [];
        for (let at = 0; at < bytes.length; at += size)
          answers.push(reader.take(bytes.subarray(at, at + size)));
        expect(answers.pop()).toEqual(read(bytes));
        expect(answers.every((answer) => answer === undefined)).toBe(true);
      }
    }
  });

  test('any bytes are a request, none yet, or malformed; never a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(110, 120, 122, 3), (bytes, code) => {
        expect(read(request(Buffer.of(code, ...bytes)))).toBeDefined();
        read(bytes);
      }),
    );
  });
});

describe('answers', () => {
  test('to a registration: 118, the result, 4 bytes of creation', () => {
    expect([...aliveAnswer(0xfffefdfc)]).toEqual([118, 0, 0xff, 0xfe, 0xfd, 0xfc]);
    expect([...aliveRefused()]).toEqual([118, 1, 0, 0, 0, 0]);
  });

  test('to a question for a port: 119, the node as it has said, or that there is none', () => {
    const node = { name: 'ab', port: 0x1234, hidden: true, highest: 6, lowest: 5 };
    expect([...portAnswer(node)]).toEqual([119, 0, 0x12, 0x34, 72, 0, 0, 6, 0, 5, 0, 2, 97, 98, 0, 0]);
    expect([...farPortAnswer('c', 258)]).toEqual([119, 0, 1, 2, 77, 0, 0, 6, 0, 5, 0, 1, 99, 0, 0]);
    expect([...portUnknown()]).toEqual([119, 1]);
  });

  test('to a question for names: our port and a line for each', () => {
    const nodes = ['a', 'b'].map((name, index) => ({
      name,
      port: 10 + index,
      hidden: false,
      highest: 6,
      lowest: 5,
    }));
    const bytes = Buffer.from(namesAnswer(4_369, nodes));
    expect(bytes.readUInt32BE(0)).toBe(4_369);
    expect(bytes.toString('latin1', 4)).toBe('name a at port 10\nname b at port 11\n');
    expect(namesAnswer(1, [])).toHaveLength(4);
  });
});
