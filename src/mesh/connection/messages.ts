/**
 * What a connection's actor is told, and what it tells.
 */
import type { Process } from '../../actor/process.ts';
import type { CloseCode, CloseReason } from '../../transport/transport.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';

/** Sent to the watcher when the hello was accepted. */
export class Ready {
  readonly connection: Process;
  readonly peerId: string;
  constructor(connection: Process, peerId: string) {
    this.connection = connection;
    this.peerId = peerId;
  }
}

/** Sent to the watcher when the peer has proven who it is, by a connection that waits with its hello. */
export class Verified {
  readonly connection: Process;
  constructor(connection: Process) {
    this.connection = connection;
  }
}

/** Lets a connection that waits with its hello say it. */
export class Greet {
  readonly greet = true;
}

/** Sent to the watcher: the peer may be gone, or is there after all. */
export class Doubted {
  readonly connection: Process;
  /** `gone`: its address does not know us. `suspect`: it does not answer. `trusted`: it answers again. */
  readonly why: 'gone' | 'suspect' | 'trusted';
  /** Smoothed round trip in ms, 0 when unknown. */
  readonly rtt: number;
  constructor(connection: Process, why: Doubted['why'], rtt: number) {
    this.connection = connection;
    this.why = why;
    this.rtt = rtt;
  }
}

/** Asks a connection whether its peer answers; the watcher gets an `Answered`. */
export class Ask {
  /** Somebody else has answered meanwhile, so that it is not our line that is bad: the peer has less time. */
  readonly brief: boolean;
  constructor(brief: boolean) {
    this.brief = brief;
  }
}

/** Ends a connection whose peer answers none of its last questions. */
export class Check {
  readonly check = true;
}

export class Answered {
  readonly connection: Process;
  readonly alive: boolean;
  constructor(connection: Process, alive: boolean) {
    this.connection = connection;
    this.alive = alive;
  }
}

/** The answer to `Answered`: calls that are not sent yet, and new ones, go to this one; undefined: they are sent. */
export class Yield {
  readonly heir: Process | undefined;
  constructor(heir: Process | undefined) {
    this.heir = heir;
  }
}

/** Why a connection ended; its process's exit reason is `{ shutdown: Ended }`. */
export class Ended {
  readonly close: CloseReason;
  /** Why the peer or we refused the hello. */
  readonly refusal: RpcFailure | undefined;
  constructor(close: CloseReason, refusal: RpcFailure | undefined) {
    this.close = close;
    this.refusal = refusal;
  }
}

/** Asks a connection to finish and close. */
export class Drain {
  readonly timeout: number;
  readonly code: CloseCode;
  constructor(timeout: number, code: CloseCode) {
    this.timeout = timeout;
    this.code = code;
  }
}

/** Asks a connection to close now. */
export class Close {
  readonly code: CloseCode;
  /** What the peer is told beside the code. */
  readonly reason: string;
  constructor(code: CloseCode, reason: string = '') {
    this.code = code;
    this.reason = reason;
  }
}

/** The registry was restarted: what the peer registered is registered again. */
export class Replay {
  readonly replay = true;
}

/** The registry took everything of a peer that says goodbye: no new call follows what was sent before. */
export class Farewell {
  readonly farewell = true;
}

/** The peer pool was restarted: a connection that is ready says who it is. */
export class Introduce {
  readonly introduce = true;
}

/** The uplink was restarted: its successor wants to hear `Ready`, at once if that was long ago. */
export class Watch {
  readonly watcher: Process;
  constructor(watcher: Process) {
    this.watcher = watcher;
  }
}
