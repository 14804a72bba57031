import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endorse, verifyEndorsement } from '../../shared/crypto/endorsement.ts';
import {
  newChallenge,
  signPasswordChange,
  signProof,
  verifyPasswordChange,
  verifyProof,
} from '../../shared/crypto/proof.ts';
import { codeOf, GROUP_ID, keys, MACHINE_ID, OTHER_GROUP_ID, OTHER_MACHINE_ID } from './fixtures.ts';

const { incoming, outgoing, stranger } = keys;

describe('an endorsement', () => {
  const endorsed = { groupId: GROUP_ID, version: 2, thumbprint: incoming.certificate.thumbprint };

  it('holds for the key that the outgoing one endorsed', async () => {
    const jws = await endorse(endorsed, outgoing);
    await expect(verifyEndorsement(jws, endorsed, outgoing.certificate)).resolves.toBeUndefined();
  });

  it.each([
    ['group', { groupId: OTHER_GROUP_ID }],
    ['version', { version: 1 }],
    ['thumbprint', { thumbprint: stranger.certificate.thumbprint }],
  ])('does not hold for another %s', async (_, change) => {
    const jws = await endorse(endorsed, outgoing);
    const verify = () => verifyEndorsement(jws, { ...endorsed, ...change }, outgoing.certificate);
    expect(await codeOf(verify)).toBe('WrongContext');
  });

  it('cannot be made by the key that it endorses', async () => {
    const own = await endorse(endorsed, incoming);
    const forged = await endorse(endorsed, { ...incoming, certificate: outgoing.certificate });
    expect(await codeOf(() => verifyEndorsement(own, endorsed, outgoing.certificate))).toBe('WrongKey');
    expect(await codeOf(() => verifyEndorsement(forged, endorsed, outgoing.certificate))).toBe(
      'EndorsementInvalid',
    );
  });

  it('has one spelling: none padded or with white space in its signature', async () => {
    const jws = await endorse(endorsed, outgoing);
    for (const other of [`${jws}=`, `${jws}\n`, `${jws.slice(0, -4)} ${jws.slice(-4)}`]) {
      const verify = () => verifyEndorsement(other, endorsed, outgoing.certificate);
      expect(await codeOf(verify)).toBe('EndorsementInvalid');
    }
  });

  it('does not hold once any character has changed', async () => {
    const jws = await endorse(endorsed, outgoing);
    const positions = fc.integer({ min: 0, max: jws.length - 1 });
    await fc.assert(
      fc.asyncProperty(positions, fc.constantFrom('A', 'b', '.', ' ', '_'), async (position, character) => {
        fc.pre(jws[position] !== character);
        const changed = jws.slice(0, position) + character + jws.slice(position + 1);
        expect(await codeOf(() => verifyEndorsement(changed, endorsed, outgoing.certificate))).toMatch(
          /^(EndorsementInvalid|WrongKey)$/,
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe('a proof of possession', () => {
  const proof = { groupId: GROUP_ID, machineId: MACHINE_ID, version: 2, challenge: newChallenge() };

  it('holds for the machine, key and challenge it was made for', async () => {
    const jws = await signProof(proof, incoming);
    await expect(verifyProof(jws, proof, incoming.certificate)).resolves.toBeUndefined();
  });

  it.each([
    ['group', { groupId: OTHER_GROUP_ID }],
    ['machine', { machineId: OTHER_MACHINE_ID }],
    ['version', { version: 1 }],
    ['challenge', { challenge: newChallenge() }],
  ])('does not hold for another %s', async (_, change) => {
    const jws = await signProof(proof, incoming);
    const verify = () => verifyProof(jws, { ...proof, ...change }, incoming.certificate);
    expect(await codeOf(verify)).toBe('WrongContext');
  });

  it('cannot be made with the outgoing key, or forged', async () => {
    const byOutgoing = await signProof(proof, outgoing);
    const forged = await signProof(proof, { ...outgoing, certificate: incoming.certificate });
    expect(await codeOf(() => verifyProof(byOutgoing, proof, incoming.certificate))).toBe('WrongKey');
    expect(await codeOf(() => verifyProof(forged, proof, incoming.certificate))).toBe('ProofInvalid');
  });

  it('answers a challenge of 256 bits that never comes twice', () => {
    const challenges = Array.from({ length: 100 }, newChallenge);
    expect(new Set(challenges).size).toBe(100);
    for (const each of challenges) expect(Buffer.from(each, 'base64url')).toHaveLength(32);
  });
});

describe('a change of password', () => {
  const change = { groupId: GROUP_ID, machineId: MACHINE_ID, version: 2, revision: 3, wrap: 'the wrap' };

  it('holds for the very wrap it authorises, which it does not carry', async () => {
    const jws = await signPasswordChange(change, incoming);
    await expect(verifyPasswordChange(jws, change, incoming.certificate)).resolves.toBeUndefined();
    const payload = Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString();
    expect(payload).not.toContain(change.wrap);
  });

  it.each([
    ['group', { groupId: OTHER_GROUP_ID }],
    ['machine', { machineId: OTHER_MACHINE_ID }],
    ['version', { version: 1 }],
    ['revision', { revision: 2 }],
    ['wrap', { wrap: 'another wrap' }],
  ])('does not hold for another %s', async (_, other) => {
    const jws = await signPasswordChange(change, incoming);
    const verify = () => verifyPasswordChange(jws, { ...change, ...other }, incoming.certificate);
    expect(await codeOf(verify)).toBe('WrongContext');
  });

  it('is not a proof of possession, nor the other way round', async () => {
    const proof = { ...change, challenge: newChallenge() };
    const proved = await signProof(proof, incoming);
    const changed = await signPasswordChange(change, incoming);
    expect(await codeOf(() => verifyPasswordChange(proved, change, incoming.certificate))).toBe(
      'WrongContext',
    );
    expect(await codeOf(() => verifyProof(changed, proof, incoming.certificate))).toBe('WrongContext');
  });

  it('cannot be forged', async () => {
    const forged = await signPasswordChange(change, { ...stranger, certificate: incoming.certificate });
    expect(await codeOf(() => verifyPasswordChange(forged, change, incoming.certificate))).toBe(
      'ProofInvalid',
    );
  });
});
