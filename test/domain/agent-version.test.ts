import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agentCanRenew,
  compareAgentVersions,
  isAgentVersion,
  MINIMUM_AGENT_VERSION_DEFAULT,
} from '../../shared/domain/agent-version.ts';

const version = fc
  .array(fc.integer({ min: 0, max: 999_999_999 }), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('.'));

describe('an agent version', () => {
  it.each(['2.23', '3', '3.0.0', '2.23.114.24035', '0', '999999999.0'])('is %j', (text) => {
    expect(isAgentVersion(text)).toBe(true);
  });

  it.each([
    '',
    'v3',
    '3.',
    '.3',
    '3..0',
    '3.0.0.0.0',
    '3.0-beta',
    '-3',
    '+3',
    '3,0',
    '3.0 ',
    '3.0\n',
    '1e3',
    '0x3',
    '٣',
    '1234567890',
    'latest',
  ])('is not %j', (text) => {
    expect(isAgentVersion(text)).toBe(false);
  });
});

describe('comparing versions', () => {
  it.each([
    ['2.9', '2.23', -1],
    ['2.23', '2.9', 1],
    ['2.23', '2.23.0', 0],
    ['2.23', '2.23.0.0', 0],
    ['2.23', '2.23.0.1', -1],
    ['2.23', '2.023', 0],
    ['2.99.99', '3', -1],
    ['10', '9.9.9.9', 1],
  ])('%s with %s goes by numbers, missing parts being zero', (left, right, sign) => {
    expect(Math.sign(compareAgentVersions(left, right))).toBe(sign);
  });

  it('is an order', () => {
    fc.assert(
      fc.property(version, version, version, (one, two, three) => {
        expect(compareAgentVersions(one, one)).toBe(0);
        expect(Math.sign(compareAgentVersions(one, two))).toBe(0 - Math.sign(compareAgentVersions(two, one)));
        const [least, middle, most] = [one, two, three].toSorted(compareAgentVersions);
        expect(compareAgentVersions(least ?? '', middle ?? '')).toBeLessThanOrEqual(0);
        expect(compareAgentVersions(least ?? '', most ?? '')).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('an agent can renew', () => {
  it.each([
    ['2.22.999.999', false],
    ['2.23', true],
    ['2.23.0.0', true],
    ['2.23.0.1', true],
    ['2.9', false],
    ['3', true],
  ])('from the default minimum on: %s %s', (agentVersion, expected) => {
    expect(agentCanRenew(agentVersion, MINIMUM_AGENT_VERSION_DEFAULT)).toBe(expected);
  });

  it('by the minimum that is set', () => {
    expect(agentCanRenew('3.0.0', '3.0.1')).toBe(false);
    expect(agentCanRenew('2.1', '2.1')).toBe(true);
  });

  it('never with a version that is none', () => {
    expect(agentCanRenew('latest', MINIMUM_AGENT_VERSION_DEFAULT)).toBe(false);
  });
});
