/**
 * Streams that overtake each other: a packet is taken apart, and what it carries of some streams comes later.
 *
 * QUIC orders bytes within a stream only. What is late of a stream is never overtaken by more of the same stream,
 * and nothing is overtaken by a close, which would cut it off. Pure: time and chance come in. Units: ms.
 */
import { isClose, type Frame, type Packet } from './packet.ts';
import type { Reordering } from './route.ts';

export interface Part {
  readonly packet: Packet;
  /** When it arrives, after everything that arrives then; undefined: now. */
  readonly at: number | undefined;
  /** What is late is of one stream; say `arrived` with it. */
  readonly stream?: number;
}

interface Late {
  until: number;
  /** Parts that have not arrived. */
  parts: number;
}

export class StreamDelays {
  readonly #late = new Map<number, Late>();

  /** Nothing is late. */
  get none(): boolean {
    return this.#late.size === 0;
  }

  /** What arrives of `packet` now, and what later. `draw` gives uniform numbers in [0, 1). */
  split(
    packet: Packet,
    now: number,
    reordering: Reordering | undefined,
    draw: () => number,
  ): readonly Part[] {
    if (isClose(packet)) {
      const until = [...this.#late.values()].reduce((most, late) => Math.max(most, late.until), now);
      return [{ packet, at: this.none ? undefined : until }];
    }
    const prompt: Frame[] = [];
    const late = new Map<number, Frame[]>();
    for (const frame of packet.frames) {
      const held = 'id' in frame ? late.get(frame.id) : undefined;
      if (held !== undefined) held.push(frame);
      else if (
        (frame.tag === 'stream' || frame.tag === 'reset') &&
        this.#holds(frame.id, now, reordering, draw)
      )
        late.set(frame.id, [frame]);
      else prompt.push(frame);
    }
    const parts: Part[] =
      prompt.length === 0 ? [] : [{ packet: { ...packet, frames: prompt }, at: undefined }];
    for (const [stream, frames] of late)
      parts.push({ packet: { ...packet, frames }, at: this.#late.get(stream)?.until ?? now, stream });
    return parts;
  }

  /** One late part of this stream is there. */
  arrived(stream: number): void {
    const late = this.#late.get(stream);
    if (late !== undefined && --late.parts === 0) this.#late.delete(stream);
  }

  /** Whether the next part of a stream is late: by chance, or because what comes before it is. */
  #holds(stream: number, now: number, reordering: Reordering | undefined, draw: () => number): boolean {
    const chosen = reordering !== undefined && draw() < reordering.share;
    const at = chosen ? now + draw() * reordering.window : now;
    const late = this.#late.get(stream);
    if (late !== undefined) {
      late.until = Math.max(late.until, at);
      late.parts++;
    } else if (chosen) this.#late.set(stream, { until: at, parts: 1 });
    return chosen || late !== undefined;
  }
}
