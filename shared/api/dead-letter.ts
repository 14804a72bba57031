// Messages about dead letters: changes that could not be handled, and wait for people.
import { z } from 'zod';

export const deadLettersSchema = z
  .object({ count: z.int().min(0).meta({ description: 'About how many there are.' }) })
  .meta({
    id: 'DeadLetters',
    description: 'Changes that could not be handled, however often they were tried.',
  });

export const redrivenSchema = z
  .object({
    redriven: z.int().min(0).meta({
      description: 'How many are tried anew, of so many as fit into a call; 0 once there are none left.',
    }),
  })
  .meta({ id: 'Redriven' });
