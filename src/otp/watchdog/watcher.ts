/**
 * The thread that watches: looks for the heartbeat, and tells whose turn it is when that has stopped.
 *
 * It is text because it has to run as it is, compiled or not, bundled or not. It has no clock but the machine's:
 * the watched thread's does not move while it is blocked.
 */
import { LABEL, BEAT, SERIAL_AT, SLOT, SLOTS_AT, STOP } from './memory.ts';

/** What the watcher is given. */
export interface WatcherData {
  readonly memory: SharedArrayBuffer;
  /** Milliseconds between two looks. */
  readonly poll: number;
  /** Milliseconds without a beat that are told. */
  readonly after: number;
  /** Where it writes a line at once; null: nowhere. */
  readonly fd: number | null;
  /** The beginning of a pid. */
  readonly prefix: string;
}

/** What it tells when the block is over. */
export interface Blocked {
  /** 0: nobody's turn. */
  readonly serial: number;
  readonly label: string;
  /** Milliseconds without a beat so far, or in all when it is the last one of a block. */
  readonly ms: number;
}

export const WATCHER: string = `
'use strict';
const { parentPort, workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { memory, poll, after, fd, prefix } = workerData;
const ints = new Int32Array(memory, 0, 3);
const serials = new Float64Array(memory, ${SERIAL_AT}, 1);
const bytes = Buffer.from(memory);
const labelNow = () => {
  const at = ${SLOTS_AT} + ints[${LABEL}] * ${SLOT};
  return bytes.toString('utf8', at + 1, at + 1 + bytes[at]);
};
const say = (serial, label, ms) => {
  if (fd === null) return;
  const who = serial === 0 ? {} : { pid: prefix + serial + '>', actor: label };
  const msg = (serial === 0 ? 'no actor' : label) + ' blocks the event loop';
  const line = { level: 40, time: Date.now(), msg, event: 'runtime.blocked', ...who, ms: Math.round(ms), over: false };
  try {
    writeSync(fd, JSON.stringify(line) + '\\n');
  } catch {}
};
let beat = -1;
let looked = performance.now();
let since = looked;
let serial = 0;
let turned = since;
let told = null;
while (Atomics.wait(ints, ${STOP}, 0, poll) === 'timed-out') {
  const now = performance.now();
  // a machine that slept, or has no time for this thread, says nothing about the other one
  const late = now - looked - poll;
  if (late > 2 * poll) {
    since += late;
    turned += late;
  }
  looked = now;
  const seen = Atomics.load(ints, ${BEAT});
  if (seen !== beat) {
    if (told !== null) parentPort.postMessage({ ...told, ms: now - since });
    beat = seen;
    told = null;
    serial = serials[0];
    since = turned = now;
    continue;
  }
  if (serials[0] !== serial) {
    serial = serials[0];
    turned = now;
  }
  if (now - since < after) continue;
  if (told !== null && (told.serial === serial || now - turned < after)) continue;
  if (told !== null) parentPort.postMessage({ ...told, ms: turned - since });
  if (told !== null) since = turned;
  told = { serial, label: serial === 0 ? '' : labelNow() };
  say(serial, told.label, now - since);
}
`;
