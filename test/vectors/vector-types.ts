// Which cases each vector file holds: `[input, expected]` by the file's name.
import type { EndorsedKey } from '../../shared/crypto/endorsement.ts';
import type { PasswordChange, PossessionProof } from '../../shared/crypto/proof.ts';
import type { CertificateExpected, CertificateInput } from './certificate-vectors.ts';
import type {
  CertificateWrapInput,
  ExportedPfxInput,
  PackageExpected,
  PackageInput,
  PasswordWrapInput,
  WrapExpected,
} from './package-vectors.ts';
import type { StatementInput, Verified } from './statement-vectors.ts';
import type {
  EnrollmentTokenExpected,
  EnrollmentTokenInput,
  MachineTokenExpected,
  MachineTokenInput,
  PublicJwkExpected,
  PublicJwkInput,
} from './token-vectors.ts';

export interface VectorTypes {
  readonly certificates: [CertificateInput, CertificateExpected];
  readonly 'certificate-wraps': [CertificateWrapInput, WrapExpected];
  readonly endorsements: [StatementInput<EndorsedKey>, Verified];
  readonly 'enrollment-tokens': [EnrollmentTokenInput, EnrollmentTokenExpected];
  readonly 'exported-pfx': [ExportedPfxInput, PackageExpected];
  readonly 'machine-tokens': [MachineTokenInput, MachineTokenExpected];
  readonly packages: [PackageInput, PackageExpected];
  readonly 'password-changes': [StatementInput<PasswordChange>, Verified];
  readonly 'password-wraps': [PasswordWrapInput, WrapExpected];
  readonly proofs: [StatementInput<PossessionProof>, Verified];
  readonly 'public-jwks': [PublicJwkInput, PublicJwkExpected];
}

export type VectorName = keyof VectorTypes;
export type VectorInput<Name extends VectorName> = VectorTypes[Name][0];
export type VectorExpected<Name extends VectorName> = VectorTypes[Name][1];
