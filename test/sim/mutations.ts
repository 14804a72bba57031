// Deliberate defects, each as a person could make it, and the invariants of which one must catch it.
import type { Invariant } from './violations.ts';

/** A text that must be in the file exactly once, and what is put in its place. */
export interface SourceEdit {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

export interface Mutation {
  readonly name: string;
  readonly edits: readonly SourceEdit[];
  readonly breaks: readonly Invariant[];
}

function mutation(
  name: string,
  breaks: readonly Invariant[],
  ...edits: [string, string, string][]
): Mutation {
  return { name, breaks, edits: edits.map(([file, find, put]) => ({ file, find, put })) };
}

const CHECK_IN = 'shared/domain/check-in.ts';
const STATUS = 'shared/domain/key-delivery-status.ts';
const WINDOW = 'shared/domain/window.ts';
const TRANSITION = 'shared/domain/group-transition.ts';
const TRANSITIONS = 'shared/services/group-transitions.ts';
const ISSUING = 'shared/services/key-issuing.ts';
const FAN_OUT = 'shared/services/fan-out.ts';
const CLEAN_UP = 'shared/services/clean-up.ts';
const HANDLING = 'shared/services/change-handling.ts';
const PUT = '  await system.vault.put(name, checked.pkcs12, { notBefore, notAfter });\n';
const ACCEPT =
  'return await untilNoConflict(() => accept(system, caller.document, lease, checked, request));';
const KEEP = "  await records.writeHeldKey(record);\n  await agent.observe('key-stored');\n";

export const MUTATIONS: readonly Mutation[] = [
  mutation(
    'a second key is taken in a window',
    ['one-key-per-window'],
    [
      CHECK_IN,
      'group.renewal === null || group.renewal.keyIssuedOn !== null) return null;',
      'group.renewal === null) return null;',
    ],
  ),
  mutation(
    'a window ends on its day, key or not',
    ['window-too-short', 'stuck'],
    [
      WINDOW,
      'return renewal.keyIssuedOn === null ? primaryKey.notAfter : renewal.endsOn;',
      'return renewal.endsOn;',
    ],
  ),
  mutation(
    'a late key does not lengthen its window',
    ['window-too-short'],
    [WINDOW, 'latest(renewal.endsOn, addMinutes(keyIssuedOn, renewal.gracePeriod))', 'renewal.endsOn'],
  ),
  mutation(
    'a group expires with its outgoing key',
    ['group-lost', 'window-too-short'],
    [
      WINDOW,
      'return now >= group.primaryKey.notAfter;',
      'return now >= (group.secondaryKey ?? group.primaryKey).notAfter;',
    ],
  ),
  mutation(
    'a machine with the outgoing key is not told to fetch',
    ['capable-not-served', 'stuck'],
    [
      CHECK_IN,
      'if (machine.keyVersion !== secondaryKey.version) return null;',
      'if (machine.keyVersion !== primaryKey.version) return null;',
    ],
  ),
  mutation(
    'a machine with the new key counts as without',
    ['served-expired', 'status-wrong'],
    [STATUS, 'proved < (group.primaryKey?.version ?? 0)', 'proved <= (group.primaryKey?.version ?? 0)'],
  ),
  mutation(
    'a machine that missed a window stays Default',
    ['not-the-same-key', 'status-wrong'],
    [STATUS, "  if (proved === 0 || proved < (group.primaryKey?.version ?? 0)) return 'KeyExpired';\n", ''],
  ),
  mutation(
    'a fan-out stops after its first page',
    ['status-wrong'],
    [FAN_OUT, '    if (after === null) return null;\n', '    return null;\n'],
  ),
  mutation(
    'a proof is written without its event',
    ['change-without-event'],
    ['shared/services/membership.ts', '    ...statusChange(before, after, group, actor, now),\n', ''],
  ),
  mutation(
    'events sort by the names of statuses',
    ['events-out-of-order'],
    [
      'shared/domain/event.ts',
      '${padded(facts.renewal)}:${STATUS_ORDER.indexOf(to)}-${to}`',
      '${padded(facts.renewal)}:${to}`',
    ],
  ),
  mutation(
    'a window opens before the last one is settled',
    ['missed-untold', 'events-out-of-order'],
    [TRANSITIONS, 'return (await system.store.read(groupId, last)) === null;', 'return last !== null;'],
  ),
  mutation(
    'a notification is named for when it was written',
    ['notification-wrong'],
    [
      'shared/services/events.ts',
      "({ kind: 'create', document }) as const",
      "({ kind: 'create', document: { ...document, id: `${document.id}:${system.clock.now()}` } }) as const",
    ],
  ),
  mutation(
    'the feed swallows what fails',
    ['notification-wrong'],
    [
      HANDLING,
      '    const waitSeconds = waitSecondsAfter(error);\n',
      '    if (error instanceof Error) return [];\n    const waitSeconds = waitSecondsAfter(error);\n',
    ],
  ),
  mutation(
    'of changes that fail in one batch, none is put off',
    ['notification-wrong'],
    [
      HANDLING,
      'await putOff(system, consumer, ofThis, system',
      'await putOff(system, consumer, ofThis.slice(1, 1), system',
    ],
  ),
  mutation(
    'an outage counts as a try',
    ['dead-letter'],
    [
      'shared/services/waits.ts',
      'if (error instanceof StoreUnavailable || error instanceof QueueUnavailable) return WAIT_SECONDS;',
      'if (error instanceof QueueUnavailable) return WAIT_SECONDS;',
    ],
  ),
  mutation(
    'a notification that exists is an error',
    ['dead-letter'],
    [
      'shared/services/events.ts',
      "if (!(error instanceof WriteConflict && error.reason === 'exists')) throw error;",
      'throw error;',
    ],
  ),
  mutation(
    'old keys are deleted while the window is open',
    ['key-retired-early'],
    [
      CHECK_IN,
      'if (isWindowOpen(group, now) || primaryKey === null || machine',
      'if (primaryKey === null || machine',
    ],
    [
      'cli/agent/retire-key.ts',
      "  if (renewal !== null) return 'a renewal window is open';\n  return secondaryKey?.version === version ? 'it is still honoured' : null;",
      '  return renewal === secondaryKey ? null : null;',
    ],
  ),
  mutation(
    'all packages are cleaned up',
    ['key-retired-early'],
    [
      CLEAN_UP,
      "const isInUse = status !== 'Deleted' && kept.has(name.thumbprint);",
      'const isInUse = false;',
    ],
  ),
  mutation(
    'no packages are cleaned up',
    ['left-behind'],
    [TRANSITIONS, "if (transition.kind !== 'openWindow') {", "if (transition.kind === 'openWindow') {"],
  ),
  mutation('a key is proved before it is kept', ['proved-key-lost'], ['cli/agent/fetch-key.ts', KEEP, '']),
  mutation(
    'a key is sent before it is staged',
    ['proved-key-lost'],
    ['cli/agent/issue-key.ts', '  await records.writeStagedKey(staged);\n', ''],
  ),
  mutation(
    'removed machines are let in',
    ['removed-served'],
    [
      'shared/services/machine-callers.ts',
      "if (machine.membership === 'removed') {",
      'if (machine.groupId === machine.id) {',
    ],
  ),
  mutation(
    'the package is kept in the document, too',
    ['secret-kept'],
    [
      ISSUING,
      '    packageDigest,\n    passwordWrap:',
      '    packageDigest,\n    ...{ package: request.package },\n    passwordWrap:',
    ],
  ),
  mutation(
    'an endorsement is not looked at',
    ['foreign-key-held'],
    [
      'cli/agent/fetch-key.ts',
      '    if (outgoing !== null) {\n      await verifyEndorsement(',
      '    if (outgoing?.groupId === view.thumbprint) {\n      await verifyEndorsement(',
    ],
  ),
  mutation(
    'an agent comes back in half the time',
    ['rate-exceeded'],
    [
      'cli/agent/daemon.ts',
      'waitSeconds: answer.nextCheckIn.afterSeconds }',
      'waitSeconds: answer.nextCheckIn.afterSeconds / 2 }',
    ],
  ),
  mutation(
    'an agent that failed tries again at once',
    ['rate-exceeded'],
    [
      'cli/agent/daemon.ts',
      'Math.max(backoffSeconds(machineId, attempt), retryAfterSeconds(error))',
      'Math.max(Math.min(1, attempt), retryAfterSeconds(error))',
    ],
  ),
  mutation(
    'the document names a package that is yet to be kept',
    ['package-missing'],
    [ISSUING, PUT, ''],
    [
      ISSUING,
      ACCEPT,
      `const issued = await untilNoConflict(() => accept(system, caller.document, lease, checked, request));\n${PUT}return issued;`,
    ],
  ),
  mutation(
    'a stalled job is taken up in ten years',
    ['left-behind', 'status-wrong', 'stuck'],
    ['shared/domain/job.ts', 'const STALLED_MINUTES = 10;', 'const STALLED_MINUTES = 5_256_000;'],
  ),
  mutation(
    'a lease is held for ever',
    ['stuck'],
    [
      TRANSITION,
      'group.issuerLease !== null && now < group.issuerLease.expiresOn ? group.issuerLease : null',
      'group.issuerLease',
    ],
  ),
  mutation(
    'a new password leaves the group’s stale',
    ['way-back-closed'],
    [
      'shared/services/passwords.ts',
      '    passwordStale: false,\n',
      '    passwordStale: group.document.passwordStale,\n',
    ],
  ),
  mutation(
    'a check-in writes a batch of nothing',
    ['internal-error'],
    [
      'shared/services/check-ins.ts',
      '  if (operations.length > 0) await system.store.write(',
      '  await system.store.write(',
    ],
  ),
];

/** @throws Error when there is none of that name. */
export function findMutation(name: string): Mutation {
  const found = MUTATIONS.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new Error(`there is no mutation “${name}”`);
}
