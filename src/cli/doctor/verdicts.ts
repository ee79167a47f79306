/**
 * What the measurements of `espalier doctor` mean. Pure.
 */
export interface Verdict {
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Builds of the native library that exist; only the first is proven (TOOLS §8). */
const BUILDS: readonly string[] = ['linux-x64', 'darwin-x64', 'darwin-arm64', 'win32-x64'];
/** The glibc the Linux build was linked against. */
const GLIBC = '2.34';
/** Certificates and records cannot have been made before this; Unix milliseconds of 2025-01-01. */
const EARLIEST = 1_735_689_600_000;
/** Timers are whole milliseconds; a clock coarser than this spoils latencies. Milliseconds. */
const COARSE = 1;

export function nodeVersionVerdict(version: string, least: string): Verdict {
  return compareVersions(version, least) >= 0
    ? { status: 'ok', detail: `Node.js ${version}` }
    : { status: 'fail', detail: `Node.js ${version}`, hint: `Espalier needs Node.js ${least} or later` };
}

/** `libc` is `glibc <version>`, `musl`, or `none` outside Linux. */
export function platformVerdict(platform: string, arch: string, libc: string): Verdict {
  const detail = `${platform}-${arch}${libc === 'none' ? '' : `, ${libc}`}`;
  const hint = 'QUIC has no native build for it; actors, supervision and the in-memory transport work';
  if (!BUILDS.includes(`${platform}-${arch}`) || libc === 'musl') return { status: 'warn', detail, hint };
  const glibc = /^glibc (\S+)$/.exec(libc)?.[1];
  if (glibc !== undefined && compareVersions(glibc, GLIBC) < 0) {
    return { status: 'warn', detail, hint: `the native build of QUIC needs glibc ${GLIBC} or later` };
  }
  return platform === 'linux'
    ? { status: 'ok', detail }
    : { status: 'warn', detail, hint: 'a native build exists, but only linux-x64 is proven' };
}

/** `receive` and `send` as the system reports them: Linux doubles what is in force. */
export function udpBufferVerdict(platform: string, receive: number, send: number, wanted: number): Verdict {
  const divisor = platform === 'linux' ? 2 : 1;
  const least = Math.min(receive, send) / divisor;
  const detail = `receive ${kib(receive / divisor)}, send ${kib(send / divisor)} of ${kib(wanted)}`;
  if (least >= wanted) return { status: 'ok', detail };
  return {
    status: 'warn',
    detail,
    hint:
      platform === 'linux'
        ? `fewer losses under load with: sysctl -w net.core.rmem_max=${wanted} net.core.wmem_max=${wanted}`
        : 'raise the limits of UDP socket buffers: fewer losses under load',
  };
}

/** `wall` in Unix milliseconds, `tick` the smallest step of the monotonic clock in milliseconds. */
export function clockVerdict(wall: number, tick: number): Verdict {
  if (!Number.isFinite(wall) || wall < 0 || wall > 8.64e15) {
    return { status: 'fail', detail: 'the wall clock has no date', hint: 'set the clock of this machine' };
  }
  const date = new Intl.DateTimeFormat('en-CA', { timeZone: 'UTC' }).format(wall);
  if (wall < EARLIEST) {
    return { status: 'fail', detail: `it is ${date}`, hint: 'set the clock: certificates carry dates' };
  }
  if (tick < 0) return { status: 'fail', detail: 'the monotonic clock runs backwards' };
  const detail = `${date} UTC, monotonic steps of ${(tick * 1_000).toFixed(2)} µs`;
  return tick <= COARSE
    ? { status: 'ok', detail }
    : { status: 'warn', detail, hint: 'latencies will be rough' };
}

/** Negative, 0 or positive; missing parts are 0, and what follows a dash is ignored. */
export function compareVersions(one: string, other: string): number {
  const parts = (version: string): number[] => (version.split('-')[0] ?? '').split('.').map(Number);
  const [left, right] = [parts(one), parts(other)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const kib = (bytes: number): string => `${Math.round(bytes / 1_024)} KiB`;
