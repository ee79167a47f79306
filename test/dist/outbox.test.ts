/**
 * When what was posted to a peer leaves.
 */
import { describe, expect, test } from 'vitest';

import { atom } from '../../src/codec/etf/atom.ts';
import { Outbox } from '../../src/dist/peer/outbox.ts';
import { writeControl } from '../../src/dist/protocol/control.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import type { DistStream } from '../../src/dist/carrier.ts';

const DEMONITOR = 20;
const UNLINK_ACK = 36;
const SEND = 2;

/** What `clock.soon` and `clock.later` were given runs when the test says so. */
function staged() {
  const soon: (() => void)[] = [];
  const later: (() => void)[] = [];
  /** By write: the operations of its packets. */
  const writes: (number | 'tick')[][] = [];
  const stream: DistStream = {
    peer: 'peer',
    peerId: undefined,
    queued: 0,
    write: (bytes) => void writes.push(operations(bytes)),
    pause: () => undefined,
    resume: () => undefined,
    admit: () => undefined,
    close: () => undefined,
  };
  const clock = {
    ...virtualClock(),
    soon: (run: () => void) => void soon.push(run),
    later: (run: () => void) => void later.push(run),
  };
  const outbox = new Outbox({ clock, stream, packet: 1_000_000, terms: {} });
  const drain = (queue: (() => void)[]): void => {
    for (const run of queue.splice(0)) run();
  };
  return { outbox, writes, work: () => drain(soon), turn: () => drain(later) };
}

/** Length, 112, 131, small tuple, arity, small integer. */
function operations(bytes: Uint8Array): (number | 'tick')[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: (number | 'tick')[] = [];
  for (let at = 0; at < bytes.length; at += 4 + view.getUint32(at))
    found.push(view.getUint32(at) === 0 ? 'tick' : view.getUint8(at + 9));
  return found;
}

const demonitor = writeControl.demonitor(atom('a'), atom('b'), atom('c'));
const ack = writeControl.unlinkAck(7, atom('a'), atom('b'));
const send = writeControl.send(atom('a'));

describe('what was posted', () => {
  test('together leaves together, after the current work', () => {
    const { outbox, writes, work } = staged();
    outbox.post(send, 1);
    outbox.post(send, 2);
    expect(writes).toEqual([]);
    work();
    expect(writes).toEqual([[SEND, SEND]]);
  });

  test('and nobody waits for leaves at the end of the turn', () => {
    const { outbox, writes, work, turn } = staged();
    outbox.post(demonitor);
    outbox.post(ack);
    work();
    expect(writes).toEqual([]);
    turn();
    expect(writes).toEqual([[DEMONITOR, UNLINK_ACK]]);
  });

  test('and nobody waits for leaves before with what somebody waits for, in order', () => {
    const { outbox, writes, work, turn } = staged();
    outbox.post(demonitor);
    outbox.post(send, 1);
    work();
    turn();
    expect(writes).toEqual([[DEMONITOR, SEND]]);
  });

  test('after that is not held back by what waited for the end of the turn', () => {
    const { outbox, writes, work, turn } = staged();
    outbox.post(demonitor);
    outbox.post(send, 1);
    work();
    outbox.post(send, 2);
    work();
    outbox.post(demonitor);
    turn();
    expect(writes).toEqual([[DEMONITOR, SEND], [SEND], [DEMONITOR]]);
  });

  test('and nobody waits for takes a tick along', () => {
    const { outbox, writes, work } = staged();
    outbox.post(demonitor);
    outbox.tick();
    work();
    expect(writes).toEqual([[DEMONITOR, 'tick']]);
  });

  test('leaves before a close', () => {
    const { outbox, writes, turn } = staged();
    outbox.post(demonitor);
    outbox.close();
    expect(writes).toEqual([[DEMONITOR]]);
    turn();
    expect(writes).toEqual([[DEMONITOR]]);
  });

  test('in number leaves at once, whoever waits for it', () => {
    const { outbox, writes } = staged();
    for (let posted = 0; posted < 2_000; posted++) outbox.post(demonitor);
    expect(writes.length).toBeGreaterThan(0);
    expect(outbox.queued).toBeLessThan(33_000);
  });
});
