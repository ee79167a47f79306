/**
 * What a node that relays keeps account of: its sessions, and how much may pass per second. Pure; times are clock ms.
 *
 * A session ends when nothing passed for 30 minutes. What passes takes tokens, one per byte, of a bucket that holds one
 * second's worth. Source: SPEC §8.6.
 */
const MAX_SESSIONS = 100;
export const SESSION_IDLE = 1_800_000;
/** Bytes per second. */
const RATE = 1_048_576;

export interface RelayNodeOptions {
  readonly enabled: boolean;
  /** Default 100. */
  readonly max?: number;
  /** Bytes per second; default 1 MiB. */
  readonly rate?: number;
}

export type RelayRequested =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: { readonly tag: 'relay_not_enabled' | 'max_sessions_reached' } };

export interface RelayNodeStats {
  readonly active: number;
  /** Sessions ever, bytes that passed, bytes that were refused. */
  readonly total: number;
  readonly bytes: number;
  readonly refused: number;
}

export class RelayNode {
  enabled: boolean;
  /** When something last passed, by session. */
  readonly #sessions = new Map<string, number>();
  readonly #max: number;
  readonly #rate: number;
  #tokens: number;
  #filledAt = -Infinity;
  #total = 0;
  #bytes = 0;
  #refused = 0;

  constructor({ enabled, max = MAX_SESSIONS, rate = RATE }: RelayNodeOptions) {
    this.enabled = enabled;
    this.#max = max;
    this.#rate = rate;
    this.#tokens = rate;
  }

  request(session: string, now: number): RelayRequested {
    if (!this.enabled) return { ok: false, error: { tag: 'relay_not_enabled' } };
    if (!this.#sessions.has(session)) {
      if (this.#sessions.size >= this.#max) return { ok: false, error: { tag: 'max_sessions_reached' } };
      this.#total++;
    }
    this.#sessions.set(session, now);
    return { ok: true };
  }

  close(session: string): void {
    this.#sessions.delete(session);
  }

  /** Whether these bytes may pass now. */
  pass(session: string, bytes: number, now: number): boolean {
    this.#tokens = Math.min(
      this.#rate,
      this.#tokens + (Math.max(0, now - this.#filledAt) * this.#rate) / 1_000,
    );
    this.#filledAt = now;
    if (!this.#sessions.has(session) || bytes > this.#tokens) {
      this.#refused += bytes;
      return false;
    }
    this.#tokens -= bytes;
    this.#bytes += bytes;
    this.#sessions.set(session, now);
    return true;
  }

  /** Ends what nothing passed on for too long; says which. */
  expire(now: number): readonly string[] {
    const over = [...this.#sessions].filter(([, at]) => now - at >= SESSION_IDLE).map(([session]) => session);
    for (const session of over) this.#sessions.delete(session);
    return over;
  }

  stats(): RelayNodeStats {
    return { active: this.#sessions.size, total: this.#total, bytes: this.#bytes, refused: this.#refused };
  }
}
