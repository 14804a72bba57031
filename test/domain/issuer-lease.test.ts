import { describe, expect, it } from 'vitest';
import { heldLease, newLease } from '../../shared/domain/group-transition.ts';
import { at, emptyGroup, MACHINE_ID, OTHER_MACHINE_ID, phases, policy } from './fixtures.ts';

const NOW = at('2026-02-01T06:00:00Z');

describe('an issuer’s lease', () => {
  it('is for version 1 on a group without a key, and prescribes what the certificate must say', () => {
    expect(newLease(emptyGroup(), MACHINE_ID, 'challenge', NOW)).toEqual({
      machineId: MACHINE_ID,
      version: 1,
      challenge: 'challenge',
      takenOn: NOW,
      expiresOn: at('2026-02-01T06:10:00Z'),
      notBefore: at('2026-02-01T05:55:00Z'),
      notAfter: at('2026-05-02T06:00:00Z'),
    });
  });

  it('is for the next version in a window, valid as long as the present policy says', () => {
    const group = { ...phases.open, ...policy(2_628_000, 64_800) };
    const lease = newLease(group, MACHINE_ID, 'challenge', NOW);
    expect(lease.version).toBe(2);
    expect(lease.notAfter).toBe('2031-01-31T06:00:00Z');
  });

  it.each([
    ['as it is taken', '2026-02-01T06:00:00Z', true],
    ['until a second before it expires', '2026-02-01T06:09:59Z', true],
    ['not as it expires', '2026-02-01T06:10:00Z', false],
    ['not a second after', '2026-02-01T06:10:01Z', false],
  ])('is held %s', (_, now, isHeld) => {
    const issuerLease = newLease(phases.open, MACHINE_ID, 'challenge', NOW);
    expect(heldLease({ ...phases.open, issuerLease }, at(now))).toBe(isHeld ? issuerLease : null);
  });

  it('is free on a group on which none was taken', () => {
    expect(heldLease(phases.open, NOW)).toBeNull();
  });

  it('is another’s once another machine has taken over', () => {
    const issuerLease = newLease(phases.open, OTHER_MACHINE_ID, 'second', at('2026-02-01T06:10:00Z'));
    const held = heldLease({ ...phases.open, issuerLease }, at('2026-02-01T06:10:00Z'));
    expect(held?.machineId).toBe(OTHER_MACHINE_ID);
  });
});
