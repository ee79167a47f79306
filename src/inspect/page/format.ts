/** Figures as people read them. Pure; every width is bounded, so that columns do not move. */

const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** Up to four digits as they are, then `12.3K`. */
export function count(value: number): string {
  if (!Number.isFinite(value)) return '∞';
  return Math.abs(value) < 10_000 ? NUMBER.format(value) : COMPACT.format(value);
}

/** All digits, grouped. */
export const exact = (value: number): string => (Number.isFinite(value) ? NUMBER.format(value) : '∞');

/** Per second; nothing where nothing happens. */
export function rate(value: number): string {
  if (!(value > 0)) return '';
  return `${value < 10 ? value.toFixed(1) : count(value)}/s`;
}

/** Milliseconds as the two largest units: `3 d 4 h`, `1 min 5 s`, `1.2 s`, `35 ms`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '∞';
  if (ms < 0) return `−${duration(-ms)}`;
  if (ms < 1) return `${ms === 0 ? 0 : ms.toFixed(2)} ms`;
  if (ms < 10 && !Number.isInteger(ms)) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return two(seconds, 60, 'min', 1, 's');
  if (seconds < 86_400) return two(seconds, 3_600, 'h', 60, 'min');
  return two(seconds, 86_400, 'd', 3_600, 'h');
}

function two(seconds: number, large: number, name: string, small: number, rest: string): string {
  const left = Math.floor((seconds % large) / small);
  const head = `${Math.floor(seconds / large)} ${name}`;
  return left === 0 ? head : `${head} ${left} ${rest}`;
}

/** What is left, as a clock shows it: `3:04`, `1:02:03`, `over`. Milliseconds. */
export function countdown(ms: number): string {
  if (!(ms > 0)) return 'over';
  if (!Number.isFinite(ms)) return '∞';
  const seconds = Math.ceil(ms / 1_000);
  const [hours, minutes, rest] = [
    Math.floor(seconds / 3_600),
    Math.floor(seconds / 60) % 60,
    String(seconds % 60).padStart(2, '0'),
  ];
  return hours === 0 ? `${minutes}:${rest}` : `${hours}:${String(minutes).padStart(2, '0')}:${rest}`;
}

export function bytes(value: number): string {
  if (!Number.isFinite(value)) return '∞';
  if (value < 1_024) return `${Math.round(value)} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let scaled = value / 1_024;
  let unit = 0;
  while (scaled >= 1_024 && unit < units.length - 1) {
    scaled /= 1_024;
    unit += 1;
  }
  return `${scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} ${units[unit]}`;
}

/** A part of 1. */
export const percent = (part: number): string => `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`;

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});
const DAY = new Intl.DateTimeFormat('en-CA', { dateStyle: 'short', timeStyle: 'medium', hour12: false });

/** Time of day, with milliseconds, in the zone of the browser. */
export const clockTime = (at: number): string => (Number.isFinite(at) ? CLOCK.format(at) : '');
export const dayTime = (at: number): string => (Number.isFinite(at) ? DAY.format(at) : '');

/** How long before `now`: `now`, `35 s ago`. */
export function ago(at: number, now: number): string {
  const ms = now - at;
  if (ms < 1_000) return 'now';
  const seconds = Math.floor(ms / 1_000);
  return seconds < 60 ? `${seconds} s ago` : `${duration(1_000 * seconds)} ago`;
}

/** A kind and how much of it there is, as the inspector tells state and messages. */
export function typeAndSize(value: { readonly type: string; readonly size?: number }): string {
  return value.size === undefined ? value.type : `${value.type} (${count(value.size)})`;
}
