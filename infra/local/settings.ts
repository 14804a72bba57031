import { SettingUnusable } from '../../shared/adapters/setting.ts';

/** Application settings by name, as a Functions host reads them. */
export type Settings = Readonly<Record<string, string | undefined>>;

/**
 * `text` with every `%NAME%` replaced by that setting.
 * @throws SettingUnusable for one that is not there.
 */
export function resolveSettings(text: string, settings: Settings, functionName: string): string {
  return text.replaceAll(/%([^%\s]+)%/g, (_, name: string) => {
    const value = settings[name];
    if (value === undefined) {
      throw new SettingUnusable(name, `is missing: the function "${functionName}" needs it`);
    }
    return value;
  });
}
