/**
 * The record store's actor: verifies what peers want kept here, and forgets what is over.
 *
 * Verification is work (about 0.1 ms a record), so it is done here and not in the connections; these read the
 * table themselves, which is shared under the name `recordStore`. The table is the context's, like an ETS table with
 * an heir: supervised by `discovery`, a crash loses the requests that waited here, which are answered as failures.
 */
import { seconds } from '../../actor/clock.ts';
import type { Self } from '../../actor/process.ts';
import type { ErrorPayload } from '../../codec/payloads.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import { hex, type MeshContext } from '../context.ts';
import { toWire } from '../errors/wire.ts';
import { isAuthentic, readRecord, type RecordFault } from './record.ts';
import type { Instant, PutVerdict, RecordStore } from './record-store.ts';
import { StoreRequest } from './store-request.ts';

/** Requests queued at most: a second and a half of work. */
const STORE_MAILBOX = 16_384;
/** Between two sweeps: what has expired is shown to nobody meanwhile. */
const SWEEP = seconds(60);

class Sweep {}

interface State {
  readonly context: MeshContext;
  readonly records: RecordStore;
}

export const recordStoreServer: GenServer<MeshContext, State> = {
  label: 'recordStore',
  mailbox: STORE_MAILBOX,

  init: (context, self) => {
    context.scope.share('recordStore', self.pid, context.records);
    self.sendAfter(SWEEP, new Sweep());
    return { context, records: context.records };
  },

  handleRequest: (request, state, self) => {
    if (!(request instanceof StoreRequest) || request.settled) return noReply(state);
    const error = keep(state, request, instant(self));
    if (error !== undefined) state.context.counters.recordsRefused++;
    return reply(error, state);
  },

  handleInfo: (message, state, self) => {
    if (message instanceof Sweep) {
      state.records.sweep(instant(self));
      self.sendAfter(SWEEP, new Sweep());
    }
    return noReply(state);
  },
};

/** Why a record is not kept; undefined when it is. */
function keep(
  { context, records }: State,
  { key, value }: StoreRequest,
  at: Instant,
): ErrorPayload | undefined {
  const { realm } = context.settings;
  const reading = readRecord(value, { key: hex(key), realm, wall: at.wall });
  if (reading.tag === 'refused') return refusal(reading.fault);
  const verdict = records.judge(reading.record, at);
  // its signature was worth looking at once: whoever repeats it is told without
  if (verdict === 'same' || verdict === 'stale' || verdict === 'full') return refusal(verdict);
  if (!isAuthentic(reading)) return refusal('forged');
  records.put(reading.record, at);
  return undefined;
}

function refusal(why: RecordFault | PutVerdict): ErrorPayload | undefined {
  switch (why) {
    case 'same':
    case 'added':
    case 'replaced':
    case 'removed':
      return undefined;
    case 'full':
      return toWire({ tag: 'overloaded', bound: 'records' });
    case 'wrong_realm':
      return toWire({ tag: 'unauthorized', detail: why });
    default:
      return toWire({ tag: 'invalid_args', field: why === 'stale' ? 'seq' : 'value', detail: why });
  }
}

const instant = ({ clock }: Self): Instant => ({ now: clock.now(), wall: clock.wall() });
