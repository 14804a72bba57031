import { systemClock } from '../../shared/adapters/system-clock.ts';
import { describeClock } from '../conformance/clock.ts';

describeClock('systemClock', () => ({ clock: systemClock() }));
