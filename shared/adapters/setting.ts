// Settings as texts by name, wherever they come from. An empty text is a setting that is not there: that is how hosts and
// shells clear one.

export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting is missing or cannot be used; the message names it, and says what it must be. */
export class SettingUnusable extends Error {
  override readonly name = 'SettingUnusable';
  readonly setting: string;
  constructor(setting: string, problem: string, options?: ErrorOptions) {
    super(`the setting ${setting} ${problem}`, options);
    this.setting = setting;
  }
}

/** The setting's text, or null when it is not there. */
export function settingOf(environment: Environment, name: string): string | null {
  return environment[name] || null;
}

/** @throws SettingUnusable when it is not there; `advice` says what to set it to. */
export function requiredSetting(environment: Environment, name: string, advice: string): string {
  const value = settingOf(environment, name);
  if (value === null) throw new SettingUnusable(name, `is missing: ${advice}`);
  return value;
}

/** One of a few words. @throws SettingUnusable when it is something else, or is not there and has no default. */
export function choiceOf<Choice extends string>(
  environment: Environment,
  name: string,
  choices: readonly Choice[],
  fallback: Choice | null = null,
): Choice {
  const value = settingOf(environment, name) ?? fallback;
  const choice = choices.find((each) => each === value);
  if (choice !== undefined) return choice;
  const words = choices.join(' or ');
  throw new SettingUnusable(
    name,
    value === null ? `is missing: set it to ${words}` : `must be ${words}, not ${value}`,
  );
}
