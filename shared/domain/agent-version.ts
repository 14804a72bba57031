// Agent versions: dotted numbers, such as 2.23 or 3.0.0, compared as numbers and not as text, so that
// 2.9 is older than 2.23. Missing parts count as zero: 2.23 equals 2.23.0.

const FORM = /^\d{1,9}(\.\d{1,9}){0,3}$/;

export const MINIMUM_AGENT_VERSION_DEFAULT = '2.23';

export function isAgentVersion(text: string): boolean {
  return FORM.test(text);
}

/** Negative when `left` is the older, 0 when they are the same version, positive when it is the newer. */
export function compareAgentVersions(left: string, right: string): number {
  const leftParts = left.split('.').map(Number);
  const rightParts = right.split('.').map(Number);
  for (let index = 0; index < Math.max(leftParts.length, rightParts.length); index++) {
    const difference = (leftParts[index] ?? 0) - (rightParts[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether an agent of this version takes part in renewals. */
export function agentCanRenew(agentVersion: string, minimumAgentVersion: string): boolean {
  return compareAgentVersions(agentVersion, minimumAgentVersion) >= 0;
}
