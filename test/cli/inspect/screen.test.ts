/** The live view as lines: they fit any terminal, nothing a peer calls itself steers it, and the order is what was asked for. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entriesOf } from '../../../src/cli/inspect/entries.ts';
import { plain, widthOf } from '../../../src/cli/inspect/line.ts';
import type { Model } from '../../../src/cli/inspect/model.ts';
import { screenOf, type Size, type Status } from '../../../src/cli/inspect/screen.ts';
import type { View } from '../../../src/cli/inspect/view.ts';
import { modelOf, rowOf, SMALL, type Fields } from './rows.ts';

const VIEW: View = { mode: 'tree', sort: undefined, filter: '', typing: false, paused: false, top: 0 };
const STATUS: Status = { startedAt: 4_000, pid: 7, age: 1_000, crashes: 0, more: false };
const SIZE: Size = { columns: 80, rows: 24 };

const linesOf = (
  model: Model,
  view: Partial<View> = {},
  status: Partial<Status> = {},
  size = SIZE,
): string[] => screenOf(model, { ...VIEW, ...view }, { ...STATUS, ...status }, size).lines.map(plain);

/** The first word of each row, without its branches. */
const namesOf = (model: Model, view: Partial<View> = {}, limits = {}): readonly string[] =>
  entriesOf(model, { ...VIEW, ...view }, limits).map(({ row }) => row.name);

const BUSY: readonly Fields[] = [
  rowOf('node', null),
  rowOf('calm', 'node', { rate: { in: 5, handled: 5 } }),
  rowOf('branch', 'node', { after: 'calm' }),
  rowOf('leaf', 'branch', { mailbox: { length: 9, max: 10, dropped: 0 }, rate: { in: 1, handled: 1 } }),
  rowOf('again', 'node', { after: 'branch', counters: { in: 0, handled: 0, restarts: 2 } }),
  rowOf('inspector', 'node', { after: 'again', busy: false, rate: { in: 99, handled: 99 } }),
];

describe('the screen', () => {
  test('in 80 columns has header, branches, every column but the kind, and the keys', () => {
    const lines = linesOf(modelOf(SMALL));
    expect(lines).toHaveLength(24);
    expect(lines.slice(0, 9).map((line) => line.trimEnd())).toEqual([
      'espalier https://127.0.0.1:9443  up 7 s  pid 7                              live',
      'actors 5   crashes 0   in 0/s   handled 0/s   waiting 0',
      'NAME                           ID        STATUS      MAILBOX     MSG/S  RESTARTS',
      'node                           node      running           0         0         0',
      '├─ a                           a         running           0         0         0',
      '│  ├─ a1                       a1        running           0         0         0',
      '│  └─ a2                       a2        running           0         0         0',
      '└─ b                           b         running           0         0         0',
      '',
    ]);
    expect(lines.at(-1)).toBe(
      'q quit  m/r/s/n sort  t list  p pause  / filter                         1-5 of 5',
    );
  });

  test('says when it is paused and when nobody answers, however narrow it is', () => {
    const model = modelOf(SMALL);
    for (const columns of [20, 40, 80, 200]) {
      const size = { columns, rows: 10 };
      expect(linesOf(model, { paused: true }, {}, size)[0]).toMatch(/paused$/);
      const [title, why] = linesOf(model, {}, { lost: 'nothing listens there' }, size);
      expect(title).toMatch(/not connected$/);
      expect(why).toMatch(/^nothing listens/);
    }
  });

  test('tells of the last crash, where there is room for it', () => {
    const lastCrash = {
      at: 8_000,
      path: 'handlers/users',
      reason: 'TypeError',
      decision: 'restarted',
      restarts: 2,
    };
    const status = { crashes: 200, more: true, lastCrash };
    const [, facts, crash] = linesOf(modelOf(SMALL), {}, status);
    expect([facts, crash]).toEqual([
      'actors 5   crashes 200+   in 0/s   handled 0/s   waiting 0',
      'last crash 3 s ago  handlers/users: TypeError  restarted, 2 in the window',
    ]);
    expect(linesOf(modelOf(SMALL), {}, status, { columns: 80, rows: 9 }).join()).not.toContain('last crash');
  });

  test('of a crash a narrow one tells the end of the path and why, also of a very deep one', () => {
    const crash = (path: string): string | undefined =>
      linesOf(
        modelOf(SMALL),
        {},
        {
          crashes: 1,
          lastCrash: { at: 8_000, path, reason: 'TypeError', decision: 'restarted', restarts: 1 },
        },
        { columns: 40, rows: 10 },
      )[2];
    expect(crash('handlers/users')).toBe('crash 3 s ago  handlers/users: TypeError');
    expect(crash('handlers/users.manage/Invocation')).toBe('crash 3 s ago  …ge/Invocation: TypeError');
    expect(crash(`${'deep/'.repeat(100)}leaf`)).toBe('crash 3 s ago  …eep/deep/leaf: TypeError');
  });

  test('says of the last crash what its supervisor did, in its own words, and of what nobody knows nothing', () => {
    const told = (decision: string, restarts: number): string | undefined => {
      const lastCrash = { at: 8_000, path: 'a', reason: 'TypeError', decision, restarts };
      return linesOf(modelOf(SMALL), {}, { lastCrash })[2]
        ?.replace('last crash 3 s ago  a: TypeError', '')
        .trim();
    };
    expect([
      told('restarted', 1),
      told('given_up', 3),
      told('not_restarted', 0),
      told('', 0),
      told('constructor', 5),
      told('<b>mine', 5),
    ]).toEqual([
      'restarted, 1 in the window',
      'its supervisor gave up, 3 in the window',
      'not restarted',
      '',
      '',
      '',
    ]);
  });

  test('a wide one tells what is sent, crashes, and what is handled just now, for how long', () => {
    const rows = [
      rowOf('node', null),
      rowOf('a', 'node', {
        counters: { in: 0, out: 9, handled: 0, crashes: 4, restarts: 3 },
        rate: { in: 0, out: 1.5, handled: 0, crashes: 0, restarts: 0 },
        currentMessage: { type: 'call look\u001bup', forMs: 350 },
      }),
      rowOf('b', 'node', { after: 'a', currentMessage: { type: 'info', forMs: 65_000 } }),
      // of an older node, or of nobody who means well
      rowOf('c', 'node', { after: 'b', currentMessage: null, counters: {}, rate: 5 }),
      rowOf('d', 'node', { after: 'c', currentMessage: { type: 5, forMs: 'x' } }),
    ];
    const [heading, , ...lines] = linesOf(modelOf(rows), {}, {}, { columns: 150, rows: 12 }).slice(2, 8);
    const at = (line: string | undefined, name: string): string | undefined => {
      const end = (heading ?? '').indexOf(name) + name.length;
      return line?.slice(0, end).split(/ {2,}/).at(-1)?.trim();
    };
    expect(lines.slice(0, 4).map((line) => [at(line, 'OUT/S'), at(line, 'CRASHES')])).toEqual([
      ['1.5', '4'],
      ['0', '0'],
      ['0', '0'],
      ['0', '0'],
    ]);
    expect(lines.slice(0, 4).map((line) => line.slice(heading?.indexOf('HANDLING')).trim())).toEqual([
      'call look\ufffdup 350 ms',
      'info 1 min 5 s',
      '',
      '',
    ]);
  });

  test('a narrow one leaves out columns, last the one it is sorted by', () => {
    const headings = (columns: number, sort?: View['sort']): readonly string[] =>
      (linesOf(modelOf(SMALL), { sort }, {}, { columns, rows: 10 })[2] ?? '').split(/ +/).filter(Boolean);
    expect(headings(140).join(' ')).toBe('NAME ID KIND STATUS MAILBOX MSG/S OUT/S RESTARTS CRASHES HANDLING');
    expect(headings(100)).toEqual(['NAME', 'ID', 'KIND', 'STATUS', 'MAILBOX', 'MSG/S', 'RESTARTS']);
    expect(headings(60)).toEqual(['NAME', 'MAILBOX', 'MSG/S', 'RESTARTS']);
    expect(headings(40)).toEqual(['NAME', 'MAILBOX', 'MSG/S']);
    expect(headings(40, 'restarts')).toEqual(['NAME', 'MAILBOX', 'RESTARTS']);
    expect(headings(31, 'restarts')).toEqual(['NAME', 'RESTARTS']);
    expect(headings(20)).toEqual(['NAME']);
  });

  test('scrolled beyond the end it shows the last page', () => {
    const rows = [
      rowOf('node', null),
      ...Array.from({ length: 30 }, (_, index) =>
        rowOf(`n${index}`, 'node', { after: index === 0 ? null : `n${index - 1}` }),
      ),
    ];
    const screen = screenOf(modelOf(rows), { ...VIEW, top: 1_000 }, STATUS, { columns: 80, rows: 10 });
    expect([screen.top, screen.page, screen.total]).toEqual([25, 6, 31]);
    expect(plain(screen.lines[8] ?? [])).toMatch(/^└─ n29 /);
    expect(plain(screen.lines[9] ?? [])).toMatch(/26-31 of 31$/);
  });

  test('who comes and goes with a long id moves no column', () => {
    const long = rowOf('<0.1234567890>', 'node', { after: 'b', name: 'zzz' });
    const shown = (rows: readonly Fields[]): string | undefined =>
      linesOf(modelOf(rows), { filter: 'a1', mode: 'list' })[2];
    expect(shown([...SMALL, long])).not.toBe(shown(SMALL));
    const listed = linesOf(modelOf([...SMALL, long]), { mode: 'list' }, {}, { columns: 80, rows: 6 });
    expect(listed[2]).toBe(shown([...SMALL, long]));
  });

  test('a filter that matches nothing says so', () => {
    expect(linesOf(modelOf(SMALL), { filter: 'zzz' }).join('\n')).toContain('nothing matches the filter');
  });

  test('names cannot move the cursor, color the screen, turn the text around or break a line', () => {
    const hostile = [
      '\u001b[2J\u001b[31mred',
      '\u009b2J',
      'a\nb\rc\td',
      '\u202egnp.exe',
      '\u2066x\u2069',
      '\u0000\u0007\u0008',
      '\ud800',
      '\u2028\u2029',
      'x'.repeat(1_000_000),
      'e\u0301'.repeat(1_000),
      '字'.repeat(200),
    ];
    const rows = [
      rowOf('node', null, { name: hostile[0], status: hostile[0], type: hostile[1] }),
      ...hostile.map((name, index) =>
        rowOf(`n${index}${name.slice(0, 100)}`, 'node', { name, details: { [name.slice(0, 9)]: name } }),
      ),
    ];
    const lastCrash = {
      at: 1,
      path: hostile[0] ?? '',
      reason: hostile[3] ?? '',
      decision: hostile[0] ?? '',
      restarts: 1,
    };
    for (const mode of ['tree', 'list'] as const) {
      const { lines } = screenOf(
        modelOf(rows),
        { ...VIEW, mode, filter: '' },
        { ...STATUS, lastCrash },
        { columns: 300, rows: 40 },
      );
      for (const line of lines) expect(plain(line)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }
    const typed = screenOf(modelOf(SMALL), { ...VIEW, filter: '\u001b[2J', typing: true }, STATUS, SIZE);
    expect(plain(typed.lines.at(-1) ?? [])).not.toContain('\u001b');
  });

  test('whatever the tree and however small the terminal, no line is wider and there are no more of them', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 90 });
    const anyRows = fc.array(fc.tuple(name, fc.nat(50), fc.double()), { maxLength: 30 }).map((given) =>
      given.map(([label, place, rate], index) =>
        rowOf(`<0.${index}>`, index === 0 ? null : `<0.${place % index}>`, {
          name: label,
          after: null,
          status: label.slice(0, 30),
          rate: { in: rate, handled: rate },
          counters: { in: 0, handled: 0, restarts: place },
        }),
      ),
    );
    const anyView = fc.record({
      mode: fc.constantFrom('tree' as const, 'list' as const),
      sort: fc.constantFrom(
        'mailbox' as const,
        'rate' as const,
        'restarts' as const,
        'name' as const,
        undefined,
      ),
      filter: fc.string({ maxLength: 4 }),
      typing: fc.boolean(),
      paused: fc.boolean(),
      top: fc.nat(40),
    });
    const anyStatus = fc.record(
      { crashes: fc.nat(300), lost: name, startedAt: fc.nat(), pid: fc.nat() },
      { requiredKeys: ['crashes', 'startedAt', 'pid'] },
    );
    fc.assert(
      fc.property(
        anyRows,
        anyView,
        anyStatus,
        fc.nat(140),
        fc.nat(30),
        (rows, view, status, columns, height) => {
          const { lines } = screenOf(modelOf(rows), view, { age: 0, more: false, ...status } as Status, {
            columns,
            rows: height,
          });
          expect(lines.length).toBeLessThanOrEqual(height);
          for (const line of lines) expect(widthOf(plain(line))).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});

describe('entries', () => {
  test('as a list each stands for itself, the busiest first, the inspector last', () => {
    const model = modelOf(BUSY);
    const list = { mode: 'list' } as const;
    expect(namesOf(model, { ...list, sort: 'mailbox' })[0]).toBe('leaf');
    expect(namesOf(model, { ...list, sort: 'rate' }).slice(0, 2)).toEqual(['calm', 'leaf']);
    expect(namesOf(model, { ...list, sort: 'rate' }).at(-1)).toBe('inspector');
    expect(namesOf(model, { ...list, sort: 'restarts' })[0]).toBe('again');
    // by their paths: the leaf is below its branch
    expect(namesOf(model, { ...list, sort: 'name' })).toEqual([
      'again',
      'branch',
      'leaf',
      'calm',
      'inspector',
      'node',
    ]);
    expect(namesOf(model, list)).toEqual(BUSY.map(({ name }) => name));
  });

  test('as a tree a busy leaf brings its branch up, and children stay below their parents', () => {
    const model = modelOf(BUSY);
    expect(namesOf(model, { sort: 'mailbox' }).slice(0, 3)).toEqual(['node', 'branch', 'leaf']);
    expect(namesOf(model, { sort: 'restarts' }).slice(0, 2)).toEqual(['node', 'again']);
    expect(namesOf(model, { sort: 'rate' })).toEqual([
      'node',
      'calm',
      'branch',
      'leaf',
      'again',
      'inspector',
    ]);
  });

  test('a limit of depth counts what it leaves out; a root shows what is below it', () => {
    const model = modelOf(SMALL);
    const shown = entriesOf(model, VIEW, { depth: 1 });
    expect(shown.map(({ row, hidden }) => [row.name, hidden])).toEqual([
      ['node', 0],
      ['a', 2],
      ['b', 0],
    ]);
    expect(namesOf(model, {}, { root: 'a' })).toEqual(['a', 'a1', 'a2']);
    expect(namesOf(model, {}, { root: 'nobody' })).toEqual([]);
  });

  test('a filter finds names, paths and ids in any case, in a tree with those above them', () => {
    const model = modelOf(SMALL);
    expect(namesOf(model, { filter: 'A2' })).toEqual(['node', 'a', 'a2']);
    expect(namesOf(model, { filter: 'a2', mode: 'list' })).toEqual(['a2']);
    expect(namesOf(model, { filter: 'a/a1', mode: 'list' })).toEqual(['a1']);
  });

  test('a tree as deep as its actors needs no stack', () => {
    const deep = Array.from({ length: 20_000 }, (_, index) =>
      rowOf(`n${index}`, index === 0 ? null : `n${index - 1}`),
    );
    expect(entriesOf(modelOf(deep), { ...VIEW, sort: 'rate' }, {})).toHaveLength(257);
  });
});
