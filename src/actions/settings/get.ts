import { z } from "zod";
import { define } from "../define.ts";
import { ConnectionName, SettingValue } from "../inputs.ts";
import { readSetting, settingOf } from "./store.ts";
import { settingFaults } from "./written.ts";

const Input = z.strictObject({ connection: ConnectionName, name: z.string().min(1).max(200) });
const Output = z.object({ name: z.string(), value: SettingValue });

/** `settings.get`: the present value of one listed setting, null when it is not set. */
export const settingsGet = define<z.infer<typeof Input>, z.infer<typeof Output>>({
  name: "settings.get",
  connection: "settings",
  faults: settingFaults,
  effect: "read",
  input: Input,
  output: Output,
  targets: () => [],
  describe: ({ name, connection = "the settings connection" }) => `read ${name} of ${connection}`,
  async run({ name, connection }, ctx) {
    const setting = settingOf(ctx, name, connection);
    if ("ok" in setting) return setting;
    const read = await readSetting(setting, `reading ${name} of ${setting.connection.name}`, ctx);
    if (!read.ok) return read;
    return { ok: true, done: true, output: { name, value: read.reading.value } };
  },
});
