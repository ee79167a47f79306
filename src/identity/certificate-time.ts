/**
 * Strict reading of certificate dates into Unix milliseconds, as RFC 5280 §4.1.2.5 wants them written: UTCTime
 * `YYMMDDHHMMSSZ` for the years 1950 to 2049, GeneralizedTime `YYYYMMDDHHMMSSZ`.
 *
 * Pure, and without the date parser of the language, which accepts nearly anything (TRANSPORT §4).
 */

/** Milliseconds per day. */
const DAY = 86_400_000;

/** A UTCTime with this year or a later one is of the last century. */
const CENTURY_TURN = 50;

const FORM = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

/** Unix milliseconds of a date; undefined when it is not one, day and hour included. */
export function certificateTime(form: 'utc' | 'generalized', text: string): number | undefined {
  const century = Number(text.slice(0, 2)) < CENTURY_TURN ? '20' : '19';
  const parts = FORM.exec(form === 'utc' ? `${century}${text}` : text);
  if (parts === null) return undefined;
  const [year, ordinal, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const month = ordinal - 1;
  if (month < 0 || month > 11 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return daysBefore(year, month, day) * DAY + ((hour * 60 + minute) * 60 + second) * 1_000;
}

const leap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function daysIn(year: number, month: number): number {
  if (month === 1) return leap(year) ? 29 : 28;
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31;
}

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar. `month` counts from 0. */
function daysBefore(year: number, month: number, day: number): number {
  const past = year - 1;
  let days = past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) - 719_162;
  for (let before = 0; before < month; before++) days += daysIn(year, before);
  return days + day - 1;
}
