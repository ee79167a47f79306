/**
 * Records on their way to nodes that have joined and should keep them: one after the other, a few at once.
 *
 * What does not fit into the queue is not given: the publisher's next record goes to the newcomer anyway.
 */
import type { Process } from '../../actor/process.ts';
import { seconds } from '../../actor/clock.ts';
import { shared, type MeshContext } from '../context.ts';
import { ask } from './ask.ts';
import { K, type Contact } from './contact.ts';
import { handover, type Handover } from './handover.ts';
import type { RoutingTable } from './routing-table.ts';

/** Records that wait at most, 4 KiB each. */
const QUEUED = 4_096;
/** Records under way at once. */
const PARALLEL = 8;
/** Milliseconds for one of them. */
const TIMEOUT = seconds(3);

interface Gift extends Handover {
  readonly to: Contact;
}

export class Giving {
  readonly #context: MeshContext;
  readonly #self: Process;
  readonly #table: RoutingTable;
  #waiting: Gift[] = [];
  #running = 0;

  constructor(context: MeshContext, self: Process, table: RoutingTable) {
    this.#context = context;
    this.#self = self;
    this.#table = table;
  }

  /** Gives it what it should keep. */
  greet(newcomer: Contact): void {
    const records = shared(this.#context, 'recordStore');
    if (records === undefined || records.records === 0) return;
    const table = this.#table;
    const { clock } = this.#self;
    const closest = (target: Uint8Array): readonly Contact[] => table.closest(target, K);
    const at = { now: clock.now(), wall: clock.wall() };
    for (const each of handover(records, newcomer, table.self, closest, at)) {
      if (this.#waiting.length >= QUEUED) break;
      this.#waiting.push({ ...each, to: newcomer });
    }
    this.#pump();
  }

  #pump(): void {
    while (this.#running < PARALLEL) {
      const gift = this.#waiting.shift();
      if (gift === undefined) return;
      const { key, value, to } = gift;
      this.#running++;
      const target = { nodeId: to.nodeId, addresses: [to.address] };
      ask(this.#context, this.#self, target, { type: 'store', key, value }, TIMEOUT, {
        told: ({ ok }) => {
          this.#running--;
          // it will not take the others either
          if (!ok) this.#waiting = this.#waiting.filter((other) => other.to !== to);
          this.#pump();
        },
      });
    }
  }
}
