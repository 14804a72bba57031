// Vectors of what group keys sign: endorsements, proofs of possession and changes of password.
import { CompactSign, UnsecuredJWT } from 'jose';
import type { EndorsedKey } from '../../shared/crypto/endorsement.ts';
import { endorse } from '../../shared/crypto/endorsement.ts';
import type { CryptoErrorCode } from '../../shared/crypto/errors.ts';
import type { GroupKey } from '../../shared/crypto/group-key.ts';
import type { PasswordChange, PossessionProof } from '../../shared/crypto/proof.ts';
import { signPasswordChange, signProof } from '../../shared/crypto/proof.ts';
import { sha256Base64url } from '../../shared/crypto/encodings.ts';
import { editHeader } from './package-vectors.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';
import type { VectorKeys } from './vector-keys.ts';
import { GROUP_ID, MACHINE_ID, OTHER_GROUP_ID, OTHER_MACHINE_ID } from './vector-keys.ts';

export interface StatementInput<Statement> {
  readonly jws: string;
  /** What the verifier expects to have been signed. */
  readonly statement: Statement;
  /** The signer's certificate, which the verifier has. */
  readonly certificate: string;
}

export interface Verified {
  readonly verified: true;
}

const CHALLENGE = sha256Base64url('challenge');

export async function endorsementVectors(
  keys: VectorKeys,
): Promise<VectorFile<StatementInput<EndorsedKey>, Verified>> {
  const { incoming, outgoing, stranger } = keys;
  const statement = { groupId: GROUP_ID, version: 2, thumbprint: incoming.certificate.thumbprint };
  return {
    comment: 'Signed by the outgoing key of keys.json, unless the name of the case says otherwise.',
    cases: [
      ...(await statementCases(keys, outgoing, statement, 'EndorsementInvalid', endorse)),
      ...(await Promise.all(
        [{ groupId: OTHER_GROUP_ID }, { version: 3 }, { thumbprint: stranger.certificate.thumbprint }].map(
          (change) => otherStatement(outgoing, statement, change, endorse),
        ),
      )),
    ],
  };
}

export async function proofVectors(
  keys: VectorKeys,
): Promise<VectorFile<StatementInput<PossessionProof>, Verified>> {
  const { incoming } = keys;
  const statement = { groupId: GROUP_ID, machineId: MACHINE_ID, version: 2, challenge: CHALLENGE };
  const change = { ...statement, revision: 1, wrap: CHALLENGE };
  return {
    comment: 'Signed by the incoming key of keys.json, unless the name of the case says otherwise.',
    cases: [
      ...(await statementCases(keys, incoming, statement, 'ProofInvalid', signProof)),
      ...(await Promise.all(
        [
          { groupId: OTHER_GROUP_ID },
          { machineId: OTHER_MACHINE_ID },
          { version: 1 },
          { challenge: sha256Base64url('an earlier challenge') },
        ].map((other) => otherStatement(incoming, statement, other, signProof)),
      )),
      {
        name: 'a change of password',
        input: {
          jws: await signPasswordChange(change, incoming),
          statement,
          certificate: incoming.certificate.base64,
        },
        code: 'WrongContext',
      },
    ],
  };
}

export async function passwordChangeVectors(
  keys: VectorKeys,
): Promise<VectorFile<StatementInput<PasswordChange>, Verified>> {
  const { incoming } = keys;
  const statement = {
    groupId: GROUP_ID,
    machineId: MACHINE_ID,
    version: 2,
    revision: 7,
    wrap: 'the compact JWE of the new wrap: any text will do to check a signature',
  };
  return {
    comment:
      'Signed by the incoming key of keys.json. The payload carries the SHA-256 of `wrap`, not the wrap.',
    cases: [
      ...(await statementCases(keys, incoming, statement, 'ProofInvalid', signPasswordChange)),
      ...(await Promise.all(
        [
          { groupId: OTHER_GROUP_ID },
          { machineId: OTHER_MACHINE_ID },
          { version: 1 },
          { revision: 6 },
          { wrap: 'another wrap' },
        ].map((other) => otherStatement(incoming, statement, other, signPasswordChange)),
      )),
    ],
  };
}

type Sign<Statement> = (statement: Statement, key: GroupKey) => Promise<string>;

/** What holds for a statement of any kind. */
async function statementCases<Statement>(
  { stranger }: VectorKeys,
  signer: GroupKey,
  statement: Statement,
  invalid: CryptoErrorCode,
  sign: Sign<Statement>,
): Promise<VectorCase<StatementInput<Statement>, Verified>[]> {
  const jws = await sign(statement, signer);
  const certificate = signer.certificate.base64;
  const kid = signer.certificate.thumbprint;
  const [header = '', payload = ''] = jws.split('.');
  const refused = (name: string, text: string, code: CryptoErrorCode) => ({
    name,
    input: { jws: text, statement, certificate },
    code,
  });
  const hmac = await new CompactSign(Buffer.from(payload, 'base64url'))
    .setProtectedHeader({ alg: 'HS256', kid })
    .sign(signer.certificate.publicKey.export({ type: 'spki', format: 'der' }));
  return [
    { name: 'what was signed', input: { jws, statement, certificate }, expected: { verified: true } },
    refused("another key's", await sign(statement, stranger), 'WrongKey'),
    refused(
      "another key's, under this one's name",
      await sign(statement, { ...stranger, certificate: signer.certificate }),
      invalid,
    ),
    refused('a header changed after signing', editHeader(jws, { version: 9 }), invalid),
    refused('its signature left out', `${header}.${payload}.`, invalid),
    refused('not signed', new UnsecuredJWT({}).encode(), 'WrongKey'),
    refused('alg none with the right kid', editHeader(new UnsecuredJWT({}).encode(), { kid }), invalid),
    refused('an HMAC keyed with the public key', hmac, invalid),
    refused('no JWS at all', 'not a JWS', invalid),
  ];
}

async function otherStatement<Statement extends object>(
  signer: GroupKey,
  statement: Statement,
  change: Partial<Statement>,
  sign: Sign<Statement>,
): Promise<VectorCase<StatementInput<Statement>, Verified>> {
  return {
    name: `signed with another ${Object.keys(change).join()}`,
    input: {
      jws: await sign({ ...statement, ...change }, signer),
      statement,
      certificate: signer.certificate.base64,
    },
    code: 'WrongContext',
  };
}
