/**
 * Which part of a connection a frame is for. What breaks a rule costs its frame, and whoever waits for an answer to it,
 * or for it as an answer, is told; what cannot be read on ends the connection.
 */
import type { Frame } from '../../codec/frame.ts';
import type { FrameEvent } from '../../codec/frame-reader.ts';
import { CloseCode, ResetCode } from '../../transport/transport.ts';
import { frameInvalid } from '../events/connection-events.ts';
import type { BodyStream } from './body-stream.ts';
import type { Channel } from './channel.ts';
import type { ConnectionCore } from './core.ts';

/** A frame that broke a rule and was skipped. */
export type Rejected = Extract<FrameEvent, { tag: 'rejected' }>;

/** A frame of one of the three channels. */
export function routeFrame(core: ConnectionCore, channel: Channel, event: FrameEvent): void {
  if (event.tag === 'closed') {
    frameInvalid(core, channel.name, event.error.tag);
    core.close(CloseCode.protocolError, `${channel.name}: ${event.error.tag}`);
  } else if (event.tag === 'rejected') onRejected(core, channel, event);
  else if (channel === core.control) core.owner?.onControl(event.frame);
  else if (channel === core.rpc) onRpc(core, event.frame);
  else if (!core.asking.onFrame(event.frame) && !core.answering.onFrame(event.frame)) {
    core.context.counters.unexpectedFrames++;
  }
}

/** The one frame of a stream of its own. */
export function routeBody(core: ConnectionCore, body: BodyStream, frame: Frame): void {
  if (frame.type === 'call' && body.key === undefined) {
    core.used();
    core.incoming.accept(frame.payload, body);
  } else if (frame.type === 'reply') {
    body.finish();
    core.outgoing.onReply(frame.payload, body);
    // an answer to another call than its own: this one's will never come
    if (body.key !== undefined) core.outgoing.onAnswerRefused(body.key, ResetCode.protocolError);
  } else {
    core.context.counters.unexpectedFrames++;
    body.reset(ResetCode.protocolError);
    core.onBodyRefused(body, ResetCode.protocolError, undefined);
  }
}

function onRejected(core: ConnectionCore, channel: Channel, event: Rejected): void {
  core.context.counters.rejectedFrames++;
  frameInvalid(core, channel.name, event.error.tag);
  if (channel === core.control) core.owner?.onRejectedControl(event);
  const { correlation } = event;
  if (channel === core.dht) {
    if (correlation?.field === 'request_id') core.asking.onBadAnswer(correlation.id);
    core.answering.onRejected(event);
  }
  if (channel !== core.rpc || correlation?.field !== 'call_id') return;
  if (event.type === 'call') core.incoming.reject(correlation.id, event.error);
  else if (event.type === 'reply') core.outgoing.onBadReply(correlation.id, ResetCode.protocolError);
}

function onRpc(core: ConnectionCore, frame: Frame): void {
  switch (frame.type) {
    case 'call':
      core.used();
      core.incoming.accept(frame.payload, undefined);
      return;
    case 'reply':
      core.outgoing.onReply(frame.payload, undefined);
      return;
    case 'cancel':
      core.incoming.cancel(frame.payload.call_id, frame.payload.reason);
      return;
    case 'disconnect':
      core.owner?.onFarewell();
      return;
    case 'ping': {
      const { request_id, timestamp } = frame.payload;
      const server_time = Math.round(core.context.runtime.clock.wall());
      core.rpc.send('pong', { request_id, timestamp, server_time });
      return;
    }
    // a stream exists for the peer once something is on it
    case 'pong':
      return;
    default:
      core.context.counters.unexpectedFrames++;
  }
}
