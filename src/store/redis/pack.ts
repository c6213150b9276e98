import type { Alert } from "../../core/alert.ts";
import { contentHash } from "../content.ts";
import { ENDS_FLAG, STATUS } from "./accept-script.ts";

const FIXED_BYTES = 29;

/** The alerts as one binary argument of the accept script: 29 bytes and the fingerprint each (its ITEM_FORMAT). */
export function packAlerts(alerts: readonly Alert[]): Buffer {
  let size = 0;
  for (const { fingerprint } of alerts) size += FIXED_BYTES + 3 * fingerprint.length;
  const packed = Buffer.allocUnsafe(size);
  let at = 0;
  for (const alert of alerts) at = packAlert(packed, at, alert);
  return packed.subarray(0, at);
}

function packAlert(packed: Buffer, start: number, alert: Alert): number {
  const [high, low] = contentHash(alert);
  packed[start] = STATUS[alert.status] + (alert.endsAt === undefined ? 0 : ENDS_FLAG);
  packed.writeDoubleBE(alert.startsAt, start + 1);
  packed.writeDoubleBE(alert.endsAt ?? 0, start + 9);
  packed.writeUInt32BE(high, start + 17);
  packed.writeUInt32BE(low, start + 21);
  const length = packed.write(alert.fingerprint, start + FIXED_BYTES);
  packed.writeUInt32BE(length, start + 25);
  return start + FIXED_BYTES + length;
}
