// Dead letters, for people.
import { operations } from '../shared/api/operations.ts';
import { serve } from '../shared/http/route.ts';
import { countDeadLetters, redriveDeadLetters } from '../shared/services/dead-letters.ts';

serve(operations.countDeadLetters, ({ system }) => countDeadLetters(system));

serve(operations.redriveDeadLetters, ({ system }) => redriveDeadLetters(system));
