/** Certificates with something wrong, each made from a sound one. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, Certificate, Extension, SubjectPublicKeyInfo } from '@peculiar/asn1-x509';

import { seededRandom } from '../../src/actor/random.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';

/** Signature with ECDSA over SHA-256. */
const ECDSA_SHA256 = '1.2.840.10045.4.3.2';

/** A self-signed P-256 certificate and its key. */
export function p256(seed: number, wallMs: number): { certificate: Uint8Array; privateKey: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const template = AsnConvert.parse(createIdentity(seededRandom(seed), wallMs).certificate, Certificate);
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_SHA256 });
  template.tbsCertificate.signature = algorithm;
  template.signatureAlgorithm = algorithm;
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  template.tbsCertificate.subjectPublicKeyInfo = AsnConvert.parse(spki, SubjectPublicKeyInfo);
  const body = Buffer.from(AsnConvert.serialize(template.tbsCertificate));
  template.signatureValue = new Uint8Array(sign('sha256', body, privateKey)).buffer;
  return { certificate: new Uint8Array(AsnConvert.serialize(template)), privateKey };
}

/** The victim's key in a certificate that somebody else has signed. */
export function signedByAnother(victim: Identity, other: Identity): Uint8Array {
  const parsed = AsnConvert.parse(victim.certificate, Certificate);
  const body = Buffer.from(AsnConvert.serialize(parsed.tbsCertificate));
  parsed.signatureValue = new Uint8Array(sign(null, body, other.privateKey)).buffer;
  return new Uint8Array(AsnConvert.serialize(parsed));
}

/** A certificate of more than 2 KiB that is otherwise sound. */
export function oversized(identity: Identity): Uint8Array {
  const parsed = AsnConvert.parse(identity.certificate, Certificate);
  parsed.tbsCertificate.extensions?.push(
    new Extension({ extnID: '1.2.3.4', extnValue: new OctetString(new Uint8Array(2_048)) }),
  );
  const body = Buffer.from(AsnConvert.serialize(parsed.tbsCertificate));
  parsed.signatureValue = new Uint8Array(sign(null, body, identity.privateKey)).buffer;
  return new Uint8Array(AsnConvert.serialize(parsed));
}

/** A sound signature under the name of another algorithm. */
export function misnamed(identity: Identity): Uint8Array {
  const parsed = AsnConvert.parse(identity.certificate, Certificate);
  parsed.signatureAlgorithm = new AlgorithmIdentifier({ algorithm: ECDSA_SHA256 });
  return new Uint8Array(AsnConvert.serialize(parsed));
}
