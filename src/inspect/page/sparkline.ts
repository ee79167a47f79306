/** The last minute of a figure as a line. */
import { el, setText, svg } from './element.ts';
import { rate } from './format.ts';

const SAMPLES = 120;
const WIDTH = 240;
const HEIGHT = 36;

export class Sparkline {
  readonly element: HTMLElement;
  readonly #line = svg('polyline', { class: 'spark-line' });
  readonly #area = svg('polygon', { class: 'spark-area' });
  readonly #now = el('span', 'spark-now');
  readonly #peak = el('span', 'spark-peak');
  #values: number[] = [];

  constructor() {
    const picture = svg('svg', {
      class: 'spark',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    });
    picture.append(this.#area, this.#line);
    this.element = el('div', 'spark-box', picture, el('div', 'spark-text', this.#now, this.#peak));
    this.#draw();
  }

  clear(): void {
    this.#values = [];
    this.#draw();
  }

  add(value: number): void {
    this.#values.push(value);
    if (this.#values.length > SAMPLES) this.#values.shift();
    this.#draw();
  }

  #draw(): void {
    const values = this.#values;
    const peak = Math.max(1, ...values);
    const from = WIDTH - ((values.length - 1) * WIDTH) / (SAMPLES - 1);
    const points = values.map((value, index) => {
      const x = from + (index * WIDTH) / (SAMPLES - 1);
      return `${x.toFixed(1)},${(HEIGHT - 2 - (value / peak) * (HEIGHT - 4)).toFixed(1)}`;
    });
    this.#line.setAttribute('points', points.join(' '));
    const area = points.length === 0 ? '' : `${from},${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}`;
    this.#area.setAttribute('points', area);
    setText(this.#now, rate(values.at(-1) ?? 0) || 'quiet');
    setText(this.#peak, values.length < 2 ? '' : `peak ${rate(Math.max(...values)) || '0/s'}`);
  }
}
