// What cryptography can refuse, as a closed union of codes. Callers and tests decide on the code; the message
// is for people and never holds a key, a password, a package secret or a token.

export type CryptoErrorCode =
  /** Not one DER certificate of the profile in `certificates.ts`. */
  | 'CertificateMalformed'
  /** Not signed by the very key it certifies. */
  | 'CertificateNotSelfSigned'
  /** Not RSA, under 3,072 bits, or of another public exponent than 65,537. */
  | 'CertificateKeyWeak'
  /** Stored or received key material that is not a key of the expected kind. */
  | 'KeyMalformed'
  /** A password that is set is shorter than `PASSWORD_LENGTH_MIN`. */
  | 'PasswordTooShort'
  /** The password does not open this; or the envelope was changed, which cannot be told apart. */
  | 'WrongPassword'
  /** Made for, or by, another key than the one at hand. */
  | 'WrongKey'
  /** Genuine, but for another purpose, group, version, machine, package or challenge. */
  | 'WrongContext'
  /** Not the package its wrap speaks of: bytes, certificate or private key differ. */
  | 'PackageTampered'
  /** Not a PKCS#12 file of the profile in `pkcs12-profile.ts`. */
  | 'PackageMalformed'
  /** Not a wrap: structure, algorithms or iterations are not those of `wraps.ts`. */
  | 'EnvelopeMalformed'
  /** Not an endorsement signed by the outgoing key. */
  | 'EndorsementInvalid'
  /** Not a proof, or a change of password, signed by the group key. */
  | 'ProofInvalid'
  /** Not a machine token: structure, claims or lifetime. */
  | 'TokenMalformed'
  | 'TokenSignatureInvalid'
  | 'TokenExpired'
  /** Issued in the future: the machine's clock is ahead. */
  | 'TokenNotYetValid'
  | 'TokenWrongAudience';

/** The one error this folder throws for what comes from outside; anything else thrown is a defect. */
export class CryptoError extends Error {
  override readonly name = 'CryptoError';
  readonly code: CryptoErrorCode;
  constructor(code: CryptoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
