import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCbor, encodeCbor } from '../../../src/codec/cbor.ts';
import { decodeControl } from '../../../src/dist/relay/protocol/control-decode.ts';
import { encodeControl, wireMap } from '../../../src/dist/relay/protocol/control-encode.ts';
import type { ControlMessage } from '../../../src/dist/relay/protocol/messages.ts';
import { fromHex, toHex } from '../../codec/vectors.ts';
import { bytesOf } from '../../fuzz/corpus.ts';
import { controlMessage, controlStyle, STYLES } from './arbitrary-control.ts';
import { ID, MESSAGES, RAW, rawCbor, rawMsgpack, u32, type RawItems } from './raw-control.ts';

const ENCODINGS = ['cbor', 'msgpack'] as const;
const messageIn = (frame: Uint8Array): ControlMessage | undefined => decodeControl(frame)?.message;
const times = <T>(count: number, part: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => part(index));

/** A map of text keys, `t` among them. */
const saying = (raw: RawItems, t: string, fields: Readonly<Record<string, Uint8Array>> = {}): Uint8Array =>
  raw.map(
    raw.text('t'),
    raw.text(t),
    ...Object.entries(fields).flatMap(([key, item]) => [raw.text(key), item]),
  );

describe('a message', () => {
  test('of any kind is read as it was written, in every style, and the style is told', () => {
    fc.assert(
      fc.property(controlMessage, controlStyle, (message, style) => {
        const frame = encodeControl(message, style);
        expect(Buffer.from(frame).readUInt32BE()).toBe(frame.length - 4);
        expect(decodeControl(frame.subarray(4))).toEqual({ message, style });
      }),
      { numRuns: 1_000 },
    );
  });

  test('in our own style is the CBOR that cbor-x reads, with the keys of the wire', () => {
    fc.assert(
      fc.property(controlMessage, (message) => {
        // cbor-x is kept from texts that begin with a byte order mark
        fc.pre(
          !Object.values(message).some((value) => typeof value === 'string' && value.startsWith('\uFEFF')),
        );
        expect(decodeCbor(encodeControl(message).subarray(4))).toEqual({ ok: true, value: wireMap(message) });
      }),
    );
  });

  test('with binary fields and numbers has bin and uint in MessagePack', () => {
    const message: ControlMessage = {
      type: 'identified',
      status: 'ok',
      version: 300,
      seed: new Uint8Array(32).fill(0xab),
    };
    const written = `83a174a569645f6f6ba176cd012ca473656564c420${'ab'.repeat(32)}`;
    const frame = encodeControl(message, { encoding: 'msgpack', text: 'bytes' });
    expect(toHex(frame.subarray(4))).toBe(written);
    expect(decodeControl(fromHex(written))).toEqual({
      message,
      style: { encoding: 'msgpack', text: 'text' },
    });
  });

  test.each(MESSAGES)('$type refers to nothing of its frame', (message) => {
    for (const style of STYLES) {
      const frame = Uint8Array.from(encodeControl(message, style).subarray(4));
      const read = messageIn(frame);
      frame.fill(0xee);
      expect(read).toEqual(message);
    }
  });

  test('of a relay says after which time a tunnel is idle, in a field of its own, or does not', () => {
    const message: ControlMessage = { type: 'identified', status: 'ok', idle: 300_000 };
    // t: id_ok, idle: 300,000
    const written: Readonly<Record<(typeof ENCODINGS)[number], string>> = {
      cbor: 'a261746569645f6f6b6469646c651a000493e0',
      msgpack: '82a174a569645f6f6ba469646c65ce000493e0',
    };
    for (const encoding of ENCODINGS) {
      const frame = encodeControl(message, { encoding, text: 'text' }).subarray(4);
      expect(toHex(frame)).toBe(written[encoding]);
      expect(messageIn(fromHex(written[encoding]))).toEqual(message);
      const without = encodeControl({ type: 'identified', status: 'ok' }, { encoding, text: 'text' });
      expect(Buffer.from(without).includes('idle')).toBe(false);
      expect(messageIn(without.subarray(4))).toEqual({ type: 'identified', status: 'ok' });
    }
  });

  test('is none before its last byte is there, nor with one more', () => {
    for (const message of MESSAGES)
      for (const style of STYLES) {
        const frame = encodeControl(message, style).subarray(4);
        for (let length = 0; length < frame.length; length++)
          expect(messageIn(frame.subarray(0, length))).toBeUndefined();
        expect(messageIn(frame)).toEqual(message);
        expect(messageIn(bytesOf(frame, 0))).toBeUndefined();
      }
  });
});

describe('a style', () => {
  const frame = (raw: RawItems, first: 'text' | 'bytes', second: 'text' | 'bytes'): Uint8Array =>
    raw.map(raw[first]('t'), raw.text('id'), raw[second]('n'), raw.text('a'));

  test('has the text of the first key in CBOR, and one kind of text in MessagePack', () => {
    for (const first of ['text', 'bytes'] as const)
      for (const second of ['text', 'bytes'] as const) {
        expect(decodeControl(frame(rawCbor, first, second))?.style).toEqual({
          encoding: 'cbor',
          text: first,
        });
        expect(decodeControl(frame(rawMsgpack, first, second))?.style).toEqual({
          encoding: 'msgpack',
          text: 'text',
        });
      }
  });

  test('writes numbers and lengths right at the borders of their heads', () => {
    const borders = [0, 1, 23, 24, 31, 32, 127, 128, 255, 256, 257, 65_535, 65_536, 65_537, 0xffff_ffff];
    for (const style of STYLES)
      for (const border of borders) {
        const credit: ControlMessage = { type: 'tunnel_credit', tunnel_id: ID, bytes: border };
        expect(messageIn(encodeControl(credit, style).subarray(4))).toEqual(credit);
        if (border === 0 || border > 4_096) continue;
        const node_name = 'n'.repeat(Math.min(border, 255));
        const identify: ControlMessage = { type: 'identify', node_name, realm_proof: new Uint8Array(border) };
        expect(messageIn(encodeControl(identify, style).subarray(4))).toEqual(identify);
      }
  });

  test('writes no more of a reason than is read', () => {
    for (const style of STYLES)
      for (const type of ['refused', 'tunnel_error'] as const) {
        const frame = encodeControl({ type, reason: 'x'.repeat(100_000) }, style);
        expect(frame.length).toBeLessThan(300);
        expect(messageIn(frame.subarray(4))).toEqual({ type, reason: 'x'.repeat(255) });
      }
  });
});

describe.each(ENCODINGS)('in %s', (encoding) => {
  const raw = RAW[encoding];
  const name = raw.text('alice@host');

  test('keys and texts may be texts or byte strings, each by itself', () => {
    const frame = raw.map(raw.bytes('t'), raw.text('tun_req'), raw.text('target'), raw.bytes('bob@høst'));
    expect(messageIn(frame)).toEqual({ type: 'tunnel_request', target: 'bob@høst' });
  });

  test('a key that is there twice makes no message, known or not, text or bytes', () => {
    const twice = (first: Uint8Array, second: Uint8Array): Uint8Array =>
      raw.map(raw.text('t'), raw.text('id'), raw.text('n'), name, first, raw.uint(1), second, raw.uint(1));
    expect(messageIn(twice(raw.text('a'), raw.text('b')))).toMatchObject({ type: 'identify' });
    expect(messageIn(twice(raw.text('a'), raw.text('a')))).toBeUndefined();
    expect(messageIn(twice(raw.text('a'), raw.bytes('a')))).toBeUndefined();
    expect(messageIn(twice(raw.text('n'), raw.text('b')))).toBeUndefined();
    expect(messageIn(twice(raw.bytes('t'), raw.text('b')))).toBeUndefined();
    // bytes that are no text are keys like any other, and these two are different ones
    expect(messageIn(twice(raw.bytes(Buffer.of(0xfe)), raw.bytes(Buffer.of(0xff))))).toBeDefined();
    expect(messageIn(twice(raw.bytes(Buffer.of(0xff)), raw.text(Buffer.of(0xff))))).toBeUndefined();
  });

  test('a key that is neither text nor bytes makes no message', () => {
    for (const key of [raw.uint(1), raw.list(), raw.map()])
      expect(messageIn(raw.map(raw.text('t'), raw.text('id_ok'), key, raw.uint(1)))).toBeUndefined();
  });

  test('a name has 1 to 255 bytes of well-formed UTF-8 without control characters', () => {
    const named = (value: string | Uint8Array): ControlMessage | undefined =>
      messageIn(saying(raw, 'id', { n: raw.bytes(value) }));
    for (const good of ['a', 'x'.repeat(255), 'é'.repeat(127), '\u00a0', '🌲@host'])
      expect(named(good)).toEqual({ type: 'identify', node_name: good });
    for (const bad of [
      '',
      'x'.repeat(256),
      'é'.repeat(128),
      'a\nb',
      'a\u0000',
      '\u007f',
      'a\u0085',
      '\u001b[1m',
    ])
      expect(named(bad)).toBeUndefined();
    for (const bad of ['ff', 'c0af', 'eda080', 'f4908080', 'e282'])
      expect(named(Buffer.from(bad, 'hex'))).toBeUndefined();
  });

  test('the names of a target and of a source are held to the same', () => {
    expect(messageIn(saying(raw, 'tun_req', { target: raw.text('a\nb') }))).toBeUndefined();
    const notify = (src: string): Uint8Array =>
      saying(raw, 'tun_notify', { tid: raw.text(ID), src: raw.text(src) });
    expect(messageIn(notify('a'))).toEqual({ type: 'tunnel_notify', tunnel_id: ID, source: 'a' });
    expect(messageIn(notify('a\nb'))).toBeUndefined();
  });

  test('a tunnel id is 32 upper-case hexadecimal characters', () => {
    const close = (tid: Uint8Array): ControlMessage | undefined =>
      messageIn(saying(raw, 'tun_close', { tid }));
    expect(close(raw.bytes(ID))).toEqual({ type: 'tunnel_close', tunnel_id: ID });
    for (const bad of [ID.toLowerCase(), ID.slice(1), `${ID}0`, `${ID}\n`, ID.replace('F', 'G'), ''])
      expect(close(raw.text(bad))).toBeUndefined();
    expect(close(raw.uint(5))).toBeUndefined();
    expect(close(raw.bytes(Buffer.from(ID, 'hex')))).toBeUndefined();
  });

  test('what a message needs makes none when it is missing or of another kind', () => {
    const needed: Readonly<Record<string, readonly string[]>> = {
      id: ['n'],
      id_err: ['r'],
      tun_req: ['target'],
      tun_ok: ['tid'],
      tun_err: ['r'],
      tun_notify: ['tid', 'src'],
      tun_close: ['tid'],
      credit: ['tid', 'bytes'],
    };
    for (const [t, keys] of Object.entries(needed)) {
      const good = Object.fromEntries(keys.map((key) => [key, key === 'bytes' ? raw.uint(9) : raw.text(ID)]));
      expect(messageIn(saying(raw, t, good))).toBeDefined();
      for (const key of keys) {
        const { [key]: _left, ...less } = good;
        expect(messageIn(saying(raw, t, less))).toBeUndefined();
        const wrong = key === 'bytes' ? raw.text('9') : raw.uint(9);
        for (const item of [wrong, raw.list(raw.text(ID)), raw.map(raw.text(ID), raw.text(ID))])
          expect(messageIn(saying(raw, t, { ...good, [key]: item }))).toBeUndefined();
      }
    }
  });

  test('an optional field of another type or size is left out', () => {
    const all = {
      v: raw.uint(1),
      seed: raw.bytes(new Uint8Array(32)),
      realm: raw.text('realm'),
      proof: raw.bytes(new Uint8Array(4_096)),
    };
    const read = (fields: Readonly<Record<string, Uint8Array>>): readonly string[] =>
      Object.keys(messageIn(saying(raw, 'id', { n: name, ...all, ...fields })) ?? {}).toSorted();
    const whole = ['node_name', 'realm', 'realm_proof', 'seed', 'type', 'version'];
    expect(read({})).toEqual(whole);
    const wrong: readonly (readonly [string, string, Uint8Array])[] = [
      ['v', 'version', raw.uint(0)],
      ['v', 'version', raw.uint(0x1_0000)],
      ['v', 'version', raw.text('1')],
      ['seed', 'seed', raw.bytes(new Uint8Array(31))],
      ['seed', 'seed', raw.bytes(new Uint8Array(33))],
      ['seed', 'seed', raw.text('x'.repeat(32))],
      ['realm', 'realm', raw.uint(1)],
      ['realm', 'realm', raw.text('')],
      ['realm', 'realm', raw.text('x'.repeat(256))],
      ['realm', 'realm', raw.text(Buffer.of(0xff))],
      ['proof', 'realm_proof', raw.bytes(new Uint8Array(4_097))],
      ['proof', 'realm_proof', raw.list()],
    ];
    for (const [key, field, item] of wrong)
      expect(read({ [key]: item })).toEqual(whole.filter((each) => each !== field));
  });

  test('a time after which a tunnel is idle is any number of 32 bits but 0, and else left out', () => {
    const idle = (item: Uint8Array): unknown =>
      messageIn(saying(raw, 'id_ok', { v: raw.uint(2), idle: item }));
    for (const time of [1, 300_000, 0xffff_ffff])
      expect(idle(raw.uint(time))).toEqual({ type: 'identified', status: 'ok', version: 2, idle: time });
    const [wide, negative, float] = encoding === 'cbor' ? ['1b', '20', 'fb'] : ['cf', 'ff', 'cb'];
    const wrong = [
      raw.uint(0),
      raw.text('300000'),
      raw.bytes(Buffer.of(1)),
      raw.list(raw.uint(1)),
      raw.map(raw.text('idle'), raw.uint(1)),
      bytesOf(wide, u32(1), u32(0)),
      bytesOf(wide, u32(0xffff_ffff), u32(0xffff_ffff)),
      bytesOf(negative),
      // 1.5
      bytesOf(float, '3ff8000000000000'),
    ];
    for (const item of wrong) expect(idle(item)).toEqual({ type: 'identified', status: 'ok', version: 2 });
    expect(idle(bytesOf(wide, u32(0), u32(7)))).toMatchObject({ idle: 7 });
    // nobody else says it
    expect(messageIn(saying(raw, 'id', { n: name, idle: raw.uint(1) }))).toEqual({
      type: 'identify',
      node_name: 'alice@host',
    });
  });

  test('a request id of another size is left out, and so is a target that is no name', () => {
    const rid = (length: number): Uint8Array => raw.bytes(new Uint8Array(length));
    for (const [t, fields] of [
      ['tun_req', { target: name }],
      ['tun_ok', { tid: raw.text(ID) }],
      ['tun_err', { r: raw.text('') }],
    ] as const) {
      expect(messageIn(saying(raw, t, { ...fields, rid: rid(16) }))).toHaveProperty('request_id');
      for (const length of [0, 15, 17])
        expect(messageIn(saying(raw, t, { ...fields, rid: rid(length) }))).not.toHaveProperty('request_id');
    }
    expect(messageIn(saying(raw, 'tun_ok', { tid: raw.text(ID), target: raw.text('a\nb') }))).toEqual({
      type: 'tunnel_ok',
      tunnel_id: ID,
    });
  });

  test('a reason is cut at 255 characters, none of them in half, and read whatever its bytes are', () => {
    const reason = (item: Uint8Array): unknown => messageIn(saying(raw, 'tun_err', { r: item }));
    const said = (text: string): unknown => ({ type: 'tunnel_error', reason: text });
    expect(reason(raw.text('x'.repeat(60_000)))).toEqual(said('x'.repeat(255)));
    expect(reason(raw.text('€'.repeat(20_000)))).toEqual(said('€'.repeat(255)));
    expect(reason(raw.text('🌲'.repeat(10_000)))).toEqual(said('🌲'.repeat(127)));
    expect(reason(raw.bytes(Buffer.of(0xff, 0x41)))).toEqual(said('\ufffdA'));
    expect(reason(raw.text(''))).toEqual(said(''));
  });

  test('credit is any number of 32 bits', () => {
    const credit = (item: Uint8Array): unknown =>
      messageIn(saying(raw, 'credit', { tid: raw.text(ID), bytes: item }));
    for (const bytes of [0, 1, 0xffff_ffff])
      expect(credit(raw.uint(bytes))).toEqual({ type: 'tunnel_credit', tunnel_id: ID, bytes });
    const wide = encoding === 'cbor' ? 0x1b : 0xcf;
    expect(credit(bytesOf(wide, u32(0), u32(7)))).toMatchObject({ bytes: 7 });
    expect(credit(bytesOf(wide, u32(1), u32(0)))).toBeUndefined();
    expect(credit(bytesOf(wide, u32(0xffff_ffff), u32(0xffff_ffff)))).toBeUndefined();
  });

  test('a value that nobody asked for may be nested eight deep, and is known by none of its keys', () => {
    const nested = (depth: number): Uint8Array =>
      depth === 0
        ? raw.text('id')
        : depth % 2 === 0
          ? raw.map(raw.text('t'), nested(depth - 1))
          : raw.list(nested(depth - 1));
    const frame = (depth: number): Uint8Array => saying(raw, 'id_ok', { x: nested(depth) });
    for (const depth of [0, 1, 2, 8])
      expect(messageIn(frame(depth))).toEqual({ type: 'identified', status: 'ok' });
    expect(messageIn(frame(9))).toBeUndefined();
    expect(messageIn(frame(5_000))).toBeUndefined();
  });

  test('a frame has 1,024 items at most, wherever they are', () => {
    // the map, two of `t`, the key and its list
    const inList = (count: number): Uint8Array =>
      saying(raw, 'id_ok', { x: raw.list(...times(count, () => raw.uint(0))) });
    expect(messageIn(inList(1_024 - 5))).toBeDefined();
    expect(messageIn(inList(1_024 - 4))).toBeUndefined();
    const pairs = (count: number): Uint8Array =>
      saying(raw, 'id_ok', Object.fromEntries(times(count, (index) => [`k${index}`, raw.uint(0)])));
    expect(messageIn(pairs(510))).toBeDefined();
    expect(messageIn(pairs(511))).toBeUndefined();
  });

  test('lengths that are not there are believed by nobody', () => {
    const cbor = [
      'bb0000000000000001',
      'bbffffffffffffffff',
      'baffffffff',
      'a1617f',
      'a1617bffffffffffffffff',
    ];
    const inside = [
      'a26174656964',
      'a1615a',
      'a2617465695f6f6b61789affffffff',
      'a2617465695f6f6b61789bffffffffffffffff',
    ];
    const msgpack = [
      'dfffffffff',
      'deffff',
      '81dbffffffff',
      '81a174c6ffffffff',
      '81a174c9ffffffff',
      '81a174ddffffffff',
    ];
    for (const hex of encoding === 'cbor' ? [...cbor, ...inside] : msgpack)
      expect(decodeControl(fromHex(hex))).toBeUndefined();
  });
});

describe('CBOR', () => {
  test('a value that nobody asked for may be anything that has a definite length', () => {
    const values = [
      '20',
      '3bffffffffffffffff',
      '1bffffffffffffffff',
      '5b000000000000000101',
      '7b000000000000000141',
    ];
    const others = [
      'f4',
      'f6',
      'f7',
      'f8ff',
      'f97e00',
      'fa00000000',
      'fb0000000000000000',
      'c11a00000000',
      'd9d9f780',
      'a10102',
    ];
    for (const hex of [...values, ...others])
      expect(messageIn(saying(rawCbor, 'id_ok', { x: fromHex(hex) }))).toEqual({
        type: 'identified',
        status: 'ok',
      });
  });

  test('indefinite lengths, breaks and reserved heads make no message', () => {
    for (const hex of ['ff', '9fff', 'bfff', '7f6161ff', '5f4161ff', '1c', '5d', '9e', 'fc'])
      expect(messageIn(saying(rawCbor, 'id_ok', { x: fromHex(hex) }))).toBeUndefined();
    for (const hex of [`1c${'00'.repeat(16)}`, `5c${'00'.repeat(16)}`, `1f${'00'.repeat(128)}`])
      expect(messageIn(saying(rawCbor, 'id_ok', { x: fromHex(hex) }))).toBeUndefined();
    for (const hex of ['bf61746569645f6f6bff', 'bc', 'bd', 'be', 'bf'])
      expect(decodeControl(fromHex(hex))).toBeUndefined();
  });

  test('whatever cbor-x writes in an unknown field is passed over', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 6 }),
        fc.dictionary(fc.stringMatching(/^x\w{0,30}$/), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 }),
        (deep, fields) => {
          const encoded = encodeCbor({ ...fields, t: 'tun_req', deep, target: 'bob@host' } as never);
          if (!encoded.ok) return;
          expect(decodeControl(encoded.bytes)?.message).toEqual({
            type: 'tunnel_request',
            target: 'bob@host',
          });
        },
      ),
    );
  });
});

describe('MessagePack', () => {
  const values = [
    ['00', '7f', 'e0', 'ff', 'c0', 'c2', 'c3'],
    [
      'cc80',
      'cd0100',
      'ce00010000',
      'cfffffffffffffffff',
      'd080',
      'd18000',
      'd280000000',
      'd38000000000000000',
    ],
    ['ca00000000', 'cb0000000000000000'],
    ['c400', 'c50001aa', 'c600000001aa', 'a161', 'd90161', 'da000161', 'db0000000161'],
    ['d401aa', 'd501aaaa', `d601${'aa'.repeat(4)}`, `d701${'aa'.repeat(8)}`, `d801${'aa'.repeat(16)}`],
    ['c70001', 'c70101aa', 'c8000101aa', 'c90000000101aa'],
    ['90', '9101', 'dc000101', 'dd0000000101', '80', '810102', 'de00010102', 'df000000010102'],
  ].flat();

  test.each(values)('a value %s that nobody asked for is passed over', (hex) => {
    const frame = bytesOf('82a178', hex, 'a174a569645f6f6b');
    expect(messageIn(frame)).toEqual({ type: 'identified', status: 'ok' });
    expect(messageIn(saying(rawMsgpack, 'id_ok', { x: fromHex(hex) }))).toBeDefined();
    // of every value, all of it
    expect(messageIn(frame.subarray(0, -1))).toBeUndefined();
  });

  test('the head that has no meaning makes no message', () => {
    expect(messageIn(saying(rawMsgpack, 'id_ok', { x: Uint8Array.of(0xc1) }))).toBeUndefined();
  });

  test('a map may say its length in any of three ways', () => {
    const fields = ['a174a569645f6f6b', ...times(14, (index) => `a1${toHex(Uint8Array.of(0x61 + index))}00`)];
    for (const first of ['8f', 'de000f', 'df0000000f'])
      expect(messageIn(fromHex(first + fields.join('')))).toEqual({ type: 'identified', status: 'ok' });
  });

  test('a number that was written as a signed one is no unsigned one', () => {
    expect(messageIn(saying(rawMsgpack, 'id_ok', { v: fromHex('d001') }))).toEqual({
      type: 'identified',
      status: 'ok',
    });
  });
});

test('a frame that is no map, or says nothing that we know, is no message', () => {
  expect(decodeControl(new Uint8Array())).toBeUndefined();
  for (let first = 0; first <= 0xff; first++) expect(decodeControl(Uint8Array.of(first))).toBeUndefined();
  for (const raw of [rawCbor, rawMsgpack])
    for (const t of ['', 'ID', 'ping', '__proto__', 'x'.repeat(300)])
      expect(messageIn(saying(raw, t))).toBeUndefined();
});

test('any bytes at all are read or not, and never thrown at anybody', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(0x81, 0x84, 0xa1, 0xa3, 0xde, 0xdf),
      (bytes, first) => {
        decodeControl(bytes);
        decodeControl(bytesOf(first, bytes));
      },
    ),
    { numRuns: 2_000 },
  );
});
