/** Whether a record is believed, as its keepers and its readers find out, in two steps. */
import type { SignedRecordPayload } from '../../../src/codec/payloads.ts';
import {
  isAuthentic,
  readRecord,
  type Expected,
  type RecordRefusal,
  type ServiceRecord,
} from '../../../src/mesh/dht/record.ts';

export type RecordVerdict = { readonly tag: 'verified'; readonly record: ServiceRecord } | RecordRefusal;

export function judgeRecord(payload: SignedRecordPayload, expected: Expected): RecordVerdict {
  const reading = readRecord(payload, expected);
  if (reading.tag === 'refused') return reading;
  return isAuthentic(reading)
    ? { tag: 'verified', record: reading.record }
    : { tag: 'refused', fault: 'forged' };
}
