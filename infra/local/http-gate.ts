// How many requests may be with functions at one time. Who comes beyond that is told so at once: a line that grows
// would answer everybody late, and those who gave up as well.
import { overloaded } from './http-refusal.ts';

export interface HttpGate {
  /**
   * Lets one in; returns how it leaves.
   * @throws Problem `Overloaded` when it is full.
   */
  enter(): () => void;
}

export function newHttpGate(places: number): HttpGate {
  let taken = 0;
  return {
    enter() {
      if (taken >= places) throw overloaded('Too many requests are being answered; try again later.');
      taken++;
      return () => {
        taken--;
      };
    },
  };
}
