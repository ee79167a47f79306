/**
 * Sessions of the page: what a browser holds in place of the token (SECURITY §11). Pure but for the table.
 *
 * Each has two halves. The secret is a cookie: no script sees it, but browsers send it to every port of the host, so other servers of this
 * machine do. The key is kept by the page, in the storage of its origin, to which the port belongs: no other server sees it. Neither
 * is worth anything without the other, nor after the node has ended, nor anywhere else; the token is made of neither.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '../../actor/random.ts';

/** Both halves, as they are told once. */
export interface Halves {
  readonly secret: string;
  readonly key: string;
}

export interface Session {
  readonly key: Buffer;
  /** Answers that it is being given: a stream may be open for days. */
  open: number;
  /** When the last of them began or ended, clock milliseconds. */
  seen: number;
}

/** Bytes of each half. */
const HALF = 24;
/** Sessions at once: beyond that the one goes that was not seen for longest. Those that are given an answer stay: answers have a bound. */
const SESSIONS = 32;
/** Milliseconds after which one that was not seen is over. */
const UNSEEN = 43_200_000;
/** Characters of a half that are looked at. */
const LONGEST = 256;

export class Sessions {
  /** By the digest of their secrets: how long a search takes tells nothing of them. */
  readonly #sessions = new Map<string, Session>();

  get size(): number {
    return this.#sessions.size;
  }

  open(random: Random, now: number): Halves {
    this.#forget(now);
    const half = (): string => Buffer.from(random.bytes(HALF)).toString('base64url');
    const halves = { secret: half(), key: half() };
    this.#sessions.set(digest(halves.secret).toString('hex'), {
      key: digest(halves.key),
      open: 0,
      seen: now,
    });
    return halves;
  }

  /** @param secrets all that a browser has sent under the name of ours. */
  find(secrets: readonly string[], now: number): Session | undefined {
    for (const secret of secrets) {
      if (secret.length > LONGEST) continue;
      const session = this.#sessions.get(digest(secret).toString('hex'));
      if (session !== undefined && !isOver(session, now)) return session;
    }
    return undefined;
  }

  /** Ends all of them: every page has to be opened by its link again. */
  clear(): void {
    this.#sessions.clear();
  }

  /** Makes room for one. */
  #forget(now: number): void {
    let oldest: readonly [string, Session] | undefined;
    for (const entry of this.#sessions) {
      const [name, session] = entry;
      if (isOver(session, now)) this.#sessions.delete(name);
      else if (session.open === 0 && (oldest === undefined || session.seen < oldest[1].seen)) oldest = entry;
    }
    if (oldest !== undefined && this.#sessions.size >= SESSIONS) this.#sessions.delete(oldest[0]);
  }
}

const isOver = ({ open, seen }: Session, now: number): boolean => open === 0 && now - seen > UNSEEN;

/** It is being given an answer; to be called again, with -1, when that has ended. */
export function uses(session: Session, by: 1 | -1, now: number): void {
  session.open += by;
  session.seen = now;
}

/** Whether that is the other half of it. In the same time, however much of it is right. */
export const unlocks = (key: string | undefined, session: Session): boolean =>
  key !== undefined && key.length <= LONGEST && timingSafeEqual(digest(key), session.key);

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
