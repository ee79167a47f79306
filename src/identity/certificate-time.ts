/**
 * Strict reading of certificate dates, as `X509Certificate.validFrom` and `validTo` print them
 * ("Sep  5 12:00:00 2034 GMT"), into Unix milliseconds.
 *
 * Pure, and without the date parser of the language, which accepts nearly anything (TRANSPORT §4).
 */

const MONTHS: readonly string[] = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
];

/** Milliseconds per day. */
const DAY = 86_400_000;

const FORM = /^([A-Z][a-z]{2}) ([ 1-3]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4}) GMT$/;

/** Unix milliseconds of a printed certificate date; undefined when it is not one, day and hour included. */
export function certificateTime(text: string): number | undefined {
  const parts = FORM.exec(text);
  if (parts === null) return undefined;
  const month = MONTHS.indexOf(parts[1] ?? '');
  const [day, hour, minute, second, year] = parts.slice(2).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 0 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return daysBefore(year, month, day) * DAY + ((hour * 60 + minute) * 60 + second) * 1_000;
}

const leap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function daysIn(year: number, month: number): number {
  if (month === 1) return leap(year) ? 29 : 28;
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31;
}

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
function daysBefore(year: number, month: number, day: number): number {
  const past = year - 1;
  let days = past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) - 719_162;
  for (let before = 0; before < month; before++) days += daysIn(year, before);
  return days + day - 1;
}
