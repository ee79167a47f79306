/**
 * What the watched thread shares with its watcher: a heartbeat, and whose turn it is.
 *
 * Layout in bytes: 0 beat (int32), 4 stop (int32), 8 label's slot (int32), 16 serial (float64, 0: nobody),
 * 32 … the slots. A slot holds a length byte and that many bytes of UTF-8. Slot 0 is for labels that came when the
 * others were taken: it is written anew for each turn of one.
 */
import type { TurnWatch } from '../../actor/scheduler.ts';
import type { Process } from '../../actor/process.ts';

export const BEAT = 0;
export const STOP = 1;
export const LABEL = 2;
export const SERIAL_AT = 16;
export const SLOTS_AT = 32;
/** Bytes of a slot. Longer labels are cut. */
export const SLOT = 64;
/** Different labels that are written once. Programs have few: one per kind of actor. */
const SLOTS = 512;

export class Turns implements TurnWatch {
  readonly memory: SharedArrayBuffer = new SharedArrayBuffer(SLOTS_AT + SLOTS * SLOT);
  /** Whose turn it is, or was in this drain. */
  current: Process | null = null;
  readonly #ints: Int32Array;
  readonly #serial: Float64Array;
  readonly #bytes: Buffer;
  readonly #slots = new Map<string, number>();
  #label = '';

  constructor() {
    this.#ints = new Int32Array(this.memory, 0, 3);
    this.#serial = new Float64Array(this.memory, SERIAL_AT, 1);
    this.#bytes = Buffer.from(this.memory);
  }

  turn(process: Process | null): void {
    this.current = process;
    if (process === null) {
      this.#serial[0] = 0;
      return;
    }
    const { label } = process;
    if (label !== this.#label) this.#show(label);
    this.#serial[0] = process.serial;
  }

  beat(): void {
    Atomics.add(this.#ints, BEAT, 1);
  }

  /** Ends the watcher, wherever it is. */
  stop(): void {
    Atomics.store(this.#ints, STOP, 1);
    Atomics.notify(this.#ints, STOP);
  }

  #show(label: string): void {
    this.#label = label;
    let slot = this.#slots.get(label);
    if (slot === undefined) {
      slot = this.#slots.size + 1;
      if (slot < SLOTS) this.#slots.set(label, slot);
      else slot = 0;
      const at = SLOTS_AT + slot * SLOT;
      this.#bytes[at] = this.#bytes.write(label, at + 1, SLOT - 1, 'utf8');
    }
    this.#ints[LABEL] = slot;
  }
}
