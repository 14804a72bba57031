// The check-in of a machine that has joined, as all commands but `join` make it.
import type { CheckInAnswer } from '../../shared/api/check-in.ts';
import { Problem } from '../../shared/api/problem.ts';
import { checkIn } from './check-in.ts';
import type { CheckInOptions } from './check-in.ts';
import { joiningUnfinished } from './machine-context.ts';
import type { MachineContext } from './machine-context.ts';

/** @throws what `checkIn` throws; Failure `folder` when only a repeat of the joining can bring the machine in. */
export async function memberCheckIn(
  context: MachineContext,
  options: CheckInOptions = {},
): Promise<CheckInAnswer> {
  try {
    return await checkIn(context, options);
  } catch (error) {
    if (await wantsToken(context, error)) throw joiningUnfinished({ cause: error });
    throw error;
  }
}

/** Cut off in the middle of joining, and its token is no good any more, or the service never let it in. */
async function wantsToken({ records }: MachineContext, error: unknown): Promise<boolean> {
  if (!(error instanceof Problem)) return false;
  if (error.code === 'EnrollmentTokenInvalid' || error.code === 'EnrollmentTokenExpired') return true;
  if (error.code !== 'MachineNotFound') return false;
  return !(await records.heldKeys()).some(({ provedOn }) => provedOn !== null);
}
