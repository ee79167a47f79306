/**
 * The self-signed X.509 v3 certificate that carries a node's key through TLS.
 *
 * Pure. The certificate is an envelope for the key, not a statement by an authority (SECURITY §2): its
 * names mean nothing, and expiry is not revocation, hence the long validity.
 * Source: RFC 5280, RFC 8410 (Ed25519 in X.509).
 */
import { sign, type KeyObject } from 'node:crypto';

import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  Extension,
  Extensions,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Time,
  Validity,
  Version,
  id_ce_basicConstraints,
} from '@peculiar/asn1-x509';

import type { Random } from '../actor/random.ts';

/** Object identifier of Ed25519, for the key and for the signature alike (RFC 8410). */
const ED25519_OID = '1.3.101.112';

/** Object identifier of commonName. */
const COMMON_NAME_OID = '2.5.4.3';

/** What every certificate is called: names carry no meaning here. */
const COMMON_NAME = 'espalier';

/** Milliseconds the certificate is dated back, so that a peer whose clock is slow accepts it. */
const BACKDATED = 3_600_000;

/** Milliseconds of validity: 10 years of 365.25 days. */
const VALIDITY = 10 * 31_557_600_000;

/** Bytes of a serial number; RFC 5280 allows at most 20. */
const SERIAL_LENGTH = 16;

export interface CertificateRequest {
  readonly privateKey: KeyObject;
  /** DER SubjectPublicKeyInfo of `privateKey`. */
  readonly publicKey: Uint8Array;
  /** Gives the serial number. */
  readonly random: Random;
  /** Unix milliseconds: valid from an hour before to ten years after. */
  readonly wallMs: number;
}

/** Builds and signs the certificate; DER. */
export function selfSigned(request: CertificateRequest): Uint8Array {
  const algorithm = new AlgorithmIdentifier({ algorithm: ED25519_OID });
  const name = new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({
        type: COMMON_NAME_OID,
        value: new AttributeValue({ utf8String: COMMON_NAME }),
      }),
    ]),
  ]);
  const notBefore = request.wallMs - BACKDATED;
  const body = new TBSCertificate({
    version: Version.v3,
    serialNumber: bufferOf(serial(request.random)),
    signature: algorithm,
    issuer: name,
    subject: name,
    validity: validity(notBefore, notBefore + VALIDITY),
    subjectPublicKeyInfo: AsnConvert.parse(request.publicKey, SubjectPublicKeyInfo),
    extensions: new Extensions([
      new Extension({
        extnID: id_ce_basicConstraints,
        critical: true,
        extnValue: new OctetString(AsnConvert.serialize(new BasicConstraints({ cA: false }))),
      }),
    ]),
  });
  const signature = sign(null, Buffer.from(AsnConvert.serialize(body)), request.privateKey);
  return new Uint8Array(
    AsnConvert.serialize(
      new Certificate({
        tbsCertificate: body,
        signatureAlgorithm: algorithm,
        signatureValue: bufferOf(signature),
      }),
    ),
  );
}

/** Random, positive and without a leading zero byte, as DER wants integers. */
function serial(random: Random): Uint8Array {
  const bytes = random.bytes(SERIAL_LENGTH);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

/** `Time` takes milliseconds and picks UTCTime or GeneralizedTime by the year. */
function validity(from: number, to: number): Validity {
  const window = new Validity();
  window.notBefore = new Time(from);
  window.notAfter = new Time(to);
  return window;
}

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
