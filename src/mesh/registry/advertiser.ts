/**
 * The advertiser: has the mesh know what is served at this node, now and as long as it is.
 *
 * Supervised by `services`, behind the registry whose table it reads. A crash loses nothing: what was said, and until
 * when, outlives it, and its successor reads the table again. Whatever it was not told of it finds within a minute.
 */
import { seconds } from '../../actor/clock.ts';
import type { Process } from '../../actor/process.ts';
import type { From, GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import type { MeshContext } from '../context.ts';
import { Publisher, type PublisherStatus } from './publisher.ts';

/** Messages queued at most, as the registry's. */
const ADVERTISER_MAILBOX = 16_384;
/** Between two looks at the whole table, milliseconds. */
const SWEEP = seconds(60);

export interface AdvertiserCalls {
  /** Takes back everything that was said, and says nothing more. Answers when that is done, or cannot be. */
  retract(): true;
  status(): PublisherStatus;
}

export interface AdvertiserCasts {
  /** Who serves this name here is not who did, or says something else. */
  changed(procedure: string): void;
  /** The node is reached elsewhere now. */
  moved(): void;
}

export const advertiserServer: GenServer<MeshContext, Publisher, AdvertiserCalls, AdvertiserCasts> = {
  label: 'advertiser',
  mailbox: ADVERTISER_MAILBOX,

  init: (context, self) => {
    const publisher = new Publisher(context, self as Process);
    publisher.begin();
    sweepLater(self as Process, publisher);
    return publisher;
  },

  handleCall: {
    retract: (_none, publisher, _self, from: From) => {
      publisher.retract(() => from.reply(true));
      return noReply(publisher);
    },
    status: (_none, publisher) => reply(publisher.status, publisher),
  },

  handleCast: {
    changed: (procedure, publisher) => {
      publisher.changed(procedure);
      return noReply(publisher);
    },
    moved: (_none, publisher) => {
      publisher.moved();
      return noReply(publisher);
    },
  },

  handleInfo: (message, publisher) => {
    publisher.onMessage(message);
    return noReply(publisher);
  },
};

/** Work, not a message: a full mailbox must not end it. */
function sweepLater(self: Process, publisher: Publisher): void {
  self.runtime.workAfter(SWEEP, self, () => {
    publisher.sweep();
    sweepLater(self, publisher);
  });
}
