/**
 * Which inbound connections may start (DESIGN §8, SECURITY §13, TRANSPORT §9).
 *
 * Pure bookkeeping: totals, counts per holder of an address (IPv4: the address, IPv6: its /64), and how fast they
 * come. A link is half-open until its peer is admitted: with the hello where there is one, else with the judged
 * certificate. Loopback is exempt from everything that is counted per address, and from the rates. All that comes through
 * relays is one holder, with a share of what there is: sessions cost nothing, and nobody knows who is behind them.
 */
import { addressClass, addressHolder, type AddressClass } from './address.ts';
import { wayOf } from './way.ts';

/** Inbound links per holder: from a private range, and from a public one. */
const LINKS_PER_HOLDER = 256;
/** Inbound links per public holder that are not admitted yet. */
const HALF_OPEN_PER_PUBLIC_HOLDER = 16;

/**
 * Links that may start per second and holder, once its burst is used up: a burst is what may be there at once. A
 * whole office behind one address is back 15 s after a restart, for less than a hundredth of a core.
 */
const RATE: Readonly<Record<Exclude<AddressClass, 'loopback'>, Rate>> = {
  public: { perSecond: 16, burst: HALF_OPEN_PER_PUBLIC_HOLDER },
  private: { perSecond: 50, burst: LINKS_PER_HOLDER },
};

const UNLIMITED: Rate = { perSecond: Infinity, burst: Infinity };

/** Of the half-open links in total, and of the accept rate, what relayed links may use together. */
const RELAYED_SHARE = 1 / 4;
/** The holder of all relayed addresses. */
const RELAYED = 'relayed';

type Kind = AddressClass | 'relayed';

const SECOND = 1_000;

/** Holders looked at whenever one comes or goes. */
const LOOKS = 16;

interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What one holder may have. */
interface Allowance {
  readonly links: number;
  readonly halfOpen: number;
  readonly rate: Rate;
}

interface Count {
  links: number;
  halfOpen: number;
  readonly bucket: Bucket;
}

export type AdmissionRefusal =
  'too_many_links' | 'too_many_half_open' | 'too_many_per_address' | 'too_fast' | 'too_fast_per_address';

export interface AdmissionOptions {
  /** Links in total. */
  readonly links: number;
  /** Inbound links in total that are not admitted yet. */
  readonly halfOpen: number;
  /**
   * Inbound links that may start per second, all addresses but loopback together; a second's worth at once.
   * Undefined: rates are not limited, per holder neither.
   */
  readonly acceptRate?: number | undefined;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #allowances: Readonly<Record<Kind, Allowance>>;
  readonly #holders = new Map<string, Count>();
  readonly #bucket: Bucket;
  #halfOpen = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { halfOpen, acceptRate = Infinity } = options;
    const rate = Math.ceil(acceptRate * RELAYED_SHARE);
    this.#allowances = {
      loopback: { links: Infinity, halfOpen: Infinity, rate: UNLIMITED },
      private: { links: LINKS_PER_HOLDER, halfOpen: Infinity, rate: RATE.private },
      public: { links: LINKS_PER_HOLDER, halfOpen: HALF_OPEN_PER_PUBLIC_HOLDER, rate: RATE.public },
      relayed: {
        links: Infinity,
        halfOpen: Math.ceil(halfOpen * RELAYED_SHARE),
        rate: { perSecond: rate, burst: rate },
      },
    };
    this.#bucket = new Bucket({ perSecond: acceptRate, burst: acceptRate });
  }

  /** Inbound links whose peers are not admitted yet. */
  get halfOpen(): number {
    return this.#halfOpen;
  }

  /** Holders that are remembered: those with inbound links, and those that came too recently. */
  get addresses(): number {
    return this.#holders.size;
  }

  /**
   * Why an inbound connection from `host` may not start at clock time `now`; undefined when it may. `links` counts
   * all.
   */
  refusal(host: string, links: number, now: number): AdmissionRefusal | undefined {
    if (links >= this.#options.links) return 'too_many_links';
    if (this.#halfOpen >= this.#options.halfOpen) return 'too_many_half_open';
    const kind = kindOf(host);
    if (kind === 'loopback') return undefined;
    if (this.#bucket.level(now) < 1) return 'too_fast';
    const count = this.#holders.get(holderOf(host));
    if (count === undefined) return undefined;
    const { links: most, halfOpen } = this.#allowances[kind];
    if (count.links >= most || count.halfOpen >= halfOpen) return 'too_many_per_address';
    return count.bucket.level(now) < 1 ? 'too_fast_per_address' : undefined;
  }

  started(host: string, now: number): void {
    this.#halfOpen++;
    const kind = kindOf(host);
    if (kind === 'loopback') return;
    this.#bucket.take(now);
    const holder = holderOf(host);
    let count = this.#holders.get(holder);
    if (count === undefined) {
      this.#forget(now);
      const rate = this.#options.acceptRate === undefined ? UNLIMITED : this.#allowances[kind].rate;
      count = { links: 0, halfOpen: 0, bucket: new Bucket(rate) };
      this.#holders.set(holder, count);
    }
    count.links++;
    count.halfOpen++;
    count.bucket.take(now);
  }

  /** The peer is admitted, or the link ended before. */
  settled(host: string): void {
    this.#halfOpen--;
    const count = this.#holders.get(holderOf(host));
    if (count !== undefined) count.halfOpen--;
  }

  /** The link is gone. `settled` came before. */
  ended(host: string, now: number): void {
    const count = this.#holders.get(holderOf(host));
    if (count === undefined) return;
    count.links--;
    this.#forget(now);
  }

  /** Drops holders without links whose bucket is full again. Looks at a few, and at others the next time. */
  #forget(now: number): void {
    const first = [];
    for (const entry of this.#holders) if (first.push(entry) === LOOKS) break;
    for (const [holder, count] of first) {
      this.#holders.delete(holder);
      if (count.links > 0 || !count.bucket.full(now)) this.#holders.set(holder, count);
    }
  }
}

const isRelayed = (host: string): boolean => wayOf({ host, port: 0 }) === 'relay';

const kindOf = (host: string): Kind => (isRelayed(host) ? 'relayed' : addressClass(host));

const holderOf = (host: string): string => (isRelayed(host) ? RELAYED : addressHolder(host));

/** What may still start, refilled with time. */
class Bucket {
  readonly #rate: Rate;
  #level: number;
  #at = -Infinity;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#level = rate.burst;
  }

  level(now: number): number {
    if (this.#at === -Infinity || this.#rate.burst === Infinity) return this.#rate.burst;
    const gained = ((now - this.#at) / SECOND) * this.#rate.perSecond;
    return Math.min(this.#rate.burst, this.#level + gained);
  }

  full(now: number): boolean {
    return this.level(now) >= this.#rate.burst;
  }

  take(now: number): void {
    this.#level = Math.max(0, this.level(now) - 1);
    this.#at = now;
  }
}
