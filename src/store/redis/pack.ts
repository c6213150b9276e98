import type { Alert, SourceName } from "../../core/alert.ts";
import type { ContentHash } from "../content.ts";
import { ENDS_FLAG, STATUS } from "./accept-script.ts";

/** Which body: 12 bytes for its group, 16 for its digest. */
export type BodyKey = { source: SourceName; group: Buffer; digest: Buffer };

const ITEM_BYTES = 29;
const KEY_BYTES = 29;

/** How alerts are packed; a packer remembers one alert (see `contentHasher`). */
export type PackBody = (key: BodyKey, alerts: readonly Alert[]) => Buffer;

/**
 * A body's key for the accept script: source, group and digest, then 29 bytes and the fingerprint per alert. One
 * buffer, because each argument of a command costs more than its bytes. Without alerts it only asks for a repeat.
 */
export function bodyPacker(contentHash: ContentHash): PackBody {
  return ({ source, group, digest }, alerts) => {
    let size = KEY_BYTES + source.length;
    for (const { fingerprint } of alerts) size += ITEM_BYTES + 3 * fingerprint.length;
    const packed = Buffer.allocUnsafe(size);
    packed[0] = source.length;
    let at = writeText(packed, source, 1);
    packed.set(group, at);
    packed.set(digest, at + 12);
    at += 28;
    const view = new DataView(packed.buffer, packed.byteOffset, size);
    for (const alert of alerts) {
      writeItem(view, at, alert, contentHash(alert));
      const end = writeText(packed, alert.fingerprint, at + ITEM_BYTES);
      view.setUint32(at + 25, end - at - ITEM_BYTES);
      at = end;
    }
    return packed.subarray(0, at);
  };
}

function writeItem(view: DataView, at: number, alert: Alert, [high, low]: readonly [number, number]): void {
  view.setUint8(at, STATUS[alert.status] + (alert.endsAt === undefined ? 0 : ENDS_FLAG));
  view.setFloat64(at + 1, alert.startsAt);
  view.setFloat64(at + 9, alert.endsAt ?? 0);
  view.setUint32(at + 17, high);
  view.setUint32(at + 21, low);
}

/** Writes UTF-8 and returns where it ends. ASCII, which nearly all of it is, goes without a call into the runtime. */
function writeText(packed: Buffer, text: string, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return at + packed.write(text, at);
    packed[at + i] = unit;
  }
  return at + text.length;
}
