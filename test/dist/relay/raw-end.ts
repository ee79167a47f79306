/**
 * One end of a connection between a client and a dist relay that says what a test wants it to say: whoever opens the control stream
 * is the client, the other one the relay. It reads everything, and answers nothing by itself.
 */
import { encodeControl } from '../../../src/dist/relay/protocol/control-encode.ts';
import { ControlReader } from '../../../src/dist/relay/protocol/control-reader.ts';
import {
  OUR_STYLE,
  type ControlMessage,
  type ControlStyle,
} from '../../../src/dist/relay/protocol/messages.ts';
import type {
  CloseReason,
  Link,
  LinkEvents,
  ResetCode,
  Stream,
  StreamEvents,
} from '../../../src/transport/transport.ts';

/** The ways in which control frames are written. */
export const STYLES: Readonly<Record<string, ControlStyle>> = {
  'CBOR with text keys': OUR_STYLE,
  'CBOR with byte-string keys': { encoding: 'cbor', text: 'bytes' },
  MessagePack: { encoding: 'msgpack', text: 'text' },
};

/** The messages of one kind. */
type Of<Type extends ControlMessage['type']> = Extract<ControlMessage, { readonly type: Type }>;

/** A stream of a tunnel, as it comes: nothing is cut off its begin. */
export class RawStream implements StreamEvents {
  readonly stream: Stream;
  readonly #chunks: Uint8Array[] = [];
  length = 0;
  ended = false;
  code: number | undefined;

  constructor(stream: Stream) {
    this.stream = stream;
  }

  /** All that has come. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** The id it begins with. */
  get id(): string {
    return this.bytes.subarray(0, 32).toString('latin1');
  }

  /** What has come behind the id. */
  get text(): string {
    return this.bytes.subarray(32).toString('latin1');
  }

  get over(): boolean {
    return this.ended || this.code !== undefined;
  }

  write(text: string | Uint8Array, end?: boolean): boolean {
    return this.stream.write(Uint8Array.from(Buffer.from(text as string)), end);
  }

  onData(bytes: Uint8Array): void {
    this.length += bytes.length;
    this.#chunks.push(Buffer.from(bytes));
  }
  onEnd(): void {
    this.ended = true;
  }
  onReset(code: number): void {
    this.code = code;
  }
  onDrain(): void {}
}

export class RawEnd implements LinkEvents {
  link: Link | undefined;
  control: Stream | undefined;
  style: ControlStyle;
  closed: CloseReason | undefined;
  /** What the other end has said, and how. */
  readonly received: ControlMessage[] = [];
  readonly styles: ControlStyle[] = [];
  /** All that it has opened, the control stream excepted. */
  readonly streams: RawStream[] = [];
  /** Called with each message, for those who answer. */
  answer: (message: ControlMessage) => void = () => {};
  /** Whether the first stream that the other end opens is the control stream. */
  readonly #isRelay: boolean;
  readonly #reader = new ControlReader();

  constructor({ isRelay, style = OUR_STYLE }: { readonly isRelay: boolean; readonly style?: ControlStyle }) {
    this.#isRelay = isRelay;
    this.style = style;
  }

  /** Those of that kind, in their order. */
  told<Type extends ControlMessage['type']>(type: Type): readonly Of<Type>[] {
    return this.received.filter((message): message is Of<Type> => message.type === type);
  }

  /** The stream of that tunnel. */
  streamOf(id: string): RawStream {
    const found = this.streams.find((stream) => stream.id === id);
    if (found === undefined) throw new Error(`no stream of ${id}`);
    return found;
  }

  say(message: ControlMessage): void {
    this.sayBytes(encodeControl(message, this.style));
  }

  /** Anything, on the control stream. */
  sayBytes(bytes: Uint8Array): void {
    if (this.control === undefined) throw new Error('there is no control stream');
    this.control.write(bytes);
  }

  /** Opens the control stream. */
  begin(): void {
    this.control = this.link?.openStream(this.#controlEvents());
  }

  /** Opens one more. */
  open(): RawStream | undefined {
    let raw: RawStream | undefined;
    const stream = this.link?.openStream({
      onData: (bytes) => raw?.onData(bytes),
      onEnd: () => raw?.onEnd(),
      onReset: (code) => raw?.onReset(code),
      onDrain: () => {},
    });
    if (stream === undefined) return undefined;
    raw = new RawStream(stream);
    return raw;
  }

  onOpen(link: Link): void {
    this.link = link;
    link.admit();
  }
  onStream(stream: Stream): StreamEvents | ResetCode {
    if (this.#isRelay && this.control === undefined) {
      this.control = stream;
      return this.#controlEvents();
    }
    const raw = new RawStream(stream);
    this.streams.push(raw);
    return raw;
  }
  onCredit(): void {}
  onClose(reason: CloseReason): void {
    this.closed = reason;
  }
  onFault(error: unknown): void {
    throw error;
  }

  #controlEvents(): StreamEvents {
    return {
      onData: (bytes) => {
        for (const event of this.#reader.push(bytes)) {
          if (event.tag !== 'message') throw new Error(event.tag);
          this.received.push(event.message);
          this.styles.push(event.style);
          this.answer(event.message);
        }
      },
      onEnd: () => {},
      onReset: () => {},
      onDrain: () => {},
    };
  }
}
