// Watches agents: what they keep, what they give up, when they call, and whether a check-in brought them what it had to.
import type { AgentEvent } from '../../cli/agent/agent-events.ts';
import type { Group } from '../../shared/domain/group.ts';
import { toInstant } from '../../shared/domain/instant.ts';
import type { Machine } from '../../shared/domain/machine.ts';
import type { SimMachine } from './machine.ts';
import type { Process, Scheduler } from './scheduler.ts';
import type { SessionStore } from './session-store.ts';
import { SKEW_SECONDS_MAX } from './watch-keys.ts';
import type { Answered } from './service.ts';
import type { Violate } from './violations.ts';

export interface AgentWatch {
  onKeyMade(thumbprint: string): void;
  onText(machine: SimMachine, name: string, text: string | null): void;
  onEvent(machine: SimMachine, process: Process, event: AgentEvent): void;
  /** A call is about to be made, and was answered. */
  onCall(machine: SimMachine, process: Process): void;
  onAnswer(machine: SimMachine, process: Process, answer: Answered): void;
  /** A machine holds what it proved. */
  checkMachine(machine: SimMachine): void;
}

interface Waiting {
  /** True time before which the daemon was asked not to call. */
  until: number;
  /** What the last answer asked for, seconds. */
  asked: number;
  /** Its Retry-After, seconds. */
  retry: number;
  /** Check-ins in a row that failed. */
  failures: number;
  /** How things stood when the check-in under way began. */
  begin: Standing | null;
}

/** What a check-in is owed: the window's key, if the window has one and the machine what opens it. */
interface Standing {
  readonly owed: number | null;
}

const TOLERANCE_MILLISECONDS = 1_000;

/** Whoever fails again and again comes back less and less often. */
function leastBackoffSeconds(failures: number): number {
  return Math.min(5 * 2 ** (failures - 1), 600);
}

export function watchAgents(scheduler: Scheduler, store: () => SessionStore, violate: Violate): AgentWatch {
  const made = new Set<string>();
  const waits = new WeakMap<Process, Waiting>();

  function waitOf(process: Process): Waiting {
    const known = waits.get(process);
    if (known !== undefined) return known;
    const fresh = { until: 0, asked: 0, retry: 0, failures: 0, begin: null };
    waits.set(process, fresh);
    return fresh;
  }

  function truth(machine: SimMachine): { group: Group; member: Machine | null } | null {
    const { record } = machine;
    const group = record && store().read<Group>(record.groupId, 'group');
    if (!record || !group) return null;
    const member = store().read<Machine>(record.groupId, record.machineId);
    return { group: group.document, member: member?.document ?? null };
  }

  function standing(machine: SimMachine): Standing {
    const now = truth(machine);
    if (now === null || machine.isTampered || !machine.isCapable) return { owed: null };
    const { group, member } = now;
    const { renewal, secondaryKey, status } = group;
    if (status !== 'Renewing' || renewal === null || renewal.keyIssuedOn === null) return { owed: null };
    const holdsOutgoing = machine.keys.some(({ thumbprint }) => thumbprint === secondaryKey?.thumbprint);
    const isServed = member?.membership === 'member' && holdsOutgoing;
    return { owed: isServed && member.keyVersion === secondaryKey?.version ? renewal.version : null };
  }

  function checkServed(machine: SimMachine, { owed }: Standing): void {
    const now = truth(machine);
    if (owed === null || !now?.member || machine.isTampered || now.member.membership !== 'member') return;
    const { renewal, status } = now.group;
    const end = Date.parse(renewal?.endsOn ?? '') - SKEW_SECONDS_MAX * 1000;
    const isStillOpen = status === 'Renewing' && renewal?.version === owed && scheduler.now < end;
    if (isStillOpen && now.member.keyVersion !== owed) {
      violate('capable-not-served', `${now.member.name} checked in, and has not got version ${owed}`);
    }
  }

  return {
    onKeyMade: (thumbprint) => void made.add(thumbprint),

    onText(machine, name, text) {
      if (!/^key-\d+\.json$/.test(name)) return;
      if (text !== null) {
        const { thumbprint } = JSON.parse(text) as { thumbprint: string };
        if (!made.has(thumbprint))
          violate('foreign-key-held', `machine ${machine.index} took ${name} from a liar`);
        return;
      }
      const now = truth(machine);
      if (now === null || machine.isTampered || machine.isLeaving || now.group.status === 'Deleted') return;
      const version = Number(name.replaceAll(/\D/g, ''));
      const honoured = [now.group.primaryKey?.version, now.group.secondaryKey?.version];
      if (honoured.includes(version) && now.member?.membership === 'member') {
        violate(
          'key-retired-early',
          `machine ${machine.index} deleted version ${version}, which is honoured`,
        );
      }
    },

    onEvent(machine, process, event) {
      if (process !== machine.daemon) return;
      const wait = waitOf(process);
      if (event.event === 'checkedIn' || event.event === 'attention') {
        if (event.afterSeconds === undefined) return;
        if (wait.begin !== null) checkServed(machine, wait.begin);
        wait.failures = 0;
        wait.until = scheduler.now + wait.asked * 1000;
        wait.begin = null;
      }
      if (event.event === 'retrying') {
        wait.failures += 1;
        wait.until = scheduler.now + Math.max(wait.retry, leastBackoffSeconds(wait.failures)) * 1000;
        wait.begin = null;
      }
    },

    onCall(machine, process) {
      if (process !== machine.daemon) return;
      const wait = waitOf(process);
      if (scheduler.now < wait.until - TOLERANCE_MILLISECONDS) {
        violate('rate-exceeded', `machine ${machine.index} was to wait until ${toInstant(wait.until)}`);
      }
      wait.begin ??= standing(machine);
      wait.asked = wait.retry = 0;
    },

    onAnswer(machine, process, { operation, status, text, retryAfterSeconds }) {
      if (process !== machine.daemon) return;
      const wait = waitOf(process);
      wait.retry = retryAfterSeconds;
      if (operation !== 'checkIn' || status !== 200) return;
      const { nextCheckIn } = JSON.parse(text) as { nextCheckIn: { afterSeconds: number } };
      wait.asked = nextCheckIn.afterSeconds;
    },

    checkMachine(machine) {
      const now = truth(machine);
      if (now === null || machine.isTampered || now.member?.membership !== 'member') return;
      const { group, member } = now;
      if (group.status === 'KeyExpired' || group.status === 'Deleted') return;
      const proved = [group.primaryKey, group.secondaryKey].find((key) => key?.version === member.keyVersion);
      if (proved && !machine.keys.some(({ thumbprint }) => thumbprint === proved.thumbprint)) {
        violate(
          'proved-key-lost',
          `machine ${machine.index} proved version ${member.keyVersion} and lacks it`,
        );
      }
    },
  };
}
