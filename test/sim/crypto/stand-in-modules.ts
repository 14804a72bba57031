// The files of shared/crypto that the simulation replaces by those of the same name in this folder. Each exports what the real
// one exports, and refuses what it refuses, with the same codes in the same order; stand-ins.test.ts holds both to that.
// None protects anything: they cost microseconds, and whoever reads this process's memory reads every secret.
export const STAND_IN_MODULES: readonly string[] = [
  'certificates.ts',
  'group-key.ts',
  'key-package.ts',
  'machine-identity.ts',
  'machine-token.ts',
  'open-package.ts',
  'self-signed-certificate.ts',
  'signed-statement.ts',
];
