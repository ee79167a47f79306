/** Which ways to each peer were tried: what failed and how long that took, and which won. Pure. */
import { badge, chips, columns, node, NOTHING, row, span, table, text, when } from './cells.ts';
import { duration } from './format.ts';
import type { Read, Reader } from './reader.ts';
import type { Cell, Chip, Section, Times, Tone } from './sections.ts';
import { unknown } from './unknown.ts';

interface Step {
  readonly at: number;
  readonly step: string;
  readonly where: string;
  readonly outcome: string;
  readonly why: string;
  readonly ms: number;
}

/** Steps that begin so long after the others have ended belong to another try. Milliseconds. */
const PAUSE = 30_000;

/** Of a station. */
const ID = /^[0-9a-f]{64}$/;

export const STEPS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    dial: 'direct',
    relay: 'relay',
    punch: 'hole punch',
  }),
);
const OUTCOMES: ReadonlyMap<string, readonly [said: string, sign: string, tone: Tone]> = new Map(
  Object.entries({
    won: ['won', '✓', 'good'],
    failed: ['failed', '✕', 'bad'],
    given_up: ['given up', '–', 'plain'],
  }),
);

export function waysOf({ rows, more }: Read, times: Times): readonly Section[] {
  const shown = rows.map((tried, index) => {
    const peer = tried.node('peer');
    const won = tried.text('won');
    const steps = tried.rows('steps').rows.map(stepOf);
    const last = lastTry(steps);
    const lost = last.reduce((sum, { outcome, ms }) => (outcome === 'failed' ? sum + ms : sum), 0);
    return row(
      peer?.id ?? `address ${last[0]?.where ?? index}`,
      [
        node(peer, 'nobody has proven to be there'),
        won === '' ? badge('none yet', 'bad') : badge(STEPS.get(won) ?? won, 'good'),
        chips(last.map(chipOf)),
        lost === 0 ? NOTHING : span(lost),
        when(last.at(-1)?.at ?? null, times.at),
      ],
      [stepsOf(steps, last, times), ...unknown('', tried, times.at)],
    );
  });
  const names = columns(
    'Peer',
    'Won',
    'Last try, step by step',
    '#Lost on failures|what the steps that failed took, added up',
    'When',
  );
  const none = 'No way to a peer was tried yet: nobody was dialed.';
  return [table({ title: 'Ways to peers', columns: names, none }, shown, more)];
}

const stepOf = (step: Reader): Step => ({
  at: step.count('at'),
  step: step.text('step'),
  where: step.text('where'),
  outcome: step.text('outcome'),
  why: step.text('why'),
  ms: Math.max(0, step.count('ms')),
});

/** Steps of one try come close together; of those before nobody asks at a glance. */
export function lastTry(steps: readonly Step[]): readonly Step[] {
  const all = steps.toSorted((a, b) => a.at - b.at);
  let begin = Math.max(0, all.length - 1);
  let from = begunAt(all[begin]);
  while (begin > 0) {
    const before = all[begin - 1];
    if (before === undefined || from - before.at > PAUSE) break;
    begin -= 1;
    from = Math.min(from, begunAt(before));
  }
  return all.slice(begin);
}

const begunAt = (step: Step | undefined): number => (step === undefined ? 0 : step.at - step.ms);

function chipOf({ step, outcome, ms, why, where }: Step): Chip {
  const [said, sign, tone] = OUTCOMES.get(outcome) ?? [outcome, '', 'plain'];
  const name = STEPS.get(step) ?? step;
  const reason = why === '' ? '' : `: ${why}`;
  return {
    text: `${name} ${sign} ${duration(ms)}`,
    tone,
    title: `${name} ${said} after ${duration(ms)}, ${where}${reason}`,
  };
}

function stepsOf(steps: readonly Step[], last: readonly Step[], times: Times): Section {
  const begun = Math.min(...last.map(({ at, ms }) => at - ms));
  const whole = Math.max(1, Math.max(...last.map(({ at }) => at)) - begun);
  const recent = new Set(last);
  const rows = steps.toReversed().map((step, index) => {
    const { at, ms, outcome, where, why } = step;
    const [said, , tone] = OUTCOMES.get(outcome) ?? [outcome, '', 'plain'];
    const took: Cell = recent.has(step)
      ? {
          ...span(ms),
          look: { tag: 'lane', from: (at - ms - begun) / whole, to: (at - begun) / whole, tone },
        }
      : span(ms);
    return row(`${at} ${step.step} ${steps.length - index}`, [
      text(STEPS.get(step.step) ?? step.step),
      badge(said, tone),
      took,
      text(why),
      ID.test(where) ? text(where.slice(0, 16), where) : text(where),
      when(at, times.at),
    ]);
  });
  const names = columns('Step', 'Outcome', '#Took', 'Why', 'Where', 'Ended');
  return table({ title: 'Steps, newest first', columns: names, none: 'No step has ended yet.' }, rows, 0);
}
