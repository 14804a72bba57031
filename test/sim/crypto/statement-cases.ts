// Uses and refusals of statements by group keys.
import type { Statement } from '../../../shared/crypto/signed-statement.ts';
import { GROUP_ID, MACHINE_ID, OTHER_GROUP_ID, OTHER_MACHINE_ID } from '../../vectors/vector-keys.ts';
import { changedPart, refusedWith } from './cases.ts';
import type { Case } from './cases.ts';
import type { Cryptography } from './cryptographies.ts';
import { NO_JWS, NOT_SIGNED, unchanged, withHeader } from './jws-changes.ts';

const PROOF: Statement = {
  purpose: 'keyturn-proof',
  context: { group: GROUP_ID, version: 2, machine: MACHINE_ID },
  content: { challenge: 'of the service' },
};
const ENDORSEMENT: Statement = {
  purpose: 'keyturn-endorsement',
  context: { group: GROUP_ID, version: 2 },
  content: { thumbprint: 'of the new key' },
};

/** Signed by `keys.incoming`, changed on its way, and verified with its certificate. */
async function delivered(
  { signStatement, verifyStatement, keys }: Cryptography,
  change: (jws: string) => string,
  expected = PROOF,
): Promise<void> {
  const jws = change(await signStatement(PROOF, keys.incoming));
  await verifyStatement(jws, expected, keys.incoming.certificate, 'ProofInvalid');
}

export const STATEMENT_CASES: readonly Case[] = [
  { title: 'what was signed', code: null, run: (crypto) => delivered(crypto, unchanged) },
  {
    title: 'an endorsement, which names no machine',
    code: null,
    run: async ({ signStatement, verifyStatement, keys }) => {
      const jws = await signStatement(ENDORSEMENT, keys.outgoing);
      await verifyStatement(jws, ENDORSEMENT, keys.outgoing.certificate, 'EndorsementInvalid');
    },
  },
  ...refusedWith<Statement>(
    'WrongContext',
    'a statement expected',
    {
      'for another purpose': { ...PROOF, purpose: 'keyturn-password-change' },
      'for another group': { ...PROOF, context: { ...PROOF.context, group: OTHER_GROUP_ID } },
      'for another version': { ...PROOF, context: { ...PROOF.context, version: 3 } },
      'for another machine': { ...PROOF, context: { ...PROOF.context, machine: OTHER_MACHINE_ID } },
      'for no machine': { ...PROOF, context: { group: GROUP_ID, version: 2 } },
      'to another challenge': { ...PROOF, content: { challenge: 'older' } },
      'to say more': { ...PROOF, content: { ...PROOF.content, revision: 1 } },
      'to say nothing': { ...PROOF, content: {} },
    },
    (crypto, expected) => delivered(crypto, unchanged, expected),
  ),
  ...refusedWith('ProofInvalid', 'a statement', { ...NO_JWS, ...NOT_SIGNED }, delivered),
  {
    title: 'an endorsement that nobody signed',
    code: 'EndorsementInvalid',
    run: ({ verifyStatement, keys }) =>
      verifyStatement('', ENDORSEMENT, keys.outgoing.certificate, 'EndorsementInvalid'),
  },
  {
    title: 'another signer',
    code: 'WrongKey',
    run: async ({ signStatement, verifyStatement, keys }) => {
      const jws = await signStatement(PROOF, keys.outgoing);
      await verifyStatement(jws, PROOF, keys.incoming.certificate, 'ProofInvalid');
    },
  },
  {
    title: 'another signer that goes by its certificate',
    code: 'ProofInvalid',
    run: async ({ signStatement, verifyStatement, keys }) => {
      const jws = await signStatement(PROOF, { ...keys.stranger, certificate: keys.incoming.certificate });
      await verifyStatement(jws, PROOF, keys.incoming.certificate, 'ProofInvalid');
    },
  },
  {
    title: 'another signer’s name, before the signature is looked at',
    code: 'WrongKey',
    run: (crypto) => delivered(crypto, (jws) => withHeader(jws, { kid: 'another', alg: 'none' })),
  },
  ...refusedWith(
    'ProofInvalid',
    'another signer’s name in a statement',
    {
      'with padding': (jws: string) => `${withHeader(jws, { kid: 'another' })}=`,
      'of four parts': (jws: string) => `${withHeader(jws, { kid: 'another' })}.AAAA`,
    },
    delivered,
  ),
  {
    title: 'another signer’s name in a statement of five parts, as an envelope has',
    code: 'WrongKey',
    run: (crypto) => delivered(crypto, (jws) => `${withHeader(jws, { kid: 'another' })}.AAAA.AAAA`),
  },
  {
    title: 'a statement with one more header field, signed with the rest',
    code: 'WrongContext',
    run: async ({ signAnything, verifyStatement, keys }) => {
      const { certificate, privateKey } = keys.incoming;
      const { purpose, context, content } = PROOF;
      const header = { alg: 'PS256', typ: purpose, kid: certificate.thumbprint, ...context, cty: 'more' };
      const jws = await signAnything(header, content, privateKey);
      await verifyStatement(jws, PROOF, certificate, 'ProofInvalid');
    },
  },
  {
    title: 'a forged statement for something else, which comes later',
    code: 'ProofInvalid',
    run: (crypto) => delivered(crypto, (jws) => changedPart(jws, 2), ENDORSEMENT),
  },
];
