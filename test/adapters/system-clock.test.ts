import { expect, test, vi } from 'vitest';
import { systemClock } from '../../shared/adapters/system-clock.ts';
import { describeClock } from '../conformance/clock.ts';

describeClock('systemClock', () => ({ clock: systemClock() }));

test('a sleeper wakes when it is time, however far ahead the clock was that has been set back meanwhile', async () => {
  const present = Date.now();
  const ahead = vi.spyOn(Date, 'now').mockReturnValueOnce(present + 86_400_000);
  try {
    await systemClock().sleep(1);
    expect(Date.now() < present + 86_400_000).toBe(true);
  } finally {
    ahead.mockRestore();
  }
});
