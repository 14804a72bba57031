// Makes the vector files: `node test/vectors/generate.ts`. Keys stay what they are unless keys.json is deleted
// first; envelopes and signatures are random, so that every run changes the other files. Needs OpenSSL 3.
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { certificateVectors } from './certificate-vectors.ts';
import {
  certificateWrapVectors,
  exportedPfxVectors,
  packageVectors,
  passwordWrapVectors,
} from './package-vectors.ts';
import { endorsementVectors, passwordChangeVectors, proofVectors } from './statement-vectors.ts';
import { enrollmentTokenVectors, machineTokenVectors, publicJwkVectors } from './token-vectors.ts';
import type { VectorFile } from './vector-file.ts';
import { vectorUrl } from './vector-file.ts';
import { readVectorKeys, writeVectorKeys } from './vector-keys.ts';
import type { VectorExpected, VectorInput, VectorName } from './vector-types.ts';

if (!existsSync(fileURLToPath(vectorUrl('keys')))) await writeVectorKeys();
const keys = readVectorKeys();

writeVectors('certificates', certificateVectors(keys));
writeVectors('packages', await packageVectors(keys));
writeVectors('password-wraps', await passwordWrapVectors(keys));
writeVectors('certificate-wraps', await certificateWrapVectors(keys));
writeVectors('exported-pfx', await exportedPfxVectors(keys));
writeVectors('endorsements', await endorsementVectors(keys));
writeVectors('proofs', await proofVectors(keys));
writeVectors('password-changes', await passwordChangeVectors(keys));
writeVectors('machine-tokens', await machineTokenVectors(keys));
writeVectors('public-jwks', publicJwkVectors(keys));
writeVectors('enrollment-tokens', enrollmentTokenVectors());

function writeVectors<Name extends VectorName>(
  name: Name,
  file: VectorFile<VectorInput<Name>, VectorExpected<Name>>,
): void {
  writeFileSync(vectorUrl(name), `${JSON.stringify(file, null, 2)}\n`);
}
